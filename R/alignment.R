#' Alignments from R
#'
#' `as_alignment()` reads aligned sequences that are in R already, by the rules of
#' [read_alignment()]. `Alignment()` takes letters as they are.
#'
#' @param sequences Aligned sequences: a character vector, a matrix of letters (a row per
#'   sequence), or an object that `as.character()` makes such, as those of Biostrings; the
#'   names name them.
#' @param focus For `as_alignment()`, as for [read_alignment()]: the first row by default.
#'   For `Alignment()`, the row of the focus sequence, or `NULL`.
#' @param name,start,min_sequence_coverage,min_column_coverage As for [read_alignment()].
#' @param names Names of the sequences.
#' @param codes A matrix of letters, `-` for a gap, or of their codes: 0 the gap, 1 to 20
#'   the residues in the order `ACDEFGHIKLMNPQRSTVWY`.
#' @param residues What the columns are, anything that [as_residues()] takes.
#' @param source What messages call it.
#' @param drops As [drops()] of an alignment gives them.
#' @return A handle of class `seqgen_Alignment`, as of [read_alignment()]. `dim()` gives
#'   sequences and columns, `as.matrix()` the letters with names, `as.character()` the
#'   sequences.
#' @section Errors:
#' `seqgen_input_error` if the sequences are not aligned, or sizes do not fit.
#' @examplesIf seqgen_available()
#' family <- as_alignment(c(human = "MKVL", mouse = "MRVL", fly = "MK-L"), name = "P1")
#' dim(family)
#' as.matrix(family)
#' family$rows(-3)
#' @export
as_alignment <- function(sequences, focus = NULL, name = NULL, start = NULL,
                         min_sequence_coverage = 0.5, min_column_coverage = 0) {
  if (is.matrix(sequences)) {
    labels <- rownames(sequences)
    sequences <- apply(sequences, 1, paste, collapse = "")
    names(sequences) <- labels
  } else if (!is.character(sequences)) {
    sequences <- as.character(sequences)
  }
  if (is.null(names(sequences))) {
    names(sequences) <- paste0("sequence", seq_along(sequences))
  }
  py_call(".alignment", list(
    sequences = I(unname(sequences)), names = I(names(sequences)), focus = focus, name = name,
    start = start, min_sequence_coverage = min_sequence_coverage,
    min_column_coverage = min_column_coverage
  ))
}

#' @rdname as_alignment
#' @export
Alignment <- function(names, codes, residues, focus = NULL, source = "alignment", drops = NULL) {
  if (is.character(codes)) {
    letters <- match(toupper(codes), c("-", amino_acids)) - 1L
    if (anyNA(letters)) {
      refuse(
        "codes: found the letter ", codes[is.na(letters)][1], "; expected the 20 residues and -"
      )
    }
    codes <- matrix(letters, nrow(codes))
  }
  if (is.numeric(codes) && isTRUE(all(codes == round(codes)))) {
    codes <- matrix(as.integer(codes), nrow(codes))
  }
  if (!is.null(focus) && !isTRUE(focus %in% seq_along(names))) {
    refuse("focus: found ", focus, "; expected a row from 1 to ", length(names), ", or NULL")
  }
  py_call("Alignment", list(
    names = I(as.character(names)), codes = codes, residues = as_residues(residues),
    focus = if (!is.null(focus)) focus - 1, source = source, drops = drops
  ))
}

amino_acids <- strsplit("ACDEFGHIKLMNPQRSTVWY", "")[[1]]

#' @export
dim.seqgen_Alignment <- function(x) {
  c(x$n_sequences, x$length)
}

#' @export
as.matrix.seqgen_Alignment <- function(x, ...) {
  codes <- x$codes
  matrix(c("-", amino_acids)[codes + 1L], nrow(codes),
    dimnames = list(x$names, residue_labels(x$residues))
  )
}

#' @export
as.character.seqgen_Alignment <- function(x, ...) {
  letters <- as.matrix(x)
  columns <- lapply(seq_len(ncol(letters)), function(i) letters[, i])
  stats::setNames(do.call(paste0, columns), x$names)
}

#' @export
as.data.frame.seqgen_Alignment <- function(x, row.names = NULL, optional = FALSE, ...) {
  as_result(data.frame(name = x$names, sequence = unname(as.character(x))))
}
