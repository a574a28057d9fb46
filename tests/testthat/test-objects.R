test_that("handles print, are read, called and completed", {
  skip_without_python()
  model <- load_model("blosum62")
  expect_s3_class(model, "seqgen_object")
  expect_output(print(model), "SubstitutionModel(name='blosum62'", fixed = TRUE)
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
  expect_error(as.data.frame(depth), "holds no table")
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
