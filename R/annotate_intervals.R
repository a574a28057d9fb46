#' Mark variants inside the intervals of BED files
#'
#' @param variants Columns `chrom` and `pos` (1-based).
#' @param bed A named list: name of the new column to a BED file (plain or gzipped) or to a
#'   data.frame whose first three columns are chromosome, start (0-based) and end (not
#'   included), such as `list(enhancer = "enhancers.bed.gz")`. `chr` before a chromosome's
#'   name does not matter.
#' @return A data.frame, a column of 0 and 1 per BED file, in the order of `variants`.
#' @section Errors:
#' `seqgen_input_error` naming file and line if it is not BED.
#' @examplesIf seqgen_available()
#' variants <- data.frame(chrom = "22", pos = c(100, 101, 200, 201))
#' annotate_intervals(variants, list(enhancer = data.frame("chr22", 100, 200)))
#' @export
annotate_intervals <- function(variants, bed) {
  py_call("annotate_intervals", list(variants = variants, bed = bed))
}
