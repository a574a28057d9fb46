#' Heat map of substitution scores
#'
#' Positions across, new residues up, the wild type marked by dots. Orange is worse than the
#' wild type (below zero), blue better; colours end at the 98th percentile of the absolute
#' scores. Residues without a score are grey.
#'
#' @param scores A data.frame of `position`, `ref`, `alt` and `score`, one row per
#'   substitution of one protein, such as all 19 of each position.
#' @return A ggplot, to which layers, scales and `labs()` can be added.
#' @section Errors:
#' `seqgen_input_error` if a column is missing, there is no score, a letter is no amino acid,
#' a position has two wild types, or a substitution stands twice;
#' `seqgen_missing_package_error` without ggplot2.
#' @examplesIf seqgen_available() && requireNamespace("ggplot2", quietly = TRUE)
#' family <- read_alignment(seqgen_example("alignment"))
#' model <- fit_mean_field(family$columns(seq_len(family$length) <= 30))
#' mutants <- single_mutants(model)
#' plot_substitutions(data.frame(
#'   position = mutants$position, ref = mutants$ref_aa, alt = mutants$alt_aa,
#'   score = mutants$delta_energy
#' ))
#' @export
plot_substitutions <- function(scores) {
  need_ggplot2()
  told <- py_call(".plot_substitutions", list(scores))
  cells <- told$cells
  cells$alt <- factor(cells$alt, unlist(told$residues))
  wild <- cells[as.character(cells$alt) == cells$ref, ]
  wide <- diff(range(cells$position)) + 1
  few <- wide <= 45
  limit <- told$limit
  aes <- ggplot2::aes
  ggplot2::ggplot(cells, aes(.data$position, .data$alt)) +
    ggplot2::geom_tile(aes(fill = pmax(pmin(.data$score, limit), -limit)), width = 1, height = 1) +
    ggplot2::geom_point(data = wild, size = max(min(60 / wide, 1.6), 0.4), colour = ink) +
    ggplot2::scale_fill_gradientn("score",
      colours = c("#8a3a00", "#D55E00", "#fbfbfb", "#0072B2", "#00436b"),
      limits = c(-limit, limit), na.value = "#c9ced4"
    ) +
    ggplot2::scale_x_continuous("Position (dots: wild type)",
      breaks = if (few) wild$position else ggplot2::waiver(),
      labels = if (few) paste0(wild$ref, wild$position) else ggplot2::waiver(),
      expand = ggplot2::expansion(0)
    ) +
    ggplot2::scale_y_discrete("New residue", drop = FALSE) +
    plot_theme() +
    ggplot2::theme(
      axis.line = ggplot2::element_blank(), axis.ticks = ggplot2::element_blank(),
      panel.background = ggplot2::element_rect(fill = "#c9ced4", colour = NA),
      legend.key.height = grid::unit(22, "pt"), legend.key.width = grid::unit(9, "pt"),
      axis.text.x = ggplot2::element_text(
        angle = if (few) 90 else 0, hjust = if (few) 1 else 0.5, vjust = 0.5
      )
    )
}
