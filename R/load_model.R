#' Load a language model of proteins or DNA
#'
#' Bundled models and local folders never touch the network. Weights are read from
#' safetensors alone, which hold no code. Of proteins: ESM-1b, ESM-1v, ESM-2, ESM-C, ProtBert,
#' causal ones such as ProGen2, and the encoder of ProtT5, which embeds only. Of DNA: GPN,
#' Caduceus, Nucleotide Transformer, DNABERT, DNABERT-2, HyenaDNA, Evo.
#'
#' @param name `"default"` or `"seqgen-protein-v2"`: the bundled model;
#'   `"blosum62"`: a substitution matrix, the reference without context; the path
#'   of a model folder in Hugging Face format or of a saved Potts model; or a hub id
#'   such as `"facebook/esm2_t33_650M_UR50D"` (looked up in the local cache first). Several
#'   names are an ensemble, the mean of their log probabilities.
#' @param device `"cpu"`, `"cuda"`, `"cuda:1"` or `"mps"`. By default a CUDA device
#'   where there is one. The machine's memory is looked at before a model is read, that of
#'   a GPU is not.
#' @param dtype `"float32"`, `"bfloat16"`, `"float16"` or `"int16"`. By default float16 on
#'   CUDA; on a processor with AVX2, where the network is ESM's, int16: products of numbers
#'   rounded to 16 bits, half as fast again as float32, after which log-likelihood ratios of the
#'   bundled model differ by .0005 (root mean square); else float32. With OpenVINO bfloat16 where
#'   the processor multiplies in it.
#' @param runtime What runs the network: `"torch"`, or `"openvino"` on a CPU (needs
#'   `pip install openvino`), which is most where the processor multiplies in bfloat16.
#' @param revision For a hub id, the branch, tag or commit. For everything else, the
#'   hash (or its beginning) that the model has to have.
#' @param trust_remote_code Let a model that brings its own Python code run it.
#' @param alphabet `"protein"` or `"dna"`, where the model's tokenizer has letters of both.
#' @return A handle of the model, see [seqgen_object].
#' @section Errors:
#' `seqgen_model_error` if the model is unknown, damaged, not of the kind needed, cannot be
#' run by the runtime, or has another hash than `revision`.
#' @examplesIf seqgen_available()
#' load_model("blosum62")
#' @export
load_model <- function(name, device = NULL, dtype = NULL, runtime = "torch", revision = NULL,
                       trust_remote_code = FALSE, alphabet = NULL) {
  py_call("load_model", list(
    name = name, device = device, dtype = dtype, runtime = runtime, revision = revision,
    trust_remote_code = trust_remote_code, alphabet = alphabet
  ))
}
