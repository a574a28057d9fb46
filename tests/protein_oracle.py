"""Random transcripts, and the protein changes of variants by plain strings alone."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import NamedTuple

from synthetic_genome import MITOCHONDRIAL, STANDARD

from seqgen.residues import THREE_LETTER

THREE = {one: three.capitalize() for three, one in THREE_LETTER.items()}
COMPLEMENT = str.maketrans("ACGT", "TGCA")


class Transcript(NamedTuple):
    """Exons along the chromosome; coding span; bases before the first whole codon."""

    name: str
    chrom: str
    strand: str
    exons: list[tuple[int, int]]
    coding: tuple[int, int]
    phase: int
    tag: str

    def places(self) -> list[int]:
        found = [p for start, end in self.exons for p in range(start, end + 1)]
        return found if self.strand == "+" else found[::-1]

    def cds(self) -> list[int]:
        return [p for p in self.places() if self.coding[0] <= p <= self.coding[1]]

    def from_codon(self) -> list[int]:
        """Places from the first whole codon to the end of the transcript."""
        low, high = self.coding
        ahead = [p for p in self.places() if (p >= low if self.strand == "+" else p <= high)]
        return ahead[self.phase :]


def reverse(text: str) -> str:
    return text.translate(COMPLEMENT)[::-1]


def random_transcripts(rng: random.Random) -> tuple[dict[str, str], list[Transcript]]:
    """Two chromosomes of genes with one to six exons, of which some transcripts are cut short."""
    genome, out = {}, []
    for chrom, code, count in (("1", STANDARD, 3), ("MT", MITOCHONDRIAL, 2)):
        text = ""
        for _ in range(count):
            piece, found = _gene(rng, code, n_exons=1 if chrom == "MT" else rng.randint(1, 6))
            strand, n = rng.choice("+-"), len(piece)
            for exons, coding, phase, tag in found:
                if strand == "-":
                    exons = [(n + 1 - b, n + 1 - a) for a, b in exons][::-1]
                    coding = (n + 1 - coding[1], n + 1 - coding[0])
                at = len(text)
                moved = [(a + at, b + at) for a, b in exons]
                span = (coding[0] + at, coding[1] + at)
                out.append(Transcript(f"T{len(out)}", chrom, strand, moved, span, phase, tag))
            text += piece if strand == "+" else reverse(piece)
        genome[chrom] = text
    return genome, out


def noise(rng: random.Random, n: int) -> str:
    return "".join(rng.choice("ACGT") for _ in range(n))


def _gene(rng: random.Random, code: dict[str, str], *, n_exons: int):
    codons = [codon for codon, residue in code.items() if residue != "*"]
    few = [rng.choice(codons) for _ in range(4)]
    body = ""
    while len(body) < 3 * rng.choice([4, 8, 25]):
        body += rng.choice(few if rng.random() < 0.7 else codons) * rng.choice([1, 1, 2, 3])
    stop = rng.choice([codon for codon, residue in code.items() if residue == "*"])
    before, cds = noise(rng, rng.choice([0, 1, 7])), "ATG" + body + stop
    whole = before + cds + noise(rng, rng.choice([0, 2, 9, 40]))
    cuts = sorted(rng.sample(range(1, len(whole)), n_exons - 1))
    if len(cuts) > 1:
        cuts[1] = min(cuts[0] + rng.choice([1, 2, 30]), cuts[1])
    ends = sorted({0, *cuts, len(whole)})
    text, exons = noise(rng, 5), []
    for low, high in pairwise(ends):
        text += "GT" + noise(rng, rng.choice([0, 4, 30])) + "AG" if exons else ""
        exons.append((len(text) + 1, len(text) + high - low))
        text += whole[low:high]
    text += noise(rng, rng.choice([0, 10]))
    places = [p for a, b in exons for p in range(a, b + 1)][len(before) :][: len(cds)]
    out = [(exons, (places[0], places[-1]), 0, "basic")]
    k = rng.randint(1, len(cds) // 2)
    late = [(max(a, places[k]), b) for a, b in exons if b >= places[k]]
    out.append((late, (places[k], places[-1]), -k % 3, "cds_start_NF"))
    early = [(a, min(b, places[-k - 1])) for a, b in exons if a <= places[-k - 1]]
    out.append((early, (places[0], places[-k - 1]), 0, "cds_end_NF"))
    return text, out


def gff3(transcripts: list[Transcript]) -> str:
    lines = []
    for t in transcripts:

        def line(kind, start, end, tags, phase=".", t=t):
            row = [t.chrom, "x", kind, start, end, ".", t.strand, phase, tags]
            lines.append("\t".join(map(str, row)))

        told = f"ID=transcript:{t.name};Parent=gene:G{t.name};biotype=protein_coding;tag={t.tag}"
        line("mRNA", t.exons[0][0], t.exons[-1][1], told)
        done = -t.phase
        for start, end in t.exons if t.strand == "+" else t.exons[::-1]:
            line("exon", start, end, f"Parent=transcript:{t.name}")
            low, high = max(start, t.coding[0]), min(end, t.coding[1])
            if low <= high:
                phase = t.phase if done == -t.phase else -done % 3
                line("CDS", low, high, f"Parent=transcript:{t.name}", phase)
                done += high - low + 1
    return "\n".join(lines) + "\n"


def random_variants(rng: random.Random, genome, transcripts, n: int):
    """Single bases, replacements, deletions, duplications and insertions, at edges above all."""
    rows = set()
    while len(rows) < n:
        t = rng.choice(transcripts)
        text = genome[t.chrom]
        edges = [*t.coding, *(p for exon in t.exons for p in exon), len(text)]
        near = rng.random() < 0.4
        p = rng.choice(edges) + rng.randint(-4, 4) if near else rng.choice(t.cds())
        if not 1 <= p <= len(text):
            continue
        k, base = rng.choice([1, 1, 2, 3, 3, 6, 9]), text[p - 1]
        ref, alt = rng.choice([
            (base, noise(rng, 1)), (text[p - 1 : p + k], base), (base, text[p - 1 : p + k]),
            (base, base + noise(rng, k)), (text[p - 1 : p + k], noise(rng, k)),
            (text[p - 1 : p + 2], noise(rng, k)),
        ])  # fmt: skip
        if ref != alt:
            rows.add((t.chrom, p, ref, alt))
    return sorted(rows)


class Outcome(NamedTuple):
    """Residues to the end of the transcript before and after; whether the frame is kept."""

    old: str
    new: str
    framed: bool
    starts: bool
    codons: tuple[int, int]


def outcome(genome, t: Transcript, pos: int, ref: str, alt: str) -> Outcome | None:
    """None unless whole coding codons are touched, inside one exon's coding part."""
    for side in (0, -1) if t.strand == "+" else (-1, 0):
        while ref and alt and ref[side] == alt[side]:
            pos += side == 0
            ref, alt = (x[1:] if side == 0 else x[:-1] for x in (ref, alt))
    places = t.from_codon()
    order = {p: i for i, p in enumerate(places)}
    asked = list(range(pos, pos + len(ref))) if ref else [pos - 1, pos]
    found = sorted(order[p] for p in asked if p in order)
    n_cds = len(t.cds()) - t.phase
    if len(found) < len(asked) or found[-1] - found[0] + 1 != len(asked):
        return None
    start, end = (found[0], found[-1] + 1) if ref else (found[1], found[1])
    if start >= n_cds // 3 * 3:  # in a last codon that is not whole
        return None
    letters = [genome[t.chrom][p - 1] for p in places]
    text = "".join(letters) if t.strand == "+" else "".join(letters).translate(COMPLEMENT)
    put = alt if t.strand == "+" else reverse(alt)
    code = MITOCHONDRIAL if t.chrom == "MT" else STANDARD
    old, new = (
        "".join(code[x[i : i + 3]] for i in range(0, len(x) - 2, 3))
        for x in (text, text[:start] + put + text[end:])
    )
    framed = (len(put) - (end - start)) % 3 == 0
    return Outcome(
        old, new, framed, t.tag != "cds_start_NF", (start // 3, max(end - 1, start) // 3)
    )


def cut(text: str) -> str:
    return text[: text.index("*") + 1] if "*" in text else text


def _shared(old: str, new: str, first: int) -> int:
    count = 0
    while count < min(len(old), len(new)) - first and old[-1 - count] == new[-1 - count]:
        count += 1
    return count


def hgvs_name(out: Outcome) -> str:
    """The name by the rules: as far towards the end as can be, no residue behind a stop."""
    old, new = out.old, out.new
    ref, alt = cut(old), cut(new)
    first = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), None)
    first = min(len(old), len(new)) if first is None else first

    def residue(i: int) -> str:
        return f"{THREE[old[i]]}{i + 1}"

    def span(a: int, b: int) -> str:
        return residue(a) if a == b else f"{residue(a)}_{residue(b)}"

    if old == new or ("*" in alt and ref == alt):
        return f"p.{residue(out.codons[0])}=" if out.codons[0] == out.codons[1] else "p.="
    if out.starts and old[0] == "M" != new[:1]:
        return "p.Met1?"
    ended, stop = "*" in alt, old.index("*") if "*" in old else None

    def read_on() -> str:
        if first >= min(len(old), len(new)):
            return "p.?"
        if new[first] == "*":
            return f"p.{residue(first)}Ter"
        kind, n = ("ext", len(alt) - 1 - first) if first == stop else ("fs", len(alt) - first)
        return f"p.{residue(first)}{THREE[new[first]]}{kind}Ter{n if ended else '?'}"

    if not out.framed:
        return read_on()
    same = _shared(old, new, first)
    lost, gained = old[first : len(old) - same], new[first : len(new) - same]
    takes_stop = stop is not None and first <= stop < first + len(lost)
    if takes_stop and (first == stop or new[first : first + 1] == "*"):
        return read_on()
    if takes_stop and ended and len(alt) <= len(ref):
        same = _shared(ref, alt, first)
        lost, gained = ref[first : len(ref) - same], alt[first : len(alt) - same]
    elif takes_stop:
        told = "".join(THREE[c] for c in alt[first:])
        tail = "" if ended or not told else "extTer?"
        return f"p.{span(first, stop)}{'delins' + told if told else 'del'}{tail}"
    return _in_frame(first, (lost, cut(gained)), (old, stop), (residue, span))


def _in_frame(first, change, told, names):
    (lost, gained), (old, stop), (residue, span) = change, told, names
    if gained[:1] == "*":
        return f"p.{residue(first)}Ter" if first < len(old) else "p.?"
    if not lost and first == stop:
        gained = gained.removesuffix("*")
    new = "".join(THREE[c] for c in gained)
    if not lost and old[max(0, first - len(gained)) : first] == gained:
        return f"p.{span(first - len(gained), first - 1)}dup"
    if not lost:
        inside = 0 < first < len(old)
        return f"p.{residue(first - 1)}_{residue(first)}ins{new}" if inside else "p.?"
    if not gained:
        return f"p.{span(first, first + len(lost) - 1)}del"
    if len(lost) == len(gained) == 1:
        return f"p.{residue(first)}{new}"
    return f"p.{span(first, first + len(lost) - 1)}delins{new}"


_INFRAME = {"inframe_insertion", "inframe_deletion", "protein_altering_variant"}
#: By the form of the name: of these terms one has to be there, and others of these may.
TERMS = (
    (r"=$", {"synonymous_variant", "stop_retained_variant"}, _INFRAME),
    (r"Met1\?", {"start_lost"},
     {*_INFRAME, "frameshift_variant", "missense_variant", "stop_gained", "stop_lost"}),
    (r"fsTer", {"frameshift_variant"}, {"stop_lost"}),
    (r"ext|_Ter\d+del", {"stop_lost"}, {*_INFRAME, "frameshift_variant"}),
    (r"^p\.\w{3}\d+Ter$|(?<!del)ins\w*Ter$|(?<!Ter\d)delins\w*Ter$", {"stop_gained"},
     {*_INFRAME, "frameshift_variant", "missense_variant", "stop_retained_variant"}),
    (r"dup$|\d_\w+\dins", {"inframe_insertion"}, set()),
    (r"del$", {"inframe_deletion"}, set()),
    (r"delins", {*_INFRAME, "missense_variant"}, set()),
    (r"\d\w{3}$", {"missense_variant"}, set()),
)  # fmt: skip
