"""Train the bundled protein language model on homolog profiles.

Run it with ``python data-raw/train_protein_lm.py --minutes 50`` after ``build_corpus.py``. The
model sees crops of proteins, a quarter of them with 15% of the residues masked and the others as
they are, and learns at EVERY position the distribution of residues among the protein's homologs
(cross-entropy with soft targets). Some attention heads start out looking at neighbours (see
``local_heads.py``). The matrices of the layers are trained with Muon, everything else with AdamW.
The learning rate follows the time: it warms up, then falls to zero as the minutes run out. The
first part of the time is spent on short crops, the rest on long ones.

A checkpoint is left in ``data-raw/cache/checkpoint.pt`` every few minutes. ``--resume`` goes on
from it, in the same schedule. The seed fixes the initial weights and the order of the data; as
the schedule follows the clock, two machines do not end with the same weights. Their checksums are
in the provenance table.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from crops import Batch, Corpus, group
from local_heads import point_heads
from muon import Muon
from protein_lm import AMINO_ACID_TOKENS, MODEL_FOLDER, configuration, save_model
from sources import CACHE
from transformers import EsmForMaskedLM

CHECKPOINT = CACHE / "checkpoint.pt"
EMA_DECAY = 0.998
WARM_UP = 0.03


@dataclass
class Progress:
    """How far a run is. Times in seconds."""

    step: int = 0
    epoch: int = 0
    residues: int = 0
    elapsed: float = 0.0
    losses: list[float] = field(default_factory=list)


class Trainer:
    """Model, averaged model and optimizers of one run."""

    def __init__(self, options: argparse.Namespace) -> None:
        torch.manual_seed(options.seed)
        self.options = options
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        config = configuration(options.layers, options.hidden, options.heads, options.feed_forward)
        self.model = EsmForMaskedLM(config)
        point_heads(self.model)
        self.model.to(self.device).train()
        self.average = {k: v.detach().clone() for k, v in self.model.state_dict().items()}
        self.optimizers = self._optimizers()
        self.progress = Progress()

    def _optimizers(self) -> list[torch.optim.Optimizer]:
        """Muon for the layers' matrices, AdamW for the rest."""
        named = [(n, p) for n, p in self.model.named_parameters() if p.requires_grad]
        matrices = [p for n, p in named if p.ndim == 2 and ".layer." in n]
        rest = [p for n, p in named if not (p.ndim == 2 and ".layer." in n)]
        options = self.options
        muon = Muon(matrices, lr=options.matrix_rate)
        adam = torch.optim.AdamW(rest, lr=options.rate, betas=(0.9, 0.98), weight_decay=0.01)
        for optimizer in (muon, adam):
            for one in optimizer.param_groups:
                one["peak"] = one["lr"]
        return [muon, adam]

    def fraction(self) -> float:
        """Share of the time that is gone."""
        return self.progress.elapsed / (60.0 * self.options.minutes)

    def set_rate(self) -> None:
        """Learning rates of this moment: linear warm-up, then half a cosine to zero."""
        at = self.fraction()
        fall = 0.5 * (1.0 + np.cos(np.pi * min(1.0, (at - WARM_UP) / (1.0 - WARM_UP))))
        factor = at / WARM_UP if at < WARM_UP else max(fall, 0.005)
        for optimizer in self.optimizers:
            for one in optimizer.param_groups:
                one["lr"] = one["peak"] * max(factor, 0.02)

    def step(self, batch: Batch) -> float:
        """One update; the mean divergence of the unmasked residues, in nats."""
        self.set_rate()
        tokens = torch.from_numpy(batch.tokens).to(self.device)
        targets = torch.from_numpy(batch.targets).to(self.device)
        weights = torch.from_numpy(batch.weights).to(self.device)
        places = torch.from_numpy(batch.places).to(self.device)
        divergence = profile_divergence(self.model, tokens, targets, places)
        loss = (divergence * weights).sum() / weights.sum()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self._update_average()
        with torch.no_grad():
            shown = weights * torch.from_numpy(~batch.masked).to(self.device)
            return float((divergence.detach() * shown).sum() / shown.sum())

    @torch.no_grad()
    def _update_average(self) -> None:
        """Move the averaged weights towards the current ones."""
        decay = min(EMA_DECAY, (1.0 + self.progress.step) / (10.0 + self.progress.step))
        for name, value in self.model.state_dict().items():
            self.average[name].lerp_(value, 1.0 - decay)

    def averaged_model(self) -> EsmForMaskedLM:
        """A copy of the model with the averaged weights, on the CPU."""
        model = EsmForMaskedLM(self.model.config)
        model.load_state_dict(self.average)
        return model.eval()

    def save(self, path: Path) -> None:
        """Write the checkpoint so that no half-written one is ever read."""
        state = {
            "options": vars(self.options),
            "progress": asdict(self.progress),
            "model": self.model.state_dict(),
            "average": self.average,
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
        }
        part = path.with_suffix(".part")
        torch.save(state, part)
        part.replace(path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint."""
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average = state["average"]
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.progress = Progress(**state["progress"])


def profile_divergence(
    model: EsmForMaskedLM, tokens: torch.Tensor, targets: torch.Tensor, places: torch.Tensor
) -> torch.Tensor:
    """Kullback-Leibler divergence of each residue's profile from the prediction, in nats."""
    hidden = model.esm(tokens, attention_mask=(tokens != 1).long()).last_hidden_state
    logits = model.lm_head(hidden.flatten(0, 1)[places])
    log_probs = torch.log_softmax(logits, dim=-1)[:, torch.as_tensor(AMINO_ACID_TOKENS)]
    return torch.special.xlogy(targets, targets).sum(1) - (targets * log_probs).sum(1)


def batches(trainer: Trainer, corpus: Corpus) -> Iterator[Batch]:
    """Endless batches; each epoch is shuffled by the seed and its own number."""
    options, progress = trainer.options, trainer.progress
    while True:
        rng = np.random.default_rng([options.seed, progress.epoch])
        long = trainer.fraction() >= options.long_from
        length = options.long_crop if long else options.crop
        for crops in group(corpus.tile(length, rng), options.batch_tokens, rng):
            yield corpus.batch(crops, rng)
            if not long and trainer.fraction() >= options.long_from:
                break
        progress.epoch += 1


def train(trainer: Trainer, corpus: Corpus) -> None:
    """Run until the minutes are over."""
    progress, options = trainer.progress, trainer.options
    last_save = last_line = progress.elapsed
    recent: list[tuple[float, int]] = []
    began = time.monotonic() - progress.elapsed
    for batch in batches(trainer, corpus):
        loss = trainer.step(batch)
        progress.step += 1
        progress.residues += len(batch.places)
        progress.elapsed = time.monotonic() - began
        recent.append((loss, len(batch.places)))
        if progress.elapsed - last_line > 20:
            rate = sum(n for _, n in recent) / (progress.elapsed - last_line)
            mean = float(np.mean([value for value, _ in recent]))
            print(
                f"{progress.elapsed / 60:6.1f} of {options.minutes:g} min  step {progress.step:6,}"
                f"  {progress.residues / 1e6:7.2f}M residues  {rate:7,.0f}/s"
                f"  divergence {mean:.4f}",
                flush=True,
            )
            progress.losses.append(mean)
            last_line, recent = progress.elapsed, []
        if progress.elapsed - last_save > 60 * options.checkpoint_minutes:
            trainer.save(CHECKPOINT)
            save_model(trainer.averaged_model(), CACHE / "model")
            last_save = progress.elapsed
        if trainer.fraction() >= 1.0 or (CACHE / "stop").exists():
            return


def parse() -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=50.0, help="time to train for")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    parser.add_argument("--output", type=Path, default=MODEL_FOLDER, help="folder of the model")
    parser.add_argument("--seed", type=int, default=20260723)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--hidden", type=int, default=192)
    parser.add_argument("--heads", type=int, default=6)
    parser.add_argument("--feed-forward", type=int, default=768)
    parser.add_argument("--crop", type=int, default=190, help="residues of a crop at first")
    parser.add_argument("--long-crop", type=int, default=510, help="residues of a crop later")
    parser.add_argument("--long-from", type=float, default=0.85, help="share of time before long")
    parser.add_argument("--batch-tokens", type=int, default=3072)
    parser.add_argument("--rate", type=float, default=2e-3, help="peak learning rate of AdamW")
    parser.add_argument("--matrix-rate", type=float, default=4e-3, help="peak rate of Muon")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--checkpoint-minutes", type=float, default=3.0)
    return parser.parse_args()


def main() -> None:
    """Train, then write the model and what is known of the run."""
    options = parse()
    torch.set_num_threads(options.threads)
    corpus = Corpus(CACHE / "corpus", "train")
    print(
        f"{len(corpus.table):,} proteins, {corpus.table['length'].sum():,} residues to learn from"
    )
    options.output = str(options.output)
    trainer = Trainer(options)
    if options.resume:
        trainer.load(CHECKPOINT)
    parameters = sum(p.numel() for p in trainer.model.parameters())
    print(f"{parameters:,} parameters on {trainer.device}, seed {options.seed}", flush=True)
    train(trainer, corpus)
    trainer.save(CHECKPOINT)
    output = Path(options.output)
    save_model(trainer.averaged_model(), output)
    facts = vars(options) | asdict(trainer.progress) | {"parameters": parameters}
    del facts["output"], facts["resume"]
    (output / "training.json").write_text(json.dumps(facts, indent=1) + "\n")
    print(f"wrote {output} after {trainer.progress.residues:,} residues")


if __name__ == "__main__":
    main()
