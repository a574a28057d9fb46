# Names in a row above a panel, each tied to its point by a thin line.
#
# They are placed when the picture is drawn, because only then its width is known: moved
# sideways as little as possible so that none meet, as in Python's plots.

name_size <- 8
name_stem <- 14

# `data` has columns x, y, label and bold. Names stand upright where they would not fit
# side by side on a panel about five inches wide.
names_above <- function(data, colour = ink) {
  upright <- names_upright(data$label)
  geom <- ggplot2::ggproto("GeomNamesAbove", ggplot2::Geom,
    required_aes = c("x", "y", "label"),
    default_aes = ggplot2::aes(bold = FALSE),
    draw_key = ggplot2::draw_key_blank,
    draw_panel = function(data, panel_params, coord) {
      placed <- coord$transform(data, panel_params)
      grid::gTree(
        at = placed[order(placed$x), c("x", "y", "label", "bold")],
        upright = upright, colour = colour, cl = "seqgen_names"
      )
    }
  )
  ggplot2::layer(
    geom = geom, stat = "identity", position = "identity", data = data, show.legend = FALSE,
    inherit.aes = FALSE,
    mapping = ggplot2::aes(.data$x, .data$y, label = .data$label, bold = .data$bold)
  )
}

# An empty subtitle holds the place of the names: what users write with labs(title = )
# stands above them.
room_for_names <- function(labels) {
  if (length(labels) == 0) {
    return(list())
  }
  high <- if (names_upright(labels)) max(nchar(labels)) * 4.9 else name_size
  list(
    ggplot2::labs(subtitle = ""),
    ggplot2::coord_cartesian(clip = "off"),
    ggplot2::theme(plot.subtitle = ggplot2::element_text(
      size = 1, margin = ggplot2::margin(b = high + name_stem + 3)
    ))
  )
}

names_upright <- function(labels) {
  sum(nchar(labels) * 4.7 + 6) > 340
}

#' @importFrom grid makeContent
#' @export
makeContent.seqgen_names <- function(x) {
  points <- function(value, to) to(grid::unit(value, "npc"), "points", valueOnly = TRUE)
  width <- points(1, grid::convertWidth)
  height <- points(1, grid::convertHeight)
  face <- ifelse(x$at$bold, "bold", "plain")
  gp <- grid::gpar(fontsize = name_size, col = x$colour, fontface = face)
  sizes <- rep(name_size * 1.35, nrow(x$at))
  if (!x$upright) {
    text <- lapply(x$at$label, grid::textGrob, gp = grid::gpar(fontsize = name_size, font = 2))
    widths <- lapply(text, function(one) {
      grid::convertWidth(grid::grobWidth(one), "points", valueOnly = TRUE)
    })
    sizes <- unlist(widths) + 6
  }
  moved <- spread(x$at$x * width, sizes, -20, width + 20)
  from <- x$at$x * width
  top <- rep(height, length(from))
  lines <- grid::polylineGrob(
    x = c(from, from, moved), y = c(x$at$y * height, top, top + name_stem - 3),
    id = rep(seq_along(from), 3), default.units = "points",
    gp = grid::gpar(col = spine, lwd = 0.7)
  )
  names <- grid::textGrob(
    x$at$label, grid::unit(moved, "points"), grid::unit(top + name_stem, "points"),
    rot = if (x$upright) 90 else 0, hjust = if (x$upright) 0 else 0.5,
    vjust = if (x$upright) 0.5 else 0, gp = gp
  )
  grid::setChildren(x, grid::gList(lines, names))
}

# Move intervals as little as possible (least squares) so that none overlap; centres
# ascend. Too many run over `high`.
spread <- function(centres, widths, low, high) {
  n <- length(centres)
  if (n == 0) {
    return(centres)
  }
  offset <- c(0, cumsum((widths[-1] + widths[-n]) / 2))
  moved <- stats::isoreg(centres - offset)$yf
  pmax(pmin(moved, high - widths[n] / 2 - offset[n]), low + widths[1] / 2) + offset
}
