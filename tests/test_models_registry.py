import json
import pickle
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import errors as hub_errors
from tiny_models import save_tiny_esm

import seqgen
from seqgen.errors import InputError, ModelError
from seqgen.models import hub
from seqgen.models.registry import BUNDLED, DEFAULT, _bundled_folder, load_model


@pytest.fixture
def folder(tmp_path):
    return save_tiny_esm(tmp_path / "model")


def edit_config(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_reference_and_folder_load_by_name(folder):
    assert load_model("blosum62").name == "blosum62"
    assert load_model(str(folder)).name == str(folder)


def test_loading_is_silent_and_offline(folder, capfd, socket_disabled):
    load_model(str(folder))
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(
    not (Path(seqgen.__file__).parent / "data" / "models" / DEFAULT).is_dir(),
    reason="the bundled model is not in this checkout",
)
def test_bundled_model_loads_as_default(capfd, socket_disabled):
    model = load_model("default")
    assert capfd.readouterr() == ("", "")
    assert model.name == DEFAULT
    assert model.revision == load_model(DEFAULT).revision
    assert model.max_length >= 500
    assert model.log_probs(["MKVLA"], [2])[0].shape == (5, 20)


def test_missing_bundled_model_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr("seqgen.models.registry.resources.files", lambda _: tmp_path)
    with pytest.raises(ModelError, match=r"not in this installation.*install seqgen again"):
        _bundled_folder()


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("seqgen-protien-v2", "unknown model: .*did you mean 'seqgen-protein-v2'"),
        ("esm2_t6_8M_UR50D", "did you mean 'facebook/esm2_t6_8M_UR50D'"),
        ("./no/such/folder", "no such model folder: './no/such/folder'"),
        ("qwertz", "unknown model: 'qwertz'; expected 'seqgen-protein-v2', 'blosum62'.*facebook"),
        ("", "unknown model: ''"),
    ],
)  # fmt: skip
def test_unknown_names_list_what_there_is(name, found):
    with pytest.raises(ModelError, match=found) as caught:
        load_model(name)
    assert all(repr(known) in str(caught.value) for known in BUNDLED)
    assert "\n" not in str(caught.value)


def test_file_instead_of_folder(folder):
    with pytest.raises(ModelError, match="is a file; expected the folder"):
        load_model(str(folder / "model.safetensors"))


# --- damaged or unfit folders ---------------------------------------------------------------


def remove(name):
    return lambda folder: (folder / name).unlink()


def write(name, content):
    return lambda folder: (folder / name).write_text(content)


def cut_weights(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def empty_weights(folder):
    (folder / "model.safetensors").write_bytes(b"")


def only_pickle(folder):
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"weight": 1}))


def fewer_weights(folder):
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    weights.pop("esm.encoder.layer.1.output.dense.weight")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def nan_weights(folder):
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    weights["esm.encoder.layer.1.output.dense.weight"][0, 0] = float("nan")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def absent_shard(folder):
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (remove("config.json"), "no config.json; found model.safetensors, vocab.txt; expected"),
        (write("config.json", '{"model_type": "es'), "config.json: not readable as JSON"),
        (write("config.json", "[]"), "holds no JSON object"),
        (remove("model.safetensors"), "no weights; expected model.safetensors"),
        (cut_weights, "model.safetensors: damaged or cut short, .* bytes"),
        (empty_weights, "damaged or cut short, 0 bytes"),
        (only_pickle, "pytorch_model.bin, a pickle, .*is refused"),
        (fewer_weights, "1 weight.s. are missing or of another shape.*layer.1.output.dense"),
        (nan_weights, "probabilities are not finite"),
        (absent_shard, "model-00001-of-00002.safetensors named by"),
        (remove("vocab.txt"), "cannot be loaded|vocabulary of"),
        (write("vocab.txt", "<cls>\n<pad>\n<eos>\n<unk>\nL\nA\n<mask>"), "not a protein model's"),
        (lambda f: edit_config(f, architectures=["EsmForTokenClassification"]),
         "architecture EsmForTokenClassification is not a masked language model"),
        (lambda f: edit_config(f, architectures=None), "architecture esm is not a masked"),
        (lambda f: edit_config(f, hidden_size=64), "of another shape"),
        (lambda f: edit_config(f, model_type="nosuch"), "cannot be loaded as a language model"),
        (lambda f: edit_config(f, auto_map={"AutoModelForMaskedLM": "own.Own"}),
         "code of its own; pass trust_remote_code=True"),
    ],
)  # fmt: skip
def test_damaged_folders_are_told_apart(folder, damage, found):
    damage(folder)
    with pytest.raises(ModelError, match=found) as caught:
        load_model(str(folder))
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_pickle_is_not_opened(folder):
    (folder / "model.safetensors").unlink()

    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("the pickle was opened",))

    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ModelError, match="refused"):
        load_model(str(folder))


def test_own_code_does_not_run_unasked(folder):
    (folder / "own.py").write_text("raise SystemExit('own code ran')")
    edit_config(folder, auto_map={"AutoModelForMaskedLM": "own.Own", "AutoConfig": "own.Config"})
    with pytest.raises(ModelError, match="trust_remote_code"):
        load_model(str(folder))


def test_a_text_model_is_no_protein_model(folder):
    with (folder / "vocab.txt").open("a") as vocabulary:
        vocabulary.write("".join(f"\nw{i}" for i in range(2000)))
    with pytest.raises(ModelError, match="not a protein model's"):
        load_model(str(folder))


# --- options --------------------------------------------------------------------------------


def test_revision_pins_a_local_model(folder):
    right = load_model(str(folder)).revision
    assert load_model(str(folder), revision=right[:12]).revision == right
    with pytest.raises(ModelError, match=f"has revision {right}; expected 0123"):
        load_model(str(folder), revision="0123")


@pytest.mark.parametrize(
    ("options", "found"),
    [({"device": "tpu"}, "device 'tpu' is not available"), ({"dtype": "int3"}, "dtype 'int3'")],
)
def test_bad_options_are_named(folder, options, found):
    with pytest.raises(InputError, match=found):
        load_model(str(folder), **options)


# --- hub ------------------------------------------------------------------------------------


def hub_that(monkeypatch, *, cached, online):
    """Replace the client: ``cached`` and ``online`` are folders or errors."""
    calls = []

    def snapshot_download(name, *, revision, allow_patterns, local_files_only=False):
        calls.append((name, revision, local_files_only, tuple(allow_patterns)))
        answer = cached if local_files_only else online
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    return calls


NOT_CACHED = hub_errors.LocalEntryNotFoundError("not here\nand more lines")


def test_cached_hub_model_needs_no_network(monkeypatch, folder):
    calls = hub_that(monkeypatch, cached=folder, online=AssertionError("asked the network"))
    assert load_model("owner/model", revision="main").name == "owner/model"
    assert [call[:3] for call in calls] == [("owner/model", "main", True)]
    assert not any(pattern in ("*", "*.bin", "*.py") for pattern in calls[0][3])


def test_the_commit_of_a_hub_model_is_recorded(monkeypatch, tmp_path):
    folder = save_tiny_esm(tmp_path / "models--owner--model" / "snapshots" / ("0a1b" * 10))
    hub_that(monkeypatch, cached=folder, online=AssertionError("asked the network"))
    model = load_model("owner/model")
    assert model.source == "owner/model@" + "0a1b" * 10
    assert len(model.revision) == 64
    assert load_model(str(folder)).source == str(folder)


def test_half_cached_hub_model_is_completed(monkeypatch, folder, tmp_path):
    (tmp_path / "config.json").write_text((folder / "config.json").read_text())
    hub_that(monkeypatch, cached=tmp_path, online=folder)
    assert load_model("owner/model").name == "owner/model"


def response(status):
    import httpx2

    return httpx2.Response(status, request=httpx2.Request("GET", "https://example.org"))


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (NOT_CACHED, r"cannot be reached \(not here\); offline, run `hf download owner/model"),
        (ConnectionError("refused"), r"cannot be reached \(refused\).*pass FOLDER"),
        ("RepositoryNotFoundError", "neither a local folder nor a model on the"),
        ("RevisionNotFoundError", "has no revision 'v9'"),
        ("GatedRepoError", "asks for a login"),
    ],
)
def test_hub_failures_are_one_line(monkeypatch, error, found):
    if isinstance(error, str):
        error = getattr(hub_errors, error)("no", response=response(404))
    hub_that(monkeypatch, cached=NOT_CACHED, online=error)
    with pytest.raises(ModelError, match=found) as caught:
        load_model("owner/model", revision="v9")
    assert "\n" not in str(caught.value)


def test_unreachable_hub_for_real(monkeypatch, tmp_path, socket_disabled):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match="hub cannot be reached"):
        load_model("facebook/esm2_t6_8M_UR50D")


@pytest.mark.parametrize("name", ["facebook/esm2_t6_8M_UR50D", "a/b", "O-w.n_er/m.0"])
def test_hub_ids_are_recognised(name):
    assert hub.is_hub_id(name)


@pytest.mark.parametrize("name", ["esm2", "/a/b", "./a", "../a/b", "a/b/c", "a/", "~/a"])
def test_paths_are_no_hub_ids(name):
    assert not hub.is_hub_id(name)
