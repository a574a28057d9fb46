#' Which z-scores the LD contradicts
#'
#' Each z-score has, given the others and the LD, a mean and a standard error.
#' `check_consistency()` compares, names variants whose alleles look switched and those whose
#' z fits with neither sign, and does not let an error make its neighbours look wrong.
#'
#' @inheritParams kriging_rss
#' @param R Correlations r of the variants, a matrix; or what [panel_ld()] returns.
#' @param p_threshold Variants with a smaller p value are inconsistent (DENTIST's threshold).
#' @param min_log_lr,min_abs_z Alleles are switched where the log likelihood ratio and |z| are
#'   above these: a switch that changes next to nothing can neither be seen nor do harm.
#' @return A list, see [seqgen_result], and by `as.data.frame()` a table, of `z` (adjusted for
#'   what it explains where `n` is given), `z_expected`, `se` (of the difference), `chi2` and
#'   `p` (of an error in this z-score alone), `log_lr_flip` (log likelihood ratio of the other
#'   sign), `verdict` (`"ok"`, `"flipped"`, `"inconsistent"`) and `reason`; the list also holds
#'   `s` (noise beside the LD's once errors are set aside), `stopped` (so many failed that z
#'   and R do not belong together) and `warnings`.
#' @details What to do: check the alleles of flipped variants at the source, or turn their
#' sign; see whether the result hangs on inconsistent ones by leaving them out. [run()] does
#' either with `RunOptions(fix_flips = TRUE)` and `drop_inconsistent = TRUE`. [kriging_rss()] is
#' susieR's check, which takes one variant at a time.
#' @section Errors:
#' `seqgen_input_error` if an input is not as described, or `R` is r squared and the z-scores
#' show it.
#' @references
#' Chen et al. (2021), Nature Communications 12:7117 (DENTIST). Kanai et al. (2022), Cell
#' Genomics 2:100210 (SLALOM). Zou, Carbonetto, Wang, Stephens (2022), PLoS Genetics
#' 18:e1010299.
#' @examplesIf seqgen_available()
#' r <- 0.95^abs(outer(1:30, 1:30, "-"))
#' z <- 12 * r[16, ]
#' z[15] <- -z[15]
#' check <- check_consistency(z, r, n = 10000)
#' which(check$verdict == "flipped")
#' subset(as.data.frame(check), verdict != "ok")
#' @export
check_consistency <- function(z, R, n = NULL, p_threshold = 5e-8, min_log_lr = 10,
                              min_abs_z = 2) {
  found <- py_call("check_consistency", list(
    z = z, R = R, n = n, p_threshold = p_threshold, min_log_lr = min_log_lr,
    min_abs_z = min_abs_z
  ))
  variants <- if (is.null(names(z))) colnames(R) else names(z)
  for (part in setdiff(names(found), c("s", "stopped", "warnings"))) {
    names(found[[part]]) <- variants
  }
  found
}

#' @export
as.data.frame.seqgen_ConsistencyResult <- function(x, row.names = NULL, optional = FALSE, ...) {
  columns <- unclass(x)[c(
    "z", "z_expected", "se", "chi2", "p", "log_lr_flip", "verdict", "reason"
  )]
  columns$reason <- ifelse(columns$reason == "", NA_character_, columns$reason)
  as.data.frame(columns, row.names = row.names %or% names(x$z))
}
