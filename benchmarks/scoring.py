"""Variant scoring against the usual script: one sequence at a time, library tokenizer, eager.

Run: python benchmarks/scoring.py [--model NAME_OR_FOLDER] [--proteins 200] [--residues 400]

Prints tokens per second of both in this run, their ratio, and how far the scores agree.
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
from seqgen.models.huggingface import MaskedProteinModel
from seqgen.schemas import AMINO_ACIDS

RESIDUES = np.array(list(AMINO_ACIDS))


def random_checkpoint(folder: Path) -> Path:
    """ESM-2's architecture, 4 layers x 256, random weights: speed does not depend on them."""
    import torch
    from transformers import EsmConfig, EsmForMaskedLM
    from transformers.models.esm.configuration_esm import get_default_vocab_list

    torch.manual_seed(0)
    config = EsmConfig(
        vocab_size=33, hidden_size=256, num_hidden_layers=4, num_attention_heads=8,
        intermediate_size=1024, mask_token_id=32, pad_token_id=1, max_position_embeddings=1026,
        position_embedding_type="rotary", token_dropout=True, initializer_range=0.1,
    )  # fmt: skip
    EsmForMaskedLM(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(get_default_vocab_list()))
    return folder


def usual_script(folder: Path) -> Callable[[str, int | None], np.ndarray]:
    """What most scripts do: tokenize, one forward pass with eager attention, log-softmax."""
    import torch
    from transformers import AutoTokenizer, EsmForMaskedLM

    tokenizer = AutoTokenizer.from_pretrained(folder)
    network = EsmForMaskedLM.from_pretrained(folder, attn_implementation="eager").eval()
    columns = [tokenizer.convert_tokens_to_ids(residue) for residue in AMINO_ACIDS]

    def log_probs(sequence: str, hidden: int | None) -> np.ndarray:
        inputs = tokenizer(sequence, return_tensors="pt")
        if hidden is not None:
            inputs["input_ids"][0, hidden + 1] = tokenizer.mask_token_id
        with torch.no_grad():
            logits = network(**inputs).logits[0, 1:-1]
        return torch.log_softmax(logits, dim=-1).numpy()[:, columns]

    return log_probs


def changes_of(proteins: pd.DataFrame, seed: int) -> pd.DataFrame:
    """One random change at every position."""
    rng = np.random.default_rng(seed)
    frames = []
    for row in proteins.itertuples():
        ref = np.array(list(row.sequence))
        alt = RESIDUES[(np.searchsorted(RESIDUES, ref) + rng.integers(1, 20, len(ref))) % 20]
        frames.append(pd.DataFrame({"uniprot": row.uniprot, "position": np.arange(1, len(ref) + 1),
                                    "ref_aa": ref, "alt_aa": alt}))  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def ratio(rows: np.ndarray, ref: np.ndarray, alt: np.ndarray) -> np.ndarray:
    """Log p(alt) - log p(ref), row by row."""
    index = np.arange(len(rows))
    return rows[index, np.searchsorted(RESIDUES, alt)] - rows[index, np.searchsorted(RESIDUES, ref)]


def timed(work: Callable[[], np.ndarray]) -> tuple[np.ndarray, float, float]:
    """Result, wall seconds, CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, time.perf_counter() - wall, time.process_time() - cpu


def compare(
    title: str, method: str, proteins: pd.DataFrame,
    ours: MaskedProteinModel, theirs: Callable[[str, int | None], np.ndarray],
) -> None:  # fmt: skip
    """Score every position of the proteins both ways and print one line."""
    frame = changes_of(proteins, seed=1)
    tokens = int(proteins["sequence"].str.len().sum())
    if method == "masked-marginal":
        tokens = int((proteins["sequence"].str.len() ** 2).sum())

    def usual() -> np.ndarray:
        parts = []
        for row in proteins.itertuples():
            if method == "masked-marginal":
                rows = np.stack([theirs(row.sequence, i)[i] for i in range(len(row.sequence))])
            else:
                rows = theirs(row.sequence, None)
            mine = frame[frame["uniprot"] == row.uniprot]
            parts.append(ratio(rows, mine["ref_aa"].to_numpy(str), mine["alt_aa"].to_numpy(str)))
        return np.concatenate(parts)

    def batched() -> np.ndarray:
        table = score_variants(frame, proteins, ours, methods=[method]).table
        return table["log_lik_ratio"].to_numpy()

    plain, plain_wall, plain_cpu = timed(usual)
    quick, quick_wall, quick_cpu = timed(batched)
    agreement = pd.Series(plain).corr(pd.Series(quick), method="spearman")
    print(
        f"{title:44s} usual {tokens / plain_wall:7,.0f} tokens/s ({plain_cpu:6.1f} CPU s)   seqgen "
        f"{tokens / quick_wall:7,.0f} tokens/s ({quick_cpu:6.1f} CPU s)   ratio wall "
        f"{plain_wall / quick_wall:.2f}, CPU {plain_cpu / quick_cpu:.2f}   Spearman "
        f"{agreement:.6f}, largest difference {np.abs(plain - quick).max():.1e}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", help="name or folder; by default random weights, 4 x 256")
    parser.add_argument("--proteins", type=int, default=200, help="how many for wild-type-marginal")
    parser.add_argument("--residues", type=int, default=400, help="length for masked-marginal")
    arguments = parser.parse_args()
    known = human_proteins()
    fitting = known[
        known["sequence"].str.fullmatch(f"[{AMINO_ACIDS}]+")
        & known["sequence"].str.len().between(arguments.residues, 1022)
    ]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(arguments.model) if arguments.model else random_checkpoint(Path(scratch))
        ours, theirs = load_model(str(folder), device="cpu"), usual_script(folder)
        theirs("MKV", None)
        one = fitting.head(1).assign(sequence=fitting["sequence"].iloc[0][: arguments.residues])
        compare(f"masked-marginal, 1 x {arguments.residues} residues, every position",
                "masked-marginal", one, ours, theirs)  # fmt: skip
        sample = known[
            known["sequence"].str.fullmatch(f"[{AMINO_ACIDS}]+")
            & (known["sequence"].str.len() <= ours.max_length)
        ].sample(arguments.proteins, random_state=0)
        compare(f"wild-type-marginal, {arguments.proteins} human proteins",
                "wild-type-marginal", sample, ours, theirs)  # fmt: skip


if __name__ == "__main__":
    main()
