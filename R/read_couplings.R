#' Read and write couplings
#'
#' Written are all pairs as a table, the highest score first. Residues, notices and
#' diagnostics travel in the provenance, so that `read_couplings()` gives the matrix
#' back.
#'
#' @param path A file named `.parquet`, `.tsv`, `.tsv.gz`, `.csv` or `.csv.gz`.
#' @param couplings A handle of couplings.
#' @param provenance A named list of more to keep, such as the command.
#' @return `read_couplings()` a handle, see [seqgen_object]; `as.data.frame()` gives the
#'   pairs and `as.matrix()` the scores. `write_couplings()` the path, invisibly.
#' @section Errors:
#' `seqgen_missing_file_error` if there is no such file; `seqgen_input_error` if the
#' kind of file is unknown, it is no table of couplings, or it has lost its provenance
#' or pairs; `seqgen_output_error` if it cannot be written.
#' @examples
#' \dontrun{
#' family <- read_alignment(seqgen_example("alignment"))
#' write_couplings(infer_couplings(family), "couplings.parquet")
#' head(as.data.frame(read_couplings("couplings.parquet")))
#' }
#' @export
read_couplings <- function(path) {
  py_call("read_couplings", list(path = path))
}

#' @rdname read_couplings
#' @export
write_couplings <- function(couplings, path, provenance = NULL) {
  invisible(py_call("write_couplings", list(
    couplings = couplings, path = path, provenance = provenance
  )))
}
