"""Consequences of 500,000 variants over 1,000 genes of a made-up genome: CPU seconds and rates.

python benchmarks/consequences.py [variants] [genes] [processes]
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from seqgen.annotation import annotate

RESIDUES, EXONS, INTRON, INDELS = 450, 8, 300, 0.08


def genome(rng: np.random.Generator, n_genes: int, folder: Path) -> tuple[Path, Path, np.ndarray]:
    """A chromosome of genes on both strands, its gene models, and its bases."""
    pieces, lines, at = [], ["##gff-version 3"], 0
    codons = np.array([a + b + c for a in "TCAG" for b in "TCAG" for c in "TCAG"])
    codons = codons[~np.isin(codons, ["TAA", "TAG", "TGA"])]
    turned = str.maketrans("ACGT", "TGCA")
    for number in range(n_genes):
        cds = "ATG" + "".join(rng.choice(codons, RESIDUES)) + "TAA"
        text = "".join(rng.choice(list("ACGT"), 60)) + cds + "".join(rng.choice(list("ACGT"), 400))
        cuts = np.linspace(0, len(text), EXONS + 1).astype(int)
        parts = [text[a:b] for a, b in pairwise(cuts)]
        gene = ""
        spans = []
        for each in parts:
            gene += "".join(rng.choice(list("ACGT"), INTRON))
            spans.append((len(gene) + 1, len(gene) + len(each), each))
            gene += each
        strand = "+-"[number % 2]
        n, done, coding = len(gene), 0, []
        for start, _, each in spans:
            low, high = max(done, 60), min(done + len(each), 60 + len(cds))
            if low < high:
                coding.append((start + low - done, start + high - done - 1, -(low - 60) % 3))
            done += len(each)
        if strand == "-":
            gene = gene.translate(turned)[::-1]
            spans = [(n + 1 - e, n + 1 - s, x) for s, e, x in spans]
            coding = [(n + 1 - e, n + 1 - s, p) for s, e, p in coding]

        def line(kind, start, end, tags, phase=".", strand=strand, at=at):
            lines.append(f"1\tx\t{kind}\t{start + at}\t{end + at}\t.\t{strand}\t{phase}\t{tags}")

        line("gene", 1, n, f"ID=gene:G{number};Name=G{number};biotype=protein_coding")
        line("mRNA", 1, n, f"ID=transcript:T{number};Parent=gene:G{number};biotype=protein_coding")
        for start, end, _ in spans:
            line("exon", start, end, f"Parent=transcript:T{number}")
        for start, end, phase in coding:
            line("CDS", start, end, f"Parent=transcript:T{number};protein_id=P{number}", phase)
        pieces.append(gene)
        at += n
    text = "".join(pieces)
    fasta, gff = folder / "g.fa", folder / "g.gff3"
    fasta.write_text(">1\n" + "\n".join(text[i : i + 60] for i in range(0, len(text), 60)) + "\n")
    gff.write_text("\n".join(lines) + "\n")
    return fasta, gff, np.frombuffer(text.encode(), dtype=np.uint8)


def variants(rng: np.random.Generator, bases: np.ndarray, n: int) -> pd.DataFrame:
    """Single bases, and insertions and deletions of up to six."""
    pos = rng.integers(1, len(bases) - 10, int(n * 1.1))
    ref = bases[pos - 1].view("S1").astype("U1")
    letters = np.array(list("ACGT"))
    alt = letters[(np.searchsorted(letters, ref) + rng.integers(1, 4, len(pos))) % 4]
    indel = rng.random(len(pos)) < INDELS
    size = rng.integers(1, 7, len(pos))
    window = bases[(pos - 1)[:, None] + np.arange(7)]
    window = np.where(np.arange(7) <= size[:, None], window, 0).astype(np.uint8)
    long = window.view("S7").ravel().astype("U7")
    deletion = indel & (rng.random(len(pos)) < 0.5)
    insertion = indel & ~deletion
    new = np.char.add(ref, np.array([b"ACGTAC"[:k].decode() for k in range(7)])[size])
    table = pd.DataFrame({
        "chrom": "1", "pos": pos, "ref": np.where(deletion, long, ref),
        "alt": np.where(insertion, new, np.where(deletion, ref, alt)),
    })  # fmt: skip
    return table.drop_duplicates().head(n)


def main(n: int = 500_000, n_genes: int = 1_000, workers: int = 1) -> None:
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as name:
        fasta, gff, bases = genome(rng, n_genes, Path(name))
        table = variants(rng, bases, n)
        proteins = pd.DataFrame({"uniprot": ["P0"], "gene": ["none"], "sequence": ["M"]})
        own = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        start = time.perf_counter()
        out = annotate(table, gff=gff, fasta=fasta, proteins=proteins, workers=workers)
        wall = time.perf_counter() - start
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        cpu = [b.ru_utime + b.ru_stime - a.ru_utime - a.ru_stime
               for a, b in zip(own, used, strict=True)]  # fmt: skip
    print(f"{len(table):,} variants, {n_genes:,} genes, {workers} process(es)")
    print(f"wall {wall:.1f} s; CPU {cpu[0]:.1f} s here, {cpu[1]:.1f} s in bcftools csq")
    print(
        f"{len(table) / sum(cpu):,.0f} variants per CPU second; peak {used[0].ru_maxrss >> 10} MB"
    )
    print(out.table["consequence"].value_counts().head(12).to_string())


if __name__ == "__main__":
    main(*(int(each) for each in sys.argv[1:]))
