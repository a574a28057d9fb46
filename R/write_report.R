#' Write the page of a run
#'
#' One self-contained HTML file. [run()] writes it; this writes it again, under another
#' title or from tables that were changed.
#'
#' @param tables Element `tables` of what [run()] returns.
#' @param path The HTML file to write; its folder must exist.
#' @param provenance Element `provenance` of the same. What it lacks is left out of the
#'   page.
#' @param title Heading of the page.
#' @return The path, invisibly.
#' @section Errors:
#' `seqgen_output_error` if the file cannot be written; `seqgen_input_error` if a table
#' lacks a column.
#' @examples
#' \dontrun{
#' result <- run_demo()
#' write_report(result$tables, "height.html", result$provenance, title = "Height")
#' }
#' @export
write_report <- function(tables, path, provenance,
                         title = "Fine-mapping with a protein language model") {
  invisible(py_call("write_report", list(
    tables = tables, path = path, provenance = provenance, title = title
  )))
}
