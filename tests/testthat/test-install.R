test_that("the Python to build on is checked", {
  expect_error(python_to_build_on("/nowhere/python"), "needs Python 3.11 or newer")
  expect_match(rinterface_for(numeric_version("4.2.2")), "<3.6.6", fixed = TRUE)
  expect_false(grepl("<", rinterface_for(numeric_version("4.5.1"))))
  expect_match(environment_folder("r-seqgen"), "r-seqgen$")
  expect_identical(environment_folder("/a/b"), "/a/b")
})

# A python that notes what it is asked, and makes an "environment" of itself.
fake_python <- function(log) {
  fake <- tempfile("python")
  writeLines(c(
    "#!/bin/sh",
    paste0("echo \"$@\" >> ", log),
    "if [ \"$2\" = venv ]; then",
    "  mkdir -p \"$3/bin\" && cp \"$0\" \"$3/bin/python\"",
    "  touch \"$3/bin/activate\" \"$3/pyvenv.cfg\"",
    "else echo 3.12; fi"
  ), fake)
  Sys.chmod(fake, "755")
  fake
}

test_that("the installation tells its steps and runs them", {
  skip_on_os("windows")
  log <- tempfile()
  fake <- fake_python(log)
  expect_identical(python_to_build_on(fake), fake)
  folder <- file.path(tempfile("environment"))
  told <- capture_messages(
    made <- install_seqgen("seqgen.whl",
      pip_args = c("-c", "pins"), python = fake, envname = folder
    )
  )
  expect_match(told[1], "  pip install -c pins torch\n  pip install -c pins seqgen.whl rpy2>=3.6")
  expect_true(file.exists(made))
  expect_match(readLines(log), "-m pip install -c pins torch", fixed = TRUE, all = FALSE)
  expect_match(readLines(log), "seqgen.whl rpy2>=3.6,<3.7 rpy2-rinterface>=3.6", all = FALSE)
  expect_error(run_python("false", "x"), "this failed")
})

test_that("the situation is told with and without Python", {
  expect_output(seqgen_sitrep(), "R .*seqgen .*reticulate")
  expect_type(seqgen_available(), "logical")
})
