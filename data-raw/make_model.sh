#!/bin/sh
# Replace the bundled protein model: fetch, build the corpus, train, evaluate, write the card.
# Usage: sh data-raw/make_model.sh [TEM1_SCAN.csv.gz] ; MINUTES and PYTHON may be set.
set -eu
cd "$(dirname "$0")/.."
python="${PYTHON:-python}"
"$python" data-raw/fetch_sources.py
"$python" data-raw/build_proteins.py
"$python" data-raw/build_missense.py
"$python" data-raw/build_homologs.py
"$python" data-raw/build_corpus.py
"$python" data-raw/train_protein_lm.py --minutes "${MINUTES:-7.5}"
"$python" data-raw/evaluate_protein_lm.py ${1:+--dms "$1"}
