"""Train the bundled protein language model on homolog profiles.

Run it with ``python data-raw/train_protein_lm.py`` after ``build_corpus.py``. The defaults are
those of the bundled model. The model sees crops of proteins, a third of them with 15% of the
residues masked and the others as they are, and learns at EVERY position the distribution of
residues among the protein's homologs (cross-entropy with soft targets). Some attention heads start
out looking at neighbours (see ``local_heads.py``). The matrices of the layers are trained with
Muon, everything else with AdamW. The learning rate follows the time: it warms up, then falls to
zero as the minutes run out. The first part of the time is spent on short crops, the rest on longer
ones.

It is meant for a GPU, on which the whole corpus is kept and batches are made; on a CPU it does
the same far more slowly. The seed fixes the initial weights and the order of the data; as the
schedule follows the clock, two machines do not end with the same weights. Their checksums are in
the provenance table.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from crops import Corpus, group
from local_heads import point_heads
from muon import Muon
from profiles import FREQUENCY_STEPS
from protein_lm import AMINO_ACID_TOKENS, MODEL_FOLDER, configuration, save_model
from sources import CACHE
from torch.nn import functional
from transformers import EsmForMaskedLM

EMA_DECAY = 0.999
WARM_UP = 0.02
# Share of the time from which crops have that many residues.
CROPS = ((0.0, 190), (0.5, 318), (0.8, 510), (0.95, 1022))


class Trainer:
    """Model, averaged model and optimizers of one run."""

    def __init__(self, options: argparse.Namespace, device: torch.device) -> None:
        torch.manual_seed(options.seed)
        self.options = options
        config = configuration(options.layers, options.hidden, options.heads, options.feed_forward)
        self.model = EsmForMaskedLM(config)
        point_heads(self.model)
        self.model.to(device).train()
        self.forward = Forward(self.model, device)
        self.parameters = [p for p in self.model.parameters() if p.requires_grad]
        self.average = [p.detach().clone() for p in self.parameters]
        self.optimizers = self._optimizers(device)
        self.steps = 0

    def _optimizers(self, device: torch.device) -> list[torch.optim.Optimizer]:
        """Muon for the layers' matrices, AdamW for the rest."""
        named = [(n, p) for n, p in self.model.named_parameters() if p.requires_grad]
        matrices = [p for n, p in named if p.ndim == 2 and ".layer." in n]
        rest = [p for n, p in named if not (p.ndim == 2 and ".layer." in n)]
        muon = Muon(matrices, lr=self.options.matrix_rate)
        adam = torch.optim.AdamW(
            rest, lr=self.options.rate, betas=(0.9, 0.98), weight_decay=0.01,
            fused=device.type == "cuda",
        )  # fmt: skip
        for optimizer in (muon, adam):
            for one in optimizer.param_groups:
                one["peak"] = one["lr"]
        return [muon, adam]

    def step(self, batch: tuple[torch.Tensor, ...], fraction: float) -> torch.Tensor:
        """One update at a share of the time; the mean divergence of unmasked residues, in nats."""
        fall = 0.5 * (1.0 + np.cos(np.pi * min(1.0, (fraction - WARM_UP) / (1.0 - WARM_UP))))
        factor = fraction / WARM_UP if fraction < WARM_UP else max(fall, 0.002)
        for optimizer in self.optimizers:
            for one in optimizer.param_groups:
                one["lr"] = one["peak"] * max(factor, 0.01)
        tokens, targets, weights, masked = batch
        divergence = profile_divergence(self.forward(tokens), targets)
        loss = (divergence * weights).sum() / weights.sum()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0, foreach=True)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.steps += 1
        decay = min(EMA_DECAY, (1.0 + self.steps) / (10.0 + self.steps))
        with torch.no_grad():
            torch._foreach_lerp_(self.average, self.parameters, 1.0 - decay)
            shown = weights * ~masked
            return (divergence.detach() * shown).sum() / shown.sum()

    def averaged_model(self) -> EsmForMaskedLM:
        """A copy of the model with the averaged weights, on the CPU."""
        model = EsmForMaskedLM(self.model.config)
        names = [n for n, p in self.model.named_parameters() if p.requires_grad]
        averages = {n: a.cpu() for n, a in zip(names, self.average, strict=True)}
        model.load_state_dict(self.model.state_dict() | averages)
        return model.eval()


class Forward:
    """Logits of the twenty residues at every token, in bfloat16 on a GPU.

    The same network as the library's, with one product for queries, keys and values, and
    rotations from a table.
    """

    def __init__(self, model: EsmForMaskedLM, device: torch.device) -> None:
        self.model = model
        self.kind = device.type
        self.heads = model.config.num_attention_heads
        width = model.config.hidden_size // self.heads
        turn = 10000.0 ** (-torch.arange(0, width, 2, device=device) / width)
        angles = torch.arange(1026, device=device)[:, None, None] * turn
        self.table = angles.cos(), angles.sin()
        self.letters = torch.as_tensor(AMINO_ACID_TOKENS, device=device)

    def __call__(self, tokens: torch.Tensor) -> torch.Tensor:
        """Logits, shape (crops, tokens, 20), of padded tokens."""
        with torch.autocast(self.kind, torch.bfloat16, enabled=self.kind == "cuda"):
            hidden = self._encode(tokens)
            head = self.model.lm_head
            hidden = head.layer_norm(functional.gelu(head.dense(hidden)))
            weight = self.model.esm.embeddings.word_embeddings.weight[self.letters]
            return functional.linear(hidden, weight, head.bias[self.letters]).float()

    def _encode(self, tokens: torch.Tensor) -> torch.Tensor:
        esm = self.model.esm
        seen = tokens != 1
        visible = seen[:, None, None, :]
        hidden = esm.embeddings.word_embeddings(tokens) * seen[..., None]
        for layer in esm.encoder.layer:
            own = layer.attention.self
            parts = own.query, own.key, own.value
            joined = functional.linear(
                layer.attention.LayerNorm(hidden),
                torch.cat([part.weight for part in parts]),
                torch.cat([part.bias for part in parts]),
            ).unflatten(-1, (3, self.heads, -1))
            query, key = self._turned(joined[:, :, 0]), self._turned(joined[:, :, 1])
            mixed = functional.scaled_dot_product_attention(
                query.transpose(1, 2), key.transpose(1, 2), joined[:, :, 2].transpose(1, 2),
                attn_mask=visible,
            )  # fmt: skip
            hidden = hidden + layer.attention.output.dense(mixed.transpose(1, 2).flatten(2))
            wide = functional.gelu(layer.intermediate.dense(layer.LayerNorm(hidden)))
            hidden = hidden + layer.output.dense(wide)
        return esm.encoder.emb_layer_norm_after(hidden)

    def _turned(self, values: torch.Tensor) -> torch.Tensor:
        cos, sin = (table[: values.shape[1]].to(values.dtype) for table in self.table)
        first, second = values.chunk(2, dim=-1)
        return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)


def profile_divergence(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Kullback-Leibler divergence of each residue's profile from the prediction, in nats."""
    log_probs = torch.log_softmax(logits, dim=-1)
    return torch.special.xlogy(targets, targets).sum(-1) - (targets * log_probs).sum(-1)


def crop_length(fraction: float) -> int:
    """Residues of a crop at a share of the time."""
    return next(length for start, length in reversed(CROPS) if fraction >= start)


def batches(corpus: Corpus, clock: Clock, options: argparse.Namespace) -> Iterator[np.ndarray]:
    """Endless crops of batches; each epoch is shuffled by the seed and its own number."""
    epoch = 0
    while True:
        rng = np.random.default_rng([options.seed, epoch])
        length = crop_length(clock.fraction())
        for crops in group(corpus.tile(length, rng), options.batch_tokens, rng):
            yield crops
            if crop_length(clock.fraction()) != length:
                break
        epoch += 1


class Clock:
    """Share of the minutes that is gone."""

    def __init__(self, minutes: float) -> None:
        self.began, self.seconds = time.monotonic(), 60.0 * minutes

    def fraction(self) -> float:
        """From 0 to 1 and beyond."""
        return (time.monotonic() - self.began) / self.seconds


@torch.no_grad()
def held_out_divergence(trainer: Trainer, held: Corpus, options: argparse.Namespace) -> str:
    """Mean divergence and masked perplexity on held-out proteins, with the current weights."""
    rng = np.random.default_rng(7)
    sums = torch.zeros(4, device=held.residues.device)
    for crops in list(group(held.tile(510, rng), options.batch_tokens, rng))[:12]:
        tokens, targets, weights, masked = held.batch(crops)
        log_probs = torch.log_softmax(trainer.forward(tokens), dim=-1)
        nats = profile_divergence(log_probs, targets)
        own = held.own_letter(crops, tokens.shape[1])
        surprise = -log_probs.gather(-1, own[..., None])[..., 0]
        shown, hidden = (weights > 0) & ~masked, (weights > 0) & masked
        sums += torch.stack(
            [(nats * shown).sum(), shown.sum(), (surprise * hidden).sum(), hidden.sum()]
        )
    mean, masked_mean = sums[0] / sums[1], sums[2] / sums[3]
    return f"held out: divergence {mean:.4f}, masked perplexity {masked_mean.exp():.2f}"


def train(trainer: Trainer, corpus: Corpus, held: Corpus, options: argparse.Namespace) -> dict:
    """Run until the minutes are over; what is known of the run."""
    clock, residues, losses, seen = Clock(options.minutes), 0, [], []
    line = 0
    for crops in batches(corpus, clock, options):
        at = clock.fraction()
        seen.append(trainer.step(corpus.batch(crops), at))
        residues += int((crops[:, 1] - crops[:, 0]).sum())
        if at * options.lines >= line + 1 or at >= 1.0:
            line = int(at * options.lines)
            losses.append(float(torch.stack(seen).mean()))
            seen = []
            print(
                f"{100 * at:5.1f}%  {trainer.steps:7,} steps  {residues / 1e6:9.2f}M residues  "
                f"divergence {losses[-1]:.4f}  " + held_out_divergence(trainer, held, options),
                flush=True,
            )
        if at >= 1.0:
            break
    return {"steps": trainer.steps, "residues": residues, "losses": losses}


def parse() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, default=CACHE / "corpus")
    parser.add_argument("--minutes", type=float, default=7.5, help="time to train for")
    parser.add_argument("--output", type=Path, default=MODEL_FOLDER, help="folder of the model")
    parser.add_argument("--seed", type=int, default=20261126)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--hidden", type=int, default=192)
    parser.add_argument("--heads", type=int, default=6)
    parser.add_argument("--feed-forward", type=int, default=768)
    parser.add_argument("--batch-tokens", type=int, default=32768)
    parser.add_argument("--rate", type=float, default=2e-3, help="peak learning rate of AdamW")
    parser.add_argument("--matrix-rate", type=float, default=4e-3, help="peak rate of Muon")
    parser.add_argument("--lines", type=int, default=40, help="lines of progress")
    return parser.parse_args()


def main() -> None:
    """Train, then write the model and what is known of the run."""
    options = parse()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.set_float32_matmul_precision("high")
    corpus, held = (Corpus(options.corpus, split, device) for split in ("train", "held_out"))
    trainer = Trainer(options, device)
    size = sum(p.numel() for p in trainer.model.parameters())
    print(f"{len(corpus.table):,} proteins; {size:,} parameters on {device}", flush=True)
    done = train(trainer, corpus, held, options)
    save_model(trainer.averaged_model(), options.output)
    where = torch.cuda.get_device_name() if device.type == "cuda" else "CPU"
    facts = vars(options) | done | {"parameters": size, "device": where}
    facts["frequency_steps"] = FREQUENCY_STEPS
    del facts["output"], facts["corpus"], facts["lines"]
    (options.output / "training.json").write_text(json.dumps(facts, indent=1) + "\n")
    print(f"wrote {options.output} after {done['residues']:,} residues")


if __name__ == "__main__":
    main()
