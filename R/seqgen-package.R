#' seqgen: biological language models for statistical genetics
#'
#' Functions of this package have the names, arguments, defaults and columns of
#' the Python package of the same name, which does the work inside the R
#' process. [install_seqgen()] sets it up once; [seqgen_sitrep()] tells what was
#' found. `library(seqgen)` starts nothing; the first call does.
#'
#' # Values
#' Tables are data.frames (tibbles where the package tibble is loaded) and may be
#' given as data.frame, tibble or data.table. Rows that a function left out are
#' counted by reason: [drops()]. Missing values are `NA`. Whole numbers beyond
#' 2^31 arrive as doubles as long as these are exact, else as
#' `bit64::integer64`. Models and other objects without an R form are handles:
#' they print, `$` reads their parts, `as.data.frame()` gives their table, and
#' they live as long as the R session.
#'
#' # Names shared with ggplot2
#' Of seqgen and ggplot2 the package attached last gives `annotate()`: write
#' `seqgen::annotate()` or `ggplot2::annotate()` where both are attached.
#'
#' # Conditions
#' Errors have class `seqgen_error`, and more precisely `seqgen_input_error`,
#' `seqgen_missing_file_error`, `seqgen_output_error`, `seqgen_model_error` or
#' `seqgen_missing_dependency_error`; the traceback of Python is in their element
#' `traceback`. Warnings have class `seqgen_warning`.
#'
#' # Options
#' \describe{
#'   \item{`seqgen.progress`}{Whether long calls show their progress; by default
#'     in interactive sessions.}
#'   \item{`seqgen.traceback`}{Whether errors show the traceback of Python; by
#'     default `FALSE`.}
#' }
#' @keywords internal
"_PACKAGE"
