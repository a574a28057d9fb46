# A shell script in place of Python: it notes what it is asked, and makes an
# "environment" of itself.
fake_python <- function(log = tempfile(), version = "3.12", fails_at = "nothing") {
  fake <- tempfile("python")
  writeLines(c(
    "#!/bin/sh",
    paste0("echo \"$@\" >> ", log),
    paste0("case \"$*\" in *", fails_at, "*) mkdir -p \"$3\"; exit 1;; esac"),
    "if [ \"$2\" = venv ]; then",
    "  mkdir -p \"$3/bin\" && cp \"$0\" \"$3/bin/python\"",
    "  touch \"$3/bin/activate\" \"$3/pyvenv.cfg\"",
    "fi",
    paste0("case \"$*\" in *sys.version*) echo ", version, ";; esac")
  ), fake)
  Sys.chmod(fake, "755")
  fake
}

# A folder that passes for the sources.
fake_checkout <- function(name = "seqgen") {
  folder <- tempfile("checkout")
  dir.create(folder)
  writeLines(c("[project]", paste0("name = \"", name, "\"")), file.path(folder, "pyproject.toml"))
  writeLines("numpy==1.0", file.path(folder, "constraints.txt"))
  normalizePath(folder)
}

# With environment variables that are put back; NA takes one away.
with_environment <- function(values, code) {
  before <- Sys.getenv(names(values), unset = NA, names = TRUE)
  change <- function(to) {
    Sys.unsetenv(names(to)[is.na(to)])
    if (any(!is.na(to))) do.call(Sys.setenv, as.list(to[!is.na(to)]))
  }
  on.exit(change(before))
  change(values)
  code
}

# In a session of its own, whose Python is not chosen yet.
in_new_session <- function(code, values) {
  skip_if_not_installed("callr")
  package <- getNamespaceInfo("seqgen", "path")
  loads <- if (file.exists(file.path(package, "Meta"))) {
    paste0("library(seqgen, lib.loc = ", deparse(dirname(package)), ")")
  } else {
    paste0("pkgload::load_all(", deparse(package), ", quiet = TRUE)")
  }
  run <- function(code) eval(parse(text = code), globalenv())
  callr::r(run, list(code = c(loads, code)), env = c(callr::rcmd_safe_env(), values))
}

test_that("the Python to build on is the first that is new enough", {
  skip_on_os("windows")
  expect_error(python_to_build_on("/nowhere/python"), "found /nowhere/python")
  expect_error(python_to_build_on(fake_python(version = "3.9")), "3.11 or newer; found .* 3.9")
  new <- fake_python()
  expect_identical(python_to_build_on(new), new)
  folder <- tempfile("path")
  dir.create(folder)
  with_environment(c(PATH = folder), {
    expect_error(python_to_build_on(NULL), "none on the path.*python3-venv")
  })
  file.copy(fake_python(version = "3.10"), file.path(folder, "python3.11"))
  file.copy(new, file.path(folder, "python3"))
  with_environment(c(PATH = paste0(folder, ":/usr/bin:/bin")), {
    expect_identical(python_to_build_on(NULL), file.path(folder, "python3"))
  })
})

test_that("names of environments become folders", {
  expect_identical(environment_folder("/a/b"), "/a/b")
  with_environment(c(WORKON_HOME = "/some/where"), {
    expect_identical(environment_folder("r-seqgen"), "/some/where/r-seqgen")
  })
  # reticulate would take the root of the disk.
  with_environment(c(WORKON_HOME = ""), {
    expect_identical(environment_folder("r-seqgen"), path.expand("~/.virtualenvs/r-seqgen"))
  })
})

test_that("the source is never the foreign package of the same name", {
  for (wrong in list(NULL, "seqgen", "seqgen>=1", "seqgen[r]")) {
    expect_error(choose_source(wrong, tempdir()), "another project called seqgen")
  }
  expect_error(choose_source(tempdir()), "no pyproject.toml of seqgen")
  address <- "git+https://example.org/seqgen"
  expect_identical(choose_source(address), address)
})

test_that("the source is the checkout, or what the installation noted", {
  expect_false(is_checkout(fake_checkout("other")))
  checkout <- fake_checkout()
  expect_identical(choose_source(checkout), checkout)
  about <- list(
    RemoteType = "github", RemoteUsername = "me", RemoteRepo = "seqgen", RemoteSha = "abc"
  )
  expect_identical(recorded_source(about), "git+https://github.com/me/seqgen@abc")
  about <- list(RemoteType = "xgit", RemoteUrl = "https://example.org/seqgen.git")
  expect_identical(recorded_source(about), "git+https://example.org/seqgen.git")
  about <- list(RemoteType = "local", RemoteUrl = paste0("local::", checkout))
  expect_identical(recorded_source(about), checkout)
  expect_length(recorded_source(list(Package = "seqgen")), 0)
})

test_that("the device decides the build of torch", {
  torch <- function(..., linux = TRUE) pip_steps("x.whl", ..., pip_args = NULL, linux)[[1]]
  expect_match(torch("cpu", NULL), "/whl/cpu$", all = FALSE)
  expect_identical(torch("cuda", NULL), "torch")
  expect_identical(torch("cpu", "torch==2"), "torch==2")
  with_environment(c(PATH = tempdir()), expect_identical(choose_device("auto", TRUE), "cpu"))
  file.create(file.path(tempdir(), "nvidia-smi"))
  Sys.chmod(file.path(tempdir(), "nvidia-smi"), "755")
  with_environment(c(PATH = tempdir()), expect_identical(choose_device("auto", TRUE), "cuda"))
  expect_identical(torch("cpu", NULL, linux = FALSE), "torch")
  expect_error(choose_device("cuda", linux = FALSE), "torch_args")
  expect_match(rinterface_for(numeric_version("4.2.2")), "<3.6.6", fixed = TRUE)
  expect_false(grepl("<", rinterface_for(numeric_version("4.5.1"))))
})

test_that("the installation tells its steps and runs them", {
  skip_on_os(c("windows", "mac"))
  log <- tempfile()
  folder <- tempfile("environment")
  checkout <- fake_checkout()
  install <- function() {
    capture_messages(
      made <<- install_seqgen(checkout, "cuda", python = fake_python(log), envname = folder)
    )
  }
  made <- NULL
  told <- install()
  expect_match(told[1], "Makes the Python environment .*NVIDIA")
  expect_match(told[1], paste0("pip install -c ", checkout, "/constraints.txt torch\n"))
  expect_match(told, "-m venv", all = FALSE)
  expect_match(told[length(told)], "RETICULATE_PYTHON=.*environment")
  expect_true(file.exists(made))
  # The version first, then the environment, torch, seqgen, and whether it can be imported.
  asked <- grep("sys.version", readLines(log), invert = TRUE, value = TRUE)
  expect_match(asked[1], "^-m venv")
  expect_match(asked[2], "^-m pip install -c .*constraints.txt torch$")
  expect_match(asked[3], paste(checkout, "rpy2>=3.6,<3.7 rpy2-rinterface>=3.6"))
  expect_match(asked[4], "import seqgen.rbridge")
  # Once more: the environment is there.
  again <- install()
  expect_match(again[1], "which is there")
  expect_false(any(grepl("-m venv", again)))
})

test_that("a failed installation says what to do and leaves nothing half made", {
  skip_on_os(c("windows", "mac"))
  folder <- tempfile("environment")
  attempt <- function(fails_at) {
    suppressMessages(install_seqgen(fake_checkout(), "cpu",
      python = fake_python(fails_at = fails_at), envname = folder
    ))
  }
  expect_error(attempt("venv"), "apt-get install python3-venv")
  expect_false(dir.exists(folder))
  expect_error(attempt("whl/cpu"), "message is above.*torch_args = \"torch\"")
})

test_that("the installation asks first", {
  skip_on_os("windows")
  # Not interactive, the question gets its default answer, no.
  log <- tempfile()
  suppressMessages(expect_output(
    expect_null(install_seqgen("x.whl", python = fake_python(log), envname = "/a/b", ask = TRUE)),
    "Go on"
  ))
  expect_false(any(grepl("venv|pip", readLines(log))))
})

test_that("another Python than the one just made is told of", {
  with_environment(c(RETICULATE_PYTHON = "/other/python"), {
    expect_match(last_words("/made/python", "r-seqgen"), "RETICULATE_PYTHON is /other/python")
  })
  with_environment(c(RETICULATE_PYTHON = NA), {
    expect_false(grepl("RETICULATE_PYTHON", last_words("/made/python", "r-seqgen")))
  })
})

test_that("without Python, loading is silent and the first call says what to do", {
  none <- c(
    RETICULATE_PYTHON = "", RETICULATE_PYTHON_ENV = "", WORKON_HOME = tempfile("nowhere"),
    R_SESSION_INITIALIZED = ""
  )
  told <- in_new_session(values = none, c(
    "stopifnot(!seqgen_available())",
    "error <- tryCatch(read_sumstats('x'), seqgen_python_missing_error = identity)",
    "report <- capture.output(whole <- seqgen_sitrep())",
    "list(conditionMessage(error), report, whole, Sys.getenv('RETICULATE_PYTHON'))"
  ))
  expect_match(told[[1]], "did not find it.*Looked for .*nowhere.*install_seqgen\\(")
  expect_match(told[[2]], "R .*seqgen .*reticulate", all = FALSE)
  expect_match(told[[2]], "Environment of install_seqgen.*is not there", all = FALSE)
  expect_false(any(grepl("seqgen_sitrep", told[[2]])))
  expect_false(told[[3]])
  expect_identical(told[[4]], "")
})

test_that("a Python without seqgen is named", {
  told <- in_new_session(values = c(RETICULATE_PYTHON = "/no/such/python"), c(
    "conditionMessage(tryCatch(read_sumstats('x'), seqgen_error = identity))"
  ))
  expect_match(told, "RETICULATE_PYTHON is /no/such/python; only this was tried")
})

test_that("an environment that is not whole is told as such", {
  skip_on_os("windows")
  home <- tempfile("home")
  folder <- file.path(home, environment_name)
  run_python(fake_python(), c("-m", "venv", folder))
  with_environment(c(WORKON_HOME = home), {
    python <- reticulate::virtualenv_python(folder)
    with_environment(c(RETICULATE_PYTHON = python), {
      expect_match(what_was_looked_for(), "is there, but not whole")
    })
  })
})

test_that("the situation tells what is to be done", {
  found <- list(
    python = "3.12.1", executable = "/x/python", seqgen = "1.0", torch = "2.13.0", rpy2 = "3.6",
    gpu = "none; this torch is built for processors only", compiled = "yes"
  )
  expect_output(expect_true(say_python(found, "1.0")), "Python 3.12.1: /x/python.*All is in place")
  expect_output(expect_false(say_python(found, "0.9")), "install both from the same sources")
  expect_output(say_python(modifyList(found, list(compiled = "no")), "1.0"), "C compiler")
  found$gpu <- NULL
  found$torch <- "not installed"
  expect_output(expect_false(say_python(found, "1.0")), "install_seqgen\\(\\) again")
  expect_output(say_r_package("no.such.package", "nothing"), "install.packages\\(\"no.such")
  expect_output(say_python_to_build_on(), "Python")
})

test_that("the situation is told with Python", {
  skip_without_python()
  expect_output(whole <- seqgen_sitrep(), "torch .*GPU: .*compiled loops: ")
  expect_type(whole, "logical")
})
