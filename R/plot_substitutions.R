#' Heat map of substitution scores
#'
#' Positions across, new residues up, the wild type marked by dots. Orange is below the
#' centre of the colours, blue above; colours end at the 98th percentile of distances from
#' it. Residues without a score are grey. A long protein is folded into panels, read as
#' lines of text. The title is the protein, the model and how it was asked, as far as `scores`
#' and their attributes tell (see [score_variants()]).
#'
#' @param scores A data.frame of `position`, `ref_aa`, `alt_aa` and a column of scores, one
#'   row per substitution of one protein by one method: as from [score_variants()] of
#'   [all_substitutions()], or [single_mutants()].
#' @param score The column of scores.
#' @param centre The score that is pale. By default zero, the wild type's, where at least a
#'   tenth of the scores lies on either side of it; else the median, which the legend then
#'   gives.
#' @param known Variants to ring: a data.frame of `position` and `alt_aa`, and `uniprot`
#'   where those of other proteins are among them, such as [missense_map()].
#' @param fold Positions of one panel. By default all up to 200, else about 150, in at most
#'   12 panels.
#' @return A ggplot, to which layers, scales and `labs()` can be added.
#' @section Errors:
#' `seqgen_input_error` if a column is missing, there is no score, a letter is no amino acid,
#' a position has two wild types, a substitution stands twice, or `fold` does not fit;
#' `seqgen_missing_package_error` without ggplot2.
#' @examplesIf seqgen_available() && requireNamespace("ggplot2", quietly = TRUE)
#' sequence <- "MKVLAAGIVGLCAKWYF"
#' scored <- score_variants(all_substitutions(sequence, name = "P1"), c(P1 = sequence),
#'   load_model("blosum62"), methods = "wild-type-marginal"
#' )
#' plot_substitutions(scored)
#'
#' family <- read_alignment(seqgen_example("alignment"))
#' model <- fit_site_independent(family$columns(1:30))
#' plot_substitutions(single_mutants(model), score = "delta_energy", centre = 0)
#' @export
plot_substitutions <- function(scores, score = "log_lik_ratio", centre = NULL, known = NULL,
                               fold = NULL) {
  need_ggplot2()
  told <- py_call(".plot_substitutions", list(scores, score, centre, known, fold))
  cells <- told$cells
  cells$alt_aa <- factor(cells$alt_aa, unlist(told$residues))
  cells$shown <- pmax(pmin(cells$score, told$limits[2]), told$limits[1])
  first <- min(cells$position)
  cells$panel <- (cells$position - first) %/% told$width
  wild <- cells[as.character(cells$alt_aa) == cells$ref_aa, ]
  known <- told$known
  known$alt_aa <- factor(known$alt_aa, unlist(told$residues))
  known$panel <- (known$position - first) %/% told$width
  wide <- told$width
  few <- wide <= 45
  folded <- max(cells$panel) > 0
  # All panels are as wide in positions, so that a short last one is not stretched.
  ends <- expand.grid(end = c(-0.5, wide - 0.5), panel = if (folded) unique(cells$panel))
  ends$position <- first + ends$panel * wide + ends$end
  ends$alt_aa <- rep(cells$alt_aa[1], nrow(ends))
  aes <- ggplot2::aes
  ggplot2::ggplot(cells, aes(.data$position, .data$alt_aa)) +
    ggplot2::geom_tile(aes(fill = .data$shown), width = 1, height = 1) +
    ggplot2::geom_point(data = wild, size = max(min(60 / wide, 1.6), 0.4), colour = ink) +
    # A white rim, to stand out of any colour.
    ggplot2::geom_point(data = known, size = 2.2, shape = 21, colour = "white", stroke = 1.4) +
    ggplot2::geom_point(data = known, size = 2.2, shape = 21, colour = ink, stroke = 0.6) +
    ggplot2::geom_blank(data = ends) +
    (if (folded) ggplot2::facet_wrap(~panel, ncol = 1, scales = "free_x")) +
    ggplot2::scale_fill_gradientn(
      colours = c("#8a3a00", "#D55E00", "#fbfbfb", "#0072B2", "#00436b"),
      limits = told$limits, na.value = "#c9ced4"
    ) +
    ggplot2::scale_x_continuous(
      breaks = if (few) wild$position else ggplot2::waiver(),
      labels = if (few) paste0(wild$ref_aa, wild$position) else ggplot2::waiver(),
      expand = ggplot2::expansion(0)
    ) +
    ggplot2::scale_y_discrete(drop = FALSE) +
    # Names of scales would win over the labs() of users.
    ggplot2::labs(
      x = "Position (dots: wild type)", y = "New residue", fill = told$title,
      title = if (nzchar(told$heading)) told$heading
    ) +
    plot_theme() +
    ggplot2::theme(
      axis.line = ggplot2::element_blank(), axis.ticks = ggplot2::element_blank(),
      panel.background = ggplot2::element_rect(fill = "#c9ced4", colour = NA),
      strip.text = ggplot2::element_blank(),
      legend.key.height = grid::unit(22, "pt"), legend.key.width = grid::unit(9, "pt"),
      axis.text.x = ggplot2::element_text(
        angle = if (few) 90 else 0, hjust = if (few) 1 else 0.5, vjust = 0.5
      )
    )
}
