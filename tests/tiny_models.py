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


def _network(folder: Path, kind: str, size: int, seed: int, **more) -> None:
    """Save a random BERT- or ESM-like masked model of ``size`` tokens."""
    import transformers

    config, network = {
        "bert": (transformers.BertConfig, transformers.BertForMaskedLM),
        "esm": (transformers.EsmConfig, transformers.EsmForMaskedLM),
        "esmc": (transformers.EsmcConfig, transformers.EsmcForMaskedLM),
    }[kind]
    import torch

    torch.manual_seed(seed)
    network(
        config(
            vocab_size=size, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
            intermediate_size=64, initializer_range=0.25, **more,
        )
    ).save_pretrained(folder)  # fmt: skip


def _write_vocabulary(folder: Path, tokens: list[str], **config) -> None:
    import json

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(tokens))
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


BERT_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def save_tiny_protbert(folder: Path, seed: int = 0) -> Path:
    """Write a BERT of residues written apart, as ProtBert is; return its folder."""
    tokens = [*BERT_SPECIAL, *"LAGVESIKRDTPNQFYMHCWXUBZO"]
    _write_vocabulary(folder, tokens, tokenizer_class="BertTokenizer", do_lower_case=False)
    _network(folder, "bert", len(tokens), seed, max_position_embeddings=64)
    return folder


def save_tiny_esmc(folder: Path, seed: int = 0) -> Path:
    """Write an ESM-C checkpoint; return its folder."""
    from transformers import EsmcTokenizer

    _network(folder, "esmc", 64, seed, max_position_embeddings=64)
    EsmcTokenizer().save_pretrained(folder)
    return folder


def save_tiny_prot_t5(folder: Path, seed: int = 0) -> Path:
    """Write a T5 encoder of residues with SentencePiece's marks, as ProtT5 is."""
    import torch
    from tokenizers import Tokenizer, pre_tokenizers, processors
    from tokenizers.models import Unigram
    from transformers import PreTrainedTokenizerFast, T5Config, T5EncoderModel

    tokens = ["<pad>", "</s>", "<unk>", *("▁" + residue for residue in "ALGVSREDTIPKFQNYMHWCXBOUZ")]
    tokenizer = Tokenizer(Unigram([(token, -1.0) for token in tokens], unk_id=2))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="</s>", unk_token="<unk>", pad_token="<pad>"
    ).save_pretrained(folder)
    torch.manual_seed(seed)
    config = T5Config(
        vocab_size=len(tokens), d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4,
        initializer_factor=2.0, dropout_rate=0.0,
    )  # fmt: skip
    T5EncoderModel(config).save_pretrained(folder)
    return folder


def save_tiny_gpn(folder: Path, *, lower: bool = True, seed: int = 0) -> Path:
    """Write a masked model of single bases, in lower case as GPN has them."""
    bases = "acgt" if lower else "ACGTN"
    tokens = [*BERT_SPECIAL, *bases]
    _write_vocabulary(folder, tokens, tokenizer_class="BertTokenizer", do_lower_case=lower)
    from tokenizers import Regex, Tokenizer, pre_tokenizers
    from tokenizers.models import WordLevel
    from tokenizers.normalizers import Lowercase
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(
        WordLevel({token: place for place, token in enumerate(tokens)}, unk_token="[UNK]")
    )
    if lower:
        tokenizer.normalizer = Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", mask_token="[MASK]",
        cls_token="[CLS]", sep_token="[SEP]",
    ).save_pretrained(folder)  # fmt: skip
    _network(folder, "bert", len(tokens), seed, max_position_embeddings=128)
    return folder


def kmers(k: int) -> list[str]:
    """All words of ``k`` bases, as vocabularies list them: in no alphabetical order."""
    from itertools import product

    return ["".join(word) for word in product("ATCG", repeat=k)]


def save_tiny_nucleotide_transformer(folder: Path, k: int = 3, seed: int = 0) -> Path:
    """Write an ESM of k-mers apart and single bases, as the Nucleotide Transformer is."""
    tokens = ["<unk>", "<pad>", "<mask>", "<cls>", "<eos>", "<bos>", *kmers(k), *"ATCGN"]
    _write_vocabulary(
        folder, tokens, tokenizer_class="EsmTokenizer", eos_token=None, mask_token="<mask>"
    )
    _network(
        folder, "esm", len(tokens), seed, max_position_embeddings=66, mask_token_id=2,
        pad_token_id=1, position_embedding_type="absolute", token_dropout=True,
        emb_layer_norm_before=False, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    return folder


def save_tiny_dnabert(folder: Path, k: int = 3, seed: int = 0) -> Path:
    """Write a BERT of overlapping k-mers, as DNABERT is."""
    tokens = [*BERT_SPECIAL, *kmers(k)]
    _write_vocabulary(folder, tokens, tokenizer_class="BertTokenizer", do_lower_case=False)
    _network(folder, "bert", len(tokens), seed, max_position_embeddings=128)
    return folder


def save_tiny_dnabert2(folder: Path, *, causal: bool = False, seed: int = 0) -> Path:
    """Write a model of byte pairs, as DNABERT-2 is."""
    import torch
    from tokenizers import Tokenizer
    from tokenizers.models import BPE
    from tokenizers.processors import TemplateProcessing
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    merges = [("A", "C"), ("G", "T"), ("AC", "GT"), ("T", "T"), ("C", "C"), ("AC", "A")]
    special = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"]
    tokens = [*special, *"ACGT", *map("".join, merges)]
    tokenizer = Tokenizer(
        BPE({token: place for place, token in enumerate(tokens)}, merges, unk_token="[UNK]")
    )
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", mask_token="[MASK]",
        cls_token="[CLS]", sep_token="[SEP]",
    ).save_pretrained(folder)  # fmt: skip
    if not causal:
        _network(folder, "bert", len(tokens), seed, max_position_embeddings=128)
        return folder
    torch.manual_seed(seed)
    GPT2LMHeadModel(
        GPT2Config(
            vocab_size=len(tokens), n_positions=128, n_embd=32, n_layer=2, n_head=4,
            bos_token_id=None, eos_token_id=None, resid_pdrop=0.0, embd_pdrop=0.0,
            attn_pdrop=0.0, initializer_range=0.25,
        )
    ).save_pretrained(folder)  # fmt: skip
    return folder
