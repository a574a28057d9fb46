# What is drawn, from the layers of the built plots.

skip_without_ggplot2 <- function() {
  skip_without_python()
  testthat::skip_if_not_installed("ggplot2")
}

layers_of <- function(plot) {
  built <- ggplot2::ggplot_build(plot)
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  # Drawing places the names.
  print(plot)
  stats::setNames(built$data, vapply(plot$layers, function(x) class(x$geom)[1], ""))
}

layer_of <- function(plot, geom) {
  found <- layers_of(plot)
  do.call(rbind, lapply(found[names(found) == geom], function(x) {
    x[intersect(c("x", "y", "colour", "fill", "shape", "label", "xend", "yend"), names(x))]
  }))
}

locus_table <- function() {
  data.frame(
    locus = "22:1-9", chrom = "22", pos = 45e6 + (1:8) * 1000, rsid = paste0("rs", 1:8),
    neg_log10_p = c(1, 5, 9, 20, 8, 7, 3, 2),
    r_lead = c(0.1, 0.5, -0.95, 1, 0.8, 0.7, 0.2, 0), gene = c(NA, "AKT2", rep(NA, 6)),
    residue_change = c(NA, "R5Q", rep(NA, 6)), ld_consistent = c(rep(TRUE, 7), FALSE),
    pip = c(0, 0.3, 0, 0.65, 0.05, 0, 0, 0), pip_flat = c(0, 0.1, 0, 0.8, 0.1, 0, 0, 0),
    pip_plain = c(0, 0, 0, 0.6, 0, 0, 0, 0.9), cs_id = c(NA, 1L, NA, 1L, 1L, NA, NA, NA),
    cs_id_flat = c(NA, NA, NA, 2L, 2L, NA, NA, NA)
  )
}

some_couplings <- function() {
  family <- read_alignment(seqgen_example("alignment"))
  mean_field_couplings(family$columns(seq_len(family$length) <= 25))
}

test_that("names are moved apart and stay in order", {
  expect_equal(spread(c(50, 50, 50), rep(10, 3), 0, 100), c(40, 50, 60))
  expect_equal(spread(c(10, 50), c(20, 20), 0, 100), c(10, 50))
  expect_equal(spread(c(1, 99), c(10, 10), 0, 100), c(5, 95))
  expect_equal(spread(numeric(), numeric(), 0, 1), numeric())
})

test_that("a locus is coloured by LD, and its lead and residue changes are named", {
  skip_without_ggplot2()
  plot <- plot_locus(locus_table(), panel = "EUR")
  found <- layers_of(plot)
  expect_setequal(found$GeomNamesAbove$label, c("rs4 (lead)", "AKT2 R5Q"))
  points <- found[names(found) == "GeomPoint"]
  expect_equal(vapply(points, nrow, 1L), c(6, 1, 1, 1), ignore_attr = TRUE)
  plain <- points[[1]]
  at <- function(k) plain$colour[abs(plain$x - (45 + k / 1000)) < 1e-9]
  expect_equal(at(3), "#D55E00")
  expect_equal(at(6), "#009E73")
  expect_equal(at(1), "#b4b9bf")
  expect_equal(points[[2]]$fill, "#56B4E9")
  expect_equal(points[[3]]$colour, "#4B2E83")
  expect_equal(points[[4]]$y, 2)
  expect_equal(found$GeomHline$yintercept, -log10(5e-8))
})

test_that("a locus needs little, and says what it lacks", {
  skip_without_ggplot2()
  bare <- locus_table()[c("pos", "neg_log10_p")]
  expect_equal(layers_of(plot_locus(bare))$GeomNamesAbove$label, "45004000 (lead)")
  expect_error(plot_locus(bare["pos"]), "no column 'neg_log10_p'", class = "seqgen_input_error")
  two <- locus_table()
  two$locus[1] <- "22:20-30"
  expect_error(plot_locus(two), "one locus", class = "seqgen_input_error")
  expect_error(plot_pip(two[0, ]), "no row", class = "seqgen_input_error")
})

test_that("PIPs are mirrored, sets keep their colour, claims are ringed", {
  skip_without_ggplot2()
  plot <- plot_pip(locus_table())
  found <- layers_of(plot)
  points <- do.call(rbind, lapply(found[names(found) == "GeomPoint"], `[`, c("x", "y", "colour")))
  expect_equal(range(points$y), c(-0.9, 0.65))
  expect_equal(points$colour[points$y == 0.65], "#0072B2")
  expect_equal(points$colour[points$y == -0.8], "#0072B2")
  expect_equal(sort(points$y[points$colour == "#A61C3C"]), c(-0.9, -0.6))
  expect_setequal(
    trimws(found$GeomText$label),
    c("rs4  0.65", "R5Q  0.30", "rs4  0.80", "R5Q  0.10", "rs5  0.10")
  )
  up <- plot_pip(locus_table()[c("pos", "pip", "cs_id")])
  expect_true(all(layer_of(up, "GeomPoint")$y >= 0))
})

test_that("the prior is drawn on the scale of factors", {
  skip_without_ggplot2()
  table <- data.frame(
    term = c("missense", "log_lik_ratio"), estimate = log(c(5, 0.8)), lower = c(log(2), NA),
    upper = c(log(10), NA), source = c("learned", "given")
  )
  plot <- plot_prior(table)
  found <- layers_of(plot)
  expect_equal(sort(exp(found$GeomPoint$x)), c(0.8, 5))
  expect_equal(sort(found$GeomPoint$shape), c(19, 22))
  expect_equal(exp(found$GeomSegment[["xend"]]), 10)
  labels <- ggplot2::ggplot_build(plot)$layout$panel_params[[1]]$x$get_labels()
  expect_true(all(c("\u00d71", "\u00d75") %in% labels))
  expect_error(plot_prior(table[-1]), "no column 'term'", class = "seqgen_input_error")
})

test_that("a contact map shows the strongest pairs, by whether they touch", {
  skip_without_ggplot2()
  couplings <- some_couplings()
  table <- utils::head(as.data.frame(couplings, min_separation = 3), 10)
  rows <- couplings$rows$positions
  distances <- matrix(20, length(rows), length(rows))
  first <- match(table$position_1[1:4], rows)
  second <- match(table$position_2[1:4], rows)
  distances[cbind(first, second)] <- distances[cbind(second, first)] <- 5
  plot <- plot_contact_map(couplings, distances, top = 10, min_separation = 3)
  points <- layer_of(plot, "GeomPoint")
  expect_equal(points$x, pmin(table$position_1, table$position_2))
  expect_equal(points$y, pmax(table$position_1, table$position_2))
  expect_equal(points$colour, rep(c("#0072B2", "#D55E00"), c(4, 6)))
  expect_equal(points$shape, rep(c(16, 4), c(4, 6)))
  expect_equal(nrow(layer_of(plot, "GeomTile")), 4)
  expect_equal(ggplot2::ggplot_build(plot)$plot$labels$x %in% c("Position", NULL), FALSE)
  expect_error(plot_contact_map(couplings, top = 0), "top", class = "seqgen_input_error")
})

test_that("the strength of all pairs lies below the diagonal", {
  skip_without_ggplot2()
  told <- py_call(".plot_contact_map", list(some_couplings(), min_separation = 3))
  raster <- as.matrix(strength_below(told)[[1]]$geom_params$raster)
  size <- nrow(raster)
  # Rows of the picture run from the top down.
  up <- raster[size:1, ]
  expect_true(all(toupper(up[row(up) > col(up)]) == "#FFFFFF"))
  strongest <- told$pairs[1, ]
  i <- strongest$y - told$x$limits[1] + 0.5
  j <- strongest$x - told$x$limits[1] + 0.5
  expect_equal(toupper(up[j, i]), toupper(ink))
})

test_that("arcs join the residues they name", {
  skip_without_ggplot2()
  couplings <- some_couplings()
  table <- utils::head(as.data.frame(couplings, min_separation = 3), 5)
  plot <- plot_arcs(couplings, top = 5, min_separation = 3)
  found <- layers_of(plot)
  paths <- split(found$GeomPath$x, found$GeomPath$group)
  expect_length(paths, 5)
  strongest <- range(paths[[5]]) + min(couplings$rows$positions) - 0.5
  expect_equal(strongest, sort(c(table$position_1[1], table$position_2[1])))
  named <- c(
    paste0(table$residue_1, table$position_1), paste0(table$residue_2, table$position_2)
  )
  expect_setequal(found$GeomNamesBelow$label, named)
  expect_equal(nrow(found$GeomRect), 1)
})

pair_table <- function() {
  data.frame(
    variant_1 = c("a", "c"), chrom_1 = "1", pos_1 = c(100, 300), gene_1 = c("RIBC2", NA),
    residue_change_1 = c("R253C", NA), variant_2 = c("b", "d"), chrom_2 = "2",
    pos_2 = c(200, 400), gene_2 = c("SMC1B", NA), residue_change_2 = c("L1050M", NA),
    neg_log10_p = c(9, 5), q = c(0.01, 0.3), q_weighted = c(0.001, 0.04),
    decision = c("both", "gained"), phantom_risk = c(FALSE, TRUE)
  )
}

test_that("pairs are arcs over their genes", {
  skip_without_ggplot2()
  found <- layers_of(plot_pair_arcs(pair_table()))
  expect_equal(nrow(found$GeomRect), 4)
  expect_setequal(unique(found$GeomPath$colour), c("#0072B2", "#009E73"))
  labels <- unlist(lapply(found[names(found) == "GeomNamesBelow"], `[[`, "label"))
  expect_true(all(c("R253C", "L1050M", "RIBC2", "SMC1B", "chr 1", "chr 2") %in% labels))
  points <- found[names(found) == "GeomPoint"]
  expect_equal(points[[1]]$fill, "#0072B2")
  expect_equal(points[[2]]$fill, "white")
  expect_equal(points[[2]]$colour, "#009E73")
  expect_s3_class(plot_pair_arcs(pair_table()[0, ]), "ggplot")
  expect_error(plot_pair_arcs(pair_table(), top = 0), "top", class = "seqgen_input_error")
})

test_that("the trans map places hits and hotspots", {
  skip_without_ggplot2()
  hits <- data.frame(
    variant = c("a", "b"), chrom = c("I", "II"), pos = c(1e5, 7e5), trait = c("t", "u"),
    trait_chrom = c("II", "I"), trait_pos = c(3e5, 1e4), p = 1e-9, neg_log10_p = 9,
    decision = c("both", "gained")
  )
  hotspots <- data.frame(
    chrom = "I", start = 50001, end = 150000, n_traits = 1, expected = 0.1, p = 0.01,
    genes = "HAP1"
  )
  lengths <- c(I = 230218, II = 813184)
  found <- layers_of(plot_trans_map(hits, hotspots, chrom_lengths = lengths))
  points <- found$GeomPoint[order(found$GeomPoint$x), ]
  second <- 230218 + 0.004 * sum(lengths)
  expect_equal(points$x, c(1e5, second + 7e5))
  expect_equal(points$y, c(second + 3e5, 1e4))
  expect_equal(points$colour, c("#0072B2", "#009E73"))
  expect_equal(found$GeomNamesAbove$label, "HAP1 (1)")
  expect_error(
    plot_trans_map(hits, hotspots, chrom_lengths = c(I = 230218)), "II",
    class = "seqgen_input_error"
  )
  expect_s3_class(plot_trans_map(hits[0, ], hotspots[0, ]), "ggplot")
})

test_that("calibration draws ratios, filled outside the band", {
  skip_without_ggplot2()
  table <- data.frame(
    tests = "all", level = c(0.5, 0.01, 1e-6), observed = c(500, 40, 0), expected = c(500, 10, 1e-3)
  )
  found <- layers_of(plot_calibration(table))
  points <- found[names(found) == "GeomPoint"]
  expect_equal(10^points[[1]]$y, 1)
  expect_equal(10^points[[2]]$y, 4)
  expect_equal(c(points[[1]]$fill, points[[2]]$fill), c("white", "#0072B2"))
  band <- found$GeomRibbon[order(found$GeomRibbon$x), ]
  expect_equal(10^band$ymax[2], stats::qpois(0.975, 10) / 10)
  expect_s3_class(plot_calibration(table[0, ]), "ggplot")
})

test_that("the control writes its numbers", {
  skip_without_ggplot2()
  table <- data.frame(
    procedure = "Bonferroni", weights = c("none", "evidence", "shuffled"),
    discoveries = c(10, 14, 9.5), low = c(10, 14, 8), high = c(10, 14, 11),
    gained = c(0, 5, 1), lost = c(0, 1, 1.5), alpha = 0.05
  )
  found <- layers_of(plot_control(table))
  expect_equal(found$GeomText$label, c(
    "10", "14 (5 gained, 1 lost)", "9.5, from 8 to 11 (1.0 gained, 1.5 lost)"
  ))
  expect_equal(found$GeomPoint$x, c(10, 14, 9.5))
})

test_that("substitutions are tiles, the wild type is marked", {
  skip_without_ggplot2()
  scores <- data.frame(
    position = c(7, 7, 8), ref_aa = c("K", "K", "L"), alt_aa = c("R", "W", "P"),
    log_lik_ratio = c(-0.4, -5, -7)
  )
  found <- layers_of(plot_substitutions(scores, centre = 0))
  expect_equal(nrow(found$GeomTile), 5)
  expect_equal(found$GeomPoint$x, c(7, 8))
  tile <- found$GeomTile
  expect_equal(toupper(tile$fill[tile$x == 8 & tile$y == 7]), "#8A3A00")
  expect_error(plot_substitutions(scores[-4]), "no column 'log_lik_ratio'",
    class = "seqgen_input_error"
  )
  middle <- layers_of(plot_substitutions(scores, centre = -5))$GeomTile
  expect_equal(toupper(middle$fill[middle$x == 7 & middle$y == 9]), "#FBFBFB")
  named <- plot_substitutions(scores) + ggplot2::labs(fill = "mine")
  expect_identical(named$labels$fill, "mine")
  expect_true(inherits(named$scales$get_scales("fill")$name, "waiver"))
  expect_identical(plot_substitutions(scores)$labels$fill, "log lik ratio\n(pale: -5)")
  known <- data.frame(position = c(8, 8, 7), alt_aa = c("P", "P", "C"))
  folded <- ggplot2::ggplot_build(plot_substitutions(scores, known = known, fold = 1))
  expect_equal(nrow(folded$layout$layout), 2)
  rings <- folded$data[[3]]
  expect_equal(c(rings$x, as.integer(rings$PANEL)), c(8, 2))
  expect_error(plot_substitutions(scores, fold = 0), "fold is 0", class = "seqgen_input_error")
  scores$alt_aa[1] <- "B"
  expect_error(plot_substitutions(scores), "none of the 20", class = "seqgen_input_error")
})

test_that("plot() draws results", {
  skip_without_ggplot2()
  couplings <- some_couplings()
  expect_equal(nrow(plot(couplings, top = 3, min_separation = 3)$data), 3)
  expect_error(plot(couplings, which = "x"), "which is \"x\"", class = "seqgen_input_error")
  result <- structure(
    list(pairs = pair_table(), alpha = 0.1),
    class = c("seqgen_GxGResult", "seqgen_result")
  )
  expect_match(plot(result)$scales$get_scales("colour")$name, "10% FDR")
  run <- structure(
    list(tables = list(variants = rbind(
      locus_table(), transform(locus_table(), locus = "22:20-30", neg_log10_p = 1)
    ))),
    class = c("seqgen_RunResult", "seqgen_result")
  )
  expect_equal(max(plot(run)$data$neg_log10_p), 20)
  expect_equal(max(plot(run, "22:20-30")$data$neg_log10_p), 1)
  expect_equal(nrow(plot(run, which = "pip")$data), 16)
  expect_error(plot(run, "1:1-2"), "locus is \"1:1-2\"", class = "seqgen_input_error")
})

test_that("without ggplot2 the error says what to install", {
  mockery_free <- need_ggplot2
  environment(mockery_free) <- list2env(
    list(requireNamespace = function(...) FALSE),
    parent = environment(need_ggplot2)
  )
  expect_error(mockery_free(), "install.packages", class = "seqgen_missing_package_error")
})

test_that("two proteins lie above each other", {
  skip_without_ggplot2()
  family <- read_alignment(seqgen_example("alignment"))
  joint <- pair_alignments(
    family$columns(seq_len(family$length) <= 10), family$columns(seq_len(family$length) > 240),
    by = "row", names = c("P1", "P2")
  )
  both <- mean_field_couplings(joint)
  block <- both$between("P1", "P2")
  found <- layers_of(plot_arcs(block, top = 3))
  expect_equal(nrow(found$GeomRect), 2)
  table <- utils::head(as.data.frame(block), 3)
  expect_setequal(found$GeomNamesAbove$label, paste0(table$residue_1, table$position_1))
  expect_setequal(found$GeomNamesBelow$label, paste0(table$residue_2, table$position_2))
  points <- layer_of(plot_contact_map(block, top = 3), "GeomPoint")
  expect_equal(points$x, table$position_2)
  expect_equal(points$y, table$position_1)
  expect_error(plot_arcs(both), "of 2 proteins", class = "seqgen_input_error")
})
