#' What is known about pairs of missense variants
#'
#' One row per pair: within a protein every pair of its variants; between two proteins
#' every pair of their variants if couplings, distances or gene pairs tell of the two
#' proteins together; with `candidates = "all"` every pair. A variant with several rows,
#' such as one in overlapping genes, is one variant: its pair has the residues with the
#' most evidence. Missing evidence is `NA`, never 0.
#'
#' @param variants Columns `uniprot`, `position`, `ref_aa`, `alt_aa` and perhaps `gene`,
#'   such as from [annotate()]; named by `variant`, else by `rsid`, else by `chrom`, `pos`
#'   and alleles (chrom:pos:other:effect).
#' @param couplings Couplings, a table of them with `z` or scores, or a list of several.
#'   Within a protein, a language model's go to column `coupling_language_model`, others
#'   to `coupling_alignment`; between two proteins all to `coupling_complex`. Of several
#'   values of a pair the largest counts.
#' @param embeddings A matrix or data.frame, a row per protein, whose row names are
#'   accessions or genes. It chooses no pairs.
#' @param distances In angstrom: residue distances, a data.frame of `protein_1`,
#'   `position_1`, `protein_2`, `position_2`, `distance`, or a list of several. The
#'   smallest counts.
#' @param gene_pairs A data.frame of `gene_1`, `gene_2` in any order and perhaps `score`
#'   (1 where absent), or a named list of such: column `gene_<name>`, without a name
#'   `gene_pairs`.
#' @param scope Pairs `"within"` proteins, `"between"` different ones, or `"all"`.
#' @param candidates `"known"` or `"all"`.
#' @param max_pairs Most pairs of residue changes looked at.
#' @return A data.frame, the most evidence first: `variant_1`, `gene_1`, `uniprot_1`,
#'   `position_1`, `residue_change_1`, the same of the second, a column for each kind of
#'   evidence given, and `evidence` as [combine_evidence()] has it. What was left out:
#'   [drops()].
#' @section Errors:
#' `seqgen_input_error` if an input is not as described, a source tells of none of the
#' proteins or genes, there are no pairs or too many, or no pair can use the embeddings.
#' @examplesIf seqgen_available()
#' missense <- missense_map()
#' variants <- missense[missense$gene %in% c("AKT2", "BAD"), ]
#' known <- data.frame(gene_1 = c("BAD", "BAD"), gene_2 = c("AKT2", "BCL2"))
#' found <- pair_evidence(variants, gene_pairs = known, scope = "between")
#' head(found[c("variant_1", "residue_change_1", "variant_2", "residue_change_2", "evidence")])
#' @export
pair_evidence <- function(variants, couplings = list(), embeddings = NULL, distances = NULL,
                          gene_pairs = NULL, scope = "all", candidates = "known",
                          max_pairs = 5e6) {
  py_call("pair_evidence", list(
    variants = variants, couplings = couplings, embeddings = embeddings,
    distances = distances, gene_pairs = gene_pairs, scope = scope, candidates = candidates,
    max_pairs = max_pairs
  ))
}
