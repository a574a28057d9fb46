#' Read and write alignments of proteins
#'
#' A3M, A2M, aligned FASTA, Stockholm or PSICOV rows, plain or gzipped, recognised by
#' the content, then by the suffix. Where a file mixes upper and lower case, lower-case
#' letters and `.` are insertions and are left out; otherwise `.` is a gap. `U` is read
#' as `C` and `O` as `K`; `B`, `J`, `X`, `Z` and `*` count as missing. Written are A2M,
#' or FASTA where nothing is inserted; proteins and positions are kept, those of several
#' proteins side by side in the headers.
#'
#' @param path The file; one to write is gzipped if named `.gz`.
#' @param focus The sequence whose residues the columns are: the first word of its
#'   header, or the accession or name within it. Columns where it has no residue are
#'   left out. By default the first row; for Stockholm and PSICOV only if it has a
#'   residue in each column. `FALSE` or `"none"`: no focus, all columns. For proteins
#'   side by side their ranges, such as `"P1/1-60:P2/5-120"`.
#' @param format `"a3m"`, `"a2m"`, `"fasta"`, `"stockholm"` or `"psicov"`, instead of
#'   what is recognised. `"fasta"` and `"psicov"` take lower case as residues.
#' @param name Name of the protein; by default the accession or name in the header of
#'   the focus.
#' @param start Position of the first residue of the focus. By default that of a header
#'   such as `BLAT_ECOLX/24-286`, else 1. Residues of the focus in insertions count.
#' @param min_sequence_coverage Rows with residues in a smaller share of the columns
#'   are dropped.
#' @param min_column_coverage Columns with residues in a smaller share of the remaining
#'   rows are dropped.
#' @param max_cells Letters that may be held; by default a third of the free memory, in
#'   bytes.
#' @param alignment A handle of an alignment.
#' @return `read_alignment()` a handle, see [seqgen_object], with parts such as
#'   `n_sequences`, `length`, `names`, `focus_sequence`, `residues`, `gap_fraction` and
#'   `drops`; `write_alignment()` the path, invisibly.
#' @section Errors:
#' `seqgen_missing_file_error` if there is no such file; `seqgen_input_error` if it is
#' empty, damaged, not aligned, too large, of an unknown format or of DNA, the focus is
#' not found or several are, or too little is left; `seqgen_output_error` if the place
#' cannot be written.
#' @examplesIf seqgen_available()
#' family <- read_alignment(seqgen_example("alignment"))
#' family
#' head(family$residues$positions)
#' write_alignment(family, tempfile(fileext = ".a2m.gz"))
#' @export
read_alignment <- function(path, focus = NULL, format = NULL, name = NULL, start = NULL,
                           min_sequence_coverage = 0.5, min_column_coverage = 0,
                           max_cells = NULL) {
  py_call("read_alignment", list(
    path = path, focus = focus, format = format, name = name, start = start,
    min_sequence_coverage = min_sequence_coverage, min_column_coverage = min_column_coverage,
    max_cells = max_cells
  ))
}

#' @rdname read_alignment
#' @export
write_alignment <- function(alignment, path) {
  invisible(py_call("write_alignment", list(alignment = alignment, path = path)))
}
