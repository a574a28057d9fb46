"""What a folder has to hold to be loaded as a language model, checked before loading."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqgen.errors import ModelError

_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")
#: How the names of architectures end.
_ENDINGS = {
    "masked": ("ForMaskedLM",),
    "causal": ("ForCausalLM", "LMHeadModel"),
    "encoder": ("T5EncoderModel", "T5ForConditionalGeneration"),
}
_NAMES = {
    "masked": "a masked language model",
    "causal": "a causal language model",
    "encoder": "an encoder without probabilities",
}
_LOADERS = {
    "masked": "AutoModelForMaskedLM",
    "causal": "AutoModelForCausalLM",
    "encoder": "T5EncoderModel",
}
_INDEX = "model.safetensors.index.json"


@dataclass(frozen=True)
class Checkpoint:
    """A folder that passed the checks.

    Attributes
    ----------
    folder : Path
    config : dict
        Content of ``config.json``.
    weights : tuple of Path
        The safetensors files.
    """

    folder: Path
    config: dict[str, Any]
    weights: tuple[Path, ...]

    @property
    def own_code(self) -> bool:
        """True where the model brings Python code of its own."""
        return "auto_map" in self.config

    def revision(self) -> str:
        """SHA-256 over ``config.json`` and the weight files, in order of name."""
        digest = hashlib.sha256()
        for path in (self.folder / "config.json", *self.weights):
            with path.open("rb") as handle:
                while block := handle.read(1 << 22):
                    digest.update(block)
        return digest.hexdigest()


def kind_of(folder: Path) -> str:
    """What a model folder holds: a ``masked`` or ``causal`` language model, or an ``encoder``.

    Raises
    ------
    ModelError
        If the folder has no readable ``config.json`` or is none of these.
    """
    config = _config(folder)
    for kind, endings in _ENDINGS.items():
        if any(str(name).endswith(endings) for name in config.get("architectures") or []):
            return kind
    raise ModelError(
        f"{folder}: architecture {_architecture(config)} is not a masked language model, nor a "
        "causal one; expected one that ends in ForMaskedLM, such as the ESM-2 family "
        "(EsmForMaskedLM), in ForCausalLM or LMHeadModel, or a T5 encoder"
    )


def open_checkpoint(folder: Path, *, kind: str = "masked") -> Checkpoint:
    """Check a model folder and list its files.

    Parameters
    ----------
    folder : Path
    kind : {"masked", "causal", "encoder"}
        Which kind of language model is expected.

    Raises
    ------
    ModelError
        If the folder has no readable ``config.json``, is no language model of that kind, has
        its weights only as pickles (which can run code when opened), or has none, some missing
        or damaged.
    """
    found = kind_of(folder)
    if found != kind:
        raise ModelError(
            f"{folder}: {_NAMES[found]}; expected {_NAMES[kind].replace('language model', 'one')}; "
            "load it with load_model"
        )
    config = _config(folder)
    weights = _weights(folder, _LOADERS[kind])
    for path in weights:
        _require_whole(path)
    return Checkpoint(folder, config, weights)


def _config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        found = ", ".join(sorted(item.name for item in folder.iterdir())[:8]) or "nothing"
        raise ModelError(
            f"{folder}: no config.json; found {found}; expected a model folder in Hugging Face "
            "format (config.json, vocab.txt or tokenizer.json, model.safetensors)"
        ) from error
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{path}: not readable as JSON ({error}); get the model folder again"
        ) from error
    if not isinstance(config, dict):
        raise ModelError(f"{path}: holds no JSON object; get the model folder again")
    return config


def _architecture(config: dict[str, Any]) -> str:
    named = ", ".join(map(str, config.get("architectures") or []))
    return named or config.get("model_type", "unknown")


def _weights(folder: Path, loader: str) -> tuple[Path, ...]:
    """The safetensors files; those the index names where there is one."""
    found = tuple(sorted(folder.glob("*.safetensors")))
    index = folder / _INDEX
    if index.exists():
        try:
            named = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        except (OSError, ValueError, KeyError, AttributeError) as error:
            raise ModelError(f"{index}: not readable ({error}); get it again") from error
        missing = sorted(named - {path.name for path in found})
        if missing:
            raise ModelError(
                f"{folder}: weight file(s) {', '.join(missing)} named by {_INDEX} are missing; "
                "get the model folder again"
            )
        return tuple(path for path in found if path.name in named)
    if found:
        return found
    pickles = sorted(path.name for pattern in _PICKLES for path in folder.glob(pattern))
    if pickles:
        raise ModelError(
            f"{folder}: weights only as {', '.join(pickles)}, a pickle, which can run any code "
            "when opened, so it is refused; expected model.safetensors; use a release with "
            "safetensors, or, where you trust the file, convert it with "
            f"transformers.{loader}.from_pretrained(...).save_pretrained(...)"
        )
    raise ModelError(f"{folder}: no weights; expected model.safetensors; get the folder again")


def _require_whole(path: Path) -> None:
    """Read the header, whose offsets have to cover the file to its last byte."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as handle:
            empty = not list(handle.keys())
    except (SafetensorError, OSError) as error:
        raise ModelError(
            f"{path}: damaged or cut short, {path.stat().st_size:,} bytes ({error}); "
            "get the file again"
        ) from error
    if empty:
        raise ModelError(f"{path}: holds no weights; get the file again")
