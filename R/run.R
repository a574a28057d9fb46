#' Annotate, score, learn the prior, fine-map and report
#'
#' The whole flow in one call; [seqgen_demo()] does it on bundled data. Steps that a
#' stopped run finished (reading, annotating, scoring) are reused where nothing they
#' depend on has changed.
#'
#' @param sumstats Path of GWAS summary statistics, as for [read_sumstats()].
#' @param panel PLINK prefix of the LD reference panel; `NULL` where `options` names matrices of
#'   LD (`ld`).
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
#'   - `genome_build`, written on the page; nothing is converted;
#'   - `ld`, files of correlations in place of the panel, with `ld_n`, `ld_variants`,
#'     `ld_signed_by`, `ld_absent` and `ld_nonnegative`, as in [RunOptions()];
#'   - `field`, `keep_filtered` and `people`, as in [read_genotypes()];
#'   - `scores`, tables of published scores, such as `"AlphaMissense_hg38.tsv.gz"`: columns of the
#'     tables and the page and, unless `scores_in_prior` is `FALSE`, terms of the prior.
#' @param panel_name How the page calls the panel; by default the file name of `panel`.
#' @param command The command line, for the provenance.
#' @param progress A function of what is done, how many are, and of how many. By
#'   default a line in interactive sessions.
#' @param workers Loci that are fine-mapped at once, in processes of their own; `NULL`
#'   for all cores; or the address of a Dask cluster, such as `"tcp://host:8786"` or
#'   `"slurm:20"`. The tables are the same for any number.
#' @param cache A folder in which what the model said is kept, and looked up before it is
#'   asked, so that another GWAS over the same genes computes nothing twice. By default
#'   nothing is kept.
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
                progress = NULL, workers = 1, cache = NULL) {
  py_call("run", list(
    sumstats = sumstats, panel = panel, out = out, options = options, panel_name = panel_name,
    command = command, progress = progress, workers = workers, cache = cache
  ))
}
