#' Association in one locus
#'
#' Each variant by position and p-value, coloured by LD with the lead. Residue changes are
#' triangles with gene and change written above; variants whose z the LD of the panel
#' foretells with the other sign carry a cross. The broken line is p = 5e-8.
#'
#' @param variants Rows of one locus of the `variants` table of [run()]. Of others, `pos` and
#'   `neg_log10_p` are needed; `chrom`, `rsid`, `r_lead` (LD with the lead), `gene`,
#'   `residue_change` and `ld_consistent` are shown where they are there.
#' @param panel The LD panel, named in the legend.
#' @return A ggplot, to which layers, scales and `labs()` can be added.
#' @section Errors:
#' `seqgen_input_error` if a column is missing or empty, or rows are of several loci;
#' `seqgen_missing_package_error` without ggplot2.
#' @seealso [plot_pip()]
#' @examplesIf seqgen_available() && requireNamespace("ggplot2", quietly = TRUE)
#' sumstats <- read_sumstats(seqgen_example("sumstats"))
#' locus <- find_loci(sumstats)[8, ]
#' variants <- subset(sumstats, pos >= locus$start & pos <= locus$end)
#' changes <- annotate(variants, missense_map())
#' row <- match(variants$pos, changes$pos)
#' variants$gene <- changes$gene[row]
#' change <- paste0(changes$ref_aa, changes$position, changes$alt_aa)
#' variants$residue_change <- change[row]
#' plot_locus(variants)
#' @export
plot_locus <- function(variants, panel = NULL) {
  need_ggplot2()
  told <- py_call(".plot_locus", list(variants))
  points <- told$points
  points$ld <- factor(points$ld, names(ld_colours))
  points$kind <- factor(kind_names[points$kind], kind_names)
  points <- points[order(points$r2, na.last = FALSE), ]
  with_ld <- any(!is.na(points$r2))
  names <- data.frame(
    x = told$labels$Mb, y = told$labels$neg_log10_p, label = told$labels$label,
    bold = told$labels$bold
  )
  aes <- ggplot2::aes
  odd <- points[points$odd, ]
  odd$kind <- factor(rep(kind_names[["odd"]], nrow(odd)), kind_names)
  ggplot2::ggplot(points, aes(.data$Mb, .data$neg_log10_p)) +
    names_above(names) +
    ggplot2::geom_hline(
      yintercept = -log10(5e-8), colour = spine, linetype = "42", linewidth = 0.35
    ) +
    ggplot2::geom_point(aes(colour = .data$ld),
      data = points[points$kind == kind_names[["plain"]], ], shape = 16, size = 1.5,
      show.legend = with_ld
    ) +
    ggplot2::geom_point(aes(shape = .data$kind, fill = .data$ld),
      data = points[points$kind == kind_names[["missense"]], ], colour = ink, size = 2.6,
      stroke = 0.6, show.legend = c(shape = TRUE, fill = FALSE, colour = FALSE)
    ) +
    ggplot2::geom_point(aes(shape = .data$kind),
      data = points[points$kind == kind_names[["lead"]], ], colour = lead_colour, size = 3.4,
      show.legend = c(shape = TRUE, fill = FALSE, colour = FALSE)
    ) +
    ggplot2::geom_point(aes(shape = .data$kind),
      data = odd, colour = warn_colour, size = 2.4, stroke = 0.9,
      show.legend = c(shape = TRUE, fill = FALSE, colour = FALSE)
    ) +
    locus_scales(points, nrow(odd) > 0, panel) +
    position_scale(told$position) +
    ggplot2::scale_y_continuous(expression(-log[10] ~ p),
      limits = c(0, NA), expand = ggplot2::expansion(c(0, 0.06))
    ) +
    plot_theme() +
    room_for_names(names$label)
}

kind_names <- c(
  lead = "lead", missense = "missense", odd = "LD foretells other sign", plain = "other"
)

locus_scales <- function(points, odd, panel) {
  shapes <- c(18, 24, 4)
  colours <- c(lead_colour, ink, warn_colour)
  there <- c(kind_names[1:2] %in% points$kind, odd)
  title <- paste(c("LD with the lead, r\u00b2", wrap(panel, 25)), collapse = "\n")
  list(
    ggplot2::scale_colour_manual(title,
      values = ld_colours, drop = FALSE,
      guide = ggplot2::guide_legend(order = 1, override.aes = list(size = 2.2))
    ),
    ggplot2::scale_fill_manual(values = ld_colours, drop = FALSE, guide = "none"),
    ggplot2::scale_shape_manual(NULL,
      values = stats::setNames(shapes, kind_names[1:3]), breaks = kind_names[1:3][there],
      guide = ggplot2::guide_legend(
        order = 2,
        override.aes = list(colour = colours[there], size = c(3, 2.2, 2)[there], fill = "white")
      )
    )
  )
}

# Positions in plain megabases.
position_scale <- function(title) {
  ggplot2::scale_x_continuous(title,
    breaks = function(limits) pretty(limits, 6), expand = ggplot2::expansion(0.015, 0.002),
    labels = function(value) format(value, trim = TRUE, digits = 8, drop0trailing = TRUE)
  )
}
