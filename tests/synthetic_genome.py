"""A small genome with genes on both strands, its gene models, and translation the slow way."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

BASES = "ACGT"
STANDARD = dict(zip(
    (a + b + c for a in "TCAG" for b in "TCAG" for c in "TCAG"),
    "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG", strict=True,
))  # fmt: skip
MITOCHONDRIAL = STANDARD | {"TGA": "W", "ATA": "M", "AGA": "*", "AGG": "*"}
_COMPLEMENT = str.maketrans("ACGT", "TGCA")


@dataclass
class Gene:
    """A transcript: exons (start, end; 1-based, in order along the chromosome) and coding span."""

    name: str
    chrom: str
    strand: str
    exons: list[tuple[int, int]]
    coding: tuple[int, int]

    def positions(self) -> list[int]:
        return [p for start, end in self.exons for p in range(start, end + 1)]

    def from_start(self, bases: dict[int, str] | list[str]) -> str:
        """Transcript from the first base of the start codon to its end."""
        low, high = self.coding
        kept = [p for p in self.positions() if (p >= low if self.strand == "+" else p <= high)]
        text = "".join(bases[p] for p in kept)
        return text if self.strand == "+" else text.translate(_COMPLEMENT)[::-1]

    def cds_positions(self) -> list[int]:
        low, high = self.coding
        return [p for p in self.positions() if low <= p <= high]


@dataclass
class Genome:
    """Chromosomes and genes."""

    sequences: dict[str, str]
    genes: list[Gene] = field(default_factory=list)

    def write_fasta(self, path: Path, *, prefix: str = "") -> Path:
        lines = []
        for name, text in self.sequences.items():
            lines.append(f">{prefix}{name}")
            lines += [text[at : at + 60] for at in range(0, len(text), 60)]
        path.write_text("\n".join(lines) + "\n")
        return path


def read_codons(text: str, *, mitochondrial: bool = False) -> str:
    """Residues of whole codons, stops included, to the end of the text."""
    code = MITOCHONDRIAL if mitochondrial else STANDARD
    return "".join(code.get(text[at : at + 3], "X") for at in range(0, len(text) - 2, 3))


def random_genome(seed: int, *, n_genes: int = 4, residues: int = 24) -> Genome:
    """Genes of three exons with untranslated ends, strands in turn, and one mitochondrial."""
    rng = np.random.default_rng(seed)
    genome = Genome({})
    text, genes = "", []
    for number in range(n_genes):
        strand = "+-"[number % 2]
        piece, exons, coding = _gene_text(rng, strand, residues)
        at = len(text)
        genes.append(Gene(f"G{number}", "1", strand, [(a + at, b + at) for a, b in exons],
                          (coding[0] + at, coding[1] + at)))  # fmt: skip
        text += piece
    genome.sequences["1"] = text
    low_complexity = rng.choice(list("ACGT"), 20)
    cds = _coding(rng, residues, mitochondrial=True)
    genome.sequences["MT"] = "".join(low_complexity) + cds + _noise(rng, 60)
    genes.append(Gene("M0", "MT", "+", [(21, 20 + len(cds))], (21, 20 + len(cds))))
    genome.genes = genes
    return genome


def _noise(rng: np.random.Generator, n: int) -> str:
    return "".join(rng.choice(list(BASES), n))


def _coding(rng: np.random.Generator, residues: int, *, mitochondrial: bool = False) -> str:
    """A start, residues of few kinds so that they repeat, and a stop."""
    code = MITOCHONDRIAL if mitochondrial else STANDARD
    codons = [codon for codon, residue in code.items() if residue != "*"]
    few = rng.choice(codons, 5)
    inner = [str(rng.choice(few if rng.random() < 0.7 else codons)) for _ in range(residues)]
    return "ATG" + "".join(inner) + "TAA"


def _gene_text(rng: np.random.Generator, strand: str, residues: int):
    """Bases along the chromosome, exons, and the coding span."""
    cds = _coding(rng, residues)
    transcript = _noise(rng, 9) + cds + _noise(rng, 40)
    cuts = sorted(int(c) for c in rng.choice(np.arange(15, 9 + len(cds) - 6), 2, replace=False))
    if cuts[1] - cuts[0] < 8:
        cuts = [20, 45]
    pieces = [transcript[: cuts[0]], transcript[cuts[0] : cuts[1]], transcript[cuts[1] :]]
    text, exons = _noise(rng, 30), []
    for number, piece in enumerate(pieces):
        if number:
            text += "GT" + _noise(rng, 26) + "AG"
        exons.append((len(text) + 1, len(text) + len(piece)))
        text += piece
    text += _noise(rng, 30)
    places = [p for start, end in exons for p in range(start, end + 1)]
    coding = (places[9], places[9 + len(cds) - 1])
    if strand == "-":
        n = len(text)
        text = text.translate(_COMPLEMENT)[::-1]
        exons = [(n + 1 - end, n + 1 - start) for start, end in exons][::-1]
        coding = (n + 1 - coding[1], n + 1 - coding[0])
    return text, exons, coding


def _cds_parts(gene: Gene) -> list[tuple[int, int, int]]:
    low, high = gene.coding
    parts = [(max(s, low), min(e, high)) for s, e in gene.exons if s <= high and e >= low]
    ordered = parts if gene.strand == "+" else parts[::-1]
    done, out = 0, []
    for start, end in ordered:
        out.append((start, end, -done % 3))
        done += end - start + 1
    return sorted(out)


def ensembl_gff3(genome: Genome, *, prefix: str = "") -> str:
    lines = ["##gff-version 3"]
    for g in genome.genes:

        def line(kind, start, end, tags, phase=".", g=g):
            lines.append("\t".join([prefix + g.chrom, "test", kind, str(start), str(end), ".",
                                    g.strand, str(phase), tags]))  # fmt: skip

        start, end = g.exons[0][0], g.exons[-1][1]
        line("gene", start, end, f"ID=gene:{g.name};Name={g.name}S;biotype=protein_coding")
        line(
            "mRNA",
            start,
            end,
            f"ID=transcript:T{g.name};Parent=gene:{g.name};"
            "biotype=protein_coding;tag=basic,Ensembl_canonical,MANE_Select",
        )
        for a, b in g.exons:
            line("exon", a, b, f"Parent=transcript:T{g.name}")
        for a, b, phase in _cds_parts(g):
            line(
                "CDS",
                a,
                b,
                f"ID=CDS:P{g.name};Parent=transcript:T{g.name};protein_id=P{g.name}",
                phase,
            )
    return "\n".join(lines) + "\n"


def gencode_gff3(genome: Genome, *, prefix: str = "chr") -> str:
    lines = ["##gff-version 3"]
    for g in genome.genes:
        chrom = "chrM" if g.chrom == "MT" else prefix + g.chrom
        told = (
            f"gene_id={g.name};transcript_id=T{g.name};gene_type=protein_coding;"
            f"gene_name={g.name}S;transcript_type=protein_coding;tag=basic,MANE_Select"
        )

        def line(kind, start, end, tags, phase=".", g=g, chrom=chrom):
            lines.append("\t".join([chrom, "test", kind, str(start), str(end), ".", g.strand,
                                    str(phase), tags]))  # fmt: skip

        start, end = g.exons[0][0], g.exons[-1][1]
        line(
            "gene",
            start,
            end,
            f"ID={g.name};gene_id={g.name};gene_type=protein_coding;gene_name={g.name}S",
        )
        line("transcript", start, end, f"ID=T{g.name};Parent={g.name};{told}")
        for number, (a, b) in enumerate(g.exons):
            line("exon", a, b, f"ID=exon:T{g.name}:{number};Parent=T{g.name};{told}")
        for a, b, phase in _cds_parts(g):
            line(
                "CDS", a, b, f"ID=CDS:T{g.name};Parent=T{g.name};{told};protein_id=P{g.name}", phase
            )
    return "\n".join(lines) + "\n"


def refseq_gff3(genome: Genome) -> str:
    """Names of contigs and identifiers as NCBI writes them; MT genes without a transcript."""
    contigs = {"1": "NC_000001.11", "MT": "NC_012920.1"}
    lines = ["##gff-version 3"]
    for g in genome.genes:

        def line(kind, start, end, tags, phase=".", g=g):
            lines.append("\t".join([contigs[g.chrom], "BestRefSeq", kind, str(start), str(end), ".",
                                    g.strand, str(phase), tags]))  # fmt: skip

        start, end = g.exons[0][0], g.exons[-1][1]
        line(
            "gene",
            start,
            end,
            f"ID=gene-{g.name}S;Dbxref=GeneID:1;Name={g.name}S;gbkey=Gene;"
            f"gene={g.name}S;gene_biotype=protein_coding",
        )
        parent = f"gene-{g.name}S"
        if g.chrom != "MT":
            parent = f"rna-T{g.name}"
            line(
                "mRNA",
                start,
                end,
                f"ID={parent};Parent=gene-{g.name}S;gbkey=mRNA;"
                f"gene={g.name}S;tag=MANE Select;transcript_id=T{g.name}",
            )
            for number, (a, b) in enumerate(g.exons):
                line("exon", a, b, f"ID=exon-T{g.name}-{number};Parent={parent};gbkey=mRNA")
        for a, b, phase in _cds_parts(g):
            line(
                "CDS",
                a,
                b,
                f"ID=cds-P{g.name};Parent={parent};gbkey=CDS;protein_id=P{g.name}",
                phase,
            )
    return "\n".join(lines) + "\n"


def ensembl_gtf(genome: Genome) -> str:
    """The coding part ends before the stop codon, which has lines of its own."""
    lines = ["#!genome-build test"]
    for g in genome.genes:
        told = (
            f'gene_id "{g.name}"; transcript_id "T{g.name}"; gene_name "{g.name}S"; '
            'transcript_biotype "protein_coding"; tag "basic"; tag "MANE_Select";'
        )

        def line(kind, start, end, phase=".", g=g, told=told, extra=""):
            lines.append("\t".join([g.chrom, "test", kind, str(start), str(end), ".", g.strand,
                                    str(phase), told + extra]))  # fmt: skip

        line("transcript", g.exons[0][0], g.exons[-1][1])
        places = g.cds_positions()
        stop = set(places[-3:] if g.strand == "+" else places[:3])
        for a, b in g.exons:
            line("exon", a, b)
        for a, b, phase in _cds_parts(g):
            inner = [p for p in range(a, b + 1) if p not in stop]
            if inner:
                line("CDS", inner[0], inner[-1], phase, extra=f' protein_id "P{g.name}";')
            last = [p for p in range(a, b + 1) if p in stop]
            if last:
                line("stop_codon", last[0], last[-1], 0)
    return "\n".join(lines) + "\n"


def mutated(genome: Genome, gene: Gene, variant: tuple[int, str, str]) -> str:
    """Transcript from the start codon on, with a variant put into the chromosome."""
    pos, ref, alt = variant
    text = genome.sequences[gene.chrom]
    assert text[pos - 1 : pos - 1 + len(ref)] == ref
    bases = ["", *text]
    bases[pos] = alt
    for at in range(pos + 1, pos + len(ref)):
        bases[at] = ""
    # On the other strand what a place holds is turned as a whole with the text.
    return gene.from_start(bases)


def gene_of(cds, *, strand="+", before="CCTTCCTTCC", after="GGCTAAATGATTAG"):
    """A genome of one gene of one exon, and the place of base ``i`` of its coding part."""
    transcript = before + cds + after
    turned = transcript.translate(str.maketrans("ACGT", "TGCA"))[::-1]
    text = transcript if strand == "+" else turned
    n, first = len(text), len(before) + 1
    span = (first, first + len(cds) - 1)
    if strand == "-":
        span = (n + 1 - span[1], n + 1 - span[0])
    gene = Gene("G", "1", strand, [(1, n)], span)
    return Genome({"1": text}, [gene])


def edit(genome, at, old, new):
    """The variant that replaces ``old`` at base ``at`` (from 0) of the coding part by ``new``."""
    gene, text = genome.genes[0], genome.sequences["1"]
    if gene.strand == "+":
        start = gene.coding[0] + at
    else:
        start = gene.coding[1] - at - len(old) + 1
        old, new = (t.translate(str.maketrans("ACGT", "TGCA"))[::-1] for t in (old, new))
    assert text[start - 1 : start - 1 + len(old)] == old
    anchor = text[start - 2]
    return ("1", start - 1, anchor + old, anchor + new)
