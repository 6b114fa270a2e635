"""How large the policy maps of Cilium's endpoints are, and how many identities a cluster has, predicted from objects.

After Cilium 1.20.2 `pkg/policy` (`EndpointPolicy.Len`, which is what its `policymap` metrics count), whose own code
judges this in `tests/judges`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from netwright.dialects.cilium.selectors import NAMESPACE_LABELS
from netwright.dialects.k8s.endpoints import NAMESPACE_NAME
from netwright.dialects.k8s.generated import JOB_NAMES
from netwright.model.cluster import Cluster
from netwright.profiles.cilium_maps.endpoints import OF_ADDRESSES, OF_RUNS, WHICH_NODE, Member, Scene
from netwright.profiles.cilium_maps.entries import entries
from netwright.profiles.cilium_maps.filters import Refused
from netwright.profiles.cilium_maps.identities import RESERVED, Identities, numbers_of
from netwright.profiles.cilium_maps.mapstate import CLUSTER, REMOTE_NODES, WORLD
from netwright.profiles.cilium_maps.resolve import Sized, default_rule, resolve
from netwright.profiles.cilium_maps.rules import Entry, Side
from netwright.profiles.cilium_maps.selectors import EVERYBODY, Selector, reserved
from netwright.profiles.cilium_maps.shares import largest_of
from netwright.profiles.known import profile_of
from netwright.profiles.profile import Profile

DEFAULT_LIMIT: Final = 16384
"""`bpf-policy-map-max`, unless it is set: between 256 and 65536."""
MOST_IDENTITIES: Final = 65535
"""Cluster-local identities that a cluster can have (Cilium's documentation, Cluster Mesh), the reserved 255 among
them; half as many with `max-connected-clusters=511`."""
LIMIT: Final = "bpf-policy-map-max"


ORDER: Final = (
    "rules pass on or authenticate, and Cilium's own number of entries then depends on the order of a map in its memory"
)
NAMESPACES: Final = "a selector asks for labels of a namespace that is not in the input"
_NAME_OF_NAMESPACE: Final = NAMESPACE_LABELS + NAMESPACE_NAME


class EndpointMap(msgspec.Struct, frozen=True, kw_only=True):
    """The policy map of an endpoint, or of those of a workload that have one identity: `rows` of the twin.

    `ingress`, `egress` and `total` are entries, `peers` the identities that they are about (aggregates apart). Not
    `exact`: `why_not` says what is not known, and the numbers are what follows from the rest.
    """

    namespace: str
    name: str
    ingress: int
    egress: int
    peers: int
    identity: int
    rows: tuple[int, ...]
    largest: tuple[str, ...] = ()
    """The policies that make the most entries of a map that is more than half full: `NetworkPolicy shop/web`."""
    why_not: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        return self.ingress + self.egress

    @property
    def exact(self) -> bool:
        return not self.why_not


class IdentityCounts(msgspec.Struct, frozen=True, kw_only=True):
    """`pods`: one for each set of labels that Cilium's filter leaves pods; they count against the cluster's limit.
    `ranges` (address ranges that policies and groups name) and `nodes` are every node's own, `reserved` everybody's."""

    pods: int
    ranges: int
    nodes: int
    reserved: int
    why_not: tuple[str, ...] = ()


class Prediction(msgspec.Struct, frozen=True, kw_only=True):
    """`limit`: entries that a policy map can hold."""

    limit: int
    endpoints: tuple[EndpointMap, ...]
    identities: IdentityCounts
    labels: tuple[frozenset[tuple[str, str, str]], ...] = ()
    """The labels (source, key, value) of every identity, by its number."""


def policy_maps(cluster: Cluster) -> Prediction:
    """The policy map of every endpoint of a cluster that was composed under the profile `cilium`."""
    return _Maps(cluster).predict()


class _Maps:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._profile: Profile = profile_of(cluster.profile)
        ranges = self._profile.reading.ranges or ()
        self._modes = frozenset(m for m, kind in (("pods", "pod"), ("nodes", "node")) if kind in ranges)
        self._rules = entries(cluster.objects)
        self._by_side: dict[Side, tuple[Entry, ...]] = {
            side: tuple(one for one in self._rules if one.side == side) for side in ("ingress", "egress")
        }

        self._limit = limit_of(cluster.profile)

    def predict(self) -> Prediction:
        scene = self._scene("")
        views = {"": _View(scene.identities, self._by_side, self._profile)}
        where = dict.fromkeys(scene.members, "")
        scenes = {"": scene}
        if "nodes" in self._modes:
            known = {d.name for d in self._cluster.objects if d.kind == "Node"}
            where = {row: one.node if one.node in known else "" for row, one in scene.members.items()}
            for node in sorted(set(where.values()) - {""}):
                scenes[node] = self._scene(node)
                views[node] = _View(scenes[node].identities, self._by_side, self._profile)
        grouped: dict[tuple[int, int, str], list[int]] = {}
        workload = self._cluster.columns.workload.tolist()
        for row, one in scene.members.items():
            grouped.setdefault((workload[row], one.identity, where[row]), []).append(row)
        shared: dict[int, int] = {}
        for number, _, _ in grouped:
            shared[number] = shared.get(number, 0) + 1
        found = []
        for (number, _, node), rows in grouped.items():
            member = scenes[node].members[rows[0]]
            unsure = (WHICH_NODE,) if "nodes" in self._modes and not node else ()
            found.append(self._endpoint(views[node], number, member, rows, shared[number] > 1, unsure))
        return Prediction(
            limit=self._limit,
            endpoints=tuple(found),
            identities=_counts(scene.identities),
            labels=tuple(scene.identities.labels),
        )

    def _scene(self, node: str) -> Scene:
        return Scene(self._cluster, self._rules, self._modes, node)

    def _endpoint(
        self, view: _View, number: int, member: Member, rows: Sequence[int], several: bool, unsure: tuple[str, ...]
    ) -> EndpointMap:
        workload = self._cluster.workloads[number]
        name = workload.ref
        if several and len(workload.rows) > 1:
            name = f"pod/{workload.namespace}/{self._cluster.columns.names[rows[0]]}"
        inward, outward = view.size("ingress", member), view.size("egress", member)
        reasons = [*unsure, *inward[1], *outward[1]]
        for one in self._cluster.unknown:
            if one.effect != "none" and (not one.namespaces or workload.namespace in one.namespaces):
                reasons.append(one.reason)
        return EndpointMap(
            namespace=workload.namespace,
            name=name,
            ingress=inward[0].entries,
            egress=outward[0].entries,
            peers=(inward[0].identities | outward[0].identities).bit_count(),
            identity=member.identity,
            rows=tuple(rows),
            largest=largest_of([*view.rules("ingress", member), *view.rules("egress", member)], view.identities)
            if 2 * (inward[0].entries + outward[0].entries) > self._limit
            else (),
            why_not=tuple(dict.fromkeys(reasons)),
        )


def limit_of(profile: str) -> int:
    """How many entries a policy map can hold, by the options in the profile's name."""
    for part in profile.partition(":")[2].split(","):
        key, _, value = part.partition("=")
        if key.strip() == LIMIT:
            return min(max(int(value), 256), 65536)
    return DEFAULT_LIMIT


def _counts(identities: Identities) -> IdentityCounts:
    groups = identities.groups[len(RESERVED) :]
    return IdentityCounts(
        pods=groups.count(CLUSTER),
        ranges=groups.count(WORLD),
        nodes=groups.count(REMOTE_NODES),
        reserved=len(RESERVED),
        why_not=tuple(identities.unsure),
    )


Result = tuple[Sized, tuple[str, ...]]


class _View:
    """The maps as they are computed on one node; what has the same rules and ports shares one."""

    def __init__(self, identities: Identities, rules: Mapping[Side, Sequence[Entry]], profile: Profile) -> None:
        self.identities = identities
        self._rules = rules
        self._profile = profile
        self._results: dict[object, Result] = {}
        self._unread_subjects = {
            side: any(NAMESPACES in _open(one.subject, identities) for one in rules[side]) for side in rules
        }
        self._selecting: dict[Side, dict[int, list[int]]] = {side: self._subjects(rules[side]) for side in rules}

    def _subjects(self, rules: Sequence[Entry]) -> dict[int, list[int]]:
        """The places of the rules for every identity."""
        found: dict[int, list[int]] = {}
        by_subject: dict[Selector, list[int]] = {}
        for place, one in enumerate(rules):
            by_subject.setdefault(one.subject, []).append(place)
        for subject, places in by_subject.items():
            for number in numbers_of(self.identities.select(subject)):
                found.setdefault(number, []).extend(places)
        return {number: sorted(places) for number, places in found.items()}

    def size(self, side: Side, member: Member) -> Result:
        places = tuple(self._selecting[side].get(member.identity, ()))
        rules = self._rules[side]
        ports = member.ports
        if side == "egress" or not any(port.name for i in places for one in rules[i].ports for port in one.ports):
            ports = {}
        key = (side, places, tuple(sorted(ports.items())))
        found = self._results.get(key)
        if found is None:
            found = self._results[key] = self._size(side, [rules[i] for i in places], ports)
        if self._unread_subjects[side] and self.identities.unread >> member.identity & 1:
            return found[0], (*found[1], NAMESPACES)
        return found

    def rules(self, side: Side, member: Member) -> list[Entry]:
        """The rules that are for an endpoint."""
        return [self._rules[side][place] for place in self._selecting[side].get(member.identity, ())]

    def _size(self, side: Side, rules: list[Entry], ports: Mapping[str, tuple[int, int]]) -> Result:
        mode = self._profile.enforcement
        opened = mode == "never" or (mode == "default" and not rules)
        rules = [] if opened else self._completed(rules, side)
        try:
            sized = resolve(rules, self.identities, ports, opened=opened)
        except Refused as refused:
            return Sized(entries=0), (str(refused),)
        reasons = [reason for reason, bits in self.identities.unsure.items() if bits & sized.identities]
        if sized.varies:
            reasons.append(ORDER)
        for one in rules:
            for peer in one.peers or ():
                reasons += _open(peer, self.identities)
        return sized, tuple(dict.fromkeys(reasons))

    def _completed(self, rules: list[Entry], side: Side) -> list[Entry]:
        """With what Cilium adds: everybody where no rule isolates, else the own node, and that the rest is denied where
        a rule passes on."""
        if not rules:
            return rules
        isolated = self._profile.enforcement == "always" or any(one.isolates for one in rules)
        if not isolated:
            return [*rules, default_rule(rules, EVERYBODY, "allow")]
        passes = any(one.verdict == "pass" for one in rules)
        if side == "ingress" and self._profile.own_node != "policy":
            rules = [*rules, default_rule(rules, reserved("host"), "allow")]
        return [*rules, default_rule(rules, EVERYBODY, "deny")] if passes else rules


def _open(selector: Selector, identities: Identities) -> list[str]:
    """Why it is not known whom a selector selects."""
    if selector.kind == "open":
        return [selector.reason]
    if selector.kind != "labels":
        return [OF_ADDRESSES] if OF_ADDRESSES in identities.unsure else []
    found = []
    keys = {one.key for one in selector.needs}
    if identities.unread and any(key.startswith(NAMESPACE_LABELS) and key != _NAME_OF_NAMESPACE for key in keys):
        found.append(NAMESPACES)
    if OF_RUNS in identities.unsure and not keys.isdisjoint(JOB_NAMES):
        found.append(OF_RUNS)
    return found


__all__ = ["DEFAULT_LIMIT", "MOST_IDENTITIES", "EndpointMap", "IdentityCounts", "Prediction", "policy_maps"]
