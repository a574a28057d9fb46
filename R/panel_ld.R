#' LD of aligned variants
#'
#' Correlations among the people of a panel, signed by the effect alleles of the summary
#' statistics, as their z-scores are: what [susie_rss()] and [fine_map()] take. Missing calls
#' stand at the mean of their variant.
#'
#' @param variants Rows of what [align_to_panel()] returned, such as one locus of
#'   [split_by_locus()]. `chrom` and `pos`, if there, tell whether the panel is the right one.
#' @param panel From [read_panel()], the one that they were aligned to.
#' @return A symmetric matrix with a diagonal of 1, of 8 bytes times the square of the number
#'   of variants. Its row and column names are the rsIDs; `chrom:pos:other:effect` where
#'   these are missing or not distinct.
#' @section Errors:
#' `seqgen_input_error` if a column is missing, the variants are not those of the panel, or
#' it does not vary at one of them.
#' @examplesIf seqgen_available()
#' panel <- read_panel(seqgen_example("panel"))
#' sumstats <- read_sumstats(seqgen_example("sumstats"))
#' loci <- find_loci(sumstats, regions = "22:20525247-21067183")
#' variants <- split_by_locus(align_to_panel(sumstats, panel), loci)[[1]]
#' r <- panel_ld(variants, panel)
#' r[1:4, 1:4]
#' fit <- susie_rss(variants$z, r, n = median(variants$n), R_finite = panel$n_people)
#' head(sort(fit$pip, decreasing = TRUE))
#' @export
panel_ld <- function(variants, panel) {
  needed <- c("panel_index", "flipped", "chrom", "pos")
  variants <- as_argument(variants)
  asked <- variants
  if (is.data.frame(variants)) {
    asked <- as.data.frame(variants)[intersect(needed, names(variants))]
    if (is.numeric(asked$panel_index)) {
      asked$panel_index <- asked$panel_index - 1L
    }
  }
  r <- py_call("panel_ld", list(variants = asked, panel = panel))
  names <- ids_of(as.data.frame(variants))
  dimnames(r) <- if (!is.null(names)) list(names, names)
  r
}

# rsIDs, places where these will not do; NULL where a table has none.
ids_of <- function(variants) {
  place <- c("chrom", "pos", "other_allele", "effect_allele")
  ids <- variants$rsid
  if (!is.null(ids) && all(place %in% names(variants))) {
    nameless <- is.na(ids) | ids %in% c("", ".", ids[duplicated(ids)])
    ids[nameless] <- do.call(paste, c(unname(as.list(variants[nameless, place])), sep = ":"))
  }
  ids
}
