"""One pass of tokens through a network: the library's own, and a lean one of ESM's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch.nn import functional
from transformers.models.esm.modeling_esm import EsmForMaskedLM

from seqgen.errors import InputError
from seqgen.models import compiled
from seqgen.models.compiled import Heads, Panels
from seqgen.models.loading import takes_mask


class LibraryPass(torch.nn.Module):
    """Any network, as its library runs it."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network: Any = network
        self.takes_mask = takes_mask(network)

    def hidden(self, tokens: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """What leaves the last block, (sequences, tokens, width)."""
        return self.network.base_model(input_ids=tokens, **self._options(mask))[0]

    def logits(
        self, tokens: torch.Tensor, mask: torch.Tensor | None, at: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Logits, (sequences, tokens, vocabulary); ``at`` one token of each, (sequences, v)."""
        found = self.network(input_ids=tokens, **self._options(mask)).logits
        return found if at is None else rows_at(found, at)

    def _options(self, mask: torch.Tensor | None) -> dict[str, torch.Tensor | None]:
        return {"attention_mask": mask} if self.takes_mask else {}


class EsmPass(torch.nn.Module):
    """ESM's network with one product for queries, keys and values, and rotations from a table.

    Where one token of each sequence is asked for, the last block computes the keys and values of
    all tokens and everything else of that token alone. Weights are shared with the network.
    Compiled loops do the blocks where they can, see `compiled.usable`.

    Parameters
    ----------
    network : EsmForMaskedLM
    whole_numbers : bool
        Loops in int16, where they fit, see `cpu_dtype`.
    """

    takes_mask = True

    def __init__(self, network: Any, *, whole_numbers: bool = False) -> None:
        super().__init__()
        self.network = network
        self.whole_numbers = whole_numbers
        config, encoder = network.config, network.esm.encoder
        self.heads = config.num_attention_heads
        self.width = config.hidden_size // self.heads
        self.joined = [_joined(layer.attention.self) for layer in encoder.layer]
        rotary = network.esm.rotary_embeddings
        self.panels = Panels(whole_numbers=whole_numbers)
        self.fits = _fits(network, whole_numbers)
        self.tables = None
        if rotary is not None:
            angles = torch.arange(config.max_position_embeddings, device=rotary.inv_freq.device)
            angles = angles.float()[:, None, None, None] * rotary.inv_freq.float()
            self.tables = angles.cos(), angles.sin()

    def hidden(self, tokens: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """What leaves the last block, (sequences, tokens, width)."""
        return self._encode(tokens, mask, None)

    def logits(
        self, tokens: torch.Tensor, mask: torch.Tensor | None, at: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Logits, (sequences, tokens, vocabulary); ``at`` one token of each, (sequences, v)."""
        found = self._head(self._encode(tokens, mask, at))
        return found if at is None else found[:, 0]

    def _head(self, hidden: torch.Tensor) -> torch.Tensor:
        """The network's language-model head, its gelu in one step."""
        head = self.network.lm_head
        inner = head.layer_norm(functional.gelu(head.dense(hidden)))
        return functional.linear(inner, head.decoder.weight, head.bias)

    def _encode(
        self, tokens: torch.Tensor, mask: torch.Tensor | None, at: torch.Tensor | None
    ) -> torch.Tensor:
        encoder = self.network.esm.encoder
        hidden = self.network.esm.embeddings(input_ids=tokens, attention_mask=mask)
        if mask is None and self._compiled(hidden):
            return encoder.emb_layer_norm_after(self._compiled_blocks(hidden, tokens, at))
        visible = None if mask is None else mask[:, None, None, :].bool()
        last = len(encoder.layer) - 1
        for place, layer in enumerate(encoder.layer):
            query, key, value = self._heads(place, layer.attention.LayerNorm(hidden))
            if at is not None and place == last:
                query = rows_at(query.transpose(1, 2), at)[:, :, None]
                hidden = rows_at(hidden, at)[:, None]
            mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=visible)
            mixed = mixed.transpose(1, 2).flatten(2)
            hidden = hidden + layer.attention.output.dense(mixed)
            wide = functional.gelu(layer.intermediate.dense(layer.LayerNorm(hidden)))
            hidden = hidden + layer.output.dense(wide)
        return encoder.emb_layer_norm_after(hidden)

    def _compiled(self, hidden: torch.Tensor) -> bool:
        """Whether compiled loops do the blocks."""
        if self.tables is not None and hidden.shape[1] > len(self.tables[0]):
            return False
        return self.fits and compiled.usable(hidden, whole_numbers=self.whole_numbers)

    def _compiled_blocks(
        self, hidden: torch.Tensor, tokens: torch.Tensor, at: torch.Tensor | None
    ) -> torch.Tensor:
        """As `_encode` of what enters the first block, which is written over."""
        layers = self.network.esm.encoder.layer
        before, mixed = None, None
        for place, layer in enumerate(layers):
            short = at if place == len(layers) - 1 else None
            heads, joined = self._compiled_heads(place, hidden, short)
            if before is None and short is None and self.tables is not None:
                self._fill_first(hidden, tokens, heads)
            else:
                compiled.run(hidden, self.panels, layer=before, mixed=mixed, heads=heads)
            if short is not None:
                self._add_queries(place, rows_at(hidden, short), joined, short)
            before = layer
            mixed = compiled.attend(joined, self.tables, short, whole_numbers=self.whole_numbers)
        if at is not None:
            hidden = rows_at(hidden, at)[:, None]
        compiled.run(hidden, self.panels, layer=before, mixed=mixed)
        return hidden

    def _fill_first(self, hidden: torch.Tensor, tokens: torch.Tensor, heads: Heads) -> None:
        """Compute the first block's queries, keys and values once for all like rows.

        Before anything is mixed, a row is its token's alone, scaled by how many tokens of the
        sequence are hidden.
        """
        config = self.network.config
        hidden_tokens = (tokens == config.mask_token_id).sum(dim=1, keepdim=True)
        kinds, kind = torch.unique(tokens + config.vocab_size * hidden_tokens, return_inverse=True)
        kind = kind.flatten()
        example = torch.empty(len(kinds), dtype=torch.int64)
        example[kind] = torch.arange(len(kind))
        rows = hidden.flatten(0, 1)[example]
        short = replace(heads, joined=rows.new_empty((len(rows), heads.joined.shape[-1])))
        compiled.run(rows, self.panels, heads=short)
        torch.index_select(short.joined, 0, kind, out=heads.joined.flatten(0, 1))

    def _compiled_heads(
        self, place: int, hidden: torch.Tensor, at: torch.Tensor | None
    ) -> tuple[Heads, torch.Tensor]:
        """What a block's queries, keys and values are made of, and room for them.

        The room is (sequences, tokens, 3, heads, width of a head). Where one token of each
        sequence is asked for, the compiled loops leave out the queries.
        """
        attention = self.network.esm.encoder.layer[place].attention
        parts = attention.self.query, attention.self.key, attention.self.value
        width, first = hidden.shape[-1], 0 if at is None else 1
        joined = hidden.new_empty((*hidden.shape[:2], 3 * width))
        bias = self.joined[place][1][first * width :]
        heads = Heads(
            attention.LayerNorm, [part.weight for part in parts[first:]], bias,
            joined[..., first * width :],
        )  # fmt: skip
        return heads, joined.unflatten(-1, (3, self.heads, self.width))

    def _add_queries(
        self, place: int, rows: torch.Tensor, joined: torch.Tensor, at: torch.Tensor
    ) -> None:
        """Put one token's query of each sequence, of its row, in its place."""
        attention = self.network.esm.encoder.layer[place].attention
        query = attention.self.query
        found = torch.empty_like(rows)
        heads = Heads(attention.LayerNorm, [query.weight], query.bias, found)
        compiled.run(rows, self.panels, heads=heads)
        joined[torch.arange(len(at)), at, 0] = found.unflatten(-1, (self.heads, self.width))

    def _heads(self, place: int, hidden: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Queries, keys and values by head, each (sequences, heads, tokens, width of a head)."""
        joined = functional.linear(hidden, *self.joined[place])
        joined = joined.unflatten(-1, (3, self.heads, self.width))
        turned = joined[:, :, :2]
        if self.tables is not None:
            cos, sin = (table[: hidden.shape[1]] for table in self.tables)
            first, second = turned[..., : self.width // 2], turned[..., self.width // 2 :]
            turned = torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)
            turned = turned.to(joined.dtype)
        query, key = turned[:, :, 0], turned[:, :, 1]
        return tuple(part.transpose(1, 2) for part in (query, key, joined[:, :, 2]))


def open_pass(network: Any, *, whole_numbers: bool = False) -> LibraryPass | EsmPass:
    """The lean pass where the network is plain ESM, and the library's elsewhere."""
    if _is_esm(network):
        return EsmPass(network, whole_numbers=whole_numbers)
    return LibraryPass(network)


def cpu_dtype(network: Any, name: str, asked: str | None) -> str:
    """The precision on a CPU: int16 where that is faster, else float32.

    Raises
    ------
    InputError
        If int16 is asked for and there are no loops for it.
    """
    if _is_esm(network) and _fits(network, whole_numbers=True):
        return "int16"
    if asked is None:
        return "float32"
    raise InputError(
        f"dtype is 'int16', in which model {name!r} cannot be computed here; it takes an ESM-2 or "
        "ESM-1 network with heads of 16, 24, 32 or 64 numbers, on a processor with AVX2 and "
        "without AVX-512, and seqgen built by GCC 12 or newer; pass dtype='float32', or no dtype"
    )


def _is_esm(network: Any) -> bool:
    return type(network) is EsmForMaskedLM and not network.config.is_decoder


def _fits(network: Any, whole_numbers: bool) -> bool:
    config = network.config
    sizes = config.hidden_size, config.intermediate_size
    head = config.hidden_size // config.num_attention_heads
    return compiled.fits(head, *sizes, whole_numbers=whole_numbers)


def rows_at(values: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
    """Row ``at[i]`` of the i-th sequence: (sequences, tokens, ...) to (sequences, ...)."""
    return values[torch.arange(values.shape[0], device=values.device), at]


def _joined(attention: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Weights and biases of queries, keys and values in one, the network's own made views of it."""
    parts = attention.query, attention.key, attention.value
    weight = torch.cat([part.weight.detach() for part in parts])
    bias = torch.cat([part.bias.detach() for part in parts])
    size = len(parts[0].bias)
    for place, part in enumerate(parts):
        part.weight.data = weight[place * size : (place + 1) * size]
        part.bias.data = bias[place * size : (place + 1) * size]
    return weight, bias
