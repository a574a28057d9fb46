#' Add published scores to variants
#'
#' AlphaMissense's, CADD's and ESM-1b's tables are known by their header; any other does with a
#' word on its columns.
#'
#' A table by position and allele is joined by chromosome, position and the two alleles as they
#' are written, whichever of the two is the effect allele: the score is of the table's `alt` in
#' place of its `ref`. A table by protein is joined by UniProt accession and residue change.
#' Where a table has several rows for one allele, that of the variant's `uniprot` is taken, else
#' the worst.
#'
#' Scores are left as published, sign included:
#'
#' | column | meaning |
#' |---|---|
#' | `alphamissense` | 0 to 1, higher is worse; 0.34 to 0.564 is "ambiguous" |
#' | `cadd_phred`, `cadd_raw` | higher is worse |
#' | `esm1b` | log-likelihood ratio (natural log), lower is worse, as `log_lik_ratio` |
#'
#' @param variants From [annotate()], or any table with `chrom`, `pos` and `effect_allele`,
#'   `other_allele` (or `alt`, `ref`); for tables by protein `uniprot`, `position`, `ref_aa`,
#'   `alt_aa`.
#' @param table A file: text, plain or gzipped, read through; indexed by tabix (`.tbi` beside
#'   it), read at the variants only; Parquet; or ESM-1b's tables, as the zip, a folder, or one of
#'   them. [fetch()] gets the known ones.
#' @param scores Columns to take. Needed where the table is none of the known ones.
#' @param columns What is in which column where names do not tell, such as
#'   `c(ref = "REF_BASE")`: `chrom`, `pos`, `ref`, `alt`, or `uniprot` and `change` (such as
#'   A12V), or `uniprot`, `position`, `ref_aa`, `alt_aa`.
#' @return `variants` with a column per score, `NA` where the table has none; why: [drops()].
#' @section Errors:
#' `seqgen_input_error` if the table is not understood or damaged, is of another genome build, or
#' has a score for none of the variants; `seqgen_missing_file_error` if there is no such file.
#' @references
#' Cheng et al. (2023), Accurate proteome-wide missense variant effect prediction with
#' AlphaMissense, *Science* 381:eadg7492.
#'
#' Schubach et al. (2024), CADD v1.7, *Nucleic Acids Research* 52:D1143-D1154.
#'
#' Brandes et al. (2023), Genome-wide prediction of disease variant effects with a deep protein
#' language model, *Nature Genetics* 55:1512-1522.
#' @examplesIf seqgen_available()
#' file <- tempfile(fileext = ".tsv")
#' writeLines(c(
#'   "uniprot_id\tprotein_variant\tam_pathogenicity\tam_class",
#'   "P04637\tR175H\t0.98\tlikely_pathogenic"
#' ), file)
#' variants <- data.frame(uniprot = "P04637", position = 175, ref_aa = "R", alt_aa = "H")
#' add_published_scores(variants, file)
#' @export
add_published_scores <- function(variants, table, scores = NULL, columns = NULL) {
  py_call("add_published_scores", list(
    variants = variants, table = table, scores = scores, columns = columns
  ))
}
