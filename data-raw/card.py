"""The model card, written from the measured numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from protein_lm import MODEL_NAME

SCORES = {
    "wild_type_marginal": "this model, unmasked (wild-type-marginal)",
    "masked_marginal": "this model, masked (masked-marginal)",
    "blosum62": "BLOSUM62",
    "profile": "the homolog profile the model was taught with",
}


def _areas(title: str, part: dict[str, Any]) -> str:
    """One table of areas under the curve."""
    lines = [
        f"{title}: {part['variants']:,} variants ({part['pathogenic']:,} pathogenic) in "
        f"{part['proteins']:,} proteins.",
        "",
        "| score | AUROC | mean AUROC within a protein |",
        "|---|---|---|",
    ]
    for name, area in part["auroc"].items():
        within = part["auroc_within_proteins"][name]
        shown = "too few each" if within is None else f"{within:.3f}"
        lines.append(f"| {SCORES[name]} | {area:.3f} | {shown} |")
    return "\n".join(lines) + "\n"


def _scan(part: dict[str, Any] | None) -> str:
    """The section on the TEM-1 scan."""
    if part is None:
        return "Not measured for this version.\n"
    lines = ["| score | Spearman |", "|---|---|"]
    lines += [f"| {SCORES[name]} | {value:.3f} |" for name, value in part["spearman"].items()]
    lines += ["", f"{part['variants']:,} single changes at the highest ampicillin dose."]
    if part["residues_differing_from_swissprot"]:
        lines[-1] += (
            f" The scan's reference differs from the Swiss-Prot entry at "
            f"{part['residues_differing_from_swissprot']} residues; the scan's own was scored."
        )
    return "\n".join(lines) + "\n"


def _corpus(rows: list[dict[str, Any]]) -> str:
    """Proteins and residues of each split."""
    lines = ["| split | proteins | residues |", "|---|---|---|"]
    for row in rows:
        kind = "human" if row["human"] else "other species"
        lines.append(f"| {row['split']}, {kind} | {row['proteins']:,} | {row['residues']:,} |")
    return "\n".join(lines) + "\n"


def card_text(metrics: dict[str, Any], training: dict[str, Any]) -> str:
    """The card as Markdown."""
    fit, clinical = metrics["held_out"], metrics["humsavar"]
    return f"""# {MODEL_NAME}

A small protein language model for scoring amino-acid changes with nothing to download. It has
ESM-2's architecture and vocabulary, so any ESM-2 checkpoint can take its place, and any better
one should where it is at hand: this is the embedded default, not a competitor of ESM-2 650M.

## The model

| | |
|---|---|
| architecture | ESM-2 (`EsmForMaskedLM`), rotary positions, `token_dropout` off |
| shape | {training["layers"]} layers, {training["hidden"]} hidden, {training["heads"]} heads, \
{training["feed_forward"]} feed-forward |
| parameters | {training["parameters"]:,}, stored in half precision |
| residues seen in training | {training["residues"]:,} in {training["step"]:,} updates |
| training time | {training["elapsed"] / 60:.0f} minutes on {
        training["threads"]
    } cores of a shared \
x86-64 server CPU (AVX2, no bfloat16), single precision |
| crops | {training["crop"]} residues, {training["long_crop"]} in the last \
{1 - training["long_from"]:.0%} of the time |
| seed | {training["seed"]} |

`token_dropout` is off because ESM-2's rescaling assumes that about 12% of every training input was
masked. Most of this model's input was not masked at all.

## What it was taught

At every position of a crop, masked or not, the target is the distribution of residues among the
protein's homologs in Swiss-Prot (January 2014): an MMseqs2 search (sensitivity 5, E < 1e-3, up to
400 hits), counts from the homologs at least 40% identical with Henikoff weights, and pseudocounts
from the BLOSUM62 conditional distribution whose share is 0.9 over the square root of the number of
sequences aligned there. Positions count in the loss by what is not pseudocount (0.2 to 1), masked
ones like the others. A quarter of the crops have 15% of their residues masked. The model is a
distilled homolog search: of a family it knows what the family's profile says, as far as
{training["parameters"] / 1e6:.1f}M parameters and {training["residues"] / 1e6:.1f}M residues seen \
can hold it.

**Labels.** No clinical label and no measured fitness is a training target. Clinical labels did have
one influence: how a profile is made (the 40% and the square root, out of 30 combinations tried) was
chosen by the area under the curve of the profile itself on 9,477 humsavar variants in 1,500 random
proteins, held-out ones among them.

{_corpus(metrics["corpus"])}
**Split.** Proteins were linked when one finds the other in the search or both find the same
Swiss-Prot entry (E < 1e-3). Whole connected components of at most 40 human proteins were held out
until 5% of the human proteins were. Proteins of other species were not trained on, only counted in
profiles; had they been, those touching a held-out protein would have been left out. The family of
TEM-1 (BLAT_ECOLX) was not trained on: no human protein is linked to it. Large families
(kinases, zinc fingers, receptors) form components that are too large to be held out: "held-out
clusters" therefore says nothing about a family as large as those being new to the model.

## How good it is

### Fit to held-out clusters

{fit["crops"]:,} crops of held-out proteins.

| | perplexity at masked positions |
|---|---|
| this model | {fit["perplexity_masked"]:.2f} |
| unigram (residue frequencies of the training set) | {fit["perplexity_unigram"]:.2f} |

({fit["masked_positions"]:,} positions; BLOSUM62 cannot be asked here, as the residue is hidden.)

| unmasked, divergence of the profile from the prediction | nats per residue |
|---|---|
| this model | {fit["divergence_model"]:.3f} |
| BLOSUM62 conditional on the residue (the profile of a protein without homologs) | \
{fit["divergence_blosum62"]:.3f} |
| best answer from the residue alone (mean training profile of each residue) | \
{fit["divergence_context_free"]:.3f} |

({fit["positions"]:,} positions. This is the task the model was trained for, on families it has not
seen.)

### Benign against pathogenic variants

humsavar variants in the categories benign and pathogenic whose reference residue fits the bundled
sequence, those without an rsID included. Windows of {
        clinical["window"]
    } residues. The last column \
averages over
proteins with at least three variants of each kind, where a score cannot profit from knowing which
genes cause disease.

{
        _areas(
            "**All proteins** (most of them, not their labels, were seen in training)",
            clinical["all"],
        )
    }
{
        _areas(
            "**Held-out clusters** (neither they nor any detectable relative was seen)",
            clinical["held-out clusters"],
        )
    }
{
        _areas(
            "**Masked scores, on a random subset of all proteins** (windows of 254 residues)",
            clinical["masked subset"],
        )
    }
For orientation, ESM-1b is published at .89 on ClinVar variants, another set of variants.

### TEM-1 beta-lactamase scan

The whole family was kept out of training. Deep mutational scan of TEM-1 (Stiffler, Hekstra and
Ranganathan 2015).

{_scan(metrics.get("tem1_scan"))}
Published for ESM-2 8M: .226, but that is the mean of 217 assays of ProteinGym, not this scan; the
two numbers are different measures. On this very scan the ESM-1v models reach .66 to .72 and a
weighted site-independent model of a deep alignment .60.

### What did not work

With ESM-2's usual start, the same model on the same targets still gave the context-free answer
after 1.1M residues and had gained next to nothing after 2.4M. Letting some heads of each layer
start out at fixed offsets (`data-raw/local_heads.py`, within the architecture) broke that plateau
within the first million. Proteins of other species were to be learned from too; the search for
their homologs did not fit the time.

## Limits

- It is small and was trained for minutes, not weeks. Where a score of a larger ESM-2, of an
  alignment or of AlphaMissense is at hand, use that.
- Its teacher is a search of one database of 2014. Proteins with few relatives there (young genes,
  disordered regions) were taught little more than BLOSUM62.
- Swiss-Prot entries without any Gene Ontology annotation were not in the source package.
- It was taught human proteins only. Of bacterial proteins, TEM-1 among them, it knows nothing but
  what holds for proteins in general.
- Use the unmasked (wild-type-marginal) score. With the residue hidden this model knows little more
  than residue frequencies, and its masked scores are far worse.
- Windows matter little: on 1,255 variants in proteins of 900 to 1,500 residues, a checkpoint from
  shortly before the end of training gave areas of .732, .729 and .727 with windows of 254, 510
  and 1,022 residues (BLOSUM62: .689). No longer window was tried.
- Scores rank changes; they are not calibrated probabilities of pathogenicity.
- humsavar's benign variants are mostly common polymorphisms and its pathogenic ones come from
  well-studied genes, so part of every area over all proteins is a difference between genes.
- It is not for clinical use.

## Making it again

`sh data-raw/make_model.sh SCAN.csv.gz` fetches the sources, builds the corpus, trains, evaluates
and rewrites this card. Needs MMseqs2 and ncbi-blast+. As the schedule follows the clock, the
weights differ from run to run and machine to machine; their checksums are in `provenance.json`.

Licence: MIT, as the package. Training sequences: UniProtKB/Swiss-Prot, CC BY 4.0.
"""


def write_card(folder: Path, metrics: dict[str, Any], training: dict[str, Any]) -> None:
    """Write the card beside the model."""
    (folder / "README.md").write_text(card_text(metrics, training))
