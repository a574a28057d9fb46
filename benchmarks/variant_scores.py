"""How models rank the effects of variants in two deep mutational scans, beside published values.

Run: python benchmarks/variant_scores.py [--data FOLDER] [--models NAME ...]
     [--scans tem1 gb1] [--gb1-alignment FILE]

Prints Spearman correlations, each over the variants that the model scores and over those that
all models of the table score:

TEM-1 beta-lactamase, fitness at 2,500 ug/ml ampicillin (Stiffler et al. 2015): the predictions
    published with the scan (DeepSequence, EVmutation, five ESM-1v models by wild-type-marginals),
    the models named here, what an alignment gives (independent sites, mean field, Potts by
    pseudolikelihood), and combinations by `combine_scores`.
Protein GB1: stability of single changes (Nisthal et al. 2019); the mean log ratio of counts of
    the doubles that hold a change; and the doubles themselves (Olson et al. 2014), where a
    double's score is the sum of its two. The shared data has no alignment of GB1: without
    --gb1-alignment its relatives are searched in Swiss-Prot, if data-raw/ has fetched that and
    psiblast (Debian's ncbi-blast+) is there.

A Potts model is fitted only to an alignment that is deep enough for one.

Beside them stands ProteinGym's published table for the assays of these two proteins. Its TEM-1
assay by Stiffler is this one; its GB1 assay by Olson has the singles besides the doubles.
Needs dms, msa and tables under --data, $SEQGEN_SHARED_DATA or ../shared/data.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from gb1_epistasis import Doubles
from scipy.stats import spearmanr

from seqgen import all_substitutions, combine_scores, load_model, score_variants
from seqgen.couplings import (
    alignment_depth,
    fit_mean_field,
    fit_plm,
    fit_site_independent,
    sequence_weights,
)
from seqgen.io.alignments import read_alignment
from seqgen.models.protocol import SequenceModel
from seqgen.schemas import AMINO_ACIDS

HERE = Path(__file__).resolve()
SHARED = Path(os.environ.get("SEQGEN_SHARED_DATA", HERE.parents[2] / "shared" / "data"))
SCAN = "dms/BLAT_ECOLX_Ranganathan2015_esm1v_labeled.csv.gz"
CHANGE = ["uniprot", "position", "ref_aa", "alt_aa"]

#: Swiss-Prot of January 2014 in three parts, as data-raw/swissprot.py unpacks it.
SWISSPROT = HERE.parents[1] / "data-raw/cache/metastudent-data/usr/share/metastudent-data"
PARTS = [SWISSPROT / "dataset_201401" / name / "goasp.fasta" for name in ("BPO", "CCO", "MFO")]
ROUNDS, E_VALUE = 5, 1e-3

#: Of TEM-1's precursor (P62593): the scan leaves it out, a model of proteins should see it.
SIGNAL_PEPTIDE = "MSIQHFRVALIPFFAAFCLPVFA"
PUBLISHED = {
    "DeepSequence ensemble": "mutation_effect_prediction_vae_ensemble",
    "EVmutation": "mutation_effect_prediction_pairwise",
    "EVmutation, independent sites": "mutation_effect_prediction_independent",
}
ESM1V = "ESM-1v ensemble"
MASKED, WILD_TYPE = "masked-marginal", "wild-type-marginal"
SITES = "independent sites"
ALIGNED = {
    SITES: fit_site_independent,
    "mean field": fit_mean_field,
    "Potts": fit_plm,
}
GYM_ASSAYS = ("BLAT_ECOLX_", "SPG1_STRSG_")
GYM_MODELS = (
    "Unirep", "Site-Independent", "EVmutation", "DeepSequence (ensemble)", "GEMME",
    "ESM2 (8M)", "ESM2 (35M)", "ESM2 (150M)", "ESM2 (650M)", "ESM-C (300M)",
    "ESM-1v (single)", "ESM-1v (ensemble)", "VespaG", "PoET (200M)", "RSALOR",
    "ProSST (K=2048)", "AIDO Protein-RAG (16B)",
)  # fmt: skip

Scores = dict[str, pd.DataFrame]


def main() -> None:
    """Both scans, then the published table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=SHARED, help="folder of the shared data")
    parser.add_argument("--models", nargs="*", default=["default", "blosum62"], metavar="NAME")
    parser.add_argument("--scans", nargs="+", default=["tem1", "gb1"], choices=("tem1", "gb1"))
    parser.add_argument("--gb1-alignment", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    if not (arguments.data / SCAN).is_file():
        raise SystemExit(f"{arguments.data / SCAN} is not there; give --data or SEQGEN_SHARED_DATA")
    models = {name: load_model(name) for name in arguments.models}
    if "tem1" in arguments.scans:
        tem1(arguments.data, models)
    if "gb1" in arguments.scans:
        gb1(arguments.data, models, arguments.gb1_alignment)
    published(arguments.data)


def tem1(data: Path, models: Mapping[str, SequenceModel]) -> None:
    """Published predictions, models, alignment, and combinations."""
    scan = pd.read_csv(data / SCAN).dropna(subset=["2500"])
    scan[["ref_aa", "position", "alt_aa"]] = scan["mutant"].str.extract(r"^([A-Z])(\d+)([A-Z])$")
    scan = scan.astype({"position": "int64"}).assign(uniprot="TEM1")
    wild = scan.drop_duplicates("position").set_index("position")["ref_aa"]
    places = range(len(SIGNAL_PEPTIDE) + 1, int(wild.index.max()) + 1)
    protein = SIGNAL_PEPTIDE + "".join(wild.reindex(places, fill_value="X"))
    scores = {name: column(scan, scan[title]) for name, title in PUBLISHED.items()}
    esm1v = [name for name in scan if name.startswith("esm1v")]
    scores |= {f"ESM-1v {place}": column(scan, scan[name]) for place, name in enumerate(esm1v, 1)}
    scores[ESM1V] = column(scan, scan[esm1v].mean(axis=1, skipna=False))
    scores |= asked(models, scan, protein)
    scores |= aligned(data / "msa" / "BLAT_ECOLX.a2m.gz", scan, protein)
    own = f"{next(iter(models), '')}, {WILD_TYPE}"
    for pair in (
        (SITES, own), ("Potts", own), (SITES, ESM1V),
        ("Potts", ESM1V), (own, ESM1V), ("Potts", "DeepSequence ensemble"),
        ("Potts", own, ESM1V),
    ):  # fmt: skip
        scores |= mean_rank(scores, pair)
    tell(f"TEM-1: {len(scan):,} changes measured, fitness at 2,500 ug/ml",
         scores, {"fitness": scan.set_index(CHANGE)["2500"]})  # fmt: skip


def gb1(data: Path, models: Mapping[str, SequenceModel], alignment: Path | None) -> None:
    """Stability, the mean over doubles, and doubles."""
    doubles = Doubles.read(data / "dms" / "gb1_olson2014_doubles.npz")
    protein = "M" + doubles.wild
    changes = all_substitutions(protein, name="GB1")
    changes = changes[changes["position"] > 1]
    scores = asked(models, changes, protein)
    with TemporaryDirectory() as folder:
        alignment = alignment or relatives(protein, Path(folder) / "GB1.a3m")
        if alignment is not None:
            scores |= aligned(alignment, changes, protein)
    own = f"{next(iter(models), '')}, {WILD_TYPE}"
    scores |= mean_rank(scores, (SITES, own))
    scores |= mean_rank(scores, ("Potts", own))
    stable = pd.read_csv(data / "dms" / "nisthal_data.csv.gz", usecols=["name", "y"])
    stable[["ref_aa", "position", "alt_aa"]] = stable["name"].str.extract(
        r"^([A-Z])0*(\d+)([A-Z])$"
    )
    stable = stable.dropna().astype({"position": "int64"}).assign(uniprot="GB1")
    # Its construct has T where that of the doubles has Q.
    stable = stable[stable["ref_aa"] == stable["position"].map(dict(enumerate(protein, 1)))]
    measured = {
        "stability": -stable.set_index(CHANGE)["y"],  # the file has what is lost of it
        "in doubles": marginal(doubles, protein),
    }
    title = f"GB1: {len(stable)} stabilities, {len(measured['in doubles'])} changes in doubles"
    tell(title, scores, measured)
    print(f"\nGB1: {len(doubles.i):,} doubles, score the sum of two")
    for name, table in scores.items():
        if " + " in name:
            continue
        grid = np.full((len(protein), 20), np.nan)
        at = table["position"] - 1, table["alt_aa"].map(AMINO_ACIDS.index)
        grid[at] = table["log_lik_ratio"]
        total = grid[doubles.i + 1, doubles.a] + grid[doubles.j + 1, doubles.b]
        known = np.isfinite(total)
        rho = spearmanr(total[known], doubles.ratio[known]).statistic
        print(f"  {name:46s} {rho:6.3f} {known.sum():8,d}")


def relatives(protein: str, path: Path) -> Path | None:
    """Align to the protein the domains PSI-BLAST finds in Swiss-Prot; None where it cannot."""
    if shutil.which("psiblast") is None or not PARTS[0].with_suffix(".fasta.psq").is_file():
        print("\nGB1: no alignment, as psiblast or Swiss-Prot is missing; --gb1-alignment")
        return None
    command = ["psiblast", "-db", " ".join(map(str, PARTS)), "-num_iterations", str(ROUNDS)]
    command += ["-evalue", str(E_VALUE), "-inclusion_ethresh", str(E_VALUE)]
    command += ["-comp_based_stats", "1", "-max_target_seqs", "5000"]
    command += ["-outfmt", "7 stitle sstart qstart qseq sseq"]
    query = f">GB1\n{protein}\n"
    told = subprocess.run(command, input=query, check=True, text=True, stdout=subprocess.PIPE)
    *_, last = rounds = told.stdout.split("# Iteration: ")[1:]
    rows = {}  # an entry can lie in several parts of Swiss-Prot, and have several domains
    for line in (line for line in last.splitlines() if "\t" in line):
        title, place, first, own, other = line.split("\t")
        kept = "".join(letter for q, letter in zip(own, other, strict=True) if q != "-")
        rows[title.split("|")[0], place] = ("-" * (int(first) - 1) + kept).ljust(len(protein), "-")
    texts = [f">{entry}-{place}\n{row}\n" for (entry, place), row in rows.items()]
    path.write_text(query + "".join(texts))
    print(
        f"\nGB1: PSI-BLAST finds {len(rows)} domains, {len(set(rows.values()))} different, in "
        f"{len({entry for entry, _ in rows})} entries of Swiss-Prot in {len(rounds)} rounds"
    )
    return path


def marginal(doubles: Doubles, protein: str) -> pd.Series:
    """Mean log ratio of the doubles that hold each change, weighted by counts."""
    size = (len(protein), 20)
    code = np.concatenate([(doubles.i + 1) * 20 + doubles.a, (doubles.j + 1) * 20 + doubles.b])
    weight = np.tile(doubles.weight, 2)
    total, share = (
        np.bincount(code, w, np.prod(size)) for w in (weight * np.tile(doubles.ratio, 2), weight)
    )
    found = np.flatnonzero(share)
    position, residue = np.divmod(found, 20)
    index = pd.MultiIndex.from_arrays(
        [np.full(len(found), "GB1"), position + 1, np.array(list(protein))[position],
         np.array(list(AMINO_ACIDS))[residue]], names=CHANGE)  # fmt: skip
    return pd.Series(total[found] / share[found], index=index)


def column(scan: pd.DataFrame, values: pd.Series) -> pd.DataFrame:
    """A published prediction as a table of scores."""
    return scan[CHANGE].assign(log_lik_ratio=values).dropna()


def asked(models: Mapping[str, SequenceModel], changes: pd.DataFrame, protein: str) -> Scores:
    """What models say, by every marginal that they have."""
    name = str(changes["uniprot"].iloc[0])
    scores = {}
    for model_name, model in models.items():
        methods = [MASKED, WILD_TYPE] if model.masked else [WILD_TYPE]
        table = score_variants(changes, {name: protein}, model, methods=methods).table
        scores |= {f"{model_name}, {m}": table[table["method"] == m] for m in methods}
    return scores


def aligned(path: Path, changes: pd.DataFrame, protein: str) -> Scores:
    """What models fitted to an alignment say."""
    family = read_alignment(path)
    weights = sequence_weights(family)
    depth = alignment_depth(family, weights)
    print(f"\n{path.name}: {depth.verdict}")
    fits = ALIGNED if depth.enough else {SITES: ALIGNED[SITES]}
    if not depth.enough:
        print("  so no mean field and no Potts, only independent sites")
    name, scores = str(changes["uniprot"].iloc[0]), {}
    for title, fit in fits.items():
        start = time.process_time()
        model = fit(family, weights=weights)
        table = score_variants(changes, {name: protein}, model, methods=[MASKED]).table
        scores[title] = table
        print(f"  {title}: {time.process_time() - start:.0f} CPU s")
    return scores


def mean_rank(scores: Scores, names: Sequence[str]) -> Scores:
    """The mean rank of several, where all are there."""
    if not all(name in scores for name in names):
        return {}
    table = combine_scores({name: scores[name] for name in names}).table
    return {" + ".join(names): table[CHANGE].assign(log_lik_ratio=table["combined"])}


def tell(title: str, scores: Scores, measured: Mapping[str, pd.Series]) -> None:
    """Print a correlation for each score and measurement: over its own rows, and over common."""
    wide = pd.DataFrame({n: t.set_index(CHANGE)["log_lik_ratio"] for n, t in scores.items()})
    print(f"\n{title}")
    heads = "".join(f" | {name:>10s}        n  common" for name in measured)
    print(f"  {'Spearman':58s}{heads}")
    cells = {name: [] for name in wide}
    for values in measured.values():
        both = wide.join(values.rename("measured"), how="inner").dropna(subset="measured")
        common = both.dropna()
        for name in wide:
            own = both[[name, "measured"]].dropna()
            rho, shared = (
                spearmanr(rows[name], rows["measured"]).statistic for rows in (own, common)
            )
            cells[name].append(f" | {rho:10.3f} {len(own):8,d} {shared:7.3f}")
    for name, row in cells.items():
        print(f"  {name:58s}{''.join(row)}")
    print(f"  {'variants in common':58s} | {len(common):,} (of the last measurement)")


def published(data: Path) -> None:
    """ProteinGym's correlations for the assays of the two proteins."""
    table = pd.read_csv(data / "tables" / "DMS_substitutions_Spearman_DMS_level.csv.gz")
    table = table[table["DMS ID"].str.startswith(GYM_ASSAYS)].set_index("DMS ID")
    print("\nProteinGym's published Spearman correlations")
    print(
        f"  {'':26s}" + "".join(f"{name.replace('_STRSG', '')[:22]:>24s}" for name in table.index)
    )
    for name in GYM_MODELS:
        print(f"  {name:26s}" + "".join(f"{value:24.3f}" for value in table[name]))
    counts = "".join(f"{int(value):24,d}" for value in table["Number of Mutants"])
    print(f"  {'mutants':26s}{counts}")


if __name__ == "__main__":
    main()
