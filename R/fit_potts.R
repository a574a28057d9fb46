#' Fit a Potts model to an alignment
#'
#' By either method, once the alignment has been found deep enough. Fields and couplings
#' of the columns make the statistical energy of a sequence: the higher, the more like
#' the family.
#'
#' @param alignment From [read_alignment()] or [pair_alignments()].
#' @param method `"plm"`: pseudolikelihood, [fit_plm()]. `"mean-field"`: the mean-field
#'   approximation, [fit_mean_field()], which is less accurate.
#' @param gaps For `"plm"`: `"state"`, the gap is a letter, as by default, or `"ignore"`,
#'   gaps are left out.
#' @param lambda_J For `"plm"`: penalty on couplings; by default as plmc and GREMLIN have
#'   it.
#' @param pseudocount For `"mean-field"`: share of the uniform distribution, by default
#'   one half.
#' @param identity Sequences at least this alike share a weight; unused where `weights`
#'   are given.
#' @param weights One per sequence, such as from [sequence_weights()].
#' @param min_depth Least effective number of sequences per column. Below it an error
#'   says why; 0 fits all the same, with a notice.
#' @param device,threads,progress For `"plm"`, as for [fit_plm()].
#' @return A handle of a Potts model, see [seqgen_object]. `$energy(sequences)` gives
#'   energies, `$settings$notices` what the reader has to know, `$save(path)` writes a
#'   file that [load_model()] reads. [score_variants()] takes it as a model.
#' @section Errors:
#' `seqgen_input_error` if the alignment is too shallow, or an argument is out of range.
#' @examplesIf seqgen_available()
#' family <- read_alignment(seqgen_example("alignment"))
#' part <- family$columns(seq_len(family$length) <= 20)
#' fit_potts(part, method = "mean-field")
#' @export
fit_potts <- function(alignment, method = "plm", gaps = NULL, lambda_J = NULL,
                      pseudocount = NULL, identity = 0.8, weights = NULL, min_depth = 2,
                      device = NULL, threads = NULL, progress = NULL) {
  py_call("fit_potts", list(
    alignment = alignment, method = method, gaps = gaps, lambda_J = lambda_J,
    pseudocount = pseudocount, identity = identity, weights = weights,
    min_depth = min_depth, device = device, threads = threads, progress = progress
  ))
}

#' Fit a Potts model by pseudolikelihood
#'
#' Minimises, over fields h and couplings J (one per pair, shared by both of its sites),
#' -sum_n w_n sum_i log P(x_ni | all other sites of n) + lambda_h |h|^2 + lambda_J |J|^2
#' by conjugate gradients. Memory is two and a half times the couplings and two bytes per
#' letter of the alignment. The result does not depend on the number of threads.
#'
#' @param alignment From [read_alignment()] or [pair_alignments()].
#' @param weights One per sequence; by default [sequence_weights()] at 80% identity.
#' @param gaps `"state"`: the gap is a 21st letter. `"ignore"`: gaps neither predict nor
#'   are predicted.
#' @param lambda_h Penalty on fields.
#' @param lambda_J Penalty on couplings; by default 0.01 (q - 1) (L - 1), for q letters
#'   and L columns, as plmc's users and GREMLIN have it.
#' @param tolerance Converged once an iteration lowers the loss by less than this share
#'   of it.
#' @param max_iterations Most iterations.
#' @param device `"native"`: the compiled loops, on all cores. `"cpu"`, `"cuda"`: torch.
#'   `"auto"`: the compiled loops, or torch with a warning where they were not built.
#' @param threads For the compiled loops; by default all cores.
#' @param progress A function of iteration and loss. By default a line in interactive
#'   sessions.
#' @return A handle of a Potts model, as of [fit_potts()].
#' @section Errors:
#' `seqgen_input_error` if an argument is out of range or no column varies. A
#' `seqgen_warning` if the iterations ran out before the loss settled.
#' @references
#' Ekeberg et al. (2013), Physical Review E 87:012707.
#'
#' Kamisetty et al. (2013), PNAS 110:15674-15679.
#'
#' Dai, Yuan (1999), SIAM Journal on Optimization 10:177-182.
#' @examplesIf seqgen_available()
#' family <- read_alignment(seqgen_example("alignment"))
#' part <- family$columns(seq_len(family$length) <= 20)
#' fit_plm(part)$settings$iterations
#' @export
fit_plm <- function(alignment, weights = NULL, gaps = "state", lambda_h = 0.01,
                    lambda_J = NULL, tolerance = 1e-5, max_iterations = 100,
                    device = "auto", threads = NULL, progress = NULL) {
  py_call("fit_plm", list(
    alignment = alignment, weights = weights, gaps = gaps, lambda_h = lambda_h,
    lambda_J = lambda_J, tolerance = tolerance, max_iterations = max_iterations,
    device = device, threads = threads, progress = progress
  ))
}

#' Fit a Potts model by the mean-field approximation
#'
#' Weighted frequencies of one and of two columns are mixed with a share `pseudocount` of
#' the uniform distribution. The couplings are minus the inverse of the covariance of the
#' indicators of all states but one; the fields are those at which the mean-field
#' equations give the columns' frequencies. The gap is a state. Holds a matrix of (20 L)^2
#' doubles for L columns: 512 MB at 400.
#'
#' @param alignment From [read_alignment()] or [pair_alignments()].
#' @param weights One per sequence; by default [sequence_weights()] at 80% identity,
#'   which `"pydca"` counts as more than, and the others as at least.
#' @param pseudocount Share of the uniform distribution, above 0 and below 1.
#' @param convention `"seqgen"`, `"pydca"` or `"evcouplings"`: whose gauge the parameters
#'   are in. Those of the gap are zero, or for `"evcouplings"` those of tyrosine.
#' @return A handle of a Potts model, as of [fit_potts()].
#' @section Errors:
#' `seqgen_input_error` if an argument is out of range, there are fewer than two sequences
#' or columns, or the covariance cannot be inverted or held in memory.
#' @references
#' Morcos et al. (2011), PNAS 108:E1293-E1301.
#' @examplesIf seqgen_available()
#' family <- read_alignment(seqgen_example("alignment"))
#' part <- family$columns(seq_len(family$length) <= 20)
#' dim(fit_mean_field(part)$fields)
#' @export
fit_mean_field <- function(alignment, weights = NULL, pseudocount = 0.5,
                           convention = "seqgen") {
  py_call("fit_mean_field", list(
    alignment = alignment, weights = weights, pseudocount = pseudocount,
    convention = convention
  ))
}

#' Fit a model of independent sites
#'
#' A Potts model without couplings: log frequencies of the letters at each column. What
#' couplings add to the prediction of variant effects shows against it.
#'
#' @param alignment From [read_alignment()].
#' @param weights One per sequence; by default [sequence_weights()] at 80% identity.
#' @param pseudocount Added to the weighted count of each of the 21 letters, above 0.
#' @return A handle of a Potts model, as of [fit_potts()]; its `$couplings` are `NULL`.
#' @section Errors:
#' `seqgen_input_error` if the weights do not fit or the pseudocount is not above zero.
#' @examplesIf seqgen_available()
#' sites <- fit_site_independent(read_alignment(seqgen_example("alignment")))
#' head(single_mutants(sites), 3)
#' @export
fit_site_independent <- function(alignment, weights = NULL, pseudocount = 1) {
  py_call("fit_site_independent", list(
    alignment = alignment, weights = weights, pseudocount = pseudocount
  ))
}
