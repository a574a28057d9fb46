# Objects that stay in Python. R holds list(key = <environment>): its finalizer
# tells Python to let go at the next call.

#' Objects that stay in Python
#'
#' Models, couplings, alignments, designs and the like have no R form. R holds a
#' handle: it prints, `$` and `[[` read its parts, `names()` lists them,
#' `as.data.frame()` gives its table, `head()` its first rows, [summary()][summary.seqgen_object]
#' what is worth knowing. Rows are counted from 1, and where a part takes rows, negative ones
#' leave out and `TRUE` and `FALSE` choose, as in R's own indexing. A part that is a function
#' is called as in `couplings$between("P1", "P2")`. A handle works in the session that made it;
#' save tables, or what functions such as `write_couplings()` write, instead.
#'
#' @param x A handle.
#' @param name,i Name of a part.
#' @param n Number of rows.
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
    return(function(...) {
      value <- py_call(".call", list(x, name, ...), call = sys.call())
      if (name == "log_probs") lapply(value, name_probs, strsplit(x$alphabet, "")[[1]]) else value
    })
  }
  part
}

# Positions down, residues across.
name_probs <- function(matrix, letters) {
  dimnames(matrix) <- list(seq_len(nrow(matrix)), letters)
  matrix
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

#' @rdname seqgen_object
#' @importFrom utils head
#' @export
head.seqgen_object <- function(x, n = 6L, ...) {
  head(as.data.frame(x, ...), n)
}

#' @rdname seqgen_object
#' @export
dim.seqgen_GenotypeSource <- function(x) {
  c(x$n_people, nrow(x$variants))
}

#' @export
as.matrix.seqgen_GenotypeSource <- function(x, ...) {
  as.matrix(as.data.frame(x, ...))
}

#' @export
dim.seqgen_PairDesign <- function(x) {
  c(x$n_people, x$n_variants)
}

#' Results made of tables
#'
#' A result such as that of a scan is a list of tables and numbers.
#'
#' @param x A result.
#' @param table For a run, which of its tables: `"variants"`, `"loci"`, `"credible_sets"`,
#'   `"prior_coefficients"`, `"drops"`, `"scores"` or `"funnel"`.
#' @param n Number of rows.
#' @param row.names,optional,... Ignored.
#' @return `as.data.frame()` returns its main table, the first; `head()` the first rows of
#'   that; `print()` its argument. For `summary()` see [summary.seqgen_object].
#' @name seqgen_result
NULL

#' @rdname seqgen_result
#' @export
print.seqgen_result <- function(x, ...) {
  cat(format(x), sep = "\n")
  for (name in names(x)) {
    cat("$", name, ": ", summarise_part(x[[name]]), "\n", sep = "")
  }
  invisible(x)
}

#' @rdname seqgen_result
#' @export
format.seqgen_result <- function(x, ...) {
  paste0("<", sub("^seqgen_", "", class(x)[1]), ">")
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

#' @rdname seqgen_result
#' @export
as.data.frame.seqgen_RunResult <- function(x, row.names = NULL, optional = FALSE,
                                           table = "variants", ...) {
  as.data.frame(x$tables, table = table)
}

#' @rdname seqgen_result
#' @export
as.data.frame.seqgen_ReportTables <- function(x, row.names = NULL, optional = FALSE,
                                              table = "variants", ...) {
  if (!isTRUE(table %in% names(x))) {
    refuse("table is ", toString(table), "; expected one of ", toString(names(x)))
  }
  x[[table]]
}

#' @export
as.data.frame.seqgen_Depth <- function(x, row.names = NULL, optional = FALSE, ...) {
  as_result(data.frame(unclass(x)[names(x)]))
}

#' @export
as.data.frame.seqgen_Weights <- function(x, row.names = NULL, optional = FALSE, ...) {
  as_result(data.frame(weight = x$values))
}

#' @rdname seqgen_result
#' @export
head.seqgen_result <- function(x, n = 6L, ...) {
  head(as.data.frame(x, ...), n)
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
  if (inherits(part, "seqgen_result")) {
    return(paste(format(part), "of", toString(names(part))))
  }
  summarise_plain(part)
}

summarise_plain <- function(part) {
  if (is.null(part)) {
    return("none")
  }
  if (!is.atomic(part) || !is.null(dim(part)) || length(part) > 5) {
    return(paste0(class(part)[1], " [", paste(dim(part) %or% length(part), collapse = " x "), "]"))
  }
  if (length(part) == 0) {
    return("none")
  }
  if (is.character(part)) paste(part, collapse = "; ") else toString(format(part))
}

`%or%` <- function(value, other) {
  if (is.null(value)) other else value
}
