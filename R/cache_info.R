#' What is kept of what models said
#'
#' The argument `cache` of [score_variants()], [run()] and others names a folder in which a
#' model's answers are kept. `cache_info()` tells what such a folder holds, `clear_cache()` gives
#' back its space: of all models, or of those unused for long. What is cleared is computed again
#' when it is asked for.
#'
#' Clearing is safe while other processes use the folder: a file is emptied in a transaction,
#' never deleted, so about 12 kB of each stay.
#'
#' @param cache The folder; by default that of the shell command: `$SEQGEN_CACHE`, or `seqgen` in
#'   the system's folder for caches.
#' @param unused_for Clear the models that were last used so many days ago or earlier.
#' @param max_bytes Clear the models unused for longest, until the folder holds no more than
#'   this. With neither this nor `unused_for` all models are cleared; with both, those of either.
#' @return A data.frame with a row per model and arithmetic, that used last first: `model`;
#'   `answers`, `NA` where the file is damaged, which a warning tells; `bytes`; `last_used`;
#'   `path`. From `clear_cache()`, invisibly, what was held before, with `action`: `"cleared"`,
#'   `"kept"`, `"in use"` (another process did not let go within ten seconds) or `"damaged"`.
#' @section Errors:
#' `seqgen_input_error` if a number is negative, `cache` is a file, or there is no usual folder
#' (`SEQGEN_CACHE=off`).
#' @examplesIf seqgen_available()
#' folder <- tempfile()
#' change <- data.frame(uniprot = "P1", position = 2, ref_aa = "K", alt_aa = "W")
#' model <- load_model("default")
#' scores <- score_variants(change, c(P1 = "MKVLAW"), model, cache = folder)
#' cache_info(folder)
#' clear_cache(folder, unused_for = 90)$action
#' @export
cache_info <- function(cache = NULL) {
  py_call("cache_info", list(cache = cache))
}

#' @rdname cache_info
#' @export
clear_cache <- function(cache = NULL, unused_for = NULL, max_bytes = NULL) {
  invisible(py_call("clear_cache", list(
    cache = cache, unused_for = unused_for, max_bytes = max_bytes
  )))
}
