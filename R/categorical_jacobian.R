#' Couplings from a protein language model
#'
#' Every residue is put at every position in turn, and the change of the log
#' probabilities at all others is noted: a 20 x 20 matrix for each pair. The matrices are
#' centred, averaged with their transposes, and their Frobenius norms corrected by the
#' average product. In a Potts model they are the couplings in the zero-sum gauge; a
#' model without context gives zeros.
#'
#' A high score says that a pair stands out in the model, not that it is in contact: a
#' weak model's answers follow the distance along the chain. With the bundled model, of
#' the pairs that [add_significance()] gives more than 0.9, six or more apart, 4.2% and
#' 4.2% were in contact in two enzymes, of all pairs 3.3% and 3.0%. Where the highest
#' scores are of neighbours, a notice says so.
#'
#' @param model From [load_model()].
#' @param sequence The 20 residues or X.
#' @param name Name of the protein.
#' @param start Position of its first residue.
#' @param method `"full"`: all 20 residues, 19 L + 1 passes for L residues. `"subset"`:
#'   those in `substitutions` only. `"masked"`: each position is hidden instead, L + 1
#'   passes. With the bundled model on three proteins, scores of `"subset"` and `"masked"`
#'   have Spearman correlations to the full ones of 0.9 to 0.95 and 0.73 to 0.9, but share
#'   only about 0.8 and 0.5 of the L highest; the longest, of 495 residues, took 399 s
#'   (`"full"`), 93 s and 21 s of one core's time.
#' @param substitutions Residues for `"subset"`, one string.
#' @param centre `"all"`, as published: over both residue axes and then over both
#'   position axes. `"residues"`: over the residue axes alone. By default `"all"` where
#'   `method` is `"full"` and the model is not causal; elsewhere only `"residues"` has a
#'   meaning.
#' @param window,overlap Longest stretch given to the model, by default all it takes, and
#'   how much neighbouring stretches share, by default half. Pairs that no window holds
#'   are `NA`; of several, the weighted mean counts.
#' @param token_budget Most residues to run through the model; beyond it is an error,
#'   before anything runs.
#' @param memory GiB for the responses of a window of w residues, 400 w^2 numbers.
#' @param progress A function of passes done and in total. By default a line in
#'   interactive sessions.
#' @return A handle of couplings, as of [infer_couplings()]; `$raw` holds the norms.
#'   [add_significance()] adds z scores from the bulk of pairs.
#' @section Errors:
#' `seqgen_input_error` if the sequence or an option is not usable, or the budget or
#' memory does not suffice.
#' @references
#' Zhang et al. (2024), Protein language models learn evolutionary statistics of
#' interacting sequence motifs, PNAS 121:e2406285121.
#' @examplesIf seqgen_available()
#' # blosum62 has no context: all zeros
#' couplings <- categorical_jacobian(load_model("blosum62"), "MKVLAGHEWD")
#' range(couplings$raw, na.rm = TRUE)
#' \dontrun{
#' categorical_jacobian(load_model("default"), "MKVLAGHEWD", method = "masked")
#' }
#' @export
categorical_jacobian <- function(model, sequence, name = "protein", start = 1,
                                 method = "full", substitutions = "DKLFG", centre = NULL,
                                 window = NULL, overlap = NULL, token_budget = NULL,
                                 memory = 2, progress = NULL) {
  py_call("categorical_jacobian", list(
    model = model, sequence = sequence, name = name, start = start, method = method,
    substitutions = substitutions, centre = centre, window = window, overlap = overlap,
    token_budget = token_budget, memory = memory, progress = progress
  ))
}

#' Couplings between two proteins from a language model
#'
#' The block between the proteins is cut out of the categorical Jacobian of the chain
#' joined by a linker, averaged over linkers and both orders, and corrected by the average
#' product of the block. Models that were trained on single chains tell little about which
#' residues of two proteins meet, and nothing without a null should be read from them;
#' expect a signal only from models trained on complexes, or for pairs that often occur
#' fused into one chain.
#'
#' @param model From [load_model()].
#' @param first,second Sequences; with the longest linker they have to fit into the model.
#' @param names Of the proteins, not the same.
#' @param linkers One or more, of whatever residues and lengths.
#' @param method,substitutions,memory As for [categorical_jacobian()].
#' @param shuffles Null: that many times the residues of `second` are put in random order.
#' @param partners Null in its place: other proteins' sequences instead of `second`, of
#'   lengths within a fifth of its own, such as neighbours in a proteome that do not meet
#'   `first`.
#' @param seed Of the shuffles.
#' @param token_budget Most residues to run through the model, for all runs together, null
#'   included.
#' @param progress A function of joined chains done and in total. By default a line in
#'   interactive sessions.
#' @return A handle of couplings, as of [infer_couplings()], residues of `first` by those
#'   of `second`. With a null, `$z` is the score in standard deviations of all null scores
#'   together and `$p` the share of them that are at least as high, (1 + higher) / (1 +
#'   all). Scores of a run are not independent and shuffled sequences are not proteins, so
#'   `$p` ranks pairs; evidence that the proteins are coupled at all is
#'   `$diagnostics$p_of_highest`, the share of null runs whose highest score is at least
#'   that of the pair of proteins, at best 1 / (1 + runs).
#' @section Errors:
#' `seqgen_input_error` if a sequence is empty or too long, or an option is out of range.
#' @references
#' Zhang et al. (2024), PNAS 121:e2406285121.
#' @examplesIf seqgen_available()
#' dim(linked_jacobian(load_model("blosum62"), "MKVLA", "GHEWDR")$scores)
#' @export
linked_jacobian <- function(model, first, second, names = c("first", "second"),
                            linkers = "GGGGGGGGGGGGGGGGGGGGGGGGG", method = "full",
                            substitutions = "DKLFG", shuffles = 0, partners = list(),
                            seed = 1, token_budget = NULL, memory = 2, progress = NULL) {
  py_call("linked_jacobian", list(
    model = model, first = first, second = second, names = names, linkers = linkers,
    method = method, substitutions = substitutions, shuffles = shuffles,
    partners = partners, seed = seed, token_budget = token_budget, memory = memory,
    progress = progress
  ))
}
