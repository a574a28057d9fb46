#' What the prior learned
#'
#' Forest plot: the factor on the prior odds per unit of each annotation, with 95% interval.
#' Filled points were learned from the loci; open ones were given, are what the penalty leaves
#' where the loci are silent, or are held at zero where held-out loci gain nothing.
#'
#' @param coefficients The `prior_coefficients` table of [run()], or the `coefficients` of
#'   [fit_prior()].
#' @return A ggplot, to which layers, scales and `labs()` can be added.
#' @section Errors:
#' `seqgen_input_error` if a column is missing or there is no row;
#' `seqgen_missing_package_error` without ggplot2.
#' @examplesIf seqgen_available() && requireNamespace("ggplot2", quietly = TRUE)
#' plot_prior(data.frame(
#'   term = c("missense", "log_lik_ratio"), estimate = c(1.6, -0.2), lower = c(0.4, -0.5),
#'   upper = c(2.8, 0.1), source = "learned"
#' ))
#' @export
plot_prior <- function(coefficients) {
  need_ggplot2()
  told <- py_call(".plot_prior", list(coefficients))
  table <- as.data.frame(coefficients)
  table$term <- factor(table$term, rev(unique(table$term)))
  names <- c(
    learned = "learned from the loci", penalty = "the penalty alone: the loci are silent",
    silenced = "held at zero: no gain on held-out loci", given = "given"
  )
  table$known <- factor(names[as.character(table$source)], names)
  shapes <- stats::setNames(c(19, 21, 23, 22), names)
  aes <- ggplot2::aes
  ggplot2::ggplot(table, aes(.data$estimate, .data$term)) +
    ggplot2::geom_vline(xintercept = 0, colour = spine, linewidth = 0.4) +
    ggplot2::geom_segment(
      aes(x = .data$lower, xend = .data$upper, yend = .data$term),
      data = table[is.finite(table$lower) & is.finite(table$upper), ],
      colour = set_colours[1], linewidth = 0.9
    ) +
    ggplot2::geom_point(aes(shape = .data$known),
      colour = set_colours[1], fill = "white", size = 3, stroke = 0.9
    ) +
    ggplot2::scale_shape_manual(NULL, values = shapes) +
    ggplot2::scale_x_continuous("Prior odds multiplied by, per unit (95% interval)",
      limits = told$limits, breaks = told$ticks, expand = ggplot2::expansion(0),
      labels = function(value) paste0("\u00d7", signif(exp(value), 3))
    ) +
    ggplot2::labs(y = NULL) +
    plot_theme("x") +
    ggplot2::theme(
      axis.line.y = ggplot2::element_blank(), axis.ticks.y = ggplot2::element_blank(),
      axis.text.y = ggplot2::element_text(size = 9), legend.position = "bottom",
      legend.justification = "left"
    )
}
