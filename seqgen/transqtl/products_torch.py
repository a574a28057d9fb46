"""Products of genotypes and traits in torch: for a GPU."""

from __future__ import annotations

import numpy as np
import torch

from seqgen.models.devices import full_precision, open_device
from seqgen.transqtl.correlations import CELLS
from seqgen.transqtl.products import Looked


class TorchProducts:
    """As `ArrayProducts`; the traits stay on the device, each block's genotypes go there once.

    Parameters
    ----------
    traits : ndarray of float32, shape (g, n)
        Residuals, scaled so that products come out on the scale of the histogram's cells.
    cut : float
        Least place on that scale of a candidate.
    device : str
        ``cuda``, ``cuda:N`` or ``torch-cpu``.

    Raises
    ------
    InputError
        If the device is not there.
    """

    def __init__(self, traits: np.ndarray, cut: float, device: str) -> None:
        self._device = open_device(device)
        self._traits, self._cut = self._to(traits), float(np.float32(cut))
        self._sent: tuple[np.ndarray, torch.Tensor] | None = None

    def look(
        self, single: np.ndarray, start: int, stop: int, *, left_out: np.ndarray | None
    ) -> Looked:
        """As `Products.look`."""
        with full_precision():
            if self._sent is None or self._sent[0] is not single:
                self._sent = single, self._to(single)
            place = self._sent[1] @ self._traits[start:stop].T
            place.abs_()
            if left_out is not None:
                row, trait = self._to(left_out)
                place[row, trait] = -1.0
            # The cell before the first is that of the pairs left out.
            cells = place.clamp(max=CELLS - 1).add_(1.0).to(torch.int64)
            counts = torch.bincount(cells.flatten(), minlength=CELLS + 1)[1:]
            row, trait = torch.nonzero(place >= self._cut, as_tuple=True)
        return Looked(counts.cpu().numpy(), row.cpu().numpy(), trait.cpu().numpy() + start)

    def _to(self, array: np.ndarray) -> torch.Tensor:
        return torch.as_tensor(np.ascontiguousarray(array), device=self._device)
