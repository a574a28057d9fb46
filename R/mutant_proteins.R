#' Proteins as variants make them
#'
#' Sequences of changed proteins, frameshifts and lost stops read through into what follows
#' the coding part, to the new stop or to the end of the transcript.
#'
#' @param annotations The table of [annotate()] with gene models.
#' @param gff,fasta Those gene models and that genome.
#' @return A data.frame, one row per variant and transcript whose protein changes: `kind`,
#'   `sequence`, and whether a protein model can judge it beside the reference protein
#'   (`scorable`) or why not (`reason`). What was left out: [drops()].
#' @section Errors:
#' `seqgen_input_error` if a column is missing or no row changes a protein.
#' @examplesIf seqgen_available()
#' gff <- tempfile(fileext = ".gff3")
#' writeLines(c(
#'   "1\tme\tmRNA\t3\t35\t.\t+\t.\tID=transcript:T;biotype=protein_coding",
#'   "1\tme\tCDS\t3\t35\t.\t+\t0\tParent=transcript:T;protein_id=P"
#' ), gff)
#' fasta <- tempfile(fileext = ".fa")
#' writeLines(c(">1", "CCATGCGTAAAGAACTGTGGGCTGCTCGTGATTAACC"), fasta)
#' variant <- data.frame(chrom = "1", pos = 5, ref = "GCGT", alt = "G")
#' changes <- annotate(variant, gff = gff, fasta = fasta)
#' mutant_proteins(changes, gff, fasta)[c("hgvs_p", "sequence", "scorable")]
#' @export
mutant_proteins <- function(annotations, gff, fasta) {
  py_call("mutant_proteins", list(annotations = annotations, gff = gff, fasta = fasta))
}
