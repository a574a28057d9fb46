#' Adjusted p-values of weighted tests
#'
#' `weighted_bh()` is Benjamini-Hochberg on p / weight: at most alpha, false discovery
#' rate alpha. Where only p-values below a threshold are given, the others count as 1,
#' which keeps the error rate and can only lose discoveries. `weighted_bonferroni()` is
#' min(1, n_tests * p / weight): at most alpha, family-wise error alpha.
#'
#' @param p p-values of all tests, or of those below a threshold fixed beforehand.
#' @param weights One per p-value, at least 0, averaging 1 over all tests; or the result of
#'   [evidence_weights()]. A weight of 0 is never rejected.
#' @param n_tests All tests that were run; by default those given.
#' @param weight_sum Sum of the weights over all tests, wanted where `n_tests` exceeds
#'   those given: it has to equal `n_tests`. [evidence_weights()] carries it along.
#' @return Adjusted p-values, one per p-value.
#' @section Errors:
#' `seqgen_input_error` if a p-value or weight is missing or out of range, or the weights
#' do not average 1.
#' @references
#' Genovese, Roeder, Wasserman (2006), Biometrika 93:509-524.
#'
#' Holm (1979), Scandinavian Journal of Statistics 6:65-70.
#' @examplesIf seqgen_available()
#' weighted_bh(c(0.03, 0.03, 0.9), c(2, 0.5, 0.5))
#' weighted_bonferroni(c(0.01, 0.01), c(1.5, 0.5))
#' @export
weighted_bh <- function(p, weights, n_tests = NULL, weight_sum = NULL) {
  py_call("weighted_bh", list(
    p = p, weights = weights, n_tests = n_tests, weight_sum = weight_sum
  ))
}

#' @rdname weighted_bh
#' @export
weighted_bonferroni <- function(p, weights, n_tests = NULL, weight_sum = NULL) {
  py_call("weighted_bonferroni", list(
    p = p, weights = weights, n_tests = n_tests, weight_sum = weight_sum
  ))
}
