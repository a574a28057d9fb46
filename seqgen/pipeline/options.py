"""What a run is told: one frozen record of options, checked on the way in."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from seqgen.annotation.choice import RULES
from seqgen.errors import InputError
from seqgen.loci import parse_region
from seqgen.priors import GENE_MODEL_TERMS

METHODS = ("wild-type-marginal", "masked-marginal")
PALINDROMIC = ("infer", "frequency", "as-written", "drop")
LD_CORRECTIONS = ("finite+eb", "finite", "none")
FIELDS = ("GT", "DS", "GP")
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class RunOptions:
    """Options of ``run``; the defaults are what the demo uses.

    Attributes
    ----------
    model : str
        Bundled name, folder, or hub identifier of a masked protein language model.
    methods : tuple of str
        Ways to ask the model; the first one feeds the prior.
    homologs : bool
        Average the first method's ratios with those of the homolog profile (`homolog_scores`),
        where there is one, and feed the prior with the average.
    p_threshold, flank, regions
        As in ``find_loci``.
    L, coverage, min_abs_corr
        As in ``susie_rss``.
    palindromic : str
        What decides about A/T and C/G variants, as in ``align_to_panel``: by frequency where
        that can tell, else by the letters if the file is on the panel's strand throughout
        ("infer"); by frequency alone ("frequency"); by the letters ("as-written"); or none of
        them is kept ("drop").
    ld_correction : str
        What enters the likelihood because LD comes from a panel: its size and its mismatch
        ("finite+eb"), its size ("finite"), or nothing ("none", for in-sample LD).
    prior_coefficients : mapping, optional
        Fixed coefficients by term; then nothing is learned.
    cross_fit : bool
        Give each locus the coefficients that the other loci support.
    held_out : bool
        Let held-out loci choose the prior's strength, judge it there, and take the flat prior
        where it is no help (or where fewer than four loci have annotations, for then it cannot
        be judged). False: penalised as ``fit_prior`` does by default, and not judged.
    columns : mapping, optional
        Names of columns in the summary statistics: standard name to the file's name.
    n : float, optional
        Sample size where the file has none.
    genome_build : str, optional
        Written on the page; nothing is converted. GRCh37 (hg19) and GRCh38 (hg38) are checked
        by where known variants lie, and by what a munged table records.
    gff, fasta : str, optional
        Gene models and genome, as in ``annotate``: what each fine-mapped variant does to
        proteins is then told by them instead of by rsID, and variants taken to destroy a
        protein are a term of the prior (``loss_of_function``).
    transcripts : tuple of str
        As in ``annotate``.
    fix_flips : bool
        Turn the sign of variants whose alleles look switched (`check_consistency`).
    drop_inconsistent : bool
        Leave out variants whose z the LD contradicts, but for those that ``fix_flips`` turns.
    ld : tuple of str, optional
        Files of correlations, as for ``read_ld``, in place of the panel: one for all loci, or
        several, of which each locus takes the one that holds most of its variants.
    ld_variants, ld_n, ld_signed_by, ld_absent, ld_nonnegative
        ``variants``, ``n``, ``signed_by``, ``absent`` and ``nonnegative`` of ``read_ld``;
        ``ld_n`` is needed.
    field, keep_filtered, people
        As in ``read_genotypes``: calls or dosages of the panel, whether variants that failed a
        filter stay, and whose genotypes LD is of.
    scores : tuple of str, optional
        Tables of scores that others published, each ``FILE`` or ``FILE:COLUMN,...``, as
        ``add_published_scores`` takes them (AlphaMissense, CADD, ESM-1b or any): a column each of
        the table ``variants`` and of the page.
    scores_columns : mapping, optional
        What is in which column of tables not known by their header: ``columns`` of
        ``add_published_scores``.
    scores_in_prior : bool
        Each of these scores is a term of the prior, its difference from the mean over the
        variants that have it, and 0 for those that do not; its weight is learned.
    """

    model: str = "default"
    methods: tuple[str, ...] = METHODS
    homologs: bool = True
    p_threshold: float = 5e-8
    flank: int = 250_000
    regions: tuple[str, ...] | None = None
    L: int = 10
    coverage: float = 0.95
    min_abs_corr: float = 0.5
    palindromic: str = "infer"
    ld_correction: str = "finite+eb"
    prior_coefficients: Mapping[str, float] | None = None
    cross_fit: bool = True
    held_out: bool = True
    columns: Mapping[str, str] | None = None
    n: float | None = None
    genome_build: str | None = None
    gff: str | None = None
    fasta: str | None = None
    transcripts: tuple[str, ...] | str = RULES
    fix_flips: bool = False
    drop_inconsistent: bool = False
    ld: tuple[str, ...] | None = None
    ld_variants: str | None = None
    ld_n: float | None = None
    ld_signed_by: str | None = None
    ld_absent: str = "refuse"
    ld_nonnegative: bool = False
    field: str = "GT"
    keep_filtered: bool = False
    people: tuple[str, ...] | None = None
    scores: tuple[str, ...] | None = None
    scores_columns: Mapping[str, str] | None = None
    scores_in_prior: bool = True

    def __post_init__(self) -> None:
        """Refuse what cannot be meant, before anything is read."""
        unknown = [method for method in self.methods if method not in METHODS]
        if unknown or not self.methods:
            raise InputError(
                f"methods: found {list(self.methods)}; expected one or more of {', '.join(METHODS)}"
            )
        choices = ("ld_correction", LD_CORRECTIONS), ("palindromic", PALINDROMIC), ("field", FIELDS)
        for name, known in choices:
            found = getattr(self, name)
            if found not in known:
                raise InputError(f"{name}: found '{found}'; expected one of {', '.join(known)}")

        if (self.gff is None) != (self.fasta is None):
            lacking = "gff" if self.gff is None else "fasta"
            raise InputError(f"{lacking}: not given; gene models need both gff and fasta")
        self._check_numbers()
        for region in self.regions or ():
            parse_region(region)
        unknown = [term for term in self.prior_coefficients or {} if term not in GENE_MODEL_TERMS]
        if unknown and not self.scores:  # those have terms of their own, known once they are read
            raise InputError(
                f"prior_coefficients: no term {', '.join(unknown)}; there are "
                f"{', '.join(GENE_MODEL_TERMS)}"
            )

    def _check_numbers(self) -> None:
        bounds = {
            "p_threshold": (self.p_threshold, 0.0, 1.0),
            "coverage": (self.coverage, 0.0, 1.0),
            "min_abs_corr": (self.min_abs_corr, -1e-12, 1.0),
            "L": (self.L, 0.5, 1e6),
            "flank": (self.flank, -1, 1e9),
            "n": (1e3 if self.n is None else self.n, 2, 1e12),
        }
        for name, (value, low, high) in bounds.items():
            if not low < value < high:
                raise InputError(
                    f"{name}: found {value}; expected a number above {max(low, 0):g} and below "
                    f"{high:g}"
                )

    def to_dict(self) -> dict[str, object]:
        """The options as plain values, for the provenance."""
        told = asdict(self)
        for name in ("gff", "fasta"):
            told[name] = None if told[name] is None else str(told[name])
        if self.scores is not None and not isinstance(self.scores, str):
            told["scores"] = [str(path) for path in self.scores]
        if self.people is not None:
            names = hashlib.sha256("\n".join(self.people).encode()).hexdigest()
            told["people"] = {"n": len(self.people), "sha256": names}
        return told
