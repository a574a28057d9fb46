"""Changed proteins: how they are written, and what each score of them is a sum of."""

import numpy as np
import pandas as pd
import pytest
from potts_models import FOCUS, random_model
from potts_models import PROTEIN as FAMILY
from tiny_models import save_tiny_esm, save_tiny_gpt2

from seqgen.errors import InputError
from seqgen.models.registry import load_model
from seqgen.residues import BLOSUM62_FREQUENCIES
from seqgen.schemas import AMINO_ACIDS, MUTANT_SCORES
from seqgen.scores import score_mutants, score_variants
from seqgen.scores.mutants import METHODS
from seqgen.scores.notation import apply_changes

PROTEIN = "MKVLAWDERHGFPSTQNYCI"
ONE_PASS, ODDS = "one-pass-pseudo-log-likelihood", "one-pass-pseudo-log-odds"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return load_model(str(save_tiny_esm(tmp_path_factory.mktemp("esm"), seed=3)))


def frame(*texts):
    return pd.DataFrame({"uniprot": "P1", "mutant": list(texts)})


def score(model, text, *methods, protein=PROTEIN, **options):
    counted = score_mutants(frame(text), {"P1": protein}, model, methods=methods, **options)
    return counted.table["log_lik_ratio"].tolist()


# --- notation -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("K2W", "MWVLA"),
        ("p.Lys2Trp", "MWVLA"),
        ("p.(Lys2Trp)", "MWVLA"),
        ("NP_1.2:p.Lys2Trp", "MWVLA"),
        ("K2W:L4A", "MWVAA"),
        ("L4A;K2W", "MWVAA"),
        ("p.[Lys2Trp;Leu4Ala]", "MWVAA"),
        ("V3del", "MKLA"),
        ("K2_L4del", "MA"),
        ("K2_V3insRSG", "MKRSGVLA"),
        ("K2_V3insArgSer", "MKRSVLA"),
        ("K2delinsRS", "MRSVLA"),
        ("K2_L4delinsW", "MWA"),
        ("K2_L4delinsW*", "MW"),
        ("K2dup", "MKKVLA"),
        ("K2_V3dup", "MKVKVLA"),
        ("L4*", "MKV"),
        ("p.Leu4Ter", "MKV"),
        ("L4fs", "MKV"),
        ("L4Pfs*12", "MKV"),
        ("p.Leu4ProfsTer12", "MKV"),
        ("K2W:L4*", "MWV"),
        ("M1del:V3_L4insG", "KVGLA"),
    ],
)  # fmt: skip
def test_changes_are_applied(text, changed):
    found = apply_changes(text, "MKVLA")
    assert (found.sequence, found.reason) == (changed, "")
    assert found.frameshift is ("fs" in text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("X", "not written as a change"),
        ("K2", "not written as a change"),
        ("K2_V3W", "not written as a change"),
        ("K2_L4insW", "not written as a change"),
        ("V3_K2del", "not written as a change"),
        ("K2delW", "not written as a change"),
        ("p.*6Wext*5", "gets longer by a sequence that is not given"),
        ("p.(Ter6TrpextTer5)", "gets longer by a sequence that is not given"),
        ("NP_1.2:p.Ter6GlnextTer?", "gets longer by a sequence that is not given"),
        ("A5ext*?", "gets longer by a sequence that is not given"),
        ("Met1ext-5", "gets longer by a sequence that is not given"),
        ("*6W", "gets longer by a sequence that is not given"),
        ("*6del", "gets longer by a sequence that is not given"),
        ("p.Ala5_Ter6delinsLeu", "gets longer by a sequence that is not given"),
        ("*6?", "gets longer by a sequence that is not given"),
        ("*6fs", "gets longer by a sequence that is not given"),
        ("K2W:*6Lext*?", "gets longer by a sequence that is not given"),
        ("*5W", "reference residue differs"),
        ("R2ext*3", "reference residue differs"),
        ("*9Wext*5", "beyond the end"),
        ("A5ext!", "not written as a change"),
        ("K2J1", "not written as a change"),
        ("R2K", "reference residue differs"),
        ("K2_W4del", "reference residue differs"),
        ("A9W", "beyond the end"),
        ("K2W:K2A", "overlap"),
        ("K2_L4del:V3A", "overlap"),
        ("K2*:L4A", "behind a stop"),
        ("K2K", "the protein itself"),
        ("M1*", "no residue is left"),
        ("", "not written as a change"),
        ("=", "the protein itself"),
        ("p.(Lys2=)", "the protein itself"),
        ("p.Met1?", "start is lost"),
        ("NP_1.2:p.(Met1?)", "start is lost"),
    ],
)
def test_what_does_not_fit_is_told(text, reason):
    assert reason in apply_changes(text, "MKVLA").reason


# --- values ---------------------------------------------------------------------------------


def seen_sum(model, protein):
    rows = model.log_probs([protein])[0]
    return sum(rows[i][AMINO_ACIDS.index(letter)] for i, letter in enumerate(protein))


@pytest.mark.parametrize("text", ["K2W:L4A", "W6del", "K2_V3insRSG", "E8*", "R9fs", "D7_R9delinsP"])
def test_whole_proteins_are_compared_by_sums(model, text):
    changed = apply_changes(text, PROTEIN).sequence
    expected = seen_sum(model, changed) - seen_sum(model, PROTEIN)
    background = [sum(np.log(BLOSUM62_FREQUENCIES[AMINO_ACIDS.index(letter)]) for letter in one)
                  for one in (changed, PROTEIN)]  # fmt: skip
    found = score(model, text, ONE_PASS, ODDS)
    assert found[0] == pytest.approx(expected, abs=1e-3)
    assert found[1] == pytest.approx(expected - background[0] + background[1], abs=1e-3)


def test_a_single_substitution_is_what_score_variants_gives(model):
    single = pd.DataFrame({"uniprot": ["P1"], "position": [6], "ref_aa": ["W"], "alt_aa": ["C"]})
    for ours, theirs in (
        ("additive-masked-marginal", "masked-marginal"),
        ("joint-masked-marginal", "masked-marginal"),
        ("additive-wild-type-marginal", "wild-type-marginal"),
        ("pseudo-log-likelihood", "pseudo-log-likelihood"),
    ):
        expected = score_variants(single, {"P1": PROTEIN}, model, methods=[theirs]).table
        assert score(model, "W6C", ours)[0] == pytest.approx(
            expected["log_lik_ratio"].iloc[0], abs=1e-4
        )


def test_additive_sums_singles_and_joint_hides_all_at_once(model):
    rows = [model.log_probs([PROTEIN], [place])[0][place] for place in (1, 5)]
    ratios = [row[AMINO_ACIDS.index(alt)] - row[AMINO_ACIDS.index(ref)]
              for row, (ref, alt) in zip(rows, ["KW", "WC"], strict=True)]  # fmt: skip
    found = score(model, "K2W:W6C", "additive-masked-marginal")[0]
    assert found == pytest.approx(sum(ratios), abs=1e-4)
    both = model.log_probs([PROTEIN], [(1, 5)])[0]
    expected = sum(both[place][AMINO_ACIDS.index(alt)] - both[place][AMINO_ACIDS.index(ref)]
                   for place, (ref, alt) in zip((1, 5), ["KW", "WC"], strict=True))  # fmt: skip
    joint = score(model, "K2W:W6C", "joint-masked-marginal")[0]
    assert joint == pytest.approx(expected, abs=1e-4)
    assert abs(joint - found) > 0.01


def test_changes_at_the_ends_of_a_long_protein_share_a_window_if_they_fit(model):
    rng = np.random.default_rng(0)
    long = "".join(rng.choice(list("ACDEFGH"), 200))
    text = f"{long[100]}101W:{long[150]}151W"
    window = long[125 - 31 : 125 + 31]
    both = model.log_probs([window], [(6, 56)])[0]
    expected = sum(both[place][AMINO_ACIDS.index("W")] - both[place][AMINO_ACIDS.index(ref)]
                   for place, ref in ((6, long[100]), (56, long[150])))  # fmt: skip
    found = score(model, text, "joint-masked-marginal", protein=long)[0]
    assert found == pytest.approx(expected, abs=1e-4)
    with pytest.raises(InputError, match="joint-masked-marginal is for substitutions alone, in on"):
        score(model, f"{long[0]}1W:{long[150]}151W", "joint-masked-marginal", protein=long)


def test_odds_do_not_reward_what_is_short():
    """Hidden residues of BLOSUM62 are drawn from the background: a change of length is worth 0."""
    blosum = load_model("blosum62")
    for text in ("W6del", "E8*", "K2_V3insRSG"):
        assert score(blosum, text, "pseudo-log-odds")[0] == pytest.approx(0, abs=1e-9)
    assert score(blosum, "E8*", "pseudo-log-likelihood")[0] > 10
    # Seen, each residue is likelier than by chance, so that losing any is worse.
    assert score(blosum, "E8*", ODDS)[0] < score(blosum, "Q16*", ODDS)[0] < 0


def test_a_potts_model_s_conditional_sums_need_one_length():
    model, at = random_model(), FAMILY.index(FOCUS)
    texts = [f"{FAMILY[at]}{at + 1}A:{FAMILY[at + 3]}{at + 4}C", f"{FAMILY[at]}{at + 1}del"]
    counted = score_mutants(frame(*texts), {"P1": FAMILY}, model, methods=[ONE_PASS])
    assert counted.table["mutant"].tolist() == texts[:1]
    assert "length changes" in counted.drops["reason"].iloc[0]


def test_a_causal_model_takes_any_change(tmp_path):
    model = load_model(str(save_tiny_gpt2(tmp_path / "m")))
    expected = seen_sum(model, PROTEIN[:7]) - seen_sum(model, PROTEIN)
    assert score(model, "E8*", "pseudo-log-likelihood")[0] == pytest.approx(expected, abs=1e-3)
    with pytest.raises(InputError, match="cannot hide a position, which 'joint-masked-marginal'"):
        score(model, "K2W", "joint-masked-marginal")


# --- rows -----------------------------------------------------------------------------------


def test_every_row_is_scored_or_counted(model):
    table = frame("K2W:L4A", "K2W:L4A", "R97fs", "nonsense", "R2K", "W6del", "R9fs")
    table = pd.concat([table, pd.DataFrame({"uniprot": ["P9"], "mutant": ["K2W"]})])
    counted = score_mutants(
        table, {"P1": PROTEIN}, model, methods=["joint-masked-marginal", ONE_PASS]
    )
    assert list(counted.table.columns) == MUTANT_SCORES.names
    whole = counted.table[counted.table["method"] == ONE_PASS]
    assert whole["mutant"].tolist() == ["K2W:L4A", "W6del", "R9fs"]
    told = counted.drops.set_index("reason")
    assert told.loc["protein not among the given sequences", "count"] == 1
    assert told.loc["position beyond the end of the protein", "example"] == "P1 R97fs"
    shift = told[told.index.str.startswith("frameshift")].iloc[0]
    assert (shift["action"], shift["count"]) == ("changed", 1)
    only = told[told.index.str.startswith("joint-masked-marginal is for subst")].iloc[0]
    assert only["count"] == 2
    assert counted.table.attrs["log_lik_ratio"]["revision"] == model.revision


def test_the_changed_protein_may_be_given_whole(model):
    table = frame("R9fs").assign(alt_sequence=[PROTEIN[:8] + "GGGWWC*"])
    counted = score_mutants(table, {"P1": PROTEIN}, model, methods=[ONE_PASS])
    expected = seen_sum(model, PROTEIN[:8] + "GGGWWC") - seen_sum(model, PROTEIN)
    assert counted.table["log_lik_ratio"].iloc[0] == pytest.approx(expected, abs=1e-3)
    assert counted.drops.empty


def test_odd_letters_are_read_by_rule(model):
    found = score(model, "U2C:K3R", ONE_PASS, protein="MUKBOXV*")
    expected = seen_sum_known(model, "MCRXKXV") - seen_sum_known(model, "MCKXKXV")
    assert found[0] == pytest.approx(expected, abs=1e-3)
    rows = frame("K3R", "K3U", "K3W")
    told = score_mutants(rows, {"P1": "MUKBOXV*"}, model, methods=[ONE_PASS]).drops
    assert told[["action", "count"]].to_numpy().tolist() == [["changed", 3]]
    told = score_mutants(frame("K2U", "K2W"), {"P1": "MKV"}, model, methods=[ONE_PASS]).drops
    assert told[["count", "example"]].to_numpy().tolist() == [[1, "P1 K2U"]]
    with pytest.raises(InputError, match="for substitutions alone"):
        score(model, "U2C", "joint-masked-marginal", protein="MUKV")


def seen_sum_known(model, protein):
    rows = model.log_probs([protein])[0]
    return sum(rows[i][AMINO_ACIDS.index(letter)] for i, letter in enumerate(protein)
               if letter != "X")  # fmt: skip


@pytest.mark.parametrize(
    ("table", "options", "found"),
    [
        (frame("K2W")[["mutant"]], {}, "uniprot missing"),
        (frame("K2W").iloc[:0], {}, "no rows"),
        (frame("R2K"), {}, r"none of 1 row.s. can be scored \(reference residue differs"),
        (frame("K2W"), {"methods": ["masked-marginal"]}, "methods is"),
        (frame("K2W"), {"window": 63}, "window is 63"),
    ],
)
def test_bad_input_is_named(model, table, options, found):
    with pytest.raises(InputError, match=found):
        score_mutants(table, {"P1": PROTEIN}, model, **options)


def test_progress_reaches_the_total(model):
    told = []
    score_mutants(frame("K2W", "W6del"), {"P1": PROTEIN}, model, methods=METHODS,
                  progress=lambda *at: told.append(at))  # fmt: skip
    assert told[-1] == (4 * (20 + 20 + 20 + 19),) * 2


# --- from a genome --------------------------------------------------------------------------


def test_what_a_protein_model_cannot_judge_is_counted(model):
    """Without a sequence it is left out for the reason that the table gives."""
    made = pd.DataFrame({
        "transcript": "P1", "hgvs_p": ["p.Met1?", "p.Lys2fsTer3", "p.Lys2Trp"],
        "sequence": [None, "MRS", "MW" + PROTEIN[2:]], "scorable": [False, False, True],
        "reason": ["start codon lost", "new reading frame", None],
    })  # fmt: skip
    scored = score_mutants(made, {"P1": PROTEIN}, model, methods=[ODDS])
    assert scored.table["mutant"].tolist() == ["p.Lys2fsTer3", "p.Lys2Trp"]
    assert scored.drops.set_index("reason")["action"].to_dict() == {
        "start codon lost": "dropped",
        "scored, but hardly to be judged by a protein model: new reading frame": "kept",
    }


def test_proteins_that_a_genome_makes_go_in_as_they_are(tmp_path):
    """Frameshifts read on in their frame: the sooner, the worse; a lost residue is little."""
    from seqgen.annotation import annotate, mutant_proteins
    from seqgen.annotation.reference_proteins import reference_proteins

    coding = "ATGAAAGTGCTGGCTTGGGACGAACGTCATGGTTTCCCATCTACTCAGAACTACTGCATC" * 3 + "TGA"
    genome = "CC" + coding + "GCTTAAGCTTTAAGCTTTAACC"
    place = f"3\t{2 + len(coding)}\t.\t+"
    (tmp_path / "a.fa").write_text(f">1\n{genome}\n")
    (tmp_path / "a.gff3").write_text(
        f"1\tx\tmRNA\t{place}\t.\tID=transcript:T\n1\tx\tCDS\t{place}\t0\tParent=transcript:T\n"
    )
    at = np.array([32, 92])
    ends = {"frameshift": 1, "in frame": 3}
    variants = pd.DataFrame([
        ("1", pos, genome[pos - 1 : pos + lost], genome[pos - 1])
        for lost in ends.values() for pos in at
    ], columns=["chrom", "pos", "ref", "alt"])  # fmt: skip
    files = {"gff": tmp_path / "a.gff3", "fasta": tmp_path / "a.fa"}
    made = mutant_proteins(annotate(variants, **files).table, **files).table
    reference = reference_proteins(["T"], **files)
    scored = score_mutants(made, reference, load_model("blosum62"), methods=[ODDS])
    told = scored.drops[["reason", "action", "count"]].to_numpy().tolist()
    doubt = made.loc[made["kind"] == "frameshift", "reason"].iloc[0]
    assert told == [[f"scored, but hardly to be judged by a protein model: {doubt}", "kept", 2]]
    score = dict(zip(scored.table["mutant"], scored.table["log_lik_ratio"], strict=True))
    by_kind = {kind: [score[name] for name in rows["hgvs_p"]] for kind, rows in
               made.sort_values("pos").groupby("kind")}  # fmt: skip
    early, late = by_kind["frameshift"]
    assert early < late < min(by_kind["in frame"])
    assert max(by_kind["in frame"]) < 0
    renamed = made.rename(columns={"transcript": "uniprot", "hgvs_p": "mutant",
                                   "sequence": "alt_sequence"})  # fmt: skip
    again = score_mutants(renamed, reference, load_model("blosum62"), methods=[ODDS])
    pd.testing.assert_frame_equal(scored.table, again.table)
