#' Put the alleles of summary statistics right by a reference genome
#'
#' The reference's allele becomes `other_allele`: where it was the effect allele, the two
#' are switched, `beta` and `z` change sign and `eaf` becomes one minus itself. Alleles
#' read from the other strand are complemented, but for A/T and C/G, whose strand the
#' reference cannot tell. Indels are moved to the left of repeats. Rows of which neither
#' allele is the reference's are dropped.
#'
#' @param table Summary statistics, from [read_sumstats()].
#' @param fasta FASTA file, plain or bgzipped; names with or without `chr`.
#' @return The rows, sorted by chromosome and position. What was left out or changed:
#'   [drops()]. The genome build, where it is known: `attr(x, "genome_build")`.
#' @section Errors:
#' `seqgen_missing_file_error` if there is no such file; `seqgen_input_error` if it is no
#' FASTA, so many alleles differ from it that it must be of another genome build, or no
#' row is left.
#' @references
#' Tan A, Abecasis GR, Kang HM. Unified representation of genetic variants.
#' *Bioinformatics* 31, 2202-2204 (2015).
#' @examplesIf seqgen_available()
#' genome <- tempfile(fileext = ".fa")
#' writeLines(c(">chr1", "ACGT"), genome)
#' gwas <- tempfile(fileext = ".tsv")
#' writeLines(c("chr pos ea oa beta se", "1 2 C T 0.1 0.02"), gwas)
#' align_to_reference(read_sumstats(gwas), genome)[c("effect_allele", "other_allele", "beta")]
#' @export
align_to_reference <- function(table, fasta) {
  py_call("align_to_reference", list(table = table, fasta = fasta))
}
