"""Ranges of addresses as Cilium reads them: whom they match, which is a matter of identities and not of packets.

After Cilium 1.20.2: CIDRSelector in `pkg/policy/types/selector.go`, `pkg/ipcache` (which labels an address has),
`computeCIDRLabelsRLocked` in `pkg/endpoint`, `pkg/policy/k8s/cilium_cidr_group.go`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from netwright.dialects.cilium.objects import CIDRRule, CiliumCIDRGroup
from netwright.dialects.k8s.objects import LabelSelector
from netwright.spec.addresses import (
    Address,
    Family,
    Match,
    Network,
    address,
    minus,
    network,
    span,
    unknown_host,
    unknown_pod,
)
from netwright.spec.adminpeers import NO, YES, Matched, any_of, matched
from netwright.spec.cilium_identities import OWNED, Identity, Scene
from netwright.spec.cilium_selectors import needs
from netwright.spec.ends import End
from netwright.spec.labels import plain
from netwright.spec.packet import Packet
from netwright.spec.reasons import HOST_ADDRESS, POD_ADDRESS

GROUP_NAME = "io.cilium.policy.cidrgroupname/"


class Within(NamedTuple):
    """Being in one of the networks, or (not `inside`) in none. `written`: as a range, not as a group of ranges."""

    networks: tuple[Network, ...]
    inside: bool = True
    written: bool = True


def written(text: str) -> list[Within]:
    """`toCIDR` and the like: a range, or one address."""
    single = address(text) if "/" not in text else None
    return [Within((network(f"{single}/{single.max_prefixlen}" if single is not None else text),))]


def without(cidr: str, excepts: Sequence[str]) -> list[Within]:
    return [*written(cidr), *(Within((network(one),), inside=False) for one in excepts)]


def ranges(packet: Packet, rule: CIDRRule) -> list[Within]:
    """What an entry of a `toCIDRSet` asks of an address. A group that is not there has no addresses."""
    excepts = [Within((network(one),), inside=False) for one in rule.except_ or ()]
    if rule.cidr:
        return [*written(rule.cidr), *excepts]
    if rule.cidr_group_ref:
        return [Within(_of_groups(packet, GROUP_NAME + rule.cidr_group_ref, None), written=False), *excepts]
    return [*_by_labels(packet, rule.cidr_group_selector), *excepts]


def _by_labels(packet: Packet, selector: LabelSelector | None) -> list[Within]:
    """An address has the labels of every group that it is in, so each thing asked for may come from another group. And
    an address that is in none has no labels, which is what NotIn and DoesNotExist ask for."""
    found: list[Within] = []
    for need in needs(selector, "cidrgroup"):
        values = need.values if need.operator in ("In", "NotIn") else None
        theirs = _of_groups(packet, need.key, values) if need.source in ("cidrgroup", "any") else ()
        found.append(Within(theirs, inside=need.operator in ("In", "Exists"), written=False))
    return found


def _of_groups(packet: Packet, key: str, values: tuple[str, ...] | None) -> tuple[Network, ...]:
    """The ranges of the groups that have the label, with one of the values where these are given."""
    found: list[Network] = []
    for one in packet.objects:
        group = one.value
        if not isinstance(group, CiliumCIDRGroup):
            continue
        labels = {name: text for name, text in plain(group.metadata.labels).items() if not name.startswith(OWNED)}
        labels[GROUP_NAME + one.name] = ""
        if key in labels and (values is None or labels[key] in values):
            found += [network(text) for text in (group.spec.external_cidrs if group.spec else None) or ()]
    return tuple(found)


# --- whom they match --------------------------------------------------------------------------------------------------


def within(scene: Scene, asked: Sequence[Within]) -> Matched:
    """Whether the peer is in the ranges. Pods and nodes are in none, unless the match mode has them."""
    identity, end = scene.peer, scene.peer_end
    mode = {"pod": "pods", "host": "nodes", "remote-node": "nodes"}.get(identity.kind)
    if mode is not None and mode not in scene.options.cidr_match_modes:
        return NO
    if identity.stand_in and "pods" in scene.options.cidr_match_modes and not any(one.inside for one in asked):
        return YES  # the stand-ins for pods and for addresses are in no group: see `selects_peer`
    reason = POD_ADDRESS if end.kind == "pod" else HOST_ADDRESS
    if not end.known:
        return any_of(*(matched(_may_hold(scene, identity, end, asked, family), reason) for family in (4, 6)))
    if identity.kind != "remote-node":
        # One identity for all of its addresses, of both families, whichever the packet uses.
        return matched("yes" if _holds(scene, identity, end.known, asked) else "no", reason)
    used = [_holds(scene, identity, [one], asked) for one in end.known if one.version == scene.packet.family]
    return matched("yes" if all(used) else "perhaps" if any(used) else "no", reason)


def _holds(scene: Scene, identity: Identity, addresses: Sequence[Address], asked: Sequence[Within]) -> bool:
    for one in asked:
        if one.written and one.networks[0].prefixlen == 0:
            if identity.kind != "world" and _any_will_do(scene, [each.version for each in addresses], one):
                continue
            there = identity.kind == "world" and addresses[0].version == one.networks[0].version
        else:
            there = any(each in net for each in addresses for net in one.networks)
        if there != one.inside:
            return False
    return True


def _any_will_do(scene: Scene, versions: Sequence[int], asked: Within) -> bool:
    """In match mode `pods` a range of everything, an `except` too, is no question to pods and nodes with an address of
    its family. Otherwise it asks for the world, which they are not of. (An `except` of everything is no question to an
    address either, if other policies name a narrower range around it. Here it is what it says.)"""
    return "pods" in scene.options.cidr_match_modes and asked.networks[0].version in versions


def _may_hold(scene: Scene, identity: Identity, end: End, asked: Sequence[Within], family: Family) -> Match:
    """As `_holds`, over the addresses that an end without known ones may have."""
    packet = scene.packet
    unknown = unknown_pod if end.kind == "pod" else unknown_host
    candidates = unknown(packet.objects, packet.pod_ranges, family)
    inside = list(candidates)
    for one in asked:
        if one.written and one.networks[0].prefixlen == 0:
            if not _any_will_do(scene, [family], one) and one.inside:
                inside = []
            continue
        theirs = [span(net) for net in one.networks if net.version == family]
        others = minus(inside, theirs)
        inside = minus(inside, others) if one.inside else others
    if not inside:
        return "no"
    # Whether it has an address of the other family as well is not known.
    surely = family == packet.family and not minus(candidates, inside)
    return "yes" if surely else "perhaps"
