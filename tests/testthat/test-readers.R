# Readers and writers, and what the flow from summary statistics to a page returns.

written <- function(..., fileext = ".tsv") {
  path <- tempfile(fileext = fileext)
  writeLines(c(...), path)
  path
}

region <- "22:17000000-17100000"

test_that("genotypes are read by rows counted from 1", {
  skip_without_python()
  panel <- read_panel(seqgen_example("panel"), name = "EUR", region = region)
  expect_s3_class(panel, c("seqgen_Panel", "seqgen_object"))
  expect_identical(panel$name, "EUR")
  counts <- panel$genotypes(2:1)
  expect_identical(dim(counts), c(378L, 2L))
  expect_equal(panel$frequencies(2:1), colMeans(counts) / 2)
  expect_equal(panel[["frequencies"]](1), mean(counts[, 2]) / 2)
  table <- as.data.frame(panel, index = 2:1)
  expect_named(table, panel$variants$rsid[2:1])
  expect_identical(rownames(table), panel$people)
  expect_equal(unname(as.matrix(table)), counts)
  expect_identical(panel$take(2)$variants$rsid, panel$variants$rsid[2])
  expect_error(panel$genotypes(0), "whole numbers from 1")
  expect_error(panel$genotypes(nrow(panel$variants) + 1), class = "seqgen_input_error")
  expect_error(read_panel("nowhere"), class = "seqgen_missing_file_error")
})

test_that("a VCF holds the same", {
  skip_without_python()
  path <- written(
    "##fileformat=VCFv4.2", "##contig=<ID=1>", "##FILTER=<ID=low,Description=\"x\">",
    "##FORMAT=<ID=GT,Number=1,Type=String,Description=\"Genotype\">",
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tann\tben",
    "1\t10\trs1\tA\tG\t.\tPASS\t.\tGT\t0/1\t1/1", "1\t20\trs2\tA\tG\t.\tlow\t.\tGT\t0/1\t./.",
    fileext = ".vcf"
  )
  expect_identical(read_genotypes(path)$variants$rsid, "rs1")
  both <- read_genotypes(path, keep_filtered = TRUE)
  expect_identical(
    as.data.frame(both),
    data.frame(rs1 = c(1, 2), rs2 = c(1, NA), row.names = c("ann", "ben"))
  )
})

test_that("people are chosen, and PLINK 2 files are read or the package is named", {
  skip_without_python()
  all <- read_panel(seqgen_example("panel"), region = region)
  some <- read_genotypes(seqgen_example("panel"), region = region, people = all$people[c(9, 4)])
  expect_identical(some$people, all$people[c(4, 9)])
  expect_identical(some$genotypes(1:2), all$genotypes(1:2)[c(4, 9), ])
  expect_error(
    read_panel(seqgen_example("panel"), people = c("a", "b")), "2 of 2 are not in",
    class = "seqgen_input_error"
  )
  expect_error(read_genotypes("no.pgen"), class = "seqgen_missing_file_error")
})

test_that("variants find their row of the panel", {
  skip_without_python()
  panel <- read_panel(seqgen_example("panel"), region = region)
  sumstats <- read_sumstats(seqgen_example("sumstats"))
  aligned <- align_to_panel(sumstats, panel)
  row <- panel$variants[aligned$panel_index, ]
  expect_identical(row$pos, aligned$pos)
  expect_identical(row$a2 == aligned$effect_allele, aligned$flipped)
  expect_gt(stats::cor(aligned$eaf, aligned$panel_eaf), 0.95)
  expect_identical(drops(aligned)$stage[1], "align_to_panel")
  loci <- find_loci(sumstats, regions = "22:20525247-21067183")
  expect_identical(loci$lead_rsid, "rs1477178")
  expect_identical(nrow(find_loci(sumstats)), 12L)
})

test_that("tables come back as they were, with their provenance", {
  skip_without_python()
  table <- data.frame(n = 1:2, gene = c("AKT2", NA), p = c(0.5, NA))
  for (fileext in c(".parquet", ".tsv.gz", ".csv")) {
    path <- tempfile(fileext = fileext)
    expect_invisible(write_table(table, path, provenance = list(n = c(1, 2), by = "me")))
    expect_equal(as.data.frame(read_table(path)), table, ignore_attr = "row.names")
  }
  told <- readLines(paste0(path, ".provenance.json"), warn = FALSE)
  expect_match(paste(told, collapse = ""), '"n": \\[1.0, 2.0\\]')
  expect_error(write_table(table[0, ], path), class = "seqgen_output_error")
  expect_identical(write_table(table[0, ], path, allow_empty = TRUE), path)
})

test_that("sequences, traits and kinship have names", {
  skip_without_python()
  expect_identical(
    read_fasta(written(">sp|P31751|AKT2", "MNEV", "kl*", ">x y", "MK")),
    c(P31751 = "MNEVKL", x = "MK")
  )
  plink <- written("FID IID y z", "a ann 2 1.5", "b ben 1 -9")
  traits <- read_traits(plink, columns = "y", people = "ann", binary = TRUE)
  expect_identical(traits$values, data.frame(y = c(1, 0), row.names = c("ann", "ben")))
  expect_identical(as.data.frame(read_traits(plink, binary = FALSE))$z, c(1.5, NA))
  expect_identical(drops(read_traits(plink, columns = "z"))$count, 1L)
  expression <- read_traits(written("#chr\tstart\tend\tgene_id\tann\tben", "1\t9\t20\tG\t1\t2",
    fileext = ".bed"
  ))
  expect_identical(expression$genes$start, 10L)
  expect_identical(
    read_kinship(written("id\t1ann\tben", "1ann\t1\t0.5", "ben\t0.5\t1")),
    matrix(c(1, 0.5, 0.5, 1), 2, dimnames = list(c("1ann", "ben"), c("1ann", "ben")))
  )
})

test_that("lists of genes are tables with what was left out", {
  skip_without_python()
  positions <- read_gene_positions(written("gene\tchr\ttss", "MYC.3\tchr8\t127735434"))
  expect_identical(positions$chrom, "8")
  expect_identical(positions$start, 127735434L)
  shared <- read_cross_mappability(written("G1.2\tG2.1\t12.5", "G1.2\tG3.4\t0.5"), min_score = 1)
  expect_identical(shared$score, 12.5)
  expect_identical(sum(drops(shared)$count), 1L)
  links <- written("protein1 protein2 combined_score", "9606.ENSP1 9606.ENSP2 900")
  genes <- c("9606.ENSP1" = "AKT2", "9606.ENSP2" = "BAD")
  pairs <- read_gene_pairs(links, names = genes)
  expect_identical(c(pairs$gene_1, pairs$gene_2), c("AKT2", "BAD"))
  protein <- data.frame(string_protein_id = names(genes), preferred_name = unname(genes))
  expect_equal(read_gene_pairs(links, names = protein), pairs)
  expect_error(read_gene_pairs(links), "protein.info", class = "seqgen_input_error")
  expect_equal(read_gene_pairs(links, names = as.list(genes), taxon = NULL), pairs)
})

test_that("alignments, structures and couplings are handles that are written", {
  skip_without_python()
  path <- written(">P1/11-15", "MKaV-L", ">P2/1-4", "MR.VAL", ">P3/1-4", "MR.VSL")
  family <- read_alignment(path)
  expect_identical(family$residues$positions, c(11L, 12L, 14L, 15L))
  expect_identical(family$focus_sequence, "MKVL")
  expect_identical(read_alignment(path, focus = FALSE)$length, 5L)
  copy <- tempfile(fileext = ".a2m.gz")
  expect_identical(write_alignment(family, copy), copy)
  expect_identical(read_alignment(copy)$codes, family$codes)
  couplings <- py_call("mean_field_couplings", list(alignment = family))
  for (fileext in c(".parquet", ".tsv")) {
    file <- tempfile(fileext = fileext)
    expect_identical(write_couplings(couplings, file, provenance = list(n = c(1, 2))), file)
    expect_equal(as.matrix(read_couplings(file)), as.matrix(couplings), tolerance = 1e-6)
  }
  structure <- read_structure(seqgen_example("structure"))
  expect_identical(structure$names, "A")
  chain <- structure$chain("A")
  expect_identical(dim(chain$cb), c(nchar(chain$letters), 3L))
  expect_error(read_structure(path, model = 2), class = "seqgen_input_error")
})

test_that("LD that does not fit is noticed as susieR does", {
  skip_without_python()
  r <- 0.95^abs(outer(1:30, 1:30, "-"))
  z <- stats::setNames(8 * r[16, ], paste0("rs", 1:30))
  z[15] <- -z[15]
  found <- kriging_rss(z, r, n = 10000)
  expect_identical(names(which(found$switched)), "rs15")
  table <- as.data.frame(found)
  expect_identical(rownames(table)[table$switched], "rs15")
  s <- estimate_s_rss(z, r, n = 10000)
  expect_equal(found$s, s)
  skip_if_not_installed("susieR")
  expect_equal(s, susieR::estimate_s_rss(unname(z), r, n = 10000), tolerance = 1e-4)
  theirs <- susieR::kriging_rss(unname(z), r, n = 10000)$conditional_dist
  expect_equal(table$condmean, theirs$condmean, tolerance = 1e-3)
})

test_that("variants whose z the LD contradicts are named", {
  skip_without_python()
  sign <- rep(c(1, -1), 15)
  r <- 0.95^abs(outer(1:30, 1:30, "-")) * outer(sign, sign)
  z <- stats::setNames(12 * r[16, ], paste0("rs", 1:30))
  z[15] <- -z[15]
  found <- check_consistency(z, r, n = 10000)
  expect_s3_class(found, "seqgen_ConsistencyResult")
  expect_identical(names(which(found$verdict == "flipped")), "rs15")
  expect_match(found$warnings, "alleles were switched")
  table <- as.data.frame(found)
  expect_identical(rownames(table)[!is.na(table$reason)], "rs15")
  expect_gt(abs(table["rs15", "z_expected"]), 8)
  expect_identical(summary(found)$contradict_the_LD$variant, "rs15")
  z[15] <- -z[15]
  sound <- check_consistency(z, r, n = 10000)
  expect_identical(sound$warnings, character())
  expect_true(all(sound$verdict == "ok"))
  expect_error(check_consistency(z, r, min_abs_z = -1), class = "seqgen_input_error")
})

test_that("a prior is learned around a fine-mapper of R", {
  skip_without_python()
  annotations <- prior_annotations(data.frame(
    locus = rep(c("a", "b"), each = 5), log_lik_ratio = rep(c(NA, -5, NA), c(2, 1, 7)),
    residue_change = rep(c(NA, "K2W", NA, "R5Q", NA), c(2, 1, 2, 1, 4))
  ))
  expect_identical(which(annotations$missense == 1), c(3L, 6L))
  r <- 0.95^abs(outer(1:5, 1:5, "-"))
  z <- list(a = 7 * r[3, ], b = 7 * r[1, ])
  rounds <- NULL
  fine_map <- function(weights) {
    Map(function(z, w) susie_rss(z, r, n = 5000, prior_weights = w, L = 1), z, weights[names(z)])
  }
  fit <- fit_prior(annotations, fine_map,
    terms = "missense", penalty_sd = c(missense = 2),
    progress = function(round, of, text) rounds <<- c(rounds, round)
  )
  expect_true(fit$converged)
  expect_gt(fit$coefficients$estimate, 1)
  expect_identical(rounds, seq_along(rounds))
  expect_identical(rownames(fit$left_out), c("a", "b"))
  weights <- prior_weights(annotations, fit$coefficients)
  expect_equal(log(weights[[3]] / weights[[1]]), fit$coefficients$estimate)
  expect_error(fit_prior(annotations, fine_map, terms = "x"), class = "seqgen_input_error")
})

test_that("the flow runs with a list of options, and its page can be written again", {
  skip_without_python()
  out <- tempfile()
  result <- run(seqgen_example("sumstats"), seqgen_example("panel"), out,
    options = list(
      model = "blosum62", methods = "wild-type-marginal", L = 3,
      regions = "22:27130730-27631389", prior_coefficients = c(missense = 3)
    ),
    panel_name = "EUR"
  )
  expect_s3_class(result, c("seqgen_RunResult", "seqgen_result"))
  expect_identical(result$tables$loci$panel, "EUR")
  expect_identical(result$tables$prior_coefficients$estimate, 3)
  page <- file.path(out, "again.html")
  expect_identical(write_report(result$tables, page, result$provenance), page)
  expect_identical(readLines(page, warn = FALSE), readLines(result$report, warn = FALSE))
  expect_error(run("nowhere", "nowhere", out), class = "seqgen_missing_file_error")
  expect_error(run_demo(out, model = "no such"), class = "seqgen_model_error")
})
