import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_models import save_tiny_esm

from seqgen.alignment import Residues
from seqgen.errors import InputError
from seqgen.models.potts import PottsModel
from seqgen.models.registry import load_model
from seqgen.models.windows import centred_starts, window_starts, window_weights
from seqgen.residues import clean_sequence
from seqgen.schemas import AMINO_ACIDS, DROPS, SCORES
from seqgen.scores import DEFAULT_METHODS as METHODS
from seqgen.scores import score_variants

RNG = np.random.default_rng(11)
LONG = "".join(RNG.choice(list(AMINO_ACIDS), 200))
PROTEINS = {"P1": "MKVLAWDERHGFPSTQNYCI", "P2": "MSTNPKPQRKTKRNTNRRPQDV", "LONG": LONG}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Takes 62 residues at most."""
    return load_model(str(save_tiny_esm(tmp_path_factory.mktemp("esm"), seed=3)))


@pytest.fixture(scope="module")
def wide_model(model, tmp_path_factory):
    """The same weights, for 250 residues: rotary positions have none of their own."""
    return load_model(str(save_tiny_esm(tmp_path_factory.mktemp("wide"), seed=3, context=250)))


def changes(*texts, uniprot="P1"):
    rows = [(uniprot, int(text[1:-1]), text[0], text[-1]) for text in texts]
    return pd.DataFrame(rows, columns=["uniprot", "position", "ref_aa", "alt_aa"])


def all_changes(uniprot, sequence, alt="W"):
    return changes(
        *(f"{ref}{i}{alt}" for i, ref in enumerate(sequence, 1) if ref != alt), uniprot=uniprot
    )


def by_method(counted):
    return {name: part["log_lik_ratio"].to_numpy()
            for name, part in counted.table.groupby("method", sort=False)}  # fmt: skip


def one_at_a_time(model, frame, sequences):
    """Both ratios by asking the model for each row alone."""
    ratios = {method: [] for method in METHODS}
    for _, uniprot, position, ref, alt in frame.itertuples():
        hidden = model.log_probs([sequences[uniprot]], [position - 1])[0][position - 1]
        seen = model.log_probs([sequences[uniprot]])[0][position - 1]
        for method, row in zip(METHODS, (hidden, seen), strict=True):
            ratios[method].append(row[AMINO_ACIDS.index(alt)] - row[AMINO_ACIDS.index(ref)])
    return ratios


class Counting:
    """A model that keeps what it was asked."""

    def __init__(self, model):
        self._model, self.asked = model, []

    def __getattr__(self, name):
        return getattr(self._model, name)

    def log_probs(self, sequences, masked_positions=None):
        self.asked += list(zip(sequences, masked_positions, strict=True))
        return self._model.log_probs(sequences, masked_positions)

    def log_probs_at(self, sequences, masked_positions, positions):
        self.asked += list(zip(sequences, masked_positions, strict=True))
        return self._model.log_probs_at(sequences, masked_positions, positions)


# --- values ---------------------------------------------------------------------------------


def test_scores_equal_one_row_at_a_time(model):
    frame = pd.concat([changes("K2W", "C19A", "I20V", "M1L", "K2R"),
                       changes("S2T", "V22A", uniprot="P2")], ignore_index=True)  # fmt: skip
    counted = score_variants(frame, PROTEINS, model)
    expected = one_at_a_time(model, frame, PROTEINS)
    assert list(counted.table.columns) == SCORES.names
    assert counted.drops.empty
    assert list(counted.drops.columns) == DROPS.names
    for method, ratios in by_method(counted).items():
        np.testing.assert_allclose(ratios, expected[method], atol=1e-4)
        assert np.ptp(ratios) > 0.5
    first = counted.table[counted.table["method"] == METHODS[0]]
    pd.testing.assert_frame_equal(first[frame.columns].reset_index(drop=True), frame)


def test_order_of_proteins_and_rows_changes_nothing(model):
    frame = pd.concat([all_changes("P2", PROTEINS["P2"]), all_changes("P1", PROTEINS["P1"])])
    shuffled = frame.sample(frac=1, random_state=0)
    key = [*frame.columns, "method"]
    one = score_variants(frame, PROTEINS, model).table.sort_values(key, ignore_index=True)
    two = score_variants(shuffled, PROTEINS, model).table.sort_values(key, ignore_index=True)
    pd.testing.assert_frame_equal(one, two, atol=1e-4)


def test_negative_means_less_likely_than_the_reference():
    model = load_model("blosum62")
    table = score_variants(changes("L4P", "L4I"), PROTEINS, model,
                           methods=["wild-type-marginal"]).table  # fmt: skip
    drastic, mild = table["log_lik_ratio"]
    assert drastic < mild < 0


def test_each_position_and_protein_runs_once(model):
    counting = Counting(model)
    frame = pd.concat([changes("K2W", "K2R", "K2A", "V3A", "K2W"), changes("S2T", uniprot="P2")])
    counted = score_variants(frame, PROTEINS, counting)
    assert sorted(counting.asked, key=str) == sorted(
        [(PROTEINS["P1"], 1), (PROTEINS["P1"], 2), (PROTEINS["P2"], 1),
         (PROTEINS["P1"], None), (PROTEINS["P2"], None)], key=str)  # fmt: skip
    assert len(counted.table) == 2 * 5  # the repeated row is scored once


def test_proteins_may_be_a_table_and_unneeded_ones_may_be_odd(model):
    table = pd.DataFrame(
        {"uniprot": ["P1", "P1", "BAD"], "sequence": [PROTEINS["P1"], PROTEINS["P1"], "--1"]}
    )
    one = score_variants(changes("K2W"), table, model).table
    pd.testing.assert_frame_equal(one, score_variants(changes("K2W"), PROTEINS, model).table)


def test_one_method_can_be_asked_for(model):
    for method in METHODS:
        table = score_variants(changes("K2W"), PROTEINS, model, methods=[method]).table
        assert set(table["method"]) == {method}


def test_progress_reaches_the_total(model):
    told = []
    score_variants(changes("K2W", "V3A"), PROTEINS, model, progress=lambda *at: told.append(at))
    assert told[-1] == (60, 60)  # two hidden positions and one open pass of 20 residues
    assert [done for done, _ in told] == sorted(done for done, _ in told)


# --- long proteins --------------------------------------------------------------------------


def test_hidden_positions_of_a_long_protein_get_a_centred_window(model):
    frame = changes(*(f"{LONG[i - 1]}{i}{'W' if LONG[i - 1] != 'W' else 'A'}"
                      for i in (1, 30, 32, 33, 100, 169, 170, 200)), uniprot="LONG")  # fmt: skip
    counted = score_variants(frame, PROTEINS, model, methods=["masked-marginal"])
    for row in counted.table.itertuples():
        start = min(max(row.position - 1 - 31, 0), 200 - 62)
        place = row.position - 1 - start
        rows = model.log_probs([LONG[start : start + 62]], [place])[0]
        ratio = np.subtract(*rows[place][[AMINO_ACIDS.index(row.alt_aa),
                                          AMINO_ACIDS.index(row.ref_aa)]])  # fmt: skip
        assert row.log_lik_ratio == pytest.approx(ratio, abs=1e-4)


def test_windows_of_a_long_protein_are_merged_by_weight(model):
    frame = all_changes("LONG", LONG)
    table = score_variants(frame, PROTEINS, model, methods=["wild-type-marginal"]).table
    starts = window_starts(200, 62, 31)
    places = frame["position"].to_numpy() - 1
    weights = window_weights(places, starts, length=200, window=62)
    expected = np.zeros(len(frame))
    for start, weight in zip(starts, weights.T, strict=True):
        rows = model.log_probs([LONG[start : start + 62]])[0]
        for i in np.flatnonzero(weight):
            row = rows[places[i] - start]
            ratio = row[AMINO_ACIDS.index("W")] - row[AMINO_ACIDS.index(LONG[places[i]])]
            expected[i] += weight[i] * ratio
    np.testing.assert_allclose(table["log_lik_ratio"], expected, atol=1e-4)


def test_only_windows_with_a_wanted_position_run(model):
    counting = Counting(model)
    score_variants(changes(f"{LONG[4]}5{'W' if LONG[4] != 'W' else 'A'}", uniprot="LONG"),
                   PROTEINS, counting, methods=["wild-type-marginal"])  # fmt: skip
    assert counting.asked == [(LONG[:62], None)]


def test_a_protein_that_fits_is_scored_whole(wide_model):
    frame = all_changes("LONG", LONG)
    for method, ratios in by_method(score_variants(frame, PROTEINS, wide_model)).items():
        expected = one_at_a_time(wide_model, frame.iloc[::40], PROTEINS)[method]
        np.testing.assert_allclose(ratios[::40], expected, atol=1e-4)


def test_wide_and_narrow_windows_agree_without_context():
    """A model that sees no neighbours gives the same through any windows."""
    model = load_model("blosum62")
    frame = all_changes("LONG", LONG)
    whole = by_method(score_variants(frame, PROTEINS, model))
    for window, overlap in ((62, None), (20, 0), (7, 6), (2, 1)):
        tiled = by_method(score_variants(frame, PROTEINS, model, window=window, overlap=overlap))
        for method in METHODS:
            np.testing.assert_allclose(tiled[method], whole[method], atol=1e-9)


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 5000), st.integers(2, 1022), st.floats(0, 0.999))
def test_windows_cover_everything_and_overlap(length, window, share):
    overlap = int(share * window)
    starts = window_starts(length, window, overlap)
    ends = starts + min(window, length)
    assert starts[0] == 0
    assert ends[-1] == length
    assert (np.diff(starts) > 0).all()
    assert (ends[:-1] - starts[1:] >= min(overlap, window - 1)).all() or length <= window
    covered = np.zeros(length, dtype=bool)
    for start, end in zip(starts, ends, strict=True):
        covered[start:end] = True
    assert covered.all()


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 3000), st.sampled_from([20, 62, 1022]))
def test_weights_sum_to_one_and_fade(length, window):
    starts = window_starts(length, window, window // 2)
    weights = window_weights(np.arange(length), starts, length=length, window=window)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    # Nowhere a jump: neighbouring places differ by no more than the steepest of the slope.
    assert np.abs(np.diff(weights, axis=0)).max(initial=0) <= 24 / window / 4 + 0.02
    for start, weight in zip(starts, weights.T, strict=True):
        if start > 0:
            assert weight[start] < 0.01 or window < 62
            assert (weight[:start] == 0).all()


def test_centred_starts_stay_inside():
    starts = centred_starts(np.arange(10), np.full(10, 10), 4)
    assert starts.tolist() == [0, 0, 0, 1, 2, 3, 4, 5, 6, 6]
    assert centred_starts(np.array([2]), np.array([3]), 4).tolist() == [0]


# --- rows that cannot be scored -------------------------------------------------------------

GOOD = changes("K2W")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("NONE", 1, "M", "L"), "protein not among the given sequences"),
        ((None, 1, "M", "L"), "protein not among the given sequences"),
        (("P1", 21, "M", "L"), "position beyond the end of the protein"),
        (("P1", 0, "M", "L"), "position is not a whole number of at least 1"),
        (("P1", -3, "M", "L"), "position is not a whole number of at least 1"),
        (("P1", 1.5, "M", "L"), "position is not a whole number of at least 1"),
        (("P1", None, "M", "L"), "position is not a whole number of at least 1"),
        (("P1", 3, "K", "L"), "ref_aa differs from the protein's residue"),
        (("P1", 2, "K", "*"), "change gains or loses a stop"),
        (("P1", 2, "*", "K"), "change gains or loses a stop"),
        (("P1", 2, "K", "X"), "ref_aa or alt_aa is not one of the 20 residues"),
        (("P1", 2, "K", "U"), "ref_aa or alt_aa is not one of the 20 residues"),
        (("P1", 2, "O", "K"), "ref_aa or alt_aa is not one of the 20 residues"),
        (("P1", 2, "K", "B"), "ref_aa or alt_aa is not one of the 20 residues"),
        (("P1", 2, "Z", "K"), "ref_aa or alt_aa is not one of the 20 residues"),
        (("P1", 2, "Lys", "K"), "ref_aa or alt_aa is not one of the 20 residues"),
        (("P1", 2, "K", None), "ref_aa or alt_aa is not one of the 20 residues"),
        (("P1", 2, "K", "K"), "alt_aa equals ref_aa"),
        (("ODD", 2, "C", "W"), "ref_aa differs from the protein's residue"),  # it is a U
    ],
)
def test_dropped_rows_are_counted_with_their_reason(row, reason):
    bad = pd.DataFrame([row, row], columns=GOOD.columns)
    frame = pd.concat([bad, GOOD], ignore_index=True).astype({"position": object})
    counted = score_variants(frame, PROTEINS | {"ODD": "MUXV*"}, load_model("blosum62"))
    assert len(counted.table) == 2
    assert len(counted.drops) == 1
    drop = counted.drops.iloc[0]
    assert (drop["stage"], drop["action"], drop["count"]) == ("scores", "dropped", 2)
    assert drop["reason"].startswith(reason)
    assert str(row[0] or "?") in drop["example"]


def test_every_row_is_scored_or_counted():
    frame = pd.concat([changes("K2W", "K2K", "M2L", "K2*", "K99L", "Z2L"),
                       changes("K2W", uniprot="NONE")])  # fmt: skip
    counted = score_variants(frame, PROTEINS, load_model("blosum62"))
    assert counted.drops["count"].sum() + 1 == len(frame)
    assert counted.drops["reason"].is_unique


def test_odd_letters_elsewhere_are_read_by_rule_and_told(model):
    odd = {"SEL": "MUKBOXV*"}
    counted = score_variants(changes("K3R", "V7L", uniprot="SEL"), odd, model)
    assert counted.drops[["action", "count"]].to_numpy().tolist() == [["changed", 2]]
    assert "U, O, B, Z, J or X" in counted.drops["reason"][0]
    cleaned = {"SEL": clean_sequence(odd["SEL"])}
    expected = one_at_a_time(model, changes("K3R", "V7L", uniprot="SEL"), cleaned)
    for method, ratios in by_method(counted).items():
        np.testing.assert_allclose(ratios, expected[method], atol=1e-4)


def test_lower_case_proteins_are_read(model):
    lower = {"P1": PROTEINS["P1"].lower()}
    pd.testing.assert_frame_equal(
        score_variants(GOOD, lower, model).table, score_variants(GOOD, PROTEINS, model).table
    )


@pytest.mark.parametrize(
    ("frame", "proteins", "found"),
    [
        (changes("V2W"), PROTEINS, r"none of 1 row.s. can be scored \(ref_aa differs.*: 1; .*V2W"),
        (GOOD, {}, "none of 1 row.*protein not among"),
        (GOOD.iloc[:0], PROTEINS, "variants: no rows"),
        (GOOD[["uniprot"]], PROTEINS, "column.s. position, ref_aa, alt_aa missing; found uniprot"),
        (GOOD, pd.DataFrame({"uniprot": ["P1"]}), "proteins: column.s. sequence missing"),
        (GOOD, pd.DataFrame({"uniprot": ["P1", "P1"], "sequence": ["MK", "MKV"]}),
         "'P1' has more than one sequence"),
        (GOOD, {"P1": "MK*V"}, r"protein P1: '\*' at position 3 is a stop inside"),
        (GOOD, {"P1": "MK-V"}, "protein P1: '-' at position 3"),
        (GOOD, pd.DataFrame({"uniprot": ["P1"], "sequence": [None]}), "sequence of 'P1' is"),
        (GOOD, {"P1": "ATGNNN" * 3, "P2": "acgu" * 3},
         "proteins: all 2 sequences hold A, C, G, T, U and N alone .30 letters; P1 ATG.*translate"),
        (GOOD, pd.DataFrame({"uniprot": ["P7"], "sequence": ["ATG" * 10]}),
         "the sequence holds A, C.*score variants of DNA by score_dna_variants"),
    ],
)  # fmt: skip
def test_unusable_tables_are_errors(frame, proteins, found):
    with pytest.raises(InputError, match=found):
        score_variants(frame, proteins, load_model("blosum62"))


def test_a_protein_that_reads_like_dna_is_scored_beside_others(model):
    proteins = PROTEINS | {"P7": "GATTACA" * 5}
    scored = score_variants(changes("G1W", uniprot="P7"), proteins, model).table
    assert np.isfinite(scored["log_lik_ratio"]).all()
    short = score_variants(changes("G1W", uniprot="P7"), {"P7": "GATTACA"}, model).table
    assert len(short) == len(scored)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"methods": ["pseudo"]}, "methods is"),
        ({"methods": []}, "methods is"),
        ({"methods": "masked-marginal"}, "methods is 'masked-marginal'; expected a list"),
        ({"methods": [METHODS[0]] * 2}, "methods is"),
        ({"window": 63}, "window is 63; expected 2 to 62"),
        ({"window": 1}, "window is 1"),
        ({"window": 20, "overlap": 20}, "overlap is 20; expected 0 to 19"),
        ({"overlap": -1}, "overlap is -1"),
    ],
)
def test_bad_options_are_named(model, options, found):
    with pytest.raises(InputError, match=found):
        score_variants(GOOD, PROTEINS, model, **options)


def test_a_model_that_cannot_hide_says_so(model):
    counting = Counting(model)
    counting.masked = False
    with pytest.raises(InputError, match="cannot hide a position"):
        score_variants(GOOD, PROTEINS, counting, methods=["masked-marginal"])
    found = score_variants(GOOD, PROTEINS, counting).table  # by default what it can do
    assert found["method"].tolist() == ["wild-type-marginal"]


def test_positions_of_floats_are_told_as_whole_numbers(model):
    frame = changes("K2W", "R2W").astype({"position": float})
    assert score_variants(frame, PROTEINS, model).drops["example"].tolist() == ["P1 R2W"]


# --- a model of one protein ------------------------------------------------------------------


def family_model():
    """Fields that prefer W, over residues 3 to 6 of MKVLAW."""
    fields = np.zeros((4, 20))
    fields[:, AMINO_ACIDS.index("W")] = 2.0
    return PottsModel(AMINO_ACIDS, fields, None, Residues.of_protein("VLAW", "P1", start=3))


def test_residues_that_the_model_does_not_cover_are_counted():
    variants = pd.DataFrame({
        "uniprot": "P1",
        "position": [2, 3, 2, 1, 3],
        "ref_aa": ["K", "V", "K", "M", "V"],
        "alt_aa": ["W", "W", "W", "W", "A"],
    })  # fmt: skip
    scored = score_variants(variants, {"P1": "MKVLAW"}, family_model())
    assert scored.table["position"].tolist() == [3, 3, 3, 3]
    assert scored.table["log_lik_ratio"].tolist() == pytest.approx([2.0, 0.0] * 2)
    told = scored.drops.iloc[-1]
    assert "not covered by the model" in told["reason"]
    assert (told["count"], told["action"], told["example"]) == (3, "dropped", "P1 K2W")
    as_text = score_variants(variants.astype(str), {"P1": "MKVLAW"}, family_model())
    assert as_text.drops.iloc[-1]["count"] == 3


def test_other_proteins_than_the_models_are_counted():
    variants = pd.DataFrame({
        "uniprot": ["P1", "P2"], "position": [3, 1], "ref_aa": ["V", "M"], "alt_aa": ["W", "W"],
    })  # fmt: skip
    scored = score_variants(variants, {"P1": "MKVLAW", "P2": "MGHHEE"}, family_model())
    assert scored.table["uniprot"].unique().tolist() == ["P1"]
    told = scored.drops.iloc[0]
    assert told["reason"] == "protein is not one the model was fitted to"
    assert (told["count"], told["example"]) == (1, "P2 M1W")


def test_nothing_covered_is_an_error():
    variants = pd.DataFrame({"uniprot": ["P1"], "position": [2], "ref_aa": ["K"], "alt_aa": ["W"]})
    with pytest.raises(InputError, match=r"none of 1 row.*not covered by the model.*P1 K2W"):
        score_variants(variants, {"P1": "MKVLAW"}, family_model())
