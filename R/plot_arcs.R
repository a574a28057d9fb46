#' Couplings as arcs
#'
#' The strongest couplings as arcs over the sequence, or as bands between two sequences.
#' Residues are named at their ends, and the pairs are listed at the right, the strongest
#' first. Whole lines are contacts of the structure, dashed ones are none, dotted ones have
#' no coordinates; the wider a line, the higher the score.
#'
#' @param couplings Of one protein, or of two (`couplings$between("P1", "P2")`); from
#'   [infer_couplings()] and its like.
#' @param distances,cutoff,min_separation As for [plot_contact_map()].
#' @param top How many pairs.
#' @return A ggplot, to which layers, scales and `labs()` can be added. Its data are the
#'   pairs drawn, one a row.
#' @section Errors:
#' `seqgen_input_error` if the couplings are of more than one protein a side, `top` is below
#' 1, or `distances` have another shape; `seqgen_missing_package_error` without ggplot2.
#' @seealso [plot_contact_map()]
#' @examplesIf seqgen_available() && requireNamespace("ggplot2", quietly = TRUE)
#' family <- read_alignment(seqgen_example("alignment"))
#' couplings <- infer_couplings(family$columns(seq_len(family$length) <= 25))
#' plot_arcs(couplings, top = 8, min_separation = 3)
#' @export
plot_arcs <- function(couplings, distances = NULL, top = 20, cutoff = 8, min_separation = 6) {
  need_ggplot2()
  told <- py_call(".plot_arcs", list(
    couplings, distances,
    top = top, cutoff = cutoff, min_separation = min_separation
  ))
  pairs <- told$pairs
  if (nrow(pairs) == 0) {
    return(plot_nothing(told$nothing))
  }
  pairs$id <- rev(seq_len(nrow(pairs)))
  one <- nrow(told$tracks) == 1
  ends <- arc_names(pairs, one)
  above <- ends[ends$side == 1, c("x", "y", "label", "bold")]
  below <- ends[ends$side == nrow(told$tracks), ]
  ggplot2::ggplot(pairs) +
    arc_lines(pairs, one) +
    sequence_bars(told$tracks) +
    (if (!one) names_above(above)) +
    names_below(below, name_stem, TRUE) +
    arc_guides(pairs, told) +
    ggplot2::scale_x_continuous(limits = c(0, told$length), expand = ggplot2::expansion(0.01)) +
    ggplot2::scale_y_continuous(
      limits = c(if (one) -0.07 else 0, 1), expand = ggplot2::expansion(0)
    ) +
    plot_theme() + bare_axes() +
    (if (one) ggplot2::coord_cartesian(clip = "off") else room_for_names(above$label)) +
    room_below(name_stem + 34, track_title(told$tracks))
}

# Half ellipses over one sequence; smooth bands from the upper to the lower of two.
arc_lines <- function(pairs, one) {
  turn <- seq(0, pi, length.out = 60)
  t <- seq(0, 1, length.out = 60)
  reach <- max(abs(pairs$x_2 - pairs$x_1))
  lines <- lapply(rev(seq_len(nrow(pairs))), function(k) {
    from <- pairs$x_1[k]
    to <- pairs$x_2[k]
    path <- if (one) {
      data.frame(
        x = (from + to) / 2 - cos(turn) * (to - from) / 2,
        y = 0.97 * (abs(to - from) / reach)^0.75 * sin(turn)
      )
    } else {
      data.frame(x = from + (to - from) * t^2 * (3 - 2 * t), y = 0.94 - 0.88 * t)
    }
    cbind(path, id = pairs$id[k], named = pairs$named[k], width = pairs$width[k] / 2.6)
  })
  ggplot2::geom_path(
    ggplot2::aes(
      .data$x, .data$y,
      group = .data$id, colour = .data$named, linetype = .data$named, linewidth = .data$width
    ),
    data = do.call(rbind, lines), alpha = 0.9, lineend = "butt"
  )
}

# Names of the residues at both ends, each once on its side, the strongest pairs first.
arc_names <- function(pairs, one) {
  sides <- lapply(1:2, function(k) {
    data.frame(
      x = pairs[[paste0("x_", k)]], label = pairs[[paste0("name_", k)]],
      side = if (one) 1 else k, rank = seq_len(nrow(pairs))
    )
  })
  ends <- do.call(rbind, sides)
  ends <- ends[order(ends$rank), ]
  ends <- ends[!duplicated(ends[c("label", "side")]), ]
  # As many upright names as five inches hold.
  ends <- do.call(rbind, lapply(split(ends, ends$side), utils::head, 34))
  ends$y <- 1
  ends$bold <- FALSE
  ends$from <- ends$x
  ends
}

# The sequences: bars with round positions in them.
sequence_bars <- function(tracks) {
  tall <- 0.06
  tracks$bottom <- if (nrow(tracks) == 1) -0.07 else c(1 - tall, 0)
  numbers <- do.call(rbind, lapply(seq_len(nrow(tracks)), function(k) {
    low <- tracks$low[k]
    size <- tracks$high[k] - low + 1
    at <- pretty(c(low, tracks$high[k]), 8)
    at <- at[at == round(at) & at > low + 0.015 * size & at < tracks$high[k] - 0.015 * size]
    data.frame(
      x = at - low + tracks$start[k] + 0.5, y = rep(tracks$bottom[k] + tall / 2, length(at)),
      label = as.character(at)
    )
  }))
  aes <- ggplot2::aes
  list(
    ggplot2::geom_rect(
      aes(
        xmin = .data$start, xmax = .data$start + .data$high - .data$low + 1,
        ymin = .data$bottom, ymax = .data$bottom + tall
      ),
      data = tracks, fill = "#eceef1", colour = rule, linewidth = 0.3
    ),
    ggplot2::geom_text(aes(.data$x, .data$y, label = .data$label),
      data = numbers, size = 2.4, colour = soft
    )
  )
}

track_title <- function(tracks) {
  names <- tracks$name[nzchar(tracks$name)]
  if (length(names) == 0) {
    return("Position")
  }
  paste("Position in", paste(names, collapse = " (above) and "))
}

arc_dashes <- c(contact = "solid", apart = "42", unseen = "11", plain = "solid")

# The list of pairs is the title of the legend, which stands where it hides nothing.
arc_guides <- function(pairs, told) {
  kinds <- intersect(names(pair_colours), pairs$kind)
  names <- pairs$named[match(kinds, pairs$kind)]
  title <- paste(c(told$title, "", told$list, ""), collapse = "\n")
  shared <- function(values) stats::setNames(values[kinds], names)
  list(
    ggplot2::scale_colour_manual(title, values = shared(pair_colours), breaks = names),
    ggplot2::scale_linetype_manual(title, values = shared(arc_dashes), breaks = names),
    ggplot2::scale_linewidth_identity(),
    ggplot2::guides(colour = ggplot2::guide_legend(override.aes = list(linewidth = 0.7))),
    ggplot2::theme(legend.key.width = grid::unit(22, "pt"))
  )
}

bare_axes <- function() {
  none <- ggplot2::element_blank()
  ggplot2::theme(
    axis.line = none, axis.ticks = none, axis.text = none, axis.title.y = none
  )
}
