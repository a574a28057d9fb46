#' Set up Python for seqgen
#'
#' Makes a Python environment and installs seqgen and what it needs into it:
#' about 1.7 GB with a build of torch for processors, several GB more with one for
#' NVIDIA GPUs. Done once; all later sessions find it. Every step is printed
#' before it is taken; an environment that is there is used and brought up to date.
#'
#' @param source Where seqgen's Python package is: the folder of a checkout, a
#'   wheel, or an address that pip takes, such as `git+https://...`. By default
#'   the checkout in the working directory, or the place that the R package was
#'   installed from, where `remotes` or `pak` has noted it.
#' @param device Which build of torch: `"cpu"`, `"cuda"` for NVIDIA GPUs, or
#'   `"auto"`: `"cuda"` where the driver's `nvidia-smi` is found, else `"cpu"`.
#' @param torch_args What pip is given to install torch, instead of what `device`
#'   stands for, such as `c("torch", "--index-url", "<index>")` for a mirror.
#' @param pip_args Further arguments of pip. By default `c("-c", "constraints.txt")`
#'   of a checkout: the versions that were tested together.
#' @param python Path of the Python (3.11 or newer) to build on; by default the
#'   first such on the path.
#' @param envname Name or folder of the environment. Another one than the default
#'   is found only through `RETICULATE_PYTHON`.
#' @param ask Whether to ask before anything is done.
#' @return The path of the environment's Python, invisibly; `NULL` where the
#'   question was answered with no.
#' @seealso [seqgen_sitrep()]
#' @examples
#' \dontrun{
#' install_seqgen()
#' install_seqgen("~/src/seqgen", device = "cpu")
#' }
#' @export
install_seqgen <- function(source = NULL, device = c("auto", "cpu", "cuda"), torch_args = NULL,
                           pip_args = NULL, python = NULL, envname = "r-seqgen",
                           ask = interactive()) {
  device <- choose_device(match.arg(device))
  source <- choose_source(source)
  folder <- environment_folder(envname)
  there <- reticulate::virtualenv_exists(folder)
  python <- python_to_build_on(if (there) reticulate::virtualenv_python(folder) else python)
  steps <- pip_steps(source, device, torch_args, pip_args)
  if (!is.null(torch_args)) {
    device <- "as told"
  }
  message(plan_told(steps, python, folder, there, device))
  if (ask && !isTRUE(utils::askYesNo("Go on?", default = FALSE))) {
    return(invisible(NULL))
  }
  made <- if (there) python else make_environment(python, folder)
  for (step in steps) {
    message("> pip install ", paste(step, collapse = " "))
    run_python(made, c("-m", "pip", "install", step),
      if ("--index-url" %in% step) "; another source of torch: torch_args = \"torch\""
    )
  }
  # Isolated: not a folder "seqgen" that happens to lie in the working directory.
  run_python(made, c("-I", "-c", "import seqgen.rbridge, torch"))
  message(last_words(made, envname))
  invisible(made)
}

choose_device <- function(device, linux = on_linux()) {
  if (device == "cuda" && !linux) {
    stop("device = \"cuda\" is known for Linux only; give the index of such builds: ",
      "torch_args = c(\"torch\", \"--index-url\", \"<index>\")",
      call. = FALSE
    )
  }
  if (device != "auto") {
    return(device)
  }
  if (linux && nzchar(Sys.which("nvidia-smi"))) "cuda" else "cpu"
}

on_linux <- function() {
  Sys.info()[["sysname"]] == "Linux"
}

# torch by itself: its builds come from different places. What pip finds by default
# is on Linux the build for CUDA, elsewhere the one for processors.
pip_steps <- function(source, device, torch_args, pip_args, linux = on_linux()) {
  if (is.null(torch_args)) {
    cpu_index <- "https://download.pytorch.org/whl/cpu"
    torch_args <- c("torch", if (device == "cpu" && linux) c("--index-url", cpu_index))
  }
  pins <- file.path(source, "constraints.txt")
  if (is.null(pip_args) && file.exists(pins)) {
    pip_args <- c("-c", pins)
  }
  list(
    c(pip_args, torch_args),
    c(pip_args, source, "rpy2>=3.6,<3.7", rinterface_for(getRversion()))
  )
}

# Later builds look for functions that R has had since 4.5.
rinterface_for <- function(version) {
  if (version < "4.5") "rpy2-rinterface>=3.6,<3.6.6" else "rpy2-rinterface>=3.6"
}

choose_source <- function(source, places = c(getNamespaceInfo("seqgen", "path"), getwd())) {
  if (is.null(source)) {
    source <- c(Filter(is_checkout, places), recorded_source(utils::packageDescription("seqgen")))
  } else if (grepl("^seqgen *([=<>!~@[;].*)?$", source) && !file.exists(source)) {
    source <- character()
  }
  if (length(source) == 0) {
    stop("where seqgen's Python package is, is not known; give the folder of a checkout, a wheel, ",
      "or an address of pip: install_seqgen(\"path/to/seqgen\"). ",
      "By its name alone pip would fetch another project called seqgen",
      call. = FALSE
    )
  }
  source <- source[1]
  if (dir.exists(source) && !is_checkout(source)) {
    stop("source is the folder ", source, ", which has no pyproject.toml of seqgen; expected the ",
      "folder of a checkout, a wheel, or an address of pip",
      call. = FALSE
    )
  }
  if (file.exists(source)) normalizePath(source, winslash = "/") else source
}

is_checkout <- function(folder) {
  file <- file.path(folder, "pyproject.toml")
  file.exists(file) && any(grepl("^name *= *\"seqgen\"", readLines(file, warn = FALSE)))
}

# remotes and pak note in DESCRIPTION what they installed from.
recorded_source <- function(about) {
  type <- c(about$RemoteType, "none")[1]
  revision <- if (is.null(about$RemoteSha)) "" else paste0("@", about$RemoteSha)
  if (type == "github") {
    address <- paste0("https://github.com/", about$RemoteUsername, "/", about$RemoteRepo)
    return(paste0("git+", address, revision))
  }
  if (type %in% c("git", "git2r", "xgit")) {
    return(paste0("git+", about$RemoteUrl, revision))
  }
  if (type == "local") Filter(is_checkout, sub("^local::", "", about$RemoteUrl)) else character()
}

plan_told <- function(steps, python, folder, there, device) {
  torch <- switch(device,
    cuda = "with torch for NVIDIA GPUs: some minutes and 7 GB of disk",
    cpu = "with torch for processors (device = \"cpu\"): some minutes and 1.7 GB of disk",
    "with torch as torch_args tells"
  )
  paste0(
    if (there) {
      paste0("Uses the Python environment ", folder, ", which is there,\n")
    } else {
      paste0("Makes the Python environment ", folder, " from ", python, ",\n")
    },
    torch, ". Runs there\n",
    paste0("  pip install ", vapply(steps, paste, "", collapse = " "), collapse = "\n")
  )
}

make_environment <- function(python, folder) {
  message("> ", python, " -m venv ", folder)
  new <- !dir.exists(folder)
  tryCatch(
    run_python(python, c("-m", "venv", folder)),
    error = function(e) {
      # Half made, it would pass for whole the next time.
      if (new) unlink(folder, recursive = TRUE)
      stop(python, " could not make a virtual environment; its message is above. On Debian and ",
        "Ubuntu: apt-get install python3-venv",
        call. = FALSE
      )
    }
  )
  reticulate::virtualenv_python(folder)
}

# Without R's library path, on which the library of another Python may lie.
run_python <- function(python, args, remedy = NULL) {
  alone <- if (.Platform$OS.type == "unix") "LD_LIBRARY_PATH=" else character()
  if (suppressWarnings(system2(python, shQuote(args), env = alone)) != 0) {
    stop("this failed; its message is above: ", paste(c(python, args), collapse = " "), remedy,
      call. = FALSE
    )
  }
}

last_words <- function(made, envname) {
  asked <- Sys.getenv("RETICULATE_PYTHON")
  paste0(
    "Done. Restart R if Python was in use in this session; then: seqgen_sitrep()",
    if (envname != environment_name && asked != made) {
      paste0("\nR finds this environment only if told; add to ~/.Renviron:\n",
        "RETICULATE_PYTHON=", made
      )
    } else if (nzchar(asked) && asked != made) {
      paste0("\nRETICULATE_PYTHON is ", asked, " and goes before this environment; ",
        "remove it (look in ~/.Renviron) if that is not meant."
      )
    }
  )
}

# The given one, or the first on the path that is new enough.
python_to_build_on <- function(python) {
  looked <- if (is.null(python)) {
    Sys.which(c("python3.13", "python3.12", "python3.11", "python3", "python"))
  } else {
    path.expand(python)
  }
  looked <- unique(unname(looked[nzchar(looked)]))
  versions <- vapply(looked, python_version, "")
  enough <- looked[numeric_version(ifelse(nzchar(versions), versions, "0")) >= "3.11"]
  if (length(enough) == 0) {
    stop("seqgen needs Python 3.11 or newer; found ",
      if (length(looked) == 0) "none on the path" else paste(looked, versions, collapse = ", "),
      ". Install one (Debian, Ubuntu: apt-get install python3 python3-venv python3-dev gcc; ",
      "macOS, Windows: python.org), or give the path of one: install_seqgen(python = )",
      call. = FALSE
    )
  }
  enough[1]
}

python_version <- function(python) {
  told <- suppressWarnings(tryCatch(
    system2(python, c("-c", shQuote("import sys; print('%d.%d' % sys.version_info[:2])")),
      stdout = TRUE, stderr = FALSE,
      env = if (.Platform$OS.type == "unix") "LD_LIBRARY_PATH=" else character()
    ),
    error = function(e) ""
  ))
  if (length(told) == 1 && grepl("^[0-9.]+$", told)) told else ""
}
