#' Significance of couplings
#'
#' The same couplings with z scores and probabilities. Pairs within proteins and pairs
#' between each two proteins have backgrounds of their own.
#'
#' @param couplings From [mean_field_couplings()], [categorical_jacobian()] or others.
#' @param min_separation Least distance in positions of the pairs within a protein that
#'   the background is fitted to; neighbours along the chain are coupled too often. They
#'   are judged by it as well.
#' @param method `"mixture"`: a background and a tail of coupled pairs are fitted.
#'   `"symmetric"`: the lower half of the scores tells the background.
#' @return A handle of couplings, as of [infer_couplings()], with `$z`, `$probability`,
#'   notices, and in `$diagnostics$significance` what was fitted, by group of pairs.
#' @section Errors:
#' `seqgen_input_error` if `method` or `min_separation` is out of range.
#' @examplesIf seqgen_available()
#' family <- read_alignment(seqgen_example("alignment"))
#' part <- family$columns(seq_len(family$length) <= 20)
#' couplings <- add_significance(mean_field_couplings(part))
#' head(as.data.frame(couplings)[c("position_1", "position_2", "score", "z")], 3)
#' @export
add_significance <- function(couplings, min_separation = 6, method = "mixture") {
  py_call("add_significance", list(
    couplings = couplings, min_separation = min_separation, method = method
  ))
}
