"""From the name of a model to the model: bundled, reference, local folder, hub, or several."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from seqgen.errors import MissingDependencyError, ModelError
from seqgen.models.ensemble import EnsembleModel
from seqgen.models.hub import commit_of, fetch, is_hub_id
from seqgen.models.potts_files import is_potts_file, load_potts
from seqgen.models.protocol import SequenceModel
from seqgen.models.substitution import SubstitutionModel

DEFAULT = "seqgen-protein-v2"
REFERENCE = "blosum62"

#: Names that need no download, and what they are.
BUNDLED = {
    DEFAULT: "protein language model that comes with seqgen (also called 'default')",
    REFERENCE: "substitution matrix, no context; a floor to compare with",
}


def load_model(
    name: str | Sequence[str],
    *,
    device: str | None = None,
    dtype: str | None = None,
    runtime: str = "torch",
    revision: str | None = None,
    trust_remote_code: bool = False,
    alphabet: str | None = None,
) -> SequenceModel:
    """Load a model of proteins or DNA by name, or several as an ensemble.

    Bundled models and local folders never touch the network, and load in silence. Weights are
    read from safetensors alone, which hold no code.

    Parameters
    ----------
    name : str or sequence of str
        ``default`` or ``seqgen-protein-v2``: the bundled model; ``blosum62``: the reference
        without context; the path of a folder in Hugging Face format; the path of a Potts model
        that `PottsModel.save` wrote; or a hub id such as ``facebook/esm2_t33_650M_UR50D``
        (looked up in the local cache first). Several names are an `EnsembleModel`, the mean of
        their log probabilities, such as the five of ESM-1v.

        Of proteins: masked models of one token per residue (ESM-1b, ESM-1v, ESM-2, ESM-C,
        ProtBert), causal ones (ProGen2, RITA), and the encoder of ProtT5, which embeds only. Of
        DNA: masked models of single bases (GPN, Caduceus), of k-mers apart (Nucleotide
        Transformer) or overlapping (DNABERT), of byte pairs (DNABERT-2), and causal ones
        (HyenaDNA, Evo).
    device : str, optional
        ``cpu``, ``cuda``, ``cuda:1``, ``mps``. By default a CUDA device where there is one. The
        machine's memory is looked at before a model is read, that of a GPU is not: a model that
        does not fit there fails with the message of torch.
    dtype : {"float32", "bfloat16", "float16", "int16"}, optional
        Precision of the arithmetic. By default float16 on CUDA; on a processor with AVX2, where
        the network is ESM's, int16: products of numbers rounded to 16 bits, half as fast again
        as float32, after which log-likelihood ratios of the bundled model differ by .0005
        (root mean square); else float32. With OpenVINO bfloat16 where the processor multiplies
        in it.
    runtime : {"torch", "openvino"}
        What runs the network. OpenVINO (``pip install openvino``) is for CPUs: most where the
        processor multiplies in bfloat16 (AVX-512 BF16, AMX); in float32 its numbers are those
        of torch to within 1e-4. Inner layers and attention maps are computed by torch. Models
        without a network, such as ``blosum62``, need none.
    revision : str, optional
        For a hub id, the branch, tag or commit. For everything else, the hash (or its
        beginning) that the model has to have.
    trust_remote_code : bool
        Let a model that brings its own Python code run it.
    alphabet : {"protein", "dna"}, optional
        What the model reads, where its tokenizer has letters of both, such as one of bytes.

    Returns
    -------
    SequenceModel
        Its ``source`` is the hub id and commit, or the name that was given.

    Raises
    ------
    ModelError
        If the name is unknown, the hub cannot be reached, the checkpoint is damaged, holds its
        weights only as pickles, is of no family above, cannot be run by the runtime, or has
        another hash than ``revision``.
    MissingDependencyError
        If torch, transformers, the runtime, or a package that the model is read with is not
        installed.
    InputError
        If ``device``, ``dtype``, ``runtime`` or ``alphabet`` is not available, or models of an
        ensemble do not fit together.

    Examples
    --------
    >>> load_model("blosum62").name
    'blosum62'
    >>> load_model(["blosum62", "default"]).name
    'blosum62 + seqgen-protein-v2'
    """
    options: dict[str, Any] = {
        "device": device, "dtype": dtype, "runtime": runtime, "alphabet": alphabet,
        "trust_remote_code": trust_remote_code,
    }  # fmt: skip
    if not isinstance(name, str):
        if revision is not None:
            raise ModelError(
                f"revision is {revision!r} for several models; load each with its own and pass "
                "them to EnsembleModel"
            )
        return EnsembleModel([load_model(one, **options) for one in name])
    if name == REFERENCE:
        return _of_revision(SubstitutionModel(), revision)
    if name in ("default", DEFAULT):
        return _of_revision(_from_folder(_bundled_folder(), DEFAULT, **options), revision)
    if name and Path(name).expanduser().is_dir():
        return _of_revision(_from_folder(Path(name).expanduser(), name, **options), revision)
    if name and is_potts_file(Path(name).expanduser()):
        return _of_revision(load_potts(name), revision)
    if is_hub_id(name) and not Path(name).exists():
        folder = fetch(name, revision, code=trust_remote_code)
        model = _from_folder(folder, name, **options)
        model.source = f"{name}@{commit_of(folder) or revision or 'unknown'}"
        return model
    raise ModelError(_unknown(name))


def _from_folder(folder: Path, name: str, **options):
    try:
        from seqgen.models.families import open_folder
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("torch", "transformers"):
            raise
        raise MissingDependencyError(
            f"model {name!r} needs torch and transformers ({error}): pip install torch transformers"
        ) from error
    return open_folder(folder, name=name, **options)


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
    if re.match(r"esm(2_t\d|1[bv]_t\d|_msa)", name.lower()):
        hint = f" (did you mean 'facebook/{name}'?)"
    problem = "no such model folder" if "/" in name or "\\" in name else "unknown model"
    bundled = ", ".join(repr(known) for known in BUNDLED)
    return (
        f"{problem}: {name!r}{hint}; expected {bundled}, 'default' (the first of these), the path "
        "of a model folder, or a Hugging Face id such as 'facebook/esm2_t6_8M_UR50D'"
    )
