# For Python's rbridge, not for seqgen: in a check folder R's own package folder
# imports as an empty Python package.
skip_without_python <- function() {
  testthat::skip_if_not(seqgen_available(), "Python with seqgen.rbridge is not there")
}

echo <- function(x) {
  py_call(".echo", list(x))
}
