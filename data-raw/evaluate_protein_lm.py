"""Measure the bundled protein model and write its card.

Run it with ``python data-raw/evaluate_protein_lm.py --dms SCAN.csv.gz`` after training. It reads

- the held-out proteins of the corpus: perplexity and divergence from the homolog profiles;
- the benign and pathogenic variants of humsavar that fit the bundled sequences (this is the only
  place where clinical labels are read, and nothing is fitted to them);
- optionally a deep mutational scan of TEM-1 (columns ``mutant`` and ``2500``).

and writes ``metrics.json`` and the card ``README.md`` beside the model. ``--quick`` prints the area
under the curve on 5,000 variants and writes nothing; ``--card`` writes the card again from the
metrics that are there.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from card import write_card
from crops import MASKED_SHARE, Corpus
from profiles import BLOSUM62, blosum_conditional, encode, profile, pseudocount_share
from protein_lm import MASK, MODEL_FOLDER, load_model, tokens_of
from provenance import record
from scipy.stats import rankdata, spearmanr
from scoring import blosum_scores, masked_scores, predictions, wild_type_scores
from sources import CACHE, SOURCES
from transformers import EsmForMaskedLM

CORPUS = CACHE / "corpus"
TEM1 = "P62593"
SEED = 7
MASKED_SUBSET = 2000
QUICK_SUBSET = 5000
HELD_OUT_CROPS = 600


def auroc(score: np.ndarray, positive: np.ndarray) -> float:
    """Area under the ROC curve; ties count half."""
    ranks = rankdata(score)
    ones = int(positive.sum())
    zeros = len(positive) - ones
    if not ones or not zeros:
        return float("nan")
    return float((ranks[positive].sum() - ones * (ones + 1) / 2) / (ones * zeros))


def within_proteins(score: np.ndarray, rows: pd.DataFrame) -> float | None:
    """Mean of the proteins' own areas, over proteins with at least three variants of each kind.

    None where there is no such protein.
    """
    areas = []
    for numbers in rows.groupby("uniprot").indices.values():
        positive = rows["pathogenic"].to_numpy()[numbers]
        if min(positive.sum(), (~positive).sum()) >= 3:
            areas.append(auroc(score[numbers], positive))
    return round(float(np.mean(areas)), 4) if areas else None


def read_variants(proteins: pd.DataFrame) -> pd.DataFrame:
    """Benign and pathogenic humsavar variants with their protein's split and profile score."""
    rows = pd.read_parquet(CACHE / "humsavar_checked.parquet")
    rows = rows[rows["clinical"] != "uncertain"].drop_duplicates(["uniprot", "position", "alt_aa"])
    rows = rows.reset_index(drop=True)
    rows["pathogenic"] = rows["clinical"] == "pathogenic"
    rows["ref"] = encode("".join(rows["ref_aa"])).astype(int)
    rows["alt"] = encode("".join(rows["alt_aa"])).astype(int)
    known = proteins.set_index("name")
    rows["split"] = rows["uniprot"].map(known["split"])
    place = rows["uniprot"].map(known["start"]).to_numpy() + rows["position"].to_numpy() - 1
    at = np.log(profiles_at(place))
    line = np.arange(len(rows))
    rows["profile"] = at[line, rows["ref"]] - at[line, rows["alt"]]
    return rows


def profiles_at(place: np.ndarray) -> np.ndarray:
    """Homolog profiles at places of the corpus, shape (places, 20)."""
    parts = (np.load(CORPUS / f"{name}.npy", mmap_mode="r") for name in ("frequencies", "depths"))
    return profile(*(part[place] for part in parts))


def encoded_sequences(names: pd.Series, proteins: pd.DataFrame) -> dict[str, np.ndarray]:
    """Encoded sequences of some proteins of the corpus."""
    residues = np.load(CORPUS / "residues.npy", mmap_mode="r")
    wanted = proteins[proteins["name"].isin(set(names))]
    return {r.name: residues[r.start : r.start + r.length] for r in wanted.itertuples(index=False)}


def clinical_areas(rows: pd.DataFrame, columns: list[str]) -> dict:
    """Areas of each score over all variants, by split, and within proteins."""
    result = {}
    for label, part in {
        "all": rows,
        "training proteins": rows[rows["split"] == "train"],
        "held-out clusters": rows[rows["split"] == "held_out"],
    }.items():
        part = part.reset_index(drop=True)
        positive = part["pathogenic"].to_numpy()
        result[label] = {
            "variants": len(part),
            "pathogenic": int(positive.sum()),
            "proteins": int(part["uniprot"].nunique()),
            "auroc": {c: round(auroc(part[c].to_numpy(), positive), 4) for c in columns},
            "auroc_within_proteins": {
                c: within_proteins(part[c].to_numpy(), part) for c in columns
            },
        }
    return result


class Crop(NamedTuple):
    """One crop of a held-out protein: residues, which of them to mask, and profiles."""

    residues: np.ndarray
    masked: np.ndarray
    profile: np.ndarray


def held_out_crops(held: Corpus) -> list[Crop]:
    """A seeded choice of crops of held-out proteins."""
    rng = np.random.default_rng(SEED)
    crops = []
    for start, end in held.tile(510, rng)[:HELD_OUT_CROPS]:
        residues = held.residues[start:end].numpy()
        masked = (rng.random(len(residues)) < MASKED_SHARE) & (residues < 20)
        crops.append(Crop(residues, masked, profiles_at(np.arange(start, end))))
    return crops


def masked_surprise(
    model: EsmForMaskedLM, crops: list[Crop], unigram: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Minus log-probability of each masked residue: the model's and the unigram's."""
    hidden = [np.concatenate([[False], crop.masked, [False]]) for crop in crops]
    inputs = [
        np.where(mask, MASK, tokens_of(crop.residues))
        for mask, crop in zip(hidden, crops, strict=True)
    ]
    surprise, letters = [], []
    for numbers, log_probs in predictions(model, inputs):
        for line, number in zip(log_probs, numbers, strict=True):
            at = np.flatnonzero(crops[number].masked)
            letters.append(crops[number].residues[at])
            surprise.append(-line[at + 1, letters[-1]])
    return np.concatenate(surprise), -np.log(unigram[np.concatenate(letters)])


def divergences(
    model: EsmForMaskedLM, crops: list[Crop], context_free: np.ndarray
) -> dict[str, float]:
    """Mean divergence of the profiles from three predictions, in nats."""
    lonely = pseudocount_share(np.ones(1))[0]
    blosum = np.log((1.0 - lonely) * np.eye(20) + lonely * blosum_conditional())
    parts: dict[str, list[np.ndarray]] = {"model": [], "blosum62": [], "context_free": []}
    for numbers, log_probs in predictions(model, [tokens_of(crop.residues) for crop in crops]):
        for line, number in zip(log_probs, numbers, strict=True):
            at = np.flatnonzero(crops[number].residues < 20)
            target, letter = crops[number].profile[at], crops[number].residues[at]
            own = (target * np.log(np.maximum(target, 1e-9))).sum(1)
            answers = (line[at + 1], blosum[letter], context_free[letter])
            for name, answer in zip(parts, answers, strict=True):
                parts[name].append(own - (target * answer).sum(1))
    return {name: float(np.concatenate(part).mean()) for name, part in parts.items()}


def held_out_fit(model: EsmForMaskedLM) -> dict:
    """Perplexity at masked positions and divergence from profiles, on held-out proteins."""
    cpu = torch.device("cpu")
    crops = held_out_crops(Corpus(CORPUS, "held_out", cpu))
    context_free, unigram = context_free_baselines(Corpus(CORPUS, "train", cpu))
    surprise, baseline = masked_surprise(model, crops, unigram)
    nats = divergences(model, crops, context_free)
    return {
        "crops": len(crops),
        "masked_positions": len(surprise),
        "positions": sum(int((crop.residues < 20).sum()) for crop in crops),
        "perplexity_masked": round(float(np.exp(surprise.mean())), 3),
        "perplexity_unigram": round(float(np.exp(baseline.mean())), 3),
        **{f"divergence_{name}": round(value, 4) for name, value in nats.items()},
    }


def context_free_baselines(corpus: Corpus) -> tuple[np.ndarray, np.ndarray]:
    """Log of the mean training profile of each residue, and the residues' frequencies."""
    total, count = np.zeros((20, 20)), np.zeros(20)
    for row in corpus.table.iloc[::8].itertuples():
        place = np.arange(row.start, row.start + row.length)
        letters = corpus.residues[row.start : row.start + row.length].numpy()
        known = letters < 20
        np.add.at(total, letters[known], profiles_at(place[known]))
        count += np.bincount(letters[known], minlength=20)
    return np.log(total / total.sum(1, keepdims=True)), count / count.sum()


def scan(model: EsmForMaskedLM, path: Path, proteins: pd.DataFrame) -> dict:
    """Spearman correlation with a TEM-1 scan of fitness at the highest ampicillin dose."""
    table = pd.read_csv(path, usecols=["mutant", "2500"]).dropna()
    parts = table["mutant"].str.extract(r"^([A-Z])(\d+)([A-Z])$")
    rows = pd.DataFrame({"uniprot": TEM1, "position": parts[1].astype(int)})
    rows["ref"] = encode("".join(parts[0])).astype(int)
    rows["alt"] = encode("".join(parts[2])).astype(int)
    sequence = encoded_sequences(pd.Series([TEM1]), proteins)[TEM1].copy()
    differing = rows.loc[sequence[rows["position"] - 1] != rows["ref"], "position"].unique()
    sequence[rows["position"] - 1] = rows["ref"]
    known = proteins.set_index("name").loc[TEM1]
    at = np.log(profiles_at(known["start"] + rows["position"].to_numpy() - 1))
    line = np.arange(len(rows))
    fitness = table["2500"].to_numpy()
    scores = {
        "wild_type_marginal": wild_type_scores(model, rows, {TEM1: sequence}, 1022),
        "masked_marginal": masked_scores(model, rows, {TEM1: sequence}, 1022),
        "blosum62": -BLOSUM62[rows["ref"], rows["alt"]],
        "profile": at[line, rows["ref"]] - at[line, rows["alt"]],
    }
    return {
        "variants": len(rows),
        "residues_differing_from_swissprot": len(differing),
        "spearman": {n: round(float(spearmanr(-s, fitness)[0]), 4) for n, s in scores.items()},
    }


def quick(model: EsmForMaskedLM, rows: pd.DataFrame, proteins: pd.DataFrame, window: int) -> None:
    """Print the areas on a fixed subset of short proteins' variants."""
    short = set(proteins.loc[proteins["length"] <= 500, "name"])
    rows = rows[rows["uniprot"].isin(short)]
    names = np.random.default_rng(SEED).permutation(rows["uniprot"].unique())
    counts = rows["uniprot"].value_counts().loc[names].cumsum()
    rows = rows[rows["uniprot"].isin(counts.index[counts <= QUICK_SUBSET])].reset_index(drop=True)
    sequences = encoded_sequences(rows["uniprot"], proteins)
    rows["model"] = wild_type_scores(model, rows, sequences, window)
    rows["blosum62"] = blosum_scores(rows)
    print(json.dumps(clinical_areas(rows, ["model", "blosum62", "profile"]), indent=1))


def clinical(
    model: EsmForMaskedLM, rows: pd.DataFrame, proteins: pd.DataFrame, window: int
) -> dict:
    """Areas of the unmasked score on all variants and of the masked one on a subset."""
    sequences = encoded_sequences(rows["uniprot"], proteins)
    rows["wild_type_marginal"] = wild_type_scores(model, rows, sequences, window)
    rows["blosum62"] = blosum_scores(rows)
    columns = ["wild_type_marginal", "blosum62", "profile"]
    result = {"window": window, **clinical_areas(rows, columns)}
    subset = rows.sample(min(MASKED_SUBSET, len(rows)), random_state=SEED).reset_index(drop=True)
    subset["masked_marginal"] = masked_scores(model, subset, sequences, 254)
    result["masked subset"] = clinical_areas(subset, [*columns, "masked_marginal"])["all"]
    result["masked subset"]["window"] = 254
    return result


def main() -> None:
    """Measure, then write metrics and card."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=MODEL_FOLDER, help="folder of the model")
    parser.add_argument("--dms", type=Path, help="TEM-1 scan with columns mutant and 2500")
    parser.add_argument("--window", type=int, default=254, help="residues seen at once")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="print areas on 5,000 variants only")
    parser.add_argument("--card", action="store_true", help="only write the card again")
    options = parser.parse_args()
    if options.card:
        finish(options.model)
        return
    torch.set_num_threads(options.threads)
    began = time.monotonic()
    model, _ = load_model(options.model)
    proteins = pd.read_parquet(CORPUS / "proteins.parquet")
    rows = read_variants(proteins)
    if options.quick:
        quick(model, rows, proteins, options.window)
        if options.dms:
            print(json.dumps(scan(model, options.dms, proteins)))
        return
    metrics: dict[str, Any] = {"held_out": held_out_fit(model)}
    print(json.dumps(metrics, indent=1), flush=True)
    if options.dms:
        metrics["tem1_scan"] = scan(model, options.dms, proteins)
        print(json.dumps(metrics["tem1_scan"], indent=1), flush=True)
    metrics["humsavar"] = clinical(model, rows, proteins, options.window)
    print(json.dumps(metrics["humsavar"], indent=1))
    counts = proteins.groupby(["split", "human"])["length"].agg(["size", "sum"]).reset_index()
    metrics["corpus"] = counts.rename(columns={"size": "proteins", "sum": "residues"}).to_dict(
        "records"
    )
    (options.model / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n")
    finish(options.model)
    print(f"evaluated in {(time.monotonic() - began) / 60:.1f} min")


def finish(folder: Path) -> None:
    """Write the card from the metrics, and the provenance of a model that is bundled."""
    training = json.loads((folder / "training.json").read_text())
    write_card(folder, json.loads((folder / "metrics.json").read_text()), training)
    if folder == MODEL_FOLDER:
        record_model(folder, training)


def record_model(folder: Path, training: dict) -> None:
    """Put every file of the model into the provenance table."""
    for path in sorted(folder.iterdir()):
        record(
            path,
            seed=training["seed"],
            script="data-raw/train_protein_lm.py",
            upstream="trained from scratch on Swiss-Prot sequences and their homolog profiles",
            licence="MIT; training sequences from UniProtKB/Swiss-Prot, CC BY 4.0",
            **SOURCES["swissprot"].label(),
        )


if __name__ == "__main__":
    main()
