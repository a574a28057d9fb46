"""Files that others publish: named, downloaded once, checked, kept in one folder."""

from seqgen.downloads.door import fetch, list_resources

__all__ = ["fetch", "list_resources"]
