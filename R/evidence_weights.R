#' Weights of tests from evidence
#'
#' The more evidence, the more weight, `uniform_share + (1 - uniform_share) * c *
#' f(evidence)`, where `c` makes the weights average 1 over all tests. No test with
#' evidence weighs less than `uniform_share`, which bounds what useless evidence costs.
#' Missing evidence is not evidence of absence: the test has weight 1.
#'
#' Fix the weights before the phenotypes are seen; weights learned from the p-values they
#' weight break the error rate (use [cross_fold_weights()]).
#'
#' @param evidence A value per listed test, `NA` where there is none.
#' @param uniform_share Share that is spread evenly, 0 to 1.
#' @param n_tests All tests that will be run; by default those listed.
#' @param rest_weight Weight of a test that is not listed, 0 to 1; by default such that
#'   listed tests weigh at most four on average, but not less than `uniform_share`. 1 says
#'   that nothing is known about them.
#' @param rule `"rank"`: f = (1 - u)^(-steepness) with u = (rank - 1/2) / k, for values of
#'   any scale. `"proportional"`: f is the evidence, not negative; for probabilities and
#'   odds.
#' @param steepness Of rule `"rank"`: 0 (flat) to below 1.
#' @return A list of class `seqgen_Weights`: `values`, one per listed test; `rest`, the
#'   weight of each other test; `n_tests`. `values` and `rest` sum to `n_tests`.
#' @section Errors:
#' `seqgen_input_error` if the evidence is empty, infinite or negative where it must not
#' be, or an option is out of range.
#' @references Genovese, Roeder, Wasserman (2006), Biometrika 93:509-524.
#' @examplesIf seqgen_available()
#' weights <- evidence_weights(c(0, 1, NA, 3), n_tests = 10)
#' weights$values
#' sum(weights$values) + 6 * weights$rest
#' @export
evidence_weights <- function(evidence, uniform_share = 0.5, n_tests = NULL,
                             rest_weight = NULL, rule = "rank", steepness = 0.8) {
  py_call("evidence_weights", list(
    evidence = evidence, uniform_share = uniform_share, n_tests = n_tests,
    rest_weight = rest_weight, rule = rule, steepness = steepness
  ))
}
