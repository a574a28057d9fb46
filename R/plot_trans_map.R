#' The trans map
#'
#' Position of variants (across) against that of their traits' genes (up), with hotspots.
#' Above the map stands the number of traits whose strongest discovery lies in each window of
#' the genome; hotspots are coloured there, named above, and led down through the map. Where
#' no trait has a position, there is no map. Points on the grey diagonal would be near their
#' own gene.
#'
#' @param hits,hotspots Tables of [rank_trans()]; `hotspots` may have no rows.
#' @param chrom_lengths Lengths of all chromosomes, named as in the tables, such as
#'   `c(I = 230218, II = 813184)`; else they end at the last place.
#' @param alpha Level of the decisions; hotspots up to this `p` are coloured and named.
#' @return A ggplot, to which layers, scales and `labs()` can be added.
#' @section Errors:
#' `seqgen_input_error` if `chrom_lengths` lacks a chromosome or a place lies beyond its end;
#' `seqgen_missing_package_error` without ggplot2.
#' @references
#' Brem et al. (2002), Science 296:752-755.
#' @examplesIf seqgen_available() && requireNamespace("ggplot2", quietly = TRUE)
#' hits <- data.frame(
#'   variant = c("a", "b"), chrom = c("I", "II"), pos = c(1e5, 7e5), trait = c("t", "u"),
#'   trait_chrom = c("II", "I"), trait_pos = c(3e5, 1e4), p = 1e-9, neg_log10_p = 9,
#'   decision = c("both", "gained")
#' )
#' hotspots <- data.frame(
#'   chrom = "I", start = 50001, end = 150000, n_traits = 1, expected = 0.1, p = 0.01,
#'   genes = NA_character_
#' )
#' plot_trans_map(hits, hotspots, chrom_lengths = c(I = 230218, II = 813184))
#' @export
plot_trans_map <- function(hits, hotspots, chrom_lengths = NULL, alpha = 0.05) {
  need_ggplot2()
  told <- py_call(".plot_trans_map", list(
    hits, hotspots,
    chrom_lengths = chrom_lengths, alpha = alpha
  ))
  if (!is.null(told$nothing)) {
    return(plot_nothing(told$nothing))
  }
  mapped <- nrow(told$hits) > 0
  band <- trans_band(told, mapped)
  named <- told$hot[nzchar(told$hot$label), ]
  names <- data.frame(
    x = named$x, y = band$at(named$n), label = named$label, bold = rep(FALSE, nrow(named))
  )
  ggplot2::ggplot(told$hits, ggplot2::aes(.data$x, .data$y)) +
    chromosome_tints(told, mapped, band) +
    (if (mapped) trans_points(told)) +
    trans_counts(told, band, mapped) +
    (if (nrow(names) > 0) names_above(names)) +
    trans_scales(told, mapped, band) +
    ggplot2::labs(caption = wrap(told$rest)) +
    plot_theme() +
    ggplot2::theme(axis.line = ggplot2::element_blank()) +
    room_for_names(names$label)
}

# Counts stand in a band above the map, on the same axis: from `low` to `high`.
trans_band <- function(told, mapped) {
  most <- max(told$counts$n, told$hot$n, 1) * 1.05
  low <- if (mapped) 1.03 * told$end else 0
  high <- if (mapped) 1.28 * told$end else 1
  list(low = low, high = high, most = most, at = function(n) low + n / most * (high - low))
}

chromosome_tints <- function(told, mapped, band) {
  table <- told$chromosomes
  every_other <- table[seq_len(nrow(table)) %% 2 == 0, ]
  aes <- ggplot2::aes
  list(
    ggplot2::geom_rect(
      aes(xmin = .data$start, xmax = .data$end, ymin = 0, ymax = band$high),
      data = every_other, inherit.aes = FALSE, fill = "#f4f5f7"
    ),
    if (mapped) {
      list(
        ggplot2::geom_hline(yintercept = table$start[-1], colour = "#e4e7ea", linewidth = 0.3),
        ggplot2::annotate("rect",
          xmin = 0, xmax = told$end, ymin = 0, ymax = told$end, fill = NA, colour = "#e4e7ea",
          linewidth = 0.3
        ),
        ggplot2::annotate("segment",
          x = 0, y = 0, xend = told$end, yend = told$end, colour = "#d9dde2", linewidth = 1.6
        )
      )
    }
  )
}

trans_points <- function(told) {
  order <- match(told$hits$decision, c("neither", "both", "lost", "gained"))
  hits <- told$hits[order(order), ]
  hits$size <- sqrt(hits$area) / 2.4
  range <- range(hits$neg_log10_p)
  grows <- sprintf("\nsize: -log10 p, %.1f to %.1f", range[1], range[2])
  c(list(
    ggplot2::geom_point(
      ggplot2::aes(
        colour = .data$named, fill = .data$named, shape = .data$named, size = .data$size
      ),
      data = hits, stroke = 0, alpha = 0.85
    ),
    ggplot2::scale_size_identity()
  ), decision_scales(told$hits, paste0(told$title, if (range[2] > range[1]) grows)))
}

trans_counts <- function(told, band, mapped) {
  hot_colour <- set_colours[4]
  aes <- ggplot2::aes
  hot <- told$hot[order(told$hot$n), ]
  hot$kind <- rep(told$hot_title, nrow(hot))
  named <- hot[nzchar(hot$label), ]
  list(
    if (mapped) {
      ggplot2::geom_segment(aes(xend = .data$x, y = 0, yend = told$end),
        data = named, colour = hot_colour, linewidth = 0.3, linetype = "32"
      )
    },
    ggplot2::geom_segment(aes(xend = .data$x, y = band$low, yend = band$at(.data$n)),
      data = told$counts, colour = soft, linewidth = 0.55
    ),
    ggplot2::geom_segment(
      aes(xend = .data$x, y = band$low, yend = band$at(.data$n), linewidth = .data$kind),
      data = hot, colour = hot_colour
    ),
    ggplot2::geom_point(aes(y = band$at(.data$n)),
      data = named, colour = hot_colour, shape = 18, size = 2.4
    ),
    ggplot2::scale_linewidth_manual(paste("Above: traits in", told$window),
      values = stats::setNames(0.9, told$hot_title), guide = ggplot2::guide_legend(order = 2)
    ),
    ggplot2::annotate("segment",
      x = 0, xend = told$end, y = band$low, yend = band$low, colour = spine, linewidth = 0.35
    )
  )
}

# Names of chromosomes in their middles; of names that would meet, the longer one's stays.
trans_scales <- function(told, mapped, band) {
  numbers <- pretty(c(0, band$most), 3)
  numbers <- numbers[numbers == round(numbers) & numbers <= band$most]
  across <- chromosome_names(told$chromosomes, 0.018 * told$end)
  up <- chromosome_names(told$chromosomes, 0.04 * told$end)
  list(
    ggplot2::scale_x_continuous("Variant",
      breaks = across$middle, labels = across$name, limits = c(0, told$end),
      oob = function(x, ...) x, expand = ggplot2::expansion(0.005)
    ),
    ggplot2::scale_y_continuous(if (mapped) "Trait's gene" else "Traits",
      breaks = c(if (mapped) up$middle, band$at(numbers)),
      labels = c(if (mapped) up$name, numbers), limits = c(0, band$high),
      expand = ggplot2::expansion(c(0.005, 0))
    ),
    ggplot2::theme(axis.ticks = ggplot2::element_blank())
  )
}

chromosome_names <- function(table, each) {
  kept <- integer()
  for (k in order(table$start - table$end)) {
    room <- each * (nchar(table$name[k]) + nchar(table$name[kept]) + 1) / 2
    if (all(abs(table$middle[k] - table$middle[kept]) >= room)) kept <- c(kept, k)
  }
  table[sort(kept), ]
}
