#' What a table or a run was made from and how
#'
#' @param path A table that [write_table()] or the command line wrote, or the folder or page
#'   of a [run()].
#' @return A named list, such as of `inputs`, `model` and `parameters`; empty where a table
#'   was written without.
#' @section Errors:
#' `seqgen_missing_file_error` if there is no such file; `seqgen_input_error` if it is
#' damaged, or the folder or page is not of a finished run.
#' @examplesIf seqgen_available()
#' path <- tempfile(fileext = ".parquet")
#' write_table(data.frame(gene = "AKT2"), path, provenance = list(seed = 1, by = "me"))
#' str(read_provenance(path))
#' @export
read_provenance <- function(path) {
  py_call("read_provenance", list(path = path))
}
