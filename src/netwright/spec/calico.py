"""Calico 3.32, one packet at a time: the reference for its policies and for how it reads those of Kubernetes.

The tiers are read in their order, in each the policies that select the endpoint, in theirs, in each the rules: the
first that matches decides, or passes the packet to the next tier. At the end of a tier stands its default action, for
those endpoints that a policy of the tier and the direction selects. Behind the tiers a pod's profile, which is its
namespace's, allows. After the pages "Tier", "Network policy" and "Global network policy" of Calico's documentation and,
where these leave something open, its source.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import msgspec

from netwright.dialects.calico.objects import FelixConfiguration, GlobalNetworkPolicy, HostEndpoint, Tier
from netwright.model.document import UnknownPolicy
from netwright.spec.adminpeers import all_of, any_of
from netwright.spec.calico_members import CalicoOptions, Scene
from netwright.spec.calico_policies import DEFAULT, Policy, is_forwarding, policies
from netwright.spec.ends import End
from netwright.spec.judgement import Cited, Direction, Outcome, Reason, Side, any_side
from netwright.spec.packet import Packet
from netwright.spec.reasons import EITHER_NODE, HOST_ENDPOINT, HOST_RULES, TIER
from netwright.spec.unread import opened

BUILT_IN = {"kube-admin": (1e3, "Pass"), DEFAULT: (1e6, "Deny"), "kube-baseline": (1e7, "Pass")}
"""The order and the default action of the tiers that are always there."""

Reached = tuple[Cited, tuple[Reason, ...]]
"""A rule that matches, and why it does so only perhaps."""


def side(packet: Packet, direction: Direction, options: CalicoOptions, unread: Sequence[UnknownPolicy] = ()) -> Side:
    """Egress at the source or ingress at the destination. `unread` could stand among the policies."""
    subject, peer = (packet.source, packet.destination)[:: 1 if direction == "egress" else -1]
    if subject.kind == "address":
        return Side(direction=direction)
    if subject.kind == "host":
        free = Side(direction=direction)
        return opened(_open(free, HOST_ENDPOINT) if _has_host_endpoint(packet, subject) else free, unread, subject)
    if peer.kind != "host":
        return _at_a_pod(packet, direction, options, unread, own=False)
    if subject.node and peer.node:
        return _at_a_pod(packet, direction, options, unread, own=subject.node == peer.node)
    own, other = (_at_a_pod(packet, direction, options, unread, own=which) for which in (True, False))
    return any_side((own, other), EITHER_NODE)


# --- hosts ------------------------------------------------------------------------------------------------------------


def _has_host_endpoint(packet: Packet, end: End) -> bool:
    """Whether a HostEndpoint is on the end's node, or may be because that is not known."""
    found = [one.value.spec for one in packet.objects if isinstance(one.value, HostEndpoint)]
    return any(not end.node or one is None or one.node == end.node for one in found)


def _is_forwarded(packet: Packet, subject: End, peer: End) -> bool:
    """Whether the packet may cross a HostEndpoint of the pod's node, where policies act on what does."""
    forwarding = any(
        is_forwarding(one.value.spec)
        for one in packet.objects
        if isinstance(one.value, GlobalNetworkPolicy) and one.value.spec
    )
    inside = bool(subject.node) and subject.node == peer.node
    return forwarding and not inside and _has_host_endpoint(packet, subject)


def _to_host(packet: Packet, node: str, options: CalicoOptions) -> str:
    """What becomes of what the egress policies of a pod let go to its own node: `accept`, `drop` or `return`."""
    action = options.default_endpoint_to_host_action
    for name in (f"node.{node}", "default"):
        for one in packet.objects:
            if not action and isinstance(one.value, FelixConfiguration) and one.name == name and one.value.spec:
                action = one.value.spec.default_endpoint_to_host_action or ""
    return action.lower() or "drop"


def _open(side: Side, reason: Reason) -> Side:
    reasons = tuple(dict.fromkeys((*side.reasons, reason)))
    return msgspec.structs.replace(side, may_allow=True, may_deny=True, reasons=reasons)


# --- one pod ----------------------------------------------------------------------------------------------------------


def _at_a_pod(
    packet: Packet, direction: Direction, options: CalicoOptions, unread: Sequence[UnknownPolicy], *, own: bool
) -> Side:
    """The tiers, and what Calico does besides with traffic between a pod and a host. `own`: the other end is the pod's
    node, whose packets to it no policy holds up."""
    subject, peer = (packet.source, packet.destination)[:: 1 if direction == "egress" else -1]
    found = opened(_through_the_tiers(packet, direction), unread, subject)
    if own and direction == "ingress":
        return Side(direction=direction, behind=found.matching)
    if own:
        action = _to_host(packet, subject.node or peer.node, options)
        if action == "drop" and found.may_allow:  # what policies perhaps deny, this surely does
            return msgspec.structs.replace(found, reached=(), isolating=(), may_allow=False, may_deny=True, reasons=())
        return _open(found, HOST_RULES) if action == "return" and found.may_allow else found
    # What a host endpoint lets through is still for the pod's own policies to allow.
    return _open(found, HOST_ENDPOINT) if found.may_allow and _is_forwarded(packet, subject, peer) else found


def _through_the_tiers(packet: Packet, direction: Direction) -> Side:
    """A later tier is asked only while the packet may get there; behind the last one the profile allows."""
    acting = policies(Scene(packet, direction))
    known = _tiers(packet)
    met: list[Outcome] = []
    behind: list[Cited] = []
    may_pass = True
    for name in sorted({one.tier for one in acting} & known.keys(), key=lambda name: (known[name][0], name)):
        told = _tier([one for one in acting if one.tier == name], known[name][1])
        if may_pass:
            met.append(told)
            behind += told.behind
            may_pass = told.may_pass
        else:
            behind += told.matching
    may_allow = may_pass or any(one.may_allow for one in met)
    may_deny = any(one.may_deny for one in met)
    isolating = tuple(cited for one in met for cited in one.isolating)
    reasons = tuple(dict.fromkeys(reason for one in met for reason in one.reasons))
    found = Side(
        direction=direction,
        reached=tuple(cited for one in met for cited in one.reached),
        isolated=bool(isolating),
        isolating=isolating,
        behind=tuple(behind),
        may_allow=may_allow,
        may_deny=may_deny,
        reasons=reasons if may_allow and may_deny else (),
    )
    return _open(found, TIER) if any(one.tier not in known for one in acting) else found


def _tiers(packet: Packet) -> dict[str, tuple[float, str]]:
    """The order and the default action of every tier that there is."""
    found: dict[str, tuple[float, str]] = {}
    for one in packet.objects:
        if isinstance(one.value, Tier):
            spec = one.value.spec
            order = inf if spec is None or spec.order is None else spec.order
            found[one.name] = (order, (spec.default_action if spec else None) or "Deny")
    return found | BUILT_IN


# --- one tier ---------------------------------------------------------------------------------------------------------


def _tier(acting: Sequence[Policy], default: str) -> Outcome:
    """The policies in their order. A rule that matches perhaps may decide, and so may those behind it."""
    reached: list[Reached] = []
    behind: list[Cited] = []
    is_decided = False
    for policy in acting:
        for rule in policy.rules():
            found = all_of(policy.subject, rule.match)
            if found.match == "no":
                continue
            surely = found.match == "yes"
            cited = Cited(object=policy.object, rule=rule.rule, path=rule.path, action=rule.action, surely=surely)
            if not is_decided:
                reached.append((cited, found.reasons))
                is_decided = surely
            elif surely:
                behind.append(cited)
    if is_decided:
        return _outcome(reached, behind=behind)
    if default == "Pass":
        return _outcome(reached, goes_on=True)
    selected = any_of(*(one.subject for one in acting))
    if selected.match == "yes":
        # What perhaps denies directly before the end says nothing that the end does not say surely.
        while reached and reached[-1][0].action == "deny":
            reached.pop()
    isolating = [
        Cited(object=one.object, rule=None, path=("spec",), action="deny")
        for one in acting
        if one.subject.match == "yes"
    ]
    goes_on = selected.match != "yes"
    return _outcome(reached, ends=True, goes_on=goes_on, isolating=isolating, reasons=selected.reasons)


def _outcome(
    reached: Sequence[Reached],
    *,
    ends: bool = False,
    goes_on: bool = False,
    isolating: Sequence[Cited] = (),
    behind: Sequence[Cited] = (),
    reasons: Sequence[Reason] = (),
) -> Outcome:
    actions = {one.action for one, _ in reached}
    return Outcome(
        may_allow="allow" in actions,
        may_deny="deny" in actions or ends,
        may_pass="pass" in actions or goes_on,
        reached=tuple(one for one, _ in reached),
        isolating=tuple(isolating),
        behind=tuple(behind),
        reasons=(*(reason for _, why in reached for reason in why), *reasons),
    )
