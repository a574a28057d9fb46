"""bcftools' own cases of consequences, through our gene models and our parser."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from seqgen.io.csq import consequences
from seqgen.io.genemodels import read_gene_models
from seqgen.io.reference import contig_key, open_reference

SHARED = Path(os.environ.get("SEQGEN_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
CASES = SHARED / "csq" / "bcftools"


def expected_files():
    """One file of expected consequences per VCF: of each variant by itself where there is one."""
    found = {}
    for path in sorted(CASES.glob("*/*.txt*")):
        vcf = path.with_suffix(".vcf")
        # Structural variants have no alleles to read, and are dropped before.
        if vcf.exists() and "\t<" not in vcf.read_text().partition("#CHROM")[2]:
            found[vcf] = path
    return found


FILES = expected_files()


def told(pos, ref, alt, field):
    """A field of BCSQ: variant, transcript, words, residues."""
    parts = field.split("|")
    words = frozenset(parts[0].lstrip("*").split("&"))
    return pos, ref, alt, parts[2], words, parts[5] if len(parts) > 5 else ""


def matches(wanted, found):
    """Whether ``found`` says what was wanted; introns are expected without a transcript."""
    *place, transcript, words, residues = wanted
    return (
        place == list(found[:3])
        and transcript in ("", found[3])
        and words <= found[4]
        and residues in ("", found[5])
    )


@pytest.mark.skipif(not FILES, reason=f"bcftools' cases are not at {CASES} (SEQGEN_SHARED_DATA)")
@pytest.mark.parametrize("vcf", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_cases_of_bcftools(vcf):
    lines = [line.split() for line in vcf.read_text().splitlines() if line[:1] not in ("#", "")]
    variants = pd.DataFrame(
        [(c, int(p), r, a) for c, p, _, r, alts, *_ in lines for a in alts.split(",")],
        columns=["chrom", "pos", "ref", "alt"],
    )
    models = read_gene_models(vcf.parent / f"{vcf.parent.name}.gff")
    with open_reference(vcf.parent / f"{vcf.parent.name}.fa") as reference:
        variants["contig"] = reference.contigs_of(variants["chrom"])
        models.transcripts["chrom"] = reference.contigs_of(models.transcripts["chrom"])
        out = consequences(variants, models, reference.path)
    rows = out.join(variants, on="row").join(models.transcripts["transcript"], on="transcript_row")
    found = [
        (str(row.pos), row.ref, row.alt, row.transcript, frozenset(row.consequence.split("&")),
         row.amino_acids) for row in rows.itertuples()
    ]  # fmt: skip
    assert not rows.duplicated(["row", "transcript_row"]).any()
    for block in FILES[vcf].read_text().strip("\n").split("\n\n"):
        # A block has what the case says and what bcftools says; the two may differ in order.
        ways = []
        for line in block.split("\n"):
            pos, ref, alt, fields = [*line.split("\t"), "", "", ""][:4]
            kept = [f for f in fields.split(",") if "|" in f]
            ways.append([told(pos, ref, alt, field) for field in kept])
        assert any(
            all(any(matches(wanted, each) for each in found) for wanted in way) for way in ways
        ), (ways, [each for each in found if each[0] == ways[0][0][0]])


def test_names_of_contigs_meet():
    names = ["chr2", "2", "NC_000002.12", "chrMT", "M", "NC_012920.1", "chrII", "II", "chrX"]
    assert [contig_key(name) for name in names] == [
        "2", "2", "2", "MT", "MT", "MT", "II", "II", "X"
    ]  # fmt: skip
