"""Fixtures shared by all tests."""

from __future__ import annotations

import os

# Nothing may ask a hub for anything, and threads may not fight over few cores.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
