#' Move summary statistics to another genome build
#'
#' @param table Summary statistics, from [read_sumstats()].
#' @param chain UCSC chain file from the table's build to the other, such as
#'   `hg19ToHg38.over.chain.gz`.
#' @return The rows in the other build, sorted by chromosome and position. Variants
#'   without a place there: [drops()]. `attr(x, "genome_build")` is the other build, where the
#'   chain file tells it.
#' @section Errors:
#' `seqgen_missing_file_error` if there is no such file; `seqgen_input_error` if it is no
#' chain file or no row is left.
#' @references
#' Hinrichs AS et al. The UCSC Genome Browser Database: update 2006. *Nucleic Acids
#' Research* 34, D590-D598 (2006).
#' @examplesIf seqgen_available()
#' chain <- tempfile(fileext = ".chain")
#' writeLines(c("chain 1 chr1 900 + 0 100 chr1 950 + 50 150 1", "100", ""), chain)
#' gwas <- tempfile(fileext = ".tsv")
#' writeLines(c("chr pos ea oa beta se", "1 2 C T 0.1 0.02"), gwas)
#' lift_over(read_sumstats(gwas), chain)[c("chrom", "pos")]
#' @export
lift_over <- function(table, chain) {
  py_call("lift_over", list(table = table, chain = chain))
}
