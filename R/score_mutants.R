#' Score proteins with several changes, indels, stops and frameshifts
#'
#' Each score is a log likelihood of the changed protein less that of the reference,
#' natural logarithm.
#'
#' * `"additive-masked-marginal"`, `"additive-wild-type-marginal"`: sums of the scores
#'   that [score_variants()] gives each substitution alone.
#' * `"joint-masked-marginal"`: all changed positions are hidden at once.
#' * `"pseudo-log-likelihood"` sums the log probability of every residue, each hidden in
#'   turn; `"one-pass-pseudo-log-likelihood"` reads all from one pass. Any change, but a
#'   sum over fewer residues is larger, so a deletion or a stop gains by its length.
#' * `"pseudo-log-odds"`, `"one-pass-pseudo-log-odds"`: the same less each residue's log
#'   frequency, so that proteins of different length compare.
#'
#' One pass shows the model what it is asked about, so that it finds likely what it sees,
#' nonsense too: take `"pseudo-log-odds"` where a protein gains a new end or long insertions.
#'
#' @param mutants Columns `uniprot` and `mutant`: changes such as `"K2W:L4A"`,
#'   `"p.Phe508del"`, `"K2_L3insRS"`, `"K2_L4delinsW"`, `"K2dup"`, `"Q41*"`, `"R97fs"`. A
#'   frameshift is read as a stop unless the optional column `alt_sequence` holds the whole
#'   changed protein. Or the data.frame of [mutant_proteins()], as it is; rows
#'   that it calls not `scorable` are scored where there is a sequence, and counted.
#' @inheritParams score_variants
#' @param methods Any of those above.
#' @param progress A function of residues done and in total. By default a line in
#'   interactive sessions.
#' @return A data.frame: `uniprot`, `mutant`, `method`, `log_lik_ratio`. What was left out:
#'   [drops()]. `attr(table, "log_lik_ratio")`: model, methods, unit and sign.
#' @section Errors:
#' `seqgen_input_error` if columns or arguments are wrong, or nothing is left.
#' @references
#' Brandes et al. (2023), Genome-wide prediction of disease variant effects with a
#' deep protein language model, Nature Genetics 55:1512-1522.
#' @examplesIf seqgen_available()
#' mutants <- data.frame(uniprot = "P1", mutant = c("K2W:V3A", "V3del", "L4*"))
#' score_mutants(mutants, c(P1 = "MKVLA"), load_model("blosum62"))
#' @export
score_mutants <- function(mutants, proteins, model,
                          methods = c("one-pass-pseudo-log-likelihood", "one-pass-pseudo-log-odds"),
                          window = NULL, overlap = NULL, shard = NULL, progress = NULL,
                          cache = NULL) {
  py_call("score_mutants", list(
    mutants = mutants, proteins = proteins, model = model, methods = methods,
    window = window, overlap = overlap, shard = shard, progress = progress, cache = cache
  ))
}
