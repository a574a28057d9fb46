"""Muon: momentum updates made orthogonal, for the matrices inside a transformer."""

from __future__ import annotations

from collections.abc import Iterable

import torch

COEFFICIENTS = (3.4445, -4.7750, 2.0315)


def orthogonal(update: torch.Tensor, steps: int) -> torch.Tensor:
    """Nearly orthogonal matrices closest to some of one shape, (matrices, rows, columns).

    By Newton-Schulz steps in their own precision.
    """
    a, b, c = COEFFICIENTS
    tall = update.shape[1] > update.shape[2]
    x = update.mT if tall else update
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if tall else x


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
        """Update every matrix that has a gradient, all of one shape together."""
        for group in self.param_groups:
            shapes: dict[torch.Size, list[torch.Tensor]] = {}
            for matrix in group["params"]:
                if matrix.grad is not None:
                    shapes.setdefault(matrix.shape, []).append(matrix)
            for shape, matrices in shapes.items():
                gradients = torch.stack([matrix.grad for matrix in matrices])
                state = self.state[matrices[0]]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(gradients)
                state["momentum"].lerp_(gradients, 1.0 - group["momentum"])
                update = gradients.lerp(state["momentum"], group["momentum"])
                moved = orthogonal(update, group["steps"])
                size = 0.2 * max(shape) ** 0.5
                torch._foreach_mul_(matrices, 1.0 - group["lr"] * group["weight_decay"])
                torch._foreach_add_(matrices, list(moved), alpha=-group["lr"] * size)
