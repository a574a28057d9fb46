test_that("a fit has a table with names and sets", {
  skip_without_python()
  r <- 0.95^abs(outer(1:40, 1:40, "-"))
  z <- stats::setNames(9 * r[12, ], paste0("rs", 1:40))
  fit <- susie_rss(z, r, n = 5000, L = 1)
  table <- posterior_table(fit)
  expect_named(table, c("variant", "pip", "prior", "cs_id"))
  expect_identical(table$variant, names(z))
  expect_equal(table$pip, unname(fit$pip))
  expect_equal(table$prior, rep(1 / 40, 40))
  expect_identical(which(table$cs_id == 1L), as.integer(sort(fit$sets$cs[[1]])))
  expect_named(posterior_table(susie_rss(unname(z), r, n = 5000, L = 1)), names(table)[-1])
})

test_that("all substitutions of a protein are scored and drawn", {
  skip_without_python()
  changes <- all_substitutions("MKX", name = "P1")
  expect_equal(nrow(changes), 38)
  expect_identical(unique(changes$position), 1:2)
  expect_false(any(changes$ref_aa == changes$alt_aa))
  scored <- score_variants(changes, c(P1 = "MKX"), load_model("blosum62"),
    methods = "wild-type-marginal"
  )
  expect_equal(nrow(scored), 38)
  skip_if_not_installed("ggplot2")
  drawn <- plot_substitutions(scored[scored$position == 1, ])
  expect_s3_class(drawn, "ggplot")
  expect_identical(drawn$labels$title, "P1, blosum62, wild-type-marginal")
  expect_error(all_substitutions("M1"), "not a residue", class = "seqgen_input_error")
})

test_that("log probabilities are named, hidden positions count from one", {
  skip_without_python()
  model <- load_model("blosum62")
  shown <- model$log_probs("MKV")[[1]]
  hidden <- model$log_probs("MKV", masked_positions = 2)[[1]]
  expect_identical(dimnames(hidden), list(c("1", "2", "3"), strsplit(model$alphabet, "")[[1]]))
  expect_equal(hidden[c(1, 3), ], shown[c(1, 3), ])
  expect_false(isTRUE(all.equal(hidden["2", ], shown["2", ])))
})
