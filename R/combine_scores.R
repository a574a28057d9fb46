#' Combine the scores of several models
#'
#' Averaging a score from an alignment ([fit_site_independent()], [fit_plm()]) with that of
#' a language model of like quality is worth more than a larger language model; a score
#' that is much worse pulls the average down. Ranks put scores of different scales on one.
#'
#' @param scores A named list of data.frames of one method each, as from
#'   [score_variants()], [score_mutants()] or [score_dna_variants()].
#' @param how `"rank"`: the mean of the ranks, from 0 to 1; `"z"`: the mean of standardised
#'   scores; `"logistic"`: minus the log odds of a damaging change by a ridge logistic
#'   regression, each protein's from a fit to the others.
#' @param labels For `"logistic"`: whether each row of the first table is damaging (`NA`
#'   where unknown), or the name of its column.
#' @param within Column by whose values ranks and z are taken separately.
#' @param groups For `"logistic"`: the column that is held out whole; by default
#'   `"uniprot"`, or `"chrom"` for DNA.
#' @param folds Parts that groups are shared out to.
#' @param seed Of the sharing out.
#' @return A data.frame: the change, one score for each model under its name, and
#'   `combined`, lower being worse. Changes that a model did not score: [drops()].
#'   `attr(table, "models")` and `attr(table, "combined")`: what was combined, and how.
#' @section Errors:
#' `seqgen_input_error` if tables do not fit together, hold several methods, or labels do
#' not suffice.
#' @examplesIf seqgen_available()
#' changes <- all_substitutions("MKV", name = "P1")
#' one <- score_variants(changes, c(P1 = "MKV"), load_model("default"),
#'   methods = "wild-type-marginal"
#' )
#' two <- score_variants(changes, c(P1 = "MKV"), load_model("blosum62"),
#'   methods = "wild-type-marginal"
#' )
#' head(combine_scores(list(model = one, matrix = two)))
#' @export
combine_scores <- function(scores, how = "rank", labels = NULL, within = NULL,
                           groups = NULL, folds = 5, seed = 0) {
  py_call("combine_scores", list(
    scores = scores, how = how, labels = labels, within = within, groups = groups,
    folds = folds, seed = seed
  ))
}
