"""The interaction test of all pairs of two blocks of variants in torch: for a GPU."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from seqgen.gxg.design import PairDesign
from seqgen.gxg.products import PairTests, Sums, people_slabs, statistics
from seqgen.models.devices import full_precision, open_device


class TorchStripe(NamedTuple):
    """Columns of blocks on the device; as `products.Stripe`, and ``products``, which made it."""

    products: TorchProducts
    variants: np.ndarray
    plain: torch.Tensor
    squared: torch.Tensor
    crossed: torch.Tensor


class TorchProducts:
    """Stripes and blocks on a device, where the trait's residual and the covariates stay.

    Parameters
    ----------
    design : PairDesign
    dtype : type
        numpy.float32 or numpy.float64.
    device : str
        ``cuda``, ``cuda:N`` or ``torch-cpu``.

    Raises
    ------
    InputError
        If the device is not there.
    """

    def __init__(self, design: PairDesign, *, dtype: type, device: str) -> None:
        self._design, self._dtype = design, dtype
        self._device = open_device(device)
        null = design.null
        self._root = self._to(null.root_weights)
        self._basis = self._to(null.basis.T)
        against = np.concatenate([null.residual[None], null.basis.T]) * null.root_weights
        self._against = self._to(against)

    def prepare_stripe(self, index: np.ndarray) -> TorchStripe:
        """Make the variants ``index`` ready as columns."""
        with full_precision():
            plain = self._to(self._design.scaled(index, dtype=self._dtype))
            crossed, squared = self._reweighted(index, plain, slice(None))
        return TorchStripe(self, index, plain, squared, crossed)

    def pair_block(self, rows: np.ndarray, stripe: TorchStripe, *, skip: int) -> PairTests:
        """As `products.pair_block`, by plain products whatever the genotypes."""
        design = self._design
        slabs = people_slabs(design, np.dtype(self._dtype).itemsize * len(rows))
        with full_precision():
            total: list[torch.Tensor] = []
            for people in slabs:
                part = self._slab(rows, stripe, skip, people)
                if not total:
                    total = part if len(slabs) == 1 else [sums.double() for sums in part]
                else:
                    for held, sums in zip(total, part, strict=True):
                        held += sums
            found = statistics(
                design,
                rows,
                stripe.variants[skip:],
                Sums(list(total[0]), *total[1:]),
                wide=lambda sums: sums.to(torch.float64, copy=True),
                place=lambda array: torch.as_tensor(array, device=self._device),
            )
        return PairTests(*(array.cpu().numpy() for array in found))

    def _slab(
        self, rows: np.ndarray, stripe: TorchStripe, skip: int, people: slice
    ) -> list[torch.Tensor]:
        """The sums of `products.Sums` over some people; moments as (q + 1, rows, columns)."""
        left = self._to(self._design.scaled(rows, people=people, dtype=self._dtype))
        plain = stripe.plain[skip:, people].T
        stack = self._against[:, None, people] * left[None]
        return [
            stack @ plain,
            (left * left) @ stripe.squared[skip:, people].T,
            self._reweighted(rows, left, people)[0] @ plain,
            left @ stripe.crossed[skip:, people].T,
        ]

    def _reweighted(
        self, index: np.ndarray, plain: torch.Tensor, people: slice
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """``crossed`` and ``squared`` of a stripe."""
        weighted = plain * self._root[people]
        loadings = self._to(self._design.loadings[index])
        crossed = (weighted - loadings @ self._basis[:, people]) * weighted
        return crossed, weighted * weighted

    def _to(self, array: np.ndarray) -> torch.Tensor:
        return torch.as_tensor(array.astype(self._dtype, "C", copy=False), device=self._device)
