#' Open genotypes of people
#'
#' `read_panel()` opens PLINK 1 files, `read_genotypes()` these, PLINK 2 files, or a VCF or
#' BCF. PLINK's genotypes stay on the disk and are read by blocks. Those of a VCF are held
#' in memory, a byte per person and variant (4 bytes for dosages). Phase is not used.
#' Variants of a VCF or .pvar file with several ALT alleles, those that failed a filter, and
#' repeats are left out and counted in `drops`.
#'
#' @section Sex chromosomes:
#' One copy counts as two: a man's haploid call of X, Y or MT is 0 or 2 (`1` and `1/1` in a
#' VCF are the same), as in PLINK files; PLINK's `--ld-xchr 2`. In the pseudo-autosomal
#' regions calls are diploid. Where a .fam or .psam file tells the sex, calls of both alleles
#' in a man on X or Y outside these regions (of hg19 and hg38) and calls of a woman on Y are
#' missing, and counted in `drops`. Dosages stay as they are.
#'
#' @param prefix The common part of the names of the `.bed`, `.bim` and `.fam` file, or
#'   the name of any of them.
#' @param path Such a prefix or file, one of `.pgen`, `.pvar`, `.psam`, or a `.vcf`,
#'   `.vcf.gz` or `.bcf`. Where a prefix has both a .bed and a .pgen file, .bed is read
#'   unless the name of the other is given. PLINK 2 files need the Python package pgenlib.
#' @param name How reports name the genotypes; by default the last part of the path.
#' @param region `"chrom"` or `"chrom:start-end"` (from 1, both ends included): this
#'   part alone.
#' @param field `"GT"`, calls; `"DS"`, the dosages of a VCF or .pgen file; `"GP"`, those that
#'   follow from a VCF's genotype probabilities.
#' @param keep_filtered Keep rows whose FILTER is neither PASS nor missing; they are left
#'   out and counted otherwise.
#' @param people Names of the people to read, all of them in the file; they stay in the
#'   file's order.
#' @return A handle, see [seqgen_object], with parts `name`, `n_people`, `people`,
#'   `variants` (a data.frame: `chrom`, `pos`, `rsid`, `a1`, `a2`), `variant_names`,
#'   `drops`, and functions of `index`, rows of `variants` counted from 1:
#'   `genotypes(index)` (a matrix, people by variants, of counts of `a1`, a VCF's ALT
#'   allele), `frequencies(index)` (of `a1`) and `take(index)` (a handle of these
#'   variants alone). `as.data.frame()` gives the counts with names, of all variants or
#'   of `index`.
#' @section Errors:
#' `seqgen_missing_file_error` if a file is missing; `seqgen_input_error` if one is
#' damaged or of another kind, a variant comes twice, people are not in it, or no variant is
#' left; `seqgen_missing_dependency_error` if the package that reads such files is lacking.
#' @examplesIf seqgen_available()
#' panel <- read_panel(seqgen_example("panel"), region = "22:17000000-17100000")
#' head(panel$variants)
#' panel$genotypes(1:2)[1:3, ]
#' panel$frequencies(1:2)
#' @export
read_panel <- function(prefix, name = NULL, region = NULL, people = NULL) {
  py_call("read_panel", list(prefix = prefix, name = name, region = region, people = people))
}

#' @rdname read_panel
#' @export
read_genotypes <- function(path, name = NULL, region = NULL, field = "GT",
                           keep_filtered = FALSE, people = NULL) {
  py_call("read_genotypes", list(
    path = path, name = name, region = region, field = field,
    keep_filtered = keep_filtered, people = people
  ))
}
