#' Inclusion probabilities in one locus
#'
#' Upwards under the informed prior, downwards under the flat one. Members of credible sets
#' are coloured; a flat set has the colour of the informed set with which it shares most
#' variants. Residue changes are triangles. Open rings in the lower half are probabilities of
#' one half or more that the fit without panel correction would claim.
#'
#' @param variants Rows of one locus of the `variants` table of [run()]. Of others, `pos` and
#'   `pip` are needed; `cs_id` (numbers of credible sets), `pip_flat`, `cs_id_flat`,
#'   `pip_plain`, `chrom`, `rsid` and `residue_change` are shown where they are there.
#' @return A ggplot, to which layers, scales and `labs()` can be added.
#' @section Errors:
#' `seqgen_input_error` if a column is missing or empty, or rows are of several loci;
#' `seqgen_missing_package_error` without ggplot2.
#' @seealso [plot_locus()]
#' @examplesIf seqgen_available() && requireNamespace("ggplot2", quietly = TRUE)
#' r <- 0.95^abs(outer(1:40, 1:40, "-"))
#' variants <- data.frame(chrom = "22", pos = 45.6e6 + 1:40 * 1000, rsid = paste0("rs", 1:40))
#' fit <- susie_rss(9 * r[12, ], r, n = 5000, L = 1)
#' plot_pip(cbind(variants, posterior_table(fit)))
#' @export
plot_pip <- function(variants) {
  need_ggplot2()
  told <- py_call(".plot_pip", list(variants))
  points <- told$points
  colours <- stats::setNames(told$sets$colour, told$sets$label)
  points$set <- factor(points$set, names(colours))
  crowd <- points$set == names(colours)[length(colours)] & !points$missense
  tall <- abs(points$pip) > 0.02
  aes <- ggplot2::aes
  plot <- ggplot2::ggplot(points, aes(.data$Mb, .data$pip, colour = .data$set)) +
    ggplot2::geom_segment(aes(xend = .data$Mb, yend = 0),
      data = points[!crowd | tall, ], linewidth = 0.35, show.legend = FALSE
    ) +
    ggplot2::geom_point(data = points[crowd, ], shape = 16, size = 1.1) +
    ggplot2::geom_point(data = points[!crowd & !points$missense, ], shape = 16, size = 1.9) +
    pip_marks(points[points$missense, ], told$rings) +
    ggplot2::geom_hline(yintercept = 0, colour = spine, linewidth = 0.4) +
    pip_names(told$names) +
    ggplot2::scale_colour_manual("Credible sets",
      values = colours, drop = FALSE,
      guide = ggplot2::guide_legend(order = 1, override.aes = list(size = 2.2, shape = 16))
    ) +
    ggplot2::scale_fill_manual(values = colours, drop = FALSE, guide = "none") +
    position_scale(told$position) +
    pip_axis(told$mirrored) +
    plot_theme() +
    ggplot2::coord_cartesian(clip = "off")
  if (told$mirrored) plot + ggplot2::theme(axis.line.x = ggplot2::element_blank()) else plot
}

# Triangles of residue changes and rings of what an uncorrected fit claims, with their legend.
pip_marks <- function(missense, rings) {
  names <- c("missense", "uncorrected fit, from 0.5")
  there <- c(nrow(missense) > 0, nrow(rings) > 0)
  missense$kind <- rep(names[1], nrow(missense))
  rings$kind <- rep(names[2], nrow(rings))
  missense$size <- ifelse(abs(missense$pip) > 0.02, 2.5, 1.5)
  only_shape <- c(shape = TRUE, colour = FALSE, fill = FALSE)
  list(
    ggplot2::geom_point(ggplot2::aes(fill = .data$set, shape = .data$kind),
      data = missense, colour = ink, size = missense$size, stroke = 0.6,
      show.legend = only_shape
    ),
    ggplot2::geom_point(ggplot2::aes(shape = .data$kind),
      data = rings, colour = warn_colour, size = 3.2, stroke = 0.7, show.legend = only_shape
    ),
    ggplot2::scale_shape_manual(NULL,
      values = stats::setNames(c(24, 1), names), breaks = names[there],
      guide = ggplot2::guide_legend(order = 2, override.aes = list(
        colour = c(ink, warn_colour)[there], fill = "white", size = c(2.2, 2.8)[there]
      ))
    )
  )
}

pip_names <- function(names) {
  ggplot2::geom_text(
    ggplot2::aes(.data$Mb, .data$pip, label = paste0("   ", .data$label, "   ")),
    data = names, hjust = as.numeric(names$left), size = 2.7, colour = ink,
    inherit.aes = FALSE
  )
}

pip_axis <- function(mirrored) {
  breaks <- c(if (mirrored) c(-1, -0.5), 0, 0.5, 1)
  title <- if (mirrored) "flat  <  PIP  >  informed" else "PIP"
  ggplot2::scale_y_continuous(title,
    breaks = breaks, labels = function(value) format(abs(value), trim = TRUE, drop0trailing = TRUE),
    limits = c(if (mirrored) -1.09 else 0, 1.09), expand = ggplot2::expansion(0)
  )
}
