"""Residue couplings from alignments and language models, within proteins and between them."""

from __future__ import annotations

from seqgen.couplings.attention import attention_contacts, fit_attention_contacts
from seqgen.couplings.epistasis import epistasis, epistasis_at, mutant_energies, single_mutants
from seqgen.couplings.evaluation import annotate_couplings, contact_precision
from seqgen.couplings.inference import fit_potts, infer_couplings, potts_couplings
from seqgen.couplings.jacobian import categorical_jacobian, pair_epistasis, residue_effects
from seqgen.couplings.linked_proteins import linked_jacobian
from seqgen.couplings.mean_field import fit_mean_field, mean_field_couplings
from seqgen.couplings.norms import average_product_correction, frobenius_norms
from seqgen.couplings.numbering import align_to_structure, residue_distances
from seqgen.couplings.pairing import pair_alignments
from seqgen.couplings.paralogs import pair_paralogs
from seqgen.couplings.plm import fit_plm
from seqgen.couplings.significance import add_significance, coupling_significance
from seqgen.couplings.site_independent import fit_site_independent
from seqgen.couplings.weights import alignment_depth, sequence_weights

__all__ = [
    "add_significance",
    "align_to_structure",
    "alignment_depth",
    "annotate_couplings",
    "attention_contacts",
    "average_product_correction",
    "categorical_jacobian",
    "contact_precision",
    "coupling_significance",
    "epistasis",
    "epistasis_at",
    "fit_attention_contacts",
    "fit_mean_field",
    "fit_plm",
    "fit_potts",
    "fit_site_independent",
    "frobenius_norms",
    "infer_couplings",
    "linked_jacobian",
    "mean_field_couplings",
    "mutant_energies",
    "pair_alignments",
    "pair_epistasis",
    "pair_paralogs",
    "potts_couplings",
    "residue_distances",
    "residue_effects",
    "sequence_weights",
    "single_mutants",
]
