example_loci <- function() {
  r <- 0.9^abs(outer(1:12, 1:12, "-"))
  colnames(r) <- paste0("rs", 1:12)
  noise <- sin(1:12)
  list(
    z = list("22:1-12" = 7 * r[3, ] + noise, "22:30-42" = 8 * r[9, ] - 6 * r[2, ] + noise),
    R = list("22:1-12" = r, "22:30-42" = r)
  )
}

test_that("many loci are fitted as each by itself", {
  skip_without_python()
  x <- example_loci()
  prior <- list("22:30-42" = 1:12)
  settings <- list(L = 4, coverage = 0.9, R_finite = 400)
  fits <- fine_map_loci(x$z, x$R, n = 5000, prior = prior, options = settings)
  expect_named(fits, names(x$z))
  for (locus in names(fits)) {
    alone <- fine_map(x$z[[locus]], x$R[[locus]], 5000, prior[[locus]], options = settings)
    expect_equal(fits[[locus]], alone, info = locus)
    expect_s3_class(fits[[locus]], "susie")
    expect_named(fits[[locus]]$pip, paste0("rs", 1:12))
  }
  shared <- fine_map_loci(x$z, x$R, n = 5000, prior = prior, options = settings, workers = 2)
  expect_equal(shared, fits)
})

test_that("a device finds the same, and earlier fits are a start", {
  skip_without_python()
  x <- example_loci()
  n <- list("22:1-12" = 5000, "22:30-42" = 8000)
  fits <- fine_map_loci(x$z, x$R, n = n, options = list(L = 4))
  there <- fine_map_loci(x$z, x$R, n = n, options = list(L = 4), device = "torch-cpu")
  for (locus in names(fits)) {
    expect_equal(there[[locus]]$pip, fits[[locus]]$pip, tolerance = 1e-6)
    expect_equal(there[[locus]]$sets, fits[[locus]]$sets, tolerance = 1e-6)
  }
  again <- fine_map_loci(x$z, x$R, n = n, model_init = fits, options = list(L = 4))
  expect_lte(again[[2]]$niter, fits[[2]]$niter)
  expect_equal(again[[2]]$pip, fits[[2]]$pip, tolerance = 0.02)
})

test_that("complaints name the locus", {
  skip_without_python()
  x <- example_loci()
  x$z[[2]][3] <- NA
  expect_error(fine_map_loci(x$z, x$R, n = 5000), "22:30-42", class = "seqgen_input_error")
  expect_error(fine_map_loci(x$z, x$R[1], n = 5000), "R", class = "seqgen_input_error")
})
