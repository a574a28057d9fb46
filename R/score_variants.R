#' Score residue changes with a protein language model
#'
#' The score is log p(alternative) - log p(reference), natural logarithm: negative
#' where the model finds the alternative less likely. `"masked-marginal"` hides the
#' position and reads both residues there. `"wild-type-marginal"` reads all
#' positions from one pass over the unchanged protein, `"mutant-marginal"` from one over
#' the changed protein. `"pseudo-log-likelihood"` compares the sums over all residues of
#' both proteins, each hidden in turn; `"one-pass-pseudo-log-likelihood"` hides none.
#' Proteins longer than `window` are seen in overlapping windows.
#'
#' @param variants Columns `uniprot`, `position` (from 1), `ref_aa`, `alt_aa`; others
#'   are ignored. Such as from [annotate()], or [all_substitutions()].
#' @param proteins Columns `uniprot` and `sequence`, such as [human_proteins()], or a
#'   named vector, accession to sequence.
#' @param model From [load_model()].
#' @param methods Any of those above. By default `"masked-marginal"` and
#'   `"wild-type-marginal"`; of a model that cannot hide a position, such as a causal one,
#'   the latter alone.
#' @param window Longest stretch of residues the model sees at once; by default all
#'   that it takes.
#' @param overlap Least overlap of windows, in residues; by default half a window.
#' @param shard `c(i, N)`: score the i-th (from 1) of N parts of the proteins.
#' @param progress A function of residue passes done and in total: residues of all
#'   sequences that the model reads, so that a protein counts once for each position hidden
#'   in it. By default a line in interactive sessions.
#' @param cache A folder in which what the model said is kept, and looked up before it is
#'   asked: a call that was stopped goes on where it was, and another one about the same
#'   proteins asks for what is new alone. By default nothing is kept.
#' @return A data.frame, one row per change and method, with the columns above, `method`
#'   and `log_lik_ratio` alone: [merge()] puts others of `variants`, such as `gene`, back (see
#'   the example). What was left out: [drops()]. `attr(table, "log_lik_ratio")`, a named list:
#'   model, methods, unit and sign; parts of rows keep it.
#' @section Errors:
#' `seqgen_input_error` if columns or arguments are wrong, a needed sequence is no
#' protein, no row is left, or a file of the cache is damaged; `seqgen_output_error` if the
#' cache cannot be written at all.
#' @references
#' Meier et al. (2021), Language models enable zero-shot prediction of the effects of
#' mutations on protein function, NeurIPS 34.
#'
#' Brandes et al. (2023), Genome-wide prediction of disease variant effects with a
#' deep protein language model, Nature Genetics 55:1512-1522.
#' @examplesIf seqgen_available()
#' change <- data.frame(uniprot = "P1", position = 2, ref_aa = "K", alt_aa = "W")
#' score_variants(change, c(P1 = "MKV"), load_model("blosum62"),
#'   methods = "wild-type-marginal"
#' )
#'
#' # other columns, such as the gene, by merge()
#' change$gene <- "GENE1"
#' scored <- score_variants(change, c(P1 = "MKV"), load_model("blosum62"))
#' merge(change, scored, by = c("uniprot", "position", "ref_aa", "alt_aa"))
#' @export
score_variants <- function(variants, proteins, model,
                           methods = NULL, window = NULL, overlap = NULL, shard = NULL,
                           progress = NULL, cache = NULL) {
  py_call("score_variants", list(
    variants = variants, proteins = proteins, model = model, methods = methods,
    window = window, overlap = overlap, shard = shard, progress = progress, cache = cache
  ))
}
