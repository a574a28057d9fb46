locus <- function() {
  r <- 0.9^abs(outer(1:12, 1:12, "-"))
  r[1:6, 7:12] <- r[7:12, 1:6] <- 0
  list(r = r, z = 7 * r[4, ] - 6 * r[9, ])
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
})

test_that("susieR's functions take it and agree", {
  skip_without_python()
  skip_if_not_installed("susieR")
  x <- locus()
  fit <- susie_rss(x$z, x$r, n = 5000, L = 4)
  sets <- susieR::susie_get_cs(fit, Xcorr = x$r)
  expect_equal(sets$cs, fit$sets$cs)
  expect_equal(sets$purity, fit$sets$purity)
  expect_equal(susieR::susie_get_pip(fit), fit$pip)
  own <- susieR::susie_rss(x$z, x$r, n = 5000, L = 4)
  expect_equal(fit$pip, own$pip, tolerance = 1e-4)
  expect_output(print(summary(fit)), "Credible sets summary")
  expect_length(coef(fit), 13)
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_no_error(susieR::susie_plot(fit, "PIP"))
  # And the other way: start from susieR's fit.
  expect_equal(susie_rss(x$z, x$r, n = 5000, L = 4, init = own)$pip, fit$pip, tolerance = 1e-4)
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
