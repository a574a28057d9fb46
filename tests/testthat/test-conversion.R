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

test_that("R's vectors are what Python's arguments take", {
  skip_without_python()
  model <- load_model("blosum62")
  sequences <- c(P1 = "MKV", P2 = "WW")
  expected <- embed_proteins(as.list(sequences), model)
  expect_identical(embed_proteins(sequences, model), expected)
  path <- seqgen_example("sumstats")
  expect_identical(read_sumstats(path, chrom = 22), read_sumstats(path, chrom = "22"))
  expect_identical(read_sumstats(path, columns = list()), read_sumstats(path))
  z <- c(a = 1, b = 5, c = 2)
  expect_identical(susie_rss(z, diag(3), n = c(n = 99))$pip, susie_rss(z, diag(3), n = 99)$pip)
  family <- read_alignment(seqgen_example("alignment"))
  couplings <- mean_field_couplings(family$columns(seq_len(family$length) <= 12))
  distances <- residue_distances(
    couplings$rows, couplings$columns, read_structure(seqgen_example("structure"))
  )
  precise <- function(tops) contact_precision(couplings, distances, tops = tops)$precision
  expect_identical(precise(c("L", 10)), precise(list("L", 10)))
  expect_identical(couplings$notices, character())
})

test_that("genotypes of R have people, variants and missing calls", {
  skip_without_python()
  people <- paste0("p", 1:30)
  counts <- matrix(rep(c(0L, 1L, 2L, 1L, 0L), 18), 30)
  counts[4, 2] <- NA
  trait <- setNames(seq(-1, 1, length.out = 30)^3, people)
  told <- function(genotypes, trait) {
    design <- prepare_pairs(genotypes, trait)
    list(design$people, design$variants$variant, design$variants$n_missing, design$trait)
  }
  bare <- told(counts, unname(trait))
  expect_equal(bare[[3]], c(0, 1, 0))
  rownames(counts) <- people
  half <- told(counts, trait)
  expect_identical(half[1:2], list(people, paste0("V", 1:3)))
  colnames(counts) <- paste0("rs", 1:3)
  whole <- told(counts, trait)
  expect_identical(whole, list(people, paste0("rs", 1:3), half[[3]], half[[4]]))
  expect_identical(told(as.data.frame(counts), trait), whole)
  expect_identical(told(counts, data.frame(y = trait)), whole)
  rownames(counts) <- NULL
  expect_identical(told(counts, unname(trait))[-1], whole[-1])
})

test_that("provenance may hold vectors, dates and factors", {
  skip_without_python()
  skip_if_not_installed("jsonlite")
  path <- tempfile(fileext = ".tsv")
  write_table(data.frame(a = 1), path, provenance = list(
    sizes = 1:3, day = as.Date("2024-02-29"), kind = factor("x"), named = c(a = 1, b = NA),
    deep = list(1, c(0.5, 1))
  ))
  told <- jsonlite::fromJSON(paste0(path, ".provenance.json"), simplifyVector = FALSE)
  expect_equal(told$sizes, list(1, 2, 3))
  expect_identical(told$day, "2024-02-29")
  expect_identical(told$kind, "x")
  expect_equal(told$named, list(a = 1, b = NULL))
  expect_equal(told$deep, list(1, list(0.5, 1)))
})

test_that("sparse and symmetric matrices of the package Matrix are matrices", {
  skip_without_python()
  skip_if_not_installed("Matrix")
  r <- 0.5^abs(outer(1:3, 1:3, "-"))
  expect_identical(susie_rss(1:3, Matrix::Matrix(r), n = 99)$pip, susie_rss(1:3, r, n = 99)$pip)
})
