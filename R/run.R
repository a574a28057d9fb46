#' Annotate, score, learn the prior, fine-map and report
#'
#' The whole flow in one call; [seqgen_demo()] does it on bundled data. Steps that a
#' stopped run finished (reading, annotating, scoring) are reused where nothing they
#' depend on has changed.
#'
#' @param sumstats Path of GWAS summary statistics, as for [read_sumstats()].
#' @param panel PLINK prefix of the LD reference panel.
#' @param out Folder for the tables and the page.
#' @param options A list of settings:
#'   - `model` (`"default"`) and `methods` (`c("wild-type-marginal",
#'     "masked-marginal")`; the first one feeds the prior), as in [load_model()] and
#'     [score_variants()];
#'   - `p_threshold`, `flank`, `regions`, as in [find_loci()];
#'   - `L`, `coverage`, `min_abs_corr`, as in [susie_rss()];
#'   - `palindromic` (`"infer"`), as in [align_to_panel()];
#'   - `ld_correction`, what enters the likelihood because LD comes from a panel: its
#'     size and its mismatch (`"finite+eb"`), its size (`"finite"`), or nothing
#'     (`"none"`, for LD of the GWAS's own people);
#'   - `prior_coefficients`, fixed coefficients such as `c(missense = 3)`; then nothing
#'     is learned;
#'   - `cross_fit` (`TRUE`), give each locus the coefficients that the others support;
#'   - `columns` and `n`, as in [read_sumstats()];
#'   - `genome_build`, written on the page; nothing is converted.
#' @param panel_name How the page calls the panel; by default the file name of `panel`.
#' @param command The command line, for the provenance.
#' @param progress A function of what is done, how many are, and of how many. By
#'   default a line in interactive sessions.
#' @param workers Loci that are fine-mapped at once, in processes of their own; `NULL`
#'   for all cores. The tables are the same for any number.
#' @return A list, see [seqgen_result]: `folder`; `report`, path of the page; `tables`, a
#'   list of data.frames `variants`, `loci`, `credible_sets`, `prior_coefficients`,
#'   `drops`, `scores` and `funnel`; `provenance`, a list.
#' @section Errors:
#' `seqgen_input_error`, `seqgen_model_error` or `seqgen_output_error`, each naming what
#' was found, what was expected and what to do.
#' @examples
#' \dontrun{
#' result <- run("gwas.tsv.gz", "panels/eur", "out", options = list(p_threshold = 1e-8))
#' result$tables$credible_sets
#' browseURL(result$report)
#' }
#' @export
run <- function(sumstats, panel, out, options = NULL, panel_name = NULL, command = NULL,
                progress = NULL, workers = 1) {
  py_call("run", list(
    sumstats = sumstats, panel = panel, out = out, options = options, panel_name = panel_name,
    command = command, progress = progress, workers = workers
  ))
}
