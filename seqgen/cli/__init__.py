"""The shell: parse, read, one public call, write."""

from seqgen.cli.entry import main

__all__ = ["main"]
