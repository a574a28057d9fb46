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


def _time(training: dict[str, Any]) -> str:
    """How long the training took, and on what."""
    told = f"{training['minutes']:g} minutes on one {training['device']}"
    if training["device"] == "CPU":
        return told
    return told + ", which trained a second model meanwhile, in bfloat16"


def card_text(metrics: dict[str, Any], training: dict[str, Any]) -> str:
    """The card as Markdown."""
    fit, clinical = metrics["held_out"], metrics["humsavar"]
    steps = training.get("frequency_steps", 15)  # 15 before it was kept
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
| residues seen in training | {training["residues"]:,} in {training["steps"]:,} updates |
| training time | {_time(training)} |
| crops | 190 residues, 318 from half of the time, 510 in the last 20%, 1,022 in the last 5% |
| seed | {training["seed"]} |

`token_dropout` is off because ESM-2's rescaling assumes that about 12% of every training input was
masked. Most of this model's input was not masked at all.

## What it was taught

At every position of a crop, masked or not, the target is the distribution of residues among the
protein's homologs in Swiss-Prot (January 2014): an MMseqs2 search (E < 1e-3; sensitivity 6 and up
to 2,000 hits for human proteins with a known missense variant, 5 and 400 for other human ones, 3
and 400 for other species'), counts weighted by Henikoff's weights and the square of each
homolog's identity, and pseudocounts from the BLOSUM62 conditional distribution, whose share is
.9 x 10 / (10 + sequences aligned there). Positions count in the loss by what is not pseudocount
(0.2 to 1), masked ones like the others; frequencies were rounded to {steps} steps of their \
square root.
A third of the crops have 15% of their residues masked. The proteins are human ones and a
representative of each cluster (50% identity) of at least four Swiss-Prot entries, if it is not
human itself. The model is a distilled homolog search: of a family it knows what the family's
profile says, as far as {training["parameters"] / 1e6:.1f}M parameters can hold it.

**Labels.** No clinical label and no measured fitness is a training target. Clinical labels did have
one influence: how a profile is made (the square and the share, out of 40 combinations tried) was
chosen by the area under the curve of the profile itself on the variants of half of 2,500 random
proteins (`data-raw/build_homologs.py`), held-out ones among them.

{_corpus(metrics["corpus"])}
**Split.** Proteins were linked when one finds the other in the search or both find the same
Swiss-Prot entry (E < 1e-3). Whole connected components of at most 40 human proteins were held out
until 5% of the human proteins were; proteins of other species that find, or are found by, a
held-out one or what it finds were left out. So was the family of TEM-1 (BLAT_ECOLX). Large
families (kinases, zinc fingers, receptors) form components that are too large to be held out:
"held-out clusters" therefore says nothing about a family as large as those being new to the model.

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

The family, as far as a search finds it, was kept out of training. Deep mutational scan of TEM-1
(Stiffler, Hekstra and Ranganathan 2015).

{_scan(metrics.get("tem1_scan"))}
Published for ESM-2 8M: .226, but that is the mean of 217 assays of ProteinGym, not this scan; the
two numbers are different measures. On this very scan the ESM-1v models reach .66 to .72 and a
weighted site-independent model of a deep alignment .60.

### What each try gave

- The version before this one had the same shape and saw 8.4M residues of human proteins alone on
  two CPU cores: over all proteins .723 (.709 within proteins) and .540 masked, where this one has
  {clinical["all"]["auroc"]["wild_type_marginal"]:.3f} \
({clinical["all"]["auroc_within_proteins"]["wild_type_marginal"]:.3f}) and \
{clinical["masked subset"]["auroc"]["masked_marginal"]:.3f}; on TEM-1 .376. Its held-out proteins
  were others, so that the two numbers do not compare.
- On 4,973 variants in short proteins the version before has .719, this one .740. A larger shape,
  6 x 256 (4.8M parameters), trained beside this one on 393M residues, has .747, for 2.7 times the
  arithmetic of scoring. It is not bundled.
- More training is more memory: in training the divergence from the profiles fell from .30 (after
  40M residues) to .22, on held-out clusters only from .128 to .126. What a protein has in common
  with no other family has to come from larger models or from an alignment.
- With ESM-2's usual start a small model still gave the context-free answer after 1.1M residues.
  Letting some heads of each layer start out at fixed offsets (`data-raw/local_heads.py`, within
  the architecture) broke that plateau.

## Limits

- It is small and was trained for minutes, not weeks. Where a score of a larger ESM-2, of an
  alignment or of AlphaMissense is at hand, use that.
- Its teacher is a search of one database of 2014. Proteins with few relatives there (young genes,
  disordered regions) were taught little more than BLOSUM62.
- Swiss-Prot entries without any Gene Ontology annotation were not in the source package.
- A bit over half of the residues it was taught with are human, the rest of any species.
- Use the unmasked (wild-type-marginal) score. With the residue hidden this model knows little more
  than residue frequencies, and its masked scores are far worse.
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
