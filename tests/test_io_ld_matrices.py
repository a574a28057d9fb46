"""LD out of files: every format the same, each fault told, alleles brought to one side."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import ld_files
import numpy as np
import pandas as pd
import pytest
from ld_files import NAMES, PLACES, VARIANTS, WRITERS, P, bim, lines
from scipy import sparse
from tiny_panels import write_panel

from seqgen.errors import InputError, MissingFileError, SeqgenWarning
from seqgen.finemap import susie_rss
from seqgen.io.genotypes import read_panel
from seqgen.io.ld import align_to_panel, panel_ld
from seqgen.io.ld_aligned import align_to_ld
from seqgen.io.ld_matrices import read_ld
from seqgen.schemas import DROPS, SUMSTATS


@pytest.fixture(scope="module")
def panel(tmp_path_factory):
    prefix = tmp_path_factory.mktemp("panel") / "p"
    return read_panel(write_panel(prefix, ld_files.genotypes(), VARIANTS))


@pytest.fixture(scope="module")
def R(panel) -> np.ndarray:
    """Correlations of a1, by NumPy."""
    return np.corrcoef(ld_files.genotypes().astype(float), rowvar=False)


@pytest.fixture(scope="module")
def gwas(R) -> pd.DataFrame:
    """Two causal variants; every other one written for the other allele, two on the other strand.

    The last two variants of the panel are not in it, and one of its own is in no panel.
    """
    b = np.zeros(P)
    b[[8, 40]] = 9.0, -8.0
    z = R @ b + np.random.default_rng(5).normal(size=P)
    rows = [(pos, a1, a2, z[k]) for k, (_, pos, _, a1, a2) in enumerate(VARIANTS[:-2])]
    rows = [(p, b, a, -z) if k % 2 else (p, a, b, z) for k, (p, a, b, z) in enumerate(rows)]
    turn = str.maketrans("ACGT", "TGCA")
    rows = [
        (p, a.translate(turn), b.translate(turn), z) if k in (4, 9) else (p, a, b, z)
        for k, (p, a, b, z) in enumerate(rows)
    ]
    rows.append((500, "A", "G", 1.0))
    return sumstats(rows)


@pytest.fixture(scope="module")
def by_panel(panel, gwas):
    """What the panel gives: aligned rows, LD, inclusion probabilities, number of sets."""
    table = align_to_panel(gwas, panel).table
    matrix = panel_ld(table, panel)
    fit = susie_rss(table["z"].to_numpy(), matrix, 5000, R_finite=300, R_mismatch="eb")
    return table, matrix, fit.pip, len(fit.credible_sets)


def sumstats(rows: list[tuple], eaf: float | None = None) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["pos", "effect_allele", "other_allele", "z"])
    frame = frame.assign(
        chrom="1", rsid=None, beta=frame["z"] * 0.1, se=0.1, p=0.5, neg_log10_p=0.3, n=5000.0,
        eaf=np.nan if eaf is None else eaf,
    )  # fmt: skip
    return SUMSTATS.validate(frame.astype({"eaf": float}))


def counts_of(drops: pd.DataFrame, action: str = "dropped") -> dict[str, int]:
    rows = drops[drops["action"] == action]
    return dict(zip(rows["reason"], rows["count"], strict=True))


@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
def test_every_format_gives_what_the_panel_gives(tmp_path, R, gwas, by_panel, write):
    path, options = write(tmp_path, R)
    ld = read_ld(path, n=300, **options)
    order = ld.variants["pos"].to_numpy() // 1000 - 1
    assert sorted(order) == list(range(P))
    np.testing.assert_allclose(ld.R, R[np.ix_(order, order)], atol=2e-7)
    assert (np.diagonal(ld.R) == 1.0).all()
    assert (ld.R == ld.R.T).all()
    assert (ld.R.dtype, ld.n_people) in ((np.float32, 300), (np.float64, 300))

    of_panel, expected, pip, n_sets = by_panel
    aligned = align_to_ld(gwas, ld)
    assert aligned.table["pos"].tolist() == of_panel["pos"].tolist()
    np.testing.assert_allclose(aligned.R, expected, atol=1e-6)
    z = aligned.table["z"].to_numpy()
    fit = susie_rss(z, aligned.R, 5000, R_finite=300, R_mismatch="eb")
    np.testing.assert_allclose(fit.pip, pip, atol=1e-4)
    assert len(fit.credible_sets) == n_sets >= 2


def test_what_one_side_alone_has_is_counted(tmp_path, R, gwas):
    path, options = ld_files.polyfun(tmp_path, R)
    other = gwas.copy()
    other.loc[other["pos"] == 3000, ["effect_allele", "other_allele"]] = ["A", "C"]
    aligned = align_to_ld(other, read_ld(path, **options))
    DROPS.validate(aligned.drops)
    assert counts_of(aligned.drops) == {
        "not in the LD matrix at this position": 1,
        "alleles differ from the LD matrix's": 1,
        "in the LD matrix but not in the summary statistics": 2,
    }
    turned = counts_of(aligned.drops, "changed")
    assert turned["the LD matrix counts the other allele: sign turned"] == 29
    assert turned["the LD matrix is on the other strand: matched by complement"] == 2
    assert aligned.table["flipped"].sum() == 29
    assert aligned.n_people is None


def test_a_region_is_read_alone(tmp_path, R):
    region = "chr1:11,000-20,500"
    for write in WRITERS:
        folder = tmp_path / write.__name__
        folder.mkdir()
        path, options = write(folder, R)
        ld = read_ld(path, region=region, **options)
        order = ld.variants["pos"].to_numpy() // 1000 - 1
        assert sorted(order) == list(range(10, 20)), write
        np.testing.assert_allclose(ld.R, R[np.ix_(order, order)], atol=2e-7)
    with pytest.raises(InputError, match=r"none of 60 variants lies in 2:1-9; they are on .* 1$"):
        read_ld(path, region="2:1-9", **options)


def test_signs_of_the_minor_allele(tmp_path, R):
    """PLINK's default counts the minor allele, whichever the table names first."""
    frequency = ld_files.genotypes().mean(axis=0) / 2
    swapped = np.arange(P) % 3 == 0
    sign = np.where(swapped, -1.0, 1.0)
    assert (frequency < 0.5).all()
    told = ld_files.table()
    told.loc[swapped, ["a1", "a2"]] = told.loc[swapped, ["a2", "a1"]].to_numpy()
    told["a1_freq"] = np.where(swapped, 1 - frequency, frequency)
    (tmp_path / "x.ld").write_text(lines(R))
    told.to_csv(tmp_path / "x.variants.tsv", sep="\t", index=False)
    minor = read_ld(tmp_path / "x.ld", signed_by="minor")
    pd.testing.assert_series_equal(minor.variants["a1"], ld_files.table()["a1"])
    np.testing.assert_allclose(minor.variants["frequency"], frequency)
    with pytest.warns(SeqgenWarning, match="follow allele a1 .*--ld-signed-by"):
        plain = read_ld(tmp_path / "x.ld")
    assert plain.variants["a1"].tolist() == told["a1"].tolist()
    aligned = align_to_ld(sumstats([(v[1], v[3], v[4], 1.0) for v in VARIANTS]), minor)
    np.testing.assert_allclose(aligned.R, R, atol=2e-7)
    assert aligned.table["ld_eaf"].to_numpy() == pytest.approx(frequency)
    aligned = align_to_ld(sumstats([(v[1], v[3], v[4], 1.0) for v in VARIANTS]), plain)
    np.testing.assert_allclose(aligned.R, R * np.outer(sign, sign), atol=2e-7)


@pytest.mark.parametrize(
    ("eaf", "kept", "flipped"), [(0.2, 1, False), (0.8, 1, True), (0.5, 0, None)]
)
def test_palindromic_variants_follow_the_frequency_where_the_file_tells_it(
    tmp_path, eaf, kept, flipped
):
    (tmp_path / "x.tsv").write_text(lines([[1, 0.5], [0.5, 1]]))
    told = pd.DataFrame({"chrom": "1", "pos": [1, 2], "a1": ["A", "C"], "a2": ["T", "T"],
                         "eaf": [0.2, 0.3]})  # fmt: skip
    ld = read_ld(tmp_path / "x.tsv", variants=told)
    rows = sumstats([(1, "A", "T", 1.0), (2, "C", "T", 1.0)], eaf).assign(eaf=[eaf, 0.3])
    aligned = align_to_ld(rows, ld)
    assert (aligned.table["pos"] == 1).sum() == kept
    if kept:
        assert aligned.table["flipped"].tolist() == [flipped, False]
        assert aligned.R[0, 1] == (-0.5 if flipped else 0.5)


def test_palindromic_variants_without_frequencies(tmp_path, R):
    told = ld_files.table()
    told.loc[7, ["a1", "a2"]] = ["A", "T"]
    np.save(tmp_path / "m.npy", R)
    ld = read_ld(tmp_path / "m.npy", variants=told)
    rows = sumstats([(v.pos, v.a1, v.a2, 1.0) for v in told.itertuples()], 0.3)
    kept = align_to_ld(rows, ld)
    assert len(kept.table) == P
    assert list(counts_of(kept.drops, "kept").values()) == [1]
    by_frequency = align_to_ld(rows, ld, palindromic="frequency")
    assert counts_of(by_frequency.drops) == {
        "palindromic (A/T, C/G) and no frequency in the LD matrix": 1
    }
    few = align_to_ld(rows.iloc[:20], ld)
    assert 8000 not in few.table["pos"].tolist()


def test_no_overlap_says_why(tmp_path, R, gwas):
    path, options = ld_files.npz(tmp_path, R)
    ld = read_ld(path, **options)
    with pytest.raises(InputError, match=r"(?s)LD matrix 'named.npz'.*chromosomes differ: 2 in"):
        align_to_ld(gwas.assign(chrom="2"), ld)
    with pytest.raises(InputError, match=r"(?s)not in the LD matrix at this position"):
        align_to_ld(gwas.assign(pos=gwas["pos"] + 7), ld)


def test_absent_pairs_are_refused_or_told(tmp_path, R):
    path, options = ld_files.plink_pairs(tmp_path, R)
    rows = path.read_text().splitlines(keepends=True)
    strong = [row for row in rows[1:] if abs(float(row.split()[-1])) > 0.2]
    path.write_text("".join([rows[0], *strong]))
    absent = P * (P - 1) // 2 - len(strong)
    found = rf"{absent:,} of 1,770 pairs of its 60 variants are absent"
    with pytest.raises(InputError, match=rf"{found}.*--ld-window-r2 0.*--ld-absent zero"):
        read_ld(path, **options)
    with pytest.warns(SeqgenWarning, match=f"{found} and taken as 0"):
        ld = read_ld(path, absent="zero", **options)
    np.testing.assert_allclose(ld.R, np.where(np.abs(R) > 0.2, R, 0.0), atol=1e-6)

    banded = sparse.csr_matrix(np.where(np.abs(R) > 0.2, R, 0.0))
    sparse.save_npz(tmp_path / "banded.npz", banded)
    with pytest.raises(InputError, match=f"{found}"):
        read_ld(tmp_path / "banded.npz", variants=ld_files.table())
    with pytest.warns(SeqgenWarning, match=found):
        again = read_ld(tmp_path / "banded.npz", variants=ld_files.table(), absent="zero")
    np.testing.assert_allclose(again.R, ld.R, atol=1e-6)


# --- faults ----------------------------------------------------------------------------------


def changed(R: np.ndarray, *entries: tuple[int, int, float]) -> np.ndarray:
    out = R.copy()
    for i, j, value in entries:
        out[i, j] = value
    return out


FAULTS = {
    "nan": (lambda R: changed(R, (6, 2, np.nan), (2, 6, np.nan)),
            r"x.ld: row 3 \(rs2 at 1:3000\) has nan with rs6 at 1:7000; expected a finite"),
    "still": (lambda R: changed(R, *((4, k, np.nan) for k in range(P)),
                                *((k, 4, np.nan) for k in range(P))),
              r"1 variant\(s\), first rs4 at 1:5000, have none even with themselves.*--mac 1"),
    "infinite": (lambda R: changed(R, (1, 0, np.inf)), r"row 2 \(rs1 at 1:2000\) has inf with rs0"),
    "asymmetric": (lambda R: changed(R, (9, 30, 0.9)),
                   r"row 10 \(rs9 at 1:10000\) has 0.9 with rs30 at 1:31000, and the other way"),
    "covariance": (lambda R: R * np.outer(np.arange(1, P + 1), np.arange(1, P + 1)),
                   r"row 60 \(rs59 at 1:60000\) has 3600 with itself.*look like covariances"),
    "halved": (lambda R: R - np.eye(P) / 2, r"the diagonal is halved, as PolyFun does"),
    "no diagonal": (lambda R: R * (1 - np.eye(P)), r"has 0 with itself.*the diagonal was left out"),
    "range": (lambda R: changed(R, (9, 30, 1.2), (30, 9, 1.2)),
              r"row 10 \(rs9 at 1:10000\) has 1.2 with rs30 at 1:31000; expected corr"),
    "squared": (lambda R: R**2, r"looks like r squared.*plink --r \(not --r2\).*--ld-nonnegative"),
    "fewer rows": (lambda R: R[:-1], r"x.ld: has 59 rows of numbers and 60 columns"),
    "fewer columns": (lambda R: R[:, :-1], r"has 60 rows of numbers and 59 columns"),
    "fewer variants": (lambda R: R[:-1, :-1],
                       r"x.ld: is a matrix of 59 variants, and .*x.bim has 60"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_matrix_that_is_none_is_refused(tmp_path, R, fault):
    change, message = FAULTS[fault]
    (tmp_path / "x.ld").write_text(lines(change(R)))
    with pytest.raises(InputError, match=f"(?s){message}"):
        read_ld(tmp_path / "x.ld", variants=bim(tmp_path / "x.bim"), signed_by="a1")


def test_nonnegative_correlations_are_taken_on_request(tmp_path, R):
    np.save(tmp_path / "x.npy", np.abs(R))
    told = {"variants": ld_files.table()}
    with pytest.raises(InputError, match="looks like r squared"):
        read_ld(tmp_path / "x.npy", **told)
    ld = read_ld(tmp_path / "x.npy", nonnegative=True, **told)
    np.testing.assert_allclose(ld.R, np.abs(R))


BAD_TEXT = {
    "cut line": (lambda text: text[:-40], r"x.ld line 60: has \d+ numbers, others 60"),
    "empty": (lambda text: "", "x.ld: is empty"),
    "binary": (lambda text: "1\0" + text, "zero bytes"),
    "words": (lambda text: text.replace(text.split("\t")[65], "low", 1),
              r"x.ld line \d+: 'low' is no number"),
}  # fmt: skip


@pytest.mark.parametrize("fault", BAD_TEXT)
def test_text_that_is_no_matrix_is_refused(tmp_path, R, fault):
    change, message = BAD_TEXT[fault]
    (tmp_path / "x.ld").write_text(change(lines(R)))
    with pytest.raises(InputError, match=message):
        read_ld(tmp_path / "x.ld", variants=bim(tmp_path / "x.bim"), signed_by="a1")


def test_other_files_are_refused(tmp_path, R):
    told = {"variants": ld_files.table()}
    with pytest.raises(MissingFileError, match=r"no.npz: no such file"):
        read_ld(tmp_path / "no.npz")
    with pytest.raises(InputError, match=r"BlockMatrix.export"):
        read_ld(tmp_path, **told)
    for name, content, message in (
        ("x.bcor", b"bcor1.1", "ldstore --bcor"),
        ("x.npy", b"\x93NUMPY\x01\0", "cannot be read as NumPy's file"),
        ("x.npz", b"PK\x03\x04abc", "cannot be read as NumPy's file"),
        ("x.ld.bin", b"\0" * 100, r"is 100 bytes; 60 variants need 7,320 or 14,400"),
        ("x.ld.gz", gzip.compress(lines(R).encode())[:-300], "damaged or cut short"),
        ("x.vcor2", b"1", "holds r squared by its suffix"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=message):
            read_ld(tmp_path / name, signed_by="a1", **told)
    np.savez(tmp_path / "two.npz", a=R, b=R)
    with pytest.raises(InputError, match=r"holds a \(60, 60\), b \(60, 60\); expected one square"):
        read_ld(tmp_path / "two.npz", **told)
    np.save(tmp_path / "wide.npy", R[:, :5])
    with pytest.raises(InputError, match="has shape 60 x 5; expected a square"):
        read_ld(tmp_path / "wide.npy", **told)
    np.save(tmp_path / "pickled.npy", np.array([{}, 1], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="Python objects are not read"):
        read_ld(tmp_path / "pickled.npy", **told)
    for option in ({"signed_by": "a2"}, {"absent": "yes"}, {"n": 1}):
        with pytest.raises(InputError, match=f"^{next(iter(option))}: found"):
            read_ld(tmp_path / "wide.npy", **told, **option)


PAIR = " CHR_A BP_A SNP_A CHR_B BP_B SNP_B R \n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (PAIR.replace(" R ", " R2 ") + "1 1000 rs0 1 2000 rs1 0.5\n", r"r squared \(R2\).*--r "),
        (PAIR.replace(" R ", " DP ") + "1 1000 rs0 1 2000 rs1 0.5\n", "holds no column of r"),
        (PAIR, "holds a header and no"),
        (PAIR + "1 1000 rs0 1 2000 rs1 nan\n", "line 2: the correlation is nan"),
        (PAIR + "1 1000 rs0 1 2000 rs1 5\n", "line 2: the correlation is 5"),
        (PAIR + "1 1000 rs0 1 2000 rs1 .1\n1 2000 rs1 1 1000 rs0 .3\n", "lines 2 and 3: one pair"),
        (PAIR + "1 1000 rs0 1 2000 rs1 .1\n1 2000 rs1 1 7 rs0 .1\n", "'rs0' stands at several"),
        (PAIR + "1 1000 rs0 1 9 rs1 0.5\n", "has 'rs1' at 9, .* at 2000 .*one genome build"),
        (PAIR + "1 1000 rs0 1 2000 rs99 0.5\n", "1 of 2 variants, such as 'rs99', are not in"),
        (PAIR.replace("SNP_B", "X") + "1 1000 rs0 1 2000 rs1 0.5\n", "no column SNP_B or ID_B"),
    ],
)
def test_tables_of_pairs_that_cannot_be_used(tmp_path, text, message):
    (tmp_path / "x.ld").write_text(text)
    with pytest.raises(InputError, match=message):
        read_ld(tmp_path / "x.ld", variants=bim(tmp_path / "x.bim"), signed_by="a1")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("chrom\tpos\n1\t5\n", "no columns for two alleles among chrom, pos"),
        ("pos\ta1\ta2\n5\tA\tG\n", "no column for chrom among pos, a1, a2"),
        ("chrom\tpos\ta1\ta2\n1\t5\tA\tG\n1\tx\tA\tG\n", "t.tsv line 3: .*pos=x.* no position"),
        ("chrom\tpos\ta1\ta2\teaf\n1\t5\tA\tG\t1.5\n", "line 2: .*frequency=1.5"),
        ("chrom\tpos\ta1\ta2\n1\t5\tA\tG\n1\t5\tG\tA\n", "line 3: 1:5 G/A comes a second time"),
        ('locus\talleles\n1:5\t["A","G","T"]\n', "is no pair of alleles.*split_multi_hts"),
        ("rs1\t5\n", "no chromosome or position is named"),
        ("chrom\tpos\ta1\ta2\n1\t5\tA\tG\n", r"m.npy: is a matrix of 2 variants, and .* has 1"),
    ],
)
def test_tables_of_variants_that_cannot_be_used(tmp_path, table, message):
    (tmp_path / "t.tsv").write_text(table)
    np.save(tmp_path / "m.npy", np.eye(2))
    with pytest.raises(InputError, match=message):
        read_ld(tmp_path / "m.npy", variants=tmp_path / "t.tsv")


def test_names_that_cannot_be_used(tmp_path, R):
    few = R[:3, :3]
    path = tmp_path / "n.tsv"
    pd.DataFrame(few, index=PLACES[:3], columns=[PLACES[0], PLACES[2], PLACES[1]]).to_csv(
        path, sep="\t"
    )
    with pytest.raises(InputError, match=r"row 2 is named '1:2000:T:C' and column 2 '1:3000:A:AT'"):
        read_ld(path)
    pd.DataFrame(few, columns=NAMES[:3]).to_csv(path, sep="\t", index=False)
    with pytest.raises(InputError, match=r"names such as 'rs0' do not.*--ld-variants"):
        read_ld(path)
    pd.DataFrame(few, columns=["rs0", "rs1", "rs0"]).to_csv(path, sep="\t", index=False)
    with pytest.raises(InputError, match="names 'rs0' twice"):
        read_ld(path)
    twice = ld_files.table().assign(rsid="rs0")
    pd.DataFrame(few, columns=NAMES[:3]).to_csv(path, sep="\t", index=False)
    with pytest.raises(InputError, match="'rs0' names several variants"):
        read_ld(path, variants=twice)
    (tmp_path / "x.vcor1").write_text(lines(R))
    (tmp_path / "x.vcor1.vars").write_text("rs0\nrs1\n")
    with pytest.raises(InputError, match=r"names 2 variants; .*has 60"):
        read_ld(tmp_path / "x.vcor1", variants=ld_files.table())
    np.save(tmp_path / "m.npy", few)
    with pytest.raises(InputError, match="does not say which 3 variants it is of; expected"):
        read_ld(tmp_path / "m.npy")
    told = ld_files.table().head(3)
    with pytest.raises(InputError, match="signed_by='minor': the frequency of 1:1000"):
        read_ld(tmp_path / "m.npy", variants=told, signed_by="minor")


def test_the_handle(tmp_path, R):
    ld = read_ld(ld_files.npz(tmp_path, R)[0], name="UKB", n=1e4)
    assert repr(ld) == "ReferenceLD('UKB', 60 variants, 10,000 people)"
    frame = ld.to_frame()
    assert frame.index.tolist() == frame.columns.tolist() == PLACES
    part = ld.take(np.array([5, 2]))
    assert part.variants["pos"].tolist() == [6000, 3000]
    assert part.R[0, 1] == ld.R[5, 2]
    with pytest.raises(ValueError, match="read-only"):
        ld.R[0, 0] = 2.0


def test_plinks_own_matrix():
    shared = Path(os.environ.get("SEQGEN_SHARED_DATA", Path(__file__).parents[2] / "shared/data"))
    folder = shared / "plink_tensorqtl_ref" / "ld"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    ld = read_ld(folder / "plink_r.ld", variants=folder / "d400miss.bim", signed_by="a1", n=400)
    panel = read_panel(folder / "d400miss")
    counts = panel.genotypes(np.arange(len(panel.variants))).astype(float)
    np.testing.assert_allclose(ld.R, pd.DataFrame(counts).corr().to_numpy(), atol=1e-6)
    rows = [(v.pos, v.a2, v.a1, 1.0) for v in panel.variants.itertuples()]
    turned = align_to_ld(sumstats(rows), ld, palindromic="as-written")
    np.testing.assert_allclose(turned.R, ld.R, atol=0)
    assert turned.table["flipped"].all()
    with pytest.raises(InputError, match="looks like r squared"):
        read_ld(folder / "plink_r2.ld", variants=folder / "d400miss.bim", signed_by="a1")
