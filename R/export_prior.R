#' Prior probabilities for other fine-mappers
#'
#' Writes what susieR, PolyFun, FINEMAP, or TORUS and DAP-G read.
#'
#' @param table A row a variant, with `locus` and `prior` (summing to one within a locus, as
#'   [prior_weights()] makes it) and, by format, `rsid`, `chrom`, `pos`, `effect_allele`,
#'   `other_allele`, `eaf`, `beta`, `se`; the table `variants` of [run()] has them.
#' @param path A file for `"susie"`, `"polyfun"` (`.tsv` or `.tsv.gz`, PolyFun also
#'   `.parquet`) and `"rds"`; a new folder for `"finemap"` and `"torus"`.
#' @param format What is written; SuSiEx takes no prior.
#' * `"susie"`: columns `locus`, `variant`, `prior_weights`.
#' * `"rds"`: the same for [readRDS()], a list by locus of vectors with the variants' names,
#'   each what `susie_rss(prior_weights = )` takes.
#' * `"polyfun"`: `SNP CHR BP A1 A2 SNPVAR`, `A1` the effect allele, and `Z` where the table
#'   has `z` or `beta` and `se`: then the `--sumstats` of PolyFun's `finemapper.py`.
#'   Autosomes only, each variant once.
#' * `"finemap"`: a file a locus, `.z`, with the column `prob` that `--prior-snps` reads
#'   (`allele1` is the effect allele: that of your `.ld` file); `.k` for `--prior-k`, up to
#'   five causal variants; where the table has `n`, a file `master` that names them.
#' * `"torus"`: `<locus>.prior`, name and probability, as `dap-g -p` reads it; to DAP-G a
#'   variant that the file lacks has probability zero.
#' @param expected_causal Causal variants expected in a locus: probabilities for FINEMAP and
#'   DAP-G sum to it, each at most 0.999.
#' @param provenance A list, written beside as JSON.
#' @return The path.
#' @section Errors:
#' `seqgen_input_error` if the format is not known, a column or value is missing, a
#' probability is not one or those of a locus do not sum to one, or a name is there twice or
#' would not be read back; `seqgen_output_error` if the place cannot be written.
#' @references
#' Weissbrod et al. (2020), Nature Genetics 52:1355-1363 (PolyFun).
#'
#' Benner et al. (2016), Bioinformatics 32:1493-1501 (FINEMAP).
#'
#' Wen et al. (2016), American Journal of Human Genetics 98:1114-1129 (DAP).
#' @examplesIf seqgen_available()
#' table <- data.frame(locus = "22:1-9", rsid = c("rs1", "rs2"), prior = c(0.25, 0.75))
#' path <- tempfile(fileext = ".rds")
#' export_prior(table, path, format = "rds")
#' readRDS(path)
#' @export
export_prior <- function(table, path, format, expected_causal = 1, provenance = NULL) {
  py_call("export_prior", list(
    table = table, path = path, format = format, expected_causal = expected_causal,
    provenance = provenance
  ))
}
