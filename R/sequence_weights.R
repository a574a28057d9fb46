#' Weights of the sequences of an alignment
#'
#' One over the number of sequences that are like each sequence, itself included. Two
#' sequences are alike where they agree in at least `identity` of all columns, gaps
#' counted as a letter. Time grows with the square of the sequences: 20,000 by 400
#' columns take about two seconds on one core.
#'
#' @param alignment From [read_alignment()].
#' @param identity Share of columns, above 0 and at most 1. At 1, only copies share a
#'   weight.
#' @param strict Alike only above `identity`, not at it, as pydca counts.
#' @param threads By default all cores.
#' @return A numeric vector, one weight per sequence.
#' @section Errors:
#' `seqgen_input_error` if `identity` or `threads` is out of range.
#' @references
#' Morcos et al. (2011), PNAS 108:E1293-E1301.
#' @examplesIf seqgen_available()
#' family <- read_alignment(seqgen_example("alignment"))
#' sum(sequence_weights(family))
#' @export
sequence_weights <- function(alignment, identity = 0.8, strict = FALSE, threads = NULL) {
  py_call("sequence_weights", list(
    alignment = alignment, identity = identity, strict = strict, threads = threads
  ))
}

#' Depth of an alignment
#'
#' Effective number of sequences per column, and whether couplings can be had from them.
#'
#' @param alignment From [read_alignment()].
#' @param weights One per sequence; by default [sequence_weights()] at 80% identity.
#' @return A list: `n_sequences`, `length` (columns), `neff` (sum of the weights),
#'   `neff_per_column`, `enough` (`TRUE` from 2 per column on) and `verdict`, one
#'   sentence.
#' @section Errors:
#' `seqgen_input_error` if the weights do not fit the alignment.
#' @references
#' Anishchenko et al. (2017), PNAS 114:9122-9127: what depth does to precision.
#' @examplesIf seqgen_available()
#' alignment_depth(read_alignment(seqgen_example("alignment")))$verdict
#' @export
alignment_depth <- function(alignment, weights = NULL) {
  py_call("alignment_depth", list(alignment = alignment, weights = weights))
}
