#' What seqgen found
#'
#' Prints the versions of R, Python and the packages between them, and what to do
#' where something is missing. It starts Python if that is there.
#'
#' @return `TRUE` where all is in place, `FALSE` otherwise, invisibly.
#' @seealso [install_seqgen()]
#' @examples
#' seqgen_sitrep()
#' @export
seqgen_sitrep <- function() {
  say("R ", as.character(getRversion()), " (", R.version$platform, "), seqgen ",
    package_version_of("seqgen"), ", reticulate ", package_version_of("reticulate")
  )
  say_r_package("susieR", "plots and summaries of fits, and method = \"susieR\"")
  say_r_package("ggplot2", "plots")
  asked <- Sys.getenv("RETICULATE_PYTHON")
  say("RETICULATE_PYTHON: ", if (nzchar(asked)) asked else "not set")
  folder <- environment_folder(environment_name)
  there <- reticulate::virtualenv_exists(folder)
  say("Environment of install_seqgen(): ", folder, if (there) "" else " is not there")
  found <- tryCatch(py_call(".versions"), seqgen_error = identity)
  if (inherits(found, "condition")) {
    # Without its last lines, which lead here.
    lines <- strsplit(conditionMessage(found), "\n")[[1]]
    say(paste(lines[!grepl("More on|seqgen_sitrep", lines)], collapse = "\n"))
    say_python_to_build_on()
    return(invisible(FALSE))
  }
  invisible(say_python(found, package_version_of("seqgen")))
}

say <- function(...) {
  cat(..., "\n", sep = "")
}

say_r_package <- function(name, what_for) {
  version <- package_version_of(name)
  say(name, ": ", version, if (version == "not installed") {
    paste0(" (optional, for ", what_for, "): install.packages(\"", name, "\")")
  })
}

package_version_of <- function(name) {
  tryCatch(as.character(utils::packageVersion(name)), error = function(e) "not installed")
}

say_python_to_build_on <- function() {
  say(tryCatch(
    paste0("Python that install_seqgen() would build on: ", python_to_build_on(NULL)),
    error = conditionMessage
  ))
}

# What Python told of itself; TRUE where nothing is to be done.
say_python <- function(found, own_version) {
  say("Python ", found$python, ": ", found$executable)
  others <- setdiff(names(found), c("python", "executable", "gpu", "compiled"))
  say("  ", paste(others, unlist(found[others]), collapse = ", "))
  say("  GPU: ", if (is.null(found$gpu)) "unknown, torch is missing" else found$gpu)
  say("  compiled loops: ", found$compiled)
  todo <- c(
    if (any(unlist(found[others]) == "not installed")) {
      "Something is not installed; run install_seqgen() again."
    },
    if (found$seqgen != own_version) {
      paste0("The R package is seqgen ", own_version, ", the Python package ", found$seqgen,
        "; install both from the same sources."
      )
    },
    if (identical(found$compiled, "no")) {
      paste("Without compiled loops couplings take some ten times longer; install a C compiler",
        "(Debian, Ubuntu: apt-get install gcc python3-dev), then install_seqgen() again."
      )
    }
  )
  say(if (is.null(todo)) "All is in place." else paste0("To do: ", todo, collapse = "\n"))
  is.null(todo)
}
