"""From an alignment to couplings that a reader can judge: depth, fit, norm, significance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from seqgen.alignment import Alignment
from seqgen.couplings.mean_field import fit_mean_field
from seqgen.couplings.norms import average_product_correction, frobenius_norms
from seqgen.couplings.plm import Progress, fit_plm
from seqgen.couplings.significance import add_significance
from seqgen.couplings.weights import (
    DEEP,
    MIN_DEPTH,
    alignment_depth,
    checked_weights,
    sequence_weights,
)
from seqgen.errors import InputError, require_type
from seqgen.models.potts import PottsModel
from seqgen.results import Couplings

METHODS = ("plm", "mean-field")


def infer_couplings(
    alignment: Alignment,
    *,
    method: str = "plm",
    between: tuple[str, str] | None = None,
    gaps: str | None = None,
    lambda_J: float | None = None,
    pseudocount: float | None = None,
    identity: float = 0.8,
    weights: np.ndarray | None = None,
    min_depth: float = MIN_DEPTH,
    device: str | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Couplings:
    """Couplings of the residues of a protein, or of two, from an alignment of their families.

    Fits a Potts model (`fit_potts`), takes the Frobenius norm of each pair's couplings in the
    zero-sum gauge, corrects it for what residues share, and says for each
    pair how it stands out from the background (`potts_couplings`). Abstains where the alignment
    is too shallow to carry couplings.

    Parameters
    ----------
    alignment : Alignment
        As `read_alignment` or `pair_alignments` gives it.
    method, gaps, lambda_J, pseudocount, identity, weights, min_depth, device, threads, progress
        As for `fit_potts`.
    between : tuple of two str, optional
        Names of two proteins of a paired alignment: the block between them, corrected and
        judged by itself. Without it all pairs are given, within and between.

    Returns
    -------
    Couplings
        ``raw`` (norms), ``scores`` (corrected), ``z`` and ``probability``; ``diagnostics`` tell
        depth and settings.

    Raises
    ------
    InputError
        If the alignment is too shallow, or an argument is out of range.

    References
    ----------
    Marks et al. (2011), Protein 3D structure computed from evolutionary sequence variation,
    PLoS ONE 6:e28766.
    Ekeberg et al. (2013), Improved contact prediction in proteins: using pseudolikelihoods to
    infer Potts models, Physical Review E 87:012707.
    Ovchinnikov et al. (2014), Robust and accurate prediction of residue-residue interactions
    across protein interfaces using evolutionary information, eLife 3:e02030: two proteins.

    Examples
    --------
    >>> import numpy as np
    >>> from seqgen.alignment import Residues
    >>> rng = np.random.default_rng(0)
    >>> codes = rng.integers(1, 21, size=(300, 12)).astype(np.uint8)
    >>> codes[:, 9] = codes[:, 2]
    >>> family = Alignment(tuple(map(str, range(300))), codes, Residues.of_protein("A" * 12, "P1"))
    >>> infer_couplings(family).to_frame().loc[0, ["position_1", "position_2"]].tolist()
    [3, 10]
    """
    require_type(alignment, Alignment, "alignment", remedy="what read_alignment gives")
    _require_proteins(alignment, between)
    model = fit_potts(
        alignment, method=method, gaps=gaps, lambda_J=lambda_J, pseudocount=pseudocount,
        identity=identity, weights=weights, min_depth=min_depth, device=device, threads=threads,
        progress=progress,
    )  # fmt: skip
    return potts_couplings(model, between=between)


def fit_potts(
    alignment: Alignment,
    *,
    method: str = "plm",
    gaps: str | None = None,
    lambda_J: float | None = None,
    pseudocount: float | None = None,
    identity: float = 0.8,
    weights: np.ndarray | None = None,
    min_depth: float = MIN_DEPTH,
    device: str | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> PottsModel:
    """Fit a Potts model to an alignment that is deep enough, by either method.

    Parameters
    ----------
    alignment : Alignment
    method : {"plm", "mean-field"}
        Pseudolikelihood (`fit_plm`), or the mean-field approximation (`fit_mean_field`), which
        is less accurate.
    gaps : {"state", "ignore"}, optional
        For ``plm``: the gap is a letter, as by default, or gaps are left out.
    lambda_J : float, optional
        For ``plm``: penalty on couplings; by default as plmc and GREMLIN have it.
    pseudocount : float, optional
        For ``mean-field``: share of the uniform distribution, by default one half.
    identity : float
        Sequences at least this alike share a weight; unused where ``weights`` are given.
    weights : ndarray, shape (N,), optional
    min_depth : float
        Least effective number of sequences per column. Below it an error says why; 0 fits all
        the same, with a notice.
    device, threads, progress
        For ``plm``, as for `fit_plm`.

    Returns
    -------
    PottsModel
        ``settings["notices"]`` holds what the reader has to know.

    Raises
    ------
    InputError
        If the alignment is too shallow, or an argument is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from seqgen.alignment import Residues
    >>> codes = np.random.default_rng(0).integers(1, 21, size=(9, 12)).astype(np.uint8)
    >>> few = Alignment(tuple("abcdefghi"), codes, Residues.of_protein("A" * 12, "P1"))
    >>> fit_potts(few)
    Traceback (most recent call last):
        ...
    seqgen.errors.InputError: alignment is too shallow: 9 sequences count as 9 after weighting, \
0.75 per column of 12; below 2 couplings carry almost no signal. Search a larger database until \
about 24 count, or use a language model's couplings. min_depth=0 computes them all the same
    """
    require_type(alignment, Alignment, "alignment", remedy="what read_alignment gives")
    if method not in METHODS:
        raise InputError(f"method is {method!r}; expected one of {', '.join(METHODS)}")
    _refuse_options(
        method, {"gaps": gaps, "lambda_J": lambda_J, "device": device},
        {"pseudocount": pseudocount},
    )  # fmt: skip
    if not (np.isfinite(min_depth) and min_depth >= 0):
        raise InputError(f"min_depth is {min_depth}; expected a finite number of at least 0")
    if weights is None:
        weights = sequence_weights(alignment, identity=identity, threads=threads)
    weights = checked_weights(weights, alignment.n_sequences)
    depth = alignment_depth(alignment, weights)
    if depth.neff_per_column < min_depth:
        raise InputError(
            f"{alignment.source} is {depth.verdict}. min_depth=0 computes them all the same"
        )
    if method == "plm":
        model = fit_plm(
            alignment, weights=weights, gaps=gaps or "state", lambda_J=lambda_J,
            device=device or "auto", threads=threads, progress=progress,
        )  # fmt: skip
    else:
        share = 0.5 if pseudocount is None else pseudocount
        model = fit_mean_field(alignment, weights=weights, pseudocount=share)
    shallow = depth.neff_per_column < DEEP
    model.settings["notices"] = [f"the alignment is {depth.verdict}"] if shallow else []
    model.settings["depth"] = depth.verdict
    return model


def potts_couplings(
    model: PottsModel,
    *,
    between: tuple[str, str] | None = None,
    states: str | None = None,
) -> Couplings:
    """Couplings of a fitted Potts model as scores with their significance.

    Parameters
    ----------
    model : PottsModel
    between : tuple of two str, optional
        The block of two proteins, judged by itself. Each residue's level, which the correction
        takes off, is that of its pairs within its own protein.
    states : {"residues", "all"}, optional
        States in the Frobenius norm. ``all`` counts the gap where it is one, as plmc has it,
        and is the default for ``plm``; ``residues``, as pydca has it, is that for the rest.

    Returns
    -------
    Couplings

    Raises
    ------
    InputError
        If a protein is not among the model's.

    Examples
    --------
    >>> import numpy as np
    >>> from seqgen.alignment import ALIGNMENT_LETTERS, Residues
    >>> couplings = np.zeros((3, 21, 21)); couplings[1, 4, 7] = 1.0  # of columns 1 and 3
    >>> model = PottsModel(
    ...     ALIGNMENT_LETTERS, np.zeros((3, 21)), couplings, Residues.of_protein("MKV", "P1")
    ... )
    >>> top = potts_couplings(model).to_frame().iloc[0]
    >>> int(top["position_1"]), int(top["position_2"])
    (1, 3)
    """
    require_type(model, PottsModel, "model", remedy="what fit_potts gives")
    residues = model.residues
    if states is None:
        states = "all" if model.settings.get("method") == "plm" else "residues"
    norms = frobenius_norms(model, states=states)
    np.fill_diagonal(norms, np.nan)
    told = {**model.settings, "states": states, "length": model.length}
    notices = tuple(told.pop("notices", ()))
    method = str(told.get("method", "potts"))
    joint = Couplings(
        norms, residues, residues, method, raw=norms, notices=notices, diagnostics=told
    )
    if between is not None:
        block = joint.between(*between)
        shared = _shared_between(joint, *between)
        return add_significance(replace(block, scores=block.scores - shared))
    scores = average_product_correction(joint.scores)
    np.fill_diagonal(scores, np.nan)
    return add_significance(replace(joint, scores=scores))


def _shared_between(joint: Couplings, first: str, second: str) -> np.ndarray:
    """What residues of two proteins share by themselves, (L1, L2).

    The average product, with each residue's level taken from its pairs within its own protein:
    there it is the same variability and tree, and the contacts of the interface, which lift the
    whole row of a residue that has several, take no part.
    """
    block = joint.between(first, second).scores
    for name in (first, second):
        if (joint.rows.proteins == name).sum() < 2:
            raise InputError(
                f"between: protein {name!r} has one column; couplings between proteins need at "
                "least two of each, to know its level"
            )
    levels = [np.nanmean(joint.between(name, name).scores, axis=1) for name in (first, second)]
    product = np.outer(*levels)
    return product * (block.mean() / product.mean())


def _refuse_options(
    method: str, of_plm: Mapping[str, object], of_mean_field: Mapping[str, object]
) -> None:
    """An option that the method does not use would be ignored in silence."""
    for name, value in (of_mean_field if method == "plm" else of_plm).items():
        if value is not None:
            raise InputError(f"{name} is {value!r}, but has no meaning for method {method!r}")


def _require_proteins(alignment: Alignment, between: tuple[str, str] | None) -> None:
    """Told before the fit, which may take minutes."""
    if between is None:
        return
    if isinstance(between, str) or len(between) != 2 or between[0] == between[1]:
        raise InputError(f"between is {between!r}; expected the names of two proteins")
    for name in between:
        if name not in alignment.residues.names:
            raise InputError(
                f"between: {alignment.source} holds no protein {name!r}; found "
                f"{', '.join(map(repr, alignment.residues.names))}"
            )
