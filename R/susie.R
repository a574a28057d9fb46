#' Fine-map a locus from genotypes, or from sufficient statistics
#'
#' A sum of single effects (SuSiE). Names, meanings and defaults are those of susieR
#' 0.16.5, and results are objects of class `susie`, as those of [susie_rss()]. The
#' residual variance is estimated unless `options` say otherwise.
#'
#' @param X Genotypes, people by variants, any coding, nothing missing. Regress
#'   covariates out of both sides first.
#' @param y Phenotype, one value per person.
#' @param standardize Whether effects of all variants have the same prior per standard
#'   deviation of the genotype, rather than per allele.
#' @param intercept Whether both sides are centred.
#' @param XtX,Xty,yty `crossprod(X)`, `crossprod(X, y)` and `sum(y^2)` of centred
#'   genotypes and phenotype.
#' @param n Number of people.
#' @param X_colmeans,y_mean Means of the genotypes and of the phenotype: for the
#'   intercept.
#' @inheritParams susie_rss
#' @return A list of class `susie`. Variants that do not vary have no effect and keep
#'   their prior weight in `alpha`.
#' @section Errors:
#' `seqgen_input_error` if any input is not as described; the message says which and
#' what to do.
#' @references
#' Wang, Sarkar, Carbonetto, Stephens (2020), JRSS B 82:1273-1300.
#'
#' Zou, Carbonetto, Wang, Stephens (2022), PLoS Genetics 18:e1010299.
#' @examplesIf seqgen_available()
#' set.seed(1)
#' X <- matrix(rbinom(400 * 20, 2, 0.3), 400)
#' y <- 0.7 * X[, 5] + rnorm(400)
#' susie(X, y)$sets$cs
#'
#' X <- scale(X, scale = FALSE)
#' y <- y - mean(y)
#' susie_ss(crossprod(X), crossprod(X, y), sum(y^2), n = 400)$sets$cs
#' @export
susie <- function(X, y, standardize = TRUE, intercept = TRUE, prior_weights = NULL, L = 10,
                  coverage = 0.95, min_abs_corr = 0.5, options = NULL, model_init = NULL) {
  fit <- py_call("susie", list(
    X = X, y = y, standardize = standardize, intercept = intercept,
    prior_weights = prior_weights, L = L, coverage = coverage, min_abs_corr = min_abs_corr,
    options = options, model_init = model_init
  ))
  fit <- finish_fit(fit, NULL, X, coverage)
  fitted <- drop(as.matrix(X) %*% (colSums(fit$alpha * fit$mu) / fit$X_column_scale_factors))
  append_after(fit, "null_index", fitted = unname(fitted + fit$intercept))
}

#' @rdname susie
#' @export
susie_ss <- function(XtX, Xty, yty, n, X_colmeans = NULL, y_mean = NULL, maf = NULL,
                     maf_thresh = 0, standardize = TRUE, prior_weights = NULL, L = 10,
                     coverage = 0.95, min_abs_corr = 0.5, options = NULL, model_init = NULL) {
  fit <- py_call("susie_ss", list(
    XtX = XtX, Xty = drop(Xty), yty = yty, n = n, X_colmeans = X_colmeans, y_mean = y_mean,
    maf = maf, maf_thresh = maf_thresh, standardize = standardize,
    prior_weights = prior_weights, L = L, coverage = coverage, min_abs_corr = min_abs_corr,
    options = options, model_init = model_init
  ))
  XtX <- if (is.null(maf)) XtX else XtX[maf > maf_thresh, maf > maf_thresh, drop = FALSE]
  effects <- colSums(fit$alpha * fit$mu) / fit$X_column_scale_factors
  finish_fit(fit, NULL, XtX, coverage, XtX %*% effects)
}

#' Fine-map a locus whose LD carries noise of its own
#'
#' A sum of single effects for z-scores that are normal with mean `R b` and variance
#' `sigma2 R + lambda I`: `lambda` is what z-scores vary by beyond their LD, for a panel
#' that does not quite fit.
#'
#' @inheritParams susie_rss
#' @param z z-scores, signed by the same effect alleles as `R`.
#' @param n Sample size of the GWAS, if known.
#' @param lambda_ That noise, from 0 to 1, or `"estimate"`.
#' @return A list of class `susie`, as of [susie_rss()]; `diagnostics$lambda` tells the
#'   noise.
#' @section Errors:
#' `seqgen_input_error` if any input is not as described; the message says which and
#' what to do.
#' @references
#' Zou, Carbonetto, Wang, Stephens (2022), PLoS Genetics 18:e1010299.
#' @examplesIf seqgen_available()
#' r <- 0.9^abs(outer(1:8, 1:8, "-"))
#' susie_rss_lambda(7 * r[4, ], r, n = 5000, lambda_ = 0.1, L = 3)$sets$cs
#' @export
susie_rss_lambda <- function(z, R, n = NULL, lambda_ = 0, prior_weights = NULL, L = 10,
                             coverage = 0.95, min_abs_corr = 0.5, maf = NULL, maf_thresh = 0,
                             options = NULL, model_init = NULL) {
  fit <- py_call("susie_rss_lambda", list(
    z = z, R = R, n = n, lambda_ = lambda_, prior_weights = prior_weights, L = L,
    coverage = coverage, min_abs_corr = min_abs_corr, maf = maf, maf_thresh = maf_thresh,
    options = options, model_init = model_init
  ))
  if (!is.null(maf)) {
    z <- z[maf > maf_thresh]
    R <- if (is.matrix(R)) R[maf > maf_thresh, maf > maf_thresh, drop = FALSE] else R
  }
  finish_fit(fit, z, R, coverage)
}
