#' Read and write tables
#'
#' Parquet and text, with provenance kept, and in Parquet all types but factors, dates among
#' them. A table is written beside its
#' place and moved there once it is complete; the bytes depend only on the table, the
#' provenance and the version of the writer.
#'
#' @param path A file named `.parquet`, `.tsv`, `.tsv.gz`, `.csv` or `.csv.gz`.
#' @param frame A data.frame; its row names are not written.
#' @param schema What the table has to be: an object of the Python package, `NULL` in
#'   R.
#' @param provenance A named list of anything JSON can hold, kept within Parquet, or
#'   beside a text table as `<path>.provenance.json`.
#' @param allow_empty Write a table without rows, which is refused otherwise.
#' @param shard `c(i, N)`: note in the provenance that the table is the i-th of N parts,
#'   for [merge_shards()].
#' @return `read_table()` a data.frame; `write_table()` the path, invisibly.
#' @section Errors:
#' `seqgen_missing_file_error` if there is no such file; `seqgen_input_error` if it is
#' damaged or of an unknown kind, or `shard` is no part; `seqgen_output_error` if the
#' table has no rows or the place cannot be written.
#' @seealso [read_provenance()]
#' @examplesIf seqgen_available()
#' path <- tempfile(fileext = ".parquet")
#' write_table(data.frame(gene = c("AKT2", "BAD"), score = c(0.5, NA)), path)
#' read_table(path)
#' @export
read_table <- function(path, schema = NULL) {
  py_call("read_table", list(path = path, schema = schema))
}

#' @rdname read_table
#' @export
write_table <- function(frame, path, schema = NULL, provenance = NULL, allow_empty = FALSE,
                        shard = NULL) {
  invisible(py_call("write_table", list(
    frame = frame, path = path, schema = schema, provenance = provenance,
    allow_empty = allow_empty, shard = shard
  )))
}
