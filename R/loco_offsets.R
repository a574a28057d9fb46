#' Predictions without the chromosomes of a pair
#'
#' With C chromosomes each leave-one-chromosome-out prediction lacks one of C parts, so
#' that the sum of a person's is C - 1 times the whole, and the prediction without both
#' chromosomes is loco_1 + loco_2 - whole.
#'
#' @param loco A matrix or data.frame (`check.names = FALSE`), people in rows, chromosomes
#'   in columns, both with names.
#' @param chrom_1,chrom_2 Chromosomes of the two variants; may be the same.
#' @param chromosomes All chromosomes that predictions were made from, as text;
#'   1 to 22 by default.
#' @return A vector, one value per person, with their names.
#' @section Errors:
#' `seqgen_input_error` if the table is not as described, or lacks a chromosome.
#' @references Mbatchou et al. (2021), Nature Genetics 53:1097-1103.
#' @examplesIf seqgen_available()
#' parts <- c("1" = 1, "2" = 10, "3" = 100)
#' loco <- matrix(sum(parts) - parts, 1, dimnames = list("ann", names(parts)))
#' loco_offsets(loco, 1, 2, chromosomes = names(parts))
#' @export
loco_offsets <- function(loco, chrom_1, chrom_2, chromosomes = NULL) {
  py_call("loco_offsets", list(
    loco = loco, chrom_1 = chrom_1, chrom_2 = chrom_2, chromosomes = chromosomes
  ))
}
