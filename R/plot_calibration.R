#' Calibration of a scan
#'
#' Tests with p up to each level over the number expected without any effect. One line per
#' set of tests, with the band of 95% of Poisson counts behind it. Filled marks lie outside
#' their band, open ones within. Levels of which fewer than 0.05 tests are expected are left
#' out.
#'
#' @param calibration The `calibration` of [scan_gxg()] or [rank_trans()].
#' @return A ggplot, to which layers, scales and `labs()` can be added.
#' @section Errors:
#' `seqgen_missing_package_error` without ggplot2.
#' @seealso [plot_control()]
#' @examplesIf seqgen_available() && requireNamespace("ggplot2", quietly = TRUE)
#' plot_calibration(data.frame(
#'   tests = "all", level = c(0.5, 0.1, 0.01, 0.001), observed = c(490, 98, 14, 4),
#'   expected = c(500, 100, 10, 1)
#' ))
#' @export
plot_calibration <- function(calibration) {
  need_ggplot2()
  told <- py_call(".plot_calibration", list(calibration))
  rows <- told$rows
  if (nrow(rows) == 0) {
    return(plot_nothing("No calibration to show"))
  }
  names <- unlist(told$tests)
  rows$tests <- factor(rows$tests, names)
  colours <- stats::setNames(rep_len(set_colours[c(1:4, 7)], length(names)), names)
  shapes <- stats::setNames(rep_len(21:25, length(names)), names)
  aes <- ggplot2::aes
  ggplot2::ggplot(rows, aes(-log10(.data$level), .data$ratio, colour = .data$tests)) +
    ggplot2::geom_ribbon(
      aes(ymin = .data$low, ymax = .data$high, group = .data$tests, fill = "95% of chance"),
      alpha = 0.5, colour = NA
    ) +
    ggplot2::geom_hline(yintercept = 1, colour = spine, linewidth = 0.4) +
    ggplot2::geom_line(linewidth = 0.5) +
    ggplot2::geom_point(aes(shape = .data$tests),
      data = rows[rows$inside, ], fill = "white", size = 2, stroke = 0.7
    ) +
    filled_marks(rows[!rows$inside, ], colours) +
    ggplot2::scale_colour_manual(NULL, values = colours, drop = FALSE) +
    ggplot2::scale_shape_manual(NULL, values = shapes, drop = FALSE) +
    ggplot2::scale_fill_manual("If tests are independent;\nopen marks lie within",
      values = c("95% of chance" = "#c9ced4")
    ) +
    ggplot2::guides(
      colour = ggplot2::guide_legend(order = 1), shape = ggplot2::guide_legend(order = 1),
      fill = ggplot2::guide_legend(order = 2)
    ) +
    calibration_scales(told) +
    plot_theme("y")
}

filled_marks <- function(rows, colours) {
  if (nrow(rows) == 0) {
    return(list())
  }
  ggplot2::geom_point(ggplot2::aes(shape = .data$tests),
    data = rows, fill = colours[as.character(rows$tests)], size = 2, stroke = 0.7,
    show.legend = FALSE
  )
}

calibration_scales <- function(told) {
  plain <- function(value) {
    vapply(value, function(x) sub("e-0", "e-", format(signif(x, 3), scientific = x < 1e-3)), "")
  }
  list(
    ggplot2::scale_x_continuous("p value up to",
      breaks = -log10(told$levels), labels = plain(told$levels)
    ),
    ggplot2::scale_y_log10("Observed / expected tests",
      breaks = told$ratios, labels = plain(told$ratios), limits = told$limits,
      expand = ggplot2::expansion(0)
    ),
    ggplot2::coord_cartesian(clip = "off")
  )
}
