test_that("run takes options as a list and returns tables", {
  skip_without_python()
  folder <- tempfile("run")
  on.exit(unlink(folder, recursive = TRUE))
  region <- "22:20525247-21067183"
  said <- character()
  result <- run(seqgen_example("sumstats"), seqgen_example("panel"), folder,
    options = list(
      regions = region, model = "blosum62", methods = "wild-type-marginal", L = 5,
      prior_coefficients = c(missense = 3)
    ),
    panel_name = "Europeans", progress = function(what, done, total) said <<- c(said, what)
  )
  expect_s3_class(result, c("seqgen_RunResult", "seqgen_result"))
  expect_setequal(names(result), c("folder", "report", "tables", "provenance"))
  expect_true(file.exists(result$report))
  expect_true(any(grepl("fine-mapping", said)))
  tables <- result$tables
  for (name in c("variants", "loci", "credible_sets", "prior_coefficients", "drops", "scores")) {
    expect_s3_class(tables[[name]], "data.frame")
  }
  expect_identical(tables$loci$locus, region)
  expect_gt(nrow(tables$variants), 100)
  expect_identical(tables$variants$rsid[which.max(tables$variants$pip)], "rs1477178")
  expect_true(anyNA(tables$variants$residue_change))
  expect_equal(tables$prior_coefficients$estimate, 3)
  # The columns are those that the schema tells of.
  expect_identical(names(tables$variants), table_schema("variants")$column)
  # The files hold the same.
  written <- list.files(folder, recursive = TRUE)
  expect_true(any(grepl("variants", written)))
  expect_output(print(result), "RunResult")
})

test_that("bad options are refused by name", {
  skip_without_python()
  try_run <- function(...) {
    run(seqgen_example("sumstats"), seqgen_example("panel"), tempfile(), options = list(...))
  }
  expect_error(try_run(coverage = 2), "coverage", class = "seqgen_input_error")
  expect_error(try_run(ld_correction = "all"), "ld_correction", class = "seqgen_input_error")
  expect_error(run("nowhere.tsv", "nowhere", tempfile()), class = "seqgen_missing_file_error")
})

test_that("the demo has two names, and tells of a model that is not there", {
  skip_without_python()
  expect_identical(seqgen_demo, run_demo)
  expect_error(seqgen_demo(tempfile(), model = "no such model"), class = "seqgen_model_error")
})

test_that("schemas tell what columns are", {
  skip_without_python()
  tables <- table_schema()
  expect_identical(names(tables), c("table", "row", "key", "columns"))
  expect_true(all(c("sumstats", "variants", "credible_sets", "transqtl") %in% tables$table))
  for (name in tables$table) {
    columns <- table_schema(name)
    expect_identical(toString(columns$column), tables$columns[tables$table == name])
    expect_identical(toString(columns$column[columns$key]), tables$key[tables$table == name])
    expect_true(all(nzchar(columns$meaning)), info = name)
    expect_true(all(columns$type %in% c("string", "int", "float", "bool")), info = name)
  }
  columns <- table_schema("credible_sets")
  expect_identical(columns$unit[columns$column == "log_bayes_factor"], "natural log")
  expect_type(columns$may_be_missing, "logical")
  expect_error(table_schema("nothing"), "sumstats", class = "seqgen_input_error")
})
