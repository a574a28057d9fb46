# Terms, intervals, learning without fine-mapping, judging and handing on, as R users see them.

variants <- data.frame(
  locus = rep(c("1:1-9", "1:20-29"), each = 4), chrom = "1", pos = 1:8, rsid = paste0("rs", 1:8),
  coding = c(TRUE, FALSE, NA, FALSE, TRUE, FALSE, FALSE, FALSE),
  score = c(1, 2, 3, NA, 5, 6, 7, 8)
)

bed_file <- function(lines) {
  path <- tempfile(fileext = ".bed")
  writeLines(lines, path)
  path
}

test_that("annotations become terms, and the rules are kept", {
  skip_without_python()
  made <- prior_terms(variants, c("coding", "score"), monotone = c(score = 3))
  expect_s3_class(made, "seqgen_PriorTerms")
  expect_equal(made$annotations$coding, c(1, 0, 0, 0, 1, 0, 0, 0))
  expect_equal(made$rules$kind, c("binary", "step", "step"))
  expect_equal(made$missing$n, c(1, 1))
  expect_equal(apply_terms(variants, made$rules), made$annotations)
  linear <- prior_terms(variants, "score")$annotations$score
  known <- !is.na(variants$score)
  spread <- sqrt(mean((variants$score[known] - mean(variants$score[known]))^2))
  expect_equal(linear[known], (variants$score[known] - mean(variants$score[known])) / spread)
  expect_error(prior_terms(variants, "rsid"), "not numeric", class = "seqgen_input_error")
  expect_error(prior_terms(variants, "chroma"), "no column", class = "seqgen_input_error")
})

test_that("intervals come from files and from data.frames", {
  skip_without_python()
  path <- bed_file(c("track name=x", "chr1\t1\t3\tname", "1\t6\t7"))
  bed <- data.frame(chrom = "chr1", start = 1, end = 3)
  found <- annotate_intervals(variants, list(file = path, table = bed))
  expect_equal(found$file, c(0, 1, 1, 0, 0, 0, 1, 0))
  expect_equal(found$table, c(0, 1, 1, 0, 0, 0, 0, 0))
  bad <- bed_file(c("chr1\t1\t3", "chr1\tx\t3"))
  expect_error(annotate_intervals(variants, list(x = bad)), "line 2", class = "seqgen_input_error")
})

test_that("TORUS's prior is learned from z-scores", {
  skip_without_python()
  set.seed(1)
  coding <- rep(c(1, rep(0, 19)), 50)
  causal <- rep(c(0, 7), each = 500)
  z <- rnorm(1000) + ifelse((seq_along(causal) - 1) %% 20 == causal, 6, 0)
  table <- data.frame(locus = rep(1:50, each = 20), coding = coding)
  fit <- fit_torus_prior(table, z)
  # Of 50 coding variants 25 are causal, of 950 others 25.
  expect_equal(fit$coefficients$estimate, log((25 / 25) / (25 / 925)), tolerance = 0.1)
  expect_true(fit$converged)
  expect_length(fit$pip, 1000)
  expect_error(fit_torus_prior(table), "expected one of them", class = "seqgen_input_error")
})

test_that("a prior is judged on loci that it has not seen", {
  skip_without_python()
  loci <- paste0("22:", 1:8, "00-", 1:8, "99")
  annotations <- data.frame(locus = rep(loci, each = 5), missense = rep(c(0, 0, 1, 0, 0), 8))
  r <- 0.9^abs(outer(1:5, 1:5, "-"))
  fine_map <- function(at) {
    function(weights) {
      lapply(weights, function(w) susie_rss(5 * r[at, ], r, n = 5000, prior_weights = w, L = 1))
    }
  }
  helps <- evaluate_prior(annotations, fine_map(3),
    terms = "missense", penalty_sd = c(missense = 2), options = PriorOptions()
  )
  expect_gt(helps$gain, 0)
  expect_equal(sum(helps$by_locus$gain), helps$gain)
  expect_true(helps$helps)
  expect_gt(helps$coefficients$estimate, 0)
  none <- annotations
  none$missense <- rep(c(1, 0, 1, 0, 0, 0, 1, 0, 1, 0), 4)
  flat <- evaluate_prior(none, fine_map(3), terms = "missense", options = list(penalty = "given"))
  expect_false(flat$helps)
  expect_equal(flat$coefficients$estimate, 0)
})

test_that("priors are handed on, as RDS that susieR takes", {
  skip_without_python()
  table <- cbind(variants, prior = c(0.1, 0.2, 0.3, 0.4, 0.25, 0.25, 0.25, 0.25))
  path <- tempfile(fileext = ".rds")
  expect_equal(basename(export_prior(table, path, format = "rds")), basename(path))
  expected <- lapply(split(table, table$locus), function(rows) setNames(rows$prior, rows$rsid))
  expect_identical(readRDS(path), expected)
  expect_length(list.files(dirname(path), "[.]tmp$", all.files = TRUE), 0)
  text <- tempfile(fileext = ".tsv")
  export_prior(table, text, format = "susie")
  expect_equal(read.delim(text)$prior_weights, table$prior)
  expect_error(export_prior(table, path, format = "x"), "format", class = "seqgen_input_error")
  expect_error(
    export_prior(table, file.path(path, "x.rds"), format = "rds"),
    class = "seqgen_output_error"
  )
})

test_that("other fine-mappers' files hold what they read", {
  skip_without_python()
  table <- cbind(variants,
    prior = c(0.1, 0.2, 0.3, 0.4, 0.25, 0.25, 0.25, 0.25), effect_allele = "A",
    other_allele = "G", eaf = 0.8, beta = 0.1, se = 0.05, n = 900
  )
  polyfun <- tempfile(fileext = ".tsv")
  export_prior(table, polyfun, format = "polyfun")
  read <- read.table(polyfun, header = TRUE)
  expect_named(read, c("SNP", "CHR", "BP", "A1", "A2", "SNPVAR", "Z"))
  expect_equal(read$Z, rep(2, 8))
  folder <- export_prior(table, tempfile(), format = "finemap")
  z <- read.table(file.path(folder, "1_1-9.z"), header = TRUE)
  expect_equal(z$prob, c(0.1, 0.2, 0.3, 0.4))
  expect_equal(z$maf, rep(0.2, 4))
  master <- read.table(file.path(folder, "master"), sep = ";", header = TRUE)
  expect_equal(master$z, c("1_1-9.z", "1_20-29.z"))
  expect_equal(master$n_samples, c(900, 900))
  dap <- export_prior(table, tempfile(), format = "torus", expected_causal = 0.5)
  expect_equal(read.table(file.path(dap, "1_1-9.prior"))$V2, c(0.05, 0.1, 0.15, 0.2))
  table$eaf[3] <- 1
  expect_error(export_prior(table, tempfile(), format = "finemap"), "eaf of row 3 is 1",
    class = "seqgen_input_error"
  )
})

test_that("what is held at zero is shown as that", {
  skip_without_python()
  skip_if_not_installed("ggplot2")
  plot <- plot_prior(data.frame(
    term = c("missense", "enhancer"), estimate = c(1, 0), lower = c(0.4, -0.5),
    upper = c(1.6, 0.5), source = c("learned", "silenced")
  ))
  expect_setequal(ggplot2::layer_data(plot, 3)$shape, c(19, 23))
})
