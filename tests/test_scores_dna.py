"""DNA variants: windows out of a FASTA, both strands, every kind of token, by hand."""

import gzip

import numpy as np
import pandas as pd
import pytest
import tiny_models as tiny

from seqgen.errors import InputError
from seqgen.io.reference import open_reference
from seqgen.io.reference_windows import dna_variants, variant_windows
from seqgen.models.ensemble import EnsembleModel
from seqgen.models.likelihoods import span_log_likelihoods
from seqgen.models.registry import load_model
from seqgen.schemas import DNA_DISTANCES, DNA_SCORES
from seqgen.scores import dna_embedding_distances, score_dna_variants
from seqgen.scores.dna import turned

RNG = np.random.default_rng(8)
CHR1 = "".join(RNG.choice(list("ACGT"), 300))
CHR2 = "".join(RNG.choice(list("acgt"), 90)) + "NNNNN" + "".join(RNG.choice(list("ACGT"), 90))
ONE_PASS, ODDS = "one-pass-pseudo-log-likelihood", "one-pass-pseudo-log-odds"


@pytest.fixture(scope="module")
def fasta(tmp_path_factory):
    path = tmp_path_factory.mktemp("fasta") / "genome.fa"
    lines = []
    for name, text in (("chr2", CHR2), ("chr1", CHR1)):  # in an order of its own
        lines += [f">{name}", *(text[start : start + 60] for start in range(0, len(text), 60))]
    path.write_text("\n".join(lines) + "\n")
    return path


SAVE = {
    "bases": lambda folder: tiny.save_tiny_gpn(folder),
    "kmers": tiny.save_tiny_nucleotide_transformer,
    "overlapping": tiny.save_tiny_dnabert,
    "byte-pairs": tiny.save_tiny_dnabert2,
    "causal": lambda folder: tiny.save_tiny_gpt2(folder, residues="ACGT", unknown="N"),
    "causal-pairs": lambda folder: tiny.save_tiny_dnabert2(folder, causal=True),
}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return {name: load_model(str(save(folder / name))) for name, save in SAVE.items()}


def variant(pos, alt=None, chrom="chr1", ref=None):
    text = {"chr1": CHR1, "1": CHR1, "chr2": CHR2}[chrom].upper()
    ref = ref or text[pos - 1]
    alt = alt or ("A" if ref != "A" else "C")
    return pd.DataFrame({"chrom": [chrom], "pos": [pos], "ref": [ref], "alt": [alt]})


def score(model, table, fasta, method, **options):
    return score_dna_variants(table, fasta, model, methods=[method], **options).table[
        "log_lik_ratio"
    ].to_numpy()  # fmt: skip


# --- windows --------------------------------------------------------------------------------


def test_windows_come_in_the_file_s_order_around_each_variant(fasta):
    table = pd.concat([variant(150), variant(9), variant(60, chrom="chr2"), variant(298)])
    with open_reference(fasta) as reference:
        drops = {}
        found = next(iter(variant_windows(reference, dna_variants(table), 20, drops=drops)))
    assert drops == {}
    assert found.variants["pos"].tolist() == [60, 9, 150, 298]
    assert found.ref[0] == CHR2.upper()[50:70]
    assert found.ref[2] == CHR1[140:160]
    assert found.alt[2] == CHR1[140:149] + found.variants["alt"][2] + CHR1[150:160]
    assert (found.ref[1], found.first[1]) == (CHR1[:19], 8)  # cut at the ends
    assert (found.ref[3], found.first[3]) == (CHR1[288:], 9)


@pytest.mark.parametrize(
    ("text", "place"), [("MKVLAWDERH", "1:4 is 'L'"), ("ACGTEACGTA", "1:5 is 'E'")]
)
@pytest.mark.parametrize("packed", [False, True])
def test_letters_that_are_no_bases_are_refused(tmp_path, text, place, packed):
    path = tmp_path / "p.fa"
    path.write_text(f">1\n{text}\n")
    if packed:
        import pysam

        pysam.tabix_compress(str(path), f"{path}.gz")
        path = tmp_path / "p.fa.gz"
    with pytest.raises(InputError, match=f"{path}: {place}"), open_reference(path):
        pass


def test_every_letter_of_a_base_is_read(tmp_path):
    path = tmp_path / "p.fa"
    path.write_text(">1\nACGTUNRYSWKMBDHVacgtn\n")
    with open_reference(path) as reference:
        assert reference.bases("1", 0, 21).tobytes() == b"ACGTUNRYSWKMBDHVACGTN"


def test_of_effect_alleles_the_reference_decides(fasta):
    base = CHR1[99]
    other = "A" if base != "A" else "C"
    table = pd.DataFrame({
        "chrom": "1", "pos": 100, "effect_allele": [base, other, other],
        "other_allele": [other, base, "G" if "G" not in (base, other) else "T"],
    })  # fmt: skip
    with open_reference(fasta) as reference:
        drops = {}
        found = next(iter(variant_windows(reference, dna_variants(table), 20, drops=drops)))
    assert found.variants["ref"].tolist() == [base, base]
    assert found.variants["alt"].tolist() == [other, other]
    assert found.variants["effect_allele"].tolist() == [base, other]
    assert next(iter(drops)).startswith("neither allele is the reference's")


@pytest.mark.parametrize("packed", [False, True])
def test_a_vcf_is_read(tmp_path, fasta, models, packed):
    text = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + "".join(
        f"chr1\t{pos}\trs{pos}\t{CHR1[pos - 1]}\t{alt}\t.\tPASS\tA=1\n"
        for pos, alt in ((100, "ACGT".replace(CHR1[99], "")[0]),
                         (120, ",".join("ACGT".replace(CHR1[119], ""))), (130, "<DEL>"))
    )  # fmt: skip
    path = tmp_path / ("sites.vcf.gz" if packed else "sites.vcf")
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    counted = score_dna_variants(path, fasta, models["bases"], methods=["masked-marginal"])
    assert counted.table["pos"].tolist() == [100, 120, 120, 120]
    assert counted.drops["reason"].tolist() == ["an allele is not written in A, C, G and T"]


# --- scores ---------------------------------------------------------------------------------


def by_rows(model, window, place, ref, alt, hidden):
    rows = model.log_probs([window], [place] if hidden else None)[0][place]
    return rows["ACGT".index(alt)] - rows["ACGT".index(ref)]


@pytest.mark.parametrize("name", ["bases", "kmers", "overlapping"])
@pytest.mark.parametrize("method", ["masked-marginal", "wild-type-marginal"])
def test_marginals_are_the_mean_of_both_strands(models, fasta, name, method):
    model, table = models[name], variant(150)
    ref, alt = table["ref"][0], table["alt"][0]
    window, hidden = CHR1[130:170], method == "masked-marginal"
    forward = by_rows(model, window, 19, ref, alt, hidden)
    backward = by_rows(model, turned(window), 20, turned(ref), turned(alt), hidden)
    assert abs(forward - backward) > 0.01
    found = score(model, table, fasta, method, context=40)[0]
    assert found == pytest.approx((forward + backward) / 2, abs=1e-4)
    found = score(model, table, fasta, method, context=40, strands="forward")[0]
    assert found == pytest.approx(forward, abs=1e-4)


@pytest.mark.parametrize("name", list(SAVE))
def test_whole_windows_take_indels(models, fasta, name):
    model = models[name]
    table = pd.concat([
        variant(150, alt=CHR1[149] + "GAT"),
        variant(150, ref=CHR1[149:153], alt=CHR1[149]),
    ])  # fmt: skip
    texts = []
    for ref, alt in zip(table["ref"], table["alt"], strict=True):
        left = 149 - (40 - 4) // 2
        right = 149 + len(ref) + 18
        texts.append((CHR1[left:right], CHR1[left:149] + alt + CHR1[149 + len(ref) : right]))
    expected = []
    for pair in texts:
        totals = [
            span_log_likelihoods(model, [text, turned(text)], [(0, len(text))] * 2, hidden=False)
            for text in pair
        ]
        expected.append((totals[1] - totals[0]).mean())
    found = score(model, table, fasta, ONE_PASS, context=40)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    odds = score(model, table, fasta, ODDS, context=40)
    np.testing.assert_allclose(odds - found, [3 * np.log(4), -3 * np.log(4)], atol=1e-6)


def test_several_bases_are_hidden_at_once(models, fasta):
    ref = CHR1[149:152]
    alt = "".join("ACGT"[("ACGT".index(base) + 1) % 4] for base in ref)
    table, window, model = variant(150, ref=ref, alt=alt), CHR1[131:171], models["bases"]
    rows = model.log_probs([window], [(18, 19, 20)])[0]
    expected = sum(rows[18 + k]["ACGT".index(alt[k])] - rows[18 + k]["ACGT".index(ref[k])]
                   for k in range(3))  # fmt: skip
    found = score(model, table, fasta, "masked-marginal", context=40, strands="forward")[0]
    assert found == pytest.approx(expected, abs=1e-4)
    # A base that both alleles share is not hidden.
    same = variant(149, ref=CHR1[148:150], alt=CHR1[148] + alt[0])
    expected = by_rows(model, CHR1[129:170], 20, ref[0], alt[0], True)
    found = score(model, same, fasta, "masked-marginal", context=41, strands="forward")[0]
    assert found == pytest.approx(expected, abs=1e-4)


def test_byte_pairs_are_compared_each_in_its_own_cut(models, fasta):
    model, table, window = models["byte-pairs"], variant(150), CHR1[130:170]
    changed = window[:19] + table["alt"][0] + window[20:]
    expected = np.subtract(*model.log_likelihoods([changed, window], [(19, 20)] * 2))
    found = score(model, table, fasta, "masked-marginal", context=40, strands="forward")[0]
    assert found == pytest.approx(expected, abs=1e-4)
    with pytest.raises(InputError, match="tokens of several lengths"):
        score(model, table, fasta, "wild-type-marginal", context=40)


def test_defaults_are_those_of_the_kind(models, fasta):
    counted = score_dna_variants(variant(150), fasta, models["bases"])
    assert counted.table["method"].tolist() == ["masked-marginal", ODDS]
    assert list(counted.table.columns) == DNA_SCORES.names
    told = counted.table.attrs["log_lik_ratio"]
    assert (told["context"], told["strands"]) == (128, "both")
    counted = score_dna_variants(variant(150), fasta, models["causal"])
    assert counted.table["method"].tolist() == [ODDS]
    with pytest.raises(InputError, match="cannot hide a base"):
        score(models["causal"], variant(150), fasta, "masked-marginal")


def test_shards_are_the_whole(models, fasta):
    table = pd.concat([variant(pos) for pos in (250, 30, 150, 90, 200)])
    options = {"methods": ["masked-marginal"], "context": 40}
    whole = score_dna_variants(table, fasta, models["bases"], **options).table
    parts = [score_dna_variants(table, fasta, models["bases"], shard=(i, 2), **options).table
             for i in (1, 2)]  # fmt: skip
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), whole, atol=1e-4)
    assert whole["pos"].is_monotonic_increasing


def test_what_cannot_be_scored_is_counted(models, fasta):
    table = pd.concat([
        variant(150), variant(150, ref="ACGTACGT", alt="A"), variant(150, alt="N"),
        variant(10).assign(chrom="chr9"), variant(10).assign(pos=1000),
        variant(150, alt=CHR1[149] + "TT"), variant(160, alt=CHR1[159]),
    ])  # fmt: skip
    counted = score_dna_variants(table, fasta, models["bases"], methods=["masked-marginal"])
    assert len(counted.table) == 1
    assert counted.drops["count"].sum() == 6
    assert set(counted.drops["reason"]) == {
        "ref is not the reference's (another build?)",
        "an allele is not written in A, C, G and T",
        "chromosome is not in the reference FASTA",
        "position beyond the end of the chromosome",
        "both alleles are the same",
        "alleles differ in length, which masked-marginal cannot compare",
    }
    with pytest.raises(InputError, match=r"none of 1 can be scored .chromosome is not in"):
        score(models["bases"], variant(10).assign(chrom="9"), fasta, ODDS)


def test_too_many_unknown_bases_leave_one_variant_out(models, tmp_path):
    """Where a k-mer is a token an N is one as well, and a window of them has too many."""
    fasta = tmp_path / "gap.fa"
    fasta.write_text(">chr1\n" + CHR1[:200] + "N" * 100 + CHR1[200:] + "\n")
    table = pd.concat([variant(100), variant(195)])
    for model in (models["kmers"], EnsembleModel([models["kmers"], models["overlapping"]])):
        context = min(model.max_length, 128)
        for counted in (
            score_dna_variants(table, fasta, model, methods=[ODDS], context=context),
            dna_embedding_distances(table, fasta, model, context=context),
        ):
            assert counted.table["pos"].tolist() == [100]
            assert counted.drops["example"].str.startswith("chr1:195").tolist() == [True]
            assert "too many unknown bases" in counted.drops["reason"].iloc[0]
    # All of its neighbours are seen where fewer are asked for.
    near = score_dna_variants(table, fasta, models["kmers"], methods=[ODDS], context=30)
    assert near.table["pos"].tolist() == [100, 195]


@pytest.mark.parametrize(
    ("table", "options", "found"),
    [
        (variant(10)[["chrom", "pos"]], {}, "expected chrom, pos, and ref and alt"),
        (variant(10).iloc[:0], {}, "0 rows"),
        (variant(10).assign(pos=1.5), {}, "pos of row 0 is .*1.5"),
        (variant(10), {"context": 500}, "context is 500; expected 16 to 128"),
        (variant(10), {"strands": "reverse"}, "strands is 'reverse'"),
        (variant(10), {"methods": ["mutant-marginal"]}, "methods is"),
    ],
)
def test_bad_input_is_named(models, fasta, table, options, found):
    with pytest.raises(InputError, match=found):
        score_dna_variants(table, fasta, models["bases"], **options)
    if "methods" not in options:
        with pytest.raises(InputError, match=found):
            dna_embedding_distances(table, fasta, models["bases"], **options)


def test_a_protein_model_and_a_text_are_refused(fasta, tmp_path):
    with pytest.raises(InputError, match="expected a model of DNA; score changes of proteins"):
        score_dna_variants(variant(10), fasta, load_model("blosum62"))
    path = tmp_path / "sites.txt"
    path.write_text("chr1 10")
    model = load_model(str(tiny.save_tiny_gpn(tmp_path / "m")))
    with pytest.raises(InputError, match=r"sites.txt: expected a VCF"):
        score_dna_variants(path, fasta, model)


# --- embeddings -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["bases", "byte-pairs", "causal"])
@pytest.mark.parametrize("pooling", ["mean", "site"])
def test_distances_are_those_of_pooled_embeddings(models, fasta, name, pooling):
    model, table, window = models[name], variant(150), CHR1[130:170]
    changed = window[:19] + table["alt"][0] + window[20:]
    expected = np.zeros(3)
    for turn, site in ((str, 19), (turned, 20)):
        ref, alt = (rows.astype(float) for rows in model.embed([turn(window), turn(changed)]))
        ref, alt = (rows[site] if pooling == "site" else rows.mean(axis=0) for rows in (ref, alt))
        cosine = 1 - ref @ alt / np.linalg.norm(ref) / np.linalg.norm(alt)
        expected += np.array([ref @ alt, cosine, np.linalg.norm(ref - alt)]) / 2
    found = dna_embedding_distances(table, fasta, model, context=40, pooling=pooling).table
    assert list(found.columns) == DNA_DISTANCES.names
    np.testing.assert_allclose(found[["dot", "cosine", "l2"]].iloc[0], expected, rtol=1e-3)
