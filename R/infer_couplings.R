#' Couplings of residues from an alignment
#'
#' Fits a Potts model ([fit_potts()]), takes the Frobenius norm of each pair's couplings in
#' the zero-sum gauge, corrects it for what residues share, and says for each pair how it
#' stands out from the background ([potts_couplings()]). Abstains where the alignment is
#' too shallow to carry couplings.
#'
#' The defaults converge tightly, which takes a minute or so for a family of hundreds of
#' residues. `potts_couplings(fit_plm(alignment, tolerance = 1e-3))` is faster, as is
#' `method = "mean-field"`.
#'
#' @param alignment From [read_alignment()] or [pair_alignments()].
#' @param method,gaps,lambda_J,pseudocount,identity,weights,min_depth,device,threads As for
#'   [fit_potts()].
#' @param between Names of two proteins of a paired alignment: the block between them,
#'   corrected and judged by itself. Without it all pairs, within and between.
#' @param progress A function of iteration and loss. By default a line in interactive
#'   sessions.
#' @return A handle of couplings, see [seqgen_object]: `as.data.frame()` gives one row per
#'   pair, the highest score first, with `protein_1`, `position_1`, `residue_1`, the same
#'   of the second, `score`, `raw`, `z`, `probability`, `p` and `method`; `as.matrix()`
#'   the scores, rows and columns named as `"F152"`. `$diagnostics` tells depth and
#'   settings, `$notices` what the reader has to know.
#' @section Errors:
#' `seqgen_input_error` if the alignment is too shallow, or an argument is out of range.
#' @references
#' Marks et al. (2011), PLoS ONE 6:e28766.
#'
#' Ekeberg et al. (2013), Physical Review E 87:012707.
#'
#' Ovchinnikov et al. (2014), eLife 3:e02030: two proteins.
#' @examplesIf seqgen_available()
#' family <- read_alignment(seqgen_example("alignment"))
#' part <- family$columns(seq_len(family$length) <= 20)
#' couplings <- infer_couplings(part)
#' head(as.data.frame(couplings, min_separation = 3), 3)
#' as.matrix(couplings)["F152", "Y154"]
#' @export
infer_couplings <- function(alignment, method = "plm", between = NULL, gaps = NULL,
                            lambda_J = NULL, pseudocount = NULL, identity = 0.8,
                            weights = NULL, min_depth = 2, device = NULL, threads = NULL,
                            progress = NULL) {
  py_call("infer_couplings", list(
    alignment = alignment, method = method, between = between, gaps = gaps,
    lambda_J = lambda_J, pseudocount = pseudocount, identity = identity,
    weights = weights, min_depth = min_depth, device = device, threads = threads,
    progress = progress
  ))
}

#' Couplings of a fitted Potts model
#'
#' Scores of all pairs with their significance.
#'
#' @param model From [fit_potts()] and its like.
#' @param between Names of two proteins: their block, judged by itself. Each residue's
#'   level, which the correction takes off, is that of its pairs within its own protein.
#' @param states States in the Frobenius norm. `"all"` counts the gap where it is one, as
#'   plmc has it, and is the default of models by `"plm"`; `"residues"`, as pydca has it,
#'   is that of the rest.
#' @return A handle of couplings, as of [infer_couplings()].
#' @section Errors:
#' `seqgen_input_error` if a protein is not among the model's.
#' @examplesIf seqgen_available()
#' family <- read_alignment(seqgen_example("alignment"))
#' part <- family$columns(seq_len(family$length) <= 20)
#' head(as.data.frame(potts_couplings(fit_mean_field(part))), 3)
#' @export
potts_couplings <- function(model, between = NULL, states = NULL) {
  py_call("potts_couplings", list(model = model, between = between, states = states))
}

#' Mean-field couplings
#'
#' Couplings of all pairs of columns by the mean-field approximation, corrected by the
#' average product.
#'
#' @inheritParams fit_mean_field
#' @param convention As for [fit_mean_field()]. It also says which states count: those of
#'   the 20 residues, and of the gap as well in the norm of `"evcouplings"` and in the
#'   direct information of all but `"pydca"`.
#' @param score `"norm"`: Frobenius norm in the zero-sum gauge. `"direct-information"`.
#' @return A handle of couplings, as of [infer_couplings()]; `$raw` holds the scores before
#'   the correction. For z and probability see [add_significance()].
#' @section Errors:
#' `seqgen_input_error` as of [fit_mean_field()], or if `score` is something else.
#' @references
#' Morcos et al. (2011), PNAS 108:E1293-E1301.
#' @examplesIf seqgen_available()
#' family <- read_alignment(seqgen_example("alignment"))
#' part <- family$columns(seq_len(family$length) <= 20)
#' head(as.data.frame(mean_field_couplings(part)), 3)
#' @export
mean_field_couplings <- function(alignment, weights = NULL, pseudocount = 0.5,
                                 convention = "seqgen", score = "norm") {
  py_call("mean_field_couplings", list(
    alignment = alignment, weights = weights, pseudocount = pseudocount,
    convention = convention, score = score
  ))
}
