"""The one table of column names: what the tools and archives of the field call things.

All of it is data: a new dialect is one more entry. Names are compared in upper case without
anything that is not a letter or a digit, so ``p.value``, ``P_VALUE`` and ``#pvalue`` are one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_WRITTEN = {
    "chrom": "CHR CHROM CHROMOSOME HMCHROM CHRNAME SEQNAME CONTIG",
    "pos": """
        POS BP POSITION BASEPAIRLOCATION BASEPAIRPOSITION GENPOS BASEPAIR BPPOS PHYSPOS
        CHROMOSOMEPOSITION""",
    "chrom_pos": "CHRBP CHRPOS CHROMPOS CHRPOSITION CHROMBP CHROMOSOMEPOS CPTID",
    "chrom_pos_other_effect": """
        CHRBPNEAEA CHRPOSNEAEA CHRBPOAEA CHRPOSOAEA CHRBPREFALT CHRPOSREFALT CHROMPOSREFALT CPRA
        CHRBPA0A1 CHRPOSA0A1""",
    "chrom_pos_effect_other": """
        CHRBPEANEA CHRPOSEANEA CHRBPEAOA CHRPOSEAOA CHRBPALTREF CHRPOSALTREF CHRBPA1A0
        CHRPOSA1A0""",
    "rsid": """
        RSID RSIDS RS RSNUMBER DBSNP HMRSID SNP MARKERNAME SNPID VARIANTID VARIANT MARKER
        MARKERID ID SNPNAME RSNO""",
    "effect_allele": """
        EFFECTALLELE EA EFFALLELE TESTEDALLELE TESTALLELE CODEDALLELE ASSESSEDALLELE EFFECTALL
        EFFECTIVEALLELE INCALLELE ALLELEEFFECT""",
    "other_allele": """
        OTHERALLELE NEA OA NONEFFECTALLELE NONEFFALLELE NONCODEDALLELE NONTESTEDALLELE OTHERALL
        NONASSESSEDALLELE ALLELEOTHER DECALLELE""",
    "eaf": """
        EAF EFFECTALLELEFREQUENCY EFFECTALLELEFREQ EFFALLELEFREQ FREQEFFECT CODEDALLELEFREQUENCY
        EFFECTALLELEFRQ FREQEFFECTALLELE FREQUENCYEFFECTALLELE HMEFFECTALLELEFREQUENCY
        TESTEDALLELEFREQ FREQTESTEDALLELE FREQEA EAFREQ EAFRQ""",
    "maf": "MAF MINORALLELEFREQUENCY MINORALLELEFREQ MINORAF",
    "beta": """
        BETA B EFFECT EFFECTSIZE EFFECTS EFFSIZE LOGOR LNOR LOGODDSRATIO LOGODDS ES ESTIMATE
        COEF""",
    "odds_ratio": "OR ODDSRATIO ODDSR ORA1 HMODDSRATIO EXPBETA",
    "hazard_ratio": "HR HAZARDRATIO",
    "ci_low": """
        CILOWER OR95L ORL95 L95 LOWERCI CIL LOWER95 CI95L ORLOWER OR95CILOWER CILOWER95 LCI
        L95CI ORLCI HMCILOWER OR95LOWER ORCILOWER 95CILOWER HR95L LOWER95CI""",
    "ci_high": """
        CIUPPER OR95U ORU95 U95 UPPERCI CIU UPPER95 CI95U ORUPPER OR95CIUPPER CIUPPER95 UCI
        U95CI ORUCI HMCIUPPER OR95UPPER ORCIUPPER 95CIUPPER HR95U UPPER95CI""",
    "se": """
        SE STDERR STANDARDERROR STDERROR BETASE SEBETA LOGORSE SELOGOR LNORSE STANDARDERRORBETA
        SEEFFECT EFFECTSE""",
    "z": "Z ZSCORE ZSTAT ZVALUE GCZSCORE ZVAL",
    "p": "P PVAL PVALUE PVALS PVALUES PLRT GWASP GCPVALUE",
    "neg_log10_p": """
        LOG10P NEGLOG10P MLOG10P NEGLOG10PVALUE NEGLOGPVALUE LOG10PVALUE LOGP LP MLOGP
        MINUSLOG10P NLOG10P NEGLOGP NEGLOG10PVAL LOG10PVAL MLOG10PVAL MINUSLOG10PVAL
        MINUSLOG10PVALUE PVALUENEGLOG10""",
    "n": """
        N NTOTAL TOTALN NSAMPLES SAMPLESIZE TOTALSAMPLESIZE NOBS OBSCT NMISS NSAMPLE NSUM
        NCOMPLETESAMPLES NUMSAMPLES SAMPLEN NTOT""",
    "n_cases": "NCASES NCASE NCA NCAS CASESN NUMCASES CASES NC CASEN TOTALCASES",
    "n_controls": """
        NCONTROLS NCONTROL NCO NCON NCTRL NCTRLS CONTROLSN NUMCONTROLS CONTROLS CONTROLN
        TOTALCONTROLS""",
    "n_effective": "NEFF NEFFECTIVE EFFECTIVEN EFFN NEFFECTIVESAMPLES",
    "info": """
        INFO INFOSCORE IMPINFO IMPUTATIONINFO IMPUTEINFO RSQ MINIMACR2 MACHR2 RSQHAT
        IMPUTATIONQUALITY INFOTYPED""",
    "test": "TEST",
}
SYNONYMS = {standard: tuple(names.split()) for standard, names in _WRITTEN.items()}
"""Standard name to the normalised names a file may use for it."""

FIRST_TAKEN = ("rsid", "n", "n_cases", "n_controls", "n_effective", "info", "ci_low", "ci_high")
"""Where several columns may be one of these, the first of its `SYNONYMS` is taken."""

MARKED = {"NMISS": "the number of missing calls"}
"""Names that mean what `SYNONYMS` says only where no mark parts them: N_MISS is not NMISS."""

ALLELE_PAIRS = (
    ("A1", "A0"),
    ("ALLELE1", "ALLELE0"),
    ("ALT", "REF"),
    ("ALTALLELE", "REFALLELE"),
    ("ALTERNATEALLELE", "REFERENCEALLELE"),
    ("ALLELEB", "ALLELEA"),
)
"""Pairs (effect, other) whose meaning their tools fix: regenie, BOLT-LMM, VCF, PLINK 2, SNPTEST."""

AMBIGUOUS_PAIRS = (("A1", "A2"), ("ALLELE1", "ALLELE2"))
"""Pairs of which some tools mean the first and others the second as the effect allele."""

LINKED_FREQUENCIES: dict[str, tuple[str, ...]] = {
    "A1": ("AF1", "A1FREQ", "A1FRQ", "FREQA1", "FREQ1", "A1AF", "FRQA1"),
    "A2": ("AF2", "A2FREQ", "A2FRQ", "FREQA2", "FREQ2", "A2AF", "FRQA2"),
    "ALLELE1": ("AF1", "A1FREQ", "A1FRQ", "FREQ1", "AFALLELE1", "FREQALLELE1"),
    "ALLELE2": ("AF2", "A2FREQ", "A2FRQ", "FREQ2", "AFALLELE2", "FREQALLELE2"),
    "ALT": ("ALTFREQ", "ALTFREQS", "AFALT", "A1FREQ", "ALTAF", "POOLEDALTAF"),
    "ALTALLELE": ("ALTFREQ", "ALTFREQS", "AFALT"),
    "ALTERNATEALLELE": ("ALTFREQ", "ALTFREQS", "AFALT"),
}
"""Frequency columns that are the effect allele's where this is the effect allele's column."""

VAGUE_FREQUENCIES = (
    "MAF",
    "MINORALLELEFREQUENCY",
    "MINORALLELEFREQ",
    "MINORAF",
    "AF",
    "FRQ",
    "FREQ",
    "FREQUENCY",
    "AF1",
    "A1FREQ",
    "A1FRQ",
    "FREQ1",
    "FREQA1",
    "ALTFREQ",
    "ALLELEFREQUENCY",
    "ALLELEFREQ",
    "EAFHAPMAPCEU",
    "FREQ1HAPMAP",
    "FREQHAPMAP",
)
"""Frequencies that do not say they are the effect allele's, so `eaf` stays missing."""


@dataclass(frozen=True)
class Dialect:
    """A tool's or archive's own file, known by names that no other has together.

    Attributes
    ----------
    name : str
        What users call it.
    signs : frozenset of str
        Normalised names that all have to be in the header.
    columns : mapping of str to tuple of str
        Standard name to the normalised names it has here, the first that is there being taken;
        goes before `SYNONYMS`.
    alleles : str
        Whose word it is that this is the effect allele.
    never : frozenset of str
        Names that mean something else here than `SYNONYMS` says.
    exact : bool
        Whether the header has to hold nothing beside the signs.
    """

    name: str
    signs: frozenset[str]
    columns: Mapping[str, tuple[str, ...]]
    alleles: str = ""
    never: frozenset[str] = frozenset()
    exact: bool = False


_A1 = {"effect_allele": ("A1",), "other_allele": ("A2",)}
REGENIE_HTP = "REGENIE --htp"

DIALECTS: tuple[Dialect, ...] = (
    Dialect(
        "GWAS Catalog harmonised (hm_ columns)",
        frozenset({"HMCHROM", "HMPOS", "HMEFFECTALLELE", "HMOTHERALLELE"}),
        {
            "chrom": ("HMCHROM",),
            "pos": ("HMPOS",),
            "rsid": ("HMRSID",),
            "effect_allele": ("HMEFFECTALLELE",),
            "other_allele": ("HMOTHERALLELE",),
            "beta": ("HMBETA",),
            "odds_ratio": ("HMODDSRATIO",),
            "ci_low": ("HMCILOWER",),
            "ci_high": ("HMCIUPPER",),
            "eaf": ("HMEFFECTALLELEFREQUENCY",),
        },
        "the catalogue's hm_effect_allele",
        frozenset({"BETA", "ODDSRATIO", "EFFECTALLELEFREQUENCY", "VARIANTID"}),
    ),
    Dialect(
        "GCTA fastGWA",
        frozenset({"CHR", "SNP", "POS", "A1", "A2", "N", "AF1", "BETA", "SE", "P"}),
        {**_A1, "eaf": ("AF1",)},
        "fastGWA's manual: A1 is the effect allele",
    ),
    Dialect(
        "SAIGE",
        frozenset({"ALLELE1", "ALLELE2", "AFALLELE2"}),
        {
            "effect_allele": ("ALLELE2",),
            "other_allele": ("ALLELE1",),
            "eaf": ("AFALLELE2",),
            "rsid": ("RSID", "MARKERID", "SNPID"),
            "p": ("PVALUE",),
            "info": ("IMPUTATIONINFO",),
        },
        "SAIGE's manual: Allele2 is the effect allele",
        frozenset({"TSTAT"}),
    ),
    Dialect(
        "BOLT-LMM",
        frozenset({"SNP", "CHR", "BP", "GENPOS", "ALLELE1", "ALLELE0", "A1FREQ"}),
        {
            "pos": ("BP",),
            "effect_allele": ("ALLELE1",),
            "other_allele": ("ALLELE0",),
            "eaf": ("A1FREQ",),
            "p": ("PBOLTLMM", "PBOLTLMMINF", "PLINREG"),
        },
        "BOLT-LMM's manual: ALLELE1 is the effect allele",
        frozenset({"GENPOS"}),
    ),
    Dialect(
        "REGENIE",
        frozenset({"CHROM", "GENPOS", "ALLELE0", "ALLELE1"}),
        {
            "pos": ("GENPOS",),
            "effect_allele": ("ALLELE1",),
            "other_allele": ("ALLELE0",),
            "eaf": ("A1FREQ",),
        },
        "REGENIE's manual: ALLELE1 is the effect allele",
    ),
    Dialect(
        "PLINK 2 --glm",
        frozenset({"CHROM", "POS", "REF", "ALT", "A1"}),
        {
            "effect_allele": ("A1",),
            "other_allele": ("OMITTED", "AX", "A2"),
            "eaf": ("A1FREQ",),
            "z": ("ZSTAT", "TSTAT", "ZORFSTAT", "TORFSTAT"),
            "n": ("OBSCT",),
            "se": ("SE", "LOGORSE"),
        },
        "PLINK 2's manual: A1 is the tested allele",
    ),
    Dialect(
        "MTAG",
        frozenset({"A1", "A2", "MTAGBETA", "MTAGSE"}),
        {
            **_A1,
            "beta": ("MTAGBETA",),
            "se": ("MTAGSE",),
            "z": ("MTAGZ",),
            "p": ("MTAGPVAL",),
            "eaf": ("FRQ", "FREQ"),
        },
        "MTAG's manual: A1 is the effect allele",
        frozenset({"Z"}),
    ),
    Dialect(
        "METAL",
        frozenset({"MARKERNAME", "ALLELE1", "ALLELE2", "DIRECTION"}),
        {
            "effect_allele": ("ALLELE1",),
            "other_allele": ("ALLELE2",),
            "eaf": ("FREQ1",),
            "n": ("TOTALSAMPLESIZE", "N", "NTOTAL", "WEIGHT"),
        },
        "METAL's documentation: Allele1 is the effect allele",
    ),
    Dialect(
        "PLINK 1.9 --assoc",
        frozenset({"CHR", "SNP", "BP", "A1", "A2", "FA", "FU"}),
        {**_A1, "eaf": ("FU",)},
        "PLINK's manual: A1 is the tested allele",
    ),
    Dialect(
        "PLINK 1.9 --assoc counts",
        frozenset({"CHR", "SNP", "BP", "A1", "A2", "CA", "CU"}),
        _A1,
        "PLINK's manual: A1 is the tested allele",
    ),
    Dialect(
        "PLINK 1.9 --meta-analysis",
        frozenset({"CHR", "BP", "SNP", "N", "P", "PR", "Q", "I"}),
        {},
        # N counts the studies here, not people
        never=frozenset({"N"}),
    ),
    Dialect(
        REGENIE_HTP,
        frozenset({"NAME", "CHR", "REF", "ALT", "MODEL", "EFFECT", "LCIEFFECT", "UCIEFFECT"}),
        {
            "rsid": ("NAME",),
            "effect_allele": ("ALT",),
            "other_allele": ("REF",),
            "eaf": ("AAF",),
            "beta": ("EFFECT",),
            "ci_low": ("LCIEFFECT",),
            "ci_high": ("UCIEFFECT",),
            "test": ("MODEL",),
        },
        "REGENIE's manual: Alt is the effect allele",
        frozenset({"INFO"}),
    ),
    Dialect(
        "GEMMA",
        frozenset({"CHR", "RS", "PS", "NMISS", "ALLELE1", "ALLELE0", "AF"}),
        {
            "rsid": ("RS",),
            "pos": ("PS",),
            "effect_allele": ("ALLELE1",),
            "other_allele": ("ALLELE0",),
            "eaf": ("AF",),
            "p": ("PWALD", "PLRT", "PSCORE"),
        },
        "GEMMA's manual: allele1 is the effect allele",
        frozenset({"NMISS"}),
    ),
    Dialect(
        "GWAMA",
        frozenset({"RSNUMBER", "REFERENCEALLELE", "OTHERALLELE", "QSTATISTIC", "NSTUDIES"}),
        {"effect_allele": ("REFERENCEALLELE",), "other_allele": ("OTHERALLELE",)}
        | {"ci_low": ("OR95L", "BETA95L"), "ci_high": ("OR95U", "BETA95U")},
        "GWAMA's manual: reference_allele is the effect allele",
        frozenset({"EFFECTS"}),
    ),
    Dialect(
        "GCTA --mlma",
        frozenset({"CHR", "SNP", "BP", "A1", "A2", "FREQ", "B", "SE", "P"}),
        {**_A1, "eaf": ("FREQ",)},
        "GCTA's manual: A1 is the effect allele",
        exact=True,
    ),
    Dialect(
        "GCTA-COJO .ma",
        frozenset({"SNP", "A1", "A2", "FREQ", "B", "SE", "P", "N"}),
        {**_A1, "eaf": ("FREQ",)},
        "GCTA's manual: A1 is the effect allele",
        exact=True,
    ),
    Dialect(
        "PLINK 1.9 --linear or --logistic",
        frozenset({"CHR", "SNP", "BP", "A1", "TEST", "NMISS"}),
        {**_A1, "z": ("STAT",)},
        "PLINK's manual: A1 is the tested allele",
    ),
    Dialect(
        "PolyFun",
        frozenset({"SNP", "CHR", "BP", "A1", "A2", "Z", "SNPVAR"}),
        _A1,
        "PolyFun's wiki: A1 is the effect allele",
    ),
)
"""Files whose effect allele their makers' manuals fix; the first whose signs are there."""

EXACT_DIALECTS: tuple[tuple[str, tuple[frozenset[str], ...], str], ...] = (
    (
        "LDSC munged",
        (frozenset({"SNP", "A1", "A2", "Z", "N"}),),
        "LDSC's wiki: A1 is the effect allele",
    ),
    (
        "PolyFun",
        (
            frozenset({"SNP", "CHR", "BP", "A1", "A2", "Z", "N"}),
            frozenset({"SNP", "CHR", "BP", "A1", "A2", "MAF", "Z", "N"}),
            frozenset({"SNP", "CHR", "BP", "A1", "A2", "MAF", "N", "Z"}),
        ),
        "PolyFun's wiki: A1 is the effect allele",
    ),
)
"""Files known by having these columns and no other, A1 being the effect allele."""

DANER = frozenset({"SNP", "A1", "A2"})
"""With FRQ_A_cases and FRQ_U_controls beside them, a PGC daner file: A1 is the effect allele."""

NEALE = frozenset({"VARIANT", "MINORALLELE", "NCOMPLETESAMPLES"})
"""Signs of the Neale lab's UK Biobank files: variant is chrom:pos:ref:alt, alt the effect."""
