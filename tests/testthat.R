library(testthat)
library(seqgen)

test_check("seqgen")
