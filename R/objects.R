# Objects that stay in Python. R holds list(key = <environment>): its finalizer
# tells Python to let go at the next call.

#' Objects that stay in Python
#'
#' Models, couplings, alignments, designs and the like have no R form. R holds a
#' handle: it prints, `$` and `[[` read its parts, `names()` lists them,
#' `as.data.frame()` gives its table. A part that is a function is called as in
#' `couplings$between("P1", "P2")`. A handle works in the session that made it;
#' save tables, or what functions such as `write_couplings()` write, instead.
#'
#' @param x A handle.
#' @param name,i Name of a part.
#' @param row.names,optional Ignored.
#' @param ... For `as.data.frame()`, arguments of the table, such as
#'   `min_separation` of couplings.
#' @return What the part is; a data.frame; `print()` returns its argument.
#' @name seqgen_object
#' @examplesIf seqgen_available()
#' model <- load_model("blosum62")
#' model
#' names(model)
#' model$name
NULL

#' @rdname seqgen_object
#' @export
print.seqgen_object <- function(x, ...) {
  cat(format(x), sep = "\n")
  invisible(x)
}

#' @rdname seqgen_object
#' @export
format.seqgen_object <- function(x, ...) {
  py_call(".repr", list(x))
}

#' @importFrom utils str
#' @export
str.seqgen_object <- function(object, ...) {
  cat(" ", format(object), "\n", sep = "")
}

#' @rdname seqgen_object
#' @export
names.seqgen_object <- function(x) {
  py_call(".names", list(x))
}

#' @rdname seqgen_object
#' @export
`$.seqgen_object` <- function(x, name) {
  part <- py_call(".attribute", list(x, name))
  if (inherits(part, "seqgen_Method")) {
    return(function(...) py_call(".call", list(x, name, ...), call = sys.call()))
  }
  part
}

#' @rdname seqgen_object
#' @export
`[[.seqgen_object` <- function(x, i) {
  `$.seqgen_object`(x, i)
}

#' @importFrom utils .DollarNames
#' @method .DollarNames seqgen_object
#' @export
.DollarNames.seqgen_object <- function(x, pattern = "") {
  grep(pattern, names(x), value = TRUE)
}

#' @rdname seqgen_object
#' @export
as.data.frame.seqgen_object <- function(x, row.names = NULL, optional = FALSE, ...) {
  py_call(".frame", list(x, ...))
}

#' @describeIn seqgen_object The scores of couplings, with residues such as `"K158"`
#'   as row and column names, behind the name of the protein where there are several.
#' @export
as.matrix.seqgen_Couplings <- function(x, ...) {
  scores <- x$scores
  dimnames(scores) <- list(residue_labels(x$rows), residue_labels(x$columns))
  scores
}

residue_labels <- function(residues) {
  proteins <- residues$proteins
  labels <- paste0(strsplit(residues$letters, "")[[1]], residues$positions)
  if (length(unique(proteins)) > 1) paste(proteins, labels, sep = ":") else labels
}

#' Results made of tables
#'
#' A result such as that of a scan is a list of tables and numbers.
#'
#' @param x A result.
#' @param row.names,optional,... Ignored.
#' @return `as.data.frame()` returns its main table, the first; `print()` its
#'   argument.
#' @name seqgen_result
NULL

#' @rdname seqgen_result
#' @export
print.seqgen_result <- function(x, ...) {
  cat("<", sub("^seqgen_", "", class(x)[1]), ">\n", sep = "")
  for (name in names(x)) {
    cat("$", name, ": ", summarise_part(x[[name]]), "\n", sep = "")
  }
  invisible(x)
}

#' @rdname seqgen_result
#' @export
as.data.frame.seqgen_result <- function(x, row.names = NULL, optional = FALSE, ...) {
  tables <- Filter(is.data.frame, unclass(x))
  if (length(tables) == 0) {
    stop("this ", class(x)[1], " holds no table; its parts: ", toString(names(x)))
  }
  tables[[1]]
}

summarise_part <- function(part) {
  if (is.data.frame(part)) {
    columns <- utils::head(names(part), 6)
    more <- if (ncol(part) > 6) ", ..."
    return(paste0("table of ", nrow(part), " rows: ", toString(columns), more))
  }
  if (inherits(part, "seqgen_object")) {
    return(format(part))
  }
  if (is.atomic(part) && is.null(dim(part)) && length(part) <= 5) {
    return(if (length(part)) toString(format(part)) else "none")
  }
  paste0(class(part)[1], " [", paste(dim(part) %or% length(part), collapse = " x "), "]")
}

`%or%` <- function(value, other) {
  if (is.null(value)) other else value
}
