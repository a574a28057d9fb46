# make demo   set up, then run the main job on the bundled real data
# make test   set up, then check and test everything
# make help   the other targets

PYTHON      ?= python3
VENV        ?= .venv
CONSTRAINTS ?= constraints.txt
# Anything pip accepts when it installs torch, such as an index of CPU-only or CUDA builds.
TORCH_PIP_ARGS ?=
OUT         ?= seqgen-demo

BIN   := $(VENV)/bin
READY := $(VENV)/.seqgen-ready

.PHONY: help setup demo test lint bench data model clean

help:
	@echo "make demo    set up, then fine-map the bundled GWAS into $(OUT)/ (report: $(OUT)/report.html)"
	@echo "make test    set up, then lint, type-check and test"
	@echo "make setup   only make the environment in $(VENV)/"
	@echo "make lint    only lint and type-check"
	@echo "make bench   speed against the usual tools, as ratios in one run"
	@echo "make data    fetch the source packages, rebuild the bundled data, compare (needs blastdbcmd, jackhmmer)"
	@echo "make model   train and evaluate the bundled language model anew (needs MMseqs2; an hour)"
	@echo "make clean   remove $(VENV)/ and $(OUT)/"

setup: $(READY)

$(READY): pyproject.toml $(CONSTRAINTS) seqgen/native/kernels.c
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if v >= (3, 11) else "seqgen needs Python 3.11 or newer; $(PYTHON) is %d.%d. Name another one: make PYTHON=/path/to/python3.12 demo" % v)'
	@echo "[1/3] making the environment in $(VENV)/"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Could not make a virtual environment. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "[2/3] installing torch (the largest part, a few minutes on a slow line)"
	@$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off -q $(TORCH_PIP_ARGS) -c $(CONSTRAINTS) torch
	@echo "[3/3] installing seqgen and the versions in $(CONSTRAINTS)"
	@$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off -q -c $(CONSTRAINTS) -e ".[dev]"
	@$(BIN)/python -c 'import sys; from seqgen.native import available; sys.exit(not available())' || echo "note: no C compiler was found, so couplings run on torch, some ten times slower, and a few tests fail. On Debian or Ubuntu: apt-get install gcc python3-dev; then: rm $(READY) && make setup"
	@touch $(READY)

demo: $(READY)
	@$(BIN)/seqgen demo --out $(OUT)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/python -m pytest --durations=10

bench: $(READY)
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

data: $(READY)
	@for script in fetch_sources build_height build_proteins build_missense build_family; do \
		echo "== data-raw/$$script.py"; $(BIN)/python data-raw/$$script.py || exit 1; done
	@git diff --stat --exit-code -- seqgen/data && echo "seqgen/data is what the scripts make"

model: $(READY)
	PYTHON=$(BIN)/python sh data-raw/make_model.sh

clean:
	rm -rf $(VENV) $(OUT)
