#' Prior inclusion probabilities from annotations
#'
#' The softmax of the annotations within each locus.
#'
#' @param annotations Column `locus` and one numeric column per term.
#' @param coefficients Columns `term` and `estimate` (natural logarithm of relative
#'   prior odds per unit).
#' @return A vector, one weight per row of `annotations`, summing to one within each
#'   locus: what [susie_rss()] and susieR's `susie_rss()` take as `prior_weights`.
#' @section Errors:
#' `seqgen_input_error` if a term has no column, or a column holds something that is
#' not a finite number.
#' @examplesIf seqgen_available()
#' annotations <- data.frame(locus = "22:1-9", missense = c(0, 0, 1))
#' coefficients <- data.frame(term = "missense", estimate = log(3))
#' prior_weights(annotations, coefficients)
#' @export
prior_weights <- function(annotations, coefficients) {
  py_call("prior_weights", list(annotations = annotations, coefficients = coefficients))
}
