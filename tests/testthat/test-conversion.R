expect_back <- function(x) {
  expect_identical(as.data.frame(echo(x)), x)
}

test_that("columns come back identical", {
  skip_without_python()
  table <- data.frame(
    l = c(TRUE, FALSE, NA), i = c(-2147483647L, NA, 2147483647L), d = c(NA, NaN, -0.5),
    c = c(NA, "\u00e9", "NA"), f = factor(c("b", NA, "a"), levels = c("b", "a", "unused")),
    o = factor(c("lo", "hi", "lo"), levels = c("lo", "hi"), ordered = TRUE),
    day = as.Date(c("2024-02-29", NA, "1899-12-31")),
    time = as.POSIXct(c(0.25, NA, 1.7e9), origin = "1970-01-01", tz = "Europe/Paris")
  )
  table$deep <- list(1:3, NULL, "a")
  expect_back(table)
  expect_back(table[0, 1:8])
  expect_back(data.frame(x = 1:2, row.names = c("p1", "p2")))
  expect_true(identical(1 / echo(table)$d[3], 1 / table$d[3]))
  back <- echo(c(NA, NaN))
  expect_identical(is.nan(back), c(FALSE, TRUE))
  expect_identical(1 / echo(c(-0, 0)), c(-Inf, Inf))
})

test_that("integer64 stays exact", {
  skip_without_python()
  skip_if_not_installed("bit64")
  big <- bit64::as.integer64(c("9007199254740993", NA, "-9223372036854775807"))
  expect_identical(as.character(echo(big)), as.character(big))
  # What is exact as a double or an integer comes as that.
  expect_identical(echo(bit64::as.integer64(c(5, 6))), 5:6)
  expect_identical(echo(bit64::as.integer64(c(3e9, 1))), c(3e9, 1))
})

test_that("matrices, lists, names and NULL come back", {
  skip_without_python()
  m <- matrix(c(1.5, NA, 3, 4, 5, 6), 2)
  expect_identical(echo(m), m)
  expect_identical(echo(matrix(1:6, 3) > 2), matrix(1:6, 3) > 2)
  expect_identical(echo(array(1:24, 2:4)), array(1:24, 2:4))
  expect_identical(echo(c(a = 1, b = NA)), c(a = 1, b = NA))
  nested <- list(a = 1L, b = list(c = NULL, d = "x"))
  expect_identical(echo(nested), nested)
  expect_null(echo(NULL))
})

test_that("tibbles and data.tables are taken as tables", {
  skip_without_python()
  annotations <- data.frame(locus = "1:1-9", missense = c(0, 0, 1))
  coefficients <- data.frame(term = "missense", estimate = log(3))
  expected <- prior_weights(annotations, coefficients)
  expect_equal(expected, c(0.2, 0.2, 0.6))
  if (requireNamespace("data.table", quietly = TRUE)) {
    expect_identical(prior_weights(data.table::as.data.table(annotations), coefficients), expected)
  }
  skip_if_not_installed("tibble")
  expect_identical(prior_weights(tibble::as_tibble(annotations), coefficients), expected)
  expect_s3_class(missense_map(), "tbl_df")
})

test_that("GRanges are taken as tables", {
  skip_without_python()
  skip_if_not_installed("GenomicRanges")
  sumstats <- as.data.frame(read_sumstats(seqgen_example("sumstats")))[1:2000, ]
  places <- list(
    seqnames = paste0("chr", sumstats$chrom), ranges = IRanges::IRanges(sumstats$pos, width = 1)
  )
  ranges <- do.call(GenomicRanges::GRanges, c(places, as.list(sumstats[-(1:2)])))
  expect_identical(annotate(ranges, missense_map()), annotate(sumstats, missense_map()))
})

test_that("what has no form in Python is refused by name", {
  skip_without_python()
  expect_error(annotate(globalenv(), missense_map()), "sumstats: an R object of type environment",
    class = "seqgen_input_error"
  )
  expect_error(echo(list(a = 1, 2)), "names", class = "seqgen_input_error")
})
