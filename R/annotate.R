#' Find the residue changes that variants make
#'
#' By rsID, or by gene models and a genome.
#'
#' By rsID variants are joined to known missense changes and the alleles checked: a change
#' is kept only where the two alleles, on either strand, can turn a codon of the reference
#' residue into one of the new residue.
#'
#' With `gff` and `fasta` each variant is held against the genome and followed through the
#' transcripts it lies in (bcftools csq): consequence, residues and HGVS name, insertions,
#' deletions and new reading frames included. Positions are UniProt's where the transcript's
#' protein is known there or can be aligned to it.
#'
#' @param sumstats Summary statistics, from [read_sumstats()]; with gene models any table
#'   with `chrom`, `pos` and `effect_allele`, `other_allele` (or `alt`, `ref`).
#' @param missense Known changes, such as [missense_map()]; with gene models it gives the
#'   clinical labels alone.
#' @param gff Gene models: GFF3 or GTF of Ensembl, GENCODE or RefSeq.
#' @param fasta The genome, plain or bgzipped.
#' @param transcripts Which transcript of a gene: `"mane"`, `"canonical"`, `"longest"`, the
#'   first that tells two apart decides; or `"all"`.
#' @param proteins `uniprot`, `gene`, `sequence`; [human_proteins()] by default.
#' @param where_both Which allele is the reference's where an insertion or deletion leaves
#'   it open: `"other"`, `"effect"`, or `"drop"`.
#' @param workers Processes at a time, for gene models; `NULL` for all cores.
#' @return A data.frame, one row per variant and residue change, or with gene models per
#'   variant and transcript: where the variant lies and its alleles, `gene`, `uniprot`,
#'   `position`, `ref_aa`, `alt_aa`, `allele_check` (which allele makes the change),
#'   `consequence`, `transcript`, `hgvs_p`. What was left out: [drops()].
#' @details ggplot2 has a function of this name: where it is attached after seqgen, write
#'   `seqgen::annotate()`.
#' @section Errors:
#' `seqgen_input_error` if no variant has an rsID, none fits the genome, or none lies in a
#' transcript.
#' @references
#' Danecek & McCarthy (2017), BCFtools/csq: haplotype-aware variant consequences,
#' Bioinformatics 33:2037-2039.
#' @examplesIf seqgen_available()
#' changes <- annotate(read_sumstats(seqgen_example("sumstats")), missense_map())
#' changes[changes$gene == "RIBC2", ]
#'
#' # A gene of ten residues, and a variant in it.
#' gff <- tempfile(fileext = ".gff3")
#' writeLines(c(
#'   "1\tme\tgene\t3\t35\t.\t+\t.\tID=gene:G;Name=ABC;biotype=protein_coding",
#'   "1\tme\tmRNA\t3\t35\t.\t+\t.\tID=transcript:T;Parent=gene:G;biotype=protein_coding",
#'   "1\tme\tCDS\t3\t35\t.\t+\t0\tParent=transcript:T;protein_id=P"
#' ), gff)
#' fasta <- tempfile(fileext = ".fa")
#' writeLines(c(">1", "CCATGCGTAAAGAACTGTGGGCTGCTCGTGATTAACC"), fasta)
#' variant <- data.frame(chrom = "1", pos = 6, ref = "C", alt = "T")
#' annotate(variant, gff = gff, fasta = fasta)[c("consequence", "hgvs_p")]
#' @export
annotate <- function(sumstats, missense = NULL, gff = NULL, fasta = NULL,
                     transcripts = c("mane", "canonical", "longest"), proteins = NULL,
                     where_both = "other", workers = 1) {
  py_call("annotate", list(
    sumstats = sumstats, missense = missense, gff = gff, fasta = fasta,
    transcripts = transcripts, proteins = proteins, where_both = where_both, workers = workers
  ))
}
