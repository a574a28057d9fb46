#' The strongest pairs of a scan as arcs
#'
#' Arcs over the genes of both variants. Each gene is a bar with a tick for each variant,
#' named below it, by place in the genome. Wide arcs have small p-values; colour, dashes and
#' the mark at the top tell what the weights did to the decision. The mark is open where the
#' two variants are in one locus or linked (phantom risk).
#'
#' @param pairs The `pairs` of [scan_gxg()].
#' @param top How many pairs at most, by the smaller of `q` and `q_weighted`. Pairs whose
#'   names would not fit are left out from the end, and counted in a line below.
#' @param alpha Level of the decisions, named in the legend.
#' @return A ggplot, to which layers, scales and `labs()` can be added. Its data are the
#'   pairs drawn, one a row.
#' @section Errors:
#' `seqgen_input_error` if `top` is below 1; `seqgen_missing_package_error` without ggplot2.
#' @examplesIf seqgen_available() && requireNamespace("ggplot2", quietly = TRUE)
#' set.seed(1)
#' genotypes <- matrix(rbinom(2400, 2, 0.4), 400,
#'   dimnames = list(paste0("p", 1:400), paste0("rs", 1:6))
#' )
#' trait <- 0.5 * genotypes[, 1] * genotypes[, 4] + rnorm(400)
#' evidence <- data.frame(
#'   variant_1 = c("rs1", "rs2"), variant_2 = c("rs4", "rs3"), evidence = c(3, 0.5)
#' )
#' result <- scan_gxg(prepare_pairs(genotypes, trait), evidence)
#' plot_pair_arcs(result$pairs)
#' @export
plot_pair_arcs <- function(pairs, top = 20, alpha = 0.05) {
  need_ggplot2()
  told <- py_call(".plot_pair_arcs", list(pairs, top = top, alpha = alpha))
  if (nrow(told$pairs) == 0) {
    return(plot_nothing("No pair to show"))
  }
  aes <- ggplot2::aes
  variants <- data.frame(
    x = told$variants$named, from = told$variants$x, label = told$variants$label
  )
  bar <- -0.035
  ggplot2::ggplot(told$pairs) +
    ggplot2::geom_rect(
      aes(xmin = .data$left, xmax = .data$right, ymin = bar, ymax = 0),
      data = told$genes, fill = "#e3e7eb", colour = rule, linewidth = 0.3
    ) +
    ggplot2::geom_segment(aes(.data$from, bar, xend = .data$from, yend = 0),
      data = variants, colour = ink, linewidth = 0.5
    ) +
    pair_lines(told) +
    gene_names(variants, told) +
    ggplot2::scale_x_continuous(limits = c(0, told$width), expand = ggplot2::expansion(0.005)) +
    ggplot2::scale_y_continuous(limits = c(bar, 1.03), expand = ggplot2::expansion(0)) +
    ggplot2::labs(caption = wrap(told$rest)) +
    plot_theme() + bare_axes() +
    ggplot2::coord_cartesian(clip = "off") +
    room_below(gene_depths(variants, told)[["all"]])
}

decision_looks <- data.frame(
  colour = c("#0072B2", "#009E73", "#D55E00", "#b4b9bf"), shape = c(21, 24, 25, 21),
  dashes = c("solid", "62", "32", "12"),
  row.names = c("both", "gained", "lost", "neither")
)

pair_lines <- function(told) {
  pairs <- told$pairs[rev(seq_len(nrow(told$pairs))), ]
  turn <- seq(0, pi, length.out = 80)
  lines <- do.call(rbind, lapply(seq_len(nrow(pairs)), function(k) {
    middle <- (pairs$from_[k] + pairs$to[k]) / 2
    data.frame(
      x = middle - cos(turn) * (pairs$to[k] - pairs$from_[k]) / 2,
      y = pairs$rise[k] * sin(turn), id = k, named = pairs$named[k], width = pairs$width[k] / 2.6
    )
  }))
  tops <- data.frame(
    x = (pairs$from_ + pairs$to) / 2, y = pairs$rise, named = pairs$named, risky = pairs$risky
  )
  aes <- ggplot2::aes
  c(list(
    ggplot2::geom_path(
      aes(.data$x, .data$y,
        group = .data$id, colour = .data$named, linetype = .data$named, linewidth = .data$width
      ),
      data = lines
    ),
    ggplot2::geom_point(
      aes(.data$x, .data$y, colour = .data$named, fill = .data$named, shape = .data$named),
      data = tops[!tops$risky, ], size = 2.4, stroke = 0.6
    ),
    ggplot2::geom_point(
      aes(.data$x, .data$y, colour = .data$named, shape = .data$named),
      data = tops[tops$risky, ], size = 2.4, stroke = 0.9, fill = "white", show.legend = FALSE
    ),
    ggplot2::scale_linewidth_identity(),
    ggplot2::theme(legend.key.width = grid::unit(24, "pt"))
  ), decision_scales(told$pairs, paste0(told$title, risk_line(pairs), "\n")))
}

risk_line <- function(pairs) {
  strength <- range(pairs$neg_log10_p)
  widths <- sprintf("\nwidth: -log10 p, %.1f to %.1f", strength[1], strength[2])
  count <- sum(pairs$risky)
  paste0(
    if (strength[2] > strength[1]) widths,
    if (count > 0) sprintf("\nopen mark: one locus, or linked (%d)", count)
  )
}

# One legend of all that tells decisions apart.
decision_scales <- function(table, title) {
  there <- intersect(rownames(decision_looks), table$decision)
  names <- table$named[match(there, table$decision)]
  shared <- function(values) stats::setNames(decision_looks[there, values], names)
  list(
    ggplot2::scale_colour_manual(title, values = shared("colour"), breaks = names),
    ggplot2::scale_fill_manual(title, values = shared("colour"), breaks = names),
    ggplot2::scale_shape_manual(title, values = shared("shape"), breaks = names),
    ggplot2::scale_linetype_manual(title, values = shared("dashes"), breaks = names),
    ggplot2::guides(
      colour = ggplot2::guide_legend(order = 1, override.aes = list(size = 2.2)),
      fill = ggplot2::guide_legend(order = 1), shape = ggplot2::guide_legend(order = 1),
      linetype = ggplot2::guide_legend(order = 1)
    )
  )
}

# How deep names of variants, genes and chromosomes begin, in points.
gene_depths <- function(variants, told) {
  genes <- name_stem + max(nchar(variants$label)) * 5 + 6
  high <- if (told$upright) max(nchar(told$genes$name)) * 5.6 else 9
  chroms <- genes + high + 6
  c(genes = genes, chroms = chroms, all = chroms + if (any(nzchar(told$genes$chrom))) 8 else 0)
}

gene_names <- function(variants, told) {
  depths <- gene_depths(variants, told)
  genes <- told$genes
  genes <- data.frame(x = (genes$left + genes$right) / 2, label = genes$name)
  runs <- rle(told$genes$chrom)
  last <- cumsum(runs$lengths)
  chroms <- data.frame(
    x = (told$genes$left[last - runs$lengths + 1] + told$genes$right[last]) / 2,
    label = ifelse(nzchar(runs$values), paste("chr", runs$values), "")
  )
  wide <- told$genes$right[last] - told$genes$left[last - runs$lengths + 1]
  narrow <- nzchar(runs$values) & wide < 5 * nchar(chroms$label)
  chroms$label[narrow] <- runs$values[narrow]
  list(
    names_below(variants, name_stem, TRUE),
    names_below(genes, depths[["genes"]], told$upright, bold = TRUE),
    names_below(chroms, depths[["chroms"]], FALSE, size = 7, colour = soft)
  )
}
