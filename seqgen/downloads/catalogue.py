"""The one table of what `fetch` knows: where it is, under which licence, how it is checked.

The addresses are those that the publishers' own pages give; none of them was tried when this was
written, as there was no network.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from urllib.parse import urlsplit

from seqgen.errors import InputError

BUILDS = ("GRCh38", "GRCh37")
ALIASES = {"hg38": "GRCh38", "hg19": "GRCh37", "38": "GRCh38", "37": "GRCh37"}
_UCSC = {"GRCh38": "hg38", "GRCh37": "hg19"}
_ENSEMBL = "https://ftp.ensembl.org/pub"
# Files of GRCh37 are of this release in every later one.
_LAST_GRCH37 = 87
_DEFAULT_RELEASE = 115


@dataclass(frozen=True)
class Resource:
    """One row of the table.

    Attributes
    ----------
    name, what, licence, citation : str
    urls : dict of str to str
        Build to address, with ``{release}``, ``{numbered}``, ``{chrom}`` to fill in; key ``""``
        where the file is of no build.
    by_chrom : dict of str to str
        The same for a single chromosome; empty where the publisher has no such files.
    checksums : str
        Address of the publisher's list of checksums, as a path beside the file or whole; empty
        where there is none.
    size : str
        About how large.
    after : str
        What is done to the file once it is here: ``genome`` (packed by bgzip and indexed),
        ``table`` (indexed by position), or nothing.
    beside : tuple of str
        Suffixes of further files that are fetched with it.
    released : bool
        Whether it comes in numbered releases.
    """

    name: str
    what: str
    licence: str
    citation: str
    urls: dict[str, str] = field(repr=False)
    by_chrom: dict[str, str] = field(default_factory=dict, repr=False)
    checksums: str = ""
    size: str = ""
    after: str = ""
    beside: tuple[str, ...] = ()
    released: bool = False


_ENSEMBL_TERMS = "free of restrictions (EMBL-EBI terms of use)"
_ENSEMBL_PAPER = "Dyer et al. (2025), Ensembl 2025, Nucleic Acids Research 53:D948-D957"
_GFF = "gff3/homo_sapiens/Homo_sapiens"
_DNA = "fasta/homo_sapiens/dna/Homo_sapiens"
_LIFT = "https://hgdownload.soe.ucsc.edu/goldenPath"
_LIFT_TERMS = "free for academic, nonprofit and personal use; commercial use asks for a licence"
_LIFT_PAPER = "Hinrichs et al. (2006), UCSC Genome Browser, Nucleic Acids Research 34:D590-D598"
_ZENODO = "https://zenodo.org/records/10813168/files"
_ZENODO_SUMS = "https://zenodo.org/api/records/10813168"
_ALPHA_TERMS = "CC BY 4.0 by its Zenodo record (the file's own first lines say CC BY-NC-SA 4.0)"
_ALPHA_PAPER = "Cheng et al. (2023), AlphaMissense, Science 381:eadg7492"
_CADD = "https://krishna.gs.washington.edu/download/CADD/v1.7"

RESOURCES = (
    Resource(
        "ensembl-gff", "gene models, GFF3", _ENSEMBL_TERMS, _ENSEMBL_PAPER,
        urls={
            "GRCh38": f"{_ENSEMBL}/release-{{release}}/{_GFF}.GRCh38.{{release}}.gff3.gz",
            "GRCh37": f"{_ENSEMBL}/grch37/release-{{release}}/{_GFF}.GRCh37.{{numbered}}.gff3.gz",
        },
        by_chrom={
            "GRCh38": f"{_ENSEMBL}/release-{{release}}/{_GFF}.GRCh38.{{release}}"
            ".chromosome.{chrom}.gff3.gz",
            "GRCh37": f"{_ENSEMBL}/grch37/release-{{release}}/{_GFF}.GRCh37.{{numbered}}"
            ".chromosome.{chrom}.gff3.gz",
        },
        checksums="CHECKSUMS", size="84 MB", released=True,
    ),
    Resource(
        "ensembl-fasta", "genome, primary assembly, FASTA", _ENSEMBL_TERMS, _ENSEMBL_PAPER,
        urls={
            "GRCh38": f"{_ENSEMBL}/release-{{release}}/{_DNA}.GRCh38.dna.primary_assembly.fa.gz",
            "GRCh37": f"{_ENSEMBL}/grch37/release-{{release}}/{_DNA}.GRCh37"
            ".dna.primary_assembly.fa.gz",
        },
        by_chrom={
            "GRCh38": f"{_ENSEMBL}/release-{{release}}/{_DNA}.GRCh38.dna.chromosome.{{chrom}}"
            ".fa.gz",
            "GRCh37": f"{_ENSEMBL}/grch37/release-{{release}}/{_DNA}.GRCh37.dna.chromosome."
            "{chrom}.fa.gz",
        },
        checksums="CHECKSUMS", size="0.9 GB", after="genome", released=True,
    ),
    Resource(
        "hg19ToHg38", "chain file to lift over GRCh37 to GRCh38", _LIFT_TERMS, _LIFT_PAPER,
        urls={"": f"{_LIFT}/hg19/liftOver/hg19ToHg38.over.chain.gz"},
        checksums="md5sum.txt", size="0.2 MB",
    ),
    Resource(
        "hg38ToHg19", "chain file to lift over GRCh38 to GRCh37", _LIFT_TERMS, _LIFT_PAPER,
        urls={"": f"{_LIFT}/hg38/liftOver/hg38ToHg19.over.chain.gz"},
        checksums="md5sum.txt", size="1 MB",
    ),
    Resource(
        "alphamissense", "AlphaMissense, by position and allele", _ALPHA_TERMS, _ALPHA_PAPER,
        urls={build: f"{_ZENODO}/AlphaMissense_{_UCSC[build]}.tsv.gz" for build in BUILDS},
        checksums=_ZENODO_SUMS, size="0.6 GB", after="table",
    ),
    Resource(
        "alphamissense-residues", "AlphaMissense, by UniProt accession and residue change",
        _ALPHA_TERMS, _ALPHA_PAPER,
        urls={"": f"{_ZENODO}/AlphaMissense_aa_substitutions.tsv.gz"},
        checksums=_ZENODO_SUMS, size="1.2 GB",
    ),
    Resource(
        "esm1b", "ESM-1b log-likelihood ratios of all human isoforms, one table a protein",
        "not stated with the file; the authors' code is MIT",
        "Brandes et al. (2023), Genome-wide prediction of disease variant effects with a deep "
        "protein language model, Nature Genetics 55:1512-1522",
        urls={
            "": "https://huggingface.co/spaces/ntranoslab/esm_variants/resolve/main/"
            "ALL_hum_isoforms_ESM1b_LLR.zip"
        },
        size="1.3 GB",
    ),
    Resource(
        "cadd", "CADD 1.7, all single-base changes, by position and allele",
        "free for non-commercial use",
        "Schubach et al. (2024), CADD v1.7, Nucleic Acids Research 52:D1143-D1154",
        urls={build: f"{_CADD}/{build}/whole_genome_SNVs.tsv.gz" for build in BUILDS},
        checksums="MD5SUMs", size="81 GB", beside=(".tbi",),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Where one file is, and where in the cache folder it goes (``folder``, below it)."""

    url: str
    folder: str
    checksums: str


def resource(name: str) -> Resource:
    """A row of the table by its name.

    Raises
    ------
    InputError
        If there is none; the nearest name is told.
    """
    known = {each.name.lower(): each for each in RESOURCES}
    if name.lower() in known:
        return known[name.lower()]
    near = get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    meant = f"did you mean '{known[near[0]].name}'? " if near else ""
    raise InputError(
        f"name: there is no resource '{name}'; {meant}there are "
        f"{', '.join(each.name for each in RESOURCES)}, and models of the Hugging Face hub as "
        "owner/model"
    )


def place_of(asked: Resource, build: str, release: str | int | None, chrom: str | None) -> Place:
    """Address of what is asked for.

    Raises
    ------
    InputError
        If the resource does not come in that build, release or for a single chromosome.
    """
    name = ALIASES.get(str(build), str(build))
    if name not in BUILDS:
        raise InputError(f"build: found '{build}'; expected {' or '.join(BUILDS)} (hg38, hg19)")
    if release is not None and not asked.released:
        raise InputError(f"release: '{asked.name}' comes in no releases; leave it out")
    if chrom is not None and not asked.by_chrom:
        raise InputError(f"chrom: '{asked.name}' comes as one file; leave it out")
    number = _release(release)
    urls = asked.urls if chrom is None else asked.by_chrom
    of_build = "" not in urls
    text = urls[name if of_build else ""]
    url = text.format(release=number, numbered=min(number, _LAST_GRCH37), chrom=_chromosome(chrom))
    parts = [asked.name, name if of_build else "", f"release-{number}" if asked.released else ""]
    return Place(url, "/".join(part for part in parts if part), beside(url, asked.checksums))


def beside(url: str, checksums: str) -> str:
    """Whole address of a list of checksums that lies beside ``url``."""
    if not checksums or urlsplit(checksums).scheme:
        return checksums
    return f"{url.rpartition('/')[0]}/{checksums}"


def _release(release: str | int | None) -> int:
    if release is None:
        return _DEFAULT_RELEASE
    try:
        number = int(str(release).removeprefix("release-"))
    except ValueError:
        number = 0
    if number < 1:
        raise InputError(f"release: found '{release}'; expected a number, such as 115")
    return number


def _chromosome(chrom: str | None) -> str:
    if chrom is None:
        return ""
    name = str(chrom).removeprefix("chr")
    if name not in (*(str(number) for number in range(1, 23)), "X", "Y", "MT"):
        raise InputError(f"chrom: found '{chrom}'; expected 1 to 22, X, Y or MT")
    return name
