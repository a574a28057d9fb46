#' Find the residue changes that variants make
#'
#' Joins variants to known missense changes by rsID and checks the alleles: a change
#' is kept only where the two alleles, on either strand, can turn a codon of the
#' reference residue into one of the new residue.
#'
#' ggplot2 has an `annotate()` too; where it was attached later, write `seqgen::annotate()`.
#'
#' @param sumstats Summary statistics, from [read_sumstats()].
#' @param missense Known changes, such as [missense_map()].
#' @return A data.frame, one row per variant and residue change: where the variant
#'   lies and its alleles, `gene`, `uniprot`, `position`, `ref_aa`, `alt_aa`, and
#'   `allele_check`, which allele makes the change. What was left out: [drops()].
#' @details ggplot2 has a function of this name: where it is attached after seqgen, write
#'   `seqgen::annotate()`.
#' @section Errors:
#' `seqgen_input_error` if no variant has an rsID.
#' @examplesIf seqgen_available()
#' changes <- annotate(read_sumstats(seqgen_example("sumstats")), missense_map())
#' changes[changes$gene == "RIBC2", ]
#' @export
annotate <- function(sumstats, missense) {
  py_call("annotate", list(sumstats = sumstats, missense = missense))
}
