# Scores of mutants, of several models as one, and embeddings, as Python gives them.

test_that("mutants are scored", {
  skip_without_python()
  mutants <- data.frame(uniprot = "P1", mutant = c("K2W:V3A", "V3del", "L4fs"))
  model <- load_model("blosum62")
  scored <- score_mutants(mutants, c(P1 = "MKVLA"), model, methods = "one-pass-pseudo-log-odds")
  expect_identical(scored$mutant, mutants$mutant)
  expect_equal(scored$log_lik_ratio[1:2], c(2.10, -1.32), tolerance = 0.01)
  expect_match(drops(scored)$reason, "frameshift")
  expect_error(score_mutants(mutants[, "uniprot", drop = FALSE], c(P1 = "MKVLA"), model),
    class = "seqgen_input_error"
  )
})

test_that("what a model said is kept, and parts are those of the whole", {
  skip_without_python()
  folder <- tempfile("cache")
  proteins <- c(P1 = "MKVLA", P2 = "MKVW")
  change <- data.frame(uniprot = c("P1", "P2"), position = 2, ref_aa = "K", alt_aa = "W")
  score <- function(...) score_variants(change, proteins, load_model("default"), ...)
  expect_identical(score(cache = folder), score(cache = folder))
  expect_length(list.files(folder, pattern = "sqlite$"), 1)
  expect_error(score(cache = ""), "cache is empty", class = "seqgen_input_error")
  mutants <- data.frame(uniprot = c("P1", "P2"), mutant = "V3del")
  part <- score_mutants(mutants, proteins, load_model("blosum62"), shard = c(2, 2))
  expect_identical(unique(part$uniprot), "P2")
  vectors <- embed_proteins(proteins, load_model("blosum62"), shard = c(1, 2))
  expect_identical(rownames(vectors), "P1")
})

test_that("scores of several models are combined", {
  skip_without_python()
  changes <- all_substitutions("MKV", name = "P1")
  model <- load_model("blosum62")
  score <- function(method) score_variants(changes, c(P1 = "MKV"), model, methods = method)
  tables <- list(seen = score("wild-type-marginal"), hidden = score("masked-marginal"))
  both <- combine_scores(tables)
  ranks <- sapply(tables, function(table) (rank(table$log_lik_ratio) - 0.5) / nrow(table))
  expect_equal(both$combined, rowMeans(ranks), tolerance = 1e-6)
  labels <- both$seen < 0
  expect_error(combine_scores(tables, how = "logistic", labels = labels), "folds is 5")
  expect_error(combine_scores(tables, how = "logistic"), "labels are missing")
})

test_that("tables say what made their scores, parts of them and tibbles too", {
  skip_without_python()
  changes <- all_substitutions("MKV", name = "P1")
  model <- load_model("blosum62")
  score <- function() {
    score_variants(changes, c(P1 = "MKV"), model, methods = "wild-type-marginal")
  }
  check <- function(scored) {
    made <- attr(scored, "log_lik_ratio")
    expect_identical(made$model, "blosum62")
    expect_identical(made$methods, "wild-type-marginal")
    expect_identical(made$unit, "natural log")
    expect_match(made$sign, "negative: less likely than the reference")
    half <- scored[scored$position < 3, ]
    expect_identical(attr(half, "log_lik_ratio"), made)
    both <- combine_scores(list(one = scored, two = half))
    expect_identical(attr(both, "models"), list(one = made, two = made))
    expect_identical(attr(both, "combined")$of, c("one", "two"))
  }
  check(score())
  mutants <- data.frame(uniprot = "P1", mutant = "K2W")
  mutants <- score_mutants(mutants, c(P1 = "MKV"), model, methods = "one-pass-pseudo-log-odds")
  expect_identical(attr(mutants, "log_lik_ratio")$methods, "one-pass-pseudo-log-odds")
  expect_identical(attr(embed_proteins(c(P1 = "MKV"), model), "embedding")$pooling, "mean")
  skip_if_not_installed("tibble")
  loadNamespace("tibble")
  scored <- score()
  expect_s3_class(scored, "tbl_df")
  check(scored)
})

test_that("an ensemble is one model", {
  skip_without_python()
  both <- load_model(c("blosum62", "blosum62"))
  one <- load_model("blosum62")
  change <- data.frame(uniprot = "P1", position = 2, ref_aa = "K", alt_aa = "W")
  expect_equal(
    score_variants(change, c(P1 = "MKV"), both)$log_lik_ratio,
    score_variants(change, c(P1 = "MKV"), one)$log_lik_ratio
  )
})

test_that("residues, variants and neighbours have embeddings", {
  skip_without_python()
  model <- load_model("blosum62")
  path <- embed_residues(c(P1 = "MKV", P2 = "WW"), model, tempfile())
  residues <- read_residue_embeddings(path, "P2")
  expect_identical(dim(residues$P2), c(2L, 20L))
  change <- data.frame(uniprot = "P1", position = 2, ref_aa = "K", alt_aa = "W")
  moved <- embed_variants(change, c(P1 = "MKV"), model, at = "site")
  expect_equal(ncol(moved), 24)
  vectors <- embed_proteins(c(P1 = "MKV", P2 = "MKI", P3 = "WW"), model)
  near <- nearest_proteins(vectors, queries = "P1", k = 1)
  expect_identical(near$protein, "P2")
})

test_that("DNA in place of proteins is refused with its remedy", {
  skip_without_python()
  change <- data.frame(uniprot = "P1", position = 1, ref_aa = "A", alt_aa = "W")
  model <- load_model("blosum62")
  dna <- c(P1 = strrep("ATG", 10))
  told <- "the sequence holds A, C, G, T, U and N alone .*by score_dna_variants"
  for (call in list(
    quote(score_variants(change, dna, model)), quote(embed_proteins(dna, model)),
    quote(score_mutants(data.frame(uniprot = "P1", mutant = "A1W"), dna, model)),
    quote(all_substitutions(dna[[1]])), quote(categorical_jacobian(model, dna[[1]]))
  )) {
    expect_error(eval(call), told, class = "seqgen_input_error")
  }
  fasta <- tempfile(fileext = ".fa")
  writeLines(c(">P1", dna), fasta)
  expect_error(read_fasta(fasta), basename(fasta), class = "seqgen_input_error")
})

test_that("a protein model scores no DNA", {
  skip_without_python()
  fasta <- tempfile(fileext = ".fa")
  writeLines(c(">1", strrep("ACGT", 20)), fasta)
  variant <- data.frame(chrom = "1", pos = 5, ref = "A", alt = "C")
  expect_error(score_dna_variants(variant, fasta, load_model("blosum62")), "a model of DNA")
  expect_error(dna_embedding_distances(variant, fasta, load_model("blosum62")), "a model of DNA")
})
