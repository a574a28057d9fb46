"""Batches of sequence crops with homolog profiles as targets, made where the corpus lies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from profiles import BACKGROUND, FREQUENCY_STEPS, blosum_conditional, pseudocount_share
from protein_lm import CLS, EOS, MASK, PAD, TOKEN_OF_RESIDUE

MASKED_SHARE = 0.15
MASKED_EVERY = 3
LEAST_WEIGHT = 0.2
SHORTEST = 16
ROUND_TO = 32


class Corpus:
    """The proteins of one split, on a device.

    Parameters
    ----------
    folder : Path
        Where ``build_corpus.py`` left its files.
    split : str
        Which proteins: ``train``, ``held_out`` or ``tem1``.
    device : torch.device
        Where batches are made.
    """

    def __init__(self, folder: Path, split: str, device: torch.device) -> None:
        table = pd.read_parquet(folder / "proteins.parquet")
        self.table = table[table["split"] == split].reset_index(drop=True)
        names = ("residues", "frequencies", "depths")
        self.residues, self.frequencies, self.depths = (
            torch.from_numpy(np.load(folder / f"{name}.npy").astype(kind)).to(device)
            for name, kind in zip(names, (np.uint8, np.uint8, np.int16), strict=True)
        )
        self.tokens = torch.as_tensor(TOKEN_OF_RESIDUE, device=device)
        self.conditional = torch.as_tensor(blosum_conditional(), device=device).float()
        self.background = torch.as_tensor(BACKGROUND, device=device).float()
        self.generator = torch.Generator(device).manual_seed(1)

    def tile(self, length: int, rng: np.random.Generator) -> np.ndarray:
        """Crops that cover every protein once, cut at a random phase: starts and ends, shuffled."""
        start, size = (self.table[name].to_numpy() for name in ("start", "length"))
        first = np.where(size > length, rng.integers(1, length + 1, len(size)), size)
        more = np.maximum(-(-(size - first) // length), 0)
        owner = np.repeat(np.arange(len(size)), more + 1)
        number = np.arange(len(owner)) - np.repeat(np.cumsum(more + 1) - more - 1, more + 1)
        begin = np.where(number > 0, first[owner] + (number - 1) * length, 0)
        end = np.minimum(first[owner] + number * length, size[owner])
        crops = np.stack([begin, end], axis=1) + start[owner][:, None]
        return rng.permutation(crops[end - begin >= SHORTEST])

    def batch(self, crops: np.ndarray) -> tuple[torch.Tensor, ...]:
        """Tokens, targets, weights and masked places of some crops; one crop in three is masked.

        Returns
        -------
        tokens : Tensor of int64, shape (crops, longest + 2)
            Input, start and end tokens included, padded.
        targets : Tensor of float32, shape (crops, longest + 2, 20)
            Profiles.
        weights : Tensor of float32, shape (crops, longest + 2)
            Weight of each token in the loss; zero where it is no residue.
        masked : Tensor of bool, shape (crops, longest + 2)
        """
        device = self.residues.device
        place, inside, size = self._places(crops)
        residues = self.residues[place].long()
        known = inside & (residues < 20)
        chance = torch.rand(place.shape, device=device, generator=self.generator)
        chosen = (torch.arange(len(crops), device=device) % MASKED_EVERY == 0)[:, None]
        masked = (chance < MASKED_SHARE) & chosen & known
        tokens = torch.where(inside, self.tokens[residues], PAD)
        tokens.masked_fill_(masked, MASK)
        tokens[:, 0] = CLS
        tokens.scatter_(1, (size + 1)[:, None], EOS)
        depth = self.depths[place].float()
        share = pseudocount_share(depth)
        frequencies = (self.frequencies[place].float() / FREQUENCY_STEPS).square()
        total = frequencies.sum(-1, keepdim=True)
        frequencies = torch.where(total > 0, frequencies / total, self.background)
        targets = frequencies.lerp(frequencies @ self.conditional, share[..., None])
        weights = (1.0 - share).clamp(min=LEAST_WEIGHT) * known
        return tokens, targets, weights, masked

    def own_letter(self, crops: np.ndarray, width: int) -> torch.Tensor:
        """The residue number at each token, zero where there is none of the twenty."""
        place, inside, _ = self._places(crops)
        residues = self.residues[place].long()
        return torch.where(inside & (residues < 20), residues, 0)[:, :width]

    def _places(self, crops: np.ndarray) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Where each token's residue lies in the corpus, whether it is one, and crops' sizes."""
        sizes = crops[:, 1] - crops[:, 0]
        width = -(-(int(sizes.max()) + 2) // ROUND_TO) * ROUND_TO
        both = torch.from_numpy(np.stack([crops[:, 0], sizes])).to(self.residues.device)
        start, size = both[0], both[1]
        offset = torch.arange(width, device=start.device) - 1
        inside = (offset >= 0) & (offset < size[:, None])
        return torch.where(inside, start[:, None] + offset, 0), inside, size


def group(crops: np.ndarray, tokens: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Batches of about `tokens` tokens of crops that are alike in length, in random order."""
    width = -(-(crops[:, 1] - crops[:, 0] + 2) // ROUND_TO) * ROUND_TO
    parts: list[np.ndarray] = []
    for one in np.unique(width):
        same = crops[width == one]
        count = max(1, tokens // int(one))
        parts += [same[first : first + count] for first in range(0, len(same), count)]
    for number in rng.permutation(len(parts)):
        yield parts[number]
