"""What the network of the input says of addresses, and which selectors Calico's policies have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from netwright.base.ipset import EMPTY, IpSet
from netwright.base.selectors import Selector
from netwright.dialects.calico.lower import lower_calico
from netwright.dialects.cilium.selectors import SA, SERVICE_ACCOUNT
from netwright.dialects.k8s.endpoints import NAMESPACE_NAME, node_addresses
from netwright.dialects.k8s.objects import Node
from netwright.model.document import Decoded
from netwright.model.rule import AndPeer, Members, OrPeer, Peer
from netwright.profiles.calico_cluster_policies import converted
from netwright.profiles.profile import Profile
from netwright.translate.boxes import Ground, Kind
from netwright.translate.cilium_words import Tree, is_told
from netwright.translate.from_cilium.selectors import Asked
from netwright.translate.made_up import Selected
from netwright.translate.terms import TooManyTerms
from netwright.translate.terms import terms as alternatives


def selected_by_calico(objects: Sequence[Decoded], profile: Profile) -> Iterator[Selected]:
    """Each selector of Calico's policies, by its first alternative."""
    for tier in lower_calico(objects, profile.reading, converted).tiers:
        for rule in tier.rules:
            for selector in (rule.at, *_members(rule.src), *_members(rule.dst)):
                with suppress(TooManyTerms):
                    yield from _asked(selector)


def _members(peer: Peer) -> Iterator[Selector]:
    if isinstance(peer, Members):
        yield peer.selector
    elif isinstance(peer, (AndPeer, OrPeer)):
        for part in peer.parts:
            yield from _members(part)


def _asked(selector: Selector) -> Iterator[Selected]:
    for term in alternatives(selector)[:1]:
        where: Tree = {}
        labels: Tree = {}
        for key, held in term:
            of_namespace = key == "ns" or key.startswith("ns:")
            name = NAMESPACE_NAME if key == "ns" else SERVICE_ACCOUNT if key == SA else key.partition(":")[2]
            needs = (where if of_namespace else labels).setdefault("matchExpressions", [])
            if held.allowed is not None:
                needs.append({"key": name, "operator": "In", "values": sorted(held.allowed)})
                continue
            needs += [{"key": name, "operator": "NotIn", "values": sorted(held.excluded)}] if held.excluded else []
            if held.there is not None:
                needs.append({"key": name, "operator": "Exists" if held.there else "DoesNotExist"})
        home = next((min(held.allowed) for key, held in term if key == "ns" and held.allowed), "")
        yield home, Asked(where, labels, bool(where)), selector


def ground(objects: Sequence[Decoded], pods: Sequence[Kind], families: Sequence[int]) -> Ground:
    """What the input says of the addresses of nodes and pods."""
    nodes: dict[str, IpSet] = {}
    for d in objects:
        if isinstance(d.value, Node):
            nodes[d.name] = node_addresses(d.value)
    every = IpSet.of(*(["0.0.0.0/0"] if 4 in families else []), *(["::/0"] if 6 in families else []))
    by_attributes: dict[tuple[tuple[str, str], ...], IpSet] = {}
    for kind in pods:
        held = tuple(sorted(pair for pair in kind.attributes.items() if is_told(pair[0])))
        by_attributes[held] = by_attributes.get(held, EMPTY) | kind.addresses
    return Ground(nodes, tuple(Kind(dict(key), held) for key, held in by_attributes.items()), every)
