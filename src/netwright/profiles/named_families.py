"""Which address families the policies of an input name ranges of."""

from __future__ import annotations

from netwright.dialects.adminpolicy import KINDS as ADMIN_KINDS
from netwright.dialects.calico import KINDS as CALICO_KINDS
from netwright.dialects.k8s.objects import NetworkPolicySpec
from netwright.model.document import Decoded

_OF_CALICO = (*CALICO_KINDS, "NetworkSet", "GlobalNetworkSet")
NAMING = frozenset((*ADMIN_KINDS, *_OF_CALICO, "NetworkPolicy"))
"""The kinds of objects that may name ranges; most objects are of others."""


def named_families(policy: Decoded) -> set[int]:
    """The families of the ranges that a policy names."""
    if policy.kind not in NAMING:
        return set()
    if policy.kind in ADMIN_KINDS:
        from netwright.dialects.adminpolicy.lower import networks_of

        return {6 if ":" in text else 4 for text in networks_of(policy)}
    if policy.kind in _OF_CALICO:
        from netwright.dialects.calico.mentions import networks_of as of_calico

        return {6 if ":" in text else 4 for text in of_calico(policy)}
    if policy.value.spec is None:
        return set()
    spec: NetworkPolicySpec = policy.value.spec
    peers = [p for r in spec.ingress or () if r for p in r.from_ or ()] + [
        p for r in spec.egress or () if r for p in r.to or ()
    ]
    return {6 if ":" in p.ip_block.cidr else 4 for p in peers if p is not None and p.ip_block is not None}
