#' Couplings from R
#'
#' Scores of pairs of residues from any other tool, for [add_significance()],
#' [contact_precision()], plots and evidence. `as_couplings()` takes a matrix or a table,
#' `Couplings()` all parts one by one.
#'
#' @param x A matrix of scores, or a data.frame of `position_1`, `residue_1`, `position_2`,
#'   `residue_2`, `score` and perhaps `protein_1` and `protein_2`, as `as.data.frame()` of
#'   couplings gives it.
#' @param scores A matrix; symmetric where rows and columns are the same residues, and its
#'   diagonal is then not read.
#' @param rows,columns What the residues are, anything that [as_residues()] takes; by default
#'   the row and column names. Where both are the same, `columns` can be left out.
#' @param method How the scores were made.
#' @param name Name of the protein, where none is told.
#' @param raw,z,probability,p Matrices like `scores`, or `NULL`: scores before a correction,
#'   standard scores, probabilities of being coupled, p-values.
#' @param notices What the reader has to know, text.
#' @param diagnostics A named list, what the method was run with.
#' @return A handle of class `seqgen_Couplings`, as of [infer_couplings()].
#' @section Errors:
#' `seqgen_input_error` if sizes do not fit, the matrix is not symmetric, or the residues
#' cannot be told.
#' @examplesIf seqgen_available()
#' labels <- c("M1", "K2", "V3", "L4")
#' scores <- matrix(0, 4, 4, dimnames = list(labels, labels))
#' scores["M1", "L4"] <- scores["L4", "M1"] <- 2
#' couplings <- as_couplings(scores, method = "GREMLIN")
#' head(couplings, 2)
#' @export
as_couplings <- function(x, rows, columns, method = "given", name = "protein") {
  if (is.data.frame(x)) {
    x <- matrix_of_pairs(x, name)
  } else if (!is.matrix(x) || !is.numeric(x)) {
    refuse("x is of class ", class(x)[1], "; expected a matrix of numbers or a data.frame")
  }
  sides <- both_sides(x, rows, columns, name)
  x <- symmetric_scores(list(scores = x), sides)$scores
  py_call("Couplings", list(
    scores = x, rows = sides$rows, columns = sides$columns, method = method
  ))
}

#' @rdname as_couplings
#' @export
Couplings <- function(scores, rows, columns, method, raw = NULL, z = NULL, probability = NULL,
                      p = NULL, notices = list(), diagnostics = NULL) {
  sides <- both_sides(scores, rows, columns)
  arrays <- list(scores = scores, raw = raw, z = z, probability = probability, p = p)
  arrays <- symmetric_scores(arrays, sides)
  py_call("Couplings", c(
    arrays[1], sides[c("rows", "columns")], list(method = method), arrays[-1],
    list(notices = notices, diagnostics = diagnostics)
  ))
}

# One and the same handle on both sides says that the matrix is symmetric.
both_sides <- function(scores, rows, columns, name = "protein") {
  told <- if (missing(rows)) rownames(scores) else rows
  if (is.null(told)) {
    refuse(
      "rows: the scores have no row names that say which residues they are; give rows, such ",
      "as the sequence of the protein",
      call = sys.call(-1)
    )
  }
  rows <- as_residues(told, name)
  if (!missing(columns)) {
    columns <- as_residues(columns, name)
    same <- identical(as.data.frame(rows), as.data.frame(columns))
  } else if (is.null(colnames(scores)) || identical(colnames(scores), told) ||
    (nrow(scores) == ncol(scores) && !identical(told, rownames(scores)))) {
    same <- TRUE
  } else {
    columns <- as_residues(colnames(scores), name)
    same <- FALSE
  }
  list(rows = rows, columns = if (same) rows else columns, same = same)
}

symmetric_scores <- function(arrays, sides) {
  arrays <- lapply(arrays, function(x) if (!is.null(x)) matrix(as.double(x), nrow(x)))
  for (name in if (sides$same) names(arrays)[!vapply(arrays, is.null, NA)]) {
    square <- nrow(arrays[[name]]) == ncol(arrays[[name]])
    if (square) {
      diag(arrays[[name]]) <- NA
    }
    if (!square || !isSymmetric(arrays[[name]])) {
      refuse(
        name, ": rows and columns are the same residues, but the matrix is not symmetric; ",
        "average both halves, (x + t(x)) / 2, or name other columns",
        call = sys.call(-1)
      )
    }
  }
  arrays
}

# A symmetric matrix of a table of pairs; NA where there is none.
matrix_of_pairs <- function(pairs, name) {
  needed <- c("position_1", "residue_1", "position_2", "residue_2", "score")
  absent <- setdiff(needed, names(pairs))
  if (length(absent)) {
    refuse("x: the data.frame lacks ", toString(absent), "; it has ", toString(names(pairs)),
      call = sys.call(-1)
    )
  }
  side <- function(number) {
    data.frame(
      protein = pairs[[paste0("protein_", number)]] %or% rep(name, nrow(pairs)),
      position = pairs[[paste0("position_", number)]],
      residue = pairs[[paste0("residue_", number)]]
    )
  }
  residues <- unique(rbind(side(1), side(2)))
  residues <- residues[order(match(residues$protein, residues$protein), residues$position), ]
  label <- function(table) paste0(table$protein, ":", table$residue, table$position)
  labels <- label(residues)
  scores <- matrix(NA_real_, length(labels), length(labels), dimnames = list(labels, labels))
  scores[cbind(label(side(1)), label(side(2)))] <- pairs$score
  scores[cbind(label(side(2)), label(side(1)))] <- pairs$score
  scores
}

#' @describeIn seqgen_object The scores of couplings, with residues such as `"K158"`
#'   as row and column names, behind the name of the protein where there are several.
#' @export
as.matrix.seqgen_Couplings <- function(x, ...) {
  scores <- x$scores
  dimnames(scores) <- list(residue_labels(x$rows), residue_labels(x$columns))
  scores
}

#' @export
dim.seqgen_Couplings <- function(x) {
  dim(x$scores)
}

#' @describeIn seqgen_object Distances in angstrom, named likewise.
#' @export
as.matrix.seqgen_ResidueDistances <- function(x, ...) {
  values <- x$values
  dimnames(values) <- list(residue_labels(x$rows), residue_labels(x$columns))
  values
}

#' @export
dim.seqgen_ResidueDistances <- function(x) {
  dim(x$values)
}
