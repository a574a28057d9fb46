#' Contacts by a language model's contact head
#'
#' Contact probabilities by the contact head that a checkpoint of the ESM family brings:
#' a logistic regression on its attention maps, symmetrised and corrected by the average
#' product. The bundled model has none; see [fit_attention_contacts()].
#'
#' @param model From [load_model()], in Hugging Face format with a trained contact head.
#' @param sequence No longer than the model takes.
#' @param name Name of the protein.
#' @param start Position of its first residue.
#' @return A handle of couplings, as of [infer_couplings()]: `$scores` are log odds,
#'   `$probability` those of a contact.
#' @section Errors:
#' `seqgen_input_error` if the sequence is not usable or the model has no attention;
#' `seqgen_model_error` if it has no contact head, or one that was never trained.
#' @references
#' Rao et al. (2021), Transformer protein language models are unsupervised structure
#' learners, International Conference on Learning Representations.
#' @examples
#' \dontrun{
#' model <- load_model("facebook/esm2_t33_650M_UR50D")
#' attention_contacts(model, "MKVLAGHEWDTRLKVAGE")
#' }
#' @export
attention_contacts <- function(model, sequence, name = "protein", start = 1) {
  py_call("attention_contacts", list(
    model = model, sequence = sequence, name = name, start = start
  ))
}

#' Fit contacts to attention maps
#'
#' A logistic regression from a language model's attention maps to contacts on a few
#' known structures; twenty were enough in the work it follows.
#'
#' @param model From [load_model()], in Hugging Face format.
#' @param examples A list with, for each structure, a list of the sequence and a square
#'   matrix of distances in angstrom, `NA` where unknown, or of `TRUE` and `FALSE`.
#' @param cutoff Closer pairs are contacts, in angstrom.
#' @param min_separation Least distance in positions of the pairs that are fitted to.
#' @param penalty `"l1"` or `"l2"`: sum of absolute or half the sum of squared
#'   coefficients, of features scaled to unit variance; the intercept is free.
#' @param strength What the penalty is multiplied with; the loss is the sum over pairs.
#' @return A handle of the regression, see [seqgen_object]: `$predict(model, sequence)`
#'   gives couplings, as of [infer_couplings()]; `$coefficients`, `$intercept`,
#'   `$settings`.
#' @section Errors:
#' `seqgen_input_error` if an example or option is not usable, there are no contacts or
#' nothing but contacts, or the fit does not converge.
#' @references
#' Rao et al. (2021), International Conference on Learning Representations.
#' @examples
#' \dontrun{
#' model <- load_model("default")
#' near <- matrix(FALSE, 18, 18)
#' near[rbind(c(3, 10), c(10, 3), c(5, 16), c(16, 5))] <- TRUE # of a known structure
#' fit <- fit_attention_contacts(model, list(list("MKVLAGHEWDTRLKVAGE", near)),
#'   penalty = "l2", strength = 10
#' )
#' fit$predict(model, "MKVLAGHEWDTRLKVAGE")
#' }
#' @export
fit_attention_contacts <- function(model, examples, cutoff = 8, min_separation = 6,
                                   penalty = "l1", strength = 1) {
  py_call("fit_attention_contacts", list(
    model = model, examples = examples, cutoff = cutoff, min_separation = min_separation,
    penalty = penalty, strength = strength
  ))
}

#' Files of contacts fitted to attention maps
#'
#' @param path A file; one that is there is replaced, whole or not at all.
#' @param told From [fit_attention_contacts()].
#' @return `read_attention_contacts()`: a handle as of [fit_attention_contacts()].
#'   `write_attention_contacts()`: the path, invisibly.
#' @section Errors:
#' `seqgen_missing_file_error` if there is no such file; `seqgen_input_error` if it or
#' `told` holds something else; `seqgen_output_error` if the file cannot be written.
#' @examples
#' \dontrun{
#' write_attention_contacts(fit, "contacts.json")
#' read_attention_contacts("contacts.json")$predict(model, "MKVLAGHEWDTRLKVAGE")
#' }
#' @export
read_attention_contacts <- function(path) {
  told <- py_call("read_attention_contacts", list(path = path))
  py_call("AttentionContacts.from_dict", list(told = told))
}

#' @rdname read_attention_contacts
#' @export
write_attention_contacts <- function(told, path) {
  if (inherits(told, "seqgen_AttentionContacts")) {
    told <- told$to_dict()
  }
  invisible(py_call("write_attention_contacts", list(told = told, path = path)))
}
