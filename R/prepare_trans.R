#' Make people, traits and genotypes ready for a trans scan
#'
#' Matches people by name, checks traits and covariates, and takes residuals of the traits.
#' Traits with a missing value, without variation, or explained by the covariates are left
#' out and counted; so are people who lack a covariate.
#'
#' @param genotypes A matrix, people in rows with `rownames`, variants in columns with
#'   `colnames` (both or none): counts or dosages of one allele, 0 to 2, `NA` where
#'   missing. Or what [read_genotypes()] opened, which is read by blocks.
#' @param traits A matrix or data.frame, people in rows, traits in columns, with names;
#'   without row names in the order of the genotypes. For related people give `kinship`; or
#'   subtract from the traits their predictions without a chromosome and scan that
#'   chromosome's variants, one design for each.
#' @param covariates A matrix or data.frame of numbers, people in rows. Without intercept,
#'   which is always added.
#' @param people Names of the people of genotypes that have none.
#' @param variants A data.frame, one row per variant in the order of the genotypes:
#'   `variant` (unique name), and `chrom` and `pos` where regions are excluded.
#' @param shared_people Analyse the people who are in all inputs, and count the others,
#'   where the sets differ.
#' @param transform `"rank-normal"` takes each trait's ranks as normal quantiles first,
#'   which keeps tests honest where traits have heavy tails; beta is then in standard
#'   deviations.
#' @param kinship A matrix with names in rows and columns, at least of the people analysed.
#'   Every trait is then tested in a mixed model with covariance h2 K + (1 - h2) I, its h2
#'   estimated once, without variants. Takes time cubic in people.
#' @return A handle of class `seqgen_TransDesign` (see [seqgen_object]), with parts
#'   `traits`, `people`, `df` (degrees of freedom of a test). What was left out: [drops()].
#' @section Errors:
#' `seqgen_input_error` if people do not match, values are infinite or not numbers,
#' genotypes are outside 0 to 2, covariates are collinear, there are too few people, no
#' trait is left, or the kinship is not one or lacks people.
#' @references Kang et al. (2010), Nature Genetics 42:348-354: one h2 for all tests.
#' @examplesIf seqgen_available()
#' set.seed(1)
#' people <- paste0("p", 1:50)
#' genotypes <- matrix(rbinom(400, 2, 0.3), 50, dimnames = list(people, paste0("rs", 1:8)))
#' traits <- matrix(rnorm(150), 50, dimnames = list(people, c("A", "B", "C")))
#' prepare_trans(genotypes, traits)
#' @export
prepare_trans <- function(genotypes, traits, covariates = NULL, people = NULL,
                          variants = NULL, shared_people = FALSE, transform = NULL,
                          kinship = NULL) {
  py_call("prepare_trans", list(
    genotypes = genotypes, traits = traits, covariates = covariates, people = people,
    variants = variants, shared_people = shared_people, transform = transform,
    kinship = kinship
  ))
}
