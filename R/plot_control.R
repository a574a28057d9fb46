#' Discoveries with shuffled evidence
#'
#' Discoveries of each procedure without weights, with them, and with shuffled ones. A bar
#' through the mark spans the fewest and the most that the shuffles found.
#'
#' @param control The `control` of [scan_gxg()] or [rank_trans()].
#' @return A ggplot, to which layers, scales and `labs()` can be added.
#' @section Errors:
#' `seqgen_missing_package_error` without ggplot2.
#' @seealso [plot_calibration()]
#' @examplesIf seqgen_available() && requireNamespace("ggplot2", quietly = TRUE)
#' plot_control(data.frame(
#'   procedure = "Bonferroni", weights = c("none", "evidence", "shuffled"),
#'   discoveries = c(10, 14, 9.5), low = c(10, 14, 8), high = c(10, 14, 11),
#'   gained = c(0, 5, 1), lost = c(0, 1, 1.5), alpha = 0.05
#' ))
#' @export
plot_control <- function(control) {
  need_ggplot2()
  rows <- py_call(".plot_control", list(control))
  if (nrow(rows) == 0) {
    return(plot_nothing("No control was run"))
  }
  rows$title <- factor(rows$title, unique(rows$title))
  rows$named <- factor(rows$named, rev(unique(rows$named)))
  most <- max(rows$discoveries, rows$high, 1)
  kinds <- stats::setNames(c(spine, set_colours[1:2]), c("none", "evidence", "shuffled"))
  aes <- ggplot2::aes
  ggplot2::ggplot(rows, aes(.data$discoveries, .data$named, colour = .data$weights)) +
    ggplot2::geom_segment(aes(x = 0, xend = .data$discoveries, yend = .data$named),
      colour = grey, linewidth = 0.4
    ) +
    ggplot2::geom_segment(aes(x = .data$low, xend = .data$high, yend = .data$named),
      data = rows[rows$weights == "shuffled", ], linewidth = 1.5, alpha = 0.45
    ) +
    ggplot2::geom_point(aes(shape = .data$weights), size = 2.8) +
    ggplot2::geom_text(aes(x = most * 1.08, label = .data$told),
      hjust = 0, size = 2.9, colour = ink
    ) +
    ggplot2::facet_wrap("title", ncol = 1) +
    ggplot2::scale_colour_manual(values = kinds, guide = "none") +
    ggplot2::scale_shape_manual(
      values = c(none = 16, evidence = 16, shuffled = 18), guide = "none"
    ) +
    ggplot2::scale_x_continuous("Discoveries",
      limits = c(0, most * (1.15 + max(nchar(rows$told)) / 42)), expand = ggplot2::expansion(0),
      breaks = Filter(function(x) x == round(x) && x <= most * 1.1, pretty(c(0, most), 5))
    ) +
    ggplot2::labs(y = NULL) +
    ggplot2::coord_cartesian(clip = "off") +
    plot_theme() +
    ggplot2::theme(
      strip.text = ggplot2::element_text(face = "bold", hjust = 0, size = 8.5, colour = ink),
      axis.line.y = ggplot2::element_blank(), axis.ticks.y = ggplot2::element_blank(),
      axis.text.y = ggplot2::element_text(size = 9),
      axis.title.x = ggplot2::element_text(hjust = 0, size = 9)
    )
}
