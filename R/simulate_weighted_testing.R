#' What weighting tests gains and costs
#'
#' Simulates z statistics, standard normal without an effect and with mean `effect` else,
#' and evidence, standard normal and shifted by `separation` for true tests where it is
#' informative, by minus that where it is adversarial, by nothing where it is useless.
#'
#' @param n_tests,n_true,repeats,seed Tests, true ones among them, simulations, and the
#'   seed.
#' @param effect,separation Mean z statistic of a true test, and shift of its evidence.
#' @param uniform_share As in [evidence_weights()].
#' @param alpha False discovery rate aimed at.
#' @return A data.frame, one row per kind of evidence and procedure: `evidence`,
#'   `procedure`, `fdp` (false discovery proportion, mean over repeats), `fdp_se`, `power`,
#'   `power_ratio` (over plain Benjamini-Hochberg).
#' @section Errors:
#' `seqgen_input_error` if there are no true tests, or no false ones.
#' @examplesIf seqgen_available()
#' simulate_weighted_testing(n_tests = 2000, n_true = 50, repeats = 2)
#' @export
simulate_weighted_testing <- function(n_tests = 200000, n_true = 200, effect = 4,
                                      separation = 2, repeats = 20, uniform_share = 0.5,
                                      alpha = 0.05, seed = 1) {
  py_call("simulate_weighted_testing", list(
    n_tests = n_tests, n_true = n_true, effect = effect, separation = separation,
    repeats = repeats, uniform_share = uniform_share, alpha = alpha, seed = seed
  ))
}
