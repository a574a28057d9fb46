#' All substitutions of a protein
#'
#' The 19 other residues at each position, as [score_variants()] takes them, so that any model
#' scores a whole protein. Positions with a letter that is none of the 20 residues are left
#' out.
#'
#' @param sequence A protein sequence, one string.
#' @param name What the table calls the protein: the accession under which
#'   [score_variants()] is given its sequence.
#' @return A data.frame: `uniprot`, `position` (from 1), `ref_aa`, `alt_aa`.
#' @section Errors:
#' `seqgen_input_error` if the sequence is none of a protein.
#' @seealso [plot_substitutions()]; [single_mutants()] for a Potts model.
#' @examplesIf seqgen_available()
#' sequence <- "MKVLAAGIVG"
#' changes <- all_substitutions(sequence, name = "P1")
#' scored <- score_variants(changes, c(P1 = sequence), load_model("blosum62"),
#'   methods = "wild-type-marginal"
#' )
#' head(scored, 3)
#' @export
all_substitutions <- function(sequence, name = "protein") {
  py_call("all_substitutions", list(sequence = sequence, name = name))
}
