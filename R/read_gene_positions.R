#' Read positions of genes
#'
#' A table, or the gene lines of a GTF or GFF3. A table has a header and columns for
#' gene, chromosome, start and, where known, end, under any of their usual names; a
#' transcription start site alone will do. Positions are counted from 1, except where
#' the header begins `#chr` or the file is called `.bed`: then one is added to start.
#'
#' @param path Text, plain or gzipped, or Parquet.
#' @param name What genes are called by: `"gene_id"` or `"gene_name"`.
#' @param strip_version Take the version off Ensembl ids (ENSG00000215270.3), where the
#'   traits have none.
#' @return A data.frame of `gene`, `chrom`, `start`, `end` (from 1, both ends included),
#'   in file order, each gene once. What was left out: [drops()].
#' @section Errors:
#' `seqgen_missing_file_error` if there is no such file; `seqgen_input_error` if a
#' column is missing, a position is no number, or no gene is left.
#' @examplesIf seqgen_available()
#' path <- tempfile(fileext = ".tsv")
#' writeLines(c("gene\tchr\ttss", "MYC\tchr8\t127735434"), path)
#' read_gene_positions(path)
#' @export
read_gene_positions <- function(path, name = "gene_id", strip_version = FALSE) {
  py_call("read_gene_positions", list(path = path, name = name, strip_version = strip_version))
}

#' Read pairs of genes whose reads may be taken for each other's
#'
#' @param path Two genes and a score per line, text, plain or gzipped, with or without
#'   a header, as Saha and Battle publish them.
#' @param min_score Pairs with a lower score are left out and counted.
#' @param strip_version Take the version off Ensembl ids.
#' @return A data.frame of `gene_1`, `gene_2`, `score`. A gene with itself is no pair.
#'   What was left out: [drops()].
#' @section Errors:
#' `seqgen_missing_file_error` if there is no such file; `seqgen_input_error` if it has
#' other columns, or no pair is left.
#' @references
#' Saha, Battle (2019), F1000Research 7:1860.
#' @examplesIf seqgen_available()
#' path <- tempfile(fileext = ".txt")
#' writeLines(c("ENSG01.2\tENSG02.1\t12.5", "ENSG01.2\tENSG03.4\t0.5"), path)
#' read_cross_mappability(path, min_score = 1, strip_version = TRUE)
#' @export
read_cross_mappability <- function(path, min_score = 0, strip_version = FALSE) {
  py_call("read_cross_mappability", list(
    path = path, min_score = min_score, strip_version = strip_version
  ))
}
