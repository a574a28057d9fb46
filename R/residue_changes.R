#' One residue change per variant, with its score
#'
#' Joins annotations and scores. Of several changes that a variant makes, as in several
#' proteins, it takes the one of lowest log likelihood ratio: what [run()] learns its prior from.
#'
#' @param annotations From [annotate()].
#' @param scores From [score_variants()].
#' @param method Whose scores are taken; by default those [run()] takes.
#' @return A data.frame, a row per variant that changes a residue: the columns of
#'   `annotations`, `residue_change` (such as R253C) and `log_lik_ratio` (`NA` where the
#'   change has no score).
#' @section Errors:
#' `seqgen_input_error` if a column is missing, or none of the scores is of that method.
#' @examplesIf seqgen_available()
#' sumstats <- read_sumstats(seqgen_example("sumstats"))
#' loci <- find_loci(sumstats, regions = c("22:43000000-43900000", "22:45700000-45800000"))
#' variants <- do.call(rbind, split_by_locus(sumstats, loci))
#' variants$locus <- rep(loci$locus, loci$n_variants)
#' found <- annotate(variants, missense_map())
#' scores <- score_variants(found[found$checked, ], human_proteins(), load_model("blosum62"),
#'   methods = "wild-type-marginal"
#' )
#' changes <- residue_changes(found, scores)
#' changes[c("rsid", "gene", "residue_change", "log_lik_ratio")]
#' # beside the variants, for the prior; merge() would change their order
#' key <- function(x) paste(x$chrom, x$pos, x$effect_allele, x$other_allele)
#' told <- changes[match(key(variants), key(changes)), c("residue_change", "log_lik_ratio")]
#' annotations <- prior_annotations(cbind(variants, told))
#' table(annotations$locus, annotations$missense)
#' @export
residue_changes <- function(annotations, scores, method = "wild-type-marginal") {
  py_call("residue_changes", list(annotations = annotations, scores = scores, method = method))
}
