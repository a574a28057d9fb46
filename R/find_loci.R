#' Find the loci of a GWAS
#'
#' Windows around significant variants, merged where they overlap.
#'
#' @param sumstats Summary statistics, from [read_sumstats()].
#' @param p_threshold A variant with p at or below it opens a window.
#' @param flank Base pairs on each side of such a variant.
#' @param regions `"chrom:start-end"` (from 1, both ends included), one or more: then
#'   these are the loci, and significance is not asked for.
#' @return A data.frame in genome order of the input: `locus`, `chrom`, `start`, `end`,
#'   `lead_rsid`, `lead_pos`, `lead_neg_log10_p` and `n_variants`.
#' @section Errors:
#' `seqgen_input_error` if no variant is significant, or a region cannot be read or
#' holds no variant.
#' @examplesIf seqgen_available()
#' find_loci(read_sumstats(seqgen_example("sumstats")))
#' @export
find_loci <- function(sumstats, p_threshold = 5e-8, flank = 250000, regions = NULL) {
  py_call("find_loci", list(
    sumstats = sumstats, p_threshold = p_threshold, flank = flank, regions = regions
  ))
}
