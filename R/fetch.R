#' Download a published file by its name
#'
#' Once: what is there already is checked and not downloaded again, and what was interrupted goes
#' on where it stopped.
#'
#' A file is held to `checksum` where one is given, else to the publisher's list where there is
#' one; its sha256 is noted beside it (`.source.json`), and a file that has changed since is
#' refused. Genomes are packed anew by bgzip and indexed, tables of positions indexed, so that
#' [annotate()] and [add_published_scores()] read them as they are.
#'
#' The addresses are those of the publishers' pages, and were not tried when this was written;
#' where one has moved, give `url`. The environment variable `SEQGEN_MIRROR` names a folder or
#' address under which files lie by host and path, as `wget -x` leaves them; `SEQGEN_CACHE` names
#' the cache folder. Mind the licences, which `list_resources()` tells.
#'
#' @param name One of `list_resources()`, or a model of the Hugging Face hub as `"owner/model"`.
#' @param build `"GRCh38"` or `"GRCh37"`, for files that are of a build.
#' @param release Of Ensembl, 115 by default; of a model, its revision.
#' @param chrom One chromosome alone, where the publisher has such files (Ensembl).
#' @param url Another address of the same file: `https`, `http` or `file`.
#' @param checksum md5 or sha256 that the file has to have.
#' @param cache Folder to keep files in; `SEQGEN_CACHE` or the platform's cache folder by default.
#' @param progress A function of (file, megabytes done, in all); a bar in interactive sessions.
#' @return The path of the file. `list_resources()`: a data.frame with `name`, `what`, `size`,
#'   `licence`, `citation`, `checksum` and `url`.
#' @section Errors:
#' `seqgen_input_error` if the name is unknown, the file cannot be reached (the message says
#' where to put it), or it is not the one that the checksum is of; `seqgen_output_error` if there
#' is no space.
#' @references
#' Uieda et al. (2020), Pooch: A friend to fetch your data files, *Journal of Open Source
#' Software* 5:1943.
#' @examplesIf seqgen_available()
#' list_resources()[c("name", "what", "size")]
#'
#' # A file that is on this machine already, as if it were an address.
#' chain <- file.path(tempdir(), "hg19ToHg38.over.chain.gz")
#' writeLines("chain", chain)
#' fetch("hg19ToHg38", url = paste0("file://", chain), cache = tempdir())
#' @export
fetch <- function(name, build = "GRCh38", release = NULL, chrom = NULL, url = NULL,
                  checksum = NULL, cache = NULL, progress = NULL) {
  py_call("fetch", list(
    name = name, build = build, release = release, chrom = chrom, url = url,
    checksum = checksum, cache = cache, progress = progress
  ))
}

#' @rdname fetch
#' @export
list_resources <- function(build = "GRCh38") {
  py_call("list_resources", list(build = build))
}
