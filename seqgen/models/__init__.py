"""Sequence models: what they offer (`protocol`), by name (`registry`), and their backends."""
