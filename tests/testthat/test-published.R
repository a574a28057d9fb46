test_that("a file is fetched by its name and checked", {
  skip_if_not(seqgen_available())
  folder <- tempfile()
  dir.create(folder)
  chain <- file.path(folder, "hg19ToHg38.over.chain.gz")
  writeLines("chain", chain)
  address <- paste0("file://", chain)
  path <- fetch("hg19ToHg38", url = address, cache = folder)
  expect_identical(readLines(path), "chain")
  expect_error(
    fetch("hg19ToHg38", url = address, cache = folder, checksum = strrep("0", 32)),
    "expected md5:000",
    class = "seqgen_input_error"
  )
  expect_error(fetch("alphamisense", cache = folder), "did you mean 'alphamissense'")
  expect_error(fetch("cadd", release = 3, cache = folder), "comes in no releases")
  expect_error(
    fetch("ensembl-gff", release = 110, chrom = 22, url = "file:///no.gff3.gz", cache = folder),
    "Without a network"
  )
  expect_true(all(c("name", "licence", "url") %in% names(list_resources("GRCh37"))))
})

test_that("published scores stand beside variants", {
  skip_if_not(seqgen_available())
  table <- tempfile(fileext = ".tsv")
  writeLines(c("chrom\tpos\tREF_BASE\talt\tx", "chr1\t7\tG\tA\t3"), table)
  variants <- data.frame(
    chrom = 1, pos = c(7, 8), effect_allele = c("G", "T"), other_allele = c("A", "C")
  )
  scored <- add_published_scores(variants, table, scores = "x", columns = c(ref = "REF_BASE"))
  expect_identical(scored$x, c(3, NA))
  expect_match(drops(scored)$reason, "position is not in")
  expect_error(add_published_scores(variants, table), class = "seqgen_input_error")
  expect_error(add_published_scores(variants, "no.tsv"), class = "seqgen_missing_file_error")
})

test_that("published scores are options of a run and terms of its prior", {
  skip_if_not(seqgen_available())
  expect_identical(RunOptions(scores = "cadd.tsv:PHRED")$scores, "cadd.tsv:PHRED")
  table <- tempfile(fileext = ".tsv")
  writeLines(c("chrom\tpos\tref\talt\tx", "1\t7\tG\tA\t3"), table)
  try_run <- function(...) {
    run(seqgen_example("sumstats"), seqgen_example("panel"), tempfile(), options = list(...))
  }
  expect_error(try_run(scores = table), "which column to take", class = "seqgen_input_error")
  expect_error(
    try_run(scores = paste0(table, ":x"), prior_coefficients = c(y = 1)), "no term y; .* x$",
    class = "seqgen_input_error"
  )
  variants <- data.frame(
    locus = "22:1-9", residue_change = c(NA, "K2W", "R5Q"), log_lik_ratio = c(NA, -6, -2),
    cadd_phred = c(10, 20, NA)
  )
  terms <- prior_annotations(variants, scores = "cadd_phred")
  expect_equal(terms$cadd_phred, c(-5, 5, 0))
})

test_that("a run reads the panel's genotypes as asked", {
  skip_if_not(seqgen_available())
  told <- RunOptions(field = "DS", people = c("a", "b"))
  expect_identical(told[c("field", "people", "keep_filtered")], list(
    field = "DS", people = c("a", "b"), keep_filtered = FALSE
  ))
  expect_error(RunOptions(field = "PL"), "field", class = "seqgen_input_error")
  expect_error(
    run(seqgen_example("sumstats"), seqgen_example("panel"), tempfile(), options = list(
      people = c("nobody", "HG00096")
    )), "nobody",
    class = "seqgen_input_error"
  )
})
