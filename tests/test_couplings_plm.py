"""Pseudolikelihood fits: against arithmetic written out, against plmc, across backends."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from alignments import (
    made_alignment,
    needs_reference,
    random_alignment,
    reference_alignment,
    reference_scores,
)
from scipy.optimize import minimize
from scipy.stats import spearmanr

from seqgen import native
from seqgen.couplings import plm, weights
from seqgen.couplings.norms import average_product_correction, frobenius_norms
from seqgen.couplings.plm import fit_plm
from seqgen.couplings.plm_native import NativeProblem
from seqgen.couplings.plm_torch import TorchProblem
from seqgen.errors import InputError, SeqgenWarning


class Written:
    """The loss as its formula reads, in float64."""

    def __init__(self, data):
        self.data = data
        self.length, self.q = data.frequencies.shape
        self.i, self.j = np.triu_indices(self.length, 1)
        letters = data.codes.astype(int) - (0 if data.gap_state else 1)
        self.seen = letters >= 0
        self.shown = np.eye(self.q)[np.maximum(letters, 0)] * self.seen[..., None]

    def loss(self, fields, couplings):
        full = np.zeros((self.length, self.q, self.length, self.q))
        full[self.i, :, self.j] = couplings
        full[self.j, :, self.i] = couplings.transpose(0, 2, 1)
        energies = np.tensordot(self.shown, full, axes=([1, 2], [2, 3])) + fields
        logs = energies - np.log(np.exp(energies).sum(axis=2, keepdims=True))
        each = self.data.weights[:, None] * self.seen
        fit = -((logs * self.shown).sum(axis=2) * each).sum()
        residuals = (np.exp(logs) - self.shown) * each[..., None]
        products = np.tensordot(residuals, self.shown, axes=([0], [0]))
        both = products + products.transpose(2, 3, 0, 1)
        data = self.data
        cost = data.lambda_h * (fields**2).sum() + data.lambda_J * (couplings**2).sum()
        return (
            fit + cost,
            residuals.sum(axis=0) + 2 * data.lambda_h * fields,
            both[self.i, :, self.j] + 2 * data.lambda_J * couplings,
        )

    def of_vector(self, vector):
        cut = self.length * self.q
        fields = vector[:cut].reshape(self.length, self.q)
        loss, by_field, by_coupling = self.loss(fields, vector[cut:].reshape(-1, self.q, self.q))
        return loss, np.concatenate([by_field.ravel(), by_coupling.ravel()])


def data_of(alignment, gaps="state", lambda_J=0.5, weights=None):
    weights = np.linspace(0.2, 1, alignment.n_sequences) if weights is None else weights
    return plm._data(alignment, weights, gaps, (0.01, lambda_J))


def problems(data):
    return {"native": NativeProblem(data, 1), "torch": TorchProblem(data, "cpu")}


@pytest.mark.parametrize("gaps", ["state", "ignore"])
@pytest.mark.parametrize("backend", ["native", "torch"])
# 12 columns fill one block of the compiled loops, 13 leave one column for the second.
@pytest.mark.parametrize("length", [5, 12, 13, 30])
def test_loss_and_slope_are_those_of_the_formula(backend, gaps, length):
    data = data_of(random_alignment(40, length), gaps)
    problem, written = problems(data)[backend], Written(data)
    problem.evaluate()
    problem.turn(0.0)
    problem.move(0.1)
    fields, couplings = (x.astype(float).copy() for x in snapshot(problem, backend))
    assert np.abs(couplings).max() > 1e-3
    point = problem.evaluate()
    assert point.loss == pytest.approx(written.loss(fields, couplings)[0], rel=1e-6)
    problem.turn(0.5)
    slope = problem.evaluate().slope
    problem.move(1e-2)
    after = written.loss(*(x.astype(float) for x in snapshot(problem, backend)))[0]
    problem.move(-2e-2)
    before = written.loss(*(x.astype(float) for x in snapshot(problem, backend)))[0]
    assert (after - before) / 2e-2 == pytest.approx(slope, rel=2e-3)


def snapshot(problem, backend):
    if backend == "torch":
        return problem.parameters()
    return problem._fields, problem._couplings


@pytest.mark.parametrize("gaps", ["state", "ignore"])
def test_the_minimum_is_that_of_a_general_minimiser(gaps):
    alignment = random_alignment(80, 6, letters=5)
    data = data_of(alignment, gaps)
    written = Written(data)
    size = data.length * data.letters + len(written.i) * data.letters**2
    best = minimize(
        written.of_vector, np.zeros(size), jac=True, method="L-BFGS-B",
        options={"maxiter": 5000, "maxfun": 9000, "ftol": 1e-14, "gtol": 1e-7},
    )  # fmt: skip
    model = fit_plm(
        alignment, weights=np.linspace(0.2, 1, 80), gaps=gaps, lambda_J=0.5,
        tolerance=1e-9, max_iterations=3000,
    )  # fmt: skip
    assert model.settings["loss"] == pytest.approx(best.fun, rel=1e-5)
    expected = best.x[data.length * data.letters :].reshape(model.couplings.shape)
    assert np.abs(expected).max() > 0.2
    np.testing.assert_allclose(model.couplings, expected, atol=0.01)


def test_threads_change_nothing():
    alignment = random_alignment(200, 40)
    one, three = (fit_plm(alignment, threads=k) for k in (1, 3))
    np.testing.assert_array_equal(one.couplings, three.couplings)
    np.testing.assert_array_equal(one.fields, three.fields)


@pytest.mark.parametrize("gaps", ["state", "ignore"])
def test_torch_gives_the_same_model(gaps):
    alignment = random_alignment(300, 25)
    native, torch = (fit_plm(alignment, gaps=gaps, device=d) for d in ("native", "cpu"))
    assert np.abs(native.couplings).max() > 0.1
    np.testing.assert_allclose(torch.couplings, native.couplings, atol=2e-3)
    norms = [frobenius_norms(m)[np.triu_indices(25, 1)] for m in (native, torch)]
    assert spearmanr(*norms).statistic > 0.9999


def _no_kernels():
    raise AssertionError("the compiled part was asked for")


def test_without_the_compiled_part_torch_takes_over_and_says_so(monkeypatch):
    alignment = random_alignment(60, 8)
    expected = fit_plm(alignment)
    for module in (plm, weights):
        monkeypatch.setattr(module, "available", lambda: False)
    monkeypatch.setattr(native, "kernels", _no_kernels)
    monkeypatch.setattr(weights, "kernels", _no_kernels)
    with pytest.warns(SeqgenWarning, match=r"not built.*install a C compiler"):
        found = fit_plm(alignment)
    np.testing.assert_allclose(found.couplings, expected.couplings, atol=2e-3)


def test_a_planted_pair_stands_out():
    rng = np.random.default_rng(1)
    codes = rng.integers(1, 21, size=(400, 12))
    codes[:, 9] = (codes[:, 2] + 3) % 20 + 1
    scores = average_product_correction(frobenius_norms(fit_plm(made_alignment(codes))))
    assert np.unravel_index(np.argmax(scores), scores.shape) in [(2, 9), (9, 2)]


def test_ignored_gaps_leave_no_trace():
    rng = np.random.default_rng(2)
    codes = rng.integers(1, 21, size=(300, 10))
    hole = rng.random(300) < 0.4
    codes[np.ix_(hole, [3, 7])] = 0  # gaps come together; residues are independent
    coupled = {}
    for gaps in ("state", "ignore"):
        norms = frobenius_norms(fit_plm(made_alignment(codes), gaps=gaps), states="all")
        coupled[gaps] = norms[3, 7] / np.median(norms[np.triu_indices(10, 1)])
    assert coupled["state"] > 1.2
    assert coupled["ignore"] < 1


@needs_reference
@pytest.mark.parametrize("name", ["1atzA", "1a3a"])
def test_parity_with_plmc(name):
    alignment, peers = reference_alignment(name), reference_scores(name)
    model = fit_plm(alignment)
    assert model.settings["lambda_J"] == pytest.approx(float(peers["plmc_lambda_J"]))
    assert model.settings["neff"] == pytest.approx(float(peers["plmc_neff"]), rel=1e-5)
    scores = average_product_correction(frobenius_norms(model, states="all"))
    pairs = np.triu_indices(alignment.length, 1)
    ours, theirs = scores[pairs], peers["plmc32n_apc"][pairs]
    assert spearmanr(ours, theirs).statistic >= 0.999
    top = [set(np.argsort(-x)[: alignment.length]) for x in (ours, theirs)]
    assert len(top[0] & top[1]) / alignment.length >= 0.95
    places, expected = peers["plmc_top200_ij"], peers["plmc_top200_J"]
    found = np.stack([model.pair(i, j) for i, j in places])
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.999
    # plmc stops before the fields of letters that never occur have settled.
    seen = np.stack([np.bincount(c, minlength=21) > 0 for c in alignment.codes.T])
    fields = [x - x.mean(axis=1, keepdims=True) for x in (model.fields, peers["plmc_h"])]
    assert np.corrcoef(fields[0][seen], fields[1][seen])[0, 1] > 0.97


class Rising:
    """A problem that has no lower point: every move raises the loss."""

    def __init__(self):
        self.at = 0.0

    def evaluate(self):
        return plm.Point(100.0 + abs(self.at), -1.0, 1.0)

    def turn(self, keep):
        return -1.0

    def move(self, step):
        self.at += step


def test_a_loss_that_only_rises_has_not_converged():
    problem = Rising()
    path = plm._minimise(problem, 1e-5, 20, None)
    assert not path.converged
    assert path.loss == pytest.approx(100.0, abs=1e-6)


def test_the_default_tolerance_is_close_to_the_minimum():
    alignment = random_alignment(300, 30)
    loose, tight = (fit_plm(alignment, tolerance=t, max_iterations=400) for t in (1e-5, 1e-9))
    norms = [frobenius_norms(m)[np.triu_indices(30, 1)] for m in (loose, tight)]
    assert spearmanr(*norms).statistic > 0.9995
    assert loose.settings["loss"] == pytest.approx(tight.settings["loss"], rel=1e-4)


def test_what_the_fit_was_run_with_is_kept():
    seen = []
    model = fit_plm(random_alignment(60, 9), progress=lambda *step: seen.append(step))
    told = model.settings
    assert (told["method"], told["gaps"], told["converged"]) == ("plm", "state", True)
    assert told["lambda_J"] == pytest.approx(0.01 * 20 * 8)
    assert [step for step, _ in seen] == list(range(1, told["iterations"] + 1))
    assert seen[-1][1] == told["loss"] < seen[0][1]


def test_running_out_of_iterations_is_told():
    with pytest.warns(SeqgenWarning, match="still falls after 2 iterations"):
        model = fit_plm(random_alignment(60, 9), max_iterations=2)
    assert not model.settings["converged"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gaps": "drop"}, "gaps is 'drop'; expected one of state, ignore"),
        ({"lambda_J": 0}, "lambda_J is 0; expected a finite number above 0"),
        ({"lambda_h": float("nan")}, "lambda_h is nan"),
        ({"tolerance": 0}, "tolerance is 0"),
        ({"max_iterations": 0}, "max_iterations is 0"),
        ({"device": "tpu"}, "device is 'tpu'; expected one of auto, native, cpu, cuda"),
        ({"device": "native:0"}, "device is 'native:0'"),
        ({"weights": np.ones(3)}, "weights has shape"),
        ({"threads": 0}, "threads is 0"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(InputError, match=message):
        fit_plm(random_alignment(20, 5), **options)


def test_cuda_that_is_not_there():
    import torch

    if torch.cuda.is_available():
        pytest.skip("a CUDA device is here")
    with pytest.raises(InputError, match="sees no CUDA device"):
        fit_plm(random_alignment(20, 5), device="cuda")


def test_alignments_that_cannot_be_fitted():
    with pytest.raises(InputError, match="no column varies"):
        fit_plm(made_alignment(np.full((9, 4), 3)))
    with pytest.raises(InputError, match="at least two of each"):
        fit_plm(made_alignment(np.full((1, 4), 3)))


def test_the_compiled_part_leaves_small_numbers_alone():
    # Some compilers switch a whole process to flushing denormal numbers to zero.
    fit_plm(random_alignment(20, 5))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert np.float64(1e-310) * np.float64(0.5) > 0
