#' Test pairs of variants, weighted by evidence
#'
#' Each pair is tested in the regression of the trait on covariates, both variants and
#' their product. Pairs that may be discoveries are fitted anew with the fine-mapped leads
#' of their loci in the model, with robust errors and on other scales. Evidence becomes
#' weights by a rule that sees no p-value; they average 1 over all tests run, so that
#' weighted Benjamini-Hochberg keeps its false discovery rate whatever the evidence is
#' worth, as far as the p-values are right. Where a causal variant is not typed, pairs of
#' one locus or in LD (`phantom_risk`) may still be phantoms and are best counted apart.
#'
#' `scan_all_pairs()` does the tests of all pairs, or a shard of them, to be handed over as
#' `scan`; [merge_scans()] puts shards together.
#'
#' @param design From [prepare_pairs()].
#' @param evidence A data.frame of `variant_1`, `variant_2`, `evidence` (the more the
#'   better; `NA` where nothing is known) and any columns beside, such as from
#'   [pair_evidence()].
#' @param leads Fine-mapped variants, as in [regress_pairs()]; by default loci near the
#'   pairs are fine-mapped here.
#' @param loco,chromosomes As in [scan_pairs_loco()].
#' @param scan All pairs tested beforehand, from `scan_all_pairs()`.
#' @param options A list of settings, any of:
#'
#'   * `tests`: `"listed"`, the pairs of the evidence only (the default where there is
#'     evidence), or `"all"`;
#'   * `p`: where all pairs are tested, those up to here are reported, and listed ones
#'     (1e-4);
#'   * `min_double_carriers`: pairs with fewer people who carry both minor alleles are not
#'     tested (5);
#'   * `detail_p`: pairs up to here get the whole regression, as does whatever may be a
#'     discovery (1e-3);
#'   * `lead_p`: marginal p-value from which on a locus is fine-mapped (5e-8);
#'   * `robust`: decide by the larger of ordinary and robust p-value (`FALSE`);
#'   * `permutations`: for the calibration and `p_family` (0);
#'   * `workers` (threads, 1), `device` (`"cpu"` or `"cuda"`);
#'   * `pairs`: a list, the options of [regress_pairs()];
#'   * `weights`: a list of `alpha` (0.05), `scheme` (`"fixed"`, or `"cross-fold"`, see
#'     [cross_fold_weights()]), `uniform_share`, `rest_weight`, `rule`, `steepness` (see
#'     [evidence_weights()]), `shuffles` (of the weights, for the control, 20), `seed` (1).
#' @param shard `c(i, N)`: do the i-th (from 1) of N parts only.
#' @param progress A function of step, done and total; for `scan_all_pairs()` of done and
#'   total. By default a line in interactive sessions.
#' @return `scan_gxg()`: a list of class `seqgen_GxGResult` (see [seqgen_result]) with
#'   data.frames `pairs` (every listed pair that was tested and others up to the reporting
#'   p-value, by weighted q, with `decision`), `calibration`, `control` (discoveries
#'   without weights, with them, and with shuffled ones), `leads`, `drops`; and `n_tests`,
#'   `inflation`, `notices`, `alpha`. `scan_all_pairs()`: as [scan_pairs()].
#' @section Errors:
#' `seqgen_input_error` if the evidence lacks a column or is about no variant of the
#' design, nothing is left to test, or an option is wrong.
#' @references
#' Genovese, Roeder, Wasserman (2006), Biometrika 93:509-524.
#'
#' Hemani et al. (2021), Phantom epistasis between unlinked loci, Nature 596:E1-E3.
#' @examplesIf seqgen_available()
#' set.seed(1)
#' genotypes <- matrix(rbinom(2400, 2, 0.4), 400,
#'   dimnames = list(paste0("p", 1:400), paste0("rs", 1:6))
#' )
#' trait <- 0.5 * genotypes[, 1] * genotypes[, 4] + rnorm(400)
#' evidence <- data.frame(
#'   variant_1 = c("rs1", "rs2"), variant_2 = c("rs4", "rs3"), evidence = c(3, 0.5)
#' )
#' result <- scan_gxg(prepare_pairs(genotypes, trait), evidence,
#'   options = list(weights = list(uniform_share = 0.2))
#' )
#' result$pairs[c("variant_1", "variant_2", "neg_log10_p", "decision")]
#' @export
scan_gxg <- function(design, evidence = NULL, leads = NULL, loco = NULL, chromosomes = NULL,
                     scan = NULL, options = NULL, progress = NULL) {
  py_call("scan_gxg", list(
    design = design, evidence = evidence, leads = leads, loco = loco,
    chromosomes = chromosomes, scan = scan, options = options, progress = progress
  ))
}

#' @rdname scan_gxg
#' @export
scan_all_pairs <- function(design, options = NULL, loco = NULL, chromosomes = NULL,
                           shard = NULL, progress = NULL) {
  py_call("scan_all_pairs", list(
    design = design, options = options, loco = loco, chromosomes = chromosomes,
    shard = shard, progress = progress
  ))
}
