#' Fine-map a locus from z-scores and LD
#'
#' A sum of single effects (SuSiE). Names, meanings and defaults are those of susieR
#' 0.16.5, and the result is an object of class `susie`: `susieR::susie_plot()`,
#' `susie_get_cs()`, `susie_get_pip()`, `summary()` and `coloc::coloc.susie()` take
#' it.
#'
#' @param z z-scores, signed by the same effect alleles as `R`. Their names, or those
#'   of the columns of `R`, name the variants of the result.
#' @param R Correlations r of the variants, a matrix. A list of panels is mixed by weights
#'   that the data choose, `diagnostics$panel_weights`.
#' @param n Sample size of the GWAS. Without it effects are taken to be tiny.
#' @param X Genotypes of the LD panel, people by variants, in place of `R`: for few
#'   people and many variants.
#' @param bhat,shat Effects and their standard errors in place of `z`.
#' @param var_y Variance of the phenotype, with `bhat` and `shat`: variances and
#'   `coef()` are then on its scale.
#' @param standardize With `var_y`, whether effects of all variants have the same prior per
#'   standard deviation of the genotype, rather than per allele.
#' @param prior_weights Prior inclusion weights on any positive scale, such as from
#'   [prior_weights()]; equal where left out.
#' @param L Most effects; superfluous ones get a prior variance of zero.
#' @param coverage Posterior mass of the credible sets.
#' @param min_abs_corr Least absolute correlation within a reported set.
#' @param R_finite People in the reference panel `R` comes from; `NULL` for LD from
#'   the GWAS's own people.
#' @param R_mismatch `"none"`, or `"eb"`, which estimates from the residuals how much
#'   further the panel is off.
#' @param maf Minor allele frequencies; variants up to `maf_thresh` are left out, and the
#'   result is of the others.
#' @param maf_thresh Frequency up to which variants are left out.
#' @param options A list of settings that few people change, such as
#'   `list(tol = 1e-5, max_iter = 200)`.
#' @param model_init A fit of the same variants to start from.
#' @return A list of class `susie`. Besides susieR's elements, `notices` tell what
#'   the reader has to know of the fit, and `diagnostics` what a panel did to it.
#' @details susieR has a function of the same name: with both packages attached write
#' `seqgen::susie_rss()`, or call [fine_map()].
#' @section Errors:
#' `seqgen_input_error` if any input is not as described; the message says which and
#' what to do.
#' @references
#' Wang, Sarkar, Carbonetto, Stephens (2020), JRSS B 82:1273-1300.
#'
#' Zou, Carbonetto, Wang, Stephens (2022), PLoS Genetics 18:e1010299.
#' @examplesIf seqgen_available()
#' r <- 0.9^abs(outer(1:8, 1:8, "-"))
#' fit <- susie_rss(7 * r[4, ], r, n = 5000, L = 3)
#' which.max(fit$pip)
#' fit$sets$cs
#' @export
susie_rss <- function(z = NULL, R = NULL, n = NULL, X = NULL, bhat = NULL, shat = NULL,
                      var_y = NULL, standardize = TRUE, prior_weights = NULL, L = 10,
                      coverage = 0.95, min_abs_corr = 0.5, R_finite = NULL,
                      R_mismatch = "none", maf = NULL, maf_thresh = 0, options = NULL,
                      model_init = NULL) {
  fit <- py_call("susie_rss", list(
    z = z, R = R, n = n, X = X, bhat = bhat, shat = shat, var_y = var_y,
    standardize = standardize, prior_weights = prior_weights, L = L, coverage = coverage,
    min_abs_corr = min_abs_corr, R_finite = R_finite, R_mismatch = R_mismatch, maf = maf,
    maf_thresh = maf_thresh, options = options, model_init = model_init
  ))
  named <- if (is.null(z)) bhat else z
  if (!is.null(maf)) {
    kept <- maf > maf_thresh
    named <- named[kept]
    R <- if (is.matrix(R)) R[kept, kept, drop = FALSE] else R
    X <- if (is.matrix(X)) X[, kept, drop = FALSE] else X
  }
  finish_fit(fit, named, if (is.null(R)) X else R, coverage, fitted_scores(fit, R, n))
}

# What susieR's objects hold that takes the data: names of variants where susieR puts them, and
# the fitted X'y from which its own fits go on.
finish_fit <- function(fit, z, data, coverage, XtXr = NULL) {
  fit$sets$requested_coverage <- coverage
  if (!is.null(XtXr)) {
    fit <- append_after(fit, "null_index", XtXr = unname(XtXr))
  }
  names <- if (is.null(names(z))) colnames(data) else names(z)
  if (length(names) == length(fit$pip)) {
    names(fit$pip) <- names(fit$X_column_scale_factors) <- names
    for (part in c("alpha", "mu", "mu2", "lbf_variable")) {
      colnames(fit[[part]]) <- names
    }
  }
  fit
}

# X'y of the fit, of standardised genotypes.
fitted_scores <- function(fit, R, n) {
  if (is.matrix(R)) R %*% colSums(fit$alpha * fit$mu) * (if (is.null(n)) 1 else n - 1)
}

append_after <- function(fit, name, ...) {
  structure(append(unclass(fit), list(...), match(name, names(fit))), class = class(fit))
}
