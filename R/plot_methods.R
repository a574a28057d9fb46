# plot() of results: each calls the function that draws it.

#' Plots of results
#'
#' What `plot()` shows of a result; the functions named below draw the same and say more of
#' it.
#'
#' @param x Couplings, see [infer_couplings()], or the result of [scan_gxg()],
#'   [rank_trans()], [fit_prior()] or [run()].
#' @param which Which picture: of couplings `"map"` ([plot_contact_map()]) or `"arcs"`
#'   ([plot_arcs()]); of a scan of pairs `"pairs"` ([plot_pair_arcs()]), of one of trans
#'   effects `"map"` ([plot_trans_map()]), of both `"calibration"` ([plot_calibration()]) or
#'   `"control"` ([plot_control()]); of a run `"locus"` ([plot_locus()]), `"pip"`
#'   ([plot_pip()]) or `"prior"` ([plot_prior()]).
#' @param locus Which locus of a run, as in its tables, such as `"22:45443828-46865376"`; by
#'   default the one with the smallest p-value.
#' @param ... Further arguments of the function that draws, such as `top` or `distances`.
#' @return A ggplot.
#' @section Errors:
#' `seqgen_input_error` if there is no such picture or locus; `seqgen_missing_package_error`
#' without ggplot2.
#' @examplesIf seqgen_available() && requireNamespace("ggplot2", quietly = TRUE)
#' family <- read_alignment(seqgen_example("alignment"))
#' couplings <- infer_couplings(family$columns(seq_len(family$length) <= 25))
#' plot(couplings, min_separation = 3)
#' @name plot.seqgen
NULL

#' @rdname plot.seqgen
#' @export
plot.seqgen_Couplings <- function(x, which = "map", ...) {
  switch(one_of(which, c("map", "arcs"), "which"),
    map = plot_contact_map(x, ...),
    arcs = plot_arcs(x, ...)
  )
}

#' @rdname plot.seqgen
#' @export
plot.seqgen_GxGResult <- function(x, which = "pairs", ...) {
  switch(one_of(which, c("pairs", "calibration", "control"), "which"),
    pairs = with_alpha(plot_pair_arcs, list(x$pairs), x$alpha, ...),
    calibration = plot_calibration(x$calibration, ...),
    control = plot_control(x$control, ...)
  )
}

#' @rdname plot.seqgen
#' @export
plot.seqgen_TransResult <- function(x, which = "map", ...) {
  switch(one_of(which, c("map", "calibration", "control"), "which"),
    map = with_alpha(plot_trans_map, list(x$hits, x$hotspots), x$alpha, ...),
    calibration = plot_calibration(x$calibration, ...),
    control = plot_control(x$control, ...)
  )
}

#' @rdname plot.seqgen
#' @export
plot.seqgen_PriorFit <- function(x, ...) {
  plot_prior(x$coefficients, ...)
}

#' @rdname plot.seqgen
#' @export
plot.seqgen_RunResult <- function(x, locus = NULL, which = "locus", ...) {
  one_of(which, c("locus", "pip", "prior"), "which")
  if (which == "prior") {
    return(plot_prior(x$tables$prior_coefficients, ...))
  }
  variants <- x$tables$variants
  there <- unique(variants$locus)
  if (is.null(locus)) {
    locus <- variants$locus[which.max(variants$neg_log10_p)]
  }
  one_of(locus, there, "locus")
  variants <- variants[variants$locus == locus, ]
  if (which == "pip") plot_pip(variants, ...) else plot_locus(variants, ...)
}

# The level that the scan was run at, unless another is asked for.
with_alpha <- function(draw, tables, alpha, ...) {
  told <- list(...)
  if (is.null(told$alpha)) told$alpha <- alpha
  do.call(draw, c(tables, told))
}
