#' Fine-map height on chromosome 22
#'
#' [run()] on bundled data: summary statistics of standing height in UK Biobank, the
#' European panel of the 1000 Genomes Project and a small protein language model. It
#' takes about a minute.
#'
#' @inheritParams run
#' @param model As in [load_model()].
#' @return As [run()].
#' @section Errors:
#' `seqgen_model_error` if there is no such model, `seqgen_output_error` if `out`
#' cannot be written to.
#' @references
#' Jiang et al. (2019), Nature Genetics 51:1749-1755.
#' @examples
#' \dontrun{
#' result <- seqgen_demo()
#' result$tables$credible_sets
#' browseURL(result$report)
#' }
#' @export
seqgen_demo <- function(out = "seqgen-demo", model = "default", command = NULL,
                        progress = NULL) {
  py_call("run_demo", list(out = out, model = model, command = command, progress = progress))
}

#' @rdname seqgen_demo
#' @export
run_demo <- seqgen_demo
