"""Protein language models in Hugging Face format; masked ones, the ESM family and its like."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from transformers import AutoModelForMaskedLM, AutoTokenizer
from transformers.models.esm.modeling_esm import EsmIntermediate
from transformers.utils import logging

from seqgen.errors import InputError, ModelError
from seqgen.models.checkpoint import Checkpoint, open_checkpoint
from seqgen.models.encoding import Encoding, length_batches, read_encoding
from seqgen.models.requests import checked_positions, checked_sequences
from seqgen.schemas import AMINO_ACIDS

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
_DEFAULT_LENGTH = 1022
_BATCH_TOKENS = {"cpu": 4096, "cuda": 65536}

#: Weights that probabilities and last-layer embeddings do not pass through.
_UNUSED_PARTS = ("contact_head.", "pooler.", "position_ids", "inv_freq")


class CheckpointModel:
    """A protein language model from a folder, asked in batches of like length.

    Probabilities are over the 20 residues alone (log-softmax of their logits), so that a
    difference of two is unchanged by the tokens left out. Results do not depend on what else
    is in a batch, to within rounding (1e-4 in float32).

    Attributes
    ----------
    name, revision, alphabet, max_length, masked, causal
        As in `seqgen.models.protocol.SequenceModel`; ``revision`` is the SHA-256 of
        configuration and weights.
    device : str
        Where it runs.
    dtype : str
        Precision of the arithmetic.
    batch_tokens : int
        Most tokens in one forward pass; lower it where memory is short.
    unread : tuple of str
        Weights that the checkpoint lacks: random numbers that no result may rest on.
    """

    masked: bool
    causal: bool
    _loader: Any
    _read_encoding: Callable[[Any, str], Encoding]

    def __init__(
        self, network: torch.nn.Module, encoding: Encoding, *, name: str, revision: str,
        max_length: int, device: str = "cpu", dtype: str = "float32",
        unread: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.name = name
        self.revision = revision
        self.alphabet = AMINO_ACIDS
        self.max_length = max_length
        self.device = device
        self.dtype = dtype
        self.batch_tokens = _BATCH_TOKENS.get(device.partition(":")[0], _BATCH_TOKENS["cuda"])
        self.unread = tuple(unread)
        self._network: Any = _fused(network).to(device).eval()
        self._encoding = encoding
        self._residue_ids = torch.as_tensor(encoding.residue_ids, device=device)

    def __repr__(self) -> str:
        size = sum(weights.numel() for weights in self._network.parameters())
        return (
            f"{type(self).__name__}({self.name!r}, {size:,} parameters, {self.dtype} on "
            f"{self.device}, up to {self.max_length:,} residues)"
        )

    @classmethod
    def from_folder(
        cls, folder: Path, *, name: str, device: str | None = None, dtype: str | None = None,
        trust_remote_code: bool = False,
    ) -> Self:  # fmt: skip
        """Load a checkpoint folder, without network and in silence.

        Raises
        ------
        ModelError
            If the folder is damaged, no protein language model of this kind, or would run code
            of its own and ``trust_remote_code`` is not set.
        InputError
            If ``device`` or ``dtype`` is not available.
        """
        device, dtype = _placement(device, dtype)
        checkpoint = open_checkpoint(folder, causal=cls.causal)
        if checkpoint.own_code and not trust_remote_code:
            raise ModelError(
                f"{folder}: the model runs Python code of its own; pass trust_remote_code=True "
                "if you trust where it comes from"
            )
        with _quiet():
            tokenizer = _read(AutoTokenizer, checkpoint, trust_remote_code)
            encoding = cls._read_encoding(tokenizer, str(folder))
            network, unread = _network(cls._loader, checkpoint, trust_remote_code)
        model = cls(
            network, encoding, name=name, revision=checkpoint.revision(), device=device,
            dtype=dtype, max_length=_max_length(checkpoint.config, encoding), unread=unread,
        )  # fmt: skip
        if not np.isfinite(model.log_probs([AMINO_ACIDS])[0]).all():
            raise ModelError(
                f"{folder}: the model's probabilities are not finite; the weights are damaged, "
                f"or {dtype} is too coarse for them (pass dtype='float32')"
            )
        return model

    def log_probs(
        self, sequences: Sequence[str], masked_positions: Sequence[int | None] | None = None
    ) -> list[np.ndarray]:
        """Log probabilities of the 20 residues, float32 (length, 20) for each sequence.

        Raises
        ------
        InputError
            If a sequence or a position to hide is not usable.
        """
        checked = self._checked(sequences)
        positions = checked_positions(masked_positions, checked)
        return self._run(checked, positions, self._residue_log_probs)

    def embed(self, sequences: Sequence[str]) -> list[np.ndarray]:
        """Last hidden layer, float32 (length, width) for each sequence.

        Raises
        ------
        InputError
            If a sequence is not usable.
        """
        checked = self._checked(sequences)
        return self._run(checked, [None] * len(checked), self._hidden)

    def _checked(self, sequences: Sequence[str]) -> list[str]:
        return checked_sequences(sequences, self.max_length)

    def _run(self, sequences: list[str], positions: list[int | None], forward) -> list[np.ndarray]:
        """One array per sequence, in order; special tokens cut off."""
        results: list[np.ndarray] = [np.empty(0)] * len(sequences)
        first = len(self._encoding.prefix)
        special = first + len(self._encoding.suffix)
        lengths = np.array([len(sequence) + special for sequence in sequences], dtype=np.int64)
        for batch in length_batches(lengths, self.batch_tokens):
            ids = self._encoding.encode(
                [sequences[i] for i in batch], [positions[i] for i in batch]
            )
            with torch.inference_mode(), self._precision():
                output = forward(*self._inputs(ids, lengths[batch]))
            output = output.float().cpu().numpy()
            for row, place in enumerate(batch):
                results[place] = output[row, first : first + len(sequences[place])].copy()
        return results

    def _inputs(
        self, ids: np.ndarray, lengths: np.ndarray
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Tokens and attention mask; no mask where nothing is padded, which is faster."""
        tokens = torch.from_numpy(ids).to(self.device)
        if (lengths == ids.shape[1]).all():
            return tokens, None
        visible = np.arange(ids.shape[1]) < lengths[:, None]
        return tokens, torch.from_numpy(visible.astype(np.int64)).to(self.device)

    def _residue_log_probs(self, tokens: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        logits = self._network(input_ids=tokens, attention_mask=mask).logits
        return logits[..., self._residue_ids].float().log_softmax(dim=-1)

    def _hidden(self, tokens: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        return self._network.base_model(input_ids=tokens, attention_mask=mask)[0]

    def _precision(self) -> AbstractContextManager:
        if self.dtype == "float32":
            return nullcontext()
        return torch.autocast(self.device.partition(":")[0], dtype=_DTYPES[self.dtype])


class MaskedProteinModel(CheckpointModel):
    """A masked protein language model: the residue at a place given those on both sides.

    References
    ----------
    Lin et al. (2023), Evolutionary-scale prediction of atomic-level protein structure with a
    language model, Science 379:1123-1130.
    """

    masked = True
    causal = False
    _loader = AutoModelForMaskedLM
    _read_encoding = staticmethod(read_encoding)


def _placement(device: str | None, dtype: str | None) -> tuple[str, str]:
    """Device and precision: what was asked for, or the best there is."""
    cuda = torch.cuda.is_available()
    device = device or ("cuda" if cuda else "cpu")
    kind = device.partition(":")[0]
    if kind not in ("cpu", "cuda", "mps") or (kind == "cuda" and not cuda):
        raise InputError(
            f"device {device!r} is not available; expected cpu"
            + (", cuda, cuda:N" if cuda else " (torch sees no CUDA device here)")
        )
    dtype = dtype or ("bfloat16" if kind == "cuda" else "float32")
    if dtype not in _DTYPES:
        raise InputError(f"dtype {dtype!r} is not known; expected one of {', '.join(_DTYPES)}")
    return device, dtype


def _read(loader: Any, checkpoint: Checkpoint, trust_remote_code: bool, **options: Any) -> Any:
    """``loader.from_pretrained`` on a local folder, its failures turned into one line."""
    try:
        return loader.from_pretrained(
            str(checkpoint.folder),
            local_files_only=True,
            trust_remote_code=trust_remote_code,
            **options,
        )
    except Exception as error:  # the library raises whatever its many readers raise
        reason = " ".join(str(error).split())[:300]
        raise ModelError(
            f"{checkpoint.folder}: cannot be loaded as a protein language model "
            f"({type(error).__name__}: {reason}); get the model folder again"
        ) from error


def _network(
    loader: Any, checkpoint: Checkpoint, trust_remote_code: bool
) -> tuple[torch.nn.Module, list[str]]:
    """The network, no weight in use left at random, and the unused ones that the file lacks."""
    attention = {} if checkpoint.own_code else {"attn_implementation": "sdpa"}
    network, report = _read(
        loader, checkpoint, trust_remote_code, use_safetensors=True,
        dtype=torch.float32, output_loading_info=True, ignore_mismatched_sizes=True, **attention,
    )  # fmt: skip
    missing = sorted(
        key for key in report["missing_keys"] if not any(part in key for part in _UNUSED_PARTS)
    )
    if missing or report["mismatched_keys"]:
        wrong = missing or sorted(str(key) for key in report["mismatched_keys"])
        raise ModelError(
            f"{checkpoint.folder}: {len(wrong)} weight(s) are missing or of another shape than "
            f"config.json says, first {wrong[0]}; get the model folder again"
        )
    return network, sorted(report["missing_keys"])


class _FusedIntermediate(torch.nn.Module):
    """ESM's wide layer with the exact GELU in one kernel.

    The library spells it out in five passes over memory, which on a CPU takes longer than the
    layer's matrix product; the two agree to 1e-6.
    """

    def __init__(self, dense: torch.nn.Module) -> None:
        super().__init__()
        self.dense = dense

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.gelu(self.dense(hidden))


def _fused(network: torch.nn.Module) -> torch.nn.Module:
    """The network with its ESM wide layers, if any, fused in place."""
    for layer in list(network.modules()):
        wide = getattr(layer, "intermediate", None)
        if isinstance(wide, EsmIntermediate):
            layer.intermediate = _FusedIntermediate(wide.dense)
    return network


def _max_length(config: dict[str, Any], encoding: Encoding) -> int:
    """Longest sequence in residues, from the positions the model was built for."""
    # GPT-2 and its descendants have names of their own for it.
    named = (config.get(key) for key in ("max_position_embeddings", "n_positions", "max_seq_len"))
    positions = next((value for value in named if value is not None), None)
    special = len(encoding.prefix) + len(encoding.suffix)
    if not isinstance(positions, int) or positions <= 0:
        return _DEFAULT_LENGTH
    # ESM and RoBERTa number positions from the padding token's id plus one.
    offset = encoding.pad_id + 1 if config.get("model_type") in ("esm", "roberta") else 0
    return max(positions - offset - special, 1)


@contextmanager
def _quiet() -> Iterator[None]:
    """No log lines or progress bars of transformers while a model loads."""
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
