# The one way from R to Python.
#
# To write a wrapper:
#
#   read_fasta <- function(path) {
#     py_call("read_fasta", list(path = path))
#   }
#
# - Name, arguments, their order and defaults are Python's; a test compares them.
#   A default that is an object (options = SusieOptions()) is NULL in R.
# - NULL is None, in lists of options too, wherever Python takes None; and it is an
#   error where the default is a constant and None is not taken. Only where R could
#   not write the default (an object, a tuple) and None is not taken, NULL counts as
#   left out.
# - Python's annotations decide what a value is, on Python's side: 10 becomes an
#   int, "a" a list of one str, 22 for a chromosome "22", c(beta = "EFFECT") or a
#   list a dict, list(tol = 1) an options object; vectors in a list that JSON is to
#   hold become lists; "~" in paths is the home folder. Do not convert in R.
# - Messages are written in Python's words; the bridge puts True, None, DataFrame
#   and the like into R's.
# - An argument `progress` stays NULL in the wrapper; py_call() shows a bar in
#   interactive sessions, and takes any R function.
# - Row numbers are never public: what Python counts from 0 has to leave as names,
#   positions, or counted from 1.
# - Results arrive finished: data.frame (with attribute "drops" where Python has
#   Counted), matrix, vector, list of class seqgen_<Class> and seqgen_result, susie
#   object, or handle of class seqgen_<Class> and seqgen_object (objects.R).

py_call <- function(name, args = list(), call = sys.call(-1)) {
  if ("progress" %in% names(args) && is.null(args$progress) && show_progress()) {
    args["progress"] <- list(progress_line())
  }
  answer <- python_dispatch()(name, lapply(args, as_argument))
  if (is.null(answer)) {
    stop("seqgen: Python did not answer; please report this with the call that led to it")
  }
  for (note in answer$notes) {
    message(note)
  }
  for (told in answer$warnings) {
    warning(as_condition(told, "warning", call))
  }
  if (isTRUE(answer$ok)) {
    return(as_result(answer$value))
  }
  if (identical(answer$class, "interrupt")) {
    interrupt()
  }
  stop(as_condition(answer, "error", call))
}

as_condition <- function(told, kind, call) {
  message <- told$message
  if (isTRUE(getOption("seqgen.traceback")) && !is.null(told$traceback)) {
    message <- paste0(message, "\n\n", told$traceback)
  }
  structure(
    class = c(told$class, kind, "condition"),
    list(message = message, call = call, traceback = told$traceback)
  )
}

# Ctrl-C reached Python; the rest of R has to learn of it as of any other.
interrupt <- function() {
  signalCondition(structure(class = c("interrupt", "condition"), list(message = "", call = NULL)))
  invokeRestart("abort")
}

# data.table and tibble are data.frames already; the ranges of Bioconductor become one,
# with the names that columns have here.
as_argument <- function(value) {
  if (inherits(value, "Matrix")) { # of the package Matrix
    return(as.matrix(value))
  }
  if (!inherits(value, "GenomicRanges")) {
    return(value)
  }
  table <- as.data.frame(value)
  names(table)[match(c("seqnames", "start"), names(table))] <- c("chrom", "pos")
  table$chrom <- sub("^chr", "", as.character(table$chrom))
  unused <- c("end", "width", "strand")
  if (any(table$width > 1)) { # genes and the like, which have a start
    table$start <- table$pos
    unused <- c("width", "strand")
  }
  table <- table[setdiff(names(table), unused)]
  attr(table, "genome_build") <- build_of(value)
  table
}

# The genome build of ranges, where they say one and the same that is known here.
build_of <- function(ranges) {
  said <- unique(attr(attr(ranges, "seqinfo"), "genome"))
  known <- c(hg19 = "GRCh37", GRCh37 = "GRCh37", hg38 = "GRCh38", GRCh38 = "GRCh38")
  if (length(said) == 1 && said %in% names(known)) known[[said]] else NULL
}

# Tables are tibbles for those who use these, in results too.
as_result <- function(value) {
  if (!isNamespaceLoaded("tibble")) {
    return(value)
  }
  if (inherits(value, "seqgen_result")) {
    kept <- attributes(value)
    value <- lapply(unclass(value), as_result)
    attributes(value) <- kept
  } else if (is.data.frame(value) && .row_names_info(value) < 0) {
    class(value) <- c("tbl_df", "tbl", "data.frame")
  }
  value
}

show_progress <- function() {
  isTRUE(getOption("seqgen.progress", interactive()))
}

# A line on stderr that is written anew; what Python tells differs between
# functions: (done, total), (step, done, total), (round, of, text).
progress_line <- function() {
  shown <- 0
  function(...) {
    told <- list(...)
    numbers <- unlist(told[vapply(told, is.numeric, NA)])
    text <- unlist(told[vapply(told, is.character, NA)])
    line <- paste(c(text, paste(format(numbers, big.mark = ",", trim = TRUE), collapse = " of ")),
      collapse = ": "
    )
    done <- length(numbers) == 2 && numbers[1] >= numbers[2]
    cat("\r", formatC(line, width = -shown), if (done) "\n", sep = "", file = stderr())
    shown <<- if (done) 0 else nchar(line)
    invisible()
  }
}

#' Rows that a function left out
#'
#' Functions that read or join count every row they drop or change.
#'
#' @param table A table or result of seqgen.
#' @return A data.frame with columns `stage`, `reason`, `action`, `count` and
#'   `example`, without rows where nothing was left out; `NULL` for a table that counts
#'   nothing, or that has lost it, as by many operations on data.frames: ask right after
#'   the call.
#' @examplesIf seqgen_available()
#' changes <- annotate(read_sumstats(seqgen_example("sumstats")), missense_map())
#' drops(changes)
#' @export
drops <- function(table) {
  found <- attr(table, "drops", exact = TRUE)
  if (is.null(found) && is.list(table)) as.list(table)$drops else found
}
