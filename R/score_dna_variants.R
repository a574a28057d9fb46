#' Score variants of DNA with a DNA language model
#'
#' The log likelihood of the alternative less that of the reference allele, natural
#' logarithm, given the genome around the variant; the mean of both strands.
#'
#' * `"masked-marginal"` hides the allele, for alleles of one length. Where tokens are
#'   longer than a base, all that cover the allele are hidden and their log probabilities
#'   summed, each allele in its own tokens.
#' * `"wild-type-marginal"` reads both bases from one pass that hides nothing.
#' * `"one-pass-pseudo-log-likelihood"` compares sums over the whole window, for any
#'   alleles; of a causal model the log likelihood. `"one-pass-pseudo-log-odds"` takes
#'   log 1/4 off for each base, so that alleles of different length compare.
#'
#' @param variants Columns `chrom`, `pos` (from 1) with `ref` and `alt`, or with
#'   `effect_allele` and `other_allele` as [read_sumstats()] gives them; or the path of a
#'   VCF.
#' @param fasta Path of the reference genome, plain or bgzipped.
#' @param model Of DNA, from [load_model()].
#' @param methods By default `"masked-marginal"` and `"one-pass-pseudo-log-odds"` of a
#'   masked model, the latter of a causal one.
#' @param context Bases that the model sees; by default 1,024 or as many as it takes.
#' @param strands `"both"` or `"forward"`.
#' @param shard `c(i, N)`: score the i-th (from 1) of N parts of the variants.
#' @param progress A function of variants done and in total. By default a line in
#'   interactive sessions.
#' @param cache As in [score_variants()].
#' @return A data.frame in genome order: `chrom`, `pos`, `ref`, `alt`, `method`,
#'   `log_lik_ratio`, and the effect alleles where given. What was left out: [drops()].
#'   `attr(table, "log_lik_ratio")`: model, methods, context, strands, unit and sign.
#' @section Errors:
#' `seqgen_input_error` if columns or arguments are wrong, the model is not of DNA, or
#' nothing is left.
#' @references
#' Benegas et al. (2023), DNA language models are powerful predictors of genome-wide
#' variant effects, PNAS 120:e2311219120.
#' @examples
#' \dontrun{
#' model <- load_model("songlab/gpn-brassicales", trust_remote_code = TRUE)
#' score_dna_variants("sites.vcf.gz", "genome.fa.gz", model, context = 512)
#' }
#' @export
score_dna_variants <- function(variants, fasta, model, methods = NULL, context = NULL,
                               strands = "both", shard = NULL, progress = NULL,
                               cache = NULL) {
  py_call("score_dna_variants", list(
    variants = variants, fasta = fasta, model = model, methods = methods,
    context = context, strands = strands, shard = shard, progress = progress, cache = cache
  ))
}

#' How far variants move a DNA model's embedding
#'
#' The last layer for the window with either allele, pooled to one vector each: their dot
#' product, one minus their cosine and their Euclidean distance, means over the strands.
#'
#' @inheritParams score_dna_variants
#' @param pooling `"mean"` over the window's bases, or `"site"`: over the allele's.
#' @return A data.frame in genome order: `chrom`, `pos`, `ref`, `alt`, `dot`, `cosine`,
#'   `l2`. What was left out: [drops()]. `attr(table, "embedding")`: the model and how it was
#'   asked.
#' @inheritSection score_dna_variants Errors
#' @references
#' Dalla-Torre et al. (2025), Nucleotide Transformer: building and evaluating robust
#' foundation models for human genomics, Nature Methods 22:287-297.
#' @examples
#' \dontrun{
#' model <- load_model("InstaDeepAI/nucleotide-transformer-500m-human-ref")
#' dna_embedding_distances("sites.vcf.gz", "genome.fa.gz", model)
#' }
#' @export
dna_embedding_distances <- function(variants, fasta, model, context = NULL, strands = "both",
                                    pooling = "mean", shard = NULL, progress = NULL) {
  py_call("dna_embedding_distances", list(
    variants = variants, fasta = fasta, model = model, context = context,
    strands = strands, pooling = pooling, shard = shard, progress = progress
  ))
}
