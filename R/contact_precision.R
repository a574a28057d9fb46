#' Distances of residues in a structure
#'
#' Distances between the residues of both sides of couplings. The residues are found in
#' the structure by alignment. Where a protein has several chains, the closest pair of
#' copies counts: between two proteins over all pairs of their chains, within a protein
#' over the chains one by one.
#'
#' @param rows,columns The two sides: `$rows` and `$columns` of couplings, or `$residues`
#'   of an alignment for both.
#' @param structure From [read_structure()].
#' @param chains Chain or chains of the only protein, or a list of them named by protein.
#'   By default, of one protein the chain that shows most of it; of several proteins, and
#'   with `between_copies`, all chains that match about as well as the best one does.
#' @param atoms `"cb"`: between C-beta atoms (C-alpha of glycine). `"heavy"`: the closest
#'   heavy atoms.
#' @param between_copies Within a protein, count contacts between its copies too
#'   (homo-oligomers).
#' @param profile An alignment that helps to find remote homologs in the structure, or a
#'   list of them named by protein.
#' @param min_z Least z score of the alignment to a chain, against shuffled sequences.
#' @return A handle of distances, see [seqgen_object]: `$values` in angstrom, `NA` where a
#'   residue is not in the structure; `$notices`.
#' @section Errors:
#' `seqgen_input_error` if a protein is not in the structure, or `chains` or `profile`
#' lack one.
#' @examplesIf seqgen_available()
#' family <- read_alignment(seqgen_example("alignment"))
#' structure <- read_structure(seqgen_example("structure"))
#' found <- residue_distances(family$residues, family$residues, structure)
#' positions <- family$residues$positions
#' found$values[positions == 230, positions == 290]
#' @export
residue_distances <- function(rows, columns, structure, chains = NULL, atoms = "cb",
                              between_copies = FALSE, profile = NULL, min_z = 5) {
  py_call("residue_distances", list(
    rows = rows, columns = columns, structure = structure, chains = chains, atoms = atoms,
    between_copies = between_copies, profile = profile, min_z = min_z
  ))
}

#' Precision of couplings against a structure
#'
#' Share of contacts among the strongest couplings, by how far apart the residues are.
#' Pairs within a protein are taken together from `min_separation` positions apart (class
#' `all`), and as `short` (up to 11), `medium` (12 to 23) and `long` (24 or more); pairs
#' between two proteins are the class `between`. Each class is ranked by itself, and pairs
#' without a score or a distance are left out and counted.
#'
#' Pairs next to each other are contacts together and must not be drawn as if independent:
#' the interval is the central 95% of a bootstrap that draws groups of pairs whose residues
#' are within two positions, and at least Wilson's for as many trials as there are groups.
#'
#' @param couplings From [infer_couplings()] or others.
#' @param distances From [residue_distances()], or a matrix in angstrom, `NA` where
#'   unknown.
#' @param cutoff Pairs closer than this are contacts, in angstrom.
#' @param min_separation Least distance in positions within a protein.
#' @param tops How many pairs: a list of `"L"`, `"L/2"`, ... or numbers. L is the number of
#'   residues, the smaller of both sides between two proteins; L/k is rounded down.
#' @param draws,seed Draws of the bootstrap and the seed of its random numbers.
#' @return A data.frame, one row per class with pairs and top: `separation`, `top`, `n`
#'   (pairs taken; fewer than asked for where the class has no more), `n_contacts`,
#'   `precision`, `lower`, `upper`, `n_groups`, `base_rate` (share of contacts among all
#'   pairs of the class), `n_pairs` and `n_unresolved` (pairs left out for want of a
#'   distance).
#' @section Errors:
#' `seqgen_input_error` if shapes differ, `tops` are not as above, or no pair has both a
#' score and a distance.
#' @references
#' Field, Welsh (2007), JRSS B 69:369-390.
#'
#' Wilson (1927), JASA 22:209-212.
#' @examplesIf seqgen_available()
#' family <- read_alignment(seqgen_example("alignment"))
#' couplings <- mean_field_couplings(family$columns(seq_len(family$length) <= 20))
#' distances <- residue_distances(
#'   couplings$rows, couplings$columns, read_structure(seqgen_example("structure"))
#' )
#' contact_precision(couplings, distances, tops = list("L", 5))
#' head(annotate_couplings(as.data.frame(couplings), distances), 3)
#' @export
contact_precision <- function(couplings, distances, cutoff = 8, min_separation = 6,
                              tops = list("L", "L/2", "L/5", 10, 20, 50), draws = 1000,
                              seed = 1) {
  py_call("contact_precision", list(
    couplings = couplings, distances = distances, cutoff = cutoff,
    min_separation = min_separation, tops = tops, draws = draws, seed = seed
  ))
}

#' Where coupled residues are in a structure
#'
#' @param frame A table of couplings, from `as.data.frame()` of [infer_couplings()] or
#'   others.
#' @param distances From [residue_distances()], of the same residues.
#' @param cutoff Pairs closer than this are contacts, in angstrom.
#' @return `frame` with `chain_1`, `number_1`, `chain_2`, `number_2` (the author's residue
#'   numbers with insertion codes, text), `distance` (angstrom) and `contact`; `NA` where a
#'   residue is not in the structure.
#' @section Errors:
#' `seqgen_input_error` if columns are missing, or none of the pairs is among the residues
#' of `distances`.
#' @seealso [contact_precision()], with an example.
#' @export
annotate_couplings <- function(frame, distances, cutoff = 8) {
  py_call("annotate_couplings", list(frame = frame, distances = distances, cutoff = cutoff))
}
