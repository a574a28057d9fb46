"""The bundled model's shape, its vocabulary, and how it is written to disk."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from profiles import AMINO_ACIDS
from sources import BUNDLE
from transformers import EsmConfig, EsmForMaskedLM, EsmTokenizer

MODEL_NAME = "seqgen-protein-v2"
MODEL_FOLDER = BUNDLE / "models" / MODEL_NAME
# ESM-2's vocabulary, so that code written for one loads the other.
VOCABULARY = [
    "<cls>",
    "<pad>",
    "<eos>",
    "<unk>",
    *"LAGVSERTIDPKQNFYMHWCXBUZO.-",
    "<null_1>",
    "<mask>",
]
TOKEN = {letter: number for number, letter in enumerate(VOCABULARY)}
CLS, PAD, EOS, MASK = (TOKEN[name] for name in ("<cls>", "<pad>", "<eos>", "<mask>"))
# Token of each residue number of profiles.encode; any letter outside the twenty is X.
TOKEN_OF_RESIDUE = np.array([TOKEN[letter] for letter in AMINO_ACIDS + "X"])
AMINO_ACID_TOKENS = TOKEN_OF_RESIDUE[:20]
LONGEST = 1024


def configuration(layers: int, hidden: int, heads: int, feed_forward: int) -> EsmConfig:
    """ESM-2 configuration of a shape.

    ``token_dropout`` is off. In ESM-2 it rescales embeddings as if 12% of every training input had
    been masked; most of this model's input is not masked at all, and that is what it is used on.
    """
    return EsmConfig(
        vocab_size=len(VOCABULARY),
        mask_token_id=MASK,
        pad_token_id=PAD,
        cls_token_id=CLS,
        eos_token_id=EOS,
        num_hidden_layers=layers,
        hidden_size=hidden,
        num_attention_heads=heads,
        intermediate_size=feed_forward,
        max_position_embeddings=LONGEST + 2,
        position_embedding_type="rotary",
        token_dropout=False,
        emb_layer_norm_before=False,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )


def save_tokenizer(folder: Path) -> None:
    """Write the tokenizer's files so that ``EsmTokenizer`` and ``AutoTokenizer`` load them."""
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n")
    names = {"cls": "<cls>", "pad": "<pad>", "eos": "<eos>", "unk": "<unk>", "mask": "<mask>"}
    special = {f"{key}_token": name for key, name in names.items()}
    settings = special | {
        "tokenizer_class": "EsmTokenizer",
        "do_lower_case": False,
        "model_max_length": LONGEST,
    }
    (folder / "special_tokens_map.json").write_text(json.dumps(special, indent=2) + "\n")
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")


def save_model(model: EsmForMaskedLM, folder: Path) -> None:
    """Write configuration, tokenizer and half-precision weights, then load them back."""
    folder.mkdir(parents=True, exist_ok=True)
    half = EsmForMaskedLM(model.config)
    half.load_state_dict(model.state_dict())
    half.to(torch.float16).save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)
    save_tokenizer(folder)
    load_model(folder)


def load_model(folder: Path) -> tuple[EsmForMaskedLM, EsmTokenizer]:
    """Model in single precision, ready to score, and its tokenizer."""
    model = EsmForMaskedLM.from_pretrained(folder, dtype=torch.float32).eval()
    return model, EsmTokenizer.from_pretrained(folder)


def tokens_of(residues: np.ndarray) -> np.ndarray:
    """Tokens of encoded residues with the start and end tokens around them."""
    return np.concatenate([[CLS], TOKEN_OF_RESIDUE[residues], [EOS]])
