#' Is a learned prior worth having?
#'
#' Coefficients are learned without each part of the loci and judged there, by the effects
#' that the flat prior finds, so that the learned prior has no say in what it is judged by.
#' Where the gain is not above zero the flat prior is given back.
#'
#' @inheritParams fit_prior
#' @param folds Parts of the loci, at least two.
#' @param options As in [fit_prior()]; by default the penalty is chosen within the other parts.
#' @param seed Of the bootstrap.
#' @return A list, see [seqgen_result]: `gain`, log-likelihood over the flat prior on held-out
#'   loci (natural logarithm), with its 95% interval `lower` and `upper` by bootstrap of the
#'   loci; `helps`, whether `lower` is above zero; `by_locus`; `coefficients`, those to use,
#'   zeros where the prior does not help; `fit`, as of [fit_prior()]; `verdict`, one sentence.
#' @section Errors:
#' `seqgen_input_error` if there are fewer than four loci, and as [fit_prior()].
#' @examplesIf seqgen_available()
#' loci <- paste0("22:", 1:6, "00-", 1:6, "99")
#' annotations <- data.frame(locus = rep(loci, each = 5), missense = rep(c(0, 0, 1, 0, 0), 6))
#' r <- 0.95^abs(outer(1:5, 1:5, "-"))
#' z <- lapply(setNames(loci, loci), function(locus) 7 * r[3, ])
#' fine_map <- function(weights) {
#'   Map(function(z, w) susie_rss(z, r, n = 5000, prior_weights = w, L = 1), z, weights[names(z)])
#' }
#' evaluate_prior(annotations, fine_map, terms = "missense")$verdict
#' @export
evaluate_prior <- function(annotations, fine_map, terms = c("missense", "log_lik_ratio"),
                           penalty_sd = NULL, folds = 5, options = NULL, seed = 1) {
  py_call("evaluate_prior", list(
    annotations = annotations, fine_map = fine_map, terms = terms, penalty_sd = penalty_sd,
    folds = folds, options = options, seed = seed
  ))
}
