people <- paste0("p", 1:300)

# One planted pair, rs3 and rs8, on two chromosomes.
small_scan <- function() {
  set.seed(1)
  variants <- data.frame(variant = paste0("rs", 1:12), chrom = rep(c("1", "2"), each = 6),
    pos = 1:12 * 1000
  )
  genotypes <- matrix(stats::rbinom(3600, 2, 0.4), 300, dimnames = list(people, variants$variant))
  age <- stats::rnorm(300)
  trait <- stats::setNames(0.7 * genotypes[, 3] * genotypes[, 8] + age + stats::rnorm(300), people)
  covariates <- data.frame(age = age, row.names = people)
  list(genotypes = genotypes, trait = trait, covariates = covariates, variants = variants)
}

design_of <- function(x) {
  shuffled <- sample(people)
  prepare_pairs(x$genotypes, x$trait[shuffled], x$covariates, variants = x$variants)
}

product_test <- function(x, first, second) {
  people <- data.frame(
    trait = x$trait, age = x$covariates$age, g1 = x$genotypes[, first],
    g2 = x$genotypes[, second]
  )
  fit <- stats::lm(trait ~ age + g1 * g2, people)
  summary(fit)$coefficients["g1:g2", ]
}

everything <- list(p = 1, min_double_carriers = 0)

test_that("a scan of pairs is lm()'s test of the product, and names cross over", {
  skip_without_python()
  x <- small_scan()
  design <- design_of(x)
  expect_s3_class(design, "seqgen_PairDesign")
  expect_setequal(design$people, people)
  expect_identical(design$variants$variant, colnames(x$genotypes))
  expect_equal(design$variants$frequency, unname(colMeans(x$genotypes)) / 2)
  scan <- scan_pairs(design, options = everything)
  table <- as.data.frame(scan)
  expect_equal(scan$n_tests, 66)
  expect_identical(nrow(table), 66L)
  expect_identical(as.character(table[1, c("variant_1", "variant_2")]), c("rs3", "rs8"))
  for (row in c(1, 30, 66)) {
    expected <- product_test(x, table$variant_1[row], table$variant_2[row])
    found <- unlist(table[row, c("beta", "se", "t", "p")])
    expect_equal(unname(found), unname(expected), tolerance = 1e-6)
  }
  expect_equal(regress_pairs(design, table[1:2, ])$t, table$t[1:2], tolerance = 1e-6)
  listed <- regress_pairs(design, list(c("rs3", "rs8")), options = list(robust = "HC1"))
  expect_false(isTRUE(all.equal(listed$se_robust, regress_pairs(design, table[1, ])$se_robust)))
})

test_that("sets of variants are names, or row numbers from 1", {
  skip_without_python()
  design <- design_of(small_scan())
  by_name <- scan_pairs(design, "rs3", c("rs8", "rs9"), options = everything)
  by_number <- scan_pairs(design, 3, 8:9, options = everything)
  expect_identical(by_number$table, by_name$table)
  expect_setequal(by_name$table$variant_2, c("rs8", "rs9"))
  error <- expect_error(scan_pairs(design, 0, 1), "from 1 to 12", class = "seqgen_input_error")
  expect_identical(conditionCall(error)[[1]], quote(scan_pairs))
  expect_error(scan_pairs(design, 1.5, 1), "from 1 to 12", class = "seqgen_input_error")
  expect_identical(find_leads(design, 8, p = 0.01), find_leads(design, "rs8", p = 0.01))
  expect_true("rs8" %in% find_leads(design, "rs8", p = 0.01)$lead)
  expect_identical(nrow(find_leads(design, "rs8", p = 1e-300)), 0L)
  expect_error(find_leads(design, "rs99"), "rs99 not in the design", class = "seqgen_input_error")
})

test_that("missing calls of integer genotypes are missing", {
  skip_without_python()
  x <- small_scan()
  x$genotypes[5, 2] <- NA
  design <- design_of(x)
  expect_identical(design$variants$n_missing, replace(integer(12), 2, 1L))
  expect_identical(drops(design)$example, "rs2, 1 of 300 people")
})

test_that("predictions without chromosomes are taken off, and shards are one scan", {
  skip_without_python()
  x <- small_scan()
  design <- design_of(x)
  loco <- matrix(stats::rnorm(900), 300, dimnames = list(people, c("1", "2", "3")))
  offsets <- loco_offsets(loco, 1, 2, chromosomes = colnames(loco))
  expect_equal(offsets, loco[, 1] + loco[, 2] - rowSums(loco) / 2)
  part <- function(shard) {
    scan_pairs_loco(design, loco,
      chromosomes = colnames(loco), options = everything, shard = shard
    )
  }
  whole <- part(NULL)
  merged <- merge_scans(list(part(c(1, 2)), part(c(2, 2))))
  expect_equal(merged$table, whole$table)
  expect_equal(merged$n_tests, 66)
  x$trait <- x$trait - offsets
  pair <- data.frame(variant_1 = "rs3", variant_2 = "rs8")
  fit <- regress_pairs_loco(design, pair, loco, chromosomes = colnames(loco))
  expect_equal(fit$t, product_test(x, "rs3", "rs8")[["t value"]], tolerance = 1e-6)
})

test_that("a weighted scan takes nested options, a scan made before, and is reported", {
  skip_without_python()
  design <- design_of(small_scan())
  evidence <- data.frame(
    variant_1 = c("rs3", "rs1", "rs1"), variant_2 = c("rs8", "rs2", "rs9"),
    evidence = c(3, 0.5, NA), source = c("a", "b", "c")
  )
  settings <- list(tests = "all", p = 1, weights = list(uniform_share = 1, alpha = 0.1))
  result <- scan_gxg(design, evidence, options = settings)
  expect_s3_class(result, c("seqgen_GxGResult", "seqgen_result"), exact = TRUE)
  expect_identical(result$alpha, 0.1)
  expect_equal(result$pairs$weight, rep(1, 66))
  expect_equal(result$pairs$q, stats::p.adjust(result$pairs$p, "BH"))
  expect_identical(result$pairs$source[1], "a")
  scan <- scan_all_pairs(design, options = settings)
  again <- scan_gxg(design, evidence, scan = scan, options = settings)
  expect_equal(as.data.frame(again), as.data.frame(result))
  expect_error(scan_gxg(design, evidence, options = list(weights = list(alpha = 2))), "alpha")
  path <- tempfile(fileext = ".html")
  on.exit(unlink(path))
  expect_identical(write_gxg_report(result, path, list(genome_build = "GRCh38")), path)
  expect_match(readChar(path, 1e6, useBytes = TRUE), "rs8", useBytes = TRUE)
})

trans_data <- function() {
  set.seed(2)
  genotypes <- matrix(stats::rbinom(6000, 2, 0.3), 300,
    dimnames = list(people, paste0("rs", 1:20))
  )
  traits <- matrix(stats::rnorm(900), 300, dimnames = list(people, c("A", "B", "C")))
  traits[, "B"] <- traits[, "B"] + 0.7 * genotypes[, 8]
  list(genotypes = genotypes, traits = traits, variants = data.frame(
    variant = colnames(genotypes), chrom = rep(c("1", "2"), each = 10), pos = 1:20 * 1000
  ), genes = data.frame(
    gene = c("A", "B", "C"), chrom = c("1", "2", "2"), start = c(1, 9e7, 9.5e7),
    end = c(2e3, 9.1e7, 9.6e7)
  ))
}

test_that("a trans scan is lm(), without what is excluded", {
  skip_without_python()
  x <- trans_data()
  design <- prepare_trans(x$genotypes, x$traits[sample(people), ], variants = x$variants)
  expect_identical(design$traits$trait, c("A", "B", "C"))
  scan <- scan_trans(design, options = list(p = 1))
  hits <- as.data.frame(scan)
  expect_identical(nrow(hits), 60L)
  expect_identical(as.character(hits[1, c("variant", "trait")]), c("rs8", "B"))
  for (row in c(1, 30, 60)) {
    fit <- stats::lm(x$traits[, hits$trait[row]] ~ x$genotypes[, hits$variant[row]])
    found <- unlist(hits[row, c("beta", "se", "t", "p")])
    expect_equal(unname(found), unname(summary(fit)$coefficients[2, ]), tolerance = 1e-6)
  }
  seen <- 0
  kept <- scan_trans(design,
    options = list(p = 1, shard = c(1, 2)), sink = function(hits) seen <<- seen + nrow(hits)
  )
  expect_equal(seen, kept$n_tests)
  exclusions <- plan_exclusions(x$variants, design$traits$trait, x$genes)
  expect_equal(scan_trans(design, exclusions = exclusions)$n_tests, 50)
})

test_that("a weighted trans scan takes options and a scan made before, and is reported", {
  skip_without_python()
  x <- trans_data()
  design <- prepare_trans(x$genotypes, x$traits, variants = x$variants)
  evidence <- data.frame(variant = c("rs8", "rs1"), target = c("B", "C"), evidence = c(2, 1))
  settings <- list(p = 1, weights = list(uniform_share = 1))
  result <- rank_trans(design, evidence, genes = x$genes, options = settings)
  expect_equal(c(result$n_tests, result$n_cis), c(50, 10))
  expect_identical(as.character(result$hits[1, c("variant", "trait", "decision")]),
    c("rs8", "B", "both")
  )
  expect_equal(result$hits$q, stats::p.adjust(result$hits$p, "BH"))
  scan <- scan_all_edges(design, genes = x$genes, options = settings)
  again <- rank_trans(design, evidence, genes = x$genes, scan = scan, options = settings)
  expect_equal(again$hits, result$hits)
  path <- tempfile(fileext = ".html")
  on.exit(unlink(path))
  expect_identical(write_trans_report(result, path, list(genome_build = "GRCh38")), path)
})

test_that("hotspots are where traits crowd", {
  skip_without_python()
  variants <- data.frame(variant = c("a", "b", "c"), chrom = "1", pos = c(5, 105, 205))
  hits <- data.frame(
    variant = "b", chrom = "1", pos = 105, gene = NA, trait = paste0("t", 1:12), neg_log10_p = 9
  )
  found <- find_hotspots(hits, variants, window = 100)
  expect_equal(c(found$start, found$n_traits), c(101, 12))
  chance <- 3 * stats::ppois(11, 4, lower.tail = FALSE)
  expect_equal(found$p, chance, tolerance = 1e-6)
})

test_that("kinship explains what siblings share", {
  skip_without_python()
  set.seed(1)
  sibs <- kronecker(diag(150), matrix(c(1, 0.5, 0.5, 1), 2))
  dimnames(sibs) <- list(people, people)
  shared <- rep(stats::rnorm(150), each = 2)
  traits <- data.frame(
    height = shared + stats::rnorm(300, sd = 2), luck = stats::rnorm(300), row.names = people
  )
  fit <- fit_kinship(traits, sibs[300:1, 300:1])
  expect_identical(fit$trait, c("height", "luck"))
  expect_equal(fit$genetic_variance / (fit$genetic_variance + fit$residual_variance), fit$h2)
  expect_gt(fit$h2[1], fit$h2[2])
})

test_that("weights average 1 and reach the adjusted p-values", {
  skip_without_python()
  p <- c(0.001, 0.02, 0.03, 0.5)
  expect_equal(weighted_bh(p, rep(1, 4)), stats::p.adjust(p, "BH"))
  weights <- evidence_weights(c(0, 1, NA, 3), n_tests = 10)
  expect_equal(sum(weights$values) + 6 * weights$rest, 10)
  expect_equal(weights$values[3], 1)
  expect_equal(weighted_bonferroni(p, weights), pmin(1, 10 * p / weights$values))
  expect_error(weighted_bh(p, 1:4), class = "seqgen_input_error")
  evidence <- stats::qnorm(stats::ppoints(3000))
  p <- (1:3000 * 0.618) %% 1
  p[evidence > 1.5] <- p[evidence > 1.5]^20
  learned <- cross_fold_weights(p, evidence, rep(c("a", "b", "c"), 1000))
  expect_equal(tapply(learned$values, rep(1:3, 1000), mean), c(1, 1, 1), ignore_attr = TRUE)
  expect_gt(mean(learned$values[evidence > 1.5]), 2)
  expect_setequal(learned$by_bin$fold, c("a", "b", "c"))
  table <- simulate_weighted_testing(n_tests = 2000, n_true = 50, repeats = 2)
  expect_identical(nrow(table), 12L)
})

test_that("evidence is gathered and combined", {
  skip_without_python()
  table <- combine_evidence(data.frame(
    coupling_alignment = c(0.1, 4, NA, NA), structure_distance = c(12, 5, 30, NA)
  ))
  expect_equal(table$evidence, c(-2 / 3, 4 / 3, -2 / 3, NA))
  missense <- missense_map()
  variants <- missense[missense$gene %in% c("AKT2", "BAD"), ]
  known <- data.frame(gene_1 = c("BAD", "BAD"), gene_2 = c("AKT2", "BCL2"))
  found <- pair_evidence(variants, gene_pairs = known, scope = "between")
  expect_identical(unique(found$gene_1), "AKT2")
  expect_match(drops(found)$reason, "a gene without variants")
  variants <- data.frame(variant = c("rs1", "rs2"), gene = c("AKT2", "MYC"))
  known <- data.frame(
    gene_1 = c("BAD", "FOXO1", "MAX"), gene_2 = c("AKT2", "AKT2", "MYC"), score = c(0.4, 0.9, 0.8)
  )
  found <- trans_evidence(variants, c("BAD", "FOXO1"), gene_pairs = list(string = known))
  expect_identical(found$target, c("FOXO1", "BAD"))
  expect_equal(found[c("gene_string", "evidence")], data.frame(
    gene_string = c(0.9, 0.4), evidence = c(0.5, -0.5)
  ), ignore_attr = TRUE)
  expect_identical(trans_evidence(variants, "BAD", gene_pairs = known)$target, "BAD")
})

test_that("parts of a table are put together", {
  skip_without_python()
  folder <- tempfile()
  dir.create(folder)
  on.exit(unlink(folder, recursive = TRUE))
  paths <- file.path(folder, paste0("part", 2:1, ".tsv"))
  for (part in 2:1) {
    path <- paths[3 - part]
    utils::write.table(data.frame(name = letters[part], value = part), path,
      sep = "\t", quote = FALSE, row.names = FALSE
    )
    writeLines(sprintf(
      '{"shard": {"part": %d, "of": 2, "table": null, "whole": false, "sums": {"n_tests": 5}}}',
      part
    ), paste0(path, ".provenance.json"))
  }
  merged <- merge_shards(paths)
  expect_equal(merged$table$value, 1:2)
  expect_equal(merged$provenance$sums$n_tests, 10)
  expect_error(merge_shards(paths[1]), class = "seqgen_input_error")
})
