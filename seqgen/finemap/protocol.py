"""The plug point of fine-mapping: anything that turns z-scores and LD into PIPs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from seqgen.finemap.ld import LDMatrix
    from seqgen.results import FineMapResult


@runtime_checkable
class FineMapper(Protocol):
    """Maps the z-scores of one locus, their LD and a prior to a posterior.

    A backend is a callable. It never reads files, prints or plots; it raises
    `seqgen.errors.InputError` on bad input and never returns NaN. The NumPy
    reference is `susie_rss` behind `SusieMapper`; every backend passes the same
    contract test against it.

    Examples
    --------
    >>> from seqgen.finemap import FineMapper, SusieMapper
    >>> isinstance(SusieMapper(), FineMapper)
    True
    """

    def __call__(
        self,
        z: ArrayLike,
        R: ArrayLike | LDMatrix,
        n: float | None,
        prior: ArrayLike | None,
    ) -> FineMapResult:
        """Fine-map one locus.

        Parameters
        ----------
        z : array_like, shape (p,)
            z-scores, signed by the same effect alleles as ``R``.
        R : array_like, shape (p, p), or LDMatrix
            Correlations between the variants.
        n : float or None
            Sample size of the GWAS, None where it is unknown.
        prior : array_like, shape (p,), or None
            Prior inclusion weights of any positive scale, None for equal ones.

        Returns
        -------
        FineMapResult
        """
        ...
