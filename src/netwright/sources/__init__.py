"""Readers of the user's network: manifests from files, folders, standard input and git revisions, and live clusters."""

from netwright.sources.kube import Access
from netwright.sources.parts import Part, part_order, split
from netwright.sources.reading import no_manifest, read

__all__ = ["Access", "Part", "no_manifest", "part_order", "read", "split"]
