# Words at fixed depths below a panel: names of residues and genes, rules of chromosomes.
# Depths are in points, because panels are drawn at any size.

# `data` has columns x and label; with `from`, the place of the tick, names are tied to it.
names_below <- function(data, depth, upright, bold = FALSE, size = 8, colour = ink) {
  geom <- ggplot2::ggproto("GeomNamesBelow", ggplot2::Geom,
    required_aes = c("x", "label"), default_aes = ggplot2::aes(xend = NA_real_),
    draw_key = ggplot2::draw_key_blank,
    draw_panel = function(data, panel_params, coord) {
      data$y <- -Inf
      placed <- coord$transform(data, panel_params)
      grid::gTree(
        at = placed, depth = depth, upright = upright, bold = bold, size = size,
        colour = colour, cl = "seqgen_below"
      )
    }
  )
  ggplot2::layer(
    geom = geom, stat = "identity", position = "identity", data = data, show.legend = FALSE,
    inherit.aes = FALSE,
    mapping = if (is.null(data$from)) {
      ggplot2::aes(.data$x, label = .data$label)
    } else {
      ggplot2::aes(.data$x, label = .data$label, xend = .data$from)
    }
  )
}

#' @importFrom grid makeContent
#' @export
makeContent.seqgen_below <- function(x) {
  at <- x$at[order(x$at$x), ]
  width <- grid::convertWidth(grid::unit(1, "npc"), "points", valueOnly = TRUE)
  placed <- at$x * width
  lines <- NULL
  if (!all(is.na(at$xend))) {
    placed <- spread(placed, rep(x$size * 1.28, nrow(at)), -10, width + 10)
    from <- at$xend * width
    lines <- grid::polylineGrob(
      x = c(from, from, placed), y = rep(c(0, -3, 2 - x$depth), each = length(from)),
      id = rep(seq_along(from), 3), default.units = "points",
      gp = grid::gpar(col = spine, lwd = 0.7)
    )
  }
  text <- grid::textGrob(
    at$label, grid::unit(placed, "points"), grid::unit(-x$depth, "points"),
    rot = if (x$upright) 90 else 0, hjust = if (x$upright) 1 else 0.5,
    vjust = if (x$upright) 0.5 else 1,
    gp = grid::gpar(fontsize = x$size, col = x$colour, font = 1 + x$bold)
  )
  grid::setChildren(x, if (is.null(lines)) grid::gList(text) else grid::gList(lines, text))
}

# A title of the axis pushed down by as many points.
room_below <- function(points, title = NULL) {
  list(
    ggplot2::labs(x = if (is.null(title)) "" else title),
    ggplot2::theme(axis.title.x = ggplot2::element_text(
      size = 9, colour = ink, margin = ggplot2::margin(t = points)
    ))
  )
}
