"""Raw documents of policy.networking.k8s.io -> admin policies, or what the API server would say against them."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from netwright.dialects.adminpolicy.objects import AdminNetworkPolicy, ClusterNetworkPolicy
from netwright.dialects.adminpolicy.validate import PEER_FIELDS, check_admin_policy, check_cluster_policy
from netwright.dialects.k8s.decode import Invalid, Reads, decode_as
from netwright.model.document import Decoded, Document

_READS = {
    "ClusterNetworkPolicy": Reads.of(
        "policy.networking.k8s.io/v1alpha2", ClusterNetworkPolicy, namespaced=False, check=check_cluster_policy
    ),
    **{
        kind: Reads.of(
            "policy.networking.k8s.io/v1alpha1", AdminNetworkPolicy, namespaced=False, check=check_admin_policy
        )
        for kind in ("AdminNetworkPolicy", "BaselineAdminNetworkPolicy")
    },
}


def decode(document: Document) -> Decoded | Invalid:
    """The policy, checked as the validation rules of its CRD do. Raises KeyError for a kind that is not read."""
    return decode_as(_READS[document.kind], _marked(document))


def _marked(document: Document) -> Document:
    """The document with every peer that has only fields this version does not know marked as unknown.

    A server whose CRD is newer stores such a peer; implementations that do not know the field have to fail closed, so
    the object is not refused for it as for other unknown fields.
    """
    try:
        tree = document.tree()
    except (ValueError, RecursionError):
        return document
    if not any(_is_unknown(peer) for peers in _peers(tree) for peer in peers):
        return document
    tree = deepcopy(tree)
    for peers in _peers(tree):
        peers[:] = [{"$unknown": sorted(map(str, peer))} if _is_unknown(peer) else peer for peer in peers]
    return Document(
        place=document.place,
        api_version=document.api_version,
        kind=document.kind,
        namespace=document.namespace,
        name=document.name,
        raw=tree,
    )


def _is_unknown(peer: Any) -> bool:
    return isinstance(peer, dict) and bool(peer) and PEER_FIELDS.isdisjoint(peer)


def _peers(tree: Any) -> list[list[Any]]:
    """The lists of peers of all rules, as far as they are lists."""
    spec = tree.get("spec") if isinstance(tree, dict) else None
    out: list[list[Any]] = []
    for direction, side in (("ingress", "from"), ("egress", "to")):
        rules = spec.get(direction) if isinstance(spec, dict) else None
        for rule in rules if isinstance(rules, list) else ():
            peers = rule.get(side) if isinstance(rule, dict) else None
            out += [peers] if isinstance(peers, list) else []
    return out
