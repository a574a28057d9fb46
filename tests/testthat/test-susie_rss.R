locus <- function() {
  r <- 0.9^abs(outer(1:12, 1:12, "-"))
  r[1:6, 7:12] <- r[7:12, 1:6] <- 0
  list(r = r, z = 7 * r[4, ] - 6 * r[9, ])
}

named_locus <- function() {
  x <- locus()
  names(x$z) <- rownames(x$r) <- colnames(x$r) <- paste0("rs", 1:12)
  x
}

# The same data fitted by susieR and by each way to fit them here.
fits <- function(x) {
  list(
    rss = susie_rss(x$z, x$r, n = 5000, L = 4),
    seqgen = fine_map(x$z, x$r, n = 5000, options = list(L = 4)),
    susieR = fine_map(x$z, x$r, n = 5000, method = "susieR", options = list(L = 4))
  )
}

# Rounding decides whether a sweep more is made that changes nothing.
last_sweep <- function(fit) {
  expect_identical(length(fit$elbo), fit$niter)
  fit$elbo <- fit$elbo[fit$niter]
  fit$niter <- 1L
  fit
}

test_that("a fit is a susie object, with names and the coverage asked for", {
  skip_without_python()
  x <- locus()
  fit <- susie_rss(x$z, x$r, n = 5000, L = 4, coverage = 0.9)
  expect_s3_class(fit, "susie", exact = TRUE)
  expect_identical(fit$sets$requested_coverage, 0.9)
  expect_type(fit$sets$cs$L1, "integer")
  expect_setequal(unlist(fit$sets$cs), c(4, 9))
  named <- susie_rss(stats::setNames(x$z, paste0("rs", 1:12)), x$r, n = 5000, L = 4)
  expect_named(named$pip, paste0("rs", 1:12))
  expect_identical(colnames(named$lbf_variable), paste0("rs", 1:12))
  dimnames(x$r) <- list(NULL, letters[1:12])
  expect_named(susie_rss(x$z, x$r, n = 5000, L = 4)$pip, letters[1:12])
  none <- susie_rss(x$z * 0, x$r, n = 5000, L = 4)
  expect_null(none$sets$cs)
  expect_identical(names(none$sets), c("cs", "coverage", "requested_coverage"))
})

test_that("field by field a fit is what susieR makes of the same data", {
  skip_without_python()
  skip_if_not_installed("susieR")
  for (x in list(locus(), named_locus())) {
    own <- last_sweep(susieR::susie_rss(x$z, x$r, n = 5000, L = 4, tol = 1e-4))
    for (fit in lapply(fits(x), last_sweep)) {
      expect_identical(setdiff(names(fit), c("notices", "diagnostics")), names(own))
      expect_identical(class(fit), class(own))
      for (part in names(own)) {
        expect_identical(typeof(fit[[part]]), typeof(own[[part]]), info = part)
        expect_identical(attributes(fit[[part]]), attributes(own[[part]]), info = part)
        expect_equal(fit[[part]], own[[part]], tolerance = 1e-4, info = part)
      }
      expect_identical(fit$sets$cs, own$sets$cs)
      expect_identical(names(fit$sets), names(own$sets))
      expect_identical(attributes(fit$sets$purity), attributes(own$sets$purity))
      expect_identical(fit$sets$cs_index, own$sets$cs_index)
    }
  }
  # One effect, one variant, and no sample size keep their shapes.
  small <- susieR::susie_rss(x$z, x$r, n = 5000, L = 1)
  expect_equal(susie_rss(x$z, x$r, n = 5000, L = 1)[names(small)], unclass(small), tolerance = 1e-4)
  bare <- suppressMessages(susieR::susie_rss(x$z, x$r, L = 4))
  expect_equal(susie_rss(x$z, x$r, L = 4)$XtXr, bare$XtXr, tolerance = 1e-4)
})

test_that("susieR's functions take it and agree", {
  skip_without_python()
  skip_if_not_installed("susieR")
  x <- named_locus()
  own <- susieR::susie_rss(x$z, x$r, n = 5000, L = 4, tol = 1e-4)
  same <- function(fit, f, ...) expect_equal(f(fit, ...), f(own, ...), tolerance = 1e-4)
  for (fit in fits(x)) {
    same(fit, susieR::susie_get_cs, Xcorr = x$r)
    expect_equal(
      susieR::susie_get_cs(fit, Xcorr = x$r, coverage = 0.95, min_abs_corr = 0.5)$cs, fit$sets$cs
    )
    expect_equal(susieR::susie_get_pip(fit), unname(fit$pip), tolerance = 1e-12)
    same(fit, susieR::susie_get_pip)
    same(fit, susieR::susie_get_pip, prune_by_cs = TRUE)
    same(fit, susieR::susie_get_posterior_mean)
    same(fit, susieR::susie_get_posterior_sd)
    same(fit, susieR::susie_get_lfsr)
    same(fit, susieR::susie_get_prior_variance)
    same(fit, susieR::susie_get_residual_variance)
    same(fit, susieR::susie_get_objective)
    expect_identical(susieR::susie_get_niter(fit), fit$niter)
    same(fit, summary)
    same(fit, stats::coef)
    expect_identical(dim(susieR::susie_get_posterior_samples(fit, 5)$b), c(12L, 5L))
    expect_output(print(summary(fit)), "Credible sets summary")
    # susieR's own fits go on from it.
    again <- susieR::susie_rss(x$z, x$r, n = 5000, L = 4, tol = 1e-4, s_init = fit)
    expect_lte(again$niter, own$niter)
    expect_equal(again$pip, own$pip, tolerance = 1e-4)
  }
  # And the other way: start from susieR's fit.
  again <- susie_rss(x$z, x$r, n = 5000, L = 4, model_init = own)
  expect_equal(again$pip, own$pip, tolerance = 1e-4)
})

test_that("susieR's plot draws the sets of a fit", {
  skip_without_python()
  skip_if_not_installed("susieR")
  x <- named_locus()
  x$z[7] <- 0 # a fit of its own, so that b marks something
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  own <- susieR::susie_rss(x$z, x$r, n = 5000, L = 4, tol = 1e-4)
  drawn <- susieR::susie_plot(own, "PIP", b = x$z, add_legend = TRUE)
  for (fit in fits(x)) {
    expect_identical(susieR::susie_plot(fit, "PIP", b = x$z, add_legend = TRUE), drawn)
    expect_no_error(susieR::susie_plot(fit, "log10PIP", max_cs = 2))
  }
})

test_that("coloc.susie takes two fits", {
  skip_without_python()
  skip_if_not_installed("coloc")
  x <- named_locus()
  other <- x
  other$z <- drop(8 * x$r[4, ])
  own <- suppressMessages(coloc::coloc.susie(
    susieR::susie_rss(x$z, x$r, n = 5000, L = 4, tol = 1e-4),
    susieR::susie_rss(other$z, other$r, n = 5000, L = 4, tol = 1e-4)
  ))
  for (method in names(fits(x))) {
    found <- suppressMessages(coloc::coloc.susie(fits(x)[[method]], fits(other)[[method]]))
    expect_equal(as.data.frame(found$summary), as.data.frame(own$summary), tolerance = 1e-3)
    expect_gt(max(found$summary$PP.H4.abf), 0.5)
  }
})

test_that("what coloc.susie reads of a fit is there", {
  skip_without_python()
  fit <- susie_rss(named_locus()$z, named_locus()$r, n = 5000, L = 4)
  expect_true(inherits(fit, "susie"))
  evidence <- fit$lbf_variable[fit$sets$cs_index, , drop = FALSE]
  expect_identical(colnames(evidence), paste0("rs", 1:12))
  expect_identical(unname(apply(evidence, 1, which.max)), c(4L, 9L))
  expect_identical(colnames(fit$alpha), colnames(evidence))
  expect_length(fit$sets$cs, nrow(evidence))
})

test_that("settings, weights and bad input reach Python", {
  skip_without_python()
  x <- locus()
  expect_identical(susie_rss(x$z, x$r, n = 5000, options = list(max_iter = 1))$niter, 1L)
  weights <- susie_rss(x$z, x$r, n = 5000, prior_weights = c(10, rep(1, 11)))$pi
  expect_equal(weights[1] / weights[2], 10)
  expect_error(susie_rss(x$z, x$r[1:3, 1:3], n = 5000), class = "seqgen_input_error")
  expect_error(susie_rss(x$z, x$r, L = 1.5), "L", class = "seqgen_input_error")
})

test_that("fine_map takes methods, priors and settings", {
  skip_without_python()
  x <- named_locus()
  prior <- c(10, rep(1, 11))
  settings <- list(L = 3, coverage = 0.9, max_iter = 9, R_finite = 500)
  fit <- fine_map(x$z, x$r, n = 5000, prior = prior, options = settings)
  direct <- susie_rss(x$z, x$r,
    n = 5000, prior_weights = prior, L = 3, coverage = 0.9, R_finite = 500,
    options = list(max_iter = 9)
  )
  expect_identical(fit, direct)
  expect_identical(fit$sets$requested_coverage, 0.9)
  expect_error(fine_map(x$z, x$r, n = 5000, method = "x"), "susieR", class = "seqgen_input_error")
  expect_error(
    fine_map(x$z, x$r, n = 5000, options = list(L = 2.5)), "L",
    class = "seqgen_input_error"
  )
})

test_that("an R function is a method", {
  skip_without_python()
  x <- named_locus()
  asked <- NULL
  method <- function(z, R, n, prior) {
    asked <<- list(z = z, R = R, n = n, prior = prior)
    susie_rss(z, R, n = n, prior_weights = prior, L = 2)
  }
  fit <- fine_map(x$z, x$r, n = 5000, prior = 1:12, method = method)
  expect_identical(dim(fit$alpha), c(2L, 12L))
  expect_named(fit$pip, paste0("rs", 1:12))
  expect_equal(unname(asked$z), unname(x$z))
  expect_equal(unname(asked$R), unname(x$r))
  expect_equal(asked$prior, 1:12)
  expect_error(
    fine_map(x$z, x$r, n = 5000, method = function(...) list(pip = 1)),
    "expected a FineMapResult (in R a susie object)",
    fixed = TRUE, class = "seqgen_input_error"
  )
})

coef_of <- function(fit) colSums(fit$alpha * fit$mu) / fit$X_column_scale_factors

test_that("genotypes, sufficient statistics and effects give susieR's fits", {
  skip_without_python()
  set.seed(7)
  X <- matrix(rbinom(300 * 30, 2, 0.3), 300, dimnames = list(NULL, paste0("rs", 1:30)))
  y <- 3 + 0.6 * X[, 4] - 0.5 * X[, 20] + rnorm(300)
  centred <- scale(X, scale = FALSE)
  r <- y - mean(y)
  people <- susie(X, y, L = 5)
  sums <- susie_ss(crossprod(centred), crossprod(centred, r), sum(r^2),
    n = 300, X_colmeans = colMeans(X), y_mean = mean(y), L = 5
  )
  expect_equal(people$pip, sums$pip, tolerance = 1e-6)
  expect_equal(people$intercept, sums$intercept, tolerance = 1e-6)
  expect_equal(sums$XtXr[4], (crossprod(centred) %*% coef_of(sums))[4])
  marginal <- apply(centred, 2, function(x) summary(stats::lm(r ~ x))$coefficients[2, 1:2])
  own <- susie_rss(
    bhat = marginal[1, ], shat = marginal[2, ], R = cor(X), n = 300, var_y = var(y), L = 5,
    options = SusieOptions(estimate_residual_variance = TRUE)
  )
  expect_named(own$pip, colnames(X))
  expect_equal(own$pip, people$pip, tolerance = 0.01)
  expect_equal(coef_of(own), coef_of(people), tolerance = 0.01)
  panel <- susie_rss(marginal[1, ] / marginal[2, ], X = X, n = 300, L = 5)
  expect_equal(panel$pip, susie_rss(marginal[1, ] / marginal[2, ], cor(X), 300, L = 5)$pip)
  expect_error(susie(X[-1, ], y), class = "seqgen_input_error")
  skip_if_not_installed("susieR")
  theirs <- susieR::susie(X * 1.0, y, L = 5, tol = 1e-4)
  expect_equal(people$pip, theirs$pip, tolerance = 1e-4)
  expect_equal(people$fitted, theirs$fitted, tolerance = 1e-4)
  expect_equal(unname(stats::coef(people)), unname(stats::coef(theirs)), tolerance = 1e-4)
})

test_that("effects beside the mapped ones, grids, slots and noise of the LD are options", {
  skip_without_python()
  x <- locus()
  noisy <- susie_rss_lambda(x$z, x$r, n = 5000, lambda_ = 0.1, L = 4)
  expect_equal(noisy$diagnostics$lambda, 0.1)
  expect_true(all(c(4, 9) %in% unlist(noisy$sets$cs)))
  small <- susie_rss(x$z, x$r, 5000, L = 4, options = SusieOptions(unmappable_effects = "inf"))
  expect_length(small$diagnostics$theta, 12)
  grid <- susie_rss(x$z, x$r, 5000, L = 4, options = list(prior_variance_grid = c(0.001, 0.01)))
  expect_true(all(c(4, 9) %in% unlist(grid$sets$cs)))
  slots <- susie_rss(x$z, x$r, 5000, L = 4, options = list(slot_prior = c(1, 9)))
  expect_length(slots$diagnostics$slot_weights, 4)
  expect_error(fine_map(x$z, x$r, 5000, method = "susieR", options = list(slot_prior = c(1, 9))),
    "slot_prior",
    class = "seqgen_input_error"
  )
})

test_that("a fit is susieR 0.12's where that version is asked for", {
  skip_without_python()
  skip_if_not_installed("susieR", "0.12")
  skip_if(utils::packageVersion("susieR") >= "0.13")
  x <- named_locus()
  weights <- rep(c(1, 2, 0), 4)
  own <- susieR::susie_rss(x$z, x$r, n = 5000, L = 4, prior_weights = weights)
  fit <- susie_rss(x$z, x$r, 5000, L = 4, prior_weights = weights, options = list(compat = "0.12"))
  expect_identical(fit$niter, own$niter)
  expect_equal(fit$pip, own$pip, tolerance = 1e-6)
  expect_equal(fit$elbo, own$elbo, tolerance = 1e-6)
  expect_identical(fit$sets$cs, own$sets$cs)
  expect_error(SusieOptions(compat = "0.11"), "compat", class = "seqgen_input_error")
})

test_that("rare variants are left out, and panels mixed, with names", {
  skip_without_python()
  x <- named_locus()
  maf <- c(0.01, rep(0.3, 11))
  rest <- susie_rss(x$z[-1], x$r[-1, -1], 5000, L = 4)
  fit <- susie_rss(x$z, x$r, 5000, L = 4, maf = maf, maf_thresh = 0.05)
  expect_equal(fit$pip, rest$pip)
  expect_identical(dim(fit$XtXr), c(11L, 1L))
  expect_true(any(grepl("1 of 12 variants", fit$notices)))
  noisy <- susie_rss_lambda(x$z, x$r, 5000, 0.1, L = 4, maf = maf, maf_thresh = 0.05)
  expect_named(noisy$pip, paste0("rs", 2:12))
  two <- susie_rss(x$z, list(x$r, 0.9 * x$r + diag(0.1, 12)), 5000, L = 4)
  expect_equal(sum(two$diagnostics$panel_weights), 1)
  expect_named(two$pip, paste0("rs", 1:12))
  expect_error(susie_rss(x$z, list(x$r, x$r[-1, -1]), 5000),
    "R[1] of 2 panels",
    fixed = TRUE, class = "seqgen_input_error"
  )
})
