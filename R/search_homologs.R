#' Search homologs of a protein
#'
#' Runs MMseqs2, HHblits or jackhmmer, which have to be installed, and reads the
#' alignment they make.
#'
#' @param sequence The protein, one-letter codes.
#' @param database A protein FASTA file (MMseqs2, plain or gzipped, or a database it
#'   made; jackhmmer, plain), or the prefix of an hhsuite database (HHblits).
#' @param tool `"mmseqs2"`, `"hhblits"` or `"jackhmmer"`.
#' @param out File for the tool's alignment (A3M, or Stockholm of jackhmmer), insertions
#'   included; gzipped if named `.gz`. Temporary files lie beside it meanwhile.
#' @param name Of the protein, without spaces.
#' @param evalue Hits up to this are taken in.
#' @param iterations Rounds of profile search.
#' @param threads By default all cores.
#' @param options Further options of the search, as the tool calls them, a character
#'   vector.
#' @param min_sequence_coverage Least share of the protein that a sequence has to cover.
#' @return A handle of an alignment with the protein in focus, see [seqgen_object].
#' @section Errors:
#' `seqgen_missing_dependency_error` if the tool is not installed (the message gives the
#' command); `seqgen_missing_file_error` or `seqgen_input_error` if the database or an
#' argument is wrong or nothing is found; `seqgen_output_error` if `out` cannot be
#' written; `seqgen_error` if the tool fails.
#' @references
#' Steinegger, Soeding (2017), Nature Biotechnology 35:1026-1028: MMseqs2.
#'
#' Steinegger et al. (2019), BMC Bioinformatics 20:473: HH-suite3.
#'
#' Johnson, Eddy, Portugaly (2010), BMC Bioinformatics 11:431: jackhmmer.
#' @examples
#' \dontrun{
#' proteins <- human_proteins()
#' family <- search_homologs(
#'   proteins$sequence[proteins$gene == "AKT2"], "uniref50.fasta.gz",
#'   out = "AKT2.a3m.gz", name = "P31751"
#' )
#' alignment_depth(family)
#' }
#' @export
search_homologs <- function(sequence, database, tool = "mmseqs2", out, name = "query",
                            evalue = 0.001, iterations = 3, threads = NULL,
                            options = list(), min_sequence_coverage = 0.5) {
  py_call("search_homologs", list(
    sequence = sequence, database = database, tool = tool, out = out, name = name,
    evalue = evalue, iterations = iterations, threads = threads, options = options,
    min_sequence_coverage = min_sequence_coverage
  ))
}
