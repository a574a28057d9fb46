"""Bundle a homolog-profile score of each known human missense variant: what its relatives have.

Run it with ``python data-raw/build_homologs.py`` after ``build_missense.py``. Needs MMseqs2 and
takes about an hour on two cores; every stage is kept in ``data-raw/cache/variants``, so a run that
was interrupted goes on with the stage it had reached. The stages:

1. the human proteins with a known missense variant are searched against all of Swiss-Prot;
2. per variant, the residues that the aligned homologs have at its position are counted, each
   sequence with its Henikoff weight times the square of its identity with the query, and mixed
   with pseudocounts from the BLOSUM62 conditional distribution, the fewer homologs the more;
3. the score is the natural logarithm of alternative over reference residue in that mixture.

No clinical label enters a score. Labels had one influence: identity weights and the pseudocounts'
share were chosen among 40 combinations by the area under the curve in half of 2,500 random
proteins (``CHOSEN_ON``); the provenance holds the area in all other proteins, and in those too.
"""

from __future__ import annotations

import argparse
import multiprocessing
import zlib
from collections.abc import Iterator

import build_corpus
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from build_corpus import distinct, read_hits, run, write_fasta
from profiles import (
    AMINO_ACIDS,
    BACKGROUND,
    BLOSUM62,
    OTHER,
    Hit,
    align,
    blosum_conditional,
    encode,
    identities,
    sequence_weights,
)
from provenance import record
from scipy.stats import rankdata
from sources import BUNDLE, CACHE, SOURCES
from swissprot import read_swissprot

FOLDER = CACHE / "variants"
SEARCH = ["-s", "6", "-e", "1e-3", "-a", "--max-seqs", "2000", "-v", "2"]
COLUMNS = "query,target,evalue,qstart,tstart,cigar"
LONELY_SHARE, HALF_DEPTH = 0.9, 10.0
CHOSEN_SEED, CHOSEN_PROTEINS = 7, 2500
KEY = ["uniprot", "position", "ref_aa", "alt_aa"]
_LETTER = {letter: number for number, letter in enumerate(AMINO_ACIDS)}
_SEQUENCES: dict[str, np.ndarray] = {}


def search(queries: dict[str, str], sequences: dict[str, str]) -> None:
    """Search the queries against Swiss-Prot into ``hits.tsv``, unless it is there."""
    if (FOLDER / "hits.tsv").exists():
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    build_corpus.CORPUS = FOLDER
    write_fasta(FOLDER / "swissprot.fasta", distinct(sequences))
    write_fasta(FOLDER / "q.fasta", queries)
    run("createdb", "swissprot.fasta", "tdb", "-v", "1")
    run("createdb", "q.fasta", "qdb", "-v", "1")
    run("search", "qdb", "tdb", "hits", "tmp", *SEARCH)
    run("convertalis", "qdb", "tdb", "hits", "hits.part", "--format-output", COLUMNS)
    (FOLDER / "hits.part").rename(FOLDER / "hits.tsv")


def variant_scores(
    query: np.ndarray, hits: list[Hit], places: np.ndarray, change: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Log p(alternative) - log p(reference) and depth of the changes of one protein.

    Parameters
    ----------
    query : ndarray of uint8, shape (length,)
    hits : list of Hit
    places : ndarray of int, shape (changes,)
        Zero-based positions.
    change : ndarray of int, shape (changes, 2)
        Numbers of the reference and the alternative residue.

    Returns
    -------
    scores : ndarray of float, shape (changes,)
        Natural logarithm; negative: the relatives have the alternative residue less often.
    depth : ndarray of int, shape (changes,)
        Sequences with a residue there, the query included.
    """
    rows = align(query, hits, _SEQUENCES)
    weights = sequence_weights(rows) * identities(rows) ** 2
    there = rows[:, places]
    counts = np.stack([weights @ (there == residue) for residue in range(20)], axis=1)
    depth = np.maximum((there < OTHER).sum(axis=0), 1)
    total = counts.sum(axis=1, keepdims=True)
    frequencies = np.where(total > 0, counts / np.maximum(total, 1e-12), BACKGROUND)
    frequencies = frequencies / frequencies.sum(axis=1, keepdims=True)
    share = (LONELY_SHARE * HALF_DEPTH / (HALF_DEPTH + depth))[:, None]
    profile = (1.0 - share) * frequencies + share * (frequencies @ blosum_conditional())
    each = np.arange(len(places))
    return np.log(profile[each, change[:, 1]]) - np.log(profile[each, change[:, 0]]), depth


def jobs(changes: pd.DataFrame) -> Iterator[tuple[str, list[Hit], pd.DataFrame]]:
    """Name, hits and changes of each protein, those without a homolog last."""
    groups = dict(list(changes.groupby("uniprot", sort=True)))
    for name, hits in read_hits(FOLDER / "hits.tsv"):
        if name in groups:
            yield name, hits, groups.pop(name)
    for name, rows in groups.items():
        yield name, [], rows


def one_protein(job: tuple[str, list[Hit], pd.DataFrame]) -> pd.DataFrame:
    """Scores of the changes of one protein; runs in a worker."""
    name, hits, rows = job
    change = rows[["ref_aa", "alt_aa"]].apply(lambda column: column.map(_LETTER)).to_numpy()
    places = rows["position"].to_numpy() - 1
    scores, depth = variant_scores(_SEQUENCES[name], hits, places, change)
    return rows[KEY].assign(log_lik_ratio=scores.round(3), depth=depth)


def auroc(score: np.ndarray, positive: np.ndarray) -> float:
    """Area under the curve of a score that is higher for positives."""
    ranks, n = rankdata(score), int(positive.sum())
    return (ranks[positive].sum() - n * (n + 1) / 2) / (n * (len(score) - n))


def chosen_on(rows: pd.DataFrame, names: list[str]) -> tuple[pd.Series, pd.Series]:
    """Rows by which the parameters were chosen, and rows of proteins that were never looked at."""
    sample = set(np.random.default_rng(CHOSEN_SEED).permutation(names)[:CHOSEN_PROTEINS])
    seen = rows["uniprot"].isin(sample)
    half = rows["uniprot"].map(lambda name: zlib.crc32(name.encode()) % 2 == 0)
    return seen & half, ~seen


def evaluate(scores: pd.DataFrame, labelled: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Area under the curve of the profile and of BLOSUM62 on benign and pathogenic variants."""
    labels = labelled.groupby(KEY)["clinical"].agg(["first", "nunique"]).query("nunique == 1")
    labels = labels["first"].rename("clinical").reset_index()
    rows = labels.merge(scores, on=KEY, how="inner", validate="one_to_one")
    positive = (rows["clinical"] == "pathogenic").to_numpy()
    residues = [rows[name].map(_LETTER).to_numpy() for name in ("ref_aa", "alt_aa")]
    told = {}
    choice, unseen = chosen_on(rows, sorted(labelled["uniprot"].unique()))
    for name, part in (("chosen_on", choice), ("other_proteins", unseen)):
        part = part.to_numpy()
        told[name] = {
            "variants": int(part.sum()),
            "proteins": int(rows.loc[part, "uniprot"].nunique()),
            "homolog_profile": round(
                auroc(-rows["log_lik_ratio"].to_numpy()[part], positive[part]), 4
            ),
            "blosum62": round(auroc(-BLOSUM62[residues[0], residues[1]][part], positive[part]), 4),
        }
    return told


def write(table: pd.DataFrame, path) -> None:
    """Write plain types in a fixed order."""
    numbers = {"position": pa.int32(), "log_lik_ratio": pa.float32(), "depth": pa.int32()}
    types = [(name, numbers.get(name, pa.string())) for name in (*KEY, "log_lik_ratio", "depth")]
    made = pa.Table.from_pandas(
        table.sort_values(KEY, ignore_index=True), schema=pa.schema(types), preserve_index=False
    )
    pq.write_table(
        made.replace_schema_metadata(None), path, compression="zstd", compression_level=19
    )


def main() -> None:
    """Score every checked variant, bundle those of the map, measure all that are labelled."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    proteins = pd.read_parquet(BUNDLE / "human_proteins.parquet").set_index("uniprot")["sequence"]
    checked = pd.read_parquet(CACHE / "humsavar_checked.parquet")
    usual = checked["ref_aa"].isin(_LETTER) & checked["alt_aa"].isin(_LETTER)
    changes = checked.loc[usual, KEY].drop_duplicates()
    sequences = read_swissprot()
    search({name: proteins[name] for name in changes["uniprot"].unique()}, sequences)
    _SEQUENCES.update({name: encode(one) for name, one in sequences.items()})
    done = []
    with multiprocessing.get_context("fork").Pool(options.workers) as pool:
        for made in pool.imap_unordered(one_protein, jobs(changes), chunksize=8):
            done.append(made)
            if len(done) % 1000 == 0:
                print(f"{len(done):,} of {changes['uniprot'].nunique():,} proteins", flush=True)
    scores = pd.concat(done, ignore_index=True)
    labelled = checked[usual & checked["clinical"].isin(["benign", "pathogenic"])]
    measured = evaluate(scores, labelled)
    known = pd.read_parquet(BUNDLE / "human_missense.parquet")
    bundled = scores.merge(known.loc[known["checked"], KEY].drop_duplicates(), on=KEY)
    path = BUNDLE / "human_missense_homologs.parquet"
    write(bundled, path)
    scores.to_parquet(FOLDER / "scores.parquet")
    record(
        path,
        rows=len(bundled),
        median_depth=float(bundled["depth"].median()),
        auroc_benign_pathogenic=measured,
        script="data-raw/build_homologs.py",
        seed=CHOSEN_SEED,
        upstream="Swiss-Prot, January 2014, searched with MMseqs2 (sensitivity 6, E < 1e-3)",
        upstream_reference="UniProt Consortium; Steinegger and Soeding 2017, "
        "Nature Biotechnology 35:1026; Henikoff and Henikoff 1994",
        licence="CC BY 4.0 (UniProt)",
        note="Scores were computed here from sequences; none of the package's code is taken. "
        "Labels chose the weights' exponent and the pseudocounts' share (see the script), on "
        "the variants of chosen_on.",
        **SOURCES["swissprot"].label(),
    )


if __name__ == "__main__":
    main()
