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
  if (!reticulate::py_available() && choose_python()) {
    # Only for reticulate's choice: not for processes that this session begins.
    on.exit(Sys.unsetenv("RETICULATE_PYTHON"))
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
  # Nor may what this left be collected in the middle of a call.
  gc()
  invisible()
}

# Not from the working directory: a folder "seqgen" there, such as this package
# installed in a check folder, would pass for the Python package.
#
# And once more after the environment's .pth files, which name packages that were
# installed to be edited: the Python of Debian does not read them when R starts it.
install_code <- "
import os, site, sys
here = []
for place in ('', os.getcwd()):
    while place in sys.path:
        sys.path.remove(place)
        here.append(place)
try:
    import seqgen.rbridge
except ModuleNotFoundError:
    for place in list(sys.path):
        if os.path.basename(place) == 'site-packages':
            site.addsitedir(place)
    import seqgen.rbridge
finally:
    sys.path[:0] = here
seqgen.rbridge.install()
"

# RETICULATE_PYTHON (or RETICULATE_PYTHON_ENV), else the environment that
# install_seqgen() makes. Nothing else is guessed: the wrong Python, once
# started, cannot be changed in the session. TRUE where it was chosen here.
choose_python <- function() {
  if (nzchar(Sys.getenv("RETICULATE_PYTHON")) || nzchar(Sys.getenv("RETICULATE_PYTHON_ENV"))) {
    return(FALSE)
  }
  folder <- environment_folder(environment_name)
  if (!reticulate::virtualenv_exists(folder)) {
    stop_without_python(NULL)
  }
  Sys.setenv(RETICULATE_PYTHON = reticulate::virtualenv_python(folder))
  TRUE
}

environment_name <- "r-seqgen"

# Spelled out: where WORKON_HOME is set but empty, reticulate takes the root of the disk.
environment_folder <- function(envname) {
  if (grepl("[/\\\\]", envname)) {
    return(path.expand(envname))
  }
  root <- reticulate::virtualenv_root()
  file.path(path.expand(if (nzchar(root)) root else "~/.virtualenvs"), envname)
}

stop_without_python <- function(reason) {
  lines <- c(
    "seqgen needs Python with its Python package, and did not find it.",
    if (!is.null(reason)) paste0("  Python said: ", sub("\n.*", "", reason)),
    paste0("  ", what_was_looked_for()),
    "  To set it up once, for all sessions:",
    paste0("    seqgen::", install_call()),
    "  If you have it already, in a new session:",
    "    Sys.setenv(RETICULATE_PYTHON = \"/path/to/its/python\")",
    "  More on what is here and what is missing:",
    "    seqgen::seqgen_sitrep()"
  )
  condition <- structure(
    class = c("seqgen_python_missing_error", "seqgen_error", "error", "condition"),
    list(message = paste(lines, collapse = "\n"), call = NULL)
  )
  stop(condition)
}

what_was_looked_for <- function() {
  folder <- environment_folder(environment_name)
  ours <- reticulate::virtualenv_exists(folder) && Sys.getenv("RETICULATE_PYTHON") ==
    reticulate::virtualenv_python(folder)
  asked <- Sys.getenv(c("RETICULATE_PYTHON", "RETICULATE_PYTHON_ENV"))
  asked <- asked[nzchar(asked)]
  if (ours) {
    return(paste0("The environment ", folder, " is there, but not whole; set it up again."))
  }
  if (length(asked) > 0) {
    return(paste0(names(asked)[1], " is ", asked[1], "; only this was tried. ",
      "If you did not mean it, remove it (look in ~/.Renviron)."
    ))
  }
  if (reticulate::py_available()) {
    running <- reticulate::py_config()$python
    return(paste0("This session runs ", running, " already; start a new one."))
  }
  paste0("Looked for ", folder, "; RETICULATE_PYTHON is not set.")
}

# As short as will do.
install_call <- function() {
  known <- tryCatch(is.character(choose_source(NULL)), error = function(e) FALSE)
  if (known) "install_seqgen()" else "install_seqgen(\"path/to/the/sources/of/seqgen\")"
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
