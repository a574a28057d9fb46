#' Settings of scans and fits
#'
#' Checked settings for the argument `options` of [scan_gxg()], [regress_pairs()],
#' [rank_trans()], [run()], [fit_prior()] and [susie_rss()], with all defaults. A plain list
#' of those that differ does as well: `options = list(p = 1e-5)`.
#'
#' @param tests `"listed"`, the pairs of the evidence only (the default where there is
#'   evidence), or `"all"`.
#' @param p Tests up to this p-value are reported; all are counted.
#' @param min_double_carriers Pairs with fewer people who carry both minor alleles are not
#'   tested.
#' @param detail_p Pairs up to here get the whole regression, as does whatever may be a
#'   discovery.
#' @param lead_p Marginal p-value from which on a locus is fine-mapped; `NULL` conditions on
#'   no lead.
#' @param robust For `GxGOptions()`: decide by the larger of ordinary and robust p-value.
#'   For `PairOptions()`: robust errors, `"HC3"`, `"HC1"` or `NULL`.
#' @param permutations Times the people are permuted, for the calibration and `p_family`.
#' @param workers Threads; `NULL` for one per core.
#' @param device `"cpu"` or `"cuda"`.
#' @param pairs From `PairOptions()`, or a list; by default all of its defaults.
#' @param weights From `WeightOptions()`, or a list; by default all of its defaults.
#' @return A list of class `seqgen_GxGOptions` (or the like) and `seqgen_result`.
#' @section Errors:
#' `seqgen_input_error` if a value is out of range.
#' @name seqgen_options
#' @examplesIf seqgen_available()
#' GxGOptions(p = 1e-5, weights = WeightOptions(alpha = 0.1))
NULL

#' @rdname seqgen_options
#' @export
GxGOptions <- function(tests = NULL, p = 1e-4, min_double_carriers = 5, detail_p = 1e-3,
                       lead_p = 5e-8, robust = FALSE, permutations = 0, workers = 1,
                       device = "cpu", pairs = NULL, weights = NULL) {
  py_call("GxGOptions", as.list(environment()))
}

#' @rdname seqgen_options
#' @param dominance Main effects with a heterozygote's deviation, and a joint test of all
#'   four products.
#' @param missing `"mean"`: missing genotypes at the variant's mean; `"complete"`: only
#'   people called at both variants.
#' @param window Base pairs up to which two variants count as one locus.
#' @param min_r2 Squared correlation from which on two variants count as linked.
#' @param handful Pairs with fewer double carriers rest on a handful of people.
#' @export
PairOptions <- function(robust = "HC3", dominance = FALSE, missing = "mean", window = 1000000,
                        min_r2 = 0.01, handful = 10) {
  py_call("PairOptions", as.list(environment()))
}

#' @rdname seqgen_options
#' @param alpha False discovery rate, and family-wise error of the Bonferroni columns.
#' @param scheme `"fixed"`, a rule that sees no p-value, or `"cross-fold"`, see
#'   [cross_fold_weights()].
#' @param uniform_share,rest_weight,rule,steepness As in [evidence_weights()].
#' @param shuffles Times the weights are shuffled, for the control.
#' @param seed Of the shuffles, 0 or more.
#' @export
WeightOptions <- function(alpha = 0.05, scheme = "fixed", uniform_share = 0.5,
                          rest_weight = NULL, rule = "rank", steepness = 0.8, shuffles = 20,
                          seed = 1) {
  py_call("WeightOptions", as.list(environment()))
}

#' @rdname seqgen_options
#' @param cis_window Base pairs around a trait's gene in which variants are not tested on it.
#' @param mediation Ask of the reported tests how much goes through the cis gene.
#' @param hotspot_window Base pairs of the stretches in which traits are counted.
#' @param most_hits Reported tests held in memory at most.
#' @export
TransOptions <- function(p = 1e-5, cis_window = 1000000, permutations = 0, mediation = TRUE,
                         hotspot_window = 1000000, most_hits = 5000000, workers = 1,
                         device = "cpu", weights = NULL) {
  py_call("TransOptions", as.list(environment()))
}

#' @rdname seqgen_options
#' @param model Bundled name, folder, or hub identifier of a masked protein language model.
#' @param methods Ways to ask the model; the first one feeds the prior.
#' @param homologs Average the first method's ratios with those of the homolog profile,
#'   [homolog_scores()], where there is one, and feed the prior with the average.
#' @param p_threshold,flank,regions As in [find_loci()].
#' @param L,coverage,min_abs_corr As in [susie_rss()].
#' @param palindromic As in [align_to_panel()].
#' @param ld_correction What enters the likelihood because LD comes from a panel: its size
#'   and its mismatch (`"finite+eb"`), its size (`"finite"`), or nothing (`"none"`).
#' @param prior_coefficients Fixed coefficients by term, such as `c(missense = 2)`; then
#'   nothing is learned.
#' @param cross_fit For `RunOptions()`: give each locus the coefficients that the other loci
#'   support. For `PriorOptions()`: coefficients without a block from the joint fit
#'   (`"evidence"`), or by fine-mapping the other loci again (`"refit"`).
#' @param held_out Let held-out loci choose the prior's strength, judge it there, and take the
#'   flat prior where it is no help.
#' @param columns Standard name to the file's column, such as `c(beta = "EFFECT")`.
#' @param n Sample size where the file has none.
#' @param genome_build Written on the page; nothing is converted.
#' @param gff,fasta Gene models and genome, as in [annotate()]: what each fine-mapped variant does
#'   to proteins is then told by them instead of by rsID, and variants taken to destroy a protein
#'   are a term of the prior (`loss_of_function`).
#' @param transcripts As in [annotate()].
#' @param fix_flips Turn the sign of variants whose alleles look switched, by
#'   [check_consistency()].
#' @param drop_inconsistent Leave out variants whose z the LD contradicts, but for those that
#'   `fix_flips` turns.
#' @param ld Files of correlations, as for [read_ld()], in place of the panel: one for all loci,
#'   or several, of which each locus takes the one that holds most of its variants.
#' @param ld_variants,ld_n,ld_signed_by,ld_absent,ld_nonnegative `variants`, `n`, `signed_by`,
#'   `absent` and `nonnegative` of [read_ld()]; `ld_n` is needed.
#' @param field,keep_filtered,people As in [read_genotypes()]: calls or dosages of the panel,
#'   whether variants that failed a filter stay, and whose genotypes LD is of.
#' @param scores Tables of scores that others published, each `"FILE"` or `"FILE:COLUMN,..."`, as
#'   for [add_published_scores()] (AlphaMissense, CADD, ESM-1b or any): a column each of the table
#'   `variants` and of the page.
#' @param scores_columns What is in which column of tables not known by their header: `columns`
#'   of [add_published_scores()].
#' @param scores_in_prior Each of these scores is a term of the prior, its difference from the
#'   mean over the variants that have it, and 0 for those that do not; its weight is learned.
#' @export
RunOptions <- function(model = "default", methods = c("wild-type-marginal", "masked-marginal"),
                       homologs = TRUE, p_threshold = 5e-8, flank = 250000, regions = NULL, L = 10,
                       coverage = 0.95, min_abs_corr = 0.5, palindromic = "infer",
                       ld_correction = "finite+eb", prior_coefficients = NULL,
                       cross_fit = TRUE, held_out = TRUE, columns = NULL, n = NULL,
                       genome_build = NULL, gff = NULL, fasta = NULL,
                       transcripts = c("mane", "canonical", "longest"), fix_flips = FALSE,
                       drop_inconsistent = FALSE, ld = NULL, ld_variants = NULL, ld_n = NULL,
                       ld_signed_by = NULL, ld_absent = "refuse", ld_nonnegative = FALSE,
                       field = "GT", keep_filtered = FALSE, people = NULL, scores = NULL,
                       scores_columns = NULL, scores_in_prior = TRUE) {
  py_call("RunOptions", as.list(environment()))
}

#' @rdname seqgen_options
#' @param tol Convergence tolerance; by default 1e-4.
#' @param max_iter Most sweeps over the effects.
#' @param convergence_method What has to stand still, `"elbo"` or `"pip"`.
#' @param z_method `"wald"`: z-scores are of effects with their errors; `"score"`: of a score
#'   test.
#' @param estimate_prior_variance Estimate each effect's prior variance.
#' @param estimate_prior_method How: `"optim"`, `"EM"` or `"simple"`.
#' @param null_weight Prior weight of no effect.
#' @param L_greedy Start with so many effects and add more while they are used.
#' @param greedy_lbf_cutoff Log Bayes factor below which an effect finds nothing.
#' @param refine Search anew from where each credible set is left out.
#' @param scaled_prior_variance Starting, or fixed, prior variance as a share of the
#'   phenotype's.
#' @param prior_variance The same on the scale of z where the sample size is unknown.
#' @param check_null_threshold By how many log units an effect has to beat no effect.
#' @param estimate_residual_variance Only with LD from the GWAS's own people.
#' @param residual_variance Starting, or fixed, residual variance.
#' @param prior_tol Effects whose prior variance is not above this are none.
#' @param check_prior Refuse prior variances beyond 100 times the largest z squared.
#' @param artifact_threshold Share of the residual in the panel's null space that raises the
#'   flag.
#' @param eig_delta_rel Eigenvalues up to this share of the largest span the null space.
#' @param R_sensitivity_threshold Loss of log Bayes factor to the panel that raises the flag
#'   at a set.
#' @param diagnose Look for artifacts in the panel's null space.
#' @param unmappable_effects Effects beside the `L`, on every variant: `"none"`, normally
#'   distributed (`"inf"`, SuSiE-inf), or of many sizes (`"ash"`, SuSiE-ash).
#' @param prior_variance_grid,mixture_weights Prior of an effect as a mixture of normal
#'   distributions of these variances, which are not estimated then; equal weights where left
#'   out.
#' @param slot_prior Shapes of a beta distribution of the probability that one of the `L`
#'   effects is there: `c(1, 9)` expects one in ten.
#' @param residual_variance_lowerbound,residual_variance_upperbound Bounds of the estimated
#'   residual variance.
#' @param compat The version of susieR whose answers are given, `"0.16"` or `"0.12"`. The
#'   latter stops at 1e-3, sweeps up to 100 times, excludes variants of weight zero altogether,
#'   lets `"EM"` drop effects, takes any gain by `refine`, and estimates the residual variance in
#'   [susie_rss_lambda()]. Purity is of all pairs in either.
#' @param engine What the loops run in: compiled code, or NumPy.
#' @export
SusieOptions <- function(tol = NULL, max_iter = NULL, convergence_method = "elbo",
                         z_method = "wald", estimate_prior_variance = TRUE,
                         estimate_prior_method = "optim",
                         scaled_prior_variance = 0.2, prior_variance = 50,
                         check_null_threshold = 0, estimate_residual_variance = NULL,
                         residual_variance = NULL, null_weight = 0, L_greedy = NULL,
                         greedy_lbf_cutoff = 0.1, refine = FALSE, prior_tol = 1e-9,
                         check_prior = TRUE,
                         artifact_threshold = 0.1, eig_delta_rel = 1e-3,
                         R_sensitivity_threshold = log(20), diagnose = TRUE,
                         unmappable_effects = "none", prior_variance_grid = NULL,
                         mixture_weights = NULL, slot_prior = NULL,
                         residual_variance_lowerbound = NULL,
                         residual_variance_upperbound = NULL, compat = "0.16",
                         engine = "auto") {
  py_call("SusieOptions", as.list(environment()))
}

#' @rdname seqgen_options
#' @param penalty Of the prior's coefficients: `"given"`, by `penalty_sd`; or `"cv"`, terms held
#'   at zero unless held-out loci are predicted better with them, the others penalised as these
#'   loci choose.
#' @param errors Standard errors from the observed `"information"`, or by leaving out blocks of
#'   loci (`"jackknife"`).
#' @param increasing Terms whose coefficient must not be negative, such as the steps of
#'   [prior_terms()].
#' @param groups Term to its group, such as `c("score>1" = "score", "score>2" = "score")`: the
#'   terms of a group are held at zero, or not, together.
#' @export
PriorOptions <- function(penalty = "given", errors = "information", cross_fit = "evidence",
                         increasing = list(), groups = NULL) {
  py_call("PriorOptions", as.list(environment()))
}
