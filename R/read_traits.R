#' Read traits, covariates or expression of people
#'
#' Text, plain or gzipped, separated by tabs, commas, semicolons or blanks, or Parquet.
#' Three layouts are told apart by the first line:
#'
#' - PLINK's: FID and IID in front, or IID; without a header where all fields from the
#'   third are numbers. People are named by IID, or by FID:IID where IIDs repeat. PAT,
#'   MAT and SID are no traits. A `.fam` file gives SEX and PHENO.
#' - Expression BED of FastQTL, tensorQTL and QTLtools: chromosome, start (from 0), end
#'   and gene in front, then people.
#' - One column of names in front, people in rows or columns.
#'
#' Empty fields, NA, NaN, `.` and their like are missing, and in a PLINK-style file -9
#' in every column, which is counted.
#'
#' @param path The file.
#' @param columns Names of the traits to read, in this order; all by default.
#' @param people Names that are expected, such as those with genotypes. They settle the
#'   orientation; everybody in the file is kept.
#' @param orientation For files with one column of names in front:
#'   `"people-in-rows"`, `"people-in-columns"`, or `"auto"`, whichever names more of
#'   `people`, and rows without these.
#' @param binary `TRUE`: each trait has to be 0/1, or 1/2 as PLINK codes controls and
#'   cases, which becomes 0/1 with 0 and -9 missing. `FALSE`: values stay as they are.
#'   By default an error where the one trait of a PLINK-style file looks like 1/2.
#' @param header Whether the first line holds names; told from the line by default.
#' @return A list, see [seqgen_result]: `values`, a data.frame, people (the row names)
#'   by traits; `genes`, of an expression BED, a data.frame of `gene`, `chrom`, `start`,
#'   `end` (from 1, both ends included) of each trait, else `NULL`; `drops`, values read
#'   as missing or coded anew.
#' @section Errors:
#' `seqgen_missing_file_error` if there is no such file; `seqgen_input_error` if a
#' person or trait comes twice, a value is infinite or no number, a trait asked for is
#' not there, or none of `people` is.
#' @examplesIf seqgen_available()
#' path <- tempfile(fileext = ".pheno")
#' writeLines(c("#IID height", "ann 1.71", "ben NA"), path)
#' read_traits(path)$values
#' @export
read_traits <- function(path, columns = NULL, people = NULL, orientation = "auto",
                        binary = NULL, header = NULL) {
  py_call("read_traits", list(
    path = path, columns = columns, people = people, orientation = orientation,
    binary = binary, header = header
  ))
}
