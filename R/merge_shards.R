#' Put the tables of all parts of a job together
#'
#' For tables that the command line wrote with `--shard`, or R with
#' `write_table(shard = c(i, N))`.
#'
#' @param parts Paths of the tables, in any order.
#' @return A list of class `seqgen_Merged` (see [seqgen_result]) with `table`, the parts in
#'   order; `schema`; and `provenance`, where what adds up is under `sums`. Drops are added
#'   up by reason; a table that is the same in every part is taken once.
#' @section Errors:
#' `seqgen_missing_file_error` if a part is not there; `seqgen_input_error` if a table is
#' no part, a part is missing or there twice, the parts are of different tables or jobs, or
#' rows repeat a key.
#' @examplesIf seqgen_available()
#' paths <- tempfile(c("first", "second"), fileext = ".parquet")
#' for (part in 1:2) {
#'   write_table(data.frame(gene = LETTERS[part]), paths[part], shard = c(part, 2))
#' }
#' merge_shards(paths)$table
#' @export
merge_shards <- function(parts) {
  py_call("merge_shards", list(parts = parts))
}
