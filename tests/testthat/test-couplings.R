kinases <- function(columns = 20) {
  family <- read_alignment(seqgen_example("alignment"))
  family$columns(seq_len(family$length) <= columns)
}

fasta <- function(headers, sequences) {
  file <- tempfile(fileext = ".fasta")
  writeLines(paste0(">", headers, "\n", sequences), file)
  read_alignment(file)
}

test_that("weights and depth are those of the alignment", {
  skip_without_python()
  family <- fasta(c("a", "b", "c"), c("ACDEF", "ACDEG", "HIKLM"))
  expect_identical(sequence_weights(family), c(0.5, 0.5, 1))
  expect_identical(sequence_weights(family, strict = TRUE), c(1, 1, 1))
  depth <- alignment_depth(family, weights = c(0.5, 0.5, 1))
  expect_identical(depth$neff, 2)
  expect_identical(depth$length, 5L)
  expect_false(depth$enough)
  expect_error(fit_potts(family), "too shallow", class = "seqgen_input_error")
})

test_that("couplings come as table and matrix", {
  skip_without_python()
  set.seed(1)
  letters <- strsplit("ACDEFGHIKLMNPQRSTVWY", "")[[1]]
  drawn <- matrix(sample(letters, 300 * 12, TRUE), 300)
  drawn[, 10] <- drawn[, 3]
  family <- fasta(paste0("s", 1:300), apply(drawn, 1, paste, collapse = ""))
  seen <- NULL
  couplings <- infer_couplings(family, progress = function(...) seen <<- c(seen, ..1))
  expect_gt(length(seen), 2)
  table <- as.data.frame(couplings, min_separation = 2)
  expect_identical(c(table$position_1[1], table$position_2[1]), c(3L, 10L))
  expect_identical(nrow(table), as.integer(choose(12, 2) - 11))
  scores <- as.matrix(couplings)
  name <- paste0(drawn[1, c(3, 10)], c(3, 10))
  expect_equal(scores[name[1], name[2]], table$score[1])
  expect_true(isSymmetric(scores))
  again <- potts_couplings(fit_plm(family))
  expect_equal(as.matrix(again), scores)
})

test_that("mean-field couplings have significance", {
  skip_without_python()
  part <- kinases()
  couplings <- mean_field_couplings(part)
  expect_null(couplings$z)
  model <- fit_potts(part, method = "mean-field")
  expect_equal(potts_couplings(model)$scores, couplings$scores)
  judged <- add_significance(couplings)
  z <- as.data.frame(judged)$z
  expect_identical(dim(judged$z), c(20L, 20L))
  expect_false(is.unsorted(-z[seq_len(5)]))
  direct <- mean_field_couplings(part, score = "direct-information")
  expect_true(all(direct$raw >= 0, na.rm = TRUE))
})

test_that("energies of mutants add up", {
  skip_without_python()
  part <- kinases()
  model <- fit_mean_field(part)
  singles <- single_mutants(model)
  expect_identical(nrow(singles), 20L * 19L)
  changes <- c("F152A", "Y154C", "F152A:Y154C", "F9A")
  energies <- mutant_energies(model, changes)
  expect_identical(energies$mutant, changes)
  expect_identical(is.na(energies$delta_energy), c(FALSE, FALSE, FALSE, TRUE))
  pair <- epistasis(model, "F152A", "Y154C")$epistasis
  expect_equal(energies$delta_energy[3], sum(energies$delta_energy[1:2]) + pair)
  expect_equal(epistasis_at(model, 152, 154)["A", "C"], pair)
  single <- singles$position == 152 & singles$alt_aa == "A"
  expect_equal(singles$delta_energy[single], energies$delta_energy[1])
  table <- data.frame(position = c(152, 154), ref_aa = c("F", "Y"), alt_aa = c("A", "C"))
  expect_equal(mutant_energies(model, table)$delta_energy, energies$delta_energy[1:2])
  table$mutant <- "both"
  expect_equal(mutant_energies(model, table)$delta_energy, energies$delta_energy[3])
  residues <- strsplit(part$residues$letters, "")[[1]]
  focus <- paste(residues, collapse = "")
  mutant <- paste(c("A", residues[-1]), collapse = "")
  expect_equal(diff(model$energy(c(focus, mutant))), energies$delta_energy[1])
  sites <- fit_site_independent(part)
  expect_null(sites$couplings)
  expect_identical(epistasis(sites, "F152A", c("Y154C", "Y154D"))$epistasis, c(0, 0))
})

test_that("families are paired by species, by names and as paralogs", {
  skip_without_python()
  one <- fasta(c("A1_ECOLI", "A2_ECOLI", "A_YEAST"), c("AC", "EF", "AF"))
  two <- fasta(c("B1_ECOLI", "B2_ECOLI", "B_YEAST"), c("ACD", "EFG", "ACG"))
  joint <- pair_alignments(one, two, names = c("A", "B"))
  expect_identical(unlist(joint$names), c("A1_ECOLI__B1_ECOLI", "A_YEAST__B_YEAST"))
  expect_identical(joint$residues$proteins, rep(c("A", "B"), 2:3))
  crossed <- data.frame(first = c("A1_ECOLI", "A2_ECOLI"), second = c("B2_ECOLI", "B1_ECOLI"))
  by_names <- pair_alignments(one, two, by = "pairs", pairs = crossed)
  expect_identical(unlist(by_names$names), c("A1_ECOLI__B2_ECOLI", "A2_ECOLI__B1_ECOLI"))
  for (known in list(list(c(1, 2)), cbind(1, 2), data.frame(row_1 = 1, row_2 = 2))) {
    found <- pair_paralogs(one, two, known = known)
    place <- match("A1_ECOLI", found$name_1)
    expect_identical(found$name_2[place], "B2_ECOLI")
    expect_identical(c(found$row_1[place], found$row_2[place]), 1:2)
    expect_identical(found$confidence[place], Inf)
  }
  as_found <- pair_alignments(one, two, by = "pairs", pairs = found)
  expect_setequal(unlist(as_found$names), paste(found$name_1, found$name_2, sep = "__"))
})

test_that("the block of two proteins is judged by itself", {
  skip_without_python()
  set.seed(2)
  draw <- function(n) matrix(sample(c("A", "C", "D", "E"), 200 * n, TRUE), 200)
  first <- draw(8)
  second <- draw(10)
  second[, 7] <- first[, 2]
  text <- function(drawn) apply(drawn, 1, paste, collapse = "")
  headers <- paste0("s", 1:200)
  joint <- pair_alignments(fasta(headers, text(first)), fasta(headers, text(second)),
    by = "row", names = c("P1", "P2")
  )
  block <- infer_couplings(joint, between = c("P1", "P2"))
  top <- as.data.frame(block)[1, ]
  expect_identical(c(top$position_1, top$position_2), c(2L, 7L))
  expect_identical(dim(as.matrix(block)), c(8L, 10L))
  expect_match(rownames(as.matrix(infer_couplings(joint)))[9], "^P2:.1$")
})

test_that("couplings are held against a structure", {
  skip_without_python()
  structure <- read_structure(seqgen_example("structure"))
  couplings <- mean_field_couplings(kinases(140))
  distances <- residue_distances(couplings$rows, couplings$columns, structure)
  at <- couplings$rows$positions
  expect_equal(distances$values[at == 230, at == 290], 7.7, tolerance = 0.01)
  precision <- contact_precision(couplings, distances, tops = list("L/2", 10))
  expect_identical(precision$top[1:2], c("L/2", "10"))
  expect_identical(precision$n[1:2], c(70L, 10L))
  by_matrix <- contact_precision(couplings, distances$values, tops = list("L/2", 10))
  expect_equal(by_matrix, precision)
  table <- as.data.frame(couplings, min_separation = 6)[1:10, ]
  shown <- annotate_couplings(table, distances)
  expect_equal(mean(shown$contact), precision$precision[2])
  expect_identical(shown$number_1, as.character(table$position_1))
})

test_that("language models give couplings, contacts and embeddings", {
  skip_without_python()
  blosum <- load_model("blosum62")
  flat <- categorical_jacobian(blosum, "MKVLAGHEWD", name = "P1", start = 5)
  expect_equal(max(abs(flat$raw), na.rm = TRUE), 0)
  expect_identical(rownames(as.matrix(flat))[1], "M5")
  linked <- linked_jacobian(blosum, "MKVLA", "GHEWDR", shuffles = 2, linkers = c("GG", "GGG"))
  expect_identical(dim(linked$p), 5:6)
  expect_error(attention_contacts(blosum, "MKVLA"), "no attention", class = "seqgen_input_error")
  embedded <- embed_proteins(c(P1 = "MKV", P2 = "WW"), blosum)
  expect_identical(rownames(embedded), c("P1", "P2"))
  expect_identical(dim(embedded), c(2L, 20L))
  table <- data.frame(uniprot = c("P1", "P2"), sequence = c("MKV", "WW"))
  expect_equal(embed_proteins(table, blosum), embedded)
})

test_that("contacts fitted to attention are written and read", {
  skip_without_python()
  model <- load_model("default")
  sequence <- "MKVLAGHEWDTRLKVAGE"
  near <- matrix(FALSE, 18, 18)
  near[rbind(c(3, 10), c(10, 3), c(5, 16), c(16, 5))] <- TRUE
  fit <- fit_attention_contacts(model, list(list(sequence, near)), penalty = "l2", strength = 10)
  expect_identical(c(fit$settings$n_pairs, fit$settings$n_contacts), c(78L, 2L))
  file <- tempfile(fileext = ".json")
  expect_identical(write_attention_contacts(fit, file), file)
  again <- read_attention_contacts(file)
  expect_identical(again$coefficients, fit$coefficients)
  expect_equal(again$predict(model, sequence)$probability, fit$predict(model, sequence)$probability)
  expect_error(write_attention_contacts(list(a = 1), file), class = "seqgen_input_error")
  expect_error(read_attention_contacts("nowhere"), class = "seqgen_missing_file_error")
})

test_that("a missing search tool is named", {
  skip_without_python()
  old <- Sys.getenv("PATH")
  on.exit(Sys.setenv(PATH = old))
  Sys.setenv(PATH = "")
  database <- tempfile(fileext = ".fasta")
  writeLines(c(">a", "MKVLAGHEWDTRLKVAGE"), database)
  expect_error(
    search_homologs("MKVLAGHEWDTRLKVAGE", database, tool = "jackhmmer", out = tempfile()),
    class = "seqgen_missing_dependency_error"
  )
})
