# Starting Python, once, at the first call.
#
# The option "seqgen.dispatch" holds the function by which R calls Python. A
# Python session that hosts this R has set it itself; reticulate is then not
# needed and not touched.

python_dispatch <- function() {
  dispatch <- getOption("seqgen.dispatch")
  if (is.function(dispatch)) {
    return(dispatch)
  }
  start_python()
  getOption("seqgen.dispatch")
}

start_python <- function() {
  if (!reticulate::py_available()) {
    choose_python()
  }
  # reticulate tells rpy2 by this that R runs already; told again in case it did not.
  known <- strsplit(Sys.getenv("R_SESSION_INITIALIZED"), ":")[[1]]
  if (!paste0("PID=", Sys.getpid()) %in% known) {
    Sys.setenv(R_SESSION_INITIALIZED = sprintf('PID=%s:NAME="seqgen"', Sys.getpid()))
  }
  # What reticulate left to be collected may not be in the middle of rpy2's start.
  gc()
  tryCatch(
    reticulate::py_run_string(install_code, local = TRUE),
    error = function(e) stop_without_python(conditionMessage(e))
  )
  invisible()
}

# Not from the working directory: a folder "seqgen" there, such as this package
# installed in a check folder, would pass for the Python package.
install_code <- "
import os, sys
before = list(sys.path)
for place in ('', os.getcwd()):
    while place in sys.path:
        sys.path.remove(place)
try:
    import seqgen.rbridge
    seqgen.rbridge.install()
finally:
    sys.path[:] = before
"

# RETICULATE_PYTHON (or RETICULATE_PYTHON_ENV), else the environment that
# install_seqgen() makes. Nothing else is guessed: the wrong Python, once
# started, cannot be changed in the session.
choose_python <- function() {
  if (nzchar(Sys.getenv("RETICULATE_PYTHON")) || nzchar(Sys.getenv("RETICULATE_PYTHON_ENV"))) {
    return(invisible())
  }
  if (!reticulate::virtualenv_exists(environment_name)) {
    stop_without_python(NULL)
  }
  Sys.setenv(RETICULATE_PYTHON = reticulate::virtualenv_python(environment_name))
}

environment_name <- "r-seqgen"

stop_without_python <- function(reason) {
  lines <- c(
    "seqgen needs Python with its Python package, and did not find it.",
    if (!is.null(reason)) paste0("  Python said: ", sub("\n.*", "", reason)),
    "  To set it up once, for all sessions:  seqgen::install_seqgen()",
    "  If you have it already, in a new session:",
    "    Sys.setenv(RETICULATE_PYTHON = \"/path/to/python\")",
    "  What was looked for:  seqgen::seqgen_sitrep()"
  )
  condition <- structure(
    class = c("seqgen_python_missing_error", "seqgen_error", "error", "condition"),
    list(message = paste(lines, collapse = "\n"), call = NULL)
  )
  stop(condition)
}

#' Whether Python with seqgen is there
#'
#' Starts it if it is.
#'
#' @return `TRUE` or `FALSE`.
#' @examples
#' seqgen_available()
#' @export
seqgen_available <- function() {
  tryCatch(is.function(python_dispatch()), seqgen_error = function(e) FALSE)
}
