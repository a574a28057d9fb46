#' Embeddings of proteins
#'
#' Mean over the residues of a model's last layer. A protein longer than the model takes
#' is covered by windows of that length which overlap by half; a residue in several has
#' their weighted mean. Then all residues count alike.
#'
#' @param proteins Columns `uniprot` (or `name`) and `sequence`, such as
#'   [human_proteins()], or a named vector, name to sequence. U is read as C, O as K, and
#'   B, Z, J, X as unknown.
#' @param model From [load_model()].
#' @param progress A function of residues done and in total. By default a line in
#'   interactive sessions.
#' @return A data.frame, one row per protein in the order given, which its row names tell;
#'   columns `e0`, `e1`, ...
#' @section Errors:
#' `seqgen_input_error` if columns are missing, there is no protein, a name comes twice
#' with different sequences, or a sequence is no protein.
#' @examplesIf seqgen_available()
#' dim(embed_proteins(c(P1 = "MKV", P2 = "WW"), load_model("blosum62")))
#' @export
embed_proteins <- function(proteins, model, progress = NULL) {
  py_call("embed_proteins", list(proteins = proteins, model = model, progress = progress))
}
