"""Readers of the user's network: manifests from files, folders, standard input and git revisions, as raw objects."""

from netwright.sources.reading import read

__all__ = ["read"]
