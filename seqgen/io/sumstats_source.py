"""Where summary statistics come from: text, Parquet or GWAS-VCF, and what lies beside them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from seqgen.errors import InputError
from seqgen.io.bcf_text import as_text
from seqgen.io.delimited import MISSING, PACKINGS, TextLayout, preamble, read_columns, sniff
from seqgen.io.genome_build import ATTRIBUTE, build_in, build_of_lines
from seqgen.io.gwas_vcf import is_gwas_vcf, read_gwas_vcf, sample_sizes
from seqgen.io.tables import existing_file, read_provenance, read_table
from seqgen.io.text_blocks import BYTES, Block, blocks_of


@dataclass(frozen=True)
class HeldBlock:
    """Rows that are in memory already."""

    frame: pd.DataFrame = field(repr=False)

    def read(
        self, wanted: Sequence[int], few: Sequence[int] = (), *, text: Sequence[int] = ()
    ) -> pd.DataFrame:
        """Some columns by number; ``few`` as categories, ``text`` left as text."""
        frame = self.frame.iloc[:, sorted(set(wanted))].copy()
        frame.columns = pd.Index(sorted(set(wanted)))
        for at in frame.columns:
            if at in few or at in text or not pd.api.types.is_numeric_dtype(frame[at]):
                words = frame[at].astype("str").where(frame[at].notna())
                frame[at] = words.where(~words.isin(MISSING))
            if at in few:
                frame[at] = frame[at].astype("category")
        return frame


@dataclass(frozen=True)
class Source:
    """A file of summary statistics, opened.

    Attributes
    ----------
    path : Path
    header : tuple of str
        Column names.
    kind : str
        What the file is, in words.
    build : str or None
        Genome build (``GRCh37``) that the file, its side-car or its name tells.
    build_from : str
        Which of them does.
    constants : dict of str to float
        Sample sizes told outside the table: ``n``, ``n_cases``, ``n_controls``.
    remarks : tuple of str
        What was learned beside the table.
    zero_based : bool
        True where a side-car says that positions count from 0.
    neg_log10_p : bool
        True where a side-car says that p values are written as -log10 p.
    """

    path: Path
    header: tuple[str, ...]
    kind: str
    build: str | None = None
    constants: dict[str, float] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    zero_based: bool = False
    neg_log10_p: bool = False
    build_from: str = ""
    text: TextLayout | None = None
    held: pd.DataFrame | None = field(default=None, repr=False)

    def blocks(self, size: int = BYTES) -> Iterator[Block | HeldBlock]:
        """The rows in blocks, each with `read`; Parquet and VCF are one block."""
        if self.held is not None:
            yield HeldBlock(self.held)
        elif self.text is not None:
            yield from blocks_of(self.text, size)

    def first(self, at: int, rows: int = 200) -> pd.Series:
        """The first cells of a column, as text."""
        if self.held is not None:
            return self.held.iloc[:rows, at].astype("str")
        assert self.text is not None
        return read_columns(self.text, [at], text=[at], rows=rows)[at]


def open_source(path: str | os.PathLike[str], trait: str | None = None) -> Source:
    """Open a file of summary statistics and look beside it for a GWAS-SSF side-car.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If it is empty, damaged or of a kind that is not read, or the side-car is no YAML.
    """
    path = existing_file(path)
    told = _sidecar(path)
    with open(path, "rb") as handle:
        parquet = handle.read(4) == b"PAR1"
    if parquet:
        if path.suffix.lower() != ".parquet":
            raise InputError(f"{path}: is a Parquet file; give it a name that ends .parquet")
        held = read_table(path)
        by_record = build_in(str(read_provenance(path).get(ATTRIBUTE, "")))
        _tell_build(told, by_record, "the record of how it was made")
        _tell_build(told, build_in(path.name), "the file's name")
        header = tuple(str(name) for name in held.columns)
        return Source(path, header, "Parquet", held=held, **told)
    with as_text(path) as readable:
        return _open_text(path, readable, trait, told)


def _open_text(path: Path, readable: Path, trait: str | None, told: dict[str, Any]) -> Source:
    """Of a text table or GWAS-VCF; ``readable`` is the file, or the text of a BCF."""
    text = sniff(readable, packings=PACKINGS)
    lines = preamble(text)
    _tell_build(told, build_of_lines(lines), "a line above the header")
    _tell_build(told, build_in(path.name), "the file's name")
    kind = f"text, {text.packed or 'plain'}, separated by {_separator(text)}"
    if not is_gwas_vcf(text.header):
        return Source(path, text.header, kind, text=text, **told)
    held = read_gwas_vcf(text, trait)
    sizes = sample_sizes(lines, trait or text.header[9])
    told["constants"] = {**told["constants"], **sizes}
    kind = f"GWAS-VCF, {'BCF' if readable != path else text.packed or 'plain'}"
    return Source(path, tuple(held.columns), kind, text=text, held=held, **told)


def _separator(text: TextLayout) -> str:
    names = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "bars"}
    return names.get(text.separator, "blanks")


def _tell_build(told: dict[str, Any], build: str | None, source: str) -> None:
    """Note a genome build where nothing before has told one."""
    if build is not None and told["build"] is None:
        told["build"], told["build_from"] = build, source


def _sidecar(path: Path) -> dict[str, Any]:
    """What a GWAS-SSF ``-meta.yaml`` beside the file tells."""
    beside = next((p for p in _sidecar_names(path) if p.exists()), None)
    told: dict[str, Any] = {"build": None, "constants": {}, "remarks": (), "zero_based": False}
    told["neg_log10_p"] = False
    if beside is None:
        return told
    meta = _yaml(beside)
    assembly = str(meta.get("genome_assembly", ""))
    _tell_build(told, build_in(assembly), f"side-car {beside.name}")
    told["zero_based"] = str(meta.get("coordinate_system", "")).startswith("0")
    told["neg_log10_p"] = str(meta.get("pvalue_is_neg_log10", "")).lower() in ("true", "yes")
    samples = meta.get("samples") or []
    samples = samples if isinstance(samples, list) else [samples]
    for key, name in (
        ("sample_size", "n"),
        ("case_count", "n_cases"),
        ("control_count", "n_controls"),
    ):
        told_sizes = [_size(s.get(key)) for s in samples if isinstance(s, dict)]
        sizes = [size for size in told_sizes if size is not None and size > 0]
        if sizes and len(sizes) == len(samples):
            told["constants"][name] = sum(sizes)
    told["remarks"] = (f"side-car {beside.name} read",)
    return told


def _size(value: object) -> float | None:
    """A sample size as YAML has it; as text, it may have commas between thousands."""
    try:
        return None if value is None else float(str(value).replace(",", ""))
    except ValueError:
        return None


def _sidecar_names(path: Path) -> list[Path]:
    plain = path.name
    for end in (".gz", ".bgz", ".zst", ".bz2", ".xz"):
        plain = plain.removesuffix(end)
    return [path.with_name(f"{name}-meta.yaml") for name in dict.fromkeys((path.name, plain))]


def _yaml(path: Path) -> dict[str, Any]:
    import yaml

    try:
        meta = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        first = str(error).splitlines()[0]
        raise InputError(
            f"{path}: is no YAML ({first}); correct this side-car of the summary statistics, or "
            "move it away"
        ) from error
    return meta if isinstance(meta, dict) else {}
