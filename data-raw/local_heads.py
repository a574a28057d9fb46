"""A start for rotary attention: heads that look at neighbours before anything is learned.

With ESM-2's usual start attention is spread evenly over the sequence, and a small model spends
millions of residues before it finds out that neighbours matter. Rotary positions allow a better
start within the same architecture: with constant vectors as query and key biases the attention
logit is a function of the distance alone, and turning the query bias by an offset moves its peak
there.
"""

from __future__ import annotations

import torch
from transformers import EsmForMaskedLM

SHARPNESS = 2.0
# Offset each head of a layer starts to look at; None leaves a head as it is, spread evenly.
OFFSETS: tuple[tuple[int | None, ...], ...] = (
    (-1, 1, -3, 3, -4, 4),
    (-2, 2, -7, 7, None, None),
    (-1, 1, -5, 5, None, None),
    (-2, 2, -10, 10, None, None),
)


@torch.no_grad()
def point_heads(model: EsmForMaskedLM) -> None:
    """Set query and key biases so that heads start at the offsets of OFFSETS, layer by layer."""
    heads = model.config.num_attention_heads
    width = model.config.hidden_size // heads
    turn = 10000.0 ** (-torch.arange(0, width, 2) / width)
    size = (SHARPNESS * width**0.5) ** 0.5
    for number, layer in enumerate(model.esm.encoder.layer):
        attention = layer.attention.self
        query = attention.query.bias.view(heads, width)
        key = attention.key.bias.view(heads, width)
        for head, offset in enumerate(OFFSETS[number % len(OFFSETS)][:heads]):
            if offset is None:
                continue
            angle = turn * offset
            query[head] = size * torch.cat([torch.cos(angle), torch.sin(angle)])
            key[head] = size * torch.cat([torch.ones_like(turn), torch.zeros_like(turn)])
