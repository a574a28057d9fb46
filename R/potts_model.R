#' A Potts model from its parameters
#'
#' Of another tool, or changed by hand; then as of [fit_potts()].
#'
#' @param letters States: `"-ACDEFGHIKLMNPQRSTVWY"`, or without the gap.
#' @param fields A matrix, columns of the alignment by states.
#' @param couplings An array, pairs by states by states, or `NULL` for independent sites. The
#'   pairs are (1, 2), (1, 3), ..., (2, 3), ...
#' @param residues What the columns are, anything that [as_residues()] takes.
#' @param name What tables and messages call it.
#' @param settings A named list, how it was fitted.
#' @return A handle of class `seqgen_PottsModel`.
#' @section Errors:
#' `seqgen_input_error` if letters or sizes do not fit, or a parameter is not finite.
#' @examplesIf seqgen_available()
#' fields <- matrix(0, 3, 20)
#' fields[2, 9] <- 2
#' model <- PottsModel("ACDEFGHIKLMNPQRSTVWY", fields, NULL, "MKV")
#' model$energy(c("MKV", "MAV"))
#' @export
PottsModel <- function(letters, fields, couplings, residues, name = "potts", settings = NULL) {
  py_call("PottsModel", list(
    letters = letters, fields = fields, couplings = couplings, residues = as_residues(residues),
    name = name, settings = settings
  ))
}

#' Attention contacts from their coefficients
#'
#' The parts of a regression by [fit_attention_contacts()] put together again.
#'
#' @param coefficients One per attention head, layer by layer.
#' @param intercept A number.
#' @param revision Of the model whose attention it reads, `model$revision`.
#' @param settings A named list, how it was fitted.
#' @return A handle of class `seqgen_AttentionContacts`.
#' @examplesIf seqgen_available()
#' AttentionContacts(c(0.5, 0, 1.2), -3, load_model("blosum62")$revision, list())
#' @export
AttentionContacts <- function(coefficients, intercept, revision, settings) {
  if (length(settings) == 0) {
    settings <- stats::setNames(list(), character())
  }
  py_call("AttentionContacts", list(
    coefficients = coefficients, intercept = intercept, revision = revision, settings = settings
  ))
}
