"""Every family against the library itself, called by hand, one sequence at a time."""

import json

import numpy as np
import pytest
import tiny_models as tiny
import torch
import transformers
from transformers import AutoTokenizer

from seqgen.errors import InputError, MissingDependencyError, ModelError
from seqgen.models import loading
from seqgen.models.alphabets import alphabet_of
from seqgen.models.ensemble import EnsembleModel
from seqgen.models.registry import load_model
from seqgen.schemas import AMINO_ACIDS

PROTEIN = "MKVLAWDEXRHGFPSTQNYCIMKV"
DNA = "ACGTTGACCANGTACCGTTTACA"


def network(folder, architecture):
    return getattr(transformers, architecture).from_pretrained(folder).eval()


def log_softmax(logits):
    logits = np.asarray(logits, dtype=np.float64)
    logits = logits - logits.max(axis=-1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def by_hand(net, ids, columns, first):
    """Log-softmax over ``columns``, special tokens before ``first`` cut off."""
    with torch.no_grad():
        logits = net(input_ids=torch.tensor([ids])).logits[0].numpy()
    return log_softmax(logits[first:, columns])


# --- proteins -------------------------------------------------------------------------------


def test_protbert_s_spaced_residues(tmp_path):
    folder = tiny.save_tiny_protbert(tmp_path / "m")
    model = load_model(str(folder))
    tokenizer, net = AutoTokenizer.from_pretrained(folder), network(folder, "BertForMaskedLM")
    columns = tokenizer.convert_tokens_to_ids(list(AMINO_ACIDS))
    ids = tokenizer(" ".join(PROTEIN))["input_ids"]
    assert len(ids) == len(PROTEIN) + 2
    length = len(PROTEIN)
    np.testing.assert_allclose(
        model.log_probs([PROTEIN])[0], by_hand(net, ids, columns, 1)[:length], atol=1e-4
    )
    hidden = list(ids)
    hidden[1 + 5] = hidden[1 + 9] = tokenizer.mask_token_id
    np.testing.assert_allclose(
        model.log_probs([PROTEIN], [(5, 9)])[0], by_hand(net, hidden, columns, 1)[:length],
        atol=1e-4,
    )  # fmt: skip
    assert (model.masked, model.causal, model.max_length) == (True, False, 62)


def test_esm_c(tmp_path):
    folder = tiny.save_tiny_esmc(tmp_path / "m")
    model = load_model(str(folder))
    tokenizer, net = AutoTokenizer.from_pretrained(folder), network(folder, "EsmcForMaskedLM")
    columns = tokenizer.convert_tokens_to_ids(list(AMINO_ACIDS))
    ids = tokenizer(PROTEIN)["input_ids"]
    expected = by_hand(net, ids, columns, 1)[: len(PROTEIN)]
    np.testing.assert_allclose(model.log_probs([PROTEIN])[0], expected, atol=1e-4)
    together = model.log_probs([PROTEIN, PROTEIN[:-1]])  # padded
    np.testing.assert_allclose(together[1], model.log_probs([PROTEIN[:-1]])[0], atol=1e-4)


@pytest.mark.parametrize("before", [True, False])
def test_esm_1_has_positions_of_its_own(tmp_path, before):
    """ESM-1b normalises before its first block, ESM-1v does not; neither is rotary."""
    folder = tiny.save_tiny_esm(tmp_path / "m", position="absolute")
    path = folder / "config.json"
    config = json.loads(path.read_text()) | {"emb_layer_norm_before": before}
    path.write_text(json.dumps(config))
    net = network(folder, "EsmForMaskedLM")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    columns = tokenizer.convert_tokens_to_ids(list(AMINO_ACIDS))
    expected = by_hand(net, tokenizer(PROTEIN)["input_ids"], columns, 1)[: len(PROTEIN)]
    np.testing.assert_allclose(load_model(str(folder)).log_probs([PROTEIN])[0], expected, atol=1e-4)


def test_prot_t5_embeds_and_does_not_score(tmp_path):
    folder = tiny.save_tiny_prot_t5(tmp_path / "m")
    model = load_model(str(folder))
    tokenizer, net = AutoTokenizer.from_pretrained(folder), network(folder, "T5EncoderModel")
    short = PROTEIN[:-2]
    for sequence, found in zip([PROTEIN, short], model.embed([PROTEIN, short]), strict=True):
        ids = tokenizer(" ".join(sequence))["input_ids"]
        assert len(ids) == len(sequence) + 1  # the end alone
        with torch.no_grad():
            expected = net(input_ids=torch.tensor([ids]))[0][0, :-1].numpy()
        np.testing.assert_allclose(found, expected, atol=1e-4)
    assert (model.masked, model.causal) == (False, False)
    with pytest.raises(InputError, match="an encoder, which gives embeddings but no probab"):
        model.log_probs([PROTEIN])
    with pytest.raises(InputError, match="puts no token before a sequence"):
        model.summarise([PROTEIN])


def test_a_missing_reader_is_named(tmp_path, monkeypatch):
    folder = tiny.save_tiny_prot_t5(tmp_path / "m")

    def missing(*_, **__):
        raise ImportError("T5Tokenizer requires the sentencepiece library")

    monkeypatch.setattr(loading.AutoTokenizer, "from_pretrained", missing)
    with pytest.raises(MissingDependencyError, match="pip install sentencepiece"):
        load_model(str(folder))


def test_layers_and_the_first_token(tmp_path):
    folder = tiny.save_tiny_esm(tmp_path / "m")
    model = load_model(str(folder))
    net, tokenizer = network(folder, "EsmForMaskedLM"), AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        output = net(torch.tensor([tokenizer(PROTEIN)["input_ids"]]), output_hidden_states=True)
    for layer in (0, 1, 2, -1, -2):
        whole = output.hidden_states[layer][0].numpy()
        np.testing.assert_allclose(model.embed([PROTEIN], layer=layer)[0], whole[1:-1], atol=1e-4)
        np.testing.assert_allclose(model.summarise([PROTEIN], layer=layer)[0], whole[0], atol=1e-4)
    with pytest.raises(InputError, match=r"layer is 3; .*has 2 blocks; expected 0 to 2"):
        model.embed([PROTEIN], layer=3)


# --- DNA ------------------------------------------------------------------------------------


@pytest.mark.parametrize("lower", [True, False])
def test_single_bases(tmp_path, lower):
    folder = tiny.save_tiny_gpn(tmp_path / "m", lower=lower)
    model = load_model(str(folder))
    tokenizer, net = AutoTokenizer.from_pretrained(folder), network(folder, "BertForMaskedLM")
    vocabulary = tokenizer.get_vocab()
    columns = [vocabulary[base.lower() if lower else base] for base in "ACGT"]
    ids = tokenizer(DNA)["input_ids"]
    assert len(ids) == len(DNA)
    np.testing.assert_allclose(model.log_probs([DNA])[0], by_hand(net, ids, columns, 0), atol=1e-4)
    ids[4] = tokenizer.mask_token_id
    np.testing.assert_allclose(
        model.log_probs([DNA], [4])[0], by_hand(net, ids, columns, 0), atol=1e-4
    )
    assert alphabet_of(model.alphabet).name == "dna"
    with pytest.raises(InputError, match=r"position 2; the model reads DNA; expected the 4 bases"):
        model.log_probs(["MK".replace("M", "A")])


def test_causal_bases(tmp_path):
    folder = tiny.save_tiny_gpt2(tmp_path / "m", residues="ACGT", unknown="N")
    model = load_model(str(folder))
    tokenizer, net = AutoTokenizer.from_pretrained(folder), network(folder, "GPT2LMHeadModel")
    ids = tokenizer.convert_tokens_to_ids(["<s>", *DNA])
    columns = tokenizer.convert_tokens_to_ids(list("ACGT"))
    np.testing.assert_allclose(
        model.log_probs([DNA])[0], by_hand(net, ids, columns, 0)[:-1], atol=1e-4
    )
    assert model.causal


def test_bytes_are_read_as_what_they_are_said_to_be(tmp_path):
    """A tokenizer of both kinds of letters, as Evo's bytes are."""
    folder = tiny.save_tiny_gpt2(tmp_path / "m", unknown="X")
    assert load_model(str(folder)).alphabet == AMINO_ACIDS
    model = load_model(str(folder), alphabet="dna")
    tokenizer, net = AutoTokenizer.from_pretrained(folder), network(folder, "GPT2LMHeadModel")
    ids = tokenizer.convert_tokens_to_ids(["<s>", *"ACGGT"])
    columns = tokenizer.convert_tokens_to_ids(list("ACGT"))
    np.testing.assert_allclose(
        model.log_probs(["ACGGT"])[0], by_hand(net, ids, columns, 0)[:-1], atol=1e-4
    )
    with pytest.raises(InputError, match="alphabet is 'rna'; expected protein, dna"):
        load_model(str(folder), alphabet="rna")


def masked_tokens(net, ids, hidden, mask_id):
    """Log-softmax of all tokens at each place, some of them hidden."""
    ids = [mask_id if place in hidden else number for place, number in enumerate(ids)]
    with torch.no_grad():
        return net(input_ids=torch.tensor([ids])).logits[0].numpy()


def test_kmers_apart(tmp_path):
    """One token covers a base: the allele's k-mer over the reference's, the token hidden."""
    text = DNA + "A"
    folder = tiny.save_tiny_nucleotide_transformer(tmp_path / "m")
    model = load_model(str(folder))
    tokenizer, net = AutoTokenizer.from_pretrained(folder), network(folder, "EsmForMaskedLM")
    vocabulary = tokenizer.get_vocab()
    ids = tokenizer(text)["input_ids"]
    tokens = tokenizer.convert_ids_to_tokens(ids)
    assert tokens[:6] == ["<cls>", "ACG", "TTG", "ACC", "A", "N"]
    assert model._encoding.cut(text).ids.tolist() == ids[1:]
    logits = masked_tokens(net, ids, {2}, tokenizer.mask_token_id)[2]
    expected = log_softmax([logits[vocabulary["T" + base + "G"]] for base in "ACGT"])
    found = model.log_probs([text], [4])[0]  # the middle of TTG
    np.testing.assert_allclose(found[4], expected, atol=1e-4)
    assert found.shape == (len(text), 4)
    # What is left over is a token by itself.
    assert tokens[-1] == "A"
    last = masked_tokens(net, ids, {len(ids) - 1}, tokenizer.mask_token_id)[-1]
    np.testing.assert_allclose(
        model.log_probs([text], [len(text) - 1])[0][-1],
        log_softmax([last[vocabulary[base]] for base in "ACGT"]), atol=1e-4,
    )  # fmt: skip
    made = [number for token, number in vocabulary.items() if set(token) <= set("ACGT")]
    both = masked_tokens(net, ids, {1, 2}, tokenizer.mask_token_id)
    sums = sum(log_softmax(both[place])[ids[place]] - np.log(
        np.exp(log_softmax(both[place]))[made].sum()) for place in (1, 2))  # fmt: skip
    assert model.log_likelihoods([text], [(2, 5)])[0] == pytest.approx(sums, abs=1e-4)


def test_kmers_that_overlap(tmp_path):
    """All k tokens over a base are hidden at once, and their ratios add up."""
    folder = tiny.save_tiny_dnabert(tmp_path / "m")
    model = load_model(str(folder))
    tokenizer, net = AutoTokenizer.from_pretrained(folder), network(folder, "BertForMaskedLM")
    vocabulary = tokenizer.get_vocab()
    words = [DNA[start : start + 3] for start in range(len(DNA) - 2)]
    ids = tokenizer(" ".join(words))["input_ids"]
    assert model._encoding.cut(DNA).ids.tolist() == ids[1:-1]
    assert model._encoding.kind == "overlapping k-mer"
    at, covering = 5, [3, 4, 5]
    logits = masked_tokens(net, ids, {one + 1 for one in covering}, tokenizer.mask_token_id)
    sums = np.zeros(4)
    for word in covering:
        changed = [DNA[:at] + base + DNA[at + 1 :] for base in "ACGT"]
        numbers = [vocabulary[text[word : word + 3]] for text in changed]
        sums += log_softmax(logits[word + 1])[numbers]
    np.testing.assert_allclose(model.log_probs([DNA], [at])[0][at], log_softmax(sums), atol=1e-4)
    ratio = model.log_probs([DNA], [at])[0][at]
    change = DNA[:at] + "T" + DNA[at + 1 :]
    likelihoods = model.log_likelihoods([DNA, change], [(at, at + 1)] * 2)
    found = likelihoods[1] - likelihoods[0]
    assert found == pytest.approx(ratio[3] - ratio["ACGT".index(DNA[at])], abs=1e-4)
    with pytest.raises(InputError, match="reads 3-mers, expected at least 3"):
        model.log_probs(["AC"])


def test_byte_pairs(tmp_path):
    """Each allele in its own cut; the tokens that cover it are hidden and their sum taken."""
    folder = tiny.save_tiny_dnabert2(tmp_path / "m")
    model = load_model(str(folder))
    tokenizer, net = AutoTokenizer.from_pretrained(folder), network(folder, "BertForMaskedLM")
    text = "ACGTTTACAGTCC"
    ids = tokenizer(text)["input_ids"]
    assert tokenizer.convert_ids_to_tokens(ids)[1:-1] == ["ACGT", "TT", "ACA", "GT", "CC"]
    logits = masked_tokens(net, ids, {2, 3}, tokenizer.mask_token_id)
    made = model._encoding.dna_ids
    expected = 0.0
    for place in (2, 3):
        rows = log_softmax(logits[place])
        expected += rows[ids[place]] - np.log(np.exp(rows[made]).sum())
    assert model.log_likelihoods([text], [(5, 7)])[0] == pytest.approx(expected, abs=1e-4)
    seen = masked_tokens(net, ids, set(), 0)
    expected = sum(log_softmax(seen[place])[ids[place]]
                   - np.log(np.exp(log_softmax(seen[place])[made]).sum())
                   for place in (2, 3))  # fmt: skip
    found = model.log_likelihoods([text], [(5, 7)], hidden=False)[0]
    assert found == pytest.approx(expected, abs=1e-4)
    with pytest.raises(InputError, match="tokens of several lengths"):
        model.log_probs([text])


def test_causal_byte_pairs(tmp_path):
    folder = tiny.save_tiny_dnabert2(tmp_path / "m", causal=True)
    model = load_model(str(folder))
    tokenizer, net = AutoTokenizer.from_pretrained(folder), network(folder, "GPT2LMHeadModel")
    text = "ACGTTTACAGTCC"
    ids = tokenizer(text)["input_ids"]
    rows = by_hand(net, ids, list(np.sort(model._encoding.dna_ids)), 0)
    order = np.sort(model._encoding.dna_ids).tolist()
    expected = sum(rows[place - 1][order.index(ids[place])] for place in range(1, 6))
    found = model.log_likelihoods([text], [(0, len(text))])[0]
    assert found == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    "save", [tiny.save_tiny_nucleotide_transformer, tiny.save_tiny_dnabert, tiny.save_tiny_dnabert2]
)
def test_words_do_not_depend_on_the_batch_and_cover_every_base(tmp_path, save):
    model = load_model(str(save(tmp_path / "m")))
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list("ACGT"), length)) for length in (40, 39, 37, 12, 40)]
    spans = [(3, 4), (0, 2), (36, 37), (5, 9), (39, 40)]
    together = model.log_likelihoods(texts, spans)
    vectors = model.embed(texts)
    for place, (text, span) in enumerate(zip(texts, spans, strict=True)):
        assert together[place] == pytest.approx(model.log_likelihoods([text], [span])[0], abs=1e-4)
        np.testing.assert_allclose(vectors[place], model.embed([text])[0], atol=1e-4)
        assert vectors[place].shape == (len(text), 32)
    assert model.summarise(texts).shape == (5, 32)
    longest = "ACGTT" * 100
    rows = model.embed([longest[: model.max_length]])
    assert len(rows[0]) == model.max_length
    with pytest.raises(InputError, match="the model takes 1 to"):
        model.embed([longest[: model.max_length + 1]])


def test_unknown_bases_may_be_too_many_tokens(tmp_path):
    model = load_model(str(tiny.save_tiny_nucleotide_transformer(tmp_path / "m")))
    with pytest.raises(InputError, match=r"makes 91 tokens; .* takes 64; give fewer bases"):
        model.embed(["N" * 90])


def test_a_cut_that_is_not_understood_is_refused(tmp_path):
    folder = tiny.save_tiny_dnabert(tmp_path / "m")
    path = folder / "vocab.txt"
    path.write_text(path.read_text().replace("\nACG\n", "\nACGA\n"))
    with pytest.raises(ModelError, match="cuts DNA neither into"):
        load_model(str(folder))


# --- own code -------------------------------------------------------------------------------

OWN = """
import torch
from transformers import PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import MaskedLMOutput

class OwnConfig(PretrainedConfig):
    model_type = "own-convolution"

class OwnForMaskedLM(PreTrainedModel):
    config_class = OwnConfig
    def __init__(self, config):
        super().__init__(config)
        self.embed = torch.nn.Embedding(config.vocab_size, 8)
        self.mix = torch.nn.Conv1d(8, 8, 5, padding=2)
        self.head = torch.nn.Linear(8, config.vocab_size)
        self.post_init()
    def forward(self, input_ids=None, output_hidden_states=False):  # no attention mask
        hidden = self.mix(self.embed(input_ids).transpose(1, 2)).transpose(1, 2)
        return MaskedLMOutput(logits=self.head(hidden), hidden_states=(hidden,))
"""


def test_own_code_runs_when_it_is_trusted_and_padding_is_never_seen(tmp_path, monkeypatch):
    """A network without an attention mask, as GPN's and Caduceus' are: equal lengths alone."""
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "c"))
    folder = tiny.save_tiny_gpn(tmp_path / "m")
    (folder / "own_convolution.py").write_text(OWN)
    config = {
        "architectures": ["OwnForMaskedLM"], "model_type": "own-convolution", "vocab_size": 9,
        "auto_map": {"AutoConfig": "own_convolution.OwnConfig",
                     "AutoModelForMaskedLM": "own_convolution.OwnForMaskedLM"},
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    torch.manual_seed(0)
    weights = {"embed.weight": torch.randn(9, 8), "mix.weight": torch.randn(8, 8, 5),
               "mix.bias": torch.randn(8), "head.weight": torch.randn(9, 8),
               "head.bias": torch.randn(9)}  # fmt: skip
    from safetensors.torch import save_file

    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="pass trust_remote_code=True"):
        load_model(str(folder))
    model = load_model(str(folder), trust_remote_code=True)
    texts = ["ACGTACGTAC", "ACGTACGTA", "ACGTACGTAC"]
    for text, rows in zip(texts, model.log_probs(texts), strict=True):
        np.testing.assert_allclose(rows, model.log_probs([text])[0], atol=1e-5)


# --- ensembles ------------------------------------------------------------------------------


def test_an_ensemble_s_ratios_are_the_mean_of_its_models(tmp_path):
    folders = [str(tiny.save_tiny_esm(tmp_path / str(k), seed=k, context=60 + k)) for k in (1, 2)]
    both, alone = load_model(folders), [load_model(folder) for folder in folders]
    assert (both.max_length, both.masked, both.causal) == (61, True, False)
    rows = both.log_probs([PROTEIN], [3])[0]
    np.testing.assert_allclose(np.exp(rows).sum(axis=1), 1, atol=1e-5)
    ratios = [one.log_probs([PROTEIN], [3])[0] for one in alone]
    expected = np.mean([one[:, 5] - one[:, 9] for one in ratios], axis=0)
    np.testing.assert_allclose(rows[:, 5] - rows[:, 9], expected, atol=1e-5)
    assert both.embed([PROTEIN])[0].shape == (len(PROTEIN), 64)
    assert len(both.revision) == 64
    assert both.revision != load_model(folders[::-1]).revision


def test_models_that_do_not_fit_are_refused(tmp_path):
    gpn = load_model(str(tiny.save_tiny_gpn(tmp_path / "gpn")))
    blosum = load_model("blosum62")
    with pytest.raises(InputError, match=r"4 letters.*expected one alphabet"):
        EnsembleModel([blosum, gpn])
    with pytest.raises(InputError, match="1 given; expected two or more"):
        EnsembleModel([blosum])
    from potts_models import random_model

    with pytest.raises(InputError, match=r"of one family.*combine_scores"):
        EnsembleModel([blosum, random_model()])
    with pytest.raises(ModelError, match="revision is 'abc' for several models"):
        load_model(["blosum62", "blosum62"], revision="abc")
