#' Learn what annotations say about causal variants
#'
#' Empirical Bayes over all loci: each round fine-maps every locus under the current
#' prior and takes a Newton step on the evidence. A normal penalty centred on zero keeps
#' the prior flat where there is no evidence; where the data add next to nothing to it,
#' `source` of the coefficients is `"penalty"`, and `"silenced"` where held-out loci, asked by
#' `penalty = "cv"`, are not predicted better with a term, whose coefficient is zero then.
#'
#' @param annotations Column `locus` and one numeric column per term, such as from
#'   [prior_annotations()]; rows of a locus in the order of the fits of `fine_map`.
#' @param fine_map A function of a list, locus to prior weights, that returns a list,
#'   locus to fit of [susie_rss()] or susieR.
#' @param terms Columns to learn coefficients for.
#' @param penalty_sd Standard deviation of the penalty per term, in log odds per unit,
#'   such as `c(missense = 2)`.
#' @param max_iter Most rounds.
#' @param tol Stop when no coefficient wants to move by more than this many standard
#'   deviations of its penalty.
#' @param progress A function of round, most rounds and a text. By default a line in
#'   interactive sessions.
#' @param init Coefficients to start from, such as `c(missense = 1)`.
#' @param options A list of `penalty` (`"given"`, or `"cv"`: as strong as predicts held-out
#'   loci best), `groups` (terms that are kept or held at zero together), `errors`
#'   (`"information"`, or `"jackknife"` over blocks of loci), `cross_fit`
#'   (`"evidence"`, or `"refit"`: `left_out` by fine-mapping the other loci again) and
#'   `increasing` (terms whose coefficient must not be negative).
#' @return A list, see [seqgen_result]: `coefficients`, a data.frame that
#'   [prior_weights()] takes; `trace`, a matrix, coefficients after each round;
#'   `converged`; `n_effects`, single effects learned from; `left_out`, a data.frame,
#'   the coefficients that the loci outside its own block support; `penalty_sd`.
#' @section Errors:
#' `seqgen_input_error` if a term has no column or is not numeric, or a fit has another
#' length than its locus.
#' @references
#' Wen (2016), Annals of Applied Statistics 10:1619-1638.
#'
#' Louis (1982), JRSS B 44:226-233.
#' @examplesIf seqgen_available()
#' annotations <- data.frame(
#'   locus = rep(c("22:1-9", "22:20-29"), each = 5),
#'   missense = c(0, 0, 1, 0, 0, 1, 0, 0, 0, 0)
#' )
#' r <- 0.95^abs(outer(1:5, 1:5, "-"))
#' z <- list("22:1-9" = 7 * r[3, ], "22:20-29" = 7 * r[1, ])
#' fine_map <- function(weights) {
#'   Map(function(z, w) susie_rss(z, r, n = 5000, prior_weights = w, L = 1), z, weights[names(z)])
#' }
#' fit_prior(annotations, fine_map, terms = "missense")$coefficients
#' @export
fit_prior <- function(annotations, fine_map, terms = c("missense", "log_lik_ratio"),
                      penalty_sd = NULL, max_iter = 30, tol = 0.005, progress = NULL,
                      init = NULL, options = NULL) {
  py_call("fit_prior", list(
    annotations = annotations, fine_map = fine_map, terms = terms, penalty_sd = penalty_sd,
    max_iter = max_iter, tol = tol, progress = progress, init = init, options = options
  ))
}

#' What the prior knows of each variant
#'
#' Is it missense, and what does the model think of it. The score is centred, so that
#' the coefficient of `missense` is that of a missense variant of typical score, and
#' that of `log_lik_ratio` what a score away from it adds.
#'
#' @param variants Columns `locus`, `residue_change` (`NA` where the variant changes no
#'   residue) and `log_lik_ratio` (natural logarithm, alternative over reference).
#' @param centre Ratio that counts as typical; by default the mean of the scored
#'   missense variants.
#' @param scores Columns of further scores, such as published ones, of any variants.
#' @return A data.frame: `locus`, `missense` (0 or 1) and `log_lik_ratio` minus the
#'   centre: 0 for variants that are not missense, and for those without a score; each of
#'   `scores` minus its mean over the variants that have it, and 0 for those that do not.
#' @examplesIf seqgen_available()
#' prior_annotations(data.frame(
#'   locus = "22:1-9", residue_change = c(NA, "K2W", "R5Q"), log_lik_ratio = c(NA, -6, -2)
#' ))
#' @export
prior_annotations <- function(variants, centre = NULL, scores = list()) {
  py_call("prior_annotations", list(variants = variants, centre = centre, scores = scores))
}
