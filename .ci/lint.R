# Fails on any lint, and on topics that the index of the site misses.
# Loaded first, with the helpers of the tests: else their functions pass for unknown.
library(testthat)
pkgload::load_all(quiet = TRUE, helpers = TRUE)
found <- lintr::lint_package()
if (length(found) > 0) {
  print(found)
  stop(length(found), " lints in the R package")
}
pkgdown::check_pkgdown()
