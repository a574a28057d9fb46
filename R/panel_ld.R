#' LD from genotypes
#'
#' Correlations of allele counts (r) among the people of a panel. Those of aligned variants are
#' signed by the effect alleles of the summary statistics, as their z-scores are: what
#' [susie_rss()] and [fine_map()] take.
#'
#' With `missing = "pairwise"` they equal those of `plink --r square`, except on X, where
#' PLINK's default counts a man's copy once and this twice (`--ld-xchr 2`).
#'
#' @param variants Rows of what [align_to_panel()] returned, such as one locus of
#'   [split_by_locus()]. `chrom` and `pos`, if there, tell whether the panel is the right one.
#'   `NULL` for all variants of the panel, signed by its `a1`.
#' @param panel From [read_panel()] or [read_genotypes()], the one that they were aligned to.
#' @param covariates What is regressed out of the genotypes, such as the principal components
#'   of a GWAS on the same people: a matrix or data.frame of numbers whose row names hold all
#'   people of the panel, or without names in the order of `panel$people`. Without intercept.
#' @param missing `"pairwise"`: each correlation is over the people with calls at both
#'   variants, as PLINK has it; where one does not vary among them, for which PLINK writes
#'   nan, `"mean"` is taken, with a warning. `"mean"`: a missing call stands at the mean of
#'   its variant (at what the covariates predict, where there are some), which keeps the
#'   matrix positive semidefinite; [run()] does so. Without missing calls both are the same.
#' @return A symmetric matrix with a diagonal of 1, of 8 bytes times the square of the number
#'   of variants. Its row and column names are the rsIDs; `chrom:pos:other:effect` where
#'   these are missing or not distinct.
#' @section Errors:
#' `seqgen_input_error` if a column is missing, the variants are not those of the panel, one
#' does not vary (beyond the covariates), or covariates lack people, hold missing values or
#' are collinear.
#' @references Chang et al. (2015), GigaScience 4:7: PLINK 1.9.
#' @examplesIf seqgen_available()
#' panel <- read_panel(seqgen_example("panel"))
#' sumstats <- read_sumstats(seqgen_example("sumstats"))
#' loci <- find_loci(sumstats, regions = "22:20525247-21067183")
#' variants <- split_by_locus(align_to_panel(sumstats, panel), loci)[[1]]
#' r <- panel_ld(variants, panel)
#' r[1:4, 1:4]
#' near <- read_genotypes(seqgen_example("panel"), region = "22:20700000-20760000")
#' dim(panel_ld(NULL, near))
#' fit <- susie_rss(variants$z, r, n = median(variants$n), R_finite = panel$n_people)
#' head(sort(fit$pip, decreasing = TRUE))
#' @export
panel_ld <- function(variants, panel, covariates = NULL, missing = "pairwise") {
  needed <- c("panel_index", "flipped", "chrom", "pos")
  variants <- as_argument(variants)
  asked <- variants
  if (is.data.frame(variants)) {
    asked <- as.data.frame(variants)[intersect(needed, names(variants))]
    if (is.numeric(asked$panel_index)) {
      asked$panel_index <- asked$panel_index - 1L
    }
  }
  r <- py_call("panel_ld", list(
    variants = asked, panel = panel, covariates = covariates, missing = missing
  ))
  names <- if (is.null(variants)) panel$variant_names else ids_of(as.data.frame(variants))
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
