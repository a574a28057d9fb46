#' Residues of proteins
#'
#' What the columns of an alignment, or the rows and columns of couplings, are.
#'
#' @param x Labels such as `"K158"` or `"P31751:K158"`; one sequence; a data.frame of
#'   `position`, `residue` and perhaps `protein`; or an object with residues, such as an
#'   alignment or Potts model.
#' @param name Name of the protein, where `x` names none.
#' @param start Position of the first residue of a sequence.
#' @return A handle of class `seqgen_Residues`, see [seqgen_object]; `as.data.frame()` gives
#'   `protein`, `position` and `residue`, `as.character()` the labels.
#' @section Errors:
#' `seqgen_input_error` if `x` is nothing of these.
#' @examplesIf seqgen_available()
#' as.data.frame(as_residues("MKV", name = "P1", start = 10))
#' as.character(as_residues(c("P1:K2", "P2:V7")))
#' @export
as_residues <- function(x, name = "protein", start = 1) {
  if (inherits(x, "seqgen_Residues")) {
    return(x)
  }
  if (inherits(x, "seqgen_object") && "residues" %in% names(x)) {
    return(x$residues)
  }
  if (is.data.frame(x)) {
    return(residues_of_table(x, name))
  }
  if (is.character(x) && length(x) > 0) {
    return(residues_of_text(x, name, start))
  }
  refuse_residues(x)
}

residues_of_text <- function(x, name, start) {
  if (all(grepl(label_pattern, x, perl = TRUE))) {
    return(residues_of_labels(x, name))
  }
  if (length(x) > 1 || !grepl("^[A-Za-z-]+$", x)) {
    refuse_residues(x)
  }
  py_call(".residues", list(
    letters = x, positions = I(seq_len(nchar(x)) + as.integer(start) - 1L),
    proteins = I(rep(name, nchar(x)))
  ))
}

refuse_residues <- function(x) {
  found <- if (is.character(x)) paste("such as", x[1]) else paste("of class", class(x)[1])
  refuse(
    "residues: found a value ", found, "; expected labels such as \"K158\" or ",
    "\"P31751:K158\", one sequence, or a data.frame of position and residue",
    call = sys.call(-2)
  )
}

label_pattern <- "^(?:(.*):)?([A-Za-z-])([0-9]+)$"

residues_of_labels <- function(x, name) {
  part <- function(number) sub(label_pattern, paste0("\\", number), x, perl = TRUE)
  proteins <- part(1)
  py_call(".residues", list(
    letters = paste(part(2), collapse = ""), positions = I(as.integer(part(3))),
    proteins = I(ifelse(proteins == "", name, proteins))
  ))
}

residues_of_table <- function(x, name) {
  absent <- setdiff(c("position", "residue"), names(x))
  if (length(absent)) {
    refuse("residues: the data.frame lacks ", toString(absent), "; it has ", toString(names(x)),
      call = sys.call(-1)
    )
  }
  py_call(".residues", list(
    letters = paste(x$residue, collapse = ""), positions = I(as.integer(x$position)),
    proteins = I(as.character(x$protein %or% rep(name, nrow(x))))
  ))
}

#' @rdname as_residues
#' @param row.names,optional,... Ignored.
#' @export
as.data.frame.seqgen_Residues <- function(x, row.names = NULL, optional = FALSE, ...) {
  as_result(data.frame(
    protein = x$proteins, position = x$positions, residue = strsplit(x$letters, "")[[1]]
  ))
}

#' @export
as.character.seqgen_Residues <- function(x, ...) {
  residue_labels(x)
}

#' @export
length.seqgen_Residues <- function(x) {
  nchar(x$letters)
}

# Such as "K158", behind the name of the protein where there are several.
residue_labels <- function(residues) {
  proteins <- residues$proteins
  labels <- paste0(strsplit(residues$letters, "")[[1]], residues$positions)
  if (length(unique(proteins)) > 1) paste(proteins, labels, sep = ":") else labels
}

refuse <- function(..., call = sys.call(-1)) {
  told <- list(message = paste0(...), class = c("seqgen_input_error", "seqgen_error"))
  stop(as_condition(told, "error", call))
}
