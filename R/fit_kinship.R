#' Share of traits' variance that goes with kinship
#'
#' Fits y = Xb + g + e, with g of covariance s2g K and e of s2e I, K of mean diagonal 1,
#' by restricted maximum likelihood.
#'
#' @param traits A matrix or data.frame, people in rows, named as in `kinship`, or without
#'   names in its order. Without gaps.
#' @param kinship A matrix, people in rows and columns, with names.
#' @param covariates A matrix or data.frame of the same people; without intercept, which is
#'   always added.
#' @return A data.frame, one row per trait: `trait`, `n`, `h2`, `genetic_variance`,
#'   `residual_variance`, `log_lik` (restricted), `log_lik_ratio` (against h2 = 0) and `p`.
#' @section Errors:
#' `seqgen_input_error` if people do not match, a value is missing, covariates are
#' collinear, or a trait does not vary beyond them.
#' @examplesIf seqgen_available()
#' set.seed(1)
#' people <- paste0("p", 1:400)
#' sibs <- kronecker(diag(200), matrix(c(1, 0.5, 0.5, 1), 2))
#' dimnames(sibs) <- list(people, people)
#' height <- rep(rnorm(200), each = 2) + rnorm(400)
#' fit_kinship(data.frame(height, row.names = people), sibs)
#' @export
fit_kinship <- function(traits, kinship, covariates = NULL) {
  py_call("fit_kinship", list(traits = traits, kinship = kinship, covariates = covariates))
}
