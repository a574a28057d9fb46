#' What relatives have at the sites of known missense variants
#'
#' The profile of a human protein's homologs in Swiss-Prot, computed once for the changes of
#' [missense_map()]: log p(alternative) - log p(reference), natural logarithm; negative where
#' the relatives have the alternative residue less often. It needs no model and no download.
#' With few homologs it is nearly BLOSUM62's, so look at `depth`.
#'
#' @return A data.frame like that of [score_variants()], its `method` `"homolog-profile"`, with
#'   `depth`, the homologs that have a residue there.
#' @references
#' Henikoff and Henikoff (1994), Journal of Molecular Biology 243:574-578.
#'
#' Steinegger and Soeding (2017), Nature Biotechnology 35:1026-1028.
#' @examplesIf seqgen_available()
#' head(homolog_scores())
#' @export
homolog_scores <- function() {
  py_call("homolog_scores")
}

#' Average a model's scores with those of the relatives
#'
#' Adds the homolog profile (method `"homolog-profile"`) of the changes in `scores`, and the
#' mean of the two log-likelihood ratios (`"average"`), which [run()] feeds the prior with. Of a
#' change that has no profile the average is the model's ratio.
#'
#' @param scores Such as of [score_variants()].
#' @param method Of the model's scores, the one to average with.
#' @return `scores` with more rows; [residue_changes()] takes it with `method = "average"`.
#' @section Errors:
#' `seqgen_input_error` if a column is missing, or there are no scores of that method.
#' @examplesIf seqgen_available()
#' known <- head(homolog_scores(), 2)
#' known$depth <- NULL
#' add_homologs(transform(known, method = "wild-type-marginal", log_lik_ratio = c(-1, -2)))
#' @export
add_homologs <- function(scores, method = "wild-type-marginal") {
  py_call("add_homologs", list(scores = scores, method = method))
}
