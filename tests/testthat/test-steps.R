# The steps between reading and fine-mapping give what the flow gives that runs them all.

sumstats_path <- function() seqgen_example("sumstats")

test_that("LD of aligned variants is signed by their effect alleles", {
  skip_without_python()
  panel <- read_panel(seqgen_example("panel"))
  loci <- find_loci(read_sumstats(sumstats_path()), regions = "22:20525247-21067183")
  aligned <- align_to_panel(read_sumstats(sumstats_path()), panel)
  variants <- split_by_locus(aligned, loci)[[1]]
  some <- variants[c(9, 2, 5, 30), ]
  r <- panel_ld(some, panel)
  expect_identical(dimnames(r), list(some$rsid, some$rsid))
  sign <- ifelse(some$flipped, -1, 1)
  expect_setequal(sign, c(-1, 1))
  counts <- panel$genotypes(some$panel_index)
  means <- colMeans(counts, na.rm = TRUE)
  counts[is.na(counts)] <- means[col(counts)[is.na(counts)]]
  expect_equal(unname(r), stats::cor(counts) * outer(sign, sign), tolerance = 1e-6)
  expect_identical(diag(unname(r)), rep(1, 4))
  expect_identical(panel_ld(some[c("panel_index", "flipped")], panel), unname(r))
  if (requireNamespace("data.table", quietly = TRUE)) {
    expect_identical(panel_ld(data.table::as.data.table(some), panel), r)
  }
  some$rsid[1:2] <- c(NA, some$rsid[3])
  place <- with(some, paste(chrom, pos, other_allele, effect_allele, sep = ":"))
  expect_identical(rownames(panel_ld(some, panel)), c(place[1:3], some$rsid[4]))
  expect_error(panel_ld(loci, panel), "no column panel_index", class = "seqgen_input_error")
  covariates <- matrix(rnorm(2 * panel$n_people), ncol = 2)
  left <- stats::residuals(stats::lm(counts ~ covariates))
  expect_equal(
    unname(panel_ld(some, panel, covariates, missing = "mean")),
    stats::cor(left) * outer(sign, sign),
    tolerance = 1e-6
  )
  named <- as.data.frame(covariates, row.names = panel$people)
  expect_equal(
    panel_ld(some, panel, named[rev(seq_len(nrow(named))), ]), panel_ld(some, panel, covariates)
  )
  few <- panel$take(some$panel_index)
  whole <- panel_ld(NULL, few)
  expect_identical(rownames(whole), few$variants$rsid)
  expect_equal(whole * outer(sign, sign), r, ignore_attr = "dimnames")
  expect_error(panel_ld(NULL, few, missing = "zero"), "'pairwise' or 'mean'")
  other <- read_panel(seqgen_example("panel"), region = "22:20600000-21067183")
  expect_error(panel_ld(some, other), "align them again", class = "seqgen_input_error")
})

test_that("variants are split by locus", {
  skip_without_python()
  sumstats <- read_sumstats(sumstats_path())
  loci <- find_loci(sumstats)[c(3, 1), ]
  parts <- split_by_locus(sumstats, loci)
  expect_named(parts, loci$locus)
  expect_identical(unname(vapply(parts, nrow, 0L)), loci$n_variants)
  kept <- with(sumstats, chrom == loci$chrom[2] & pos >= loci$start[2] & pos <= loci$end[2])
  expect_equal(parts[[2]], sumstats[kept, ], ignore_attr = c("row.names", "drops"))
  loci$chrom <- 22
  expect_error(split_by_locus(sumstats, loci), "chrom is 22", class = "seqgen_input_error")
})

test_that("residue changes and provenance are those of the run", {
  skip_without_python()
  out <- tempfile()
  on.exit(unlink(out, recursive = TRUE))
  options <- list(model = "blosum62", regions = "22:43000000-43900000")
  result <- run(sumstats_path(), seqgen_example("panel"), out, options = options)
  annotations <- read_table(file.path(out, "annotations.parquet"))
  changes <- residue_changes(annotations, result$tables$scores, "average")
  model <- result$tables$scores
  model <- model[!model$method %in% c("average", "homolog-profile"), ]
  added <- add_homologs(model)
  expect_setequal(do.call(paste, added), do.call(paste, result$tables$scores))
  expect_identical(anyDuplicated(changes$rsid), 0L)
  told <- as.data.frame(result$tables$variants)
  told <- told[!is.na(told$residue_change), ]
  columns <- c("gene", "uniprot", "residue_change", "log_lik_ratio")
  found <- as.data.frame(changes)[match(told$rsid, changes$rsid), columns]
  expect_gt(nrow(found), 5)
  expect_equal(found, told[columns], ignore_attr = "row.names")
  expect_error(residue_changes(annotations, result$tables$scores, "x"), "masked-marginal",
    class = "seqgen_input_error"
  )
  for (path in c(out, result$report, file.path(out, "variants.parquet"))) {
    expect_identical(read_provenance(path)$model$name, "blosum62")
  }
  expect_identical(read_provenance(out)[names(result$provenance)], result$provenance)
  expect_error(read_provenance(tempdir()), "no provenance.json", class = "seqgen_input_error")
})

test_that("parts that R wrote are put together", {
  skip_without_python()
  paths <- tempfile(c("b", "a"), fileext = c(".parquet", ".tsv"))
  on.exit(unlink(c(paths, paste0(paths, ".provenance.json"))))
  for (part in 2:1) {
    write_table(data.frame(value = part * 10), paths[3 - part],
      provenance = list(seed = 1), shard = c(part, 2)
    )
  }
  expect_identical(read_provenance(paths[1])$shard$part, 2L)
  merged <- merge_shards(paths)
  expect_equal(merged$table$value, c(10, 20))
  expect_equal(merged$provenance, list(seed = 1, merged = 2))
  expect_error(write_table(data.frame(a = 1), paths[1], shard = c(3, 2)), "shard is",
    class = "seqgen_input_error"
  )
  write_table(data.frame(a = 1), paths[1])
  expect_error(merge_shards(paths), "argument shard", class = "seqgen_input_error")
  expect_identical(read_provenance(paths[1]), stats::setNames(list(), character()))
})

test_that("dates stay dates in Parquet", {
  skip_without_python()
  path <- tempfile(fileext = ".parquet")
  on.exit(unlink(path))
  table <- data.frame(
    day = as.Date(c("2024-02-29", NA, "1899-12-31")),
    time = as.POSIXct(c(0, NA, 86400), origin = "1970-01-01", tz = "UTC")
  )
  write_table(table, path)
  expect_equal(as.data.frame(read_table(path)), table)
  write_table(table[0, ], path, allow_empty = TRUE)
  expect_s3_class(read_table(path)$day, "Date")
})

test_that("what was left out is a table, without rows if nothing was", {
  skip_without_python()
  model <- load_model("blosum62")
  change <- data.frame(uniprot = "P1", position = 2, ref_aa = "K", alt_aa = "W")
  told <- drops(score_variants(change, c(P1 = "MKV"), model))
  expect_identical(dim(told), c(0L, 5L))
  expect_null(drops(change))
})

test_that("messages name columns as R does", {
  skip_without_python()
  path <- tempfile(fileext = ".tsv")
  on.exit(unlink(path))
  writeLines(c("CHR\tBP\tSNP\tA1\tA2\tBETA\tSE\tP", "1\t5\trs1\tA\tG\t0.1\t0.02\t1e-6"), path)
  expect_error(read_sumstats(path), class = "seqgen_input_error",
    'columns = c(effect_allele = "A1", other_allele = "A2")', fixed = TRUE
  )
})

test_that("matrices of whole numbers stay these, and names cost next to nothing", {
  skip_without_python()
  counts <- matrix(c(0L, NA, 2L, 1L, NA, 0L), 2)
  expect_identical(echo(counts), counts)
  r <- 0.9^abs(outer(1:8, 1:8, "-"))
  named <- r
  dimnames(named) <- rep(list(paste0("rs", 1:8)), 2)
  bare <- susie_rss(7 * r[4, ], r, n = 500)
  expect_identical(unname(susie_rss(7 * r[4, ], named, n = 500)$alpha), bare$alpha)
  wide <- as.data.frame(matrix(c(1.5, NA, NaN, -0), 2, 100))
  expect_identical(as.data.frame(echo(wide)), wide)
})

test_that("variants are followed through gene models", {
  skip_without_python()
  folder <- tempfile()
  dir.create(folder)
  gff <- file.path(folder, "a.gff3")
  fasta <- file.path(folder, "a.fa")
  writeLines(c(
    "1\tme\tgene\t3\t35\t.\t+\t.\tID=gene:G;Name=ABC;biotype=protein_coding",
    "1\tme\tmRNA\t3\t35\t.\t+\t.\tID=transcript:T;Parent=gene:G;biotype=protein_coding",
    "1\tme\tCDS\t3\t35\t.\t+\t0\tParent=transcript:T;protein_id=P"
  ), gff)
  writeLines(c(">1", "CCATGCGTAAAGAACTGTGGGCTGCTCGTGATTAACC"), fasta)
  variants <- data.frame(
    chrom = "1", pos = c(6, 5, 36), ref = c("C", "GCGT", "A"), alt = c("T", "G", "G")
  )
  found <- annotate(variants, gff = gff, fasta = fasta)
  expect_identical(found$hgvs_p, c("p.Arg2Cys", "p.Arg2del"))
  expect_true(any(grepl("neither allele", drops(found)$reason)))
  made <- mutant_proteins(found, gff, fasta)
  expect_identical(made$sequence, c("MCKELWAARD", "MKELWAARD"))
  proteins <- unlist(reference_proteins(unique(made$transcript), gff, fasta))
  expect_identical(proteins, c(T = "MRKELWAARD"))
  scored <- score_mutants(made, proteins, load_model("blosum62"))
  expect_setequal(scored$mutant, made$hgvs_p)
  expect_error(annotate(variants, gff = gff), "fasta", class = "seqgen_input_error")
})

test_that("the profile of relatives is a table of scores", {
  skip_without_python()
  table <- homolog_scores()
  expect_identical(unique(table$method), "homolog-profile")
  known <- merge(missense_map(), table)
  means <- tapply(known$log_lik_ratio, known$clinical, mean)
  expect_lt(means[["pathogenic"]], means[["benign"]] - 0.5)
  expect_true(all(table$depth >= 1))
})
