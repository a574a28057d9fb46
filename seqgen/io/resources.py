"""The data that comes with the package."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqgen.errors import InputError, MissingFileError
from seqgen.io.tables import read_table
from seqgen.schemas import HOMOLOG_SCORES, MISSENSE_MAP

if TYPE_CHECKING:
    import pandas as pd

_DEMO_SUMSTATS = "height_chr22/ukb_height_chr22.fastGWA.gz"
_DEMO_PANEL = "height_chr22/eur_chr22"
_EXAMPLE = "families/AKT2/AKT2"
_PROTEIN_COLUMNS = ("uniprot", "name", "gene", "sequence")


def data_path(name: str) -> Path:
    """Where a bundled file or folder lies.

    Parameters
    ----------
    name : str
        Path inside the package's data folder, such as ``human_missense.parquet``.

    Raises
    ------
    MissingFileError
        If this installation does not hold it.
    """
    path = Path(str(resources.files("seqgen") / "data" / name))
    if not path.exists():
        raise MissingFileError(
            f"{path}: the bundled data '{name}' is not in this installation; install seqgen "
            f"again, or in a checkout rebuild it with the scripts in data-raw/"
        )
    return path


def missense_map() -> pd.DataFrame:
    """Known human missense variants, as a table of schema ``MISSENSE_MAP``.

    Raises
    ------
    MissingFileError
        If this installation does not hold it.
    """
    return _missense_map().copy()


def homolog_scores() -> pd.DataFrame:
    """What the relatives of human proteins have at the sites of known missense variants.

    The profile of a protein's homologs in Swiss-Prot, computed once for every checked change of
    `missense_map`: log p(alternative) - log p(reference), natural logarithm; negative where the
    relatives have the alternative residue less often. Needs no model and no download. With no
    homologs it is nearly BLOSUM62's, so look at ``depth``.

    Returns
    -------
    DataFrame
        Table ``homolog_scores``: the columns of `score_variants` (its ``method`` is
        "homolog-profile") and ``depth``.

    Raises
    ------
    MissingFileError
        If this installation does not hold it.

    References
    ----------
    Henikoff and Henikoff (1994), Position-based sequence weights, Journal of Molecular Biology
    243:574-578. Steinegger and Soeding (2017), MMseqs2, Nature Biotechnology 35:1026-1028.

    Examples
    --------
    >>> table = homolog_scores()
    >>> table["method"].unique().tolist()
    ['homolog-profile']
    """
    return _homolog_scores().copy()


def human_proteins() -> pd.DataFrame:
    """Human proteins: ``uniprot``, ``name``, ``gene``, ``sequence``, one row per protein.

    Raises
    ------
    MissingFileError
        If this installation does not hold it.
    """
    return _human_proteins().copy()


def demo_sumstats_path() -> Path:
    """The bundled summary statistics: UK Biobank standing height, chromosome 22, fastGWA.

    Raises
    ------
    MissingFileError
        If this installation does not hold it.
    """
    return data_path(_DEMO_SUMSTATS)


def example_alignment_path() -> Path:
    """The bundled alignment (A3M): 1,591 protein kinase domains on that of human AKT2, 152-409.

    From Swiss-Prot by jackhmmer; the 463 human rows are named by accession and range.

    Raises
    ------
    MissingFileError
        If this installation does not hold it.
    """
    return data_path(_EXAMPLE + ".a3m.gz")


def example_structure_path() -> Path:
    """The structure that goes with it (PDB): chain A of 3E8D, human AKT2 in UniProt numbering.

    Raises
    ------
    MissingFileError
        If this installation does not hold it.
    """
    return data_path(_EXAMPLE + ".pdb.gz")


def demo_panel_prefix() -> Path:
    """The bundled PLINK panel, 1000 Genomes Europeans, without its suffix.

    Raises
    ------
    MissingFileError
        If this installation does not hold it.
    """
    return data_path(_DEMO_PANEL + ".bed").with_suffix("")


def bundled_models() -> dict[str, Path]:
    """Names of the bundled models and the folders that hold them; empty where none is."""
    folder = Path(str(resources.files("seqgen") / "data" / "models"))
    return {config.parent.name: config.parent for config in sorted(folder.glob("*/config.json"))}


def bundled_provenance() -> dict[str, Any]:
    """Source, version, licence and checksum of each bundled file.

    Raises
    ------
    MissingFileError
        If this installation does not hold it.
    InputError
        If it is not JSON.
    """
    path = data_path("provenance.json")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: is not JSON ({error}); install seqgen again") from error


def bundled_sha256(name: str) -> str:
    """Recorded checksum of a bundled file, for the keys of what is made with it.

    Raises
    ------
    MissingFileError
        If this installation does not hold the record.
    """
    files = bundled_provenance()["files"]
    return next(str(entry["sha256"]) for entry in files if entry["file"] == name)


@cache
def _missense_map() -> pd.DataFrame:
    return read_table(data_path("human_missense.parquet"), MISSENSE_MAP)


@cache
def _homolog_scores() -> pd.DataFrame:
    table = read_table(data_path("human_missense_homologs.parquet"))
    table.insert(4, "method", "homolog-profile")
    return HOMOLOG_SCORES.validate(table.astype({"method": "str", "log_lik_ratio": "float64"}))


@cache
def _human_proteins() -> pd.DataFrame:
    path = data_path("human_proteins.parquet")
    frame = read_table(path)
    missing = [name for name in _PROTEIN_COLUMNS if name not in frame]
    if missing:
        raise InputError(
            f"{path}: column(s) {', '.join(missing)} missing; found "
            f"{', '.join(frame.columns)}; install seqgen again"
        )
    return frame
