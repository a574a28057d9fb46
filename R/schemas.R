#' Columns of tables
#'
#' Every table that seqgen returns or writes has a fixed meaning, type, unit and range
#' for each column.
#'
#' @param name Name of a table, as of a file without its ending, such as `"variants"`;
#'   `NULL` for a list of tables.
#' @return A data.frame. Of a table, one row per column: `column`, `type`, `unit`,
#'   `meaning`, `key` (part of what names a row), `may_be_missing` (a value), `optional`
#'   (the column), `low`, `high` and `allowed`. Without a name one row per table:
#'   `table`, `row` (what a row is), `key`, `columns`.
#' @section Errors:
#' `seqgen_input_error` if there is no such table.
#' @examplesIf seqgen_available()
#' table_schema()[c("table", "row")]
#' table_schema("credible_sets")[c("column", "type", "unit", "meaning")]
#' @export
table_schema <- function(name = NULL) {
  py_call("table_schema", list(name = name))
}
