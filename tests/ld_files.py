"""One matrix of LD written in each of the ways that people have it, for tests."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

P = 60
NAMES = [f"rs{k}" for k in range(P)]
ALLELES = [("A", "G"), ("C", "T"), ("AT", "A"), ("G", "T")]
VARIANTS = [("1", 1000 * (k + 1), NAMES[k], *ALLELES[k % 4]) for k in range(P)]
PLACES = [f"{chrom}:{pos}:{a2}:{a1}" for chrom, pos, _, a1, a2 in VARIANTS]


def genotypes() -> np.ndarray:
    """Counts of a1 of 300 people, in blocks of LD of either sign."""
    rng = np.random.default_rng(3)
    latent = rng.normal(size=(300, P // 6)).repeat(6, axis=1) + 0.7 * rng.normal(size=(300, P))
    signed = latent * rng.choice([-1.0, 1.0], P)
    cuts = np.quantile(signed, [0.45, 0.85], axis=0)
    return (signed > cuts[0]).astype(np.float32) + (signed > cuts[1])


def table() -> pd.DataFrame:
    return pd.DataFrame(VARIANTS, columns=["chrom", "pos", "rsid", "a1", "a2"])


def bim(path: Path) -> Path:
    path.write_text("".join(f"{c}\t{n}\t0\t{p}\t{a}\t{b}\n" for c, p, n, a, b in VARIANTS))
    return path


def lines(rows, mark="\t", digits=9) -> str:
    return "".join(mark.join(f"{value:.{digits}g}" for value in row) + "\n" for row in rows)


def polyfun(folder: Path, R: np.ndarray):
    half = np.tril(R).astype(np.float32)
    np.fill_diagonal(half, np.diag(half) / 2)
    sparse.save_npz(folder / "chr1_1_61000.npz", sparse.coo_matrix(half), compressed=True)
    names = {"chrom": "chromosome", "pos": "position", "a1": "allele1", "a2": "allele2"}
    order = ["rsid", "chromosome", "position", "allele1", "allele2"]
    told = table().rename(columns=names)[order]
    told.to_csv(folder / "chr1_1_61000.gz", sep="\t", index=False, compression="gzip")
    return folder / "chr1_1_61000.npz", {}


def sparse_upper(folder: Path, R: np.ndarray):
    sparse.save_npz(folder / "u.npz", sparse.csr_matrix(np.triu(R)))
    return folder / "u.npz", {"variants": table()}


def npy(folder: Path, R: np.ndarray):
    np.save(folder / "m.npy", R.astype(np.float32))
    bim(folder / "m.bim")
    return folder / "m.npy", {}


def npz(folder: Path, R: np.ndarray):
    np.savez(folder / "named.npz", R=R, snps=np.array(PLACES), eigenvalues=np.ones(3))
    return folder / "named.npz", {}


def npz_with_table(folder: Path, R: np.ndarray):
    columns = {name: np.array(values.tolist()) for name, values in table().items()}
    np.savez_compressed(folder / "all.npz", ld=R, **columns)
    return folder / "all.npz", {}


def plink_square(folder: Path, R: np.ndarray):
    (folder / "x.ld").write_text(lines(R))
    return folder / "x.ld", {"variants": bim(folder / "x.bim"), "signed_by": "a1"}


def plink_square_gz(folder: Path, R: np.ndarray):
    with gzip.open(folder / "x.ld.gz", "wt") as handle:
        handle.write(lines(R, " "))
    bim(folder / "x.bim")
    return folder / "x.ld.gz", {"signed_by": "a1"}


def plink_square0(folder: Path, R: np.ndarray):
    (folder / "x.ld").write_text(lines(np.tril(R)))
    return folder / "x.ld", {"variants": bim(folder / "x.bim"), "signed_by": "a1"}


def plink_triangle(folder: Path, R: np.ndarray):
    (folder / "x.ld").write_text(lines(R[k, : k + 1] for k in range(P)))
    return folder / "x.ld", {"variants": bim(folder / "x.bim"), "signed_by": "a1"}


def plink_bin(folder: Path, R: np.ndarray):
    (folder / "x.ld.bin").write_bytes(R.astype("<f8").tobytes())
    return folder / "x.ld.bin", {"variants": bim(folder / "x.bim"), "signed_by": "a1"}


def plink_bin4(folder: Path, R: np.ndarray):
    (folder / "x.ld.bin").write_bytes(R.astype("<f4").tobytes())
    return folder / "x.ld.bin", {"variants": bim(folder / "x.bim"), "signed_by": "a1"}


def plink_triangle_bin(folder: Path, R: np.ndarray):
    (folder / "x.ld.bin").write_bytes(R[np.tril_indices(P)].astype("<f8").tobytes())
    return folder / "x.ld.bin", {"variants": bim(folder / "x.bim"), "signed_by": "a1"}


def plink2_square(folder: Path, R: np.ndarray):
    order = np.random.default_rng(0).permutation(P)
    path = folder / "x.unphased.vcor1"
    path.write_text(lines(R[np.ix_(order, order)]))
    Path(f"{path}.vars").write_text("".join(f"{NAMES[k]}\n" for k in order))
    rows = "".join(f"{c}\t{p}\t{n}\t{b}\t{a}\n" for c, p, n, a, b in VARIANTS)
    (folder / "x.pvar").write_text(f"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\n{rows}")
    return path, {"signed_by": "a1"}


def plink_pairs(folder: Path, R: np.ndarray):
    head = " CHR_A BP_A SNP_A CHR_B BP_B SNP_B R \n"
    pairs = [(i, j) for i in range(P) for j in range(i + 1, P)]
    pairs[::3] = [(j, i) for i, j in pairs[::3]]
    rows = "".join(
        f" 1  {1000 * (i + 1)} {NAMES[i]} 1 {1000 * (j + 1)} {NAMES[j]} {R[i, j]:.9g} \n"
        for i, j in pairs
    )
    (folder / "pairs.ld").write_text(head + rows)
    return folder / "pairs.ld", {"variants": bim(folder / "x.bim"), "signed_by": "a1"}


def plink2_pairs(folder: Path, R: np.ndarray):
    head = "\t".join(f"{x}_{s}" for s in "AB" for x in ("CHROM", "POS", "ID", "MAJ", "NONMAJ"))
    rows = "".join(
        "\t".join([*(f"1\t{VARIANTS[k][1]}\t{NAMES[k]}\t{VARIANTS[k][4]}\t{VARIANTS[k][3]}"
                     for k in (i, j)), f"{R[i, j]:.9g}"]) + "\n"
        for i in range(P)
        for j in range(i)
    )  # fmt: skip
    (folder / "x.vcor").write_text(f"#{head}\tUNPHASED_R\n{rows}")
    return folder / "x.vcor", {}


def hail_export(folder: Path, R: np.ndarray):
    with gzip.open(folder / "block.tsv.bgz", "wt") as handle:
        handle.write(lines(R, digits=17))
    rows = "".join(f'chr1:{p}\t["{b}","{a}"]\t{n}\n' for _, p, n, a, b in VARIANTS)
    (folder / "rows.tsv").write_text(f"locus\talleles\trsid\n{rows}")
    return folder / "block.tsv.bgz", {"variants": folder / "rows.tsv"}


def hail_lower_indexed(folder: Path, R: np.ndarray):
    (folder / "b.csv").write_text(
        "".join(f"{k},{lines([R[k]], ',')}" for k in range(P))  # add_index=True
    )
    told = pd.DataFrame({"locus": [f"1:{v[1]}" for v in VARIANTS],
                         "alleles": [[v[4], v[3]] for v in VARIANTS], "rsid": NAMES})  # fmt: skip
    told.to_parquet(folder / "b.parquet")
    return folder / "b.csv", {}


def named_tsv(folder: Path, R: np.ndarray):
    pd.DataFrame(R, index=PLACES, columns=PLACES).to_csv(folder / "n.tsv", sep="\t")
    return folder / "n.tsv", {}


def r_write_table(folder: Path, R: np.ndarray):
    head = " ".join(f'"{name}"' for name in NAMES)
    body = "".join(f'"{n}" {lines([row], " ")}' for n, row in zip(NAMES, R, strict=True))
    (folder / "r.txt").write_text(f"{head}\n{body}")
    shuffled = table().sample(frac=1, random_state=1)
    shuffled.to_csv(folder / "shuffled.csv", index=False)
    return folder / "r.txt", {"variants": folder / "shuffled.csv"}


def headed_csv(folder: Path, R: np.ndarray):
    pd.DataFrame(R, columns=NAMES).to_csv(folder / "h.csv", index=False)
    bim(folder / "h.bim")
    return folder / "h.csv", {}


def parquet(folder: Path, R: np.ndarray):
    frame = pd.DataFrame(R.astype(np.float32), columns=PLACES)
    frame.insert(0, "variant", PLACES)
    frame.to_parquet(folder / "p.parquet")
    return folder / "p.parquet", {}


WRITERS = (
    polyfun,
    sparse_upper,
    npy,
    npz,
    npz_with_table,
    plink_square,
    plink_square_gz,
    plink_square0,
    plink_triangle,
    plink_bin,
    plink_bin4,
    plink_triangle_bin,
    plink2_square,
    plink_pairs,
    plink2_pairs,
    hail_export,
    hail_lower_indexed,
    named_tsv,
    r_write_table,
    headed_csv,
    parquet,
)
