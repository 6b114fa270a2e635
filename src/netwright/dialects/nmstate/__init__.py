"""The kinds of nmstate.io: how the interfaces, bonds and bridges of nodes are set up."""

from typing import Final

GROUP: Final = "nmstate.io"
KINDS: Final = ("NodeNetworkConfigurationPolicy", "NodeNetworkState")
"""What is wanted of nodes, and what is there."""
