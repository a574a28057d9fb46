#' Files that come with seqgen
#'
#' @param name `"sumstats"`: GWAS of height, chromosome 22 (UK Biobank, fastGWA);
#'   `"panel"`: matching PLINK files, as their prefix; `"alignment"`: kinase
#'   domains; `"structure"`: a structure of one of them, human AKT2.
#' @return A path.
#' @examplesIf seqgen_available()
#' basename(seqgen_example("sumstats"))
#' @export
seqgen_example <- function(name) {
  py_call(".example", list(name = name))
}
