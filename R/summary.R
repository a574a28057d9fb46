#' Summaries of results and objects
#'
#' What a reader wants to know first. Of a scan: tests, discoveries without and with
#' weights, genomic inflation, the shuffled control. Of a prior: coefficients with standard
#' errors, and the enrichment they mean. Of an alignment: its size and effective depth. Of
#' couplings: the strongest pairs. Of a run: the loci, with sizes of credible sets under the
#' flat and the informed prior.
#'
#' @param object A result or handle.
#' @param n Rows of the table of strongest pairs, tests or variants.
#' @param min_separation Least distance in positions of the strongest pairs within a protein.
#' @param x A summary.
#' @param digits Significant digits.
#' @param ... Ignored.
#' @return A list of numbers and data.frames, of class `summary.seqgen_<class>` and
#'   `seqgen_summary`, which prints.
#' @name summary.seqgen_object
#' @examplesIf seqgen_available()
#' family <- read_alignment(seqgen_example("alignment"))
#' summary(family)
#' summary(mean_field_couplings(family$columns(1:20)), n = 3)$top_pairs
NULL

as_summary <- function(object, facts, tables = list(), notices = NULL) {
  kind <- sub("^seqgen_", "", class(object)[1])
  keep <- !vapply(c(facts, tables), is.null, NA)
  structure(
    c(c(facts, tables)[keep], if (length(notices)) list(notices = as.character(notices))),
    class = c(paste0("summary.seqgen_", kind), "seqgen_summary"), title = kind
  )
}

#' @rdname summary.seqgen_object
#' @export
print.seqgen_summary <- function(x, digits = 3, ...) {
  cat("Summary of ", attr(x, "title"), "\n", sep = "")
  parts <- unclass(x)
  tables <- vapply(parts, is.data.frame, NA)
  facts <- parts[!tables & names(parts) != "notices"]
  labels <- gsub("_", " ", names(facts))
  values <- vapply(facts, function(value) toString(told(value, digits)), "")
  cat(paste0("  ", formatC(labels, width = -max(nchar(labels), 0)), "  ", values), sep = "\n")
  for (name in names(parts)[tables]) {
    cat("\n", gsub("_", " ", name), ":\n", sep = "")
    if (nrow(parts[[name]])) {
      print(as.data.frame(parts[[name]]), digits = digits, row.names = FALSE)
    } else {
      cat("  none\n")
    }
  }
  for (notice in parts$notices) {
    cat("\n", paste(strwrap(notice, exdent = 2), collapse = "\n"), "\n", sep = "")
  }
  invisible(x)
}

told <- function(value, digits) {
  if (is.numeric(value)) {
    value <- vapply(value, format, "", digits = digits, big.mark = ",", scientific = NA)
  }
  if (is.null(names(value))) value else paste(names(value), value)
}

# Columns that are there, of the first rows.
some_of <- function(table, columns, n = Inf) {
  table <- as.data.frame(table)
  head(table[intersect(columns, names(table))], n)
}

#' @rdname summary.seqgen_object
#' @export
summary.seqgen_result <- function(object, ...) {
  as_summary(object, lapply(unclass(object)[names(object)], function(part) {
    if (is.atomic(part) && length(part) == 1) part else summarise_part(part)
  }))
}

#' @rdname summary.seqgen_object
#' @export
summary.seqgen_object <- function(object, ...) {
  parts <- stats::setNames(lapply(names(object), function(name) object[[name]]), names(object))
  simple <- vapply(parts, function(part) is.atomic(part) && length(part) == 1, NA)
  as_summary(object, c(list(object = format(object)), parts[simple]))
}

#' @rdname summary.seqgen_object
#' @export
summary.seqgen_GxGResult <- function(object, n = 5, ...) {
  columns <- c(
    "variant_1", "variant_2", "beta", "se", "p", "weight", "q", "q_weighted", "decision"
  )
  as_summary(
    object,
    scan_facts(object, object$pairs),
    list(control = some_of(object$control, control_columns), top_pairs = some_of(
      object$pairs, columns, n
    )),
    object$notices
  )
}

#' @rdname summary.seqgen_object
#' @export
summary.seqgen_TransResult <- function(object, n = 5, ...) {
  columns <- c("variant", "trait", "beta", "se", "p", "weight", "q", "q_weighted", "decision")
  facts <- c(scan_facts(object, object$hits), list(
    excluded_cis = object$n_cis, excluded_cross_mapped = object$n_cross_mapped,
    hotspots = nrow(object$hotspots)
  ))
  as_summary(
    object, facts,
    list(control = some_of(object$control, control_columns), top_tests = some_of(
      object$hits, columns, n
    )),
    object$notices
  )
}

control_columns <- c("procedure", "weights", "discoveries", "low", "high", "gained", "lost")

scan_facts <- function(object, table) {
  decision <- as.character(table$decision)
  list(
    tests = object$n_tests, reported = nrow(table), FDR = object$alpha,
    discoveries = c(
      "without weights" = sum(decision %in% c("both", "lost")),
      "with weights" = sum(decision %in% c("both", "gained")),
      "gained" = sum(decision == "gained"), "lost" = sum(decision == "lost")
    ),
    lambda = object$inflation
  )
}

#' @rdname summary.seqgen_object
#' @export
summary.seqgen_PairScan <- function(object, n = 5, ...) {
  summary_of_scan(object, object$table, n, list(not_tested = unlist(object$untested)))
}

#' @rdname summary.seqgen_object
#' @export
summary.seqgen_TransScan <- function(object, n = 5, ...) {
  summary_of_scan(object, object$hits, n, list(
    excluded_cis = object$n_cis, excluded_cross_mapped = object$n_cross_mapped
  ))
}

summary_of_scan <- function(object, table, n, more) {
  level <- 0.05 / object$n_tests
  facts <- c(
    list(
      tests = object$n_tests, reported = nrow(table), bonferroni_level = level,
      below_it = sum(table$p <= level), lambda = object$inflation
    ),
    more
  )
  columns <- c("variant_1", "variant_2", "variant", "trait", "beta", "se", "t", "p")
  as_summary(object, facts, list(top_tests = some_of(table, columns, n)))
}

#' @rdname summary.seqgen_object
#' @export
summary.seqgen_PriorFit <- function(object, ...) {
  found <- as.data.frame(object$coefficients)
  table <- data.frame(
    term = found$term, estimate = found$estimate, se = found$se,
    z = found$estimate / found$se, enrichment = exp(found$estimate),
    lower = exp(found$lower), upper = exp(found$upper), n_variants = found$n_variants,
    source = found$source
  )
  left_out <- as.data.frame(object$left_out)
  terms <- intersect(found$term, names(left_out))
  spread <- data.frame(
    term = terms, least = vapply(left_out[terms], min, 0), most = vapply(left_out[terms], max, 0),
    row.names = NULL
  )
  as_summary(
    object, list(
      loci = nrow(left_out), effects = object$n_effects, rounds = nrow(object$trace) - 1,
      converged = object$converged
    ),
    list(coefficients = table, estimates_with_a_locus_left_out = spread)
  )
}

#' @rdname summary.seqgen_object
#' @export
summary.seqgen_KrigingResult <- function(object, n = 5, ...) {
  table <- as.data.frame(object)
  table <- cbind(variant = row.names(table), table)
  worst <- table[order(-abs(table$z_std_diff)), ]
  as_summary(
    object, list(variants = nrow(table), s = object$s, look_switched = sum(object$switched)),
    list(largest_differences = head(worst, n))
  )
}

#' @rdname summary.seqgen_object
#' @export
summary.seqgen_ConsistencyResult <- function(object, n = 5, ...) {
  table <- as.data.frame(object)
  table <- cbind(variant = row.names(table), table)
  odd <- table[table$verdict != "ok", ]
  as_summary(
    object, list(
      variants = nrow(table), s = object$s, look_switched = sum(table$verdict == "flipped"),
      inconsistent = sum(table$verdict == "inconsistent")
    ),
    list(contradict_the_LD = head(odd[order(-odd$chi2), ], n))
  )
}

#' @rdname summary.seqgen_object
#' @export
summary.seqgen_Weights <- function(object, ...) {
  as_summary(object, list(
    tests = object$n_tests, listed = length(object$values), weights = quantiles(object$values),
    weight_of_the_others = object$rest
  ))
}

#' @rdname summary.seqgen_object
#' @export
summary.seqgen_FoldWeights <- function(object, ...) {
  by_fold <- unique(some_of(object$by_bin, c("fold", "uniform_share")))
  as_summary(
    object, list(tests = length(object$values), weights = quantiles(object$values)),
    list(by_fold = by_fold)
  )
}

quantiles <- function(values) {
  if (length(values) == 0) {
    return(NULL)
  }
  found <- stats::quantile(values, names = FALSE)
  stats::setNames(found, c("min", "1st Qu.", "median", "3rd Qu.", "max"))
}

#' @rdname summary.seqgen_object
#' @export
summary.seqgen_Depth <- function(object, ...) {
  as_summary(object, list(
    N = object$n_sequences, L = object$length, Neff = object$neff,
    Neff_per_column = object$neff_per_column, enough = object$enough, verdict = object$verdict
  ))
}

#' @rdname summary.seqgen_object
#' @export
summary.seqgen_TraitTable <- function(object, ...) {
  values <- as.data.frame(object$values)
  numbers <- function(f) unname(vapply(values, f, 0, na.rm = TRUE))
  as_summary(object, list(people = nrow(values), traits = ncol(values)), list(
    by_trait = data.frame(
      trait = names(values), n = unname(colSums(!is.na(values))), mean = numbers(mean),
      sd = numbers(stats::sd)
    ),
    drops = drops(object)
  ))
}

#' @rdname summary.seqgen_object
#' @export
summary.seqgen_RunResult <- function(object, ...) {
  tables <- summary(object$tables)
  facts <- c(list(folder = object$folder, report = object$report), unclass(tables)[1:3])
  as_summary(object, facts, Filter(is.data.frame, unclass(tables)))
}

#' @rdname summary.seqgen_object
#' @export
summary.seqgen_ReportTables <- function(object, ...) {
  sets <- as.data.frame(object$credible_sets)
  loci <- as.data.frame(object$loci)
  sizes <- function(fit) {
    vapply(loci$locus, function(locus) {
      toString(sets$n_variants[sets$locus == locus & sets$fit == fit])
    }, "", USE.NAMES = FALSE)
  }
  table <- some_of(loci, c("locus", "lead_rsid", "n_finemapped", "n_missense"))
  table$flat_sets <- sizes("flat")
  table$informed_sets <- sizes("informed")
  mean_size <- function(fit) {
    chosen <- sets$n_variants[sets$fit == fit]
    if (length(chosen)) c(sets = length(chosen), "mean size" = mean(chosen)) else c(sets = 0)
  }
  as_summary(
    object,
    list(loci = nrow(loci), flat_prior = mean_size("flat"), informed_prior = mean_size("informed")),
    list(sizes_of_credible_sets = table, prior = some_of(
      object$prior_coefficients, c("term", "estimate", "se", "lower", "upper", "source")
    ))
  )
}

#' @rdname summary.seqgen_object
#' @export
summary.seqgen_Alignment <- function(object, ...) {
  depth <- alignment_depth(object)
  as_summary(object, list(
    source = object$source, N = object$n_sequences, L = object$length, Neff = depth$neff,
    Neff_per_column = depth$neff_per_column, verdict = depth$verdict,
    proteins = format(object$residues), gaps_by_column = quantiles(object$gap_fraction)
  ), list(drops = some_of(drops(object), c("reason", "action", "count"))))
}

#' @rdname summary.seqgen_object
#' @export
summary.seqgen_Couplings <- function(object, n = 10, min_separation = 6, ...) {
  pairs <- as.data.frame(object, min_separation = min_separation)
  likely <- if (!all(is.na(pairs$probability))) sum(pairs$probability > 0.9, na.rm = TRUE)
  columns <- c(
    "protein_1", "position_1", "residue_1", "protein_2", "position_2", "residue_2", "score",
    "z", "probability", "p"
  )
  top <- some_of(pairs, columns, n)
  as_summary(
    object,
    list(
      method = object$method, residues = dim(object), pairs = nrow(pairs),
      min_separation = min_separation, probability_above_0.9 = likely
    ),
    list(top_pairs = top[!vapply(top, function(x) all(is.na(x)), NA)]), object$notices
  )
}

#' @rdname summary.seqgen_object
#' @export
summary.seqgen_PottsModel <- function(object, ...) {
  settings <- object$settings
  simple <- Filter(function(x) is.atomic(x) && length(x) == 1, settings)
  as_summary(object, c(
    list(name = object$name, columns = object$length, states = nchar(object$letters)),
    list(proteins = format(object$residues)), simple[setdiff(names(simple), "name")]
  ), notices = settings$notices)
}

#' @rdname summary.seqgen_object
#' @export
summary.seqgen_GenotypeSource <- function(object, ...) {
  count <- table(object$variants$chrom)
  as_summary(
    object, list(name = object$name, people = object$n_people, variants = nrow(object$variants)),
    list(
      by_chromosome = data.frame(chrom = names(count), variants = as.vector(count)),
      drops = drops(object)
    )
  )
}

#' @rdname summary.seqgen_object
#' @export
summary.seqgen_PairDesign <- function(object, ...) {
  as_summary(object, list(
    people = object$n_people, variants = object$n_variants, trait = object$null$kind,
    covariates = ncol(object$covariates), h2 = if (!is.null(object$related)) object$related$h2,
    frequency = quantiles(object$variants$frequency)
  ), list(drops = drops(object)))
}

#' @rdname summary.seqgen_object
#' @export
summary.seqgen_TransDesign <- function(object, ...) {
  as_summary(object, list(
    people = object$n_people, variants = nrow(object$variants$table), traits = object$n_traits,
    degrees_of_freedom = object$df, h2 = if ("h2" %in% names(object$traits)) {
      quantiles(object$traits$h2)
    }
  ), list(drops = drops(object)))
}
