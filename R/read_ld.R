#' Read LD that was computed before
#'
#' `read_ld()` reads correlations between variants: PolyFun's and UK Biobank's sparse `.npz`
#' with their `.gz` table, NumPy's `.npz` and `.npy`; PLINK's `--r square`, `triangle` and
#' `bin`, PLINK 2's `--r-unphased` with its `.vars`, tables of pairs of both; text with or
#' without names (LDstore, `BlockMatrix.export` of Hail), square Parquet. Where a file holds one
#' half, it is mirrored. `align_to_ld()` brings summary statistics and such a matrix to the same
#' variants, order and alleles.
#'
#' @param path The matrix.
#' @param variants Its variants, in its order or, where the matrix names them, in any: PLINK's
#'   `.bim` or `.pvar`, FINEMAP's `.z`, a table with chromosome, position, name and two alleles,
#'   Hail's with `locus` and `alleles`; or a data.frame. By default such a file beside the matrix,
#'   or names such as `1:1000:A:G` in it.
#' @param region `"chrom"` or `"chrom:start-end"` (from 1, both ends included): this part alone.
#' @param n People that the correlations come of: `R_finite` of [susie_rss()].
#' @param name How reports name it; by default the file's name.
#' @param signed_by Which allele the signs of PLINK's correlations follow: `"a1"`, the first one
#'   of the table (plink `--keep-allele-order`, plink2 `ref-based`), or `"minor"`, PLINK's
#'   default, for which the table has to tell the frequency. `"a1"` with a warning where neither
#'   is said.
#' @param absent Pairs that a table of pairs or a sparse matrix does not hold: `"refuse"`, an
#'   error, or `"zero"`, they are taken as 0 with a warning. A whole matrix with many a 0 gives
#'   a warning unless `"zero"` is said.
#' @param nonnegative Take a matrix without a negative entry, which is refused otherwise: it
#'   looks like r squared.
#' @param sumstats Summary statistics, such as one locus of [split_by_locus()].
#' @param ld From `read_ld()`.
#' @param palindromic What decides about A/T and C/G variants, as in [align_to_panel()].
#' @return `read_ld()`: a handle, see [seqgen_object], with parts `name`, `variants` (a
#'   data.frame: `chrom`, `pos`, `rsid`, `a1`, the allele that is counted, `a2`, `frequency`),
#'   `R` (a matrix), `n_people` and `take(index)`. `align_to_ld()`: a list, see
#'   [seqgen_result]: `table`, rows of `sumstats` with `flipped` (the matrix counts the other
#'   allele) and `ld_eaf`; `R`, their correlations, signed by the effect alleles as z-scores are;
#'   `drops`, what one side alone has, and why; `n_people`.
#' @section Errors:
#' `seqgen_input_error` if a file is damaged or of no kind that is read, does not fit its
#' variants, or is no matrix of signed correlations (the message names the row), or if no variant
#' is left; a `seqgen_warning` if it is not said which allele the signs follow, correlations
#' are those of estimated haplotypes, absent pairs are taken as 0, or many are exactly 0.
#' @references
#' Weissbrod et al. (2020), Nature Genetics 52:1355-1363: PolyFun, and its matrices.
#' @examplesIf seqgen_available()
#' panel <- read_panel(seqgen_example("panel"))
#' sumstats <- read_sumstats(seqgen_example("sumstats"))
#' locus <- find_loci(sumstats, regions = "22:20525247-21067183")
#' variants <- split_by_locus(align_to_panel(sumstats, panel), locus)[[1]]
#'
#' # a matrix with names such as 22:20733495:T:G, as text
#' r <- panel_ld(variants, panel)
#' place <- paste(variants$chrom, variants$pos, variants$other_allele, variants$effect_allele,
#'   sep = ":"
#' )
#' dimnames(r) <- list(place, place)
#' file <- tempfile(fileext = ".txt")
#' write.table(r, file)
#'
#' ld <- read_ld(file, n = panel$n_people)
#' aligned <- align_to_ld(variants, ld)
#' z <- aligned$table$z
#' fit <- susie_rss(z, aligned$R, n = median(variants$n), R_finite = aligned$n_people)
#' head(sort(fit$pip, decreasing = TRUE))
#' @export
read_ld <- function(path, variants = NULL, region = NULL, n = NULL, name = NULL,
                    signed_by = NULL, absent = "refuse", nonnegative = FALSE) {
  py_call("read_ld", list(
    path = path, variants = variants, region = region, n = n, name = name,
    signed_by = signed_by, absent = absent, nonnegative = nonnegative
  ))
}

#' @rdname read_ld
#' @export
align_to_ld <- function(sumstats, ld, palindromic = "infer") {
  aligned <- py_call("align_to_ld", list(
    sumstats = sumstats, ld = ld, palindromic = palindromic
  ))
  names <- ids_of(aligned$table)
  dimnames(aligned$R) <- if (!is.null(names)) list(names, names)
  aligned
}
