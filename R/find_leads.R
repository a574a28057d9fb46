#' Fine-map the loci near some variants
#'
#' A locus is a run of variants with a marginal p-value up to `p`, no two neighbours more
#' than half a million base pairs apart, with 250 kb on each side. SuSiE runs on the people
#' of the design, whose LD is exact, and the lead of each credible set is named. Where it
#' finds no credible set, the strongest variant is the lead.
#'
#' @param design From [prepare_pairs()], of variants with positions.
#' @param variants Names of variants, or row numbers in `design$variants`; loci that have a
#'   significant variant within `window` of one of them are fine-mapped.
#' @param window Base pairs.
#' @param p Marginal p-value from which on a variant makes a locus.
#' @param L Most effects per locus.
#' @return A data.frame of `locus` (chrom:start-end), `lead`, `cs_id` (`NA` where no set was
#'   found), `pip` and marginal `neg_log10_p`; no rows where nothing is significant.
#' @section Errors:
#' `seqgen_input_error` if the variants have no positions or one is not in the design.
#' @references Wang, Sarkar, Carbonetto, Stephens (2020), JRSS B 82:1273-1300.
#' @examplesIf seqgen_available()
#' set.seed(1)
#' genotypes <- matrix(rbinom(10000, 2, 0.4), 500,
#'   dimnames = list(paste0("p", 1:500), paste0("rs", 1:20))
#' )
#' variants <- data.frame(variant = colnames(genotypes), chrom = "1", pos = 1:20 * 1000)
#' design <- prepare_pairs(genotypes, genotypes[, 4] + rnorm(500), variants = variants)
#' find_leads(design, "rs6")
#' @export
find_leads <- function(design, variants, window = 1000000, p = 5e-8, L = 10) {
  variants <- variant_names(design, variants)
  rows <- variant_rows(design, variants)
  py_call("find_leads", list(design = design, variants = rows, window = window, p = p, L = L))
}

# Names as Python's row numbers.
variant_rows <- function(design, variants) {
  rows <- match(variants, design$variants$variant)
  if (anyNA(rows)) {
    stop_input(
      "variants: ", toString(utils::head(variants[is.na(rows)], 5)), " not in the design; ",
      "expected names of design$variants"
    )
  }
  rows - 1L
}
