#' Write the report of a scan as one HTML file
#'
#' Self-contained: tables, figures and what the reader has to know, without anything from
#' the network.
#'
#' @param tables The result of [scan_gxg()] or [rank_trans()].
#' @param path The HTML file to write; its folder must exist.
#' @param provenance A named list of what to tell of the origin, such as
#'   `list(genome_build = "GRCh38", seed = 1, inputs = list(list(path = "panel.bed")))`.
#' @param title Heading of the page.
#' @return The path.
#' @section Errors:
#' `seqgen_output_error` where the file cannot be written; `seqgen_input_error` where a
#' table lacks a column or the numbers contradict each other.
#' @examples
#' \dontrun{
#' result <- scan_gxg(design, evidence)
#' write_gxg_report(result, "pairs.html", provenance = list(genome_build = "GRCh38"))
#' }
#' @export
write_gxg_report <- function(tables, path, provenance,
                             title = "Interactions between variants, weighted by evidence") {
  py_call("write_gxg_report", list(
    tables = tables, path = path, provenance = provenance, title = title
  ))
}

#' @rdname write_gxg_report
#' @export
write_trans_report <- function(tables, path, provenance,
                               title = "Effects of variants far away, weighted by evidence") {
  py_call("write_trans_report", list(
    tables = tables, path = path, provenance = provenance, title = title
  ))
}
