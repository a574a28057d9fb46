"""Tiny ESM checkpoints with random weights, large enough to tell every mistake apart."""

from __future__ import annotations

from pathlib import Path


def save_tiny_esm(
    folder: Path, *, position: str = "rotary", token_dropout: bool = True, context: int = 62,
    layers: int = 2, width: int = 32, seed: int = 0,
) -> Path:  # fmt: skip
    """Write an ESM checkpoint that takes at most ``context`` residues; return its folder."""
    import torch
    from transformers import EsmConfig, EsmForMaskedLM
    from transformers.models.esm.configuration_esm import get_default_vocab_list

    torch.manual_seed(seed)
    config = EsmConfig(
        vocab_size=33, hidden_size=width, num_hidden_layers=layers,
        num_attention_heads=4, intermediate_size=2 * width, mask_token_id=32, pad_token_id=1,
        max_position_embeddings=context + 4, position_embedding_type=position,
        token_dropout=token_dropout, emb_layer_norm_before=position == "absolute",
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
        # Wide weights: the probabilities then differ strongly by residue, place and context.
        initializer_range=0.25,
    )  # fmt: skip
    EsmForMaskedLM(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(get_default_vocab_list()))
    return folder
