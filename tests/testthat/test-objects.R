people <- paste0("p", 1:300)

as_ranges <- function(table) {
  build <- attr(table, "genome_build")
  names(table)[names(table) == "pos"] <- "start"
  if (!"end" %in% names(table)) {
    table$end <- table$start
  }
  ranges <- GenomicRanges::makeGRangesFromDataFrame(table, keep.extra.columns = TRUE)
  if (!is.null(build)) {
    info <- attr(ranges, "seqinfo")
    attr(info, "genome") <- rep_len(build, length(attr(info, "genome")))
    attr(ranges, "seqinfo") <- info
  }
  ranges
}

test_that("handles print, are read, called and completed", {
  skip_without_python()
  model <- load_model("blosum62")
  expect_s3_class(model, "seqgen_object")
  expect_output(print(model), "SubstitutionModel('blosum62'", fixed = TRUE)
  expect_output(str(model), "SubstitutionModel")
  expect_identical(model$name, "blosum62")
  expect_identical(model[["name"]], "blosum62")
  expect_true("log_probs" %in% names(model))
  expect_identical(.DollarNames(model, "^alph"), "alphabet")
  expect_identical(dim(model$log_probs("MKV")[[1]]), c(3L, 20L))
  expect_error(model$nothing, "it has name", class = "seqgen_input_error")
  expect_error(as.data.frame(model), "no table", class = "seqgen_input_error")
})

test_that("tables of handles are read with arguments", {
  skip_without_python()
  family <- py_call("read_alignment", list(path = seqgen_example("alignment")))
  couplings <- py_call("mean_field_couplings", list(alignment = family))
  expect_s3_class(couplings, "seqgen_Couplings")
  far <- as.data.frame(couplings, min_separation = 6)
  expect_gte(min(far$position_2 - far$position_1), 6)
  scores <- as.matrix(couplings)
  expect_identical(dim(scores), c(258L, 258L))
  first <- far[1, ]
  expect_equal(
    scores[paste0(first$residue_1, first$position_1), paste0(first$residue_2, first$position_2)],
    first$score
  )
})

test_that("handles do not outlive their session", {
  skip_without_python()
  file <- tempfile(fileext = ".rds")
  model <- load_model("blosum62")
  key <- unclass(model)$key
  session <- key$session
  key$session <- "another"
  expect_error(format(model), "another R session", class = "seqgen_input_error")
  key$session <- session
  held <- py_call(".held")
  rm(model, key)
  gc()
  expect_lt(py_call(".held"), held)
})

test_that("results are lists of tables", {
  skip_without_python()
  family <- py_call("read_alignment", list(path = seqgen_example("alignment")))
  depth <- py_call("alignment_depth", list(alignment = family))
  expect_s3_class(depth, c("seqgen_Depth", "seqgen_result"))
  expect_output(print(depth), "$n_sequences: 1591", fixed = TRUE)
  expect_identical(as.data.frame(depth)$n_sequences, 1591L)
  expect_error(as.data.frame(PairOptions()), "holds no table")
  result <- structure(
    list(pairs = data.frame(a = 1:3, b = 1), model = matrix(1, 2, 2), notes = character()),
    class = c("seqgen_X", "seqgen_result")
  )
  expect_identical(as.data.frame(result), result$pairs)
  expect_output(print(result), "table of 3 rows: a, b\n$model: matrix [2 x 2]\n$notes: none",
    fixed = TRUE
  )
  options <- py_call("PairOptions", list(window = 5))
  expect_identical(options$window, 5L)
  expect_output(print(structure(list(m = load_model("blosum62")), class = "seqgen_result")),
    "SubstitutionModel"
  )
})

test_that("rows are counted from 1, none is NA", {
  skip_without_python()
  family <- read_alignment(seqgen_example("alignment"))
  expect_identical(family$focus, 1L)
  expect_identical(family$rows(c(3, 1))$names, family$names[c(3, 1)])
  expect_identical(family$rows(c(3, 1))$focus, 2L)
  expect_null(family$rows(2)$focus)
  expect_identical(family$columns(2:4)$focus_sequence, substr(family$focus_sequence, 2, 4))
  expect_identical(family$columns(keep = 4)$residues$positions, family$residues$positions[4])
  mask <- seq_len(family$length) %in% 2:4
  expect_identical(family$columns(mask)$focus_sequence, substr(family$focus_sequence, 2, 4))
  expect_identical(family$columns(-(2:4))$length, family$length - 3L)
  expect_identical(family$residues$take(2)$letters, substr(family$focus_sequence, 2, 2))
  for (bad in list(0, 259, 1.5, c(-1, 1), c(1, NA), "a", c(TRUE, FALSE))) {
    expect_error(family$columns(bad), "keep: ", class = "seqgen_input_error")
  }
  chain <- read_structure(seqgen_example("structure"))$chain("A")
  expect_identical(substr(chain$label(1), 1, 1), substr(chain$letters, 1, 1))
  expect_identical(max(chain$atom_residue), 335L)
  distances <- residue_distances(
    as_residues(paste0(family$focus_sequence, "WWW")), family$residues,
    read_structure(seqgen_example("structure"))
  )
  places <- distances$row_place[1, ]
  expect_identical(substring(chain$letters, places[1:9], places[1:9]), strsplit(substr(
    family$focus_sequence, 1, 9
  ), "")[[1]])
  expect_true(all(distances$row_map[!is.na(distances$row_map)] == 1))
  expect_identical(is.na(distances$row_map), is.na(distances$values))
  sites <- fit_mean_field(family$columns(1:5))
  expect_identical(sites$pair(1, 2), sites$couplings[1, , ])
  model <- load_model("blosum62")
  expect_false(identical(model$log_probs("MKV", 2)[[1]], model$log_probs("MKV")[[1]]))
  expect_identical(
    model$log_probs(c("MKV", "MKV"), c(NA, 2))[[2]], model$log_probs("MKV", 2)[[1]]
  )
  expect_identical(model$log_probs("MKV", 2)[[1]][-2, ], model$log_probs("MKV")[[1]][-2, ])
})

test_that("what is the working of a method is not shown; missing calls are NA", {
  skip_without_python()
  genotypes <- matrix(rep(c(0, 1, 2, NA, 1, 0, 2, 2), 10), 20,
    dimnames = list(paste0("p", 1:20), paste0("rs", 1:4))
  )
  set.seed(1)
  genotypes[] <- genotypes[sample(80)]
  design <- prepare_pairs(genotypes, stats::rnorm(20))
  expect_identical(sum(is.na(design$counts)), sum(is.na(genotypes)))
  expect_false(any(c("locate", "carriers") %in% names(design)))
  expect_error(design$locate("rs1", "x"), "has no", class = "seqgen_input_error")
  aligned <- align_to_panel(
    read_sumstats(seqgen_example("sumstats")), read_panel(seqgen_example("panel"))
  )
  expect_no_match(drops(aligned)$example, "panel_index|open=")
})

test_that("alignments are made of what is in R", {
  skip_without_python()
  rows <- c(human = "MKVL", mouse = "MRVL", fly = "MK-L")
  family <- as_alignment(rows, name = "P1", start = 11)
  expect_identical(as.character(family), rows)
  expect_identical(dim(family), c(3L, 4L))
  expect_identical(colnames(as.matrix(family)), c("M11", "K12", "V13", "L14"))
  expect_identical(as.matrix(as_alignment(as.matrix(family), name = "P1", start = 11)),
    as.matrix(family)
  )
  expect_identical(as.data.frame(family)$sequence, unname(rows))
  made <- Alignment(names(rows), as.matrix(family), family$residues, focus = 2)
  expect_identical(made$focus, 2L)
  expect_identical(made$codes, family$codes)
  expect_identical(Alignment(names(rows), family$codes, "MKVL")$codes, family$codes)
  expect_error(Alignment("a", matrix("B"), "M"), "letter B", class = "seqgen_input_error")
  expect_error(Alignment("a", matrix("A"), "M", focus = 2), "1 to 1", class = "seqgen_input_error")
  expect_error(as_alignment(c("MK", "MKV")), "sequence2", class = "seqgen_input_error")
})

test_that("couplings are made of a matrix or a table of another tool", {
  skip_without_python()
  family <- read_alignment(seqgen_example("alignment"))$columns(1:20)
  couplings <- mean_field_couplings(family)
  scores <- as.matrix(couplings)
  diag(scores) <- 0
  again <- as_couplings(scores, method = "own", name = "P31751")
  expect_true(again$symmetric)
  columns <- c("protein_1", "position_1", "residue_2", "score")
  expect_identical(as.data.frame(again)[columns], as.data.frame(couplings)[columns])
  expect_identical(as.data.frame(again)$method[1], "own")
  expect_equal(as.matrix(as_couplings(unname(scores), family)), as.matrix(couplings))
  expect_equal(as.matrix(as_couplings(as.data.frame(couplings))), as.matrix(couplings))
  whole <- Couplings(couplings$scores, couplings$rows, couplings$columns, "own",
    raw = couplings$raw, diagnostics = list(lambda = 1)
  )
  expect_true(whole$symmetric)
  expect_equal(whole$diagnostics$lambda, 1)
  expect_identical(whole$raw, couplings$raw)
  two <- as_couplings(matrix(1:6 + 0, 2), "MK", "VLA")
  expect_false(two$symmetric)
  expect_identical(dim(two), c(2L, 3L))
  expect_error(as_couplings(matrix(1:4, 2), "MK"), "not symmetric", class = "seqgen_input_error")
  expect_error(as_couplings(matrix(0, 2, 2)), "row names", class = "seqgen_input_error")
  expect_error(as_couplings(data.frame(a = 1)), "position_1", class = "seqgen_input_error")
  expect_error(as_couplings(1:3), "integer", class = "seqgen_input_error")
})

test_that("residues are told in several ways", {
  skip_without_python()
  told <- as_residues(c("P1:K2", "P2:V7"))
  expect_equal(as.data.frame(told),
    ignore_attr = "class",
    data.frame(protein = c("P1", "P2"), position = c(2L, 7L), residue = c("K", "V"))
  )
  expect_identical(as.character(told), c("P1:K2", "P2:V7"))
  expect_identical(as.data.frame(as_residues(as.data.frame(told))), as.data.frame(told))
  expect_identical(as.character(as_residues("MKV", start = 5)), c("M5", "K6", "V7"))
  expect_identical(as.data.frame(as_residues("K7", name = "P3"))$protein, "P3")
  expect_length(told, 2)
  expect_error(as_residues(3), "numeric", class = "seqgen_input_error")
  expect_error(as_residues(data.frame(a = 1)), "lacks position", class = "seqgen_input_error")
})

test_that("models are made of their parameters", {
  skip_without_python()
  fields <- matrix(0, 3, 20)
  fields[2, 9] <- 2
  model <- PottsModel("ACDEFGHIKLMNPQRSTVWY", fields, NULL, "MKV", settings = list(by = "hand"))
  expect_equal(model$energy(c("MKV", "MAV")), c(2, 0))
  expect_identical(model$settings$by, "hand")
  fitted <- fit_mean_field(read_alignment(seqgen_example("alignment"))$columns(1:4))
  again <- PottsModel(fitted$letters, fitted$fields, fitted$couplings, fitted$residues)
  expect_identical(again$revision, fitted$revision)
  contacts <- AttentionContacts(c(0.5, 0), -3, model$revision, list())
  expect_identical(contacts$coefficients, c(0.5, 0))
  expect_error(PottsModel("AC", fields, NULL, "MKV"), class = "seqgen_input_error")
})

test_that("options have Python's names and defaults", {
  skip_without_python()
  made <- list(
    GxGOptions = GxGOptions(), PairOptions = PairOptions(), TransOptions = TransOptions(),
    WeightOptions = WeightOptions(), RunOptions = RunOptions(), SusieOptions = SusieOptions()
  )
  for (name in names(made)) {
    python <- py_call(".parameters", list(name))
    expect_setequal(names(made[[name]]), python$names)
    expect_identical(names(formals(name)), as.character(python$names))
    expect_equal(made[[name]], py_call(name, list()), info = name)
  }
  expect_null(GxGOptions(lead_p = NULL)$lead_p)
  expect_identical(GxGOptions(weights = WeightOptions(alpha = 0.2))$weights$alpha, 0.2)
  expect_error(WeightOptions(alpha = 3), "alpha is 3", class = "seqgen_input_error")
  r <- 0.9^abs(outer(1:8, 1:8, "-"))
  fit <- susie_rss(7 * r[4, ], r, n = 5000, options = SusieOptions(max_iter = 1))
  expect_identical(fit$niter, 1L)
})

test_that("data.table and GRanges are taken where a data.frame is", {
  skip_without_python()
  sumstats <- head(read_sumstats(seqgen_example("sumstats")), 400)
  panel <- read_panel(seqgen_example("panel"))
  variants <- data.frame(variant = paste0("rs", 1:3), chrom = "1", pos = c(10, 2e6, 9e6))
  genes <- data.frame(gene = c("A", "B"), chrom = "1", start = c(5, 8.9e6), end = c(20, 9.1e6))
  set.seed(1)
  genotypes <- matrix(stats::rbinom(900, 2, 0.4), 300, dimnames = list(people, variants$variant))
  design <- function(table) {
    prepare_pairs(genotypes, genotypes[, 1] + stats::rnorm(300), variants = table)$variants
  }
  calls <- list(
    list(sumstats, function(x) find_loci(x, regions = "22:17054720-17600000")),
    list(sumstats, function(x) annotate(x, missense_map())),
    list(sumstats, function(x) align_to_panel(x, panel)),
    list(variants, function(x) design(x)[c("variant", "chrom", "pos")]),
    list(variants, function(x) format(plan_exclusions(x, c("A", "B"), genes, cis_window = 100))),
    list(genes, function(x) {
      traits <- cbind(A = genotypes[, 1], B = genotypes[, 3]) + stats::rnorm(600)
      scan_trans(prepare_trans(genotypes, traits, variants = variants),
        exclusions = plan_exclusions(variants, c("A", "B"), x, cis_window = 100)
      )$n_cis
    })
  )
  for (one in calls) {
    expected <- one[[2]](one[[1]])
    if (requireNamespace("data.table", quietly = TRUE)) {
      expect_equal(one[[2]](data.table::as.data.table(one[[1]])), expected)
    }
    if (requireNamespace("GenomicRanges", quietly = TRUE)) {
      expect_equal(one[[2]](as_ranges(one[[1]])), expected)
    }
  }
})

test_that("tables are tibbles where these are used", {
  skip_without_python()
  skip_if_not_installed("tibble")
  loadNamespace("tibble")
  family <- as_alignment(c(a = "MKV", b = "MRV"))
  expect_s3_class(as.data.frame(family), "tbl_df")
  expect_s3_class(as.data.frame(family$residues), "tbl_df")
  expect_s3_class(as.data.frame(alignment_depth(family)), "tbl_df")
  expect_s3_class(missense_map(), "tbl_df")
})
