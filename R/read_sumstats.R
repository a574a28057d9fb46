#' Read GWAS summary statistics
#'
#' Reads a text file and counts every row that is dropped or changed. GCTA fastGWA
#' and plainly named columns are recognised. Columns `A1` and `A2` alone do not say
#' which is the effect allele, and are refused until `columns` does. Where beta or
#' se are missing they are derived from z, p, or z with n and an allele frequency.
#' Rows of one variant that contradict each other are all dropped; of rows that
#' agree the first is kept.
#'
#' @param path Text, tab-, comma-, semicolon- or blank-separated, plain or gzipped.
#' @param columns Standard name to the file's column, such as `c(beta = "EFFECT")`.
#' @param n Sample size of every variant; goes before a column of the file.
#' @param chrom Keep this chromosome only; a file without a chromosome column is
#'   taken to lie on it.
#' @return A data.frame sorted by chromosome and position: `chrom`, `pos`, `rsid`,
#'   `effect_allele`, `other_allele`, `eaf`, `beta`, `se`, `z`, `p`,
#'   `neg_log10_p`, `n`. What was left out: [drops()].
#' @section Errors:
#' `seqgen_missing_file_error` if there is no such file; `seqgen_input_error` if it
#' is empty or damaged, a column is missing or ambiguous, a line is ragged, or no
#' row is left.
#' @examplesIf seqgen_available()
#' sumstats <- read_sumstats(seqgen_example("sumstats"))
#' head(sumstats)
#' @export
read_sumstats <- function(path, columns = NULL, n = NULL, chrom = NULL) {
  py_call("read_sumstats", list(path = path, columns = columns, n = n, chrom = chrom))
}
