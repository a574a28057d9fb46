"""The door to the Hugging Face hub: a model id becomes a local folder."""

from __future__ import annotations

import re
from pathlib import Path

from seqgen.errors import MissingDependencyError, ModelError

_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_FILES = ["*.json", "*.safetensors", "vocab.txt", "*.model"]


def is_hub_id(name: str) -> bool:
    """Whether the name has the form ``owner/model``."""
    return _ID.fullmatch(name) is not None


def fetch(name: str, revision: str | None, *, code: bool = False) -> Path:
    """Folder of a hub model: from the local cache where complete, else downloaded.

    Weights are fetched as safetensors only. ``code`` also fetches the model's Python files.

    Raises
    ------
    ModelError
        If the hub has no such model or revision, asks for a login, or cannot be reached.
    """
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import LocalEntryNotFoundError
    except ImportError as error:
        raise MissingDependencyError(
            f"model {name!r} is on the Hugging Face hub: pip install huggingface_hub"
        ) from error
    patterns = [*_FILES, "*.py"] if code else _FILES
    try:
        folder = Path(
            snapshot_download(
                name, revision=revision, allow_patterns=patterns, local_files_only=True
            )
        )
        if (folder / "config.json").exists() and any(folder.glob("*.safetensors")):
            return folder
    except LocalEntryNotFoundError:
        pass
    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=patterns))
    except Exception as error:  # the client lets errors of several network libraries through
        raise ModelError(_explain(name, revision, error)) from error


def commit_of(folder: Path) -> str | None:
    """The commit that a folder of the local cache is a snapshot of; None for any other folder."""
    return folder.name if folder.parent.name == "snapshots" else None


def _explain(name: str, revision: str | None, error: Exception) -> str:
    """One line on why the hub gave no model, and what to do."""
    from huggingface_hub import errors

    if isinstance(error, errors.GatedRepoError):
        return f"model {name!r}: the hub asks for a login; run `hf auth login` first"
    if isinstance(error, errors.RevisionNotFoundError):
        return f"model {name!r} has no revision {revision!r} on the Hugging Face hub"
    if isinstance(error, errors.RepositoryNotFoundError):
        return (
            f"model {name!r}: neither a local folder nor a model on the Hugging Face hub; check "
            "the spelling (for example facebook/esm2_t6_8M_UR50D)"
        )
    reason = str(error).partition("\n")[0][:120] or type(error).__name__
    return (
        f"model {name!r}: the Hugging Face hub cannot be reached ({reason}); offline, run "
        f"`hf download {name} --local-dir FOLDER` where there is a network and pass FOLDER"
    )
