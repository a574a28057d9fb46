#' Read a relationship matrix
#'
#' Read are GCTA's `.grm.bin` (single precision), `.grm.gz` and `.grm`; PLINK's `.rel`,
#' text or `.rel.bin`, square or lower triangle, in double or single precision; the
#' `.king` of PLINK 2 (whose coefficients are half a relationship); each with its `.id`
#' file of people beside it; and square tables, text or Parquet, that name people in
#' the header and in the first column.
#'
#' @param path A file, or GCTA's or PLINK's prefix.
#' @return A symmetric matrix whose row and column names are the people: IID, or
#'   FID:IID where IIDs repeat.
#' @section Errors:
#' `seqgen_missing_file_error` if a file is missing; `seqgen_input_error` if sizes do
#' not fit, the file is a list of pairs, people differ between rows and columns, or
#' values are missing, infinite or not symmetric.
#' @references
#' Yang, Lee, Goddard, Visscher (2011), American Journal of Human Genetics 88:76-82.
#' @examplesIf seqgen_available()
#' path <- tempfile(fileext = ".tsv")
#' writeLines(c("id\tann\tben", "ann\t1\t0.5", "ben\t0.5\t1"), path)
#' read_kinship(path)
#' @export
read_kinship <- function(path) {
  as.matrix(py_call("read_kinship", list(path = path)))
}
