"""What a categorical Jacobian runs: checked options, windows, passes and precision."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqgen.errors import InputError
from seqgen.models.protocol import SequenceModel
from seqgen.models.requests import check_letters
from seqgen.models.windows import window_starts
from seqgen.residues import refuse_dna
from seqgen.schemas import AMINO_ACIDS

METHODS = ("full", "subset", "masked")
CENTRES = ("all", "residues")

#: One residue of each kind: acidic, basic, aliphatic, aromatic, small.
SPREAD = "DKLFG"


class Plan:
    """What is run: checked options, windows, passes and the form the responses are kept in."""

    def __init__(
        self, model: SequenceModel, sequence: str, *, method: str, substitutions: str = SPREAD,
        centre: str | None = None, window: int | None = None, overlap: int | None = None,
        memory: float = 2.0,
    ) -> None:  # fmt: skip
        if method not in METHODS:
            raise InputError(f"method is {method!r}; expected one of {', '.join(METHODS)}")
        if not hasattr(model, "log_probs"):
            raise InputError(f"model is {type(model).__name__}; expected what load_model gives")
        if model.alphabet != AMINO_ACIDS:
            raise InputError(
                f"model {model.name!r} has the alphabet {model.alphabet!r}; expected {AMINO_ACIDS}"
            )
        if method == "masked" and not model.masked:
            raise InputError(
                f"model {model.name!r} cannot hide a position; pass method='full' or 'subset'"
            )
        check_letters(sequence, "sequence")
        refuse_dna({"protein": sequence}, "sequence")
        if len(sequence) < 2:
            raise InputError(f"sequence has {len(sequence)} residue(s); expected at least 2")
        self.model, self.sequence, self.method = model, sequence, method
        self.causal = bool(getattr(model, "causal", False))
        self.residues = _residues(method, substitutions)
        self.centre = self._centring(centre)
        self.share = 1.0 if self.causal else 0.5
        self._set_windows(window, overlap)
        self._set_precision(memory)

    def _centring(self, centre: str | None) -> str:
        possible = self.method == "full" and not self.causal
        if centre is None:
            return "all" if possible else "residues"
        if centre not in CENTRES:
            raise InputError(f"centre is {centre!r}; expected one of {', '.join(CENTRES)}")
        if centre == "all" and not possible:
            raise InputError("centre='all' needs method='full' and a model that is not causal")
        return centre

    def _set_windows(self, window: int | None, overlap: int | None) -> None:
        length, most = len(self.sequence), self.model.max_length
        window = most if window is None else window
        if not 2 <= window <= most:
            raise InputError(f"window is {window}; expected 2 to {most}, what the model takes")
        self.width = min(window, length)
        self.overlap = window // 2 if overlap is None else overlap
        if not 0 <= self.overlap < window:
            raise InputError(f"overlap is {overlap}; expected 0 to {window - 1}, below the window")
        self.starts = window_starts(length, window, self.overlap)

    def _set_precision(self, memory: float) -> None:
        if not memory > 0:
            raise InputError(f"memory is {memory}; expected GiB above zero")
        need = self.gib()
        self.dtype: Any = np.float32 if need <= memory else np.float16
        if need / 2 > memory:
            raise InputError(
                f"memory is {memory} GiB; a window of {self.width} residues needs {need:.2f} "
                f"(half of it in float16); pass a smaller window, or more memory"
            )

    def gib(self) -> float:
        """Size of a window's responses in float32."""
        return 80.0 * max(len(self.residues), 1) * self.width**2 / 2**30

    @property
    def passes(self) -> int:
        """Sequences run; a residue that is there already needs no run."""
        total = 0
        for at in self.starts:
            part = self.sequence[at : at + self.width]
            there = sum(letter in self.residues for letter in part)
            total += 1 + (
                len(part) if not self.residues else len(part) * len(self.residues) - there
            )
        return total

    @property
    def tokens(self) -> int:
        """Residues run."""
        return self.passes * self.width

    def require(self, token_budget: int | None) -> None:
        """Refuse what goes beyond the budget."""
        if token_budget is not None and self.tokens > token_budget:
            raise InputError(
                f"{self.passes} passes of {self.width} residues are {self.tokens} tokens; "
                f"token_budget is {token_budget}; raise it, or pass method='subset' or 'masked'"
            )

    def diagnostics(self) -> dict[str, Any]:
        """What was run, to be kept with the result."""
        return {
            "model": self.model.name, "revision": self.model.revision, "jacobian": self.method,
            "substitutions": self.residues, "centre": self.centre, "causal": self.causal,
            "passes": self.passes, "tokens": self.tokens, "window": self.width,
            "overlap": self.overlap if len(self.starts) > 1 else 0, "n_windows": len(self.starts),
            "precision": np.dtype(self.dtype).name,
        }  # fmt: skip


def _residues(method: str, substitutions: str) -> str:
    """Residues put at each position; none where positions are hidden."""
    if method == "masked":
        return ""
    if method == "full":
        return AMINO_ACIDS
    wrong = [letter for letter in substitutions if letter not in AMINO_ACIDS]
    if wrong or len(set(substitutions)) != len(substitutions) or len(substitutions) < 2:
        raise InputError(
            f"substitutions is {substitutions!r}; expected two or more different residues of "
            f"{AMINO_ACIDS}"
        )
    return substitutions
