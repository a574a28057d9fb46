"""Build the training corpus of the bundled protein model: sequences with homolog profiles.

Run it with ``python data-raw/build_corpus.py`` after ``build_proteins.py``. Needs MMseqs2 and takes
about half an hour on two cores; every stage is kept in ``data-raw/cache/corpus``, so a run
that was interrupted goes on with the stage it had reached. The stages:

1. all human proteins, the TEM-1 beta-lactamase and, if ``--other-residues`` says so, a seeded
   sample of other species' proteins are searched against all of Swiss-Prot;
2. the validation split: connected components of human proteins under those hits, of at most 40
   members each, until 5% of the proteins are held out. No training protein has a hit to a
   held-out one. The TEM-1 family is left out of training altogether;
3. one profile per protein (see ``profiles.py``).

No clinical label is read here.
"""

from __future__ import annotations

import argparse
import multiprocessing
import subprocess
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd
from profiles import Hit, encode, homolog_profile
from sources import BUNDLE, CACHE
from swissprot import read_swissprot

CORPUS = CACHE / "corpus"
TEM1 = "P62593"
SEED = 20260723
HELD_OUT_SHARE = 0.05
LARGEST_HELD_OUT = 40
SEARCH = ["-s", "5", "-e", "1e-3", "-a", "--max-seqs", "400", "-v", "2"]
Profiles = tuple[np.ndarray, np.ndarray]
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
        run("search", f"{name}DB", "targetDB", f"{name}Hits", "tmp", *SEARCH)
    part = f"{name}_hits.part"
    run("convertalis", f"{name}DB", "targetDB", f"{name}Hits", part, "--format-output", COLUMNS)
    (CORPUS / part).rename(table)
    return table


def sample_others(sequences: dict[str, str], human: set[str], residues: int) -> dict[str, str]:
    """A seeded sample of that many residues of distinct Swiss-Prot sequences not human."""
    names = np.array([name for name, s in distinct(sequences).items() if s not in human])
    order = np.random.default_rng(SEED).permutation(names)
    lengths = np.cumsum([len(sequences[name]) for name in order])
    return {str(name): sequences[name] for name in order[lengths <= residues]}


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


_TARGETS: dict[str, np.ndarray] = {}


def _one_profile(job: tuple[str, list[Hit]]) -> tuple[str, np.ndarray, np.ndarray]:
    """Profile and depth of one query; runs in a worker."""
    name, hits = job
    return name, *homolog_profile(_TARGETS[name], hits, _TARGETS)


def build_profiles(name: str, queries: dict[str, str], table: Path, workers: int) -> Profiles:
    """Profiles and depths of one set of queries, end to end in the order of the queries."""
    files = [CORPUS / f"{name}_{kind}.npy" for kind in ("profiles", "depths")]
    if not all(path.exists() for path in files):
        done: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        with ProcessPoolExecutor(workers, multiprocessing.get_context("fork")) as pool:
            waiting = []
            for job in read_hits(table):
                waiting.append(pool.submit(_one_profile, job))
                if len(waiting) >= 512:
                    _collect(waiting, done, len(queries))
            _collect(waiting, done, len(queries))
        for lonely in queries.keys() - done.keys():
            done[lonely] = homolog_profile(_TARGETS[lonely], [], _TARGETS)
        for path, part in zip(files, zip(*(done[q] for q in queries), strict=True), strict=True):
            np.save(path, np.concatenate(part))
    return np.load(files[0], mmap_mode="r"), np.load(files[1], mmap_mode="r")


def _collect(waiting: list, done: dict, total: int) -> None:
    """Take finished profiles in and say how far it is."""
    for future in waiting:
        name, profile, depth = future.result()
        done[name] = (profile, depth)
    waiting.clear()
    print(f"profiles: {len(done):,} of {total:,}", flush=True)


def save(queries: dict[str, str], done: list[Profiles], split: pd.Series, human: set[str]) -> None:
    """Write tokens, profiles, depths and the table of proteins."""
    names = list(queries)
    lengths = np.array([len(queries[name]) for name in names])
    np.save(CORPUS / "residues.npy", np.concatenate([encode(queries[name]) for name in names]))
    np.save(CORPUS / "profiles.npy", np.concatenate([profiles for profiles, _ in done]))
    np.save(CORPUS / "depths.npy", np.concatenate([depths for _, depths in done]))
    table = pd.DataFrame({"name": names, "length": lengths, "split": split.loc[names].to_numpy()})
    table["start"] = np.cumsum(lengths) - lengths
    table["human"] = table["name"].isin(human)
    table.to_parquet(CORPUS / "proteins.parquet")
    print(table.groupby(["split", "human"])["length"].agg(["size", "sum"]).to_string())


def main() -> None:
    """Run the stages that are not there yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=2, help="processes for the profiles")
    parser.add_argument(
        "--other-residues", type=int, default=0, help="residues of other species to learn from too"
    )
    options = parser.parse_args()
    CORPUS.mkdir(parents=True, exist_ok=True)
    sequences = read_swissprot()
    if not (CORPUS / "targetDB.dbtype").exists():
        write_fasta(CORPUS / "swissprot.fasta", distinct(sequences))
        run("createdb", "swissprot.fasta", "targetDB", "-v", "1")
    bundled = pd.read_parquet(BUNDLE / "human_proteins.parquet", columns=["uniprot"])
    human = {name: sequences[name] for name in bundled["uniprot"]}
    tables = [search("human", human)]
    others = sample_others(sequences, set(human.values()), options.other_residues)
    others = {TEM1: sequences[TEM1]} | others
    tables.append(search("other", others))
    split = assign_splits(human, others, pd.concat([read_links(table) for table in tables]))
    print(split.value_counts().to_string(), flush=True)
    _TARGETS.update({name: encode(sequence) for name, sequence in sequences.items()})
    done = [
        build_profiles(name, queries, table, options.workers)
        for name, queries, table in zip(("human", "other"), (human, others), tables, strict=True)
    ]
    save(human | others, done, split, set(human))


if __name__ == "__main__":
    main()
