"""Attention maps of a checkpoint, and the weights of its contact head."""

from __future__ import annotations

import numpy as np
import torch

from seqgen.errors import InputError, ModelError
from seqgen.models.huggingface import CheckpointModel
from seqgen.models.protocol import SequenceModel
from seqgen.models.requests import checked_sequences

_REMEDY = (
    "use a model that has one, such as facebook/esm2_t33_650M_UR50D, or fit a regression of your "
    "own with fit_attention_contacts"
)


def attention_maps(model: SequenceModel, sequence: str) -> np.ndarray:
    """Attention of every head in every layer, special tokens cut off.

    Parameters
    ----------
    model : CheckpointModel
    sequence : str
        At most ``max_length`` residues.

    Returns
    -------
    ndarray, shape (layers * heads, L, L)
        Float32, ``[channel, from, to]``, layer by layer. 4 L**2 bytes per channel.

    Raises
    ------
    InputError
        If the sequence is not usable or the model has no attention.
    ModelError
        If the network does not hand out its attention.
    """
    network = _network(model)
    assert isinstance(model, CheckpointModel)
    checked = checked_sequences([sequence], model.max_length)
    encoding = model._encoding
    tokens = torch.from_numpy(encoding.encode(checked, [None])).to(model.device)
    # The fused kernel never forms the maps, so the plain one is put in for this one pass.
    usual = network.config._attn_implementation
    try:
        network.set_attn_implementation("eager")
        with torch.inference_mode(), model._precision():
            output = network.base_model(input_ids=tokens, output_attentions=True)
    finally:
        network.set_attn_implementation(usual)
    layers = getattr(output, "attentions", None)
    if not layers or layers[0] is None:
        raise ModelError(f"model {model.name!r} does not hand out its attention; use another")
    first, end = len(encoding.prefix), len(encoding.prefix) + len(sequence)
    maps = [layer[0, :, first:end, first:end].float().cpu().numpy() for layer in layers]
    return np.concatenate(maps)


def attention_received(model: SequenceModel, sequence: str) -> np.ndarray:
    """Share of the last layer's attention that each residue gets from all residues, (L,).

    The mean over heads and over the residues that look, scaled to sum to one.

    Raises
    ------
    InputError, ModelError
        As `attention_maps`.
    """
    maps = attention_maps(model, sequence)
    heads = _network(model).config.num_attention_heads
    received = maps[-heads:].mean(axis=(0, 1), dtype=np.float64)
    return received / received.sum()


def contact_head(model: SequenceModel) -> tuple[np.ndarray, float]:
    """Coefficients (channels,) and intercept of the checkpoint's own contact head.

    Raises
    ------
    InputError
        If the model has no attention.
    ModelError
        If it has no contact head, the checkpoint lacks its weights, or they were never trained:
        a fresh head has an intercept of exactly zero, which no training leaves there.
    """
    head = getattr(_network(model).base_model, "contact_head", None)
    if head is None:
        raise ModelError(f"model {model.name!r} has no contact head; {_REMEDY}")
    assert isinstance(model, CheckpointModel)
    if any("contact_head." in key for key in model.unread):
        raise ModelError(
            f"model {model.name!r}: its checkpoint lacks the contact head's weights; {_REMEDY}"
        )
    coefficients = head.regression.weight.detach().float().cpu().numpy()[0].astype(np.float64)
    intercept = float(head.regression.bias.detach().float().cpu()[0])
    if intercept == 0.0:
        raise ModelError(
            f"model {model.name!r}: its contact head was never trained (the intercept is "
            f"exactly 0); {_REMEDY}"
        )
    return coefficients, intercept


def _network(model: SequenceModel):
    if not isinstance(model, CheckpointModel):
        raise InputError(
            f"model {model.name!r} has no attention maps; expected a protein language model in "
            "Hugging Face format, such as 'default'"
        )
    return model._network
