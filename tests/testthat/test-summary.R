# Summaries, tables and prints of results and handles.

people <- paste0("p", 1:300)

# One planted pair, rs3 and rs8.
summary_data <- function() {
  set.seed(1)
  variants <- data.frame(
    variant = paste0("rs", 1:12), chrom = rep(c("1", "2"), each = 6), pos = 1:12 * 1000
  )
  genotypes <- matrix(stats::rbinom(3600, 2, 0.4), 300, dimnames = list(people, variants$variant))
  trait <- 0.7 * genotypes[, 3] * genotypes[, 8] + stats::rnorm(300)
  list(genotypes = genotypes, trait = trait, variants = variants)
}

small_family <- function() {
  read_alignment(seqgen_example("alignment"))$columns(1:20)
}

test_that("a weighted scan is summarised with its discoveries and control", {
  skip_without_python()
  x <- summary_data()
  design <- prepare_pairs(x$genotypes, x$trait, variants = x$variants)
  evidence <- data.frame(
    variant_1 = c("rs3", "rs1"), variant_2 = c("rs8", "rs2"), evidence = c(3, 0.5)
  )
  options <- GxGOptions(weights = WeightOptions(alpha = 0.1, shuffles = 3))
  result <- scan_gxg(design, evidence, options = options)
  told <- summary(result, n = 1)
  expect_s3_class(told, c("summary.seqgen_GxGResult", "seqgen_summary"), exact = TRUE)
  expect_identical(told$tests, result$n_tests)
  expect_identical(told$lambda, result$inflation)
  expect_identical(told$discoveries[["without weights"]], sum(result$pairs$q <= 0.1))
  expect_identical(told$discoveries[["with weights"]], sum(result$pairs$q_weighted <= 0.1))
  expect_gte(told$discoveries[["with weights"]], 1)
  expect_identical(told$control$weights, result$control$weights)
  expect_identical(told$top_pairs$variant_1, "rs3")
  expect_output(print(told), "without weights [0-9]+, with weights")
  expect_output(print(told), "lambda +[0-9.]+")
  expect_identical(head(result, 1), result$pairs[1, ])
  expect_output(print(summary(design)), "trait +quantitative")
  expect_identical(dim(design), c(300L, 12L))
})

test_that("scans without weights and trans results are summarised", {
  skip_without_python()
  x <- summary_data()
  scan <- scan_pairs(prepare_pairs(x$genotypes, x$trait), options = list(p = 1))
  told <- summary(scan, n = 2)
  expect_equal(told$tests, 66)
  expect_identical(told$below_it, sum(scan$table$p <= 0.05 / 66))
  expect_identical(nrow(told$top_tests), 2L)
  expect_identical(head(scan, 2), scan$table[1:2, ])
  traits <- cbind(A = x$genotypes[, 8] + stats::rnorm(300), B = stats::rnorm(300))
  result <- rank_trans(prepare_trans(x$genotypes, traits, variants = x$variants))
  told <- summary(result)
  expect_equal(told$tests, 24)
  expect_identical(told$top_tests$trait[1], "A")
  expect_output(print(told), "excluded cis +0")
})

test_that("a prior is summarised with the enrichment it means", {
  skip_without_python()
  annotations <- data.frame(
    locus = rep(c("22:1-9", "22:20-29"), each = 5), missense = c(0, 0, 1, 0, 0, 1, 0, 0, 0, 0)
  )
  r <- 0.95^abs(outer(1:5, 1:5, "-"))
  z <- list("22:1-9" = 7 * r[3, ], "22:20-29" = 7 * r[1, ])
  fit <- fit_prior(annotations, function(weights) {
    Map(
      function(z, w) susie_rss(z, r, n = 5000, prior_weights = w, L = 1), z, weights[names(z)]
    )
  }, terms = "missense")
  told <- summary(fit)
  expect_identical(told$loci, 2L)
  expect_equal(told$coefficients$enrichment, exp(fit$coefficients$estimate))
  expect_equal(told$coefficients$z, fit$coefficients$estimate / fit$coefficients$se)
  expect_identical(told$estimates_with_a_locus_left_out$least, min(fit$left_out$missense))
  expect_output(print(told), "enrichment")
  expect_identical(as.data.frame(fit), fit$coefficients)
})

test_that("an alignment is summarised by size and depth, couplings by their strongest pairs", {
  skip_without_python()
  family <- small_family()
  told <- summary(family)
  expect_identical(c(told$N, told$L), dim(family))
  expect_equal(told$Neff, sum(sequence_weights(family)))
  expect_output(print(told), "Neff")
  couplings <- mean_field_couplings(family)
  told <- summary(couplings, n = 4, min_separation = 3)
  pairs <- as.data.frame(couplings, min_separation = 3)
  expect_identical(told$pairs, nrow(pairs))
  expect_equal(told$top_pairs$score, pairs$score[1:4])
  expect_false("p" %in% names(told$top_pairs))
  expect_output(print(summary(fit_mean_field(family))), "states +21")
  expect_output(print(summary(load_model("blosum62"))), "alphabet +ACDEF")
})

test_that("a run is a table, and is summarised by its loci", {
  skip_without_python()
  options <- RunOptions(
    regions = "22:17600000-17800000", model = "blosum62", methods = "wild-type-marginal"
  )
  result <- run(seqgen_example("sumstats"), seqgen_example("panel"), tempfile(),
    options = options, progress = function(...) NULL
  )
  expect_identical(as.data.frame(result), result$tables$variants)
  expect_identical(as.data.frame(result, table = "loci"), result$tables$loci)
  expect_identical(head(result, 2), result$tables$variants[1:2, ])
  expect_error(as.data.frame(result, table = "x"), "variants, loci", class = "seqgen_input_error")
  told <- summary(result)
  expect_identical(told$loci, 1L)
  expect_identical(told$sizes_of_credible_sets$lead_rsid, result$tables$loci$lead_rsid)
  expect_identical(told$prior$estimate, result$tables$prior_coefficients$estimate)
  expect_output(print(told), "informed prior")
  # Sizes by fit, of sets that are told.
  tables <- result$tables
  tables$credible_sets <- data.frame(
    locus = tables$loci$locus, fit = c("flat", "flat", "informed"), n_variants = c(3L, 9L, 2L)
  )
  told <- summary(tables)
  expect_identical(told$sizes_of_credible_sets$flat_sets, "3, 9")
  expect_identical(told$sizes_of_credible_sets$informed_sets, "2")
  expect_equal(told$flat_prior, c(sets = 2, "mean size" = 6))
})

test_that("weights, depth, traits and diagnostics are tables with summaries", {
  skip_without_python()
  weights <- evidence_weights(c(1, 2, 3), n_tests = 10)
  expect_identical(as.data.frame(weights)$weight, weights$values)
  expect_identical(summary(weights)$weight_of_the_others, weights$rest)
  learned <- cross_fold_weights(1:300 / 300, rep(1:100, 3), rep(1:3, each = 100))
  expect_identical(range(learned$by_bin$bin), c(1L, 10L))
  expect_identical(summary(learned)$by_fold$fold, 1:3)
  depth <- alignment_depth(small_family())
  expect_identical(as.data.frame(depth)$neff, depth$neff)
  path <- tempfile()
  writeLines(c("FID IID a b", "p1 p1 1 -9", "p2 p2 2 3"), path)
  told <- summary(read_traits(path))
  expect_identical(told$by_trait$n, c(2, 1))
  expect_identical(told$by_trait$mean, c(1.5, 3))
  r <- 0.95^abs(outer(1:30, 1:30, "-"))
  z <- 8 * r[16, ]
  z[15] <- -z[15]
  told <- summary(kriging_rss(z, r, n = 1e4), n = 1)
  expect_identical(told$largest_differences$variant, "15")
  expect_identical(told$look_switched, 1L)
})

test_that("prints are short", {
  skip_without_python()
  x <- summary_data()
  family <- small_family()
  structure <- read_structure(seqgen_example("structure"))
  kinship <- diag(300) + 0.1
  dimnames(kinship) <- list(people, people)
  pairs <- prepare_pairs(x$genotypes, x$trait, kinship = kinship)
  trans <- prepare_trans(x$genotypes, x$genotypes[, 1:2] + stats::rnorm(600), kinship = kinship)
  genes <- data.frame(gene = "rs1", chrom = "1", start = 1)
  panel <- read_panel(seqgen_example("panel"))
  handles <- list(
    family, family$residues, structure, structure$chain("A"), panel, panel$take(1:2),
    residue_distances(family$residues, family$residues, structure),
    mean_field_couplings(family), fit_mean_field(family), load_model("blosum62"),
    load_model("default"), pairs, pairs$null, pairs$related, trans, trans$variants, trans$mixed,
    scan_pairs(pairs), scan_trans(trans), scan_trans(trans)$histogram,
    plan_exclusions(x$variants, "rs1", genes)
  )
  for (handle in handles) {
    text <- format(handle)
    expect_lte(length(strsplit(text, "\n")[[1]]), 3)
    expect_lt(nchar(text), 200)
    expect_match(text, "^[A-Za-z]+\\(.*[0-9]", info = class(handle)[1])
    expect_no_match(text, "0x|array\\(", info = class(handle)[1])
  }
})
