"""Muon: momentum updates made orthogonal, for the matrices inside a transformer."""

from __future__ import annotations

from collections.abc import Iterable

import torch

COEFFICIENTS = (3.4445, -4.7750, 2.0315)


def orthogonal(update: torch.Tensor, steps: int) -> torch.Tensor:
    """Nearly orthogonal matrix closest to `update`, by Newton-Schulz steps in its own precision."""
    a, b, c = COEFFICIENTS
    tall = update.shape[0] > update.shape[1]
    x = update.T if tall else update
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if tall else x


class Muon(torch.optim.Optimizer):
    """Muon in single precision.

    torch's own does its Newton-Schulz steps in bfloat16, which is slow on a CPU that has no such
    instructions. The update is scaled to the size AdamW's would have, so both take one rate.

    References
    ----------
    Jordan et al. 2024, Muon: an optimizer for hidden layers in neural networks;
    Liu et al. 2025, Muon is scalable for LLM training, arXiv:2502.16982.
    """

    def __init__(
        self,
        params: Iterable[torch.Tensor],
        lr: float,
        momentum: float = 0.95,
        weight_decay: float = 0.05,
        steps: int = 4,
    ) -> None:
        super().__init__(
            params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "steps": steps}
        )

    @torch.no_grad()
    def step(self) -> None:
        """Update every matrix that has a gradient."""
        for group in self.param_groups:
            for matrix in group["params"]:
                if matrix.grad is None:
                    continue
                state = self.state[matrix]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(matrix)
                state["momentum"].lerp_(matrix.grad, 1.0 - group["momentum"])
                update = matrix.grad.lerp(state["momentum"], group["momentum"])
                size = 0.2 * max(matrix.shape) ** 0.5
                matrix.mul_(1.0 - group["lr"] * group["weight_decay"])
                matrix.add_(orthogonal(update, group["steps"]), alpha=-group["lr"] * size)
