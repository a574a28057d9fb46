"""Tables that stages hand to each other: columns, types, ranges, keys, units, meanings."""

from __future__ import annotations

from seqgen.schemas.annotations import annotation_columns
from seqgen.schemas.schema import Column, Schema

AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"

_CHROM = Column("chrom", "string", "chromosome, without 'chr'")
_POS = Column("pos", "int", "position", "base pair, 1-based", low=1)
_EFFECT = Column("effect_allele", "string", "allele that beta refers to, upper case")
_OTHER = Column("other_allele", "string", "the other allele, upper case")
_RSID = Column("rsid", "string", "dbSNP identifier", nullable=True)
_UNIPROT = Column("uniprot", "string", "UniProt accession")
_POSITION = Column("position", "int", "residue position in the protein", "1-based", low=1)
_REF_AA = Column("ref_aa", "string", "residue of the reference protein, one letter")
_ALT_AA = Column("alt_aa", "string", "residue of the changed protein, one letter")
_CHECKED = Column(
    "checked",
    "bool",
    "True where ref_aa is the bundled sequence's residue; False where no sequence of "
    "the protein is bundled or the sequence carries alt_aa",
)
_LOCUS = Column("locus", "string", "locus, as chrom:start-end")

SUMSTATS = Schema(
    "sumstats",
    "variant",
    (
        _CHROM,
        _POS,
        _RSID,
        _EFFECT,
        _OTHER,
        Column("eaf", "float", "frequency of the effect allele", nullable=True, low=0, high=1),
        Column("beta", "float", "effect of one more effect allele", "trait units"),
        Column("se", "float", "standard error of beta", "trait units", low=0),
        Column("z", "float", "beta / se"),
        Column("p", "float", "two-sided p value; 0 where below 1e-308", low=0, high=1),
        Column("neg_log10_p", "float", "-log10 of the p value, exact for tiny p", low=0),
        Column("n", "float", "sample size", "people", nullable=True, low=1),
    ),
    key=("chrom", "pos", "effect_allele", "other_allele"),
)

DROPS = Schema(
    "drops",
    "reason for which rows were dropped or changed",
    (
        Column("stage", "string", "step that dropped or changed the rows"),
        Column("reason", "string", "why"),
        Column("action", "string", "what was done", allowed=("dropped", "changed", "kept")),
        Column("count", "int", "how many rows", "rows", low=0),
        Column("example", "string", "one such row", nullable=True),
    ),
    key=("stage", "reason"),
)

MISSENSE_MAP = Schema(
    "missense_map",
    "known missense variant",
    (
        Column("rsid", "string", "dbSNP identifier"),
        Column("gene", "string", "gene symbol", nullable=True),
        _UNIPROT,
        _POSITION,
        _REF_AA,
        _ALT_AA,
        Column(
            "clinical", "string", "UniProt's label: benign, pathogenic, uncertain", nullable=True
        ),
        _CHECKED,
    ),
    key=("rsid", "uniprot", "position", "alt_aa"),
)

ANNOTATIONS = Schema(
    "annotations",
    "variant and residue change; with gene models per variant and transcript",
    annotation_columns(_CHROM, _POS, _RSID, _EFFECT, _OTHER, _CHECKED),
    key=(*SUMSTATS.key, "uniprot", "position", "alt_aa", "transcript"),
)

SCORES = Schema(
    "scores",
    "residue change and method",
    (
        _UNIPROT,
        _POSITION,
        _REF_AA,
        _ALT_AA,
        Column(
            "method",
            "string",
            "how the model was asked",
            allowed=(
                "masked-marginal",
                "wild-type-marginal",
                "mutant-marginal",
                "pseudo-log-likelihood",
                "one-pass-pseudo-log-likelihood",
                "homolog-profile",
                "average",
            ),
        ),
        Column(
            "log_lik_ratio",
            "float",
            "log p(alt_aa) - log p(ref_aa); negative: less likely than the reference",
            "natural log",
        ),
    ),
    key=("uniprot", "position", "ref_aa", "alt_aa", "method"),
)

HOMOLOG_SCORES = Schema(
    "homolog_scores",
    "residue change of a known missense variant",
    (
        *SCORES.columns,
        Column("depth", "int", "homologs with a residue there, the protein included", low=1),
    ),
    key=SCORES.key,
)

LOCI = Schema(
    "loci",
    "locus",
    (
        _LOCUS,
        _CHROM,
        Column("start", "int", "first base", "base pair, 1-based", low=1),
        Column("end", "int", "last base", "base pair, 1-based", low=1),
        Column("lead_rsid", "string", "variant of smallest p", nullable=True),
        Column("lead_pos", "int", "its position", "base pair, 1-based", low=1),
        Column("lead_neg_log10_p", "float", "its -log10 p", low=0),
        Column("n_variants", "int", "variants of the summary statistics in the window", low=0),
    ),
    key=("locus",),
)

FINEMAP_LOCI = Schema(
    "finemap_loci",
    "fine-mapped locus",
    (
        *LOCI.columns,
        Column("n_finemapped", "int", "variants fine-mapped", low=0),
        Column("n_missense", "int", "missense variants among them", low=0),
        Column("panel", "string", "LD panel"),
        Column("panel_n", "int", "people in the panel", "people", low=2),
        Column("gwas_n", "float", "median sample size", "people", nullable=True),
        Column(
            "ld_correction",
            "string",
            "what was done about the panel",
            allowed=("finite+eb", "finite", "none"),
        ),
        Column("s", "float", "estimate_s_rss: 0 is perfect LD, 1 none", low=0, high=1),
        Column(
            "n_inconsistent",
            "int",
            "variants whose z contradicts the LD, switched alleles among them (check_consistency)",
            low=0,
        ),
        Column("n_flipped", "int", "variants whose alleles look switched", low=0, optional=True),
        Column(
            "lambda",
            "float",
            "mean square of z where the LD says nothing varies (estimate_s_rss, null-partialmle)",
            low=0,
            optional=True,
        ),
        Column(
            "n_sets_plain",
            "int",
            "credible sets of the uncorrected fit, flat prior (what plain SuSiE claims)",
            low=0,
        ),
        Column("n_sets_flat", "int", "credible sets, flat prior", low=0),
        Column("n_sets", "int", "credible sets, informed prior", low=0),
        Column("converged", "bool", "did the informed fit converge"),
        Column("warnings", "string", "what to know about the locus; '; ' between", nullable=True),
    ),
    key=("locus",),
)

_PIP = Column("pip", "float", "posterior inclusion probability, informed prior", low=0, high=1)

VARIANTS = Schema(
    "variants",
    "variant of a fine-mapped locus",
    (
        _LOCUS,
        *SUMSTATS.columns,
        Column(
            "panel_eaf",
            "float",
            "frequency of the effect allele in the panel",
            low=0,
            high=1,
            nullable=True,
        ),
        Column(
            "r_lead",
            "float",
            "panel LD (r) with the locus' lead variant",
            low=-1.000001,
            high=1.000001,
        ),
        Column("gene", "string", "gene whose protein the variant changes", nullable=True),
        Column(
            "uniprot",
            "string",
            "UniProt accession; of gene models the transcript where UniProt has no such protein",
            nullable=True,
        ),
        Column(
            "residue_change",
            "string",
            "reference residue, position, new residue (R253C)",
            nullable=True,
        ),
        Column(
            "consequence",
            "string",
            "Sequence Ontology terms, of gene models, '&' between",
            nullable=True,
            optional=True,
        ),
        Column(
            "hgvs_p",
            "string",
            "HGVS name of the change of the protein, of gene models",
            nullable=True,
            optional=True,
        ),
        Column(
            "log_lik_ratio",
            "float",
            "model's log p(alt_aa) - log p(ref_aa); negative: less likely",
            "natural log",
            nullable=True,
        ),
        Column(
            "prior", "float", "prior inclusion probability, sums to 1 in the locus", low=0, high=1
        ),
        Column("pip_plain", "float", "pip without panel correction, flat prior", low=0, high=1),
        Column("pip_flat", "float", "pip under the flat prior", low=0, high=1),
        _PIP,
        Column(
            "pip_strong",
            "float",
            "pip if missense variants (and those known to destroy a protein) were ten times "
            "likelier than others a priori, whatever was learned: how far a strong belief carries",
            low=0,
            high=1,
        ),
        Column("cs_id_flat", "int", "credible set under the flat prior", nullable=True, low=1),
        Column("cs_id", "int", "credible set under the informed prior", nullable=True, low=1),
        Column(
            "z_expected",
            "float",
            "z foretold by the other variants and the LD (check_consistency)",
            nullable=True,
        ),
        Column("ld_consistent", "bool", "False where z contradicts the LD (check_consistency)"),
    ),
    key=("locus", "chrom", "pos", "effect_allele", "other_allele"),
)

CREDIBLE_SETS = Schema(
    "credible_sets",
    "credible set and prior",
    (
        _LOCUS,
        Column(
            "fit", "string", "which fit the set comes from", allowed=("plain", "flat", "informed")
        ),
        Column("cs_id", "int", "number of the set within locus and fit", low=1),
        Column("n_variants", "int", "variants in the set", low=1),
        Column("coverage", "float", "posterior mass the set attains", low=0, high=1.000001),
        Column(
            "min_abs_corr", "float", "smallest |r| among members (purity)", low=0, high=1.000001
        ),
        Column("log_bayes_factor", "float", "log Bayes factor of the effect", "natural log"),
        Column("top_rsid", "string", "member of largest pip", nullable=True),
        Column("top_pip", "float", "its pip", low=0, high=1.000001),
        Column("top_z", "float", "its z"),
        Column(
            "missense",
            "string",
            "missense members: gene and residue change, ', ' between",
            nullable=True,
        ),
        Column(
            "flagged",
            "string",
            "members whose z contradicts the LD, ', ' between",
            nullable=True,
            optional=True,
        ),
    ),
    key=("locus", "fit", "cs_id"),
)

PRIOR_COEFFICIENTS = Schema(
    "prior_coefficients",
    "term of the prior",
    (
        Column("term", "string", "annotation"),
        Column(
            "estimate", "float", "log relative prior odds per unit of the annotation", "natural log"
        ),
        Column(
            "se", "float", "standard error; missing where the value was given", nullable=True, low=0
        ),
        Column("lower", "float", "lower end of the 95% interval", nullable=True),
        Column("upper", "float", "upper end of the 95% interval", nullable=True),
        Column(
            "centre",
            "float",
            "value of the annotation that counts as zero: the mean score of the scored missense "
            "variants for log_lik_ratio, 0 for missense",
        ),
        Column("n_variants", "int", "variants with a non-zero value", low=0),
        Column(
            "source",
            "string",
            "where the value comes from: learned from the loci; the penalty alone, for the loci "
            "say next to nothing; silenced, held at zero, for held-out loci are not predicted "
            "better with it (the interval is what the loci allow); or given",
            allowed=("learned", "penalty", "silenced", "given"),
        ),
    ),
    key=("term",),
)

PRIOR_BY_LOCUS = Schema(
    "prior_by_locus",
    "locus and term of the prior",
    (
        _LOCUS,
        Column("term", "string", "annotation"),
        Column(
            "estimate",
            "float",
            "coefficient this locus was given: what the other loci support, or the same "
            "everywhere if cross-fitting is off or the values were given",
            "natural log",
        ),
    ),
    key=("locus", "term"),
)

COUPLINGS = Schema(
    "couplings",
    "pair of residues",
    (
        Column("protein_1", "string", "protein of the first residue"),
        Column("position_1", "int", "position of the first residue", "1-based"),
        Column("residue_1", "string", "first residue, one letter; - where there is no focus"),
        Column("protein_2", "string", "protein of the second residue"),
        Column("position_2", "int", "position of the second residue", "1-based"),
        Column("residue_2", "string", "second residue, one letter"),
        Column("score", "float", "coupling strength that pairs are ranked by"),
        Column("raw", "float", "strength before average product correction", nullable=True),
        Column(
            "z",
            "float",
            "how far the score stands out of the background of uncoupled pairs with residues as "
            "variable as these, in standard deviations; pairs are ranked by score",
            nullable=True,
        ),
        Column(
            "probability",
            "float",
            "probability that the pair is coupled at all",
            nullable=True,
            low=0,
            high=1,
        ),
        Column(
            "p", "float", "one-sided p value under the stated null", nullable=True, low=0, high=1
        ),
        Column("method", "string", "how the coupling was computed"),
    ),
    key=("protein_1", "position_1", "protein_2", "position_2", "method"),
)

ALL = (
    SUMSTATS,
    DROPS,
    MISSENSE_MAP,
    ANNOTATIONS,
    SCORES,
    HOMOLOG_SCORES,
    LOCI,
    FINEMAP_LOCI,
    VARIANTS,
    CREDIBLE_SETS,
    PRIOR_COEFFICIENTS,
    PRIOR_BY_LOCUS,
    COUPLINGS,
)
