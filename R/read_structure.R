#' Read the protein chains of a structure
#'
#' PDB or mmCIF, plain or gzipped. Of atoms in alternative places the conformer of
#' highest occupancy is kept, of several residues in one place likewise. Hydrogens,
#' waters, ligands and other polymers are left out. Residues that the file's sequence
#' lists but the coordinates lack are kept as unresolved; where the file gives no
#' sequence, residues that the numbers skip at a break of the chain are.
#'
#' @param path The file.
#' @param model Which model, counted from 1; NMR files hold several.
#' @return A handle, see [seqgen_object], with parts `names` (of the chains), `chains`,
#'   `source`, `drops`, and the function `chain(name)`, whose value has parts such as
#'   `letters`, `numbers`, `resolved` and `cb` (coordinates in angstrom, a matrix).
#' @section Errors:
#' `seqgen_missing_file_error` if there is no such file; `seqgen_input_error` if it is
#' empty, damaged or no structure, or has no such model or no protein chain.
#' @examplesIf seqgen_available()
#' structure <- read_structure(seqgen_example("structure"))
#' structure$names
#' dim(structure$chain("A")$cb)
#' @export
read_structure <- function(path, model = 1) {
  py_call("read_structure", list(path = path, model = model))
}
