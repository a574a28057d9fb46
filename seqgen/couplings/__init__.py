"""Residue couplings from alignments and language models."""
