#' Contact map of couplings
#'
#' The strongest couplings of a protein, or between two, over the contacts of a structure.
#' Within a protein the strongest pairs lie above the diagonal, with the contacts in grey
#' behind them, and the strength of all pairs below it. Between two proteins both lie in one
#' rectangle. Positions without coordinates are tinted.
#'
#' @param couplings From [infer_couplings()] and its like.
#' @param distances Of the same residues, in angstrom: from [residue_distances()], or a
#'   matrix with `NA` where unknown.
#' @param top How many pairs to mark; by default as many as there are residues, or half the
#'   shorter side between two proteins.
#' @param cutoff Pairs closer than this are contacts, in angstrom.
#' @param min_separation Least distance in positions within a protein, of couplings and
#'   contacts.
#' @return A ggplot, to which layers, scales and `labs()` can be added. Its data are the
#'   pairs marked, one a row.
#' @section Errors:
#' `seqgen_input_error` if `top` is below 1 or `distances` have another shape than the
#' couplings; `seqgen_missing_package_error` without ggplot2.
#' @seealso [plot_arcs()]
#' @examplesIf seqgen_available() && requireNamespace("ggplot2", quietly = TRUE)
#' family <- read_alignment(seqgen_example("alignment"))
#' couplings <- infer_couplings(family$columns(seq_len(family$length) <= 25))
#' plot_contact_map(couplings, min_separation = 3)
#' @export
plot_contact_map <- function(couplings, distances = NULL, top = NULL, cutoff = 8,
                             min_separation = 6) {
  need_ggplot2()
  told <- py_call(".plot_contact_map", list(
    couplings, distances,
    top = top, cutoff = cutoff, min_separation = min_separation
  ))
  if (nrow(told$pairs) == 0) {
    return(plot_nothing(told$nothing))
  }
  aes <- ggplot2::aes
  ggplot2::ggplot(told$pairs, aes(.data$x, .data$y)) +
    strength_below(told) +
    cells_behind(told$cells, max(1, diff(told$x$limits) / 160)) +
    ggplot2::geom_vline(xintercept = told$x$borders, colour = spine, linewidth = 0.35) +
    ggplot2::geom_hline(yintercept = told$y$borders, colour = spine, linewidth = 0.35) +
    pair_marks(told) +
    residue_scales(told) +
    ggplot2::labs(caption = wrap(c(
      if (told$symmetric) {
        "Below the diagonal: scores, from the median (white) to the top 0.2% (black)"
      },
      told$notices[seq_len(min(1, length(told$notices)))]
    ))) +
    plot_theme() +
    ggplot2::theme(panel.border = ggplot2::element_rect(colour = rule, fill = NA))
}

# Colour and mark of each kind of pair: never told apart by colour alone.
pair_colours <- c(
  contact = "#0072B2", apart = "#D55E00", unseen = "#7A5195", plain = "#0072B2"
)
pair_shapes <- c(contact = 16, apart = 4, unseen = 18, plain = 16)

# A picture of whole residues; positions that the couplings skip stay white.
strength_below <- function(told) {
  if (!told$symmetric) {
    return(list())
  }
  strength <- told$strength
  strength[upper.tri(strength, diag = TRUE)] <- 0
  shades <- grDevices::colorRampPalette(c("#ffffff", "#9aa3ad", ink))(256)
  limits <- told$x$limits
  size <- round(diff(limits))
  image <- matrix("#ffffff", size, size)
  place <- round(told$at - limits[1] + 0.5)
  # Columns of the lower triangle are the earlier residue, which goes upwards here.
  image[place, place] <- shades[round(t(strength) * 255) + 1]
  list(
    ggplot2::annotation_raster(image[size:1, ], limits[1], limits[2], limits[1], limits[2]),
    ggplot2::annotate("segment",
      x = limits[1], y = limits[1], xend = limits[2], yend = limits[2], colour = rule,
      linewidth = 0.35
    )
  )
}

# In a long protein cells are drawn larger than they are, to be seen.
cells_behind <- function(cells, size) {
  tints <- c("#c3c9d0", "#f3f0ea")
  names <- unique(cells$fill)
  names <- c(setdiff(names, "without coordinates"), intersect(names, "without coordinates"))
  blind <- names == "without coordinates"
  list(
    ggplot2::geom_tile(ggplot2::aes(fill = .data$fill), data = cells, width = size, height = size),
    ggplot2::scale_fill_manual(NULL,
      values = stats::setNames(tints[1 + blind], names), breaks = names,
      guide = ggplot2::guide_legend(
        order = 2, override.aes = list(colour = rule, linewidth = 0.3)
      )
    )
  )
}

pair_marks <- function(told) {
  pairs <- told$pairs
  kinds <- intersect(names(pair_colours), pairs$kind)
  names <- pairs$named[match(kinds, pairs$kind)]
  per_residue <- 250 / max(diff(told$x$limits), diff(told$y$limits))
  points <- min(max(1.5 * per_residue, if (nrow(pairs) <= 160) 3.6 else 2.6), 6)
  size <- points / 2.4
  shared <- function(values) stats::setNames(values[kinds], names)
  list(
    ggplot2::geom_point(
      ggplot2::aes(colour = .data$named, shape = .data$named),
      size = size * sqrt(pairs$share), stroke = 0.8
    ),
    ggplot2::scale_colour_manual(told$title, values = shared(pair_colours), breaks = names),
    ggplot2::scale_shape_manual(told$title, values = shared(pair_shapes), breaks = names),
    ggplot2::guides(
      colour = ggplot2::guide_legend(order = 1, override.aes = list(size = 2.2)),
      shape = ggplot2::guide_legend(order = 1)
    )
  )
}

# Square residues, unless that made one side too thin to read.
residue_scales <- function(told) {
  wide <- diff(told$x$limits)
  high <- diff(told$y$limits)
  alike <- max(wide, high) <= 3.4 * min(wide, high)
  none <- ggplot2::expansion(0)
  list(
    ggplot2::scale_x_continuous(told$x$title,
      limits = told$x$limits, breaks = told$x$at, labels = unlist(told$x$labels), expand = none,
      oob = function(x, ...) x
    ),
    ggplot2::scale_y_continuous(told$y$title,
      limits = told$y$limits, breaks = told$y$at, labels = unlist(told$y$labels), expand = none,
      oob = function(x, ...) x
    ),
    if (alike) ggplot2::coord_fixed(clip = "off") else ggplot2::coord_cartesian(clip = "off")
  )
}
