#' Set up Python for seqgen
#'
#' Makes a Python environment and installs seqgen and what it needs into it:
#' about 1.7 GB with a build of torch for CPUs, several GB more with one for
#' NVIDIA GPUs. Done once; all later sessions find it.
#'
#' @param source What pip installs: the path of the sources, a wheel, or the name
#'   and version of the package.
#' @param torch_args What pip is given to install torch. By default pip chooses:
#'   on Linux a build that also runs on NVIDIA GPUs. For CPUs only, name the index
#'   of such builds as the pages of PyTorch tell:
#'   `c("torch", "--index-url", "<index>")`.
#' @param pip_args Further arguments of pip, such as `c("-c", "constraints.txt")`
#'   for the versions that were tested together.
#' @param python Path of the Python (3.11 or newer) to build on; by default the
#'   newest on the path.
#' @param envname Name of the environment. Another name than the default is found
#'   only through `RETICULATE_PYTHON`.
#' @param ask Whether to ask before anything is done.
#' @return The path of the environment's Python, invisibly.
#' @seealso [seqgen_sitrep()]
#' @examples
#' \dontrun{
#' install_seqgen()
#' install_seqgen(source = "~/src/seqgen", pip_args = c("-c", "~/src/seqgen/constraints.txt"))
#' }
#' @export
install_seqgen <- function(source = "seqgen", torch_args = "torch", pip_args = character(),
                           python = NULL, envname = "r-seqgen", ask = interactive()) {
  python <- python_to_build_on(python)
  # torch by itself: its builds for CPU and CUDA come from different places.
  steps <- list(
    c(pip_args, torch_args),
    c(pip_args, source, "rpy2>=3.6,<3.7", rinterface_for(getRversion()))
  )
  message(
    "Makes the Python environment '", envname, "' from ", python, " and there runs\n",
    paste0("  pip install ", vapply(steps, paste, "", collapse = " "), collapse = "\n")
  )
  if (ask && !isTRUE(utils::askYesNo("Go on?"))) {
    return(invisible(NULL))
  }
  if (!reticulate::virtualenv_exists(envname)) {
    run_python(python, c("-m", "venv", environment_folder(envname)))
  }
  made <- reticulate::virtualenv_python(envname)
  for (step in steps) {
    run_python(made, c("-m", "pip", "install", step))
  }
  message("Done. Restart R if Python was in use in this session; then: seqgen_sitrep()")
  invisible(made)
}

environment_folder <- function(envname) {
  if (grepl("[/\\\\]", envname)) envname else file.path(reticulate::virtualenv_root(), envname)
}

# Without R's library path, on which the library of another Python may lie.
run_python <- function(python, args) {
  alone <- if (.Platform$OS.type == "unix") "LD_LIBRARY_PATH=" else character()
  if (system2(python, shQuote(args), env = alone) != 0) {
    stop("this failed; its message is above: ", paste(c(python, args), collapse = " "),
      call. = FALSE
    )
  }
}

# Later builds look for functions that R has had since 4.5.
rinterface_for <- function(version) {
  if (version < "4.5") "rpy2-rinterface>=3.6,<3.6.6" else "rpy2-rinterface>=3.6"
}

python_to_build_on <- function(python) {
  if (is.null(python)) {
    python <- Sys.which(c("python3.13", "python3.12", "python3.11", "python3"))
    python <- python[nzchar(python)][1]
  }
  version <- suppressWarnings(tryCatch(
    system2(python, c("-c", shQuote("import sys; print('%d.%d' % sys.version_info[:2])")),
      stdout = TRUE
    ),
    error = function(e) ""
  ))
  if (length(version) != 1 || !nzchar(version) || numeric_version(version) < "3.11") {
    found <- if (is.na(python)) "none" else paste0(python, " ", version)
    stop("seqgen needs Python 3.11 or newer; found ", found, "; install one, or give its path: ",
      "install_seqgen(python = )",
      call. = FALSE
    )
  }
  unname(python)
}

#' What seqgen found
#'
#' Prints the versions of R, Python and the packages between them, and what to do
#' where something is missing.
#'
#' @return `TRUE` where all is in place, `FALSE` otherwise, invisibly.
#' @examples
#' seqgen_sitrep()
#' @export
seqgen_sitrep <- function() {
  cat("R ", as.character(getRversion()), ", seqgen ", package_version_of("seqgen"),
    ", reticulate ", package_version_of("reticulate"), "\n",
    sep = ""
  )
  asked <- Sys.getenv("RETICULATE_PYTHON", unset = NA)
  cat("RETICULATE_PYTHON: ", if (is.na(asked)) "not set" else asked, "\n", sep = "")
  cat("Environment '", environment_name, "': ",
    if (reticulate::virtualenv_exists(environment_name)) "found" else "not found", "\n",
    sep = ""
  )
  tryCatch(
    {
      versions <- py_call(".versions")
      cat(paste0(names(versions), ": ", unlist(versions)), sep = "\n")
      cat("All is in place.\n")
      invisible(TRUE)
    },
    seqgen_error = function(e) {
      cat(conditionMessage(e), "\n", sep = "")
      invisible(FALSE)
    }
  )
}

package_version_of <- function(name) {
  tryCatch(as.character(utils::packageVersion(name)), error = function(e) "not installed")
}

#' Files that come with seqgen
#'
#' @param name `"sumstats"`: GWAS of height, chromosome 22 (UK Biobank, fastGWA);
#'   `"panel"`: matching PLINK files, as their prefix; `"alignment"`: kinase
#'   domains; `"structure"`: a structure of one of them, human AKT2.
#' @return A path.
#' @examplesIf seqgen_available()
#' basename(seqgen_example("sumstats"))
#' @export
seqgen_example <- function(name) {
  py_call(".example", list(name = name))
}
