#' The whole regression of pairs of variants
#'
#' Two variants near a causal one that is not typed, or not in the model, show an
#' interaction where there is none: their product tags the haplotypes that carry it. Pairs
#' of one locus or in linkage disequilibrium are flagged, and with `leads`, the fine-mapped
#' variants of the locus, their additive effects are in the model. With kinship in the
#' design all models are fitted by generalised least squares, exactly.
#'
#' `regress_pairs_loco()` takes from the trait of every pair what the other chromosomes
#' predict.
#'
#' @param design From [prepare_pairs()].
#' @param pairs A data.frame with `variant_1` and `variant_2`, such as a scan's table, or a
#'   list of pairs of names.
#' @param loco,chromosomes As in [scan_pairs_loco()].
#' @param leads Names of variants of the design: each pair is conditioned on those within
#'   `window` of either variant. Or a data.frame of `variant_1`, `variant_2`, `lead`, a row
#'   for each lead of each pair. Leads that are not typed go among the covariates of
#'   [prepare_pairs()].
#' @param options A list of settings: `robust` (`"HC3"` or `"HC1"` standard errors),
#'   `dominance` (main effects with a heterozygote's deviation, and a joint test of four
#'   products, `FALSE`), `missing` (`"mean"` or `"complete"`), `window` (base pairs up to
#'   which two variants count as one locus, 1e6), `min_r2` (from which they count as
#'   linked, 0.01), `handful` (pairs with fewer double carriers rest on a handful of
#'   people, 10).
#' @return A data.frame, one row per pair in the order given, `NA` where a model cannot be
#'   fitted:
#'
#'   * `variant_1`, `variant_2`, `n`;
#'   * `beta` per product of counted alleles (log odds for a binary trait), `se`, `t`, `p`,
#'     `neg_log10_p`: given the leads; `se_robust`, `neg_log10_p_robust`;
#'   * `n_leads`, and `beta_unconditioned`, `neg_log10_p_unconditioned` without them;
#'   * `neg_log10_p_rank_normal` and `neg_log10_p_log`, with the trait transformed (the
#'     logarithm only of positive traits, and not of `regress_pairs_loco()`), or for a
#'     binary trait `neg_log10_p_linear`;
#'   * `neg_log10_p_genotypic`, joint test of four products, with `dominance`;
#'   * `r2`, `distance` (base pairs; `NA` between chromosomes), `phantom_risk`: one locus
#'     or linked;
#'   * `double_carriers`, `top5`: share of the five people whose genotypes weigh most in
#'     beta, `handful`.
#' @section Errors:
#' `seqgen_input_error` if a variant is unknown, a pair is one variant twice, leads are
#' given by name and the variants have no positions, or `loco` lacks people or chromosomes.
#' @references
#' Wood et al. (2014), Another explanation for apparent epistasis, Nature 514:E3-E5.
#'
#' Hemani et al. (2021), Phantom epistasis between unlinked loci, Nature 596:E1-E3.
#'
#' Long and Ervin (2000), The American Statistician 54:217-224: HC3.
#' @examplesIf seqgen_available()
#' set.seed(1)
#' genotypes <- matrix(rbinom(1500, 2, 0.4), 300,
#'   dimnames = list(paste0("p", 1:300), paste0("rs", 1:5))
#' )
#' trait <- genotypes[, 1] * genotypes[, 4] + rnorm(300)
#' pair <- data.frame(variant_1 = "rs1", variant_2 = "rs4")
#' regress_pairs(prepare_pairs(genotypes, trait), pair)
#' @export
regress_pairs <- function(design, pairs, leads = NULL, options = NULL) {
  py_call("regress_pairs", list(
    design = design, pairs = pairs, leads = leads, options = options
  ))
}

#' @rdname regress_pairs
#' @export
regress_pairs_loco <- function(design, pairs, loco, chromosomes = NULL, leads = NULL,
                               options = NULL) {
  py_call("regress_pairs_loco", list(
    design = design, pairs = pairs, loco = loco, chromosomes = chromosomes, leads = leads,
    options = options
  ))
}
