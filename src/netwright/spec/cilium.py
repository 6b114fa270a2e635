"""Cilium 1.20, one packet at a time: the reference for its policies and for how it reads those of Kubernetes.

All policies are rules of one engine. It reads the tiers Admin (ClusterNetworkPolicy), Normal (NetworkPolicy,
CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy, without order) and Baseline, at one rank denials first, then what
allows, then what passes on. Default deny stands behind them all. After Cilium 1.20.2 `pkg/policy`, whose own engine
judges this module (`tests/judges`); its documentation is only followed where the code does the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from netwright.dialects.cilium.objects import CiliumNetworkPolicy
from netwright.spec.adminpeers import NO, YES, Matched, any_of
from netwright.spec.cilium_entries import Entry, entries, is_refused, rules_of
from netwright.spec.cilium_identities import CiliumOptions, Scene
from netwright.spec.judgement import Cited, Direction, Outcome, Reason, Side, any_side
from netwright.spec.packet import Packet
from netwright.spec.reasons import EITHER_NODE, HOST_FIREWALL

TIERS = ("admin", "normal", "baseline")


def side(packet: Packet, direction: Direction, options: CiliumOptions) -> Side:
    """Egress at the source or ingress at the destination. Nodes, hostNetwork pods among them, have no policies but
    those of the host firewall, which are left open."""
    subject, peer = (packet.source, packet.destination)[:: 1 if direction == "egress" else -1]
    if options.enforcement == "never" or subject.kind == "address":
        return Side(direction=direction)
    if subject.kind == "host":
        return _of_a_node(packet, direction)
    if peer.kind != "host" or (subject.node and peer.node):
        return _of_a_pod(Scene(packet, options, direction, own=subject.node == peer.node))
    own, other = (_of_a_pod(Scene(packet, options, direction, own=which)) for which in (True, False))
    return any_side((own, other), EITHER_NODE)


def _of_a_node(packet: Packet, direction: Direction) -> Side:
    policies = [one.value for one in packet.objects if isinstance(one.value, CiliumNetworkPolicy)]
    selecting = [rule for one in policies if not is_refused(one) for rule, _ in rules_of(one) if rule.node_selector]
    if not selecting:
        return Side(direction=direction)
    return Side(direction=direction, may_deny=True, reasons=(HOST_FIREWALL,))


# --- one pod ----------------------------------------------------------------------------------------------------------


def _of_a_pod(scene: Scene) -> Side:
    """The tiers one after the other, then default deny; a later one is asked only while the packet may get there."""
    rules = entries(scene)
    isolated = any_of(*(one.subject for one in rules if one.isolates is not None))
    if scene.options.enforcement == "always":
        isolated = YES
    met: list[Outcome] = []
    behind: list[Cited] = []
    may_pass = True
    for tier in TIERS:
        found = _tier([one for one in rules if one.tier == tier], softened=isolated.match == "no")
        if may_pass:
            met.append(found)
            behind += found.behind
            may_pass = found.may_pass
        else:
            behind += found.matching
    if may_pass:
        met.append(_end(scene, rules, isolated))
    may_allow, may_deny = any(one.may_allow for one in met), any(one.may_deny for one in met)
    isolating: tuple[Cited, ...] = ()
    if may_allow or may_pass:
        places = {(one.object, one.isolates): one for one in rules if one.isolates and one.subject.match == "yes"}
        isolating = tuple(
            Cited(object=one.object, rule=None, path=one.isolates or (), action="deny") for one in places.values()
        )
    return Side(
        direction=scene.direction,
        reached=tuple(cited for one in met for cited in one.reached),
        isolated=isolated.match == "yes",
        isolating=isolating,
        allowing=tuple(cited for one in met for cited in one.allowing),
        perhaps=tuple(cited for one in met for cited in one.perhaps),
        behind=tuple(behind),
        may_allow=may_allow,
        may_deny=may_deny,
        reasons=tuple(dict.fromkeys(reason for one in met for reason in one.reasons)) if may_allow and may_deny else (),
    )


def _end(scene: Scene, rules: Sequence[Entry], isolated: Matched) -> Outcome:
    """What no tier decided: default deny, but for the own node on ingress, which is let in by a rule of its own.

    That one is there only beside other rules, so that enforcement `always` shuts the own node out of an endpoint that
    no policy selects.
    """
    identity = scene.peer
    denied = isolated
    if scene.direction == "ingress" and identity.kind == "host" and scene.options.allow_localhost != "policy":
        beside = any_of(*(one.subject for one in rules))
        denied = NO
        if scene.options.enforcement == "always" and beside.match != "yes":
            denied = YES if beside.match == "no" else beside
    return Outcome(may_allow=denied.match != "yes", may_deny=denied.match != "no", reasons=denied.reasons)


# --- one tier ---------------------------------------------------------------------------------------------------------


class _Tally:
    """What has been found of a tier so far."""

    def __init__(self) -> None:
        self.allow = self.deny = self.passed = False
        self.reached: list[Cited] = []
        self.allowing: list[Cited] = []
        self.perhaps: list[Cited] = []
        self.behind: list[Cited] = []
        self.reasons: list[Reason] = []

    def outcome(self, *, goes_on: bool) -> Outcome:
        return Outcome(
            may_allow=self.allow,
            may_deny=self.deny,
            may_pass=goes_on or self.passed,
            reached=tuple(self.reached),
            allowing=tuple(self.allowing),
            perhaps=tuple(self.perhaps),
            behind=tuple(self.behind),
            reasons=tuple(self.reasons),
        )


def _tier(rules: Sequence[Entry], *, softened: bool) -> Outcome:
    """The ranks in order; in each what denies, then what allows, then what passes on to the next tier."""
    tally = _Tally()
    goes_on = True
    for rank in sorted({one.rank for one in rules}):
        for action in ("deny", "allow", "pass"):
            found = [one for one in rules if (one.rank, one.action) == (rank, action) and one.match.match != "no"]
            if not found:
                continue
            if not goes_on:
                tally.behind += (_cited(one) for one in found if one.match.match == "yes")
                continue
            surely = any(one.match.match == "yes" for one in found)
            tally.deny |= action == "deny"
            tally.passed |= action == "pass"
            if action == "allow":
                _allow(tally, found, softened=softened)
            if not surely:
                tally.reasons += [reason for one in found for reason in one.match.reasons]
            _cite(tally, found)
            goes_on = not surely
    return tally.outcome(goes_on=goes_on)


def _allow(tally: _Tally, found: Sequence[Entry], *, softened: bool) -> None:
    """An allow that something is owed to denies where that is not fulfilled, and nothing after it is read. Rules for
    requests are opened by a plain one for the same peers, as they are written; authentication is not."""
    for one in found:
        owed = one.softened if softened else one.owed
        if any(not other.owed and not other.proof and _is_same(one, other) for other in found):
            owed = ()
        owed = (*owed, *one.proof)
        tally.deny |= bool(owed)
        tally.allow |= not one.never
        tally.reasons += owed
        tally.reasons += one.match.reasons if owed else ()


def _is_same(one: Entry, other: Entry) -> bool:
    return (
        other.match.match == "yes"
        and one.tier == other.tier == "normal"
        and bool(one.peers)
        and one.peers == other.peers
    )


def _cite(tally: _Tally, found: Sequence[Entry]) -> None:
    for one in found:
        cited = _cited(one)
        if one.action != "allow" or one.tier != "normal":
            if cited not in tally.reached:
                tally.reached.append(cited)
        else:
            (tally.allowing if cited.surely else tally.perhaps).append(cited)


def _cited(one: Entry) -> Cited:
    surely = one.match.match == "yes"
    return Cited(object=one.object, rule=one.rule, path=one.path, action=one.action, surely=surely)
