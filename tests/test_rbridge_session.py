"""R as the host: interrupts, torch's arithmetic, memory, garbage collection, a quiet end."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from r_session import library, rscript, start_r

import seqgen


def answers(done) -> dict:
    """Lines ``name=JSON`` that a script wrote."""
    assert done.returncode == 0, done.stderr[-3000:]
    found = re.findall(r"^(\w+)=(.*)$", done.stdout, flags=re.MULTILINE)
    return {name: json.loads(text) for name, text in found}


TORCH = """
import hashlib, time
import numpy as np
import torch
from seqgen.models.registry import load_model
torch.set_num_threads(1)
def forward():
    model = load_model("default", device="cpu")
    out = model.log_probs(["MKVLAAGIVGLCAKAYREWLNDPQ" * 8])[0]
    a = torch.linspace(-1, 1, 700 * 700).reshape(700, 700)
    product = a @ a.T  # once to warm up
    started = time.perf_counter()
    for _ in range(5):
        product = a @ a.T
    seconds = time.perf_counter() - started
    told = hashlib.sha256(np.ascontiguousarray(out).tobytes() + product.numpy().tobytes())
    return told.hexdigest(), seconds
"""


def test_torch_computes_in_r_as_in_python_bit_for_bit_and_as_fast(tmp_path):
    (tmp_path / "forward.py").write_text(TORCH)
    done = rscript(
        "stopifnot(seqgen_available())\n"
        f"reticulate::py_run_string(\"import sys; sys.path.insert(0, '{tmp_path}')\")\n"
        'found <- reticulate::import("forward")$forward()\n'
        'cat("digest=\\"", found[[1]], "\\"\\n", sep = "")\n'
        'cat("seconds=", found[[2]], "\\n", sep = "")\n'
    )
    in_r = answers(done)
    space: dict = {}
    exec(TORCH, space)
    import torch

    threads = torch.get_num_threads()
    try:
        digest, seconds = space["forward"]()
    finally:
        torch.set_num_threads(threads)
    assert in_r["digest"] == digest
    assert in_r["seconds"] < 4 * seconds + 0.2  # R's own BLAS takes 15 times as long


def test_ctrl_c_stops_a_call_and_leaves_r_usable():
    done = rscript(
        """
        long <- list(n_tests = 200000, repeats = 100000)
        loop <- function(call) {
          system(sprintf("(sleep 2; kill -INT %d) &", Sys.getpid()))
          started <- Sys.time()
          told <- tryCatch(call(), interrupt = function(e) "interrupt", error = class)
          cat("told=\\"", told[1], "\\"\\n", sep = "")
          cat("late=", as.numeric(Sys.time() - started, units = "secs") - 2, "\\n", sep = "")
        }
        invisible(missense_map())
        loop(function() py_call("simulate_weighted_testing", long))
        cat("after=", nrow(human_proteins()), "\\n", sep = "")
        cat("loop=\\"")
        system(sprintf("(sleep 1; kill -INT %d) &", Sys.getpid()))
        told <- tryCatch({ for (i in 1:1e10) i }, interrupt = function(e) "stopped")
        cat(told, "\\"\\n", sep = "")
        """
    )
    told = answers(done)
    assert told["told"] == "interrupt"
    assert told["late"] < 1.5
    assert told["after"] == len(seqgen.human_proteins())
    assert told["loop"] == "stopped"


def test_a_thousand_calls_leak_nothing():
    done = rscript(
        """
        rss <- function() {
          kb <- grep("VmRSS", readLines("/proc/self/status"), value = TRUE)
          as.numeric(gsub("[^0-9]", "", kb)) / 1024
        }
        table <- data.frame(locus = "a", missense = rep(c(0, 1), 5000))
        table$name <- paste0("rs", 1:10000)
        coefficients <- data.frame(term = "missense", estimate = 1)
        once <- function() {
          prior_weights(table, coefficients)
          load_model("blosum62")
          try(read_sumstats("nowhere"), silent = TRUE)
        }
        for (i in 1:60) once()
        gc(); before <- rss()
        for (i in 1:350) once()
        gc(); gc()
        cat("grown=", rss() - before, "\\n", sep = "")
        cat("held=", py_call(".held"), "\\n", sep = "")
        """
    )
    told = answers(done)
    assert told["grown"] < 25  # MB; leaking a table a round would be 110
    assert told["held"] <= 1


def test_a_small_call_under_gctorture():
    done = rscript(
        """
        change <- data.frame(uniprot = "P1", position = 2L, ref_aa = "K", alt_aa = "W")
        change$when <- Sys.Date()
        model <- load_model("blosum62")
        score <- function() score_variants(change, c(P1 = "MKV"), model)$log_lik_ratio
        calm <- score()
        gctorture2(250)
        rough <- score()
        failed <- tryCatch(read_sumstats("nowhere"), error = function(e) class(e)[1])
        gctorture2(0)
        cat("same=", tolower(identical(calm, rough)), "\\n", sep = "")
        cat("failed=\\"", failed, "\\"\\n", sep = "")
        """
    )
    told = answers(done)
    assert told["same"] is True
    assert told["failed"] == "seqgen_missing_file_error"


def test_garbage_of_reticulate_is_collected_during_a_call():
    done = rscript(
        """
        stopifnot(seqgen_available())
        for (i in 1:200) invisible(reticulate::py_run_string("x = 1", local = TRUE))
        collect <- function(done, total) { gc(); invisible(lapply(1:5000, identity)) }
        change <- data.frame(uniprot = "P1", position = 2L, ref_aa = "K", alt_aa = "W")
        found <- score_variants(change, c(P1 = "MKV"), load_model("blosum62"), progress = collect)
        cat("rows=", nrow(found), "\\n", sep = "")
        """
    )
    assert answers(done)["rows"] == 2


FORKED = "invisible(parallel::mclapply(1:2, function(i) missense_map()$rsid[i], mc.cores = 2))"


@pytest.mark.parametrize("end", [FORKED, "quit(status = 0)"])
def test_a_session_ends_quietly(end):
    done = rscript(f"m <- load_model('blosum62')\n{end}\n")
    assert (done.returncode, done.stdout) == (0, "")
    assert "rror" not in done.stderr
    assert "Poetry" not in done.stderr


def test_a_python_session_that_hosts_r_has_the_same_package():
    ri = start_r()
    rows = ri.evalr(f"""local({{
        library(seqgen, lib.loc = '{library()}')
        on.exit(detach('package:seqgen', unload = TRUE))
        options(seqgen.progress = FALSE)
        error <- tryCatch(read_sumstats('nowhere'), error = function(e) class(e)[1])
        c(nrow(missense_map()), error, isNamespaceLoaded('reticulate') &&
          reticulate::py_available())
    }})""")
    assert list(rows) == [str(len(seqgen.missense_map())), "seqgen_missing_file_error", "FALSE"]


def test_processes_begun_beside_r_run_this_python():
    """R's library path may lead to another build of Python, which a new process would load."""
    code = "import json, sys; print(json.dumps(sys.version))"
    start_r()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == json.dumps(sys.version) + "\n"
    done = rscript(
        "stopifnot(seqgen_available())\n"
        f"""cat("version=", system2("{sys.executable}", c("-c", shQuote('{code}')), """
        'stdout = TRUE), "\n", sep = "")\n'
    )
    assert answers(done)["version"] == sys.version


def test_what_python_prints_is_seen_by_knitr():
    done = rscript(
        """
        talk <- function(how) py_call(".talk", list(how))
        if (!requireNamespace("knitr", quietly = TRUE)) { cat("knitr=false\\n"); quit() }
        text <- c("```{r}", "talk('stdout')", "talk('stderr')", "talk('warn')", "```")
        out <- paste(knitr::knit(text = text, quiet = TRUE), collapse = "\\n")
        seen <- sapply(c("## stdout", "## stderr", "Warning in talk(\\"warn\\"): warn"), grepl, out,
          fixed = TRUE)
        cat("knitr=", tolower(all(seen)), "\\n", sep = "")
        """
    )
    if not answers(done)["knitr"]:
        pytest.fail(done.stdout) if "knitr=false" not in done.stdout else pytest.skip("no knitr")


def test_without_python_the_first_call_says_what_to_do(tmp_path):
    code = """
        cat("attached=true\\n")
        cat("there=", tolower(seqgen_available()), "\\n", sep = "")
        error <- tryCatch(missense_map(), seqgen_error = identity)
        cat("class=\\"", class(error)[1], "\\"\\n", sep = "")
        cat("told=", deparse(conditionMessage(error)), "\\n", sep = "")
        cat("complete=", tolower(seqgen_sitrep()), "\\n", sep = "")
    """
    done = rscript(code, RETICULATE_PYTHON="", WORKON_HOME=str(tmp_path))
    told = answers(done)
    assert (told["there"], told["complete"]) == (False, False)
    assert told["class"] == "seqgen_python_missing_error"
    assert "seqgen::install_seqgen()" in told["told"]
    assert done.stderr == ""


def test_the_environment_that_install_makes_is_found(tmp_path):
    (tmp_path / "r-seqgen").symlink_to(sys.prefix)
    done = rscript(
        'cat("rows=", nrow(missense_map()), "\\n", sep = "")',
        RETICULATE_PYTHON="",
        WORKON_HOME=str(tmp_path),
    )
    assert answers(done)["rows"] == len(seqgen.missense_map())
    assert done.stderr == ""


def test_a_library_that_only_looks_for_torch_does_not_spoil_its_loading():
    """Polars asks whether there is a torch; it must still be loaded with its own symbols."""
    code = (
        "import importlib.util, sys\n"
        "from seqgen.rbridge.host import _TorchFinder\n"
        "finder = _TorchFinder()\n"
        "sys.meta_path.insert(0, finder)\n"
        "importlib.util.find_spec('torch')\n"
        "assert finder in sys.meta_path\n"
        "import torch\n"
        "assert finder not in sys.meta_path\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
