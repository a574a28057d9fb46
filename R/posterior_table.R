#' What a fit says of each variant
#'
#' @param fit A fit of class `susie`, of [susie_rss()] and its like or of susieR.
#' @return A data.frame, one row per variant: `pip`, `prior` (the weight used) and `cs_id`
#'   (number of the credible set in `fit$sets$cs`, `NA` outside any), as [plot_pip()] takes
#'   them; before these `variant`, where variants have names.
#' @section Errors:
#' `seqgen_input_error` if the fit lacks parts.
#' @examplesIf seqgen_available()
#' r <- 0.95^abs(outer(1:40, 1:40, "-"))
#' fit <- susie_rss(setNames(9 * r[12, ], paste0("rs", 1:40)), r, n = 5000, L = 1)
#' subset(posterior_table(fit), !is.na(cs_id))
#' @export
posterior_table <- function(fit) {
  table <- py_call("posterior_table", list(fit = fit))
  names <- names(fit$pip)
  if (is.null(names)) table else cbind(variant = names, table)
}
