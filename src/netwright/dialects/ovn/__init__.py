"""OVN-Kubernetes' own kinds that say where pods may go, and as whom: EgressFirewall, EgressIP, EgressQoS."""

from typing import Final

KINDS: Final = ("EgressFirewall",)
"""The kinds that allow and deny."""
