#' Open genotypes of people
#'
#' `read_panel()` opens PLINK files, `read_genotypes()` these or a VCF or BCF.
#' PLINK's genotypes stay on the disk and are read by blocks. Those of a VCF are held
#' in memory, a byte per person and variant (4 bytes for dosages).
#'
#' @param prefix The common part of the names of the `.bed`, `.bim` and `.fam` file, or
#'   the name of any of them.
#' @param path Such a prefix or file, or a `.vcf`, `.vcf.gz` or `.bcf`.
#' @param name How reports name the genotypes; by default the last part of the path.
#' @param region `"chrom"` or `"chrom:start-end"` (from 1, both ends included): this
#'   part alone.
#' @param field `"GT"`, calls, or `"DS"`, the dosages of a VCF.
#' @param keep_filtered Keep rows of a VCF whose FILTER is neither PASS nor missing;
#'   they are left out and counted otherwise.
#' @return A handle, see [seqgen_object], with parts `name`, `n_people`, `people`,
#'   `variants` (a data.frame: `chrom`, `pos`, `rsid`, `a1`, `a2`), `variant_names`,
#'   `drops`, and functions of `index`, rows of `variants` counted from 1:
#'   `genotypes(index)` (a matrix, people by variants, of counts of `a1`, a VCF's ALT
#'   allele), `frequencies(index)` (of `a1`) and `take(index)` (a handle of these
#'   variants alone). `as.data.frame()` gives the counts with names, of all variants or
#'   of `index`.
#' @section Errors:
#' `seqgen_missing_file_error` if a file is missing; `seqgen_input_error` if one is
#' damaged or of another kind, a variant comes twice, or none is left.
#' @examplesIf seqgen_available()
#' panel <- read_panel(seqgen_example("panel"), region = "22:17000000-17100000")
#' head(panel$variants)
#' panel$genotypes(1:2)[1:3, ]
#' panel$frequencies(1:2)
#' @export
read_panel <- function(prefix, name = NULL, region = NULL) {
  py_call("read_panel", list(prefix = prefix, name = name, region = region))
}

#' @rdname read_panel
#' @export
read_genotypes <- function(path, name = NULL, region = NULL, field = "GT",
                           keep_filtered = FALSE) {
  py_call("read_genotypes", list(
    path = path, name = name, region = region, field = field, keep_filtered = keep_filtered
  ))
}
