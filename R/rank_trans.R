#' Test variants on far traits, weighted by evidence
#'
#' Each test is the regression of the trait on the variant and the covariates. Pairs of a
#' variant and a trait near it are left out, and pairs near a gene whose reads map to the
#' trait's. Evidence becomes weights by a rule that sees no p-value; they average 1 over
#' all tests run, so that weighted Benjamini-Hochberg keeps its false discovery rate
#' whatever the evidence is worth. Of each reported test it is asked how much goes through
#' the cis gene.
#'
#' `scan_all_edges()` does the tests, or a shard of them, to be handed over as `scan`.
#' `merge_scans()` is for scans of pairs; shards of edges are for the command line, whose
#' `seqgen merge` puts its parts together.
#'
#' @param design From [prepare_trans()].
#' @param evidence A data.frame of `variant`, `target` (a trait), `evidence` (the more the
#'   better; `NA` where nothing is known) and any columns beside, such as from
#'   [trans_evidence()].
#' @param genes A data.frame of `gene` (named as the traits), `chrom`, `start`, `end`:
#'   without it nothing is excluded, and cis genes are not known.
#' @param cross_mappable A data.frame of `gene_1`, `gene_2`.
#' @param scan The tests run beforehand, from `scan_all_edges()` with the same genes.
#' @param options A list of settings, any of: `p` (tests up to here are reported, and
#'   listed ones, 1e-5), `cis_window` (base pairs, 1e6), `permutations` (for `p_family` and
#'   the calibration, 0), `mediation` (`TRUE`), `hotspot_window` (base pairs, 1e6),
#'   `most_hits` (held in memory), `workers` (threads, 1), `device` (`"cpu"` or `"cuda"`),
#'   `weights` (a list, as in [scan_gxg()]).
#' @param shard `c(i, N)`: do the i-th (from 1) of N parts of the variants.
#' @param progress A function of step, done and total; for `scan_all_edges()` of done and
#'   total. By default a line in interactive sessions.
#' @return `rank_trans()`: a list of class `seqgen_TransResult` (see [seqgen_result]) with
#'   data.frames `hits` (every listed edge that was tested and others up to the reporting
#'   p-value, by weighted q, with `decision`), `hotspots` (see [find_hotspots()]),
#'   `calibration`, `control` (discoveries without weights, with them, and with shuffled
#'   ones), `drops`; and `n_tests`, `n_cis`, `n_cross_mapped`, `inflation`, `notices`,
#'   `alpha`. `scan_all_edges()`: as [scan_trans()].
#' @section Errors:
#' `seqgen_input_error` if the evidence lacks a column or is about no test of the scan,
#' nothing is left to test, or an option is wrong.
#' @references
#' Genovese, Roeder, Wasserman (2006), Biometrika 93:509-524.
#'
#' Westra et al. (2013), Nature Genetics 45:1238-1243.
#' @examplesIf seqgen_available()
#' set.seed(1)
#' people <- paste0("p", 1:200)
#' genotypes <- matrix(rbinom(10000, 2, 0.3), 200,
#'   dimnames = list(people, paste0("rs", 1:50))
#' )
#' traits <- matrix(rnorm(600), 200, dimnames = list(people, c("A", "B", "C")))
#' traits[, "B"] <- traits[, "B"] + genotypes[, 8]
#' evidence <- data.frame(variant = "rs8", target = "B", evidence = 2)
#' result <- rank_trans(prepare_trans(genotypes, traits), evidence)
#' result$hits[c("variant", "trait", "neg_log10_p", "decision")]
#' @export
rank_trans <- function(design, evidence = NULL, genes = NULL, cross_mappable = NULL,
                       scan = NULL, options = NULL, progress = NULL) {
  py_call("rank_trans", list(
    design = design, evidence = evidence, genes = genes, cross_mappable = cross_mappable,
    scan = scan, options = options, progress = progress
  ))
}

#' @rdname rank_trans
#' @export
scan_all_edges <- function(design, genes = NULL, cross_mappable = NULL, options = NULL,
                           shard = NULL, progress = NULL) {
  py_call("scan_all_edges", list(
    design = design, genes = genes, cross_mappable = cross_mappable, options = options,
    shard = shard, progress = progress
  ))
}
