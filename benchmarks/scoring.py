"""Variant scoring against the usual script: one sequence at a time, library tokenizer, eager.

Run: python benchmarks/scoring.py [--residues 400] [--rounds 3] [--project]

For the bundled model's shape and that of ESM-2 8M, random weights, prints the tokens per second of
the usual script, of seqgen, of seqgen in float32 and of seqgen on OpenVINO (where it is
installed), for wild-type-marginals and for masked-marginals of one protein; their ratios by wall
clock and by CPU time, the best of several rounds in turn, since a machine is seldom alone; how far
the scores agree; and the share of the machine's fastest float32 matrix product that each reaches.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from seqgen import human_proteins, load_model
from seqgen.models.encoding import length_batches
from seqgen.models.protocol import SequenceModel
from seqgen.schemas import AMINO_ACIDS

HUMAN_PROTEINS = 17_195
METHODS = ("wild-type-marginal", "masked-marginal")
Ask = Callable[[str, list[int]], np.ndarray]


class Shape(NamedTuple):
    """A network's size."""

    title: str
    layers: int
    width: int
    heads: int

    def operations(self, tokens: int, *, one_row: bool) -> float:
        """Floating-point operations of a pass's products; of one row the last block is short."""
        dense, mixing = 24 * self.width**2, 4 * self.width * tokens
        if not one_row:
            return self.layers * tokens * (dense + mixing)
        whole = (self.layers - 1) * tokens * (dense + mixing)
        return whole + tokens * 4 * self.width**2 + 20 * self.width**2 + mixing


SHAPES = (Shape("bundled, 4 x 192", 4, 192, 6), Shape("ESM-2 8M, 6 x 320", 6, 320, 20))


def random_checkpoint(folder: Path, shape: Shape) -> Path:
    """ESM-2's architecture, random weights: speed does not depend on them."""
    import torch
    from transformers import EsmConfig, EsmForMaskedLM
    from transformers.models.esm.configuration_esm import get_default_vocab_list

    torch.manual_seed(0)
    config = EsmConfig(
        vocab_size=33, hidden_size=shape.width, num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads, intermediate_size=4 * shape.width, mask_token_id=32,
        pad_token_id=1, max_position_embeddings=1026, position_embedding_type="rotary",
        token_dropout=True, initializer_range=0.1,
    )  # fmt: skip
    EsmForMaskedLM(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(get_default_vocab_list()))
    return folder


def usual_script(folder: Path, method: str) -> Ask:
    """What most scripts do: tokenize, one forward pass with eager attention, log-softmax."""
    import torch
    from transformers import AutoTokenizer, EsmForMaskedLM

    tokenizer = AutoTokenizer.from_pretrained(folder)
    network = EsmForMaskedLM.from_pretrained(folder, attn_implementation="eager").eval()
    columns = [tokenizer.convert_tokens_to_ids(residue) for residue in AMINO_ACIDS]

    def rows(sequence: str, hidden: int | None) -> np.ndarray:
        inputs = tokenizer(sequence, return_tensors="pt")
        if hidden is not None:
            inputs["input_ids"][0, hidden + 1] = tokenizer.mask_token_id
        with torch.no_grad():
            logits = network(**inputs).logits[0, 1:-1]
        return torch.log_softmax(logits, dim=-1).numpy()[:, columns]

    def ask(sequence: str, places: list[int]) -> np.ndarray:
        if method == "masked-marginal":
            return np.stack([rows(sequence, place)[place] for place in places])
        return np.stack([rows(sequence, None) for _ in places])[0]

    return ask


def ours(model: SequenceModel, method: str) -> Ask:
    """The passes that `score_variants` asks a model for."""

    def ask(sequence: str, places: list[int]) -> np.ndarray:
        if method == "masked-marginal":
            at = [[place] for place in places]
            return np.concatenate(model.log_probs_at([sequence] * len(at), places, at))
        return model.log_probs([sequence] * len(places))[0]

    return ask


def ratios(rows: np.ndarray, sequence: str, places: list[int]) -> np.ndarray:
    """Log p(any residue) - log p(reference), row by row."""
    ref = [AMINO_ACIDS.index(sequence[place]) for place in places]
    return (rows - rows[np.arange(len(places)), ref][:, None]).ravel()


def timed(work: Callable[[], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Result; wall and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, np.array([time.perf_counter() - wall, time.process_time() - cpu])


def peaks() -> tuple[float, float]:
    """Operations per second of CPU time in a large float32 product: torch's own, and oneDNN's."""
    import torch

    size = 1536
    one, other = torch.rand(size, size), torch.rand(size, size)
    works = [lambda: one @ other]
    if hasattr(torch.ops.mkldnn, "_reorder_linear_weight"):
        packed = torch.ops.mkldnn._reorder_linear_weight(other, size)
        works.append(lambda: torch.ops.mkldnn._linear_pointwise(one, packed, None, "none", [], ""))
    with torch.inference_mode():
        seconds = [min(timed(work)[1][1] for _ in range(6)) for work in works]
    found = [2 * size**3 / second for second in seconds]
    return found[0], found[-1]


def compare(shape: Shape, sequence: str, folder: Path, arguments: argparse.Namespace,
            peak: float) -> dict[tuple[str, str], float]:  # fmt: skip
    """Print a table of one shape; operations per CPU second by way and method."""
    ways = {"seqgen": load_model(str(folder), device="cpu")}
    if getattr(ways["seqgen"], "dtype", "float32") != "float32":
        ways["seqgen, float32"] = load_model(str(folder), device="cpu", dtype="float32")
    if find_spec("openvino"):
        ways["seqgen, OpenVINO"] = load_model(str(folder), runtime="openvino")
    tokens, rates = len(sequence) + 2, {}
    for method in METHODS:
        asks = {"usual script": usual_script(folder, method)}
        asks |= {name: ours(model, method) for name, model in ways.items()}
        # The usual script is slow: a share of the places gives its rate.
        whole = np.linspace(0, len(sequence) - 1, arguments.places).astype(int).tolist()
        places = {name: whole[:: 1 if name != "usual script" else 4] for name in asks}
        best = {name: np.full(2, np.inf) for name in asks}
        values: dict[str, np.ndarray] = {}
        for round_ in range(arguments.rounds + 1):
            for name, ask in asks.items():
                mine = places[name] if round_ else places[name][:1]  # the first one warms up
                rows, seconds = timed(lambda ask=ask, mine=mine: ask(sequence, mine))
                if round_:
                    best[name] = np.minimum(best[name], seconds / (tokens * len(mine)))
                    values[name] = rows
        for name in asks:
            short = name != "usual script" and method == "masked-marginal"
            rates[name, method] = shape.operations(tokens, one_row=short) / tokens / best[name][1]
        masked = method == "masked-marginal"
        shared = places["usual script"] if masked else list(range(len(sequence)))
        exact = ratios(values["usual script"], sequence, shared)
        for name in asks:
            rows = values[name][::4] if masked and name != "usual script" else values[name]
            same = ratios(rows, sequence, shared)
            gain = best["usual script"] / best[name]
            rank = pd.Series(exact).corr(pd.Series(same), method="spearman")
            print(
                f"{shape.title:18s} {method:19s} {name:17s} {1 / best[name][0]:8,.0f} "
                f"{1 / best[name][1]:8,.0f} {gain[0]:6.2f} {gain[1]:6.2f}   {rank:.6f}   "
                f"{np.abs(same - exact).max():.0e}   {rates[name, method] / peak:5.2f}"
            )
    return rates


def padding(lengths: np.ndarray) -> None:
    """Print what share of the tokens of a batch is padding."""
    for title, budget, alike in (("CPU", 1024, 1.0), ("GPU", 65_536, 0.9)):
        batches = list(length_batches(lengths, budget, alike=alike))
        padded = sum(len(batch) * int(lengths[batch].max()) for batch in batches)
        print(f"padding of {len(lengths):,} human proteins on a {title}: "
              f"{1 - lengths.sum() / padded:.1%} of {padded:,} tokens")  # fmt: skip


def project(shape: Shape, lengths: np.ndarray, rates: dict[tuple[str, str], float]) -> None:
    """Print hours of one core for all substitutions of all human proteins, from the rates."""
    scale = HUMAN_PROTEINS / len(lengths)
    seen = np.minimum(lengths, 1022) + 2
    for (name, method), rate in rates.items():
        short = name != "usual script" and method == "masked-marginal"
        work = np.array([shape.operations(int(n), one_row=short) for n in seen], dtype=float)
        passes = lengths if method == "masked-marginal" else np.maximum(lengths / 1022, 1.0)
        hours = scale * float((work * passes).sum()) / rate / 3600
        print(f"{shape.title:18s} {method:19s} {name:17s} {hours:10,.1f} CPU hours")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--residues", type=int, default=400, help="of the protein")
    parser.add_argument("--places", type=int, default=40, help="passes of a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--project", action="store_true", help="time of all human proteins")
    arguments = parser.parse_args()
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    known = human_proteins()
    lengths = known["sequence"].str.len().to_numpy()
    fitting = known["sequence"].str.fullmatch(f"[{AMINO_ACIDS}]+") & (lengths >= arguments.residues)
    sequence = known.loc[fitting, "sequence"].iloc[0][: arguments.residues]
    torch_peak, onednn_peak = peaks()
    print(f"float32 product: torch {torch_peak / 1e9:.0f}, oneDNN {onednn_peak / 1e9:.0f} "
          "GFLOP per CPU second")  # fmt: skip
    padding(lengths)
    print(f"{'shape':18s} {'method':19s} {'way':17s} tokens/s   of CPU  ratio: wall, CPU  "
          "Spearman, largest difference, share of peak")  # fmt: skip
    measured = []
    for shape in SHAPES:
        with tempfile.TemporaryDirectory() as scratch:
            folder = random_checkpoint(Path(scratch), shape)
            peak = max(torch_peak, onednn_peak)
            measured.append((shape, compare(shape, sequence, folder, arguments, peak)))
    if arguments.project:
        print(f"all {HUMAN_PROTEINS:,} human proteins, from {len(lengths):,} lengths:")
        for shape, rates in measured:
            project(shape, lengths, rates)


if __name__ == "__main__":
    main()
