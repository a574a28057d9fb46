"""susieR as a method of fine-mapping, from Python, from R, and from a notebook's %%R."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

import numpy as np
import pytest
from r_session import library, rscript, start_r
from synthetic_loci import locus

from seqgen.errors import InputError, MissingDependencyError
from seqgen.finemap import FineMapOptions, SusieOptions, fine_map

start_r()
from seqgen.rbridge import susie_r  # noqa: E402
from seqgen.rbridge.engine import base, r_code  # noqa: E402

try:
    VERSION = susie_r.installed().version
except MissingDependencyError:
    pytest.skip("R has no susieR", allow_module_level=True)
BEFORE_0_16 = tuple(map(int, VERSION.split(".")[:2])) < (0, 16)


def both(z, R, n, prior=None, **settings):
    options = FineMapOptions(**settings)
    return [
        fine_map(z, R, n=n, prior=prior, method=m, options=options) for m in ("seqgen", "susieR")
    ]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("informed", [False, True])
def test_susier_agrees_with_seqgen(seed, informed):
    z, R, n, _ = locus(p=120, seed=seed)
    weights = np.random.default_rng(seed).uniform(0.1, 5.0, 120) if informed else None
    ours, theirs = both(0.8 * z, R, n if seed else None, weights, L=5, coverage=0.9)
    for name, tolerance in (("pip", 1e-5), ("alpha", 1e-5), ("mu", 1e-4), ("V", 1e-4)):
        assert np.allclose(getattr(ours, name), getattr(theirs, name), atol=tolerance), name
    assert np.allclose(ours.lbf, theirs.lbf, atol=1e-3)
    assert np.allclose(ours.prior, theirs.prior, rtol=1e-14)
    assert ours.credible_sets
    for one, other in zip(ours.credible_sets, theirs.credible_sets, strict=True):
        assert one.effect == other.effect
        assert one.variants.tolist() == other.variants.tolist()
        for name in ("coverage", "min_abs_corr", "mean_abs_corr", "median_abs_corr"):
            assert getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-5), name


def test_settings_arrive():
    z, R, n, _ = locus()
    for settings in (
        {"estimate_prior_variance": False, "scaled_prior_variance": 0.01},
        {"check_null_threshold": 2.0},
        {"min_abs_corr": 0.999, "coverage": 0.999},
        {"estimate_residual_variance": True},
        {"estimate_prior_method": "simple"},
        {"null_weight": 0.3},
        {"residual_variance": 0.9},
        {"max_iter": 2, "tol": 1e-12},
    ):
        ours, theirs = both(0.4 * z, R, n, **settings)
        assert np.allclose(ours.alpha, theirs.alpha, atol=1e-4), settings
        assert ours.alpha.shape == theirs.alpha.shape
        assert np.allclose(ours.prior, theirs.prior, rtol=1e-12), settings
        assert ours.converged is theirs.converged, settings
        assert len(ours.credible_sets) == len(theirs.credible_sets), settings


def test_purity_of_a_large_set_comes_from_all_pairs_and_leaves_r_s_random_numbers_alone():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(400, 1)) + 0.5 * rng.normal(size=(400, 150))
    R = np.corrcoef(x, rowvar=False)
    base("set.seed")(7)
    r_seed = r_code("function() .GlobalEnv$.Random.seed")
    before = list(r_seed())
    ours, theirs = both(np.full(150, 5.0), R, 5000)
    assert list(r_seed()) == before
    assert len(ours.credible_sets[0].variants) > 100
    assert theirs.credible_sets[0].median_abs_corr == ours.credible_sets[0].median_abs_corr


@pytest.mark.skipif(not BEFORE_0_16, reason="susieR has them")
@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"R_finite": 400}, "400"),
        ({"R_mismatch": "eb"}, "'eb'"),
        ({"convergence_method": "pip"}, "'pip'"),
        ({"L_greedy": 2}, "2"),
    ],
)
def test_what_an_old_susier_lacks_is_refused(settings, found):
    (name,) = settings
    with pytest.raises(InputError) as told:
        both([1.0, 2.0], np.eye(2), 5000, **settings)
    assert str(told.value).startswith(f"{name}: found {found}, which susieR {VERSION} does not")
    assert "install susieR 0.16 or use method 'seqgen'" in str(told.value)


def test_what_susier_says_is_kept():
    z, R, n, _ = locus()
    fit = susie_r.SusieRMapper(options=SusieOptions(max_iter=1))(z, R, n, None)
    assert not fit.converged
    assert fit.warnings[0].startswith("IBSS algorithm did not converge in 1 iterations!")
    assert "\n" not in fit.warnings[0]
    assert fit.diagnostics["susieR_version"] == VERSION
    assert susie_r.SusieRMapper()(z, R, n, None).warnings == ()
    with pytest.raises(InputError, match=f"^susieR {VERSION} refused: .*unreasonably large"):
        susie_r.fit({"z": np.array([1.0, 2.0]), "R": np.array([[1.0, 2.0], [3.0, 1.0]]), "n": 5000})


def test_a_thread_is_refused():
    told = []

    def call():
        try:
            fine_map([1.0], [[1.0]], n=5000, method="susieR")
        except InputError as error:
            told.append(str(error))

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    assert "R runs on the main thread" in told[0]


def test_without_susier_or_rpy2_the_remedy_is_told(monkeypatch):
    susie_r.installed.cache_clear()
    monkeypatch.setattr(susie_r, "_LOOK", "function() NULL")
    with pytest.raises(MissingDependencyError, match=r"install.packages\('susieR'\)"):
        fine_map([1.0], [[1.0]], n=5000, method="susieR")
    code = (
        "import sys; sys.modules['rpy2'] = None\n"
        "import seqgen\n"
        "try: seqgen.fine_map([1.0], [[1.0]], n=5000, method='susieR')\n"
        "except seqgen.errors.MissingDependencyError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'rpy2>=3.6" in done.stdout


def test_a_fit_of_susier_crosses_to_python_and_back_unchanged():
    made = r_code(
        """function() {
          r <- 0.9^abs(outer(1:12, 1:12, "-"))
          susieR::susie_rss(7 * r[4, ], r, n = 5000, L = 3)
        }"""
    )()
    from seqgen.rbridge import to_python, to_r

    again = to_r(to_python(made))
    same = r_code(
        """function(a, b) {
          sapply(intersect(names(a), names(b)), function(x) identical(a[[x]], b[[x]]))
        }"""
    )
    names = r_code("function(a, b) intersect(names(a), names(b))")(made, again)
    assert len(list(names)) == 17  # all but XtXr, which takes the data
    assert [name for name, ok in zip(names, same(made, again), strict=True) if not ok] == []
    with_null = r_code("function(fit) { fit$null_index <- 13; fit }")(made)
    with pytest.raises(InputError, match="null_weight"):
        to_python(with_null)


def test_r_that_hosts_python_has_the_same_method():
    done = rscript(
        """
        r <- 0.9^abs(outer(1:12, 1:12, "-"))
        z <- 7 * r[4, ]
        own <- susieR::susie_rss(z, r, n = 5000, L = 3, tol = 1e-4, max_iter = 50)
        fit <- fine_map(z, r, n = 5000, method = "susieR", options = list(L = 3))
        named <- intersect(names(own), names(fit))
        same <- sapply(named, function(x) isTRUE(all.equal(fit[[x]], own[[x]], tolerance = 1e-12)))
        cat("fields=", length(named), "\\n", sep = "")
        cat("same=", tolower(all(same)), "\\n", sep = "")
        told <- tryCatch(
          fine_map(z, r, n = 5000, method = "susieR", options = list(R_finite = 99)),
          seqgen_input_error = function(e) "refused", error = function(e) "none"
        )
        cat("told=\\"", told, "\\"\\n", sep = "")
        """
    )
    assert done.returncode == 0, done.stderr
    told = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert json.loads(told["fields"]) == 18
    assert told["same"] == "true"
    assert told["told"] == ('"refused"' if BEFORE_0_16 else '"none"')


CELL = """
library(seqgen, lib.loc = '{library}')
r <- 0.9^abs(outer(1:12, 1:12, "-"))
fit <- fine_map(7 * r[4, ], r, n = 5000, options = list(L = 3))
other <- fine_map(7 * r[4, ], r, n = 5000, method = "susieR", options = list(L = 3))
pip <- fit$pip
apart <- max(abs(fit$pip - other$pip))
told <- tryCatch(read_sumstats("nowhere"), error = function(e) class(e)[1])
weights <- prior_weights(data.frame(locus = "a", missense = missense), coefficients)
detach("package:seqgen", unload = TRUE)
"""


def test_a_notebook_cell_of_r_sees_the_same_package():
    """In a process of its own: the notebook's shell changes much of the one it runs in."""
    pytest.importorskip("IPython", reason="IPython is not installed")
    code = f"""
import json, pandas as pd, seqgen, seqgen.rbridge
from IPython.core.interactiveshell import InteractiveShell
seqgen.rbridge.install()
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "rpy2.ipython")
coefficients = pd.DataFrame(dict(term=["missense"], estimate=[1.0]))
shell.push(dict(missense=[0.0, 1.0], coefficients=coefficients))
names = ("pip", "apart", "told", "weights")
line = "-i missense -i coefficients " + " ".join("-o " + name for name in names)
shell.run_cell_magic("R", line, {CELL.format(library=library())!r})
print(json.dumps(dict((name, list(shell.user_ns[name])) for name in names)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert int(np.argmax(told["pip"])) == 3
    assert told["apart"][0] < 1e-5
    assert told["told"] == ["seqgen_missing_file_error"]
    assert told["weights"] == pytest.approx([1 / (1 + np.e), np.e / (1 + np.e)])


def test_rpy2_s_own_converter_is_left_alone():
    """What the bridge does never changes how rpy2 converts for others."""
    code = (
        "import seqgen, rpy2.robjects as ro\n"
        "before = len(ro.conversion.get_conversion().py2rpy.registry)\n"
        "seqgen.fine_map([9.0], [[1.0]], n=5000, method='susieR')\n"
        "print(before == len(ro.conversion.get_conversion().py2rpy.registry))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "True"
