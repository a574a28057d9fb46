gwas <- function(lines) {
  path <- tempfile(fileext = ".tsv")
  writeLines(c("chr pos ea oa eaf beta se", lines), path)
  suppressWarnings(read_sumstats(path))
}

test_that("alleles are put right by a genome", {
  skip_if_not(seqgen_available())
  genome <- tempfile(fileext = ".fa")
  writeLines(c(">chr1", "ACGT"), genome)
  table <- gwas(c("1 1 G A 0.2 0.1 0.02", "1 2 C T 0.2 0.1 0.02", "1 3 A T 0.2 0.1 0.02"))
  right <- align_to_reference(table, genome)
  expect_identical(right$effect_allele, c("G", "T"))
  expect_identical(right$other_allele, c("A", "C"))
  expect_equal(right$beta, c(0.1, -0.1))
  expect_equal(right$eaf, c(0.2, 0.8))
  expect_true("neither allele is the reference's" %in% drops(right)$reason)
  expect_error(align_to_reference(table, "nowhere"), class = "seqgen_missing_file_error")
})

test_that("a table keeps its genome build", {
  skip_if_not(seqgen_available())
  table <- read_sumstats(seqgen_example("sumstats"))
  expect_identical(attr(table, "genome_build"), "GRCh37")
  chain <- tempfile(fileext = ".chain")
  line <- "chain 1 chr22 51304566 + 0 50818368 chr22 50818468 + 100 50818468 1"
  writeLines(c(line, "50818368", ""), chain)
  lifted <- lift_over(table, chain)
  expect_identical(attr(lifted, "genome_build"), "GRCh38")
  # the build went with the table: it is not lifted twice
  expect_error(lift_over(lifted, chain), "GRCh38", class = "seqgen_input_error")
})

test_that("positions are lifted over", {
  skip_if_not(seqgen_available())
  chain <- tempfile(fileext = ".chain")
  writeLines(c("chain 1 chr1 900 + 0 100 chr1 950 + 50 150 1", "100", ""), chain)
  table <- gwas(c("1 1 G A 0.2 0.1 0.02", "1 500 C T 0.2 0.1 0.02"))
  lifted <- lift_over(table, chain)
  expect_equal(lifted$pos, 51)
  expect_identical(drops(lifted)$reason, "no place in the other build")
  writeLines("nothing", chain)
  expect_error(lift_over(table, chain), class = "seqgen_input_error")
})

test_that("a trait, imputation quality and the sample size are chosen", {
  skip_if_not(seqgen_available())
  path <- tempfile(fileext = ".tsv")
  writeLines(
    c(
      "chr pos ea oa info cases controls beta_a se_a beta_b se_b",
      "1 1 G A 0.9 40 60 1 2 3 4", "1 2 G A 0.2 40 60 5 6 7 8"
    ),
    path
  )
  expect_error(read_sumstats(path), "several traits: A, B")
  table <- read_sumstats(path, trait = "b", min_info = 0.5, n = "effective")
  expect_equal(table$beta, 3)
  expect_equal(table$n, 96)
})

test_that("the genome build that is stated is checked", {
  skip_if_not(seqgen_available())
  path <- seqgen_example("sumstats")
  expect_identical(read_sumstats(path, build = "hg19"), read_sumstats(path))
  expect_error(
    read_sumstats(path, build = "GRCh38"), "the file is of GRCh37",
    class = "seqgen_input_error"
  )
  expect_error(read_sumstats(path, build = "hg18"), class = "seqgen_input_error")
})
