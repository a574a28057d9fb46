#' The variants of each locus
#'
#' @param table A table with `chrom` and `pos`, such as summary statistics or what
#'   [align_to_panel()] returns.
#' @param loci From [find_loci()]: `locus`, `chrom`, `start` and `end`.
#' @return A list of data.frames named by locus, in the order of `loci`; without rows where
#'   nothing lies in a locus.
#' @section Errors:
#' `seqgen_input_error` if a column is missing, or names of chromosomes are no text.
#' @examplesIf seqgen_available()
#' sumstats <- read_sumstats(seqgen_example("sumstats"))
#' parts <- split_by_locus(sumstats, find_loci(sumstats))
#' vapply(parts, nrow, 0L)
#' @export
split_by_locus <- function(table, loci) {
  lapply(py_call("split_by_locus", list(table = table, loci = loci)), as_result)
}
