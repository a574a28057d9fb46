#' Learn the prior as TORUS does, without fine-mapping
#'
#' A logistic prior with at most one causal variant a locus, and no LD: the likelihood of
#' TORUS, climbed by Newton's steps to its top. It takes a second where [fit_prior()] fine-maps
#' every locus each round; where loci have several causal variants, [fit_prior()] sees more.
#'
#' @param annotations Column `locus` and one numeric column per term, such as from
#'   [prior_terms()].
#' @param z z-score per row.
#' @param log_bf Natural logarithms of Bayes factors, in place of `z`.
#' @param terms Columns to use; all but `locus` where left out.
#' @param penalty_sd Standard deviation of a normal penalty on the coefficients; none by
#'   default, as in TORUS.
#' @param max_iter Most rounds.
#' @param tol Stop when no coefficient moves by more than this.
#' @return A list, see [seqgen_result]: `coefficients`, a data.frame that [prior_weights()]
#'   takes, `lower` and `upper` by profile likelihood; `intercept`; `log_likelihood` and
#'   `log_likelihood_flat`; `prior` and `pip` of each row; `trace`; `converged`.
#' @section Errors:
#' `seqgen_input_error` if neither or both of `z` and `log_bf` are given, values are missing,
#' or a coefficient has no maximum.
#' @references
#' Wen (2016), Annals of Applied Statistics 10:1619-1638.
#' @examplesIf seqgen_available()
#' set.seed(1)
#' coding <- rep(c(1, rep(0, 19)), 50)
#' causal <- rep(c(0, 7), each = 500)
#' z <- rnorm(1000) + ifelse((seq_along(causal) - 1) %% 20 == causal, 6, 0)
#' table <- data.frame(locus = rep(1:50, each = 20), coding = coding)
#' fit_torus_prior(table, z)$coefficients
#' @export
fit_torus_prior <- function(annotations, z = NULL, log_bf = NULL, terms = NULL,
                            penalty_sd = NULL, max_iter = 50, tol = 1e-6) {
  py_call("fit_torus_prior", list(
    annotations = annotations, z = z, log_bf = log_bf, terms = terms, penalty_sd = penalty_sd,
    max_iter = max_iter, tol = tol
  ))
}
