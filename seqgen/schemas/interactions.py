"""Tables of pair and trans scans: tests, weights, decisions, calibration and controls."""

from __future__ import annotations

from seqgen.schemas.schema import Column, Schema

DECISIONS = ("both", "gained", "lost", "neither")


def _share(name: str, meaning: str, *, nullable: bool = False) -> Column:
    return Column(name, "float", meaning, low=0, high=1.000001, nullable=nullable)


def _logp(name: str, meaning: str) -> Column:
    return Column(name, "float", f"-log10 p {meaning}", nullable=True, low=0, optional=True)


_P = _share("p", "two-sided p value; 0 where below 1e-308")
_NEG_LOG10_P = Column("neg_log10_p", "float", "-log10 of p, exact for tiny p", low=0)
_EVIDENCE = Column(
    "evidence",
    "float",
    "evidence of all kinds combined; missing where nothing is known",
    nullable=True,
)
_LISTED = Column("listed", "bool", "is it in the evidence table")

# What weighting did to a test; the same in both scans.
DECISION_COLUMNS = (
    Column("weight", "float", "weight; averages 1 over all tests run", low=0),
    _share("q", "Benjamini-Hochberg adjusted p without weights, over all tests run"),
    _share("q_weighted", "weighted Benjamini-Hochberg adjusted p"),
    _share("p_bonferroni", "Bonferroni adjusted p without weights"),
    _share("p_bonferroni_weighted", "weighted Bonferroni adjusted p"),
    Column(
        "decision",
        "string",
        "discovery without and with weights (both), only with them (gained), only without (lost), "
        "no discovery (neither)",
        allowed=DECISIONS,
    ),
)


def _side(number: int) -> tuple[Column, ...]:
    which = "first" if number == 1 else "second"
    return (
        Column(f"variant_{number}", "string", f"{which} variant"),
        Column(f"chrom_{number}", "string", "its chromosome", nullable=True),
        Column(f"pos_{number}", "int", "its position", "base pair, 1-based", nullable=True),
        Column(f"effect_allele_{number}", "string", "allele that is counted", nullable=True),
        Column(f"other_allele_{number}", "string", "the other allele", nullable=True),
        Column(f"gene_{number}", "string", "gene whose protein it changes", nullable=True),
        Column(f"residue_change_{number}", "string", "how (R253C)", nullable=True),
    )


GXG = Schema(
    "gxg",
    "pair of variants",
    (
        *_side(1),
        *_side(2),
        _LISTED,
        _EVIDENCE,
        Column("n", "int", "people in the test", "people", low=1),
        Column(
            "beta",
            "float",
            "effect per product of the two allele counts, main effects and leads in the model",
            "trait units (log odds if binary)",
            nullable=True,
        ),
        Column("se", "float", "its standard error", "as beta", nullable=True, low=0),
        Column("t", "float", "beta / se", nullable=True),
        _P,
        _NEG_LOG10_P,
        *DECISION_COLUMNS,
        _share("p_family", "permutation p value over all pairs tested", nullable=True),
        Column("double_carriers", "int", "people with both minor alleles", "people", low=0),
        Column(
            "detailed",
            "bool",
            "was the whole regression fitted, with leads and on other scales; else n_leads to "
            "survives_scale are missing",
        ),
        Column("n_leads", "int", "leads of the locus in the model", nullable=True, low=0),
        _logp("neg_log10_p_unconditioned", "without the leads"),
        _logp("neg_log10_p_robust", "with robust standard errors"),
        _logp("neg_log10_p_rank_normal", "with the trait rank-normal transformed"),
        _logp("neg_log10_p_log", "of the trait's logarithm"),
        _logp("neg_log10_p_linear", "of a binary trait, on the scale of risk differences"),
        _logp("neg_log10_p_genotypic", "of all four products, additive and dominance"),
        Column("r2", "float", "squared correlation of the genotypes", nullable=True, low=0,
               high=1.000001),
        Column("distance", "int", "between the variants, if on one chromosome", "base pairs",
               nullable=True, low=0),
        Column("phantom_risk", "bool", "in one locus or linked: an "
               "untyped causal variant may look like an interaction", nullable=True),
        Column("top5", "float", "share of the five people who weigh most in beta", nullable=True,
               low=0, high=1.000001),
        Column("handful", "bool", "rests on a handful of people", nullable=True),
        Column("survives_scale", "bool", "does at least half of -log10 p remain on the other "
               "scales", nullable=True),
    ),
    key=("variant_1", "variant_2"),
)  # fmt: skip

TRANSQTL = Schema(
    "transqtl",
    "variant and trait far from it",
    (
        Column("variant", "string", "variant"),
        Column("chrom", "string", "its chromosome", nullable=True),
        Column("pos", "int", "its position", "base pair, 1-based", nullable=True),
        Column("effect_allele", "string", "allele that is counted", nullable=True),
        Column("other_allele", "string", "the other allele", nullable=True),
        Column("gene", "string", "gene it changes or acts on, from the evidence", nullable=True),
        Column("residue_change", "string", "how it changes the protein (R253C)", nullable=True),
        Column("trait", "string", "trait, such as the expression of a gene"),
        Column("trait_chrom", "string", "chromosome of the trait's gene", nullable=True),
        Column("trait_pos", "int", "start of the trait's gene", "base pair, 1-based",
               nullable=True),
        Column(
            "distance",
            "int",
            "from the variant to the trait's gene, if on one chromosome",
            "base pairs",
            nullable=True,
            low=0,
        ),
        _LISTED,
        _EVIDENCE,
        Column("frequency", "float", "frequency of the effect allele", low=0, high=1),
        Column("beta", "float", "effect of one more effect allele", "trait units"),
        Column("se", "float", "its standard error", "trait units", low=0),
        Column("t", "float", "beta / se"),
        _P,
        _NEG_LOG10_P,
        *DECISION_COLUMNS,
        _share(
            "q_permutation",
            "false discovery rate by permutation: tests with p as small when people are permuted, "
            "over those found",
            nullable=True,
        ),
        _share("p_family", "permutation p value over the whole scan", nullable=True),
        Column("cis_gene", "string", "trait near the variant that it affects most",
               nullable=True),
        Column("cis_t", "float", "t of the variant on it", nullable=True),
        Column("t_given_cis", "float", "t of the variant on the trait with the cis gene held",
               nullable=True),
        Column("mediated", "float", "share of beta that goes through the cis gene",
               nullable=True),
        _share("p_mediation", "p value of the path through the cis gene (larger of its two "
               "legs)", nullable=True),
    ),
    key=("variant", "trait"),
)  # fmt: skip

HOTSPOTS = Schema(
    "hotspots",
    "stretch of the genome that many traits point to",
    (
        Column("chrom", "string", "chromosome"),
        Column("start", "int", "first base", "base pair, 1-based", low=1),
        Column("end", "int", "last base", "base pair, 1-based", low=1),
        Column("n_traits", "int", "traits whose strongest trans variant lies here", low=0),
        Column("expected", "float", "the same if they lay evenly over the tested variants", low=0),
        _share("p", "chance of as many anywhere (Poisson, Bonferroni over all stretches)"),
        Column("lead_variant", "string", "variant with most of these traits"),
        Column(
            "genes",
            "string",
            "genes that these variants change or act on, by the evidence or as cis genes, ', ' "
            "between, the commonest first",
            nullable=True,
        ),
    ),
    key=("chrom", "start"),
)

CALIBRATION = Schema(
    "calibration",
    "set of tests and p value",
    (
        Column("tests", "string", "which tests: all of the scan, those with evidence, or the "
               "scan with people permuted"),
        Column("level", "float", "p value", low=0, high=1),
        Column("observed", "float", "tests with p up to it", low=0),
        Column("expected", "float", "the same without any effect", low=0),
    ),
    key=("tests", "level"),
)  # fmt: skip

CONTROL = Schema(
    "control",
    "procedure and kind of weights",
    (
        Column("procedure", "string", "multiple-testing procedure",
               allowed=("Benjamini-Hochberg", "Bonferroni")),
        Column("weights", "string", "none, of the evidence, or those shuffled over all "
               "tests run", allowed=("none", "evidence", "shuffled")),
        Column("discoveries", "float", "tests found at alpha; the mean where shuffled", low=0),
        Column("low", "float", "fewest of the shuffles", low=0),
        Column("high", "float", "most of the shuffles", low=0),
        Column("gained", "float", "found that are not found without weights", low=0),
        Column("lost", "float", "not found that are found without weights", low=0),
        Column("alpha", "float", "level", low=0, high=1),
    ),
    key=("procedure", "weights"),
)  # fmt: skip

LEADS = Schema(
    "leads",
    "fine-mapped variant that pairs near it are conditioned on",
    (
        Column("locus", "string", "stretch of the genome, as chrom:start-end"),
        Column("lead", "string", "variant"),
        Column("cs_id", "int", "credible set it leads; missing where none was found",
               nullable=True, low=1),
        _share("pip", "posterior inclusion probability"),
        _NEG_LOG10_P,
    ),
    key=("locus", "lead"),
)  # fmt: skip
