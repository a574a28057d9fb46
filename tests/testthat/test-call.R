test_that("errors have classes, the wrapper's call and Python's traceback", {
  skip_without_python()
  error <- tryCatch(read_sumstats("nowhere"), seqgen_missing_file_error = identity)
  expect_s3_class(error, c("seqgen_missing_file_error", "seqgen_input_error", "seqgen_error",
    "error"
  ), exact = FALSE)
  expect_match(conditionMessage(error), "nowhere: no such file")
  expect_false(grepl("Traceback", conditionMessage(error)))
  expect_match(error$traceback, "Traceback")
  expect_identical(conditionCall(error)[[1]], quote(read_sumstats))
  old <- options(seqgen.traceback = TRUE)
  on.exit(options(old))
  expect_error(read_sumstats("nowhere"), "Traceback")
})

test_that("warnings are warnings, what goes to stderr is a message, stdout is cat", {
  skip_without_python()
  expect_warning(py_call(".talk", list("warn")), "warn", class = "seqgen_warning")
  expect_message(py_call(".talk", list("stderr")), "stderr")
  expect_output(py_call(".talk", list("stdout")), "stdout")
})

test_that("progress is shown on request, and given functions are called", {
  skip_without_python()
  change <- data.frame(uniprot = "P1", position = 2, ref_aa = "K", alt_aa = "W")
  model <- load_model("blosum62")
  seen <- NULL
  told <- function(done, total) seen <<- rbind(seen, c(done, total))
  score <- function(...) score_variants(change, c(P1 = "MKV"), model, ...)
  table <- score(progress = told)
  expect_identical(table$method, c("masked-marginal", "wild-type-marginal"))
  expect_true(seen[nrow(seen), 1] == seen[nrow(seen), 2])
  expect_error(score(progress = function(...) stop("enough")), "enough", class = "seqgen_error")
  old <- options(seqgen.progress = TRUE)
  on.exit(options(old))
  expect_identical(score(), table)
})

test_that("a line of progress tells what Python's functions tell", {
  line <- progress_line()
  out <- capture.output(
    {
      line(5, 10)
      line("pairs", 10, 10)
      line(2, 3.25)
    },
    type = "message"
  )
  shown <- sub(".*\r", "", out)
  expect_match(shown[1], "pairs: 10 of 10")
  expect_match(shown[2], "2.00 of 3.25")
})

test_that("interrupts are interrupts", {
  told <- withRestarts(
    tryCatch(interrupt(), interrupt = function(e) "interrupt"),
    abort = function() "abort"
  )
  expect_identical(told, "interrupt")
  expect_identical(withRestarts(interrupt(), abort = function() "abort"), "abort")
})

test_that("the session is told of what is missing", {
  error <- tryCatch(stop_without_python("no module named x\nmore"), error = identity)
  expect_s3_class(error, "seqgen_python_missing_error")
  expect_match(conditionMessage(error), "install_seqgen(", fixed = TRUE)
  expect_match(conditionMessage(error), "Python said: no module named x\n")
  old <- options(seqgen.dispatch = function(name, args) NULL)
  on.exit(options(old))
  expect_error(py_call("x"), "did not answer")
})

test_that("rows left out are counted", {
  skip_without_python()
  changes <- annotate(read_sumstats(seqgen_example("sumstats")), missense_map())
  expect_named(drops(changes), c("stage", "reason", "action", "count", "example"))
  expect_identical(drops(list(drops = 3)), 3)
  expect_null(drops(1:3))
  scores <- score_variants(changes[1, ], human_proteins(), load_model("blosum62"))
  expect_identical(nrow(scores), 2L)
})

test_that("NULL is a value where Python takes None, and told where it does not", {
  skip_without_python()
  sumstats <- read_sumstats(seqgen_example("sumstats"))
  expect_error(find_loci(sumstats, flank = NULL),
    "flank is NULL; expected a whole number, or leave it out for the default, 250000",
    fixed = TRUE, class = "seqgen_input_error"
  )
  links <- tempfile(fileext = ".tsv")
  writeLines(c(
    "gene_1\tgene_2\tOrganism ID Interactor A\tOrganism ID Interactor B",
    "A\tB\t9606\t9606", "C\tD\t10090\t10090"
  ), links)
  expect_identical(nrow(read_gene_pairs(links)), 1L)
  expect_identical(nrow(read_gene_pairs(links, taxon = NULL)), 2L)
  r <- diag(3)
  expect_identical(susie_rss(1:3, r, n = 99, options = NULL)$pip, susie_rss(1:3, r, n = 99)$pip)
})

test_that("an unknown option or argument is named with those there are", {
  skip_without_python()
  expect_error(susie_rss(1:3, diag(3), n = 99, options = list(max_itr = 5)),
    "options: SusieOptions has no option 'max_itr'; it has tol, max_iter",
    fixed = TRUE, class = "seqgen_input_error"
  )
  expect_error(py_call("read_fasta", list(pth = "x")), "read_fasta has no argument 'pth'",
    class = "seqgen_input_error"
  )
})

test_that("values of a wrong kind are told by the name of the argument, in R's words", {
  skip_without_python()
  changes <- missense_map()
  expect_error(annotate(as.list(changes), changes),
    "sumstats is a named list; expected a data.frame",
    class = "seqgen_input_error"
  )
  expect_error(scan_pairs(diag(3)), "design is a matrix of 3 x 3; expected a PairDesign",
    class = "seqgen_input_error"
  )
  expect_error(merge_scans(load_model("blosum62")), "parts holds a handle of SubstitutionModel",
    class = "seqgen_input_error"
  )
  counts <- matrix(0:2, 3, dimnames = list(c("a", "b", "c"), NULL))
  expect_error(prepare_pairs(counts, c(a = 1)), "shared_people=TRUE", class = "seqgen_input_error")
})

test_that("a tilde is the home folder", {
  skip_without_python()
  expect_error(read_fasta("~/none.fa"), path.expand("~/none.fa"), fixed = TRUE)
})
