# Which part of the R code the tests run: Rscript cover.R <package>. Fails below the bar.
bar <- 90
coverage <- covr::package_coverage(commandArgs(TRUE)[1], type = "tests", quiet = TRUE)
total <- covr::percent_coverage(coverage)
missed <- covr::zero_coverage(coverage)
cat(sprintf("R code that the tests run: %.1f%%\n", total))
print(as.data.frame(table(file = missed$filename), responseName = "lines missed"))
if (total < bar) {
  stop("expected ", bar, "% at least")
}
