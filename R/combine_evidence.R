#' Combine kinds of evidence into one column
#'
#' Within a column the known values are ranked, and each rank becomes its Savage score,
#' 1/n + 1/(n-1) + ... over as many terms as the rank, the mean score for ties: the
#' expected value of -log(1 - u) for the share u of values below, 1 on average. The
#' evidence is the sum over the known columns of the score less 1. So it never falls where
#' one column rises, a missing value takes nothing away, and where nothing is known it is
#' `NA`. Distances count the other way round. It orders pairs and is no p-value: columns
#' are added as if they were independent, which not all are.
#'
#' Where absence tells something, as from a complete list of gene pairs, fill it with 0
#' and combine again.
#'
#' @param table A data.frame such as from [pair_evidence()] or [trans_evidence()].
#' @param columns Columns to combine, larger values stronger except for
#'   `structure_distance`; by default those that these functions make.
#' @return `table` with the column `evidence`, in the old place if it was there, else last.
#' @section Errors:
#' `seqgen_input_error` if there is no column to combine, one is absent or given twice, or
#' holds no numbers.
#' @references
#' Fisher (1932), Statistical Methods for Research Workers, 4th edition, section 21.1:
#' sums of -log p.
#'
#' Savage (1956), Annals of Mathematical Statistics 27:590-615: the scores.
#' @examplesIf seqgen_available()
#' combine_evidence(data.frame(
#'   coupling_alignment = c(0.1, 4, NA, NA), structure_distance = c(12, 5, 30, NA)
#' ))
#' @export
combine_evidence <- function(table, columns = NULL) {
  py_call("combine_evidence", list(table = table, columns = columns))
}
