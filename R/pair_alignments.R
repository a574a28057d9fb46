#' Pair the sequences of two families
#'
#' Puts the sequences of two families that belong together side by side, for couplings
#' between two proteins.
#'
#' @param first,second Alignments, from [read_alignment()].
#' @param by `"species"`: of the same species, the sequence most like the focus of each
#'   family with that of the other. `"header"`: identical headers. `"row"`: in order.
#'   `"pairs"`: those given.
#' @param pairs With `by = "pairs"`: a data.frame with the names of both sequences, whole
#'   headers or their first words, in columns `first` and `second`; or the table of
#'   [pair_paralogs()] as it is.
#' @param species Where the headers name the species: `"taxon"` (`OX=9606`),
#'   `"organism"` (`OS=`), `"brackets"` (`[Homo sapiens]`) or `"mnemonic"` (`_HUMAN`);
#'   `"auto"` takes what most headers share.
#' @param hits `"best"`: one pair per species. `"all"`: also the second with the second
#'   and so on, right only where both families have been duplicated together.
#' @param names Names of the two proteins; by default those of the alignments.
#' @return A handle of an alignment, see [seqgen_object]: columns of the first, then of
#'   the second. The focus is the pair of the two, which by species always go together.
#'   Rows without partner: its part `$drops`.
#' @section Errors:
#' `seqgen_input_error` if an argument is wrong, or fewer than two pairs are found.
#' @references
#' Ovchinnikov et al. (2014), eLife 3:e02030.
#'
#' Hopf et al. (2014), eLife 3:e03430.
#' @examplesIf seqgen_available()
#' fasta <- function(...) {
#'   file <- tempfile(fileext = ".fasta")
#'   writeLines(c(...), file)
#'   read_alignment(file)
#' }
#' one <- fasta(">A1_ECOLI", "MKV", ">A2_ECOLI", "MRI", ">A_YEAST", "MKI")
#' two <- fasta(">B_ECOLI", "GHEW", ">B_YEAST", "GHDW")
#' pair_alignments(one, two, names = c("A", "B"))$names
#' @export
pair_alignments <- function(first, second, by = "species", pairs = NULL, species = "auto",
                            hits = "best", names = NULL) {
  py_call("pair_alignments", list(
    first = first, second = second, by = by, pairs = shift_rows(pairs, -1L),
    species = species, hits = hits, names = names
  ))
}

#' Pair paralogs by their couplings
#'
#' Finds partners among the paralogs of each species so that the couplings of the two
#' families agree. Starts from the known pairs, or else from partners drawn at random
#' within each species. Each round infers mean-field couplings between the two proteins
#' from the pairs in hand, scores every possible pair within each species by them,
#' assigns partners, and takes `increment` times the round most confident pairs into the
#' next, until all are in.
#'
#' A round takes time as the cube of the pairs in hand: 2,000 pairs in increments of 6
#' take a minute on one core. Without known pairs it needs many sequences: of kinases
#' and their regulators, 38% came right of 1,000 pairs and 67% of 2,000 (11% by chance).
#'
#' @param first,second Alignments, from [read_alignment()].
#' @param species Where the headers name the species, as for [pair_alignments()], or a
#'   list of two character vectors, the species of each row.
#' @param known Pairs that are known and stay: a data.frame or matrix with the row of the
#'   first and the row of the second, from 1, or a list of `c(row, row)`.
#' @param increment Pairs by which the set grows each round; smaller is slower and more
#'   accurate.
#' @param pseudocount Share of the uniform distribution, above 0 and below 1.
#' @param identity Pairs of sequences at least this alike share a weight.
#' @param assignment `"greedy"`: in each species the best pair first, then the best of
#'   the rest. `"optimal"`: the pairs whose scores sum to the most.
#' @param seed Of the first pairs, where none are known.
#' @return A data.frame, one row per pair, the most confident first: `name_1`, `name_2`,
#'   `species`, `score`, `confidence` (gap to the next best partner, shrunk for pairs
#'   assigned late; `Inf` for those known or without alternative), `round` since which it
#'   has been in, `row_1`, `row_2` (from 1). [pair_alignments()] takes it as `pairs`.
#' @section Errors:
#' `seqgen_input_error` if no species is in both, there is nothing to choose between, or
#' an argument is wrong.
#' @references
#' Bitbol, Dwyer, Colwell, Wingreen (2016), PNAS 113:12180-12185.
#'
#' Gueudre, Baldassi, Zamparo, Weigt, Pagnani (2016), PNAS 113:12186-12191.
#' @examples
#' \dontrun{
#' kinases <- read_alignment("kinases.fasta")
#' regulators <- read_alignment("regulators.fasta")
#' partners <- pair_paralogs(kinases, regulators)
#' joint <- pair_alignments(kinases, regulators, by = "pairs", pairs = partners)
#' }
#' @export
pair_paralogs <- function(first, second, species = "auto", known = list(), increment = 6,
                          pseudocount = 0.5, identity = 0.7, assignment = "greedy",
                          seed = 0) {
  shift_rows(py_call("pair_paralogs", list(
    first = first, second = second, species = species, known = known_rows(known),
    increment = increment, pseudocount = pseudocount, identity = identity,
    assignment = assignment, seed = seed
  )), 1L)
}

# Rows of alignments count from 1 here and from 0 in Python.
shift_rows <- function(table, by) {
  if (is.data.frame(table) && all(c("row_1", "row_2") %in% names(table))) {
    table$row_1 <- table$row_1 + by
    table$row_2 <- table$row_2 + by
  }
  table
}

known_rows <- function(known) {
  if (is.data.frame(known)) {
    known <- as.matrix(known)
  }
  if (is.matrix(known)) {
    known <- lapply(seq_len(nrow(known)), function(pair) unname(known[pair, ]))
  }
  lapply(known, function(pair) as.integer(pair) - 1L)
}
