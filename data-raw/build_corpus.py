"""Build the training corpus of the bundled protein model: sequences with homolog frequencies.

Run it with ``python data-raw/build_corpus.py`` after ``build_homologs.py``, whose search it goes
on from. Needs MMseqs2 and takes about half an hour on two cores; every stage is kept in
``data-raw/cache/corpus``, so a run that was interrupted goes on with the stage it had reached. The
stages:

1. Swiss-Prot is clustered at 50% identity. The human proteins that ``build_homologs.py`` did not
   search, a representative of each cluster of at least four members that is not human, and the
   TEM-1 beta-lactamase are searched against all of Swiss-Prot;
2. the validation split: connected components of human proteins under those hits, of at most 40
   members each, until 5% of the proteins are held out. No training protein has a hit to a
   held-out one. The TEM-1 family is left out of training altogether;
3. the homologs' residue frequencies at each position of each protein (see ``profiles.py``).

No clinical label is read here.
"""

from __future__ import annotations

import argparse
import multiprocessing
import subprocess
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd
from profiles import Hit, encode, homolog_frequencies
from sources import BUNDLE, CACHE
from swissprot import read_swissprot

CORPUS = CACHE / "corpus"
# What build_homologs.py left: Swiss-Prot as a database, and the hits of its queries.
SEARCHED = CACHE / "variants"
TARGETS = SEARCHED / "tdb"
TEM1 = "P62593"
SEED = 20261126
HELD_OUT_SHARE = 0.05
LARGEST_HELD_OUT = 40
CLUSTER = ["--min-seq-id", "0.5", "-c", "0.8", "--cov-mode", "0", "-v", "1"]
LEAST_MEMBERS = 4
LENGTHS = 40, 2000  # of a representative
SEARCH = ["-e", "1e-3", "-a", "--max-seqs", "400", "-v", "2"]
SENSITIVITY = {"human": "5", "other": "3"}
COLUMNS = "query,target,evalue,qstart,tstart,cigar"


def run(*command: str | Path) -> None:
    """Run one MMseqs2 command in the corpus folder."""
    print("mmseqs", *command, flush=True)
    subprocess.run(["mmseqs", *map(str, command)], check=True, cwd=CORPUS)


def write_fasta(path: Path, sequences: dict[str, str]) -> None:
    """Write sequences as FASTA with bare accessions."""
    path.write_text("".join(f">{name}\n{sequence}\n" for name, sequence in sequences.items()))


def distinct(sequences: dict[str, str]) -> dict[str, str]:
    """The first accession of each distinct sequence."""
    first = {sequence: name for name, sequence in reversed(sequences.items())}
    return {name: s for name, s in sequences.items() if first[s] == name}


def search(name: str, queries: dict[str, str]) -> Path:
    """Search the queries against Swiss-Prot; path of the table of alignments."""
    table = CORPUS / f"{name}_hits.tsv"
    if table.exists():
        return table
    if not (CORPUS / f"{name}Hits.dbtype").exists():
        write_fasta(CORPUS / f"{name}.fasta", queries)
        run("createdb", f"{name}.fasta", f"{name}DB", "-v", "1")
        sensitivity = ["-s", SENSITIVITY[name]]
        run("search", f"{name}DB", TARGETS, f"{name}Hits", "tmp", *sensitivity, *SEARCH)
    part = f"{name}_hits.part"
    run("convertalis", f"{name}DB", TARGETS, f"{name}Hits", part, "--format-output", COLUMNS)
    (CORPUS / part).rename(table)
    return table


def representatives(sequences: dict[str, str], human: set[str]) -> dict[str, str]:
    """Representatives of the larger clusters of Swiss-Prot that are not human, shuffled."""
    table = CORPUS / "clusters.tsv"
    if not table.exists():
        if not (CORPUS / "clusters.dbtype").exists():
            run("linclust", TARGETS, "clusters", "tmp", *CLUSTER)
        run("createtsv", TARGETS, TARGETS, "clusters", "clusters.part", "-v", "1")
        (CORPUS / "clusters.part").rename(table)
    members = pd.read_csv(table, sep="\t", header=None, names=["one", "member"]).groupby("one")
    sizes = members.size()
    names = [
        name
        for name in sizes.index[sizes >= LEAST_MEMBERS]
        if name in sequences
        and sequences[name] not in human
        and LENGTHS[0] <= len(sequences[name]) <= LENGTHS[1]
    ]
    order = np.random.default_rng(SEED).permutation(names)
    return {str(name): sequences[name] for name in order}


def read_links(table: Path) -> pd.DataFrame:
    """Query, target and E-value of every alignment."""
    return pd.read_csv(table, sep="\t", header=None, usecols=[0, 1, 2],
                       names=["query", "target", "evalue"])  # fmt: skip


def components(names: list[str], links: pd.DataFrame) -> np.ndarray:
    """Number of the connected component of each name under the links."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    place = {name: number for number, name in enumerate(names)}
    inside = links[links["query"].isin(place) & links["target"].isin(place)]
    rows, columns = inside["query"].map(place), inside["target"].map(place)
    graph = coo_matrix((np.ones(len(inside)), (rows, columns)), shape=(len(names),) * 2)
    return connected_components(graph, directed=False)[1]


def held_out_humans(names: list[str], links: pd.DataFrame) -> set[str]:
    """Human proteins of a seeded choice of whole components, about 5% of all proteins.

    Two proteins are linked when one finds the other or when both find the same Swiss-Prot entry.
    """
    label = components(sorted(set(names) | set(links["target"])), links)
    everything = pd.Series(label, index=sorted(set(names) | set(links["target"])))
    group = everything.loc[names]
    sizes = group.value_counts().sort_index()
    small = sizes.index[sizes <= LARGEST_HELD_OUT].to_numpy()
    chosen, total = [], 0
    for number in np.random.default_rng(SEED).permutation(small):
        if total >= HELD_OUT_SHARE * len(names):
            break
        chosen.append(number)
        total += sizes[number]
    return set(group.index[group.isin(chosen)])


def assign_splits(human: dict[str, str], others: dict[str, str], links: pd.DataFrame) -> pd.Series:
    """Split of every query: ``train``, ``held_out`` (human), ``tem1`` or ``excluded``."""
    names = list(human)
    held_out = held_out_humans(names, links[links["query"].isin(human)])
    split = pd.Series("train", index=[*human, *others])
    split[sorted(held_out)] = "held_out"
    touched = set(links.loc[links["query"].isin(held_out), "target"])
    finds = links.loc[links["target"].isin(touched | held_out), "query"]
    leaks = (touched | set(finds)) & (set(split.index) - held_out)
    split[sorted(leaks)] = "excluded"
    family = set(links.loc[links["query"] == TEM1, "target"])
    family |= set(links.loc[links["target"].isin(family), "query"])
    split[sorted(family & set(split.index))] = "tem1"
    return split


def read_hits(table: Path) -> Iterator[tuple[str, list[Hit]]]:
    """Alignments of one query after the other."""
    with table.open() as handle:
        fields = (line.rstrip("\n").split("\t") for line in handle)
        for query, rows in groupby(fields, key=lambda row: row[0]):
            yield query, [Hit(row[1], int(row[3]) - 1, int(row[4]) - 1, row[5]) for row in rows]


_SEQUENCES: dict[str, np.ndarray] = {}


def _one_protein(job: tuple[str, list[Hit]]) -> tuple[str, np.ndarray, np.ndarray]:
    """Frequencies and depth of one query; runs in a worker."""
    name, hits = job
    return name, *homolog_frequencies(_SEQUENCES[name], hits, _SEQUENCES)


def _jobs(tables: list[Path], queries: dict[str, str]) -> Iterator[tuple[str, list[Hit]]]:
    """Hits of each query, those without any last."""
    waiting = set(queries)
    for table in tables:
        for name, hits in read_hits(table):
            if name in waiting:
                waiting.remove(name)
                yield name, hits
    yield from ((name, []) for name in sorted(waiting))


def build_frequencies(queries: dict[str, str], tables: list[Path], workers: int) -> None:
    """Write residues, frequencies and depths of all queries, end to end in their order."""
    done: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        made = pool.imap_unordered(_one_protein, _jobs(tables, queries), chunksize=16)
        for name, frequencies, depth in made:
            done[name] = frequencies, depth
            if len(done) % 2000 == 0:
                print(f"homologs: {len(done):,} of {len(queries):,} proteins", flush=True)
    np.save(CORPUS / "residues.npy", np.concatenate([_SEQUENCES[name] for name in queries]))
    for number, kind in enumerate(("frequencies", "depths")):
        np.save(CORPUS / f"{kind}.npy", np.concatenate([done[name][number] for name in queries]))


def save_table(queries: dict[str, str], split: pd.Series, human: set[str]) -> None:
    """Write the table of proteins."""
    names = list(queries)
    lengths = np.array([len(queries[name]) for name in names])
    table = pd.DataFrame({"name": names, "length": lengths, "split": split.loc[names].to_numpy()})
    table["start"] = np.cumsum(lengths) - lengths
    table["human"] = table["name"].isin(human)
    table.to_parquet(CORPUS / "proteins.parquet")
    print(table.groupby(["split", "human"])["length"].agg(["size", "sum"]).to_string())


def main() -> None:
    """Run the stages that are not there yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=2, help="processes for the profiles")
    options = parser.parse_args()
    CORPUS.mkdir(parents=True, exist_ok=True)
    sequences = read_swissprot()
    bundled = pd.read_parquet(BUNDLE / "human_proteins.parquet", columns=["uniprot"])
    human = {name: sequences[name] for name in bundled["uniprot"]}
    names = {line[1:].strip() for line in (SEARCHED / "q.fasta").open() if line[0] == ">"}
    rest = {name: one for name, one in human.items() if name not in names}
    others = representatives(sequences, set(human.values())) | {TEM1: sequences[TEM1]}
    tables = [SEARCHED / "hits.tsv", search("human", rest), search("other", others)]
    split = assign_splits(human, others, pd.concat([read_links(table) for table in tables]))
    print(split.value_counts().to_string(), flush=True)
    _SEQUENCES.update({name: encode(sequence) for name, sequence in sequences.items()})
    build_frequencies(human | others, tables, options.workers)
    save_table(human | others, split, set(human))


if __name__ == "__main__":
    main()
