#' Read a list of gene pairs
#'
#' Text with a line of column names, plain or gzipped: `gene_1`, `gene_2` and perhaps
#' `score`; STRING's tables of gene names and its files of links (`protein1`,
#' `protein2`, `combined_score`), which need `names`; BioGRID's tab3, whose scores of
#' different experiments have no scale in common and are read only if
#' `score = "Score"`. A pair in both orders, or twice, is one of the larger score.
#'
#' @param path The file.
#' @param columns Names of the two columns of genes, where they are others.
#' @param score Name of the column of scores. Pairs without one are then left out.
#' @param min_score Least score, on the scale of the file (STRING's links: 0 to 1000;
#'   its tables: 0 to 1).
#' @param names Gene of each identifier: the path of STRING's file `protein.info` of
#'   the same version, a data.frame with its columns `string_protein_id` and
#'   `preferred_name`, or a named vector.
#' @param taxon Where the file tells the organism, keep pairs of this one (NCBI's
#'   number) only; `NULL` keeps all.
#' @return A data.frame of `gene_1`, `gene_2` and, where there is one, `score`, in the
#'   order of the file. What was left out: [drops()].
#' @section Errors:
#' `seqgen_missing_file_error` if there is no such file; `seqgen_input_error` if the
#' columns are not found, a line is ragged, a score is no number, genes are identifiers
#' of STRING without `names`, or no pair is left.
#' @examplesIf seqgen_available()
#' path <- tempfile(fileext = ".tsv")
#' writeLines(c("gene_1\tgene_2\tscore", "AKT2\tBAD\t0.7", "BAD\tAKT2\t0.9"), path)
#' read_gene_pairs(path)
#' @export
read_gene_pairs <- function(path, columns = NULL, score = NULL, min_score = NULL,
                            names = NULL, taxon = 9606) {
  py_call("read_gene_pairs", list(
    path = path, columns = columns, score = score, min_score = min_score, names = names,
    taxon = taxon
  ))
}
