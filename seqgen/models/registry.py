"""From the name of a model to the model: bundled, reference, local folder, or hub."""

from __future__ import annotations

import difflib
from importlib import resources
from pathlib import Path

from seqgen.errors import MissingDependencyError, ModelError
from seqgen.models.checkpoint import is_causal
from seqgen.models.hub import fetch, is_hub_id
from seqgen.models.potts_files import is_potts_file, load_potts
from seqgen.models.protocol import SequenceModel
from seqgen.models.substitution import SubstitutionModel

DEFAULT = "seqgen-protein-v1"
REFERENCE = "blosum62"

#: Names that need no download, and what they are.
BUNDLED = {
    DEFAULT: "protein language model that comes with seqgen (also called 'default')",
    REFERENCE: "substitution matrix, no context; a floor to compare with",
}


def load_model(
    name: str,
    *,
    device: str | None = None,
    dtype: str | None = None,
    revision: str | None = None,
    trust_remote_code: bool = False,
) -> SequenceModel:
    """Load a protein model by name.

    Bundled models and local folders never touch the network, and load in silence.

    Parameters
    ----------
    name : str
        ``default`` or ``seqgen-protein-v1``: the bundled model; ``blosum62``: the reference
        without context; the path of a folder in Hugging Face format, of a masked or a causal
        model of one token per residue; the path of a Potts model that `PottsModel.save` wrote;
        or a hub id such as ``facebook/esm2_t33_650M_UR50D`` (looked up in the local cache
        first).
    device : str, optional
        ``cpu``, ``cuda``, ``cuda:1``, ``mps``. By default a CUDA device where there is one.
    dtype : {"float32", "bfloat16", "float16"}, optional
        Precision of the arithmetic. By default bfloat16 on CUDA and float32 elsewhere.
    revision : str, optional
        For a hub id, the branch, tag or commit. For everything else, the hash (or its
        beginning) that the model has to have.
    trust_remote_code : bool
        Let a model that brings its own Python code run it.

    Returns
    -------
    SequenceModel

    Raises
    ------
    ModelError
        If the name is unknown, the hub cannot be reached, the checkpoint is damaged, holds its
        weights only as pickles, is no masked or causal protein language model of one token
        per residue, or has another hash than ``revision``.
    MissingDependencyError
        If torch or transformers is not installed.

    Examples
    --------
    >>> load_model("blosum62").name
    'blosum62'
    """
    options = {"device": device, "dtype": dtype, "trust_remote_code": trust_remote_code}
    if name == REFERENCE:
        return _of_revision(SubstitutionModel(), revision)
    if name in ("default", DEFAULT):
        return _of_revision(_from_folder(_bundled_folder(), DEFAULT, **options), revision)
    if name and Path(name).expanduser().is_dir():
        return _of_revision(_from_folder(Path(name).expanduser(), name, **options), revision)
    if name and is_potts_file(Path(name).expanduser()):
        return _of_revision(load_potts(name), revision)
    if is_hub_id(name) and not Path(name).exists():
        return _from_folder(fetch(name, revision, code=trust_remote_code), name, **options)
    raise ModelError(_unknown(name))


def _from_folder(folder: Path, name: str, **options) -> SequenceModel:
    try:
        from seqgen.models.causal import CausalProteinModel
        from seqgen.models.huggingface import MaskedProteinModel
    except ImportError as error:
        raise MissingDependencyError(
            f"model {name!r} needs torch and transformers ({error}): pip install torch transformers"
        ) from error
    if is_causal(folder):
        return CausalProteinModel.from_folder(folder, name=name, **options)
    return MaskedProteinModel.from_folder(folder, name=name, **options)


def _bundled_folder() -> Path:
    folder = Path(str(resources.files("seqgen"))) / "data" / "models" / DEFAULT
    if not folder.is_dir():
        raise ModelError(
            f"the bundled model {DEFAULT!r} is not in this installation (expected {folder}); "
            "install seqgen again, or pass the path of a model folder"
        )
    return folder


def _of_revision(model: SequenceModel, revision: str | None) -> SequenceModel:
    if revision and not model.revision.startswith(revision):
        raise ModelError(
            f"model {model.name!r} has revision {model.revision}; expected {revision}; pass the "
            "model of that revision, or no revision"
        )
    return model


def _unknown(name: str) -> str:
    """One line: what was asked for, what there is, and the nearest name."""
    if Path(name).is_file():
        return (
            f"model {name!r} is a file; expected the folder that holds config.json and weights, "
            "or a Potts model that seqgen saved"
        )
    near = difflib.get_close_matches(name.lower(), ["default", *BUNDLED], n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    if name.lower().startswith("esm"):
        hint = f" (did you mean 'facebook/{name}'?)"
    problem = "no such model folder" if "/" in name or "\\" in name else "unknown model"
    bundled = ", ".join(repr(known) for known in BUNDLED)
    return (
        f"{problem}: {name!r}{hint}; expected {bundled}, 'default' (the first of these), the path "
        "of a model folder, or a Hugging Face id such as 'facebook/esm2_t6_8M_UR50D'"
    )
