# Colours, theme and words that all plots share; colours mean what they mean in Python's plots.
#
# Okabe and Ito (2008): told apart by readers with any common colour vision.

# The pronoun of ggplot2's data, which is known within aes() only.
utils::globalVariables(".data")

ink <- "#22272e"
soft <- "#5b636c"
spine <- "#8b939c"
rule <- "#d5d9de"
grey <- "#b4b9bf"
lead_colour <- "#4B2E83"
warn_colour <- "#A61C3C"
set_colours <- c(
  "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A5195"
)
ld_colours <- c(
  "0.8 to 1" = "#D55E00", "0.6 to 0.8" = "#E69F00", "0.4 to 0.6" = "#009E73",
  "0.2 to 0.4" = "#56B4E9", "below 0.2" = grey
)

# ggplot2 is only suggested; without it there are no plots, and the rest works.
need_ggplot2 <- function(call = sys.call(-1)) {
  if (!requireNamespace("ggplot2", quietly = TRUE)) {
    stop(structure(
      class = c("seqgen_missing_package_error", "seqgen_error", "error", "condition"),
      list(
        message = paste0(
          "plots need the package ggplot2, which is not installed; ",
          "install.packages(\"ggplot2\") gets it"
        ),
        call = call
      )
    ))
  }
}

# A clean theme; `grid` names the axes across which thin lines run: "x", "y" or "".
plot_theme <- function(grid = "") {
  line <- ggplot2::element_line(colour = rule, linewidth = 0.3)
  none <- ggplot2::element_blank()
  ggplot2::theme_minimal(base_size = 10) + ggplot2::theme(
    text = ggplot2::element_text(colour = ink),
    axis.title.x = ggplot2::element_text(colour = ink, size = 9, margin = ggplot2::margin(t = 5)),
    axis.title.y = ggplot2::element_text(
      colour = ink, size = 9, angle = 90, margin = ggplot2::margin(r = 5)
    ),
    axis.text = ggplot2::element_text(colour = ink, size = 8),
    axis.line = ggplot2::element_line(colour = spine, linewidth = 0.35),
    axis.ticks = ggplot2::element_line(colour = spine, linewidth = 0.35),
    panel.grid.minor = none,
    panel.grid.major.x = if (grid == "x") line else none,
    panel.grid.major.y = if (grid == "y") line else none,
    legend.justification = c(0, 1),
    legend.title = ggplot2::element_text(size = 8, colour = ink),
    legend.text = ggplot2::element_text(size = 8, colour = ink),
    legend.key.height = grid::unit(11, "pt"),
    legend.key.width = grid::unit(14, "pt"),
    legend.spacing.y = grid::unit(2, "pt"),
    legend.margin = ggplot2::margin(0, 0, 4, 0),
    legend.box.just = "left",
    plot.title = ggplot2::element_text(size = 11, colour = ink),
    plot.title.position = "plot",
    plot.subtitle = ggplot2::element_text(size = 8.5, colour = soft),
    plot.caption = ggplot2::element_text(size = 7.5, colour = soft, hjust = 0),
    plot.caption.position = "plot",
    plot.background = ggplot2::element_rect(fill = "white", colour = NA),
    plot.margin = ggplot2::margin(6, 8, 6, 6)
  )
}

# A picture that says in words why there is nothing to draw.
plot_nothing <- function(text) {
  ggplot2::ggplot(data.frame(x = 0, y = 0, label = text)) +
    ggplot2::geom_text(
      ggplot2::aes(.data$x, .data$y, label = .data$label),
      colour = soft, size = 3.2
    ) +
    ggplot2::theme_void()
}

# Long words in several lines; NULL stays NULL.
wrap <- function(text, width = 90) {
  if (length(text) == 0) {
    return(NULL)
  }
  paste(strwrap(text, width), collapse = "\n")
}

# One of several names; the error says which there are.
one_of <- function(value, choices, argument) {
  if (!is.character(value) || length(value) != 1 || !value %in% choices) {
    stop_input(
      argument, " is ", paste(deparse(value), collapse = " "), "; expected one of ",
      paste0("\"", choices, "\"", collapse = ", ")
    )
  }
  value
}

stop_input <- function(..., call = sys.call(-2)) {
  stop(structure(
    class = c("seqgen_input_error", "seqgen_error", "error", "condition"),
    list(message = paste0(...), call = call)
  ))
}
