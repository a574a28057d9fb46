#' Read protein sequences
#'
#' Letters are made upper case, and one `*` at the end of a sequence is taken off.
#'
#' @param path A FASTA file, plain or gzipped.
#' @return A named vector, identifier to sequence, in the file's order. The identifier
#'   is the first word of the header, or the accession of a UniProt header
#'   (`sp|P12345|NAME` gives `P12345`).
#' @section Errors:
#' `seqgen_missing_file_error` if there is no such file; `seqgen_input_error` if it is
#' empty or damaged, an identifier comes twice, a sequence is empty, a letter is no
#' residue, such as a gap, or the sequences are DNA or RNA.
#' @examplesIf seqgen_available()
#' path <- tempfile(fileext = ".fasta")
#' writeLines(c(">sp|P31751|AKT2_HUMAN", "MNEVSVIKEG", "wlhkr*"), path)
#' read_fasta(path)
#' @export
read_fasta <- function(path) {
  unlist(py_call("read_fasta", list(path = path)))
}
