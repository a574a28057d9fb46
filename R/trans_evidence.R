#' What is known about variants and target genes
#'
#' One row per variant and target that couplings or gene pairs tell of, to which
#' embeddings, which tell of all, are added; with `candidates = "all"` every variant with
#' every target. A variant's own gene is never its target. A variant or target with
#' several rows is one: the pair has the row with the most evidence. Missing evidence is
#' `NA`, never 0.
#'
#' @param variants Columns `gene` (the gene a variant changes, or the nearest or the cis
#'   gene) or `uniprot`, perhaps `position`, `ref_aa`, `alt_aa`, and names as
#'   [pair_evidence()] takes them.
#' @param targets Gene symbols, or a data.frame of `gene` and perhaps `uniprot`.
#' @param couplings As in [pair_evidence()]; those between a variant's protein and a
#'   target's count. Column `coupling_complex` is the largest value between the variant's
#'   residue and any of the target's; of a variant without a residue, over all pairs of
#'   residues.
#' @param embeddings,gene_pairs As in [pair_evidence()].
#' @param candidates `"known"` or `"all"`.
#' @param max_pairs Most pairs of rows looked at.
#' @return A data.frame, the most evidence first: `variant`, `gene`, `uniprot`,
#'   `position`, `target`, a column for each kind of evidence given, and `evidence`. What
#'   was left out: [drops()].
#' @section Errors:
#' `seqgen_input_error` if an input is not as described, a source tells of none of the
#' variants or targets, nothing is known of any pair, or there are too many.
#' @examplesIf seqgen_available()
#' variants <- data.frame(variant = c("rs1", "rs2"), gene = c("AKT2", "MYC"))
#' known <- data.frame(
#'   gene_1 = c("BAD", "FOXO1", "MAX"), gene_2 = c("AKT2", "AKT2", "MYC"),
#'   score = c(0.4, 0.9, 0.8)
#' )
#' trans_evidence(variants, c("BAD", "FOXO1"), gene_pairs = list(string = known))
#' @export
trans_evidence <- function(variants, targets, couplings = list(), embeddings = NULL,
                           gene_pairs = NULL, candidates = "known", max_pairs = 5e6) {
  py_call("trans_evidence", list(
    variants = variants, targets = targets, couplings = couplings, embeddings = embeddings,
    gene_pairs = gene_pairs, candidates = candidates, max_pairs = max_pairs
  ))
}
