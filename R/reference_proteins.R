#' Proteins of transcripts as the reference genome has them
#'
#' What [score_mutants()] holds the proteins of [mutant_proteins()] against.
#'
#' @param transcripts Names, as in column `transcript` of the table of [annotate()].
#' @param gff,fasta Gene models and genome, as of [annotate()].
#' @return A list of sequences by transcript, without a final stop. Transcripts that code nothing,
#'   or are not in the gene models, are left out.
#' @section Errors:
#' `seqgen_input_error` if a file is not what it has to be, or the genome lacks a transcript's
#' chromosome.
#' @examplesIf seqgen_available()
#' gff <- tempfile(fileext = ".gff3")
#' writeLines(c(
#'   "1\tme\tmRNA\t3\t35\t.\t+\t.\tID=transcript:T;biotype=protein_coding",
#'   "1\tme\tCDS\t3\t35\t.\t+\t0\tParent=transcript:T;protein_id=P"
#' ), gff)
#' fasta <- tempfile(fileext = ".fa")
#' writeLines(c(">1", "CCATGCGTAAAGAACTGTGGGCTGCTCGTGATTAACC"), fasta)
#' reference_proteins("T", gff, fasta)
#' @export
reference_proteins <- function(transcripts, gff, fasta) {
  py_call("reference_proteins", list(transcripts = transcripts, gff = gff, fasta = fasta))
}
