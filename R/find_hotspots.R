#' Stretches of the genome where many traits have their strongest variant
#'
#' The genome is cut into stretches of `window` base pairs. Were the traits spread over the
#' tested variants, a stretch would get its share of them; the chance of as many as are
#' there, Poisson with that mean and multiplied by the number of stretches that hold
#' variants, is `p`. Neighbouring stretches with p up to `alpha` become one. Traits move
#' together, so that p tells a crowd from an even spread, not a cause from a coincidence.
#'
#' @param hits The discoveries: `variant`, `chrom`, `pos`, `gene`, `trait`, `neg_log10_p`,
#'   such as from [rank_trans()].
#' @param variants `variant`, `chrom`, `pos` of all variants tested.
#' @param window Base pairs.
#' @param alpha Level of p.
#' @return A data.frame of those with p up to `alpha`, most traits first: `chrom`, `start`,
#'   `end`, `n_traits`, `expected`, `p`, `lead_variant`, `genes`; no rows where variants
#'   have no position or there are no hits.
#' @section Errors:
#' `seqgen_python_error` if `hits` lacks a column.
#' @examplesIf seqgen_available()
#' variants <- data.frame(variant = c("a", "b", "c"), chrom = "1", pos = c(5, 105, 205))
#' hits <- data.frame(
#'   variant = "b", chrom = "1", pos = 105, gene = NA_character_, trait = paste0("t", 1:12),
#'   neg_log10_p = 9
#' )
#' find_hotspots(hits, variants, window = 100)
#' @export
find_hotspots <- function(hits, variants, window = 1000000, alpha = 0.05) {
  py_call("find_hotspots", list(
    hits = hits, variants = variants, window = window, alpha = alpha
  ))
}
