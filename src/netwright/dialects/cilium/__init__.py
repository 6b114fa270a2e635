"""Cilium's own policies, and the groups of addresses that they name."""

from typing import Final

KINDS: Final = ("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy")
