#' Test every variant on every trait
#'
#' Linear regression of the trait on the variant and the covariates. Single-precision
#' products find the candidates; whatever is reported is computed anew in double precision.
#' With kinship in the design, the tests are those of a mixed model per trait.
#'
#' @param design From [prepare_trans()].
#' @param options A list of settings: `p` (tests up to here are reported, all are counted,
#'   1e-5), `shard` (`c(i, N)`, the i-th, from 1, of N parts of the variants), `most_hits`
#'   (held in memory), `workers` (threads, 1), `device` (`"cpu"` or `"cuda"`).
#' @param exclusions Pairs that are not tested, from [plan_exclusions()].
#' @param sink A function that takes the hits of each block of variants as a data.frame;
#'   they are then not kept.
#' @param progress A function of variants done and in total. By default a line in
#'   interactive sessions.
#' @return A handle of class `seqgen_TransScan` (see [seqgen_object]) with `hits`, also by
#'   `as.data.frame()`: `variant`, `trait`, `beta` (trait units per allele), `se`, `t`,
#'   `p`, `neg_log10_p`, `frequency` of the counted allele, ordered by p; `n_tests`,
#'   `n_hits`, `n_cis`, `n_cross_mapped` (pairs excluded), `inflation`, `df`. What was left
#'   out: [drops()].
#' @section Errors:
#' `seqgen_input_error` if an option is out of range, no variant can be tested, or there
#' are too many hits to hold.
#' @references Shabalin (2012), Bioinformatics 28:1353-1358.
#' @examplesIf seqgen_available()
#' set.seed(1)
#' people <- paste0("p", 1:200)
#' genotypes <- matrix(rbinom(10000, 2, 0.3), 200,
#'   dimnames = list(people, paste0("rs", 1:50))
#' )
#' traits <- matrix(rnorm(600), 200, dimnames = list(people, c("A", "B", "C")))
#' traits[, "B"] <- traits[, "B"] + genotypes[, 8]
#' as.data.frame(scan_trans(prepare_trans(genotypes, traits)))
#' @export
scan_trans <- function(design, options = NULL, exclusions = NULL, sink = NULL,
                       progress = NULL) {
  py_call("scan_trans", list(
    design = design, options = options, exclusions = exclusions, sink = sink,
    progress = progress
  ))
}

#' @export
as.data.frame.seqgen_TransScan <- function(x, row.names = NULL, optional = FALSE, ...) {
  x$hits
}

#' Which pairs of variant and trait a trans scan leaves out
#'
#' Those where the variant lies within `cis_window` base pairs of the trait's gene, or of
#' any gene that is cross-mappable with the trait's gene, in either direction.
#'
#' @param variants `chrom` and `pos` of every variant, in the order of the genotypes.
#' @param traits Names of the traits, `design$traits$trait`, which are the genes' names.
#' @param genes A data.frame of `gene`, `chrom`, `start` and perhaps `end`; genes that are
#'   no trait may be there, and are needed where `cross_mappable` names them.
#' @param cis_window Base pairs.
#' @param cross_mappable A data.frame of `gene_1` and `gene_2`; every row is a pair, so
#'   filter by its strength beforehand.
#' @return A handle of class `seqgen_Exclusions`, for [scan_trans()], with
#'   `unplaced_traits`, traits without a position, and `unknown_genes`, rows of
#'   `cross_mappable` that are ignored.
#' @section Errors:
#' `seqgen_input_error` if a column is missing, a gene comes twice, or no trait has a
#' position.
#' @references Saha, Battle (2019), F1000Research 7:1860.
#' @examplesIf seqgen_available()
#' variants <- data.frame(chrom = c("1", "2"), pos = c(100, 100))
#' genes <- data.frame(gene = c("A", "B"), chrom = c("1", "2"), start = c(300, 300))
#' plan_exclusions(variants, c("A", "B"), genes, cis_window = 200)
#' @export
plan_exclusions <- function(variants, traits, genes, cis_window = 1000000,
                            cross_mappable = NULL) {
  py_call("plan_exclusions", list(
    variants = variants, traits = traits, genes = genes, cis_window = cis_window,
    cross_mappable = cross_mappable
  ))
}
