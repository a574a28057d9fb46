"""The pseudolikelihood as matrix products in torch: for a GPU, or where nothing is compiled."""

from __future__ import annotations

import numpy as np
import torch

from seqgen.alignment import GAP
from seqgen.couplings.plm import PlmData, Point, field_metric, start_fields
from seqgen.errors import InputError

#: Numbers in one chunk of indicators, (sequences, L q).
_CHUNK = {"cpu": 1 << 24, "cuda": 1 << 28}


class TorchProblem:
    """Couplings as one symmetric (L q, L q) matrix; the same steps as the compiled loops.

    Raises
    ------
    InputError
        If the device is not there.
    """

    def __init__(self, data: PlmData, device: str) -> None:
        if device.startswith("cuda") and not torch.cuda.is_available():
            raise InputError(
                f"device is {device!r}, but torch sees no CUDA device here; use device='auto'"
            )
        self._data, self._device = data, torch.device(device)
        length, q = data.length, data.letters
        self._chunk = max(1, _CHUNK[self._device.type] // (length * q))
        self._codes = self._to(data.codes.astype(np.int64) - (0 if data.gap_state else GAP + 1))
        self._weights = self._to(data.weights)
        self._f = self._to(data.frequencies)
        self._fields = self._to(start_fields(data))
        self._field_metric = self._to(field_metric(data))
        self._field_direction = torch.zeros_like(self._fields)
        self._couplings = torch.zeros((length * q, length * q), device=self._device)
        self._direction = torch.zeros_like(self._couplings)
        self._own = torch.eye(length, dtype=torch.bool, device=self._device)

    def evaluate(self) -> Point:
        """Loss, and gradient for centred indicators."""
        data = self._data
        gradient = torch.zeros_like(self._couplings)
        field_gradient = torch.zeros_like(self._fields)
        loss = 0.0
        for start in range(0, len(self._codes), self._chunk):
            rows = slice(start, start + self._chunk)
            part, residuals, shown = self._residuals(rows)
            loss += part
            field_gradient += residuals.sum(dim=0)
            gradient.addmm_(residuals.flatten(1).T, shown)
        gradient = gradient + gradient.T
        field_gradient += 2 * data.lambda_h * self._fields
        outer = torch.outer(field_gradient.flatten(), self._f.flatten())
        gradient += 2 * data.lambda_J * self._couplings - outer - outer.T
        self._blocks(gradient)[self._own] = 0.0
        self._gradient, self._field_gradient = gradient, field_gradient
        loss += data.lambda_h * _dot(self._fields, self._fields)
        loss += data.lambda_J * _dot(self._couplings, self._couplings) / 2
        norm = _dot(field_gradient, field_gradient / self._field_metric)
        norm += _dot(gradient, gradient / self._curvature()) / 2
        return Point(loss, self._slope(), norm)

    def turn(self, keep: float) -> float:
        """The new direction."""
        self._field_direction = keep * self._field_direction
        self._field_direction -= self._field_gradient / self._field_metric
        self._direction = keep * self._direction - self._gradient / self._curvature()
        self._shift = (self._direction @ self._f.flatten()).reshape(self._fields.shape)
        return self._slope()

    def move(self, step: float) -> None:
        """Fields and couplings along the direction."""
        self._fields += step * (self._field_direction - self._shift)
        self._couplings += step * self._direction

    def parameters(self) -> tuple[np.ndarray, np.ndarray]:
        """Fields (L, q) and couplings (pairs, q, q)."""
        length, q = self._data.length, self._data.letters
        i, j = (torch.as_tensor(axis, device=self._device) for axis in np.triu_indices(length, 1))
        pairs = self._couplings.view(length, q, length, q).permute(0, 2, 1, 3)[i, j]
        return self._fields.cpu().numpy(), pairs.contiguous().cpu().numpy()

    def _residuals(self, rows: slice) -> tuple[float, torch.Tensor, torch.Tensor]:
        """Weighted loss, weighted p - indicator (n, L, q), and the indicators (n, L q)."""
        codes, weights = self._codes[rows], self._weights[rows]
        there = codes >= 0
        shown = torch.zeros((*codes.shape, self._data.letters), device=self._device)
        shown.scatter_(2, codes.clamp(min=0)[..., None], there[..., None].float())
        flat = shown.flatten(1)
        energies = (flat @ self._couplings).view_as(shown) + self._fields
        logs = torch.log_softmax(energies, dim=2)
        each = weights[:, None] * there
        loss = -((logs * shown).sum(dim=2).double() * each).sum()
        return float(loss), (logs.exp() - shown) * each[..., None], flat

    def _curvature(self) -> torch.Tensor:
        """Curvature along each coupling near independence, (L q, L q)."""
        f = self._f.flatten()
        both = 2 - f[:, None] - f[None, :]
        return self._data.depth * torch.outer(f, f) * both + 2 * self._data.lambda_J

    def _slope(self) -> float:
        across = _dot(self._gradient, self._direction) / 2
        return across + _dot(self._field_gradient, self._field_direction)

    def _blocks(self, matrix: torch.Tensor) -> torch.Tensor:
        """The matrix seen as (L, L, q, q)."""
        length, q = self._data.length, self._data.letters
        return matrix.view(length, q, length, q).permute(0, 2, 1, 3)

    def _to(self, array: np.ndarray) -> torch.Tensor:
        return torch.as_tensor(array.copy(), device=self._device)


def _dot(a: torch.Tensor, b: torch.Tensor) -> float:
    """Inner product; float32 products, float64 sum over rows."""
    return float((a * b).sum(dim=-1).double().sum())
