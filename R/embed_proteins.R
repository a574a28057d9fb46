#' Embeddings of proteins
#'
#' A layer of a model, pooled over the residues. A protein longer than the model takes is
#' covered by windows of that length which overlap by half; a residue in several has their
#' weighted mean.
#'
#' @param proteins Columns `uniprot` (or `name`) and `sequence`, such as
#'   [human_proteins()], or a named vector, name to sequence. U is read as C, O as K, and
#'   B, Z, J, X as unknown.
#' @param model From [load_model()].
#' @param pooling `"mean"`: all residues count alike; `"cls"`: the vector of the token that
#'   the model puts first; `"attention"`: each residue counts by the attention it gets in
#'   the last layer.
#' @param layer 0 for what enters the model's first block; -1 for the last.
#' @param shard `c(i, N)`: embed the i-th (from 1) of N parts of the proteins.
#' @param progress A function of residues done and in total. By default a line in
#'   interactive sessions.
#' @param cache A folder in which embeddings are kept, and looked up before the model is
#'   asked. By default nothing is kept.
#' @return A data.frame, one row per protein in the order given, which its row names tell;
#'   columns `e0`, `e1`, ...; `attr(table, "embedding")`: the model and how it was asked.
#' @section Errors:
#' `seqgen_input_error` if columns are missing, there is no protein, a name comes twice
#' with different sequences, a sequence is no protein, or the model has no such layer,
#' first token or attention.
#' @examplesIf seqgen_available()
#' dim(embed_proteins(c(P1 = "MKV", P2 = "WW"), load_model("blosum62")))
#' @export
embed_proteins <- function(proteins, model, pooling = "mean", layer = -1, shard = NULL,
                           progress = NULL, cache = NULL) {
  py_call("embed_proteins", list(
    proteins = proteins, model = model, pooling = pooling, layer = layer, shard = shard,
    progress = progress, cache = cache
  ))
}

#' Embeddings of residues, in a file
#'
#' `embed_residues()` writes one matrix per protein, residues by width, to a safetensors
#' file as it is computed; `read_residue_embeddings()` reads all, or those of `names`.
#'
#' @inheritParams embed_proteins
#' @param path The file.
#' @param names The proteins wanted; by default all.
#' @return `embed_residues()`: the path. `read_residue_embeddings()`: a named list of
#'   matrices.
#' @section Errors:
#' `seqgen_input_error` as [embed_proteins()], or if the file is damaged or lacks a protein;
#' `seqgen_missing_file_error` if there is none; `seqgen_output_error` if it cannot be
#' written.
#' @examplesIf seqgen_available()
#' path <- embed_residues(c(P1 = "MKV"), load_model("blosum62"), tempfile())
#' dim(read_residue_embeddings(path)$P1)
#' @export
embed_residues <- function(proteins, model, path, layer = -1, progress = NULL) {
  py_call("embed_residues", list(
    proteins = proteins, model = model, path = path, layer = layer, progress = progress
  ))
}

#' @rdname embed_residues
#' @export
read_residue_embeddings <- function(path, names = NULL) {
  py_call("read_residue_embeddings", list(path = path, names = names))
}

#' Embeddings of residue changes
#'
#' The embedding of the changed protein less that of the reference, in the window centred
#' on the change.
#'
#' @inheritParams score_variants
#' @param at `"site"`: at the changed residue; `"mean"`: over the window's residues.
#' @param layer 0 for what enters the model's first block; -1 for the last.
#' @param window Residues the model sees; by default all that it takes.
#' @param progress A function of changes done and in total. By default a line in
#'   interactive sessions.
#' @return A data.frame: the change, and columns `site0`, ... and `mean0`, .... What was left
#'   out: [drops()]. `attr(table, "embedding")`: the model and how it was asked.
#' @section Errors:
#' `seqgen_input_error` if columns or arguments are wrong, or no row is left.
#' @examplesIf seqgen_available()
#' change <- data.frame(uniprot = "P1", position = 2, ref_aa = "K", alt_aa = "W")
#' dim(embed_variants(change, c(P1 = "MKV"), load_model("blosum62")))
#' @export
embed_variants <- function(variants, proteins, model, at = c("site", "mean"), layer = -1,
                           window = NULL, progress = NULL) {
  py_call("embed_variants", list(
    variants = variants, proteins = proteins, model = model, at = at, layer = layer,
    window = window, progress = progress
  ))
}

#' Proteins with the nearest embeddings
#'
#' @param embeddings A data.frame whose row names are the proteins, as from
#'   [embed_proteins()].
#' @param queries The proteins whose neighbours are wanted; by default all.
#' @param k Neighbours of each.
#' @return A data.frame: `query`, `protein`, `rank` (from 1), `cosine`.
#' @section Errors:
#' `seqgen_input_error` if a query has no row, a name comes twice, a row is zero or `k` is
#' less than 1.
#' @examplesIf seqgen_available()
#' vectors <- embed_proteins(c(P1 = "MKV", P2 = "MKI", P3 = "WW"), load_model("blosum62"))
#' nearest_proteins(vectors, queries = "P1", k = 1)
#' @export
nearest_proteins <- function(embeddings, queries = NULL, k = 10) {
  py_call("nearest_proteins", list(embeddings = embeddings, queries = queries, k = k))
}
