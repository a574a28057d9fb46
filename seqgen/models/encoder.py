"""Encoders of proteins that give embeddings and no probabilities, such as ProtT5's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from transformers import T5EncoderModel

from seqgen.errors import InputError
from seqgen.models.encoding import Encoding, read_encoder_encoding
from seqgen.models.huggingface import CheckpointModel
from seqgen.models.requests import Hidden

_MAX_LENGTH = 4096  # positions are relative, so that only memory bounds the length


class ProteinEncoder(CheckpointModel):
    """The encoder of a T5 model of proteins: embeddings of residues, nothing to score with.

    References
    ----------
    Elnaggar et al. (2022), ProtTrans: toward understanding the language of life through
    self-supervised learning, IEEE TPAMI 44:7112-7127.
    """

    kind = "encoder"
    _loader = T5EncoderModel
    _read_encoding = staticmethod(read_encoder_encoding)

    def log_probs(
        self, sequences: Sequence[str], masked_positions: Sequence[Hidden] | None = None
    ) -> list[np.ndarray]:
        """Refused: an encoder gives no probabilities.

        Raises
        ------
        InputError
            Always.
        """
        raise InputError(
            f"model {self.name!r} is an encoder, which gives embeddings but no probabilities; "
            "score with a masked or a causal model, such as facebook/esm2_t33_650M_UR50D"
        )

    @classmethod
    def _max_length(cls, config: dict[str, Any], encoding: Encoding) -> int:
        return _MAX_LENGTH
