"""What the cache of a model's answers costs and saves: without one, filling one, out of one.

Run: python benchmarks/scoring_cache.py [--model NAME_OR_FOLDER] [--proteins 50] [--changes 5]

Prints CPU seconds of each in this run and their ratios, for whole calls of score_variants.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from seqgen import human_proteins, load_model, score_variants
from seqgen.models.cached import cached_model
from seqgen.models.protocol import SequenceModel


def changes_of(proteins: pd.DataFrame, count: int, seed: int) -> pd.DataFrame:
    """Some changes in each protein, at distinct positions."""
    rng = np.random.default_rng(seed)
    frames = []
    for row in proteins.itertuples():
        place = np.sort(rng.choice(len(row.sequence), min(count, len(row.sequence)), replace=False))
        ref = np.array(list(row.sequence))[place]
        frames.append(pd.DataFrame({"uniprot": row.uniprot, "position": place + 1, "ref_aa": ref,
                                    "alt_aa": np.where(ref == "A", "V", "A")}))  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def cpu_seconds(call: Callable[[], object]) -> float:
    began = time.process_time()
    call()
    return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="default")
    parser.add_argument("--proteins", type=int, default=50)
    parser.add_argument("--changes", type=int, default=5, help="in each protein")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    known = human_proteins()
    lengths = known["sequence"].str.len()
    proteins = known[lengths.between(200, 600)].sample(
        arguments.proteins, random_state=arguments.seed
    )
    changes = changes_of(proteins, arguments.changes, arguments.seed)
    model = load_model(arguments.model)
    model.log_probs(["MKV"])  # the first pass sets up what later ones find
    print(f"{len(changes):,} changes in {len(proteins)} proteins of "
          f"{proteins['sequence'].str.len().mean():.0f} residues, {model.name}")  # fmt: skip
    for method in ("masked-marginal", "wild-type-marginal"):

        def score(cache: str | None, method: str = method) -> pd.DataFrame:
            return score_variants(changes, proteins, model, methods=[method], cache=cache).table

        with tempfile.TemporaryDirectory() as folder:
            seconds = {
                "no cache": cpu_seconds(lambda: score(None)),
                "cold": cpu_seconds(lambda folder=folder: score(folder)),
                "warm": cpu_seconds(lambda folder=folder: score(folder)),
                "no cache, again": cpu_seconds(lambda: score(None)),
            }
            size = sum(path.stat().st_size for path in Path(folder).iterdir())
            same = score(folder).equals(score(folder))
        plain = min(seconds["no cache"], seconds["no cache, again"])
        print(f"\n{method}: " + ", ".join(f"{name} {time:.3f}" for name, time in seconds.items()))
        print(f"  cold / no cache {seconds['cold'] / plain:.3f}; no cache / warm "
              f"{plain / seconds['warm']:.0f}; {size / len(changes):,.0f} bytes a change; "
              f"twice the same bits: {same}")  # fmt: skip
    answers_alone(model, list(proteins["sequence"]))


def answers_alone(model: SequenceModel, sequences: list[str]) -> None:
    """Whole sequences asked for, without what a score is besides."""
    computed = cpu_seconds(lambda: model.log_probs(sequences))
    with tempfile.TemporaryDirectory() as folder, cached_model(model, folder) as cached:
        cached.log_probs(sequences)
        kept = min(cpu_seconds(lambda: cached.log_probs(sequences)) for _ in range(5))
    print(f"\nanswers alone: computed {computed:.3f}, kept {kept:.4f}, ratio {computed / kept:.0f}")


if __name__ == "__main__":
    main()
