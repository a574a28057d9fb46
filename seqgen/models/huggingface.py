"""Language models in Hugging Face format of one token per letter: what all kinds share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from transformers import AutoModelForMaskedLM

from seqgen.errors import InputError, ModelError
from seqgen.models.alphabets import DNA, PROTEIN, Alphabet
from seqgen.models.encoding import Encoding, length_batches, read_encoding
from seqgen.models.loading import (
    DTYPES,
    load_network,
    load_tokenizer,
    placement,
    takes_mask,
    trusted_checkpoint,
)
from seqgen.models.openvino_pass import OpenVinoPass
from seqgen.models.passes import cpu_dtype, open_pass
from seqgen.models.requests import Hidden, checked_positions, checked_sequences

_DEFAULT_LENGTH = {"protein": 1022, "dna": 8192}
# On a CPU about what its caches hold, for each thread; on a GPU what fills it.
_BATCH_TOKENS = {"cpu": 1024, "cuda": 65536}
# GPT-2 and its descendants, and state-space models, have names of their own for it.
_LENGTH_NAMES = ("max_position_embeddings", "n_positions", "max_seq_len", "max_seqlen")


class CheckpointModel:
    """A language model from a folder, asked in batches of like length.

    Probabilities are over the letters alone (log-softmax of their logits), so that a
    difference of two is unchanged by the tokens left out. Results do not depend on what else
    is in a batch, to within rounding (1e-4 in float32).

    Attributes
    ----------
    name, revision, alphabet, max_length, masked, causal
        As in `seqgen.models.protocol.SequenceModel`; ``revision`` is the SHA-256 of
        configuration and weights.
    source : str
        The hub id and commit it came from, or its name.
    device : str
        Where it runs.
    dtype : str
        Precision of the arithmetic.
    runtime : str
        What runs the network: ``torch`` or ``openvino``.
    batch_tokens : int
        Most tokens in one forward pass; lower it where memory is short.
    unread : tuple of str
        Weights that the checkpoint lacks: random numbers that no result may rest on.
    """

    kind: ClassVar[str]
    letters: ClassVar[Alphabet] = PROTEIN
    _loader: ClassVar[Any]
    _read_encoding: ClassVar[Any] = staticmethod(read_encoding)

    def __init__(
        self, network: torch.nn.Module, encoding: Any, *, name: str, revision: str,
        max_length: int, device: str = "cpu", dtype: str = "float32",
        runtime: str = "torch", unread: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.name = name
        self.source = name
        self.revision = revision
        self.alphabet = self.letters.letters
        self.max_length = max_length
        self.device = device
        self.dtype = dtype
        self.runtime = runtime
        self.batch_tokens = _batch_tokens(device)
        self.unread = tuple(unread)
        self._network: Any = network.to(device).eval()
        self._takes_mask = takes_mask(network)
        self._encoding = encoding
        self._pass: Any = open_pass(self._network, whole_numbers=dtype == "int16")
        if runtime == "openvino":
            self._pass = OpenVinoPass(self._pass, name=name, dtype=dtype, causal=self.causal)
        # A CPU gains nothing from unlike lengths in a batch, so there nothing is padded.
        hides = self._takes_mask or self.causal
        self._alike = 0.9 if hides and device != "cpu" else 1.0

    @property
    def masked(self) -> bool:
        """Whether a position can be hidden."""
        return self.kind == "masked"

    @property
    def causal(self) -> bool:
        """Whether a letter is read from those before it alone."""
        return self.kind == "causal"

    def __repr__(self) -> str:
        size = sum(weights.numel() for weights in self._network.parameters())
        return (
            f"{type(self).__name__}({self.name!r}, {size:,} parameters, {self.dtype} on "
            f"{self.device} by {self.runtime}, up to {self.max_length:,} {self.letters.unit})"
        )

    @classmethod
    def from_folder(
        cls, folder: Path, *, name: str, device: str | None = None, dtype: str | None = None,
        runtime: str = "torch", trust_remote_code: bool = False,
    ) -> Self:  # fmt: skip
        """Load a checkpoint folder, without network and in silence.

        Raises
        ------
        ModelError
            If the folder is damaged, no language model of this kind and alphabet, or would run
            code of its own and ``trust_remote_code`` is not set.
        MissingDependencyError
            If its tokenizer, network or runtime needs a package that is not installed.
        InputError
            If ``device``, ``dtype`` or ``runtime`` is not available.
        """
        asked = dtype
        device, dtype = placement(device, dtype, runtime)
        checkpoint = trusted_checkpoint(folder, kind=cls.kind, trust_remote_code=trust_remote_code)
        tokenizer = load_tokenizer(checkpoint, trust_remote_code)
        encoding = cls._read_encoding(tokenizer, str(folder), cls.letters)
        network, unread = load_network(cls._loader, checkpoint, trust_remote_code)
        if device == "cpu" and runtime == "torch" and asked in (None, "int16"):
            dtype = cpu_dtype(network, name, asked)
        model = cls(
            network, encoding, name=name, revision=checkpoint.revision(), device=device,
            dtype=dtype, runtime=runtime, unread=unread,
            max_length=cls._max_length(checkpoint.config, encoding),
        )  # fmt: skip
        if not model._is_finite():
            numbers = "embeddings" if cls.kind == "encoder" else "probabilities"
            raise ModelError(
                f"{folder}: the model's {numbers} are not finite; the weights are damaged, "
                f"or {dtype} is too coarse for them (pass dtype='float32')"
            )
        return model

    def log_probs(
        self, sequences: Sequence[str], masked_positions: Sequence[Hidden] | None = None
    ) -> list[np.ndarray]:
        """Log probabilities of the letters, float32 (length, letters) for each sequence.

        Raises
        ------
        InputError
            If a sequence or a position to hide is not usable.
        """
        checked = self._checked(sequences)
        positions = checked_positions(masked_positions, checked)
        return self._run(checked, positions, self._letter_log_probs)

    def embed(self, sequences: Sequence[str], *, layer: int = -1) -> list[np.ndarray]:
        """A hidden layer, float32 (length, width) for each sequence.

        Parameters
        ----------
        sequences : sequence of str
        layer : int
            0 for what enters the first block, 1 for what leaves it, and so on; -1 for the last.

        Raises
        ------
        InputError
            If a sequence is not usable or there is no such layer.
        """
        checked = self._checked(sequences)
        return self._run(checked, [()] * len(checked), self._layer(layer))

    def summarise(self, sequences: Sequence[str], *, layer: int = -1) -> np.ndarray:
        """The first special token's vector in a layer, (sequences, width), such as that of <cls>.

        Raises
        ------
        InputError
            If the model puts nothing before a sequence, or as `embed` does.
        """
        if not self._encoding.prefix:
            raise InputError(
                f"model {self.name!r} puts no token before a sequence, so that there is none to "
                "read; use pooling='mean'"
            )
        checked = self._checked(sequences)
        found = self._run(checked, [()] * len(checked), self._layer(layer), whole=True)
        return np.stack([rows[0] for rows in found]) if found else np.empty((0, 0))

    def _layer(self, layer: int) -> Callable[..., torch.Tensor]:
        if layer == -1:
            return self._hidden
        count = getattr(self._network.config, "num_hidden_layers", 0)
        if not -1 - count <= layer <= count:
            raise InputError(
                f"layer is {layer}; model {self.name!r} has {count} blocks; expected 0 to {count}, "
                "or -1 for the last"
            )

        def forward(tokens: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
            output = self._base(tokens, mask, output_hidden_states=True)
            return output.hidden_states[layer]

        return forward

    def _checked(self, sequences: Sequence[str]) -> list[str]:
        return checked_sequences(sequences, self.max_length, self.letters)

    def _is_finite(self) -> bool:
        rows = self.log_probs if self.kind != "encoder" else self.embed
        return bool(np.isfinite(rows([self.alphabet])[0]).all())

    def _run(
        self, sequences: list[str], positions: Sequence[Hidden], forward, *, whole: bool = False
    ) -> list[np.ndarray]:
        """One array per sequence, in order; special tokens cut off unless ``whole``."""
        results: list[np.ndarray] = [np.empty(0)] * len(sequences)
        first = 0 if whole else len(self._encoding.prefix)
        special = self._encoding.n_special
        lengths = np.array([len(sequence) + special for sequence in sequences], dtype=np.int64)
        batches = list(length_batches(lengths, self.batch_tokens, alike=self._alike))
        ids = (
            self._encoding.encode([sequences[i] for i in batch], [positions[i] for i in batch])
            for batch in batches
        )
        for batch, output in self._answers(forward, batches, ids, lengths):
            for row, place in enumerate(batch):
                end = lengths[place] if whole else first + len(sequences[place])
                results[place] = output[row, first:end].copy()
        return results

    def _answers(
        self, forward: Callable[..., torch.Tensor], batches: Iterable[np.ndarray],
        ids: Iterable[np.ndarray], lengths: np.ndarray, *more: np.ndarray,
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:  # fmt: skip
        """Each batch with its answer, fetched when the next one is under way.

        A GPU works on while the CPU prepares and takes apart. ``more`` has a number for each
        sequence, which ``forward`` takes last.
        """
        waiting = None
        for batch, tokens in zip(batches, ids, strict=True):
            with torch.inference_mode(), self._precision():
                others = (self._moved(one[batch]) for one in more)
                output = forward(*self._inputs(tokens, lengths[batch]), *others).float()
                answer = self._fetched(output)
            if waiting is not None:
                yield waiting[0], self._in_range(waiting[1]())
            waiting = batch, answer
        if waiting is not None:
            yield waiting[0], self._in_range(waiting[1]())

    def _in_range(self, output: np.ndarray) -> np.ndarray:
        """The numbers, unless float16 was too narrow for what the network computes.

        Raises
        ------
        ModelError
            If one is not finite.
        """
        if self.dtype == "float16" and not np.isfinite(output).all():
            raise ModelError(
                f"model {self.name!r} gives numbers too large for float16; load it with "
                "dtype='bfloat16', or dtype='float32'"
            )
        return output

    def _fetched(self, output: torch.Tensor) -> Callable[[], np.ndarray]:
        """Send the numbers for; the call waits for them.

        A GPU does things in order: asked for only when the next batch is under way, they would
        arrive after it, and nothing would be left for the GPU to do meanwhile.
        """
        if not self.device.startswith("cuda"):
            return lambda: output.cpu().numpy()
        held = torch.empty(output.shape, dtype=output.dtype, pin_memory=True)
        held.copy_(output, non_blocking=True)
        arrived = torch.cuda.Event()
        arrived.record(torch.cuda.current_stream(output.device))

        def wait() -> np.ndarray:
            arrived.synchronize()
            return held.numpy()

        return wait

    def _moved(self, numbers: np.ndarray) -> torch.Tensor:
        """The numbers where the network is, on a GPU without waiting for them to arrive."""
        tensor = torch.from_numpy(numbers)
        if self.device.startswith("cuda"):
            return tensor.pin_memory().to(self.device, non_blocking=True)
        return tensor.to(self.device)

    def _inputs(
        self, ids: np.ndarray, lengths: np.ndarray
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Tokens and attention mask; no mask where nothing is padded, which is faster.

        A causal model needs none: what is padded stands on the right, where no letter looks.
        """
        tokens = self._moved(ids)
        if self.causal or (lengths == ids.shape[1]).all():
            return tokens, None
        visible = np.arange(ids.shape[1]) < lengths[:, None]
        return tokens, self._moved(visible.astype(np.int64))

    def _logits(self, tokens: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        return self._pass.logits(tokens, mask)

    def _letter_log_probs(self, tokens: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        ids = torch.as_tensor(self._encoding.letter_ids, device=self.device)
        return self._logits(tokens, mask)[..., ids].float().log_softmax(dim=-1)

    def _hidden(self, tokens: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        return self._pass.hidden(tokens, mask)

    def _base(self, tokens: torch.Tensor, mask: torch.Tensor | None, **options: Any) -> Any:
        seen = {"attention_mask": mask} if self._takes_mask else {}
        return self._network.base_model(input_ids=tokens, **seen, **options)

    def _precision(self) -> AbstractContextManager:
        if self.dtype in ("float32", "int16") or self.runtime == "openvino":
            return nullcontext()
        return torch.autocast(self.device.partition(":")[0], dtype=DTYPES[self.dtype])

    @classmethod
    def _max_length(cls, config: dict[str, Any], encoding: Encoding) -> int:
        """Longest sequence in letters, from the positions the model was built for."""
        positions = max_tokens(config, encoding.pad_id)
        if positions is None:
            return _DEFAULT_LENGTH[cls.letters.name]
        return max(positions - encoding.n_special, 1)


def _batch_tokens(device: str) -> int:
    kind = device.partition(":")[0]
    threads = torch.get_num_threads() if kind == "cpu" else 1
    return _BATCH_TOKENS.get(kind, _BATCH_TOKENS["cuda"]) * threads


def max_tokens(config: dict[str, Any], pad_id: int) -> int | None:
    """Most tokens the model was built for; None where its configuration does not tell."""
    named = (config.get(key) for key in _LENGTH_NAMES)
    positions = next((value for value in named if value is not None), None)
    if not isinstance(positions, int) or positions <= 0:
        return None
    # ESM and RoBERTa number positions from the padding token's id plus one.
    return positions - (pad_id + 1 if config.get("model_type") in ("esm", "roberta") else 0)


class _MaskedLetters(CheckpointModel):
    """A masked language model of one token per letter."""

    kind = "masked"
    _loader = AutoModelForMaskedLM

    def log_probs_at(
        self, sequences: Sequence[str], masked_positions: Sequence[Hidden] | None,
        positions: Sequence[Sequence[int]],
    ) -> list[np.ndarray]:  # fmt: skip
        """Rows of `log_probs` at some 0-based positions of each sequence, (positions, letters).

        Where one position of each is asked for, the network leaves out what that does not need:
        the same numbers to within rounding, sooner.

        Raises
        ------
        InputError
            If a sequence or a position is not usable.
        """
        at = checked_positions(positions, checked := self._checked(sequences))
        hidden = checked_positions(masked_positions, checked)
        if any(len(places) != 1 for places in at):
            answers = self._run(checked, hidden, self._letter_log_probs)
            return [rows[list(places)] for rows, places in zip(answers, at, strict=True)]
        special, first = self._encoding.n_special, len(self._encoding.prefix)
        lengths = np.array([len(sequence) + special for sequence in checked], dtype=np.int64)
        token = np.array([first + place for (place,) in at], dtype=np.int64)
        batches = list(length_batches(lengths, self.batch_tokens, alike=self._alike))
        ids = (
            self._encoding.encode([checked[i] for i in batch], [hidden[i] for i in batch])
            for batch in batches
        )
        rows = np.empty((len(checked), 1, len(self.alphabet)), dtype=np.float32)
        for batch, output in self._answers(self._letters_at, batches, ids, lengths, token):
            rows[batch, 0] = output
        return list(rows)

    def _letters_at(
        self, tokens: torch.Tensor, mask: torch.Tensor | None, at: torch.Tensor
    ) -> torch.Tensor:
        ids = torch.as_tensor(self._encoding.letter_ids, device=self.device)
        return self._pass.logits(tokens, mask, at)[..., ids].float().log_softmax(dim=-1)


class MaskedProteinModel(_MaskedLetters):
    """A masked protein language model: the residue at a place given those on both sides.

    ESM-1b, ESM-1v, ESM-2 and ESM-C, and BERT-like models whose residues are written apart, such
    as ProtBert.

    References
    ----------
    Rives et al. (2021), Biological structure and function emerge from scaling unsupervised
    learning to 250 million protein sequences, PNAS 118:e2016239118: ESM-1b.
    Lin et al. (2023), Evolutionary-scale prediction of atomic-level protein structure with a
    language model, Science 379:1123-1130: ESM-2.
    Elnaggar et al. (2022), ProtTrans: toward understanding the language of life through
    self-supervised learning, IEEE TPAMI 44:7112-7127: ProtBert.
    """


class MaskedDnaModel(_MaskedLetters):
    """A masked language model of DNA of one token per base, such as GPN and Caduceus.

    References
    ----------
    Benegas et al. (2023), DNA language models are powerful predictors of genome-wide variant
    effects, PNAS 120:e2311219120: GPN.
    Schiff et al. (2024), Caduceus: bi-directional equivariant long-range DNA sequence modeling,
    ICML 235:43632-43648.
    """

    letters = DNA
