#' How well z-scores and LD fit together
#'
#' `estimate_s_rss()` says how inconsistent they are: 0 not at all, 1 entirely; without
#' effects z is taken to be normal with covariance (1 - s) R + s I. `kriging_rss()`
#' compares each z-score with what the others foretell, and finds switched alleles.
#'
#' @param z z-scores; their names, or those of the columns of `R`, name the variants of
#'   the result.
#' @param R Correlations r of the variants, a matrix.
#' @param n Sample size of the GWAS.
#' @param method `"null-mle"`, maximum likelihood; `"null-partialmle"`, mean square of z
#'   in the null space of `R` (can exceed 1); or `"null-pseudomle"`, maximum
#'   pseudolikelihood.
#' @param s Inconsistency of the locus; by default `estimate_s_rss()`. Above 1 it is
#'   taken as 0.8.
#' @param r_tol Eigenvalues below this count as zero.
#' @return `estimate_s_rss()` a number. `kriging_rss()` a list, see [seqgen_result],
#'   and by `as.data.frame()` a table, of `z` (adjusted), `condmean` and `condvar` (its
#'   mean and variance given all others), `z_std_diff` (the standardised difference),
#'   `logLR` (log likelihood ratio of a switched allele) and `switched` (`logLR` > 2 and
#'   |z| > 2); the list also holds `s`.
#' @details susieR has functions of the same names: with both packages attached write
#' `seqgen::kriging_rss()` and `seqgen::estimate_s_rss()`.
#' @section Errors:
#' `seqgen_input_error` if an input is not as described.
#' @references
#' Zou, Carbonetto, Wang, Stephens (2022), PLoS Genetics 18:e1010299.
#' @examplesIf seqgen_available()
#' r <- 0.95^abs(outer(1:30, 1:30, "-"))
#' z <- 8 * r[16, ]
#' z[15] <- -z[15]
#' estimate_s_rss(z, r, n = 10000)
#' which(kriging_rss(z, r, n = 10000)$switched)
#' @export
kriging_rss <- function(z, R, n = NULL, s = NULL, r_tol = 1e-8) {
  found <- py_call("kriging_rss", list(z = z, R = R, n = n, s = s, r_tol = r_tol))
  variants <- if (is.null(names(z))) colnames(R) else names(z)
  for (part in setdiff(names(found), "s")) {
    names(found[[part]]) <- variants
  }
  found
}

#' @export
as.data.frame.seqgen_KrigingResult <- function(x, row.names = NULL, optional = FALSE, ...) {
  columns <- unclass(x)[c("z", "condmean", "condvar", "z_std_diff", "logLR", "switched")]
  as.data.frame(columns, row.names = row.names %or% names(x$z))
}

#' @rdname kriging_rss
#' @export
estimate_s_rss <- function(z, R, n = NULL, method = "null-mle", r_tol = 1e-8) {
  py_call("estimate_s_rss", list(z = z, R = R, n = n, method = method, r_tol = r_tol))
}
