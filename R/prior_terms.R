#' Any annotations as terms of the prior
#'
#' A column of zeros and ones, or of `TRUE` and `FALSE`, is taken as it is (`NA` counts as
#' 0). Any other is continuous: centred and divided by its standard deviation, so that a
#' coefficient is that of one standard deviation. `apply_terms()` gives other variants the
#' same terms.
#'
#' @param variants Column `locus` and the annotations.
#' @param columns Annotations to use.
#' @param standardise Divide continuous annotations by their standard deviation.
#' @param binned Number of quantile bins by column, such as `c(score = 4)`: a coefficient
#'   for each bin but the lowest.
#' @param monotone Number of quantile bins by column, each with a step from the bin below; ask
#'   [fit_prior()] for steps that are not negative by `PriorOptions(increasing = )`.
#' @param missing What a missing continuous value becomes: `"mean"`; `"zero"`;
#'   `"indicator"`, the mean with a further term `<column>_missing`; or an `"error"`.
#' @param rules Element `rules` of what `prior_terms()` gave.
#' @return `prior_terms()` a list, see [seqgen_result]: `annotations`, a data.frame that
#'   [fit_prior()] and [prior_weights()] take; `rules`, what was done, a row a term;
#'   `missing`, how many values were missing. `apply_terms()` a data.frame like `annotations`.
#' @section Errors:
#' `seqgen_input_error` if a column is absent, not numeric, infinite or constant.
#' @examplesIf seqgen_available()
#' variants <- data.frame(
#'   locus = "22:1-9", coding = c(TRUE, FALSE, FALSE), conservation = c(2, 4, NA)
#' )
#' terms <- prior_terms(variants, c("coding", "conservation"))
#' terms$annotations
#' apply_terms(variants[1, ], terms$rules)
#' @export
prior_terms <- function(variants, columns, standardise = TRUE, binned = NULL, monotone = NULL,
                        missing = "mean") {
  py_call("prior_terms", list(
    variants = variants, columns = columns, standardise = standardise, binned = binned,
    monotone = monotone, missing = missing
  ))
}

#' @rdname prior_terms
#' @export
apply_terms <- function(variants, rules) {
  py_call("apply_terms", list(variants = variants, rules = rules))
}
