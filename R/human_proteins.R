#' Human proteins
#'
#' @return A data.frame, one row per protein: `uniprot`, `name`, `gene`, `sequence`.
#' @examplesIf seqgen_available()
#' proteins <- human_proteins()
#' nchar(proteins$sequence[proteins$gene == "AKT2"])
#' @export
human_proteins <- function() {
  py_call("human_proteins")
}
