# LD out of files, and summary statistics beside it.

test_that("a matrix out of a file fine-maps as the panel does", {
  skip_without_python()
  panel <- read_panel(seqgen_example("panel"))
  sumstats <- read_sumstats(seqgen_example("sumstats"))
  loci <- find_loci(sumstats, regions = "22:20525247-20800000")
  variants <- split_by_locus(align_to_panel(sumstats, panel, palindromic = "infer"), loci)[[1]]
  r <- panel_ld(variants, panel)
  place <- paste(variants$chrom, variants$pos, variants$other_allele, variants$effect_allele,
    sep = ":"
  )
  file <- tempfile(fileext = ".csv")
  named <- r
  dimnames(named) <- list(place, place)
  utils::write.csv(named, file)

  ld <- read_ld(file, n = 378, name = "1000G")
  expect_s3_class(ld, "seqgen_ReferenceLD")
  expect_identical(ld$n_people, 378L)
  expect_identical(ld$variants$pos, variants$pos)
  expect_equal(ld$R, unname(r), tolerance = 1e-6)
  expect_equal(ld$take(c(3, 1))$R[1, 2], r[3, 1], tolerance = 1e-6)

  # effects of the other allele, and a variant less
  other <- variants[-2, ]
  other[c("effect_allele", "other_allele")] <- other[c("other_allele", "effect_allele")]
  aligned <- align_to_ld(other, ld, palindromic = "as-written")
  expect_s3_class(aligned, "seqgen_AlignedLD")
  expect_true(all(aligned$table$flipped))
  expect_equal(aligned$R, r[-2, -2], tolerance = 1e-6)
  expect_true("in the LD matrix but not in the summary statistics" %in% aligned$drops$reason)
  n <- stats::median(variants$n)
  fits <- list(
    susie_rss(aligned$table$z, aligned$R, n, R_finite = aligned$n_people),
    susie_rss(other$z, r[-2, -2], n, R_finite = 378)
  )
  expect_equal(fits[[1]]$pip, fits[[2]]$pip, tolerance = 1e-4)
})

test_that("what cannot be used is an error of its own class", {
  skip_without_python()
  file <- tempfile(fileext = ".tsv")
  variants <- data.frame(chrom = "1", pos = 1:2, a1 = "A", a2 = "G")
  writeLines(c("1\t0.5", "0.4\t1"), file)
  expect_error(read_ld(file, variants), "symmetric", class = "seqgen_input_error")
  expect_error(read_ld(file), "does not say which 2 variants", class = "seqgen_input_error")
  expect_error(read_ld("nowhere.npz"), class = "seqgen_missing_file_error")
  file <- tempfile(fileext = ".ld")
  writeLines(c("1\t0.5", "0.5\t1"), file)
  expect_warning(ld <- read_ld(file, variants), "signed_by", class = "seqgen_warning")
  expect_identical(dim(ld$R), c(2L, 2L))
})
