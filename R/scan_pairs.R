#' Test all pairs of variants for interaction
#'
#' trait ~ covariates + g1 + g2 + g1 * g2. A quantitative trait is tested by the t of the
#' product in that regression, exactly. For a binary trait the score test at the
#' covariates' logistic fit is the screen; pairs that pass get the whole logistic
#' regression and its Wald test, as in `plink --epistasis`. With kinship in the design
#' pairs are chosen by a screen and tested anew by generalised least squares, so that the
#' table is exact; a pair whose carriers are concentrated in few families could be missed.
#'
#' `scan_pairs_loco()` takes from the trait of every pair what the chromosomes other than
#' the pair's predict, so that relatedness and the polygenic background are gone while the
#' pair's own effects are not. `merge_scans()` puts shards together.
#'
#' @param design From [prepare_pairs()]. For `scan_pairs_loco()` of a quantitative trait
#'   and variants with `chrom`, without kinship.
#' @param loco Leave-one-chromosome-out predictions in units of the trait: a matrix or
#'   data.frame (`check.names = FALSE`), people in rows and chromosomes in columns, both
#'   with names; at least of the people analysed.
#' @param rows,columns Two sets of variants whose pairs are tested, by name or row number
#'   in `design$variants`; give both, or none for all pairs of all variants.
#' @param chromosomes All chromosomes that predictions were made from, as text; 1 to 22 by
#'   default.
#' @param options A list of settings: `p` (pairs up to this p-value are returned, all are
#'   counted, 1e-4), `min_double_carriers` (pairs with fewer people who carry both minor
#'   alleles are not tested, 5), `missing` (`"mean"`, or `"complete"` for people called at
#'   both variants), `precision` (`"auto"`, `"single"`, `"double"`), `screen_p` (of the
#'   score test of a binary trait, 10 times `p`), `workers` (threads, 1), `device` (`"cpu"`
#'   or `"cuda"`).
#' @param shard `c(i, N)`: do the i-th (from 1) of N parts only.
#' @param progress A function of what is done and in total: pairs, or pairs of
#'   chromosomes. By default a line in interactive sessions.
#' @param parts A list of scans.
#' @return A handle of class `seqgen_PairScan` (see [seqgen_object]) with `table`, also by
#'   `as.data.frame()`: `variant_1`, `variant_2`, `n`, `beta` (per product of counted
#'   alleles), `se`, `t`, `p`, `neg_log10_p`, `double_carriers`; `n_tests`, what to correct
#'   for; `calibration`, tests observed and expected at levels of p; `inflation`; and
#'   `untested`, pairs by reason.
#' @section Errors:
#' `seqgen_input_error` if a set, option, or `loco` is not as described.
#' @references
#' Purcell et al. (2007), AJHG 81:559-575.
#'
#' Mbatchou et al. (2021), Nature Genetics 53:1097-1103: predictions without a chromosome.
#' @examplesIf seqgen_available()
#' set.seed(1)
#' genotypes <- matrix(rbinom(6000, 2, 0.4), 300,
#'   dimnames = list(paste0("p", 1:300), paste0("rs", 1:20))
#' )
#' trait <- genotypes[, 3] * genotypes[, 8] + rnorm(300)
#' scan <- scan_pairs(prepare_pairs(genotypes, trait), options = list(p = 1e-6))
#' scan$n_tests
#' as.data.frame(scan)
#' @export
scan_pairs <- function(design, rows = NULL, columns = NULL, options = NULL, shard = NULL,
                       progress = NULL) {
  rows <- variant_names(design, rows)
  columns <- variant_names(design, columns)
  py_call("scan_pairs", list(
    design = design, rows = rows, columns = columns, options = options, shard = shard,
    progress = progress
  ))
}

#' @rdname scan_pairs
#' @export
scan_pairs_loco <- function(design, loco, rows = NULL, columns = NULL, chromosomes = NULL,
                            options = NULL, shard = NULL, progress = NULL) {
  rows <- variant_names(design, rows)
  columns <- variant_names(design, columns)
  py_call("scan_pairs_loco", list(
    design = design, loco = loco, rows = rows, columns = columns,
    chromosomes = chromosomes, options = options, shard = shard, progress = progress
  ))
}

#' @rdname scan_pairs
#' @export
merge_scans <- function(parts) {
  py_call("merge_scans", list(parts = parts))
}

#' @export
as.data.frame.seqgen_PairScan <- function(x, row.names = NULL, optional = FALSE, ...) {
  x$table
}
