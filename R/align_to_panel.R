#' Find variants in a panel and settle their alleles
#'
#' Variants match by chromosome, position and alleles, in either order and on either
#' strand. The alleles and effects of the summary statistics stay as they are;
#' `flipped` says that the panel counts the other allele, so that the sign of its
#' genotypes is to be turned. Variants whose frequency is more than 0.3 from the
#' panel's, and those on which the panel does not vary, are dropped.
#'
#' @param sumstats Summary statistics, from [read_sumstats()].
#' @param panel From [read_panel()].
#' @param palindromic What decides about A/T and C/G variants, whose strand their
#'   alleles do not tell. `"frequency"`: the effect allele's frequency, if more than
#'   0.1 from one half and within 0.2 of the panel's on one strand only; dropped
#'   otherwise. `"infer"`: the frequency, and where that cannot tell the letters, if at
#'   least 50 other variants match and at most one in a thousand is on the other
#'   strand. `"as-written"`: the letters. `"drop"`: none are kept.
#' @return The rows of `sumstats` that are found, in their order, with `panel_index`
#'   (row of `panel$variants`, from 1), `flipped` and `panel_eaf`. What was left out:
#'   [drops()].
#' @section Errors:
#' `seqgen_input_error` if no variant is left, or palindromic variants are to be taken
#' as written while others are partly on the other strand; a `seqgen_warning` if the
#' genome builds seem to differ.
#' @examplesIf seqgen_available()
#' panel <- read_panel(seqgen_example("panel"))
#' aligned <- align_to_panel(read_sumstats(seqgen_example("sumstats")), panel)
#' head(aligned[c("rsid", "effect_allele", "eaf", "panel_index", "flipped", "panel_eaf")])
#' panel_ld(aligned[1:5, ], panel)
#' @export
align_to_panel <- function(sumstats, panel, palindromic = "frequency") {
  aligned <- py_call("align_to_panel", list(
    sumstats = sumstats, panel = panel, palindromic = palindromic
  ))
  aligned$panel_index <- aligned$panel_index + 1L
  aligned
}
