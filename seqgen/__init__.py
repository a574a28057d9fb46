"""seqgen: what biological language models know, for statistical geneticists.

Public names load on first use, so that ``import seqgen`` stays fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_PUBLIC = {
    "read_sumstats": "seqgen.io.sumstats",
    "read_panel": "seqgen.io.genotypes",
    "align_to_panel": "seqgen.io.ld",
    "panel_ld": "seqgen.io.ld",
    "read_table": "seqgen.io.tables",
    "write_table": "seqgen.io.tables",
    "read_provenance": "seqgen.io.tables",
    "table_schema": "seqgen.schemas.describe",
    "read_fasta": "seqgen.io.sequences",
    "missense_map": "seqgen.io.resources",
    "human_proteins": "seqgen.io.resources",
    "annotate": "seqgen.annotation",
    "score_variants": "seqgen.scores",
    "all_substitutions": "seqgen.residues",
    "load_model": "seqgen.models.registry",
    "find_loci": "seqgen.loci",
    "split_by_locus": "seqgen.loci",
    "fit_prior": "seqgen.priors",
    "prior_weights": "seqgen.priors",
    "prior_annotations": "seqgen.priors",
    "susie_rss": "seqgen.finemap",
    "susie_ss": "seqgen.finemap",
    "susie_rss_lambda": "seqgen.finemap",
    "susie": "seqgen.finemap",
    "fine_map": "seqgen.finemap",
    "posterior_table": "seqgen.results",
    "FineMapOptions": "seqgen.finemap",
    "estimate_s_rss": "seqgen.finemap",
    "kriging_rss": "seqgen.finemap",
    "SusieOptions": "seqgen.finemap",
    "read_alignment": "seqgen.io.alignments",
    "write_alignment": "seqgen.io.alignments",
    "search_homologs": "seqgen.io.homologs",
    "pair_alignments": "seqgen.couplings",
    "pair_paralogs": "seqgen.couplings",
    "sequence_weights": "seqgen.couplings",
    "alignment_depth": "seqgen.couplings",
    "infer_couplings": "seqgen.couplings",
    "fit_potts": "seqgen.couplings",
    "fit_plm": "seqgen.couplings",
    "fit_mean_field": "seqgen.couplings",
    "fit_site_independent": "seqgen.couplings",
    "mean_field_couplings": "seqgen.couplings",
    "potts_couplings": "seqgen.couplings",
    "single_mutants": "seqgen.couplings",
    "mutant_energies": "seqgen.couplings",
    "epistasis": "seqgen.couplings",
    "epistasis_at": "seqgen.couplings",
    "categorical_jacobian": "seqgen.couplings",
    "linked_jacobian": "seqgen.couplings",
    "attention_contacts": "seqgen.couplings",
    "fit_attention_contacts": "seqgen.couplings",
    "AttentionContacts": "seqgen.couplings.attention",
    "read_attention_contacts": "seqgen.io.attention_contacts",
    "write_attention_contacts": "seqgen.io.attention_contacts",
    "add_significance": "seqgen.couplings",
    "read_structure": "seqgen.io.structures",
    "residue_distances": "seqgen.couplings",
    "contact_precision": "seqgen.couplings",
    "annotate_couplings": "seqgen.couplings",
    "read_couplings": "seqgen.io.couplings",
    "write_couplings": "seqgen.io.couplings",
    "plot_contact_map": "seqgen.plots",
    "plot_arcs": "seqgen.plots",
    "read_genotypes": "seqgen.io.genotypes",
    "read_traits": "seqgen.io.traits",
    "read_kinship": "seqgen.io.kinship",
    "read_gene_positions": "seqgen.io.gene_positions",
    "read_cross_mappability": "seqgen.io.gene_positions",
    "read_gene_pairs": "seqgen.io.gene_pairs",
    "embed_proteins": "seqgen.embeddings",
    "pair_evidence": "seqgen.evidence",
    "trans_evidence": "seqgen.evidence",
    "combine_evidence": "seqgen.evidence",
    "evidence_weights": "seqgen.weighted_testing",
    "weighted_bh": "seqgen.weighted_testing",
    "weighted_bonferroni": "seqgen.weighted_testing",
    "cross_fold_weights": "seqgen.weighted_testing",
    "simulate_weighted_testing": "seqgen.weighted_testing",
    "WeightOptions": "seqgen.weighted_testing",
    "fit_kinship": "seqgen.relatedness",
    "loco_offsets": "seqgen.relatedness",
    "prepare_pairs": "seqgen.gxg",
    "scan_pairs": "seqgen.gxg",
    "scan_pairs_loco": "seqgen.gxg",
    "regress_pairs": "seqgen.gxg",
    "regress_pairs_loco": "seqgen.gxg",
    "PairOptions": "seqgen.gxg",
    "prepare_trans": "seqgen.transqtl",
    "scan_trans": "seqgen.transqtl",
    "plan_exclusions": "seqgen.transqtl",
    "scan_gxg": "seqgen.scans",
    "GxGOptions": "seqgen.scans",
    "find_leads": "seqgen.scans",
    "rank_trans": "seqgen.scans",
    "TransOptions": "seqgen.scans",
    "find_hotspots": "seqgen.scans",
    "merge_shards": "seqgen.io.shards",
    "scan_all_pairs": "seqgen.scans",
    "scan_all_edges": "seqgen.scans",
    "merge_scans": "seqgen.gxg",
    "GxGResult": "seqgen.scan_results",
    "TransResult": "seqgen.scan_results",
    "plot_pair_arcs": "seqgen.plots",
    "plot_trans_map": "seqgen.plots",
    "plot_calibration": "seqgen.plots",
    "plot_control": "seqgen.plots",
    "plot_locus": "seqgen.plots",
    "plot_pip": "seqgen.plots",
    "plot_prior": "seqgen.plots",
    "plot_substitutions": "seqgen.plots",
    "write_gxg_report": "seqgen.report.scan_page",
    "write_trans_report": "seqgen.report.scan_page",
    "Alignment": "seqgen.alignment",
    "Couplings": "seqgen.results",
    "PottsModel": "seqgen.models.potts",
    "residue_changes": "seqgen.pipeline",
    "run": "seqgen.pipeline",
    "RunOptions": "seqgen.pipeline",
    "run_demo": "seqgen.demo",
    "write_report": "seqgen.report",
    "FineMapResult": "seqgen.results",
}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'seqgen' has no attribute '{name}'")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)


if TYPE_CHECKING:
    from seqgen.results import FineMapResult as FineMapResult
