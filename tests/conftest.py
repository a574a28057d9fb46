"""Settings shared by all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# Nothing may ask a hub for anything, and threads may not fight over few cores.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# What models say is kept where a test asks for it alone.
os.environ["SEQGEN_CACHE"] = "off"

# The same examples every time; no deadlines, for a loaded machine is not a fault.
settings.register_profile("seqgen", derandomize=True, deadline=None, database=None)
settings.load_profile("seqgen")
