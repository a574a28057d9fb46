#' Weights of tests learned from other folds
#'
#' In the other folds the distribution of p in each bin of the evidence is estimated by
#' its least concave majorant, and the cut-offs that give most rejections at an estimated
#' false discovery rate of `alpha` become weights, mixed with a uniform share that an inner
#' round over the other folds chooses. No direction of the evidence is assumed.
#'
#' Folds must be independent of each other given the evidence: chromosomes or proteins,
#' not random halves of correlated tests.
#'
#' @param p p-values of all tests.
#' @param evidence A value per test; missing evidence is a bin of its own.
#' @param folds Label of each test's fold, at least 3 of them.
#' @param bins Bins with as many tests each, as far as ties allow.
#' @param alpha False discovery rate at which the weights will be used.
#' @param uniform_shares Candidates; give one to fix it.
#' @return A list of class `seqgen_FoldWeights`: `values`, one weight per test, averaging 1
#'   in each fold; `by_bin`, a data.frame of `fold`, `bin`, `weight`, `n_tests`,
#'   `uniform_share`.
#' @section Errors:
#' `seqgen_input_error` if lengths differ, there are fewer than 3 folds, or an option is
#' out of range.
#' @references Ignatiadis, Huber (2021), JRSS B 83:720-751.
#' @examplesIf seqgen_available()
#' evidence <- qnorm(ppoints(3000))
#' p <- (1:3000 * 0.618) %% 1
#' p[evidence > 1.5] <- p[evidence > 1.5]^20
#' learned <- cross_fold_weights(p, evidence, folds = rep(1:3, 1000))
#' mean(learned$values[evidence > 1.5])
#' @export
cross_fold_weights <- function(p, evidence, folds, bins = 10, alpha = 0.05,
                               uniform_shares = c(1, 0.75, 0.5, 0.25, 0.1)) {
  py_call("cross_fold_weights", list(
    p = p, evidence = evidence, folds = folds, bins = bins, alpha = alpha,
    uniform_shares = uniform_shares
  ))
}
