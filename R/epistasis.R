#' Energies of all single mutants
#'
#' Energy of every single mutant of the focus sequence, relative to the focus.
#'
#' @param model A Potts model with a focus sequence, from [fit_potts()] and its like.
#' @return A data.frame: `uniprot`, `position`, `ref_aa`, `alt_aa`, `delta_energy`; 19
#'   rows for each column at which the focus has a residue. Above zero, the model prefers
#'   the mutant.
#' @section Errors:
#' `seqgen_input_error` if the model has no focus sequence.
#' @examplesIf seqgen_available()
#' family <- read_alignment(seqgen_example("alignment"))
#' head(single_mutants(fit_site_independent(family)), 3)
#' @export
single_mutants <- function(model) {
  py_call("single_mutants", list(model = model))
}

#' Energies of single and multiple mutants
#'
#' The statistical energy of the mutant less that of the focus: the change of its log
#' probability under the model. It is the sum of the energies of the single changes, and
#' of the epistasis of each pair of them.
#'
#' @param model A Potts model with a focus sequence, from [fit_potts()] and its like.
#' @param mutants Such as `"A24C"` or `"A24C:G50D"`, in a joint model of several proteins
#'   `"P1/A24C:P2/G50D"`; or a data.frame with `position`, `ref_aa`, `alt_aa`, where rows
#'   that share an entry of a column `mutant` belong together, and `uniprot` names the
#'   protein.
#' @return A data.frame, one row per mutant in the order given: `mutant`, `n_changes`,
#'   `delta_energy`, `additive` and `epistasis`, which sum to it, and `reason`: why there
#'   is no energy (then `NA`), empty where there is one.
#' @section Errors:
#' `seqgen_input_error` if the model has no focus sequence, the mutants have the wrong
#' form, or none has an energy.
#' @references
#' Hopf et al. (2017), Nature Biotechnology 35:128-135.
#' @examplesIf seqgen_available()
#' family <- read_alignment(seqgen_example("alignment"))
#' part <- family$columns(seq_len(family$length) <= 20)
#' mutant_energies(fit_mean_field(part), c("F152A", "F152A:Y154C"))
#' @export
mutant_energies <- function(model, mutants) {
  py_call("mutant_energies", list(model = model, mutants = mutants))
}

#' Epistasis between changes
#'
#' `epistasis()` of two changes is the double mutant's energy less both single ones', the
#' same in every gauge and in every background. Reference residues need not be those of
#' the focus. `epistasis_at()` gives it for all pairs of changes of the focus' residues
#' at two positions.
#'
#' @param model A Potts model, from [fit_potts()] and its like.
#' @param first,second Changes such as `"A24C"` (`"P1/A24C"` in a joint model), paired by
#'   place; one change stands for as many as the other has.
#' @param position_1,position_2 Positions in the numbering of the model's residues.
#' @param proteins The proteins of both positions, in a joint model.
#' @return Of `epistasis()`, a data.frame: `first`, `second`, `epistasis` and `reason`:
#'   why there is none (then `NA`), empty where there is one. Of `epistasis_at()`, a 20 by
#'   20 matrix, named by the new residues at `position_1` and `position_2`; zeros at the
#'   focus' own residues.
#' @section Errors:
#' `seqgen_input_error` if the numbers of changes differ or none can be used; if the
#' positions are the same or not covered, or the focus has no residue there.
#' @references
#' Hopf et al. (2017), Nature Biotechnology 35:128-135.
#' @examplesIf seqgen_available()
#' family <- read_alignment(seqgen_example("alignment"))
#' model <- fit_mean_field(family$columns(seq_len(family$length) <= 20))
#' epistasis(model, "F152A", c("Y154C", "Y154D"))
#' epistasis_at(model, 152, 154)["A", c("C", "D")]
#' @export
epistasis <- function(model, first, second) {
  py_call("epistasis", list(model = model, first = first, second = second))
}

#' @rdname epistasis
#' @export
epistasis_at <- function(model, position_1, position_2, proteins = NULL) {
  as.matrix(py_call("epistasis_at", list(
    model = model, position_1 = position_1, position_2 = position_2, proteins = proteins
  )))
}
