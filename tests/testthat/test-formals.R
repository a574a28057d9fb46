# Name, order and defaults of arguments are those of Python.

as_default <- function(formal) {
  if (identical(formal, formals(function(x) x)$x)) "required" else eval(formal)
}

without <- function(python, name) {
  kept <- unlist(python$names) != name
  list(
    names = python$names[kept], required = python$required[kept], defaults = python$defaults[kept]
  )
}

test_that("wrappers have Python's arguments and defaults", {
  skip_without_python()
  twins <- intersect(getNamespaceExports("seqgen"), py_call(".public"))
  expect_true(length(twins) >= 8)
  for (name in twins) {
    python <- py_call(".parameters", list(name))
    formals <- formals(getExportedValue("seqgen", name))
    # ggplot2 adds layers to a plot instead of drawing into axes.
    python <- without(python, "ax")
    expect_identical(as.character(names(formals)), as.character(python$names), info = name)
    for (place in seq_along(formals)) {
      expected <- if (python$required[place]) "required" else python$defaults[[place]]
      told <- paste(name, names(formals)[place])
      expect_equal(as_default(formals[[place]]), expected, info = told)
    }
  }
})
