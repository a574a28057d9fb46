#' Read GWAS summary statistics
#'
#' Reads nearly any file of summary statistics and counts every row that is dropped or
#' changed: GWAS-SSF with its side-car, GWAS Catalog harmonised, GWAS-VCF, REGENIE, SAIGE,
#' PLINK 1.9 and 2, BOLT-LMM, fastGWA, METAL, FinnGen, PGC daner, LDSC, MTAG, PolyFun,
#' OpenGWAS, and plainly named columns. Columns `A1` and `A2` alone do not say which is
#' the effect allele, and are refused until `columns` does.
#'
#' Effects are taken from beta, else from odds or hazard ratios; what is missing of beta
#' and se is derived from confidence intervals, z, p, or z with n and an allele frequency.
#' A minor allele's frequency never stands in for the effect allele's. Bases that both
#' alleles share are taken off. Of rows of one variant that agree the first is kept, of
#' those that differ by little the one of lowest p, and none of those that contradict
#' each other.
#'
#' @param path Text separated by tabs, commas, semicolons or blanks, plain or packed
#'   (gzip, bgzip, bzip2, xz, zstd); GWAS-VCF; Parquet.
#' @param columns Standard name to the file's column, such as `c(beta = "EFFECT")`.
#' @param n Sample size of every variant; goes before a column of the file.
#'   `"effective"` takes `4 / (1 / cases + 1 / controls)`.
#' @param chrom Keep this chromosome only; a file without a chromosome column is
#'   taken to lie on it.
#' @param trait The trait to read from a file of several (`beta_SMK`; a sample of a
#'   GWAS-VCF).
#' @param min_info Drop variants whose imputation quality is lower.
#' @param bim PLINK .bim file that gives what the file lacks: chromosome, position,
#'   other allele.
#' @param build Genome build of the positions, `"GRCh37"` or `"GRCh38"`: an error if the
#'   file says another, or known variants or the chromosomes' ends do. Nothing is
#'   converted ([lift_over()] does).
#' @return A data.frame sorted by chromosome and position: `chrom`, `pos`, `rsid`,
#'   `effect_allele`, `other_allele`, `eaf`, `beta`, `se`, `z`, `p`,
#'   `neg_log10_p`, `n`. What was left out: [drops()]. The genome build, where it is known:
#'   `attr(sumstats, "genome_build")`.
#' @section Errors:
#' `seqgen_missing_file_error` if there is no such file; `seqgen_input_error` if it
#' is empty or damaged, a column is missing or ambiguous, a line is ragged, the
#' positions are of another build than was stated, or no row is left.
#' @examplesIf seqgen_available()
#' sumstats <- read_sumstats(seqgen_example("sumstats"))
#' head(sumstats)
#' @export
read_sumstats <- function(path, columns = NULL, n = NULL, chrom = NULL, trait = NULL,
                          min_info = NULL, bim = NULL, build = NULL) {
  py_call(
    "read_sumstats",
    list(
      path = path, columns = columns, n = n, chrom = chrom, trait = trait,
      min_info = min_info, bim = bim, build = build
    )
  )
}
