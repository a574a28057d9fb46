"""Tiny ESM checkpoints with random weights, large enough to tell every mistake apart."""

from __future__ import annotations

from pathlib import Path

from seqgen.schemas import AMINO_ACIDS


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


def save_tiny_gpt2(
    folder: Path, *, start: str | None = "<s>", added: bool = False, merges: tuple = (),
    unknown: str | None = "X", residues: str = AMINO_ACIDS, more: tuple = (), spaced: bool = False,
    context: int = 63, seed: int = 0,
) -> Path:  # fmt: skip
    """Write a GPT-2 checkpoint of one token per residue, as ProGen2 is; return its folder.

    ``start`` is the token declared for the beginning; with ``added`` the tokenizer puts it first
    by itself. ``merges`` are pairs of residues that it makes one token of; ``more`` tokens follow.
    With ``spaced``, text is split at white space first.
    """
    import torch
    from tokenizers import Tokenizer
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import WhitespaceSplit
    from tokenizers.processors import TemplateProcessing
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    tokens = ["<pad>", *([start] if start else []), *residues, *([unknown] if unknown else [])]
    tokens += more
    vocabulary = {token: place for place, token in enumerate([*tokens, *map("".join, merges)])}
    tokenizer = Tokenizer(BPE(vocabulary, list(merges)))
    if spaced:
        tokenizer.pre_tokenizer = WhitespaceSplit()
    if added:
        tokenizer.post_processor = TemplateProcessing(
            single=f"{start} $A", special_tokens=[(start, vocabulary[start])]
        )
    folder.mkdir(parents=True, exist_ok=True)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=start, pad_token="<pad>"
    ).save_pretrained(folder)
    torch.manual_seed(seed)
    config = GPT2Config(
        vocab_size=len(vocabulary), n_positions=context, n_embd=32, n_layer=2, n_head=4,
        bos_token_id=None, eos_token_id=None, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
        initializer_range=0.25,
    )  # fmt: skip
    GPT2LMHeadModel(config).save_pretrained(folder)
    return folder
