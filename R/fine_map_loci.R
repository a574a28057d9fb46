#' Fine-map many loci
#'
#' What [fine_map()] does for each, on several cores, or in batches on a GPU.
#'
#' @param z A list, locus to its z-scores.
#' @param R A list, locus to its correlations r of the variants, a matrix.
#' @param n Sample size of the GWAS, one number or a list by locus; `NULL` where it is
#'   unknown.
#' @param prior A list, locus to prior inclusion weights on any positive scale, such as
#'   from [prior_weights()]; equal for loci not named.
#' @param model_init A list, locus to an earlier fit of its variants to start from.
#' @param options A list of settings of every fit: the arguments of [susie_rss()] from `L`
#'   to `R_mismatch` and its `options`, such as `list(L = 5, R_finite = 500)`.
#' @param workers Threads, each with a locus; `NULL` for all cores.
#' @param device `"cpu"`; or `"cuda"`, `"cuda:1"` for a GPU, where loci alike in size are
#'   fitted side by side in double precision (`"torch-cpu"` does so on the processor, to
#'   check it).
#' @return A list, locus to a list of class `susie` as from [susie_rss()], in the order of
#'   `z`. The same for any number of workers; on a device PIPs agree with those of the
#'   processor to 1e-6.
#' @details A GPU knows all settings but `refine`, `L_greedy`, `unmappable_effects`,
#'   `slot_prior`, `prior_variance_grid` and `compat = "0.12"`.
#' @section Errors:
#' `seqgen_input_error` if an input is not as described; the message names the locus.
#' @references
#' Wang, Sarkar, Carbonetto, Stephens (2020), JRSS B 82:1273-1300.
#' @examplesIf seqgen_available()
#' r <- 0.9^abs(outer(1:8, 1:8, "-"))
#' z <- list("22:1-8" = 7 * r[4, ], "22:20-28" = 8 * r[6, ])
#' fits <- fine_map_loci(z, list("22:1-8" = r, "22:20-28" = r), n = 5000)
#' sapply(fits, function(fit) which.max(fit$pip))
#' @export
fine_map_loci <- function(z, R, n, prior = NULL, model_init = NULL, options = NULL,
                          workers = 1, device = "cpu") {
  fits <- py_call("fine_map_loci", list(
    z = z, R = R, n = n, prior = prior, model_init = model_init, options = options,
    workers = workers, device = device
  ))
  coverage <- as.list(options)$coverage
  for (locus in names(fits)) {
    fit <- fits[[locus]]
    size <- if (is.list(n)) n[[locus]] else n
    fits[[locus]] <- finish_fit(
      fit, z[[locus]], R[[locus]], coverage %or% fit$sets$requested_coverage,
      fitted_scores(fit, R[[locus]], size)
    )
  }
  fits
}
