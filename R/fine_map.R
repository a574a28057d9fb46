#' Fine-map a locus by a method of your choice
#'
#' The same call for [susie_rss()], for the package susieR, and for a method of your own.
#'
#' @inheritParams susie_rss
#' @param n Sample size of the GWAS; `NULL` where it is unknown: effects are then taken
#'   to be tiny.
#' @param prior Prior inclusion weights on any positive scale, such as from
#'   [prior_weights()]; equal where left out.
#' @param method `"seqgen"`, which is [susie_rss()]; `"susieR"`, the installed package
#'   with the same settings; or a function of `z`, `R`, `n` and `prior` (`NULL` for equal
#'   ones) that returns a `susie` object.
#' @param options A list of settings of a method that is named: the arguments of
#'   [susie_rss()] from `L` to `R_mismatch` and its `options`, such as
#'   `list(L = 5, tol = 1e-5)`. Defaults are the same for both, those of susieR 0.16.5.
#' @return A list of class `susie`, as from [susie_rss()].
#' @details susieR before 0.16 has no `R_finite`, `R_mismatch` (for LD from a reference
#'   panel), `convergence_method` and `L_greedy`: asking for them is an error. Its PIPs
#'   agree with those of `"seqgen"` to about 1e-5.
#' @section Errors:
#' `seqgen_input_error` if any input is not as described, or the method lacks a setting;
#' `seqgen_missing_dependency_error` if susieR is not installed.
#' @references
#' Wang, Sarkar, Carbonetto, Stephens (2020), JRSS B 82:1273-1300.
#' @examplesIf seqgen_available()
#' r <- 0.9^abs(outer(1:8, 1:8, "-"))
#' fit <- fine_map(7 * r[4, ], r, n = 5000, prior = c(1, 1, 1, 3, 1, 1, 1, 1))
#' fit$pip[4]
#' @examplesIf seqgen_available() && requireNamespace("susieR", quietly = TRUE)
#' other <- fine_map(7 * r[4, ], r, n = 5000, method = "susieR", options = list(L = 5))
#' susieR::susie_plot(other, y = "PIP")
#' @export
fine_map <- function(z, R, n, prior = NULL, method = "seqgen", options = NULL) {
  fit <- py_call("fine_map", list(
    z = z, R = R, n = n, prior = prior, method = method, options = options
  ))
  coverage <- as.list(options)$coverage %or% fit$sets$requested_coverage
  finish_fit(fit, z, R, coverage, fitted_scores(fit, R, n))
}
