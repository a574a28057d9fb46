#' Known human missense variants
#'
#' @return A data.frame, one row per rsID and residue change.
#' @examplesIf seqgen_available()
#' head(missense_map())
#' @export
missense_map <- function() {
  py_call("missense_map")
}
