"""Variant scoring on a GPU: tokens per second, share of peak, and ways of running a network.

Run: PYTHONPATH=. python benchmarks/scoring_gpu.py --out gpu.json [--quick]
     [--shapes 8M,35M,650M] [--device cuda]

Random weights of ESM-2's shapes, lengths of the bundled human proteins. For each shape: seqgen in
float32, float16 and bfloat16; other ways of the same pass (weights cast once, no padding,
compiled blocks, sequences packed without padding); the usual script of one sequence at a time;
hidden positions of proteins of 100, 400 and 1,000 residues; where the device's time goes; and the
hours for all substitutions of all human proteins. Prints Markdown tables and writes JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scoring import HUMAN_PROTEINS, Shape, random_checkpoint
from torch.nn import functional

from seqgen import human_proteins, load_model
from seqgen.models.encoding import length_batches
from seqgen.models.passes import open_pass
from seqgen.models.windows import window_starts

SHAPES = {
    "tiny": (Shape("tiny, 2 x 64", 2, 64, 4), 20_000),
    "8M": (Shape("ESM-2 8M", 6, 320, 20), 3_000_000),
    "35M": (Shape("ESM-2 35M", 12, 480, 20), 2_000_000),
    "650M": (Shape("ESM-2 650M", 33, 1280, 20), 500_000),
}
LONGEST = 1022
LETTERS = "ACDEFGHIKLMNPQRSTVWY"


def synchronise(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def seconds(work: Callable[[], Any], device: str, rounds: int = 2) -> float:
    """Best wall time of some rounds, after the caller's warm-up."""
    best = np.inf
    for _ in range(rounds):
        synchronise(device)
        start = time.perf_counter()
        work()
        synchronise(device)
        best = min(best, time.perf_counter() - start)
    return float(best)


def matrix_rate(device: str, dtype: torch.dtype, size: int) -> float:
    """Operations per second of a square product of random numbers."""
    one, other = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    repeats = 10 if device.startswith("cuda") else 1
    with torch.inference_mode():
        one @ other
        best = seconds(lambda: [one @ other for _ in range(repeats)], device, 3)
    return 2 * size**3 * repeats / best


def windows() -> list[str]:
    """What wild-type-marginals reads of all bundled proteins: whole ones, long ones by windows."""
    found = []
    for sequence in human_proteins()["sequence"].str.replace(f"[^{LETTERS}]", "X", regex=True):
        starts = window_starts(len(sequence), LONGEST, LONGEST // 2)
        found += [sequence[start : start + LONGEST] for start in starts]
    return found


def sample(sequences: list[str], tokens: int) -> list[str]:
    """Every k-th by length, so that about ``tokens`` come together."""
    ordered = sorted(sequences, key=len)
    total = sum(map(len, ordered))
    step = max(total / tokens, 1.0)
    places = np.unique(np.arange(step / 2, len(ordered), step).astype(int))
    return [ordered[place] for place in places]


def tokens_of(sequences: list[str]) -> int:
    return sum(map(len, sequences)) + 2 * len(sequences)


def padding(model: Any, sequences: list[str]) -> tuple[float, int]:
    """Share of padding, and passes."""
    lengths = np.array([len(sequence) + 2 for sequence in sequences])
    batches = list(length_batches(lengths, model.batch_tokens, alike=model._alike))
    padded = sum(len(batch) * int(lengths[batch].max()) for batch in batches)
    return 1 - float(lengths.sum()) / padded, len(batches)


# --- ways of a pass ------------------------------------------------------------------------


def block(hidden, visible, turn, weights, attend):
    """One block of ESM with its weights as arguments, so that one compilation serves all."""
    norm, joined, out, after, wide, back, heads = weights
    size = hidden.shape[-1]
    found = functional.linear(functional.layer_norm(hidden, (size,), *norm), *joined)
    found = found.unflatten(-1, (3, heads, size // heads))
    turned, half = found[:, :, :2], size // heads // 2
    cos, sin = turn
    first, second = turned[..., :half], turned[..., half:]
    turned = torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)
    turned = turned.to(found.dtype)
    mixed = attend(turned[:, :, 0], turned[:, :, 1], found[:, :, 2], visible)
    hidden = hidden + functional.linear(mixed.flatten(2), *out)
    inner = functional.gelu(
        functional.linear(functional.layer_norm(hidden, (size,), *after), *wide)
    )
    return hidden + functional.linear(inner, *back)


def dense_attention(query, key, value, visible):
    parts = (part.transpose(1, 2) for part in (query, key, value))
    return functional.scaled_dot_product_attention(*parts, attn_mask=visible).transpose(1, 2)


def packed_attention(query, key, value, visible):
    from torch.nn.attention.varlen import varlen_attn

    starts, longest = visible
    return varlen_attn(query[0], key[0], value[0], starts, starts, longest, longest)[None]


def both(module: Any) -> tuple[torch.Tensor, torch.Tensor]:
    return module.weight, module.bias


def layer_weights(own: Any, place: int) -> tuple:
    layer = own.network.esm.encoder.layer[place]
    parts = (layer.attention.output.dense, layer.LayerNorm, layer.intermediate.dense,
             layer.output.dense)  # fmt: skip
    norm = both(layer.attention.LayerNorm)
    return (norm, own.joined[place], *map(both, parts), own.heads)


def use_blocks(model: Any, *, compiled: bool) -> None:
    """Blocks as functions, compiled once for all layers, batches and lengths."""
    own, step = model._pass, block
    if compiled:
        step = torch.compile(block, dynamic=True)
    layers = [layer_weights(own, place) for place in range(len(own.joined))]

    def encode(tokens, mask, at):
        hidden = own.network.esm.embeddings(input_ids=tokens, attention_mask=mask)
        visible = None if mask is None else mask[:, None, None, :].bool()
        width = tokens.shape[1]
        turn = tuple(table[:width].reshape(1, width, 1, 1, -1) for table in own.tables)
        for weights in layers:
            hidden = step(hidden, visible, turn, weights, dense_attention)
        if at is not None:
            hidden = hidden[torch.arange(len(hidden), device=hidden.device), at][:, None]
        return own.network.esm.encoder.emb_layer_norm_after(hidden)

    own._encode = encode


def packed_run(model: Any, *, compiled: bool, dtype: str) -> Callable[[list[str]], list]:
    """Log probabilities with the sequences of a batch end to end: no padding, no mask."""
    own, step = model._pass, torch.compile(block, dynamic=True) if compiled else block
    layers = [layer_weights(own, place) for place in range(len(own.joined))]
    encoding, device = model._encoding, model.device
    words = own.network.esm.embeddings.word_embeddings
    letters = torch.as_tensor(encoding.letter_ids, device=device)

    def forward(ids: np.ndarray, lengths: np.ndarray) -> torch.Tensor:
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
        place = np.arange(starts[-1]) - np.repeat(starts[:-1], lengths)
        tokens, at, edges = (model._moved(x) for x in (ids, place, starts))
        hidden = words(tokens)[None] * 0.88  # no token is hidden here
        turn = tuple(table[at].reshape(1, len(place), 1, 1, -1) for table in own.tables)
        for weights in layers:
            hidden = step(hidden, (edges, int(lengths.max())), turn, weights, packed_attention)
        found = own._head(own.network.esm.encoder.emb_layer_norm_after(hidden))
        return found[0][:, letters].float().log_softmax(dim=-1)

    def run(sequences: list[str]) -> list:
        order = sorted(range(len(sequences)), key=lambda k: -len(sequences[k]))
        lengths = np.array([len(sequences[k]) + 2 for k in order])
        group = (np.cumsum(lengths) - 1) // model.batch_tokens
        found: list = [None] * len(sequences)
        waiting: list = []

        def take(entry):
            rows, ends, members = entry[0].cpu().numpy(), np.cumsum(entry[1]), entry[2]
            for k, end, size in zip(members, ends, entry[1], strict=True):
                found[k] = rows[end - size + 1 : end - 1]

        for number in np.unique(group):
            here = np.flatnonzero(group == number)
            members = [order[k] for k in here]
            ids = np.concatenate([encoding.encode([sequences[k]], [()])[0] for k in members])
            with torch.inference_mode(), torch.autocast(device.partition(":")[0],
                                                        dtype=getattr(torch, dtype)):  # fmt: skip
                waiting.append((forward(ids, lengths[here]), lengths[here], members))
            if len(waiting) > 1:
                take(waiting.pop(0))
        for entry in waiting:
            take(entry)
        return found

    return run


def cast_once(model: Any, dtype: str) -> None:
    """Weights and hidden layers in the short type, no automatic casts."""
    model._network.to(getattr(torch, dtype))
    model._pass = open_pass(model._network)
    model._precision = nullcontext


# --- one shape -----------------------------------------------------------------------------


def usual(folder: Path, device: str, dtype: str) -> Callable[[list[str]], list]:
    """One sequence at a time through the library's own network and tokenizer."""
    from transformers import AutoTokenizer, EsmForMaskedLM

    tokenizer = AutoTokenizer.from_pretrained(folder)
    network = EsmForMaskedLM.from_pretrained(folder).eval()
    network = network.to(device, getattr(torch, dtype))
    columns = [tokenizer.convert_tokens_to_ids(letter) for letter in LETTERS]

    def run(sequences: list[str]) -> list:
        found = []
        for sequence in sequences:
            inputs = tokenizer(sequence, return_tensors="pt").to(device)
            with torch.no_grad():
                logits = network(**inputs).logits[0, 1:-1]
            found.append(torch.log_softmax(logits.float(), dim=-1).cpu().numpy()[:, columns])
        return found

    return run


def scores(rows: list[np.ndarray]) -> np.ndarray:
    """Substitution scores against the best residue: what ranks are made of."""
    whole = np.concatenate(rows)
    return (whole - whole.max(axis=1, keepdims=True)).ravel()


def spearman(one: np.ndarray, other: np.ndarray) -> float:
    from scipy.stats import spearmanr

    return float(spearmanr(one, other).statistic)


class Shown:
    """Rows of the table of one shape, against float32 of the same sequences."""

    def __init__(self, shape: Shape, device: str, peak: float) -> None:
        self.shape, self.device, self.peak = shape, device, peak
        self.rows: list[dict[str, Any]] = []
        self.check: tuple[list[str], np.ndarray] | None = None

    def add(self, way: str, run: Callable[[list[str]], list], sequences: list[str]) -> None:
        """Time a way; the first one is what the others are compared with. Errors are rows too."""
        row: dict[str, Any] = {"shape": self.shape.title, "way": way}
        self.rows.append(row)
        try:
            start = time.perf_counter()
            run(sequences[:: max(len(sequences) // 64, 1)])
            run(sequences)
            synchronise(self.device)
            row["warm_up_s"] = time.perf_counter() - start
            if self.device.startswith("cuda"):
                torch.cuda.reset_peak_memory_stats()
            took = seconds(lambda: run(sequences), self.device)
            work = sum(self.shape.operations(len(s) + 2, one_row=False) for s in sequences)
            row |= {"tokens": tokens_of(sequences), "seconds": took}
            row |= {"tokens_per_s": row["tokens"] / took, "of_peak": work / took / self.peak}
            if self.device.startswith("cuda"):
                row["memory_gib"] = torch.cuda.max_memory_allocated() / 2**30
            if self.check is not None:
                found = scores(run(self.check[0]))
                row["spearman"] = spearman(found, self.check[1])
                row["largest_difference"] = float(np.abs(found - self.check[1]).max())
        except Exception as error:
            row["error"] = f"{type(error).__name__}: {str(error)[:300]}"
            traceback.print_exc()
        print(json.dumps(row), flush=True)


def kernels(run: Callable[[], Any], device: str) -> dict[str, Any]:
    """Share of the wall time in which a kernel runs, and the kernels that take most of it."""
    from torch.profiler import ProfilerActivity, profile

    wall = seconds(run, device, 1)
    with profile(activities=[ProfilerActivity.CUDA]) as seen:
        run()
        synchronise(device)
    events = sorted(seen.key_averages(), key=lambda e: -e.self_device_time_total)
    total = sum(event.self_device_time_total for event in events) / 1e6
    top = [[e.key[:90], round(e.self_device_time_total / 1e4 / total, 1)] for e in events[:9]]
    return {"busy": total / wall, "wall_s": wall, "top_percent": top}


def hidden_rates(model: Any, shape: Shape, sequences: list[str], budget: int) -> list[dict]:
    """Tokens per second of masked-marginals by length."""
    longest = max(sequences, key=len)
    found = []
    for length in (100, 400, 1000):
        sequence = longest[:length]
        count = int(np.clip(budget // (length + 2), 2, 4 * length))
        places = [place % len(sequence) for place in range(count)]

        def run(sequence=sequence, places=places):
            return model.log_probs_at([sequence] * len(places), places, [[p] for p in places])

        run()
        took = seconds(run, model.device)
        tokens = (len(sequence) + 2) * count
        row = {
            "shape": shape.title,
            "dtype": model.dtype,
            "residues": len(sequence),
            "tokens_per_s": tokens / took,
            "seconds_per_protein": took / count * length,
        }
        found.append(row)
        print(json.dumps(row), flush=True)
    return found


def hours(rate: float, hidden: list[dict], everything: list[str]) -> dict[str, float]:
    """Hours for all substitutions of all human proteins by both methods."""
    known = human_proteins()["sequence"].str.len().to_numpy()
    scale = HUMAN_PROTEINS / len(known)
    seen = np.minimum(known, LONGEST)
    by_length = np.interp(seen, [r["residues"] for r in hidden],
                          [1 / r["tokens_per_s"] for r in hidden])  # fmt: skip
    masked = float((known * (seen + 2) * by_length).sum())
    return {"wild_type_marginal_h": scale * tokens_of(everything) / rate / 3600,
            "masked_marginal_h": scale * masked / 3600}  # fmt: skip


def one_shape(name: str, everything: list[str], rates: dict[str, float], args: Any) -> dict:
    shape, budget = SHAPES[name]
    budget = budget // 5 if args.quick else budget
    device, short = args.device, sample(everything, budget)
    few = sample(everything, max(budget // 8, 4000))
    shown = Shown(shape, device, rates["bfloat16"])
    result: dict[str, Any] = {"shape": shape.title, "tokens": tokens_of(short)}
    with tempfile.TemporaryDirectory() as scratch:
        start = time.perf_counter()
        folder = random_checkpoint(Path(scratch), shape)
        model: Any = load_model(str(folder), device=device, dtype="float32")
        result["make_and_load_s"] = time.perf_counter() - start
        result["padding"], result["passes"] = padding(model, short)
        check = sample(everything, min(budget, 20_000))
        exact = model.log_probs(check)
        if name != "650M":
            cpu = load_model(str(folder), device="cpu").log_probs(check[:8])
            apart = max(float(np.abs(a - b).max()) for a, b in zip(cpu, exact, strict=False))
            result["largest_difference_to_cpu"] = apart
        shown.check = check, scores(exact)
        shown.add("seqgen float32", model.log_probs, few)
        for dtype in ("float16", "bfloat16"):
            model.dtype = dtype
            shown.add(f"seqgen {dtype}", model.log_probs, short)
        result["hidden"] = hidden_rates(model, shape, everything, budget)
        good = next((r for r in shown.rows if r["way"] == "seqgen bfloat16"), {})
        if "tokens_per_s" in good:
            result["hours_bfloat16"] = hours(good["tokens_per_s"], result["hidden"], everything)
        other_ways(model, shown, short, result)
        for dtype in ("float32", "bfloat16"):
            shown.add(f"usual script {dtype}", usual(folder, device, dtype), few[:: args.thin])
    result["ways"] = shown.rows
    return result


def other_ways(model: Any, shown: Shown, sequences: list[str], result: dict) -> None:
    """Variants of the pass in bfloat16; the model is changed and not to be used afterwards."""
    if model.device.startswith("cuda"):
        result["kernels"] = kernels(lambda: model.log_probs(sequences), model.device)
        print(json.dumps(result["kernels"]), flush=True)
    for size in (16384, 131072):
        model.batch_tokens, before = size, model.batch_tokens
        shown.add(f"batches of {size:,} tokens", model.log_probs, sequences)
        model.batch_tokens = before
    model._alike, before = 1.0, model._alike
    shown.add("equal lengths, no mask", model.log_probs, sequences)
    model._alike = before
    for compiled in (False, True):
        title = "packed, compiled blocks" if compiled else "packed"
        shown.add(title, packed_run(model, compiled=compiled, dtype="bfloat16"), sequences)
    use_blocks(model, compiled=True)
    shown.add("compiled blocks", model.log_probs, sequences)
    cast_once(model, "bfloat16")
    shown.add("weights cast once", model.log_probs, sequences)
    use_blocks(model, compiled=True)
    shown.add("weights cast once, compiled blocks", model.log_probs, sequences)


def table(results: list[dict]) -> str:
    title = "| shape | way | tokens/s | of peak | GiB | Spearman | difference | warm-up s |"
    lines = [title, "|" + " --- |" * 8]
    for result in results:
        for row in result["ways"]:
            if "error" in row:
                lines.append(f"| {row['shape']} | {row['way']} | {row['error'][:80]} |||||")
                continue
            lines.append(
                f"| {row['shape']} | {row['way']} | {row['tokens_per_s']:,.0f} | "
                f"{row['of_peak']:.3f} | {row.get('memory_gib', 0):.1f} | "
                f"{row.get('spearman', 1):.6f} | {row.get('largest_difference', 0):.1e} | "
                f"{row['warm_up_s']:.1f} |"
            )
    for result in results:
        lines.append("")
        more = {key: value for key, value in result.items() if key not in ("ways", "kernels")}
        lines.append(json.dumps(more, default=float))
        if "kernels" in result:
            lines.append(json.dumps(result["kernels"]))
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, help="file for JSON")
    parser.add_argument("--shapes", default="8M,35M,650M")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true", help="a fifth of the tokens")
    parser.add_argument("--thin", type=int, default=4, help="every k-th for the usual script")
    args = parser.parse_args()
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    cuda = args.device.startswith("cuda")
    size = 8192 if cuda else 512
    rates = {name: matrix_rate(args.device, getattr(torch, name), size)
             for name in ("float32", "bfloat16")}  # fmt: skip
    card = torch.cuda.get_device_name() if cuda else "CPU"
    print(card, torch.__version__, {name: f"{rate / 1e12:.1f} T/s" for name, rate in rates.items()})
    everything, results = windows(), []
    for name in args.shapes.split(","):
        start = time.perf_counter()
        results.append(one_shape(name, everything, rates, args))
        results[-1]["all_s"] = time.perf_counter() - start
        if args.out:
            kept = {"card": card, "rates": rates, "torch": torch.__version__, "results": results}
            args.out.write_text(json.dumps(kept, indent=1, default=float))
        if cuda:
            torch.cuda.empty_cache()
    print(table(results))


if __name__ == "__main__":
    main()
