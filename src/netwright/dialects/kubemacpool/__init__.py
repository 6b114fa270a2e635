"""Where kubemacpool takes MAC addresses from: its ConfigMap, and the NetworkAddonsConfig that makes it."""

from typing import Final

IGNORED: Final = "mutatevirtualmachines.kubemacpool.io"
"""The label of a namespace that keeps the pool out of it, with the value `ignore`."""
