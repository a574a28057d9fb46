"""Consequences and HGVS names of random variants in random transcripts, against plain strings."""

from __future__ import annotations

import random
import re

import pandas as pd
import pytest
from protein_oracle import (
    TERMS,
    cut,
    gff3,
    hgvs_name,
    outcome,
    random_transcripts,
    random_variants,
)

from seqgen.annotation import annotate, mutant_proteins, reference_proteins
from seqgen.annotation.terms import _CODING_TERMS

NO_PROTEINS = pd.DataFrame({"uniprot": ["P0"], "gene": ["none"], "sequence": ["M"]})
KEY = ["chrom", "pos", "other_allele", "effect_allele", "transcript"]


def agree(terms: str, name: str) -> bool:
    """Whether terms of coding changes are those that go with a name."""
    told = set(terms.split("&")) & (_CODING_TERMS | {"intron_variant"})
    needed, beside = next((n, b) for form, n, b in TERMS if re.search(form, name))
    return bool(told & needed) and told <= needed | beside


@pytest.mark.parametrize("seed", range(3))
def test_random_variants_in_random_transcripts(tmp_path, seed):
    rng = random.Random(seed)
    genome, transcripts = random_transcripts(rng)
    rows = random_variants(rng, genome, transcripts, 120)
    fasta, gff = tmp_path / "a.fa", tmp_path / "a.gff3"
    fasta.write_text("".join(f">{name}\n{text}\n" for name, text in genome.items()))
    gff.write_text(gff3(transcripts))
    files = {"gff": gff, "fasta": fasta}
    table = pd.DataFrame(rows, columns=["chrom", "pos", "ref", "alt"])
    found = annotate(table, transcripts="all", proteins=NO_PROTEINS, **files).table
    told = {tuple(row[:5]): row[5:] for row in
            found[[*KEY, "hgvs_p", "consequence"]].itertuples(index=False)}  # fmt: skip
    made = mutant_proteins(found, **files).table.set_index(KEY)["sequence"].to_dict()
    proteins = reference_proteins([t.name for t in transcripts], **files)
    wrong, count = [], 0
    for t in transcripts:
        for row in (row for row in rows if row[0] == t.chrom):
            out = outcome(genome, t, *row[1:])
            if out is None or "start_retained" in str(told[(*row, t.name)]):
                continue
            count += 1
            name, (given, terms) = hgvs_name(out), told[(*row, t.name)]
            if t.tag == "basic":
                assert proteins[t.name] == cut(out.old).removesuffix("*")
            right = given == name and (name == "p.?" or agree(terms, name))
            if not re.search(r"=$|Met1\?|^p\.\?", name):
                sequence = made[(*row, t.name)]
                right &= (pd.isna(sequence) and out.new[0] == "*") or sequence == out.new.split(
                    "*"
                )[0]
            if not right:
                wrong.append((row, t, name, given, terms, out.old, out.new))
    assert not wrong, wrong[:3]
    assert count > 150
