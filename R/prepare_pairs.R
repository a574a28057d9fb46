#' Make people, trait and genotypes ready for tests of pairs
#'
#' Matches people by name, checks every input and projects the covariates out. People with
#' a missing trait or covariate are left out and counted, as are variants that do not vary.
#'
#' @param genotypes A matrix, people in rows with `rownames`, variants in columns with
#'   `colnames` (both or none): counts of one allele, 0 to 2, or dosages, `NA` where
#'   missing. Or genotypes that [read_genotypes()] opened.
#' @param trait A vector with the names of people, or without, in the order of the
#'   genotypes.
#' @param covariates A matrix or data.frame of numbers, people in rows, with row names, or
#'   without in the order of the genotypes. Without intercept, which is always added.
#' @param kind `"quantitative"`, or `"binary"` for a trait of 0 (control) and 1 (case).
#' @param people Names for the rows of genotypes that have none.
#' @param variants A data.frame, one row per column of the genotypes: `variant` (unique
#'   name), and `chrom` and `pos` where known.
#' @param shared_people Analyse those who are in all inputs where the inputs differ; an
#'   error otherwise.
#' @param kinship A matrix with names in rows and columns, at least of the people analysed:
#'   from a pedigree, or genomic relationships on any scale. A quantitative trait is then
#'   tested in the mixed model with covariance h2 K + (1 - h2) I, h2 estimated once,
#'   without pairs. Takes time cubic in people.
#' @return A handle of class `seqgen_PairDesign` (see [seqgen_object]), with parts
#'   `variants` (with `frequency` of the counted allele and `n_missing`), `people`,
#'   `trait`, `covariates`. What was left out: [drops()].
#' @section Errors:
#' `seqgen_input_error` if people do not match, a trait is constant, infinite or not of its
#' kind, covariates are collinear or more than people, genotypes are outside 0 to 2, fewer
#' than two variants vary, or the kinship is not one or lacks people.
#' @references Kang et al. (2010), Nature Genetics 42:348-354: one h2 for all tests.
#' @examplesIf seqgen_available()
#' set.seed(1)
#' genotypes <- matrix(rbinom(200, 2, 0.3), 50,
#'   dimnames = list(paste0("p", 1:50), paste0("rs", 1:4))
#' )
#' prepare_pairs(genotypes, setNames(rnorm(50), rownames(genotypes)))
#' @export
prepare_pairs <- function(genotypes, trait, covariates = NULL, kind = "quantitative",
                          people = NULL, variants = NULL, shared_people = FALSE,
                          kinship = NULL) {
  py_call("prepare_pairs", list(
    genotypes = genotypes, trait = trait, covariates = covariates, kind = kind,
    people = people, variants = variants, shared_people = shared_people, kinship = kinship
  ))
}

# Names of variants, or row numbers from 1 of design$variants, as names.
variant_names <- function(design, variants) {
  if (!is.numeric(variants)) {
    return(variants)
  }
  names <- design$variants$variant
  if (!all(variants %in% seq_along(names))) {
    stop_input("row numbers of variants have to be whole, from 1 to ", length(names))
  }
  names[variants]
}

# For a function that the wrapper calls: the error is the wrapper's.
stop_input <- function(...) {
  call <- sys.call(-2)
  told <- list(message = paste0(...), class = c("seqgen_input_error", "seqgen_error"))
  stop(as_condition(told, "error", call))
}
