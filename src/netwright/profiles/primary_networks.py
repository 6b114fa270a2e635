"""Primary user-defined networks: who is on which, which of them meet, and what of that is left open.

After the pages of OVN-Kubernetes on user-defined networks (`docs/features/user-defined-networks` at 2c48a605cbd4,
OKEP-5193): a pod of such a network has its addresses and its policies there, and an address of the default network for
the kubelet of its node alone, but for the ports that it opens (`k8s.ovn.org/open-default-ports`). Networks do not meet
unless a ClusterNetworkConnect joins them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, partial
from typing import Final

import msgspec

from netwright.base.ipset import IpSet
from netwright.base.selectors import Has, Not, Selector, conjunction, equals, one_of
from netwright.base.spans import Origin
from netwright.dialects.k8s.lower import POD_NETWORK
from netwright.dialects.k8s.objects import Meta
from netwright.dialects.multus.attached import addresses_asked
from netwright.dialects.ovn import CONNECTS
from netwright.model.document import Decoded, UnknownPolicy
from netwright.model.isolation import DEFAULT_ADDRESS, ENFORCER, NETWORK, OPEN_PORTS, Isolation
from netwright.model.networks import NetworkNoun
from netwright.model.rule import (
    ANYBODY,
    EVERY_SERVICE,
    UNBOUND,
    Action,
    AndPeer,
    Direction,
    EndpointKind,
    Enforcer,
    Kinds,
    Members,
    Obligation,
    OrPeer,
    Peer,
    Rule,
    Service,
    Tier,
    UnknownPeer,
)
from netwright.profiles.named_families import named_families
from netwright.profiles.network_joins import Join, joins_of
from netwright.profiles.networks import LABEL, described, networks_of
from netwright.profiles.open_ports import OPENED, default_addresses, opens, read_addresses, read_ports
from netwright.profiles.profile import NETWORK_POLICY, Profile

POD_NETWORKS: Final = "k8s.ovn.org/pod-networks"
"""What OVN-Kubernetes writes of a pod's networks: JSON, by attachment, with `role` and `ip_addresses`."""
STATUS: Final = "k8s.v1.cni.cncf.io/network-status"
"""What Multus writes of them: a list, where the primary one has `default: true`."""
EVERYWHERE: Final = frozenset(
    (("default", "kubernetes"), ("kube-system", "kube-dns"), ("openshift-dns", "dns-default"))
)
"""Services of the default network that every network is led to: what `--udn-allowed-default-services` has by itself,
and the DNS Service that OpenShift sets there."""
ASSUMED: Final = (
    "pods on a primary user-defined network are reached at their addresses there; Services of the default network "
    "that they reach are the API server's and DNS"
)
_SIDES: Final[tuple[Direction, Direction]] = ("egress", "ingress")
_BY_KUBELET: Final = "the kubelet of the pod's node sends it"
_KUBELET: Final = Obligation(_BY_KUBELET, _BY_KUBELET)


class Standing(msgspec.Struct, frozen=True):
    """What an endpoint on a primary network is told: attributes, and the addresses that it has there, or may have
    (None: any)."""

    labels: tuple[tuple[str, str], ...]
    addresses: IpSet | None


class PrimaryNetworks:
    """The primary networks of an input that has such kinds."""

    def __init__(self, objects: Sequence[Decoded]) -> None:
        self.objects = objects
        self.by_range = any(named_families(d) for d in objects)
        self.networks = tuple(one for one in networks_of(objects)[1:] if one.role == "primary")
        self._labels = {d.name: d.value.metadata.labels or {} for d in objects if d.kind == "Namespace"}
        claimed: dict[str, list[NetworkNoun]] = {}
        maybe: dict[str, list[NetworkNoun]] = {}
        for network in self.networks:
            for namespace in network.namespaces or ():
                if namespace not in self._labels:
                    maybe.setdefault(namespace, []).append(network)
                elif LABEL in self._labels[namespace]:
                    claimed.setdefault(namespace, []).append(network)
            for namespace in network.perhaps:
                maybe.setdefault(namespace, []).append(network)
        self.of_namespace: dict[str, NetworkNoun] = {
            ns: found[0] for ns, found in claimed.items() if len(found) == 1 and ns not in maybe
        }
        self._open: dict[str, tuple[tuple[NetworkNoun, ...], str]] = {}
        for ns in sorted(claimed.keys() | maybe.keys()):
            if ns in self.of_namespace:
                continue
            both = (*claimed.get(ns, ()), *maybe.get(ns, ()))
            if ns in claimed:
                listed = " and ".join(described(one) for one in both)
                why = f"{listed} may each be the primary network of the pods of `{ns}`, and OVN-Kubernetes takes one"
            else:
                why = (
                    f"{described(both[0])} may be the primary network of the pods of `{ns}`, whose Namespace is not in "
                    "the input; add it"
                )
            self._open[ns] = both, why
        self._ranges: dict[str, IpSet | None] = {one.ref: _range(one) for one in self.networks}

    def of_endpoint(self, d: Decoded, meta: Meta, namespace: str) -> Standing | None:
        """What a pod, or the pods of a template, are told; None where they are on the default network, or where it is
        not known on which they are."""
        network = self.of_namespace.get(namespace)
        annotations = {**(d.value.metadata.annotations or {}), **(meta.annotations or {})}
        opened = read_ports(annotations.get(OPENED) or "")
        by_default = default_addresses(d)
        if network is None:
            if not opened or namespace not in self._open:
                return None
            return Standing(((f":{OPEN_PORTS}", ",".join(opened)),), by_default or None)
        labels = [(f":{NETWORK}", network.ref)]
        if opened:
            labels.append((f":{OPEN_PORTS}", ",".join(opened)))
            labels.append((f":{DEFAULT_ADDRESS}", ",".join(by_default.cidrs())))
        possible = self._ranges[network.ref]
        return Standing(tuple(labels), _known(annotations, possible) or possible)

    def unknown(self, by_range: bool) -> Iterator[UnknownPolicy]:
        """What is left open of pods beside who meets whom: whether ranges match them, where their network is not
        known."""
        for namespace, (networks, why) in self._open.items() if by_range else ():
            yield UnknownPolicy(kind=networks[0].kind, namespaces=(namespace,), hosts=False, effect="both", reason=why)
        yield from self.waiting(by_range)

    def waiting(self, by_range: bool = False) -> Iterator[UnknownPolicy]:
        """What is left open of pods whose network is not in the input; which ranges match them, too."""
        held = {ns for one in self.networks for ns in (*(one.namespaces or ()), *one.perhaps)}
        for namespace, labels in self._labels.items():
            if LABEL in labels and namespace not in held:
                why = (
                    f"the Namespace `{namespace}` has the label `{LABEL}`, and its primary network is not in the input"
                )
                yield UnknownPolicy(
                    kind="Namespace",
                    namespaces=(namespace,),
                    hosts=False,
                    effect="both" if by_range else "deny",
                    reason=why,
                )

    @cached_property
    def joins(self) -> tuple[Join, ...]:
        """Which networks are joined. One that serves no namespace is not made, and hinders no connection."""
        serving = {one.ref for one in self.of_namespace.values()}
        made = serving | {one.ref for networks, _ in self._open.values() for one in networks}
        return joins_of(self.objects, [one for one in self.networks if one.ref in made], self._ranges)

    @cached_property
    def isolation(self) -> Isolation:
        """What becomes of packets to Services."""
        joined: dict[tuple[str, str], str] = {}
        for join in self.joins:
            pair = join.first, join.second
            if join.services and joined.get(pair) != "":
                joined[pair] = join.open
        return Isolation(
            of_namespace={ns: one.ref for ns, one in self.of_namespace.items()},
            perhaps=frozenset(self._open),
            everywhere=EVERYWHERE,
            joined=joined,
            called={one.ref: described(one) for one in self.networks},
        )

    def enforcer(self, opened: Sequence[str]) -> Enforcer:
        """What keeps the networks apart. `opened` are the values of `OPEN_PORTS` that endpoints have."""
        on = {one.ref: one for one in self.of_namespace.values()}
        rules: list[Rule] = []
        for number, (ref, network) in enumerate(on.items()):
            rules += self._of_network(number, ref, network, opened)
        for number, namespace in enumerate(self._open, len(on)):
            rules += self._of_open(number, namespace, opened)
        tier = Tier(name=ENFORCER, ties="ordered", rules=tuple(rules))
        return Enforcer(name=ENFORCER, tiers=(tier,), default="allow", exempt=("self",))

    def _of_network(self, number: int, ref: str, network: NetworkNoun, opened: Sequence[str]) -> Iterator[Rule]:
        here = network.origin or Origin(kind=network.kind, namespace=network.namespace, name=network.name)
        at = equals(NETWORK, ref)
        met: list[tuple[Peer, Origin]] = [(Members(at), here)]
        maybe = [ns for ns, (networks, _) in self._open.items() if any(one.ref == ref for one in networks)]
        if maybe:
            why = f"whether pods of {', '.join(f'`{ns}`' for ns in maybe)} are on {described(network)} is not known"
            met.append((AndPeer((Members(one_of("ns", tuple(maybe))), UnknownPeer(why))), here))
        if any(d.kind in CONNECTS for d in self.objects):
            others = tuple(sorted({*self._open, *(ns for one in self.waiting() for ns in one.namespaces)} - {*maybe}))
            if others:
                told = f"whether the network of pods of {', '.join(f'`{ns}`' for ns in others)} is joined is not known"
                met.append((AndPeer((Members(one_of("ns", others)), UnknownPeer(told))), here))
        for join in self.joins:
            if join.first == ref and join.pods:
                there: Peer = Members(equals(NETWORK, join.second))
                met.append((AndPeer((there, UnknownPeer(join.open))) if join.open else there, join.origin))
        rule = partial(_rule, number=number, at=at)
        for side in _SIDES:
            for rank, (peer, origin) in enumerate(met):
                yield rule(side, rank, peer, "allow", origin)
        last = len(met)
        yield rule("egress", last + 2, Kinds(("pod",)), "deny", here)
        for value in opened:
            of_value = partial(rule, at=conjunction(at, equals(OPEN_PORTS, value)), service=opens(value))
            yield of_value("ingress", last, self._on_default(ref), "allow", here)
            for peer in self._perhaps_on_default(ref):
                yield of_value("ingress", last, peer, "allow", here)
        yield rule("ingress", last + 1, Kinds(("own-node",)), "allow", here, then=_KUBELET)
        yield rule("ingress", last + 2, Kinds(("pod", "node", "own-node")), "deny", here)

    def _on_default(self, ref: str = "") -> Peer:
        """Who comes from the default network: its pods, nodes, and those of which the network is not known where it is
        that one or `ref`, of which what is asked holds too."""
        surely = [ns for ns, why in self.undecided.items() if ref and self._candidates(ns) <= {ref, ""}]
        others = sorted(self.undecided.keys() - set(surely))
        pods = conjunction(POD_NETWORK, Not(Has(NETWORK)), *([Not(one_of("ns", tuple(others)))] if others else []))
        return OrPeer((Members(pods), Kinds(("node", "own-node"))))

    def _perhaps_on_default(self, ref: str = "") -> Iterator[Peer]:
        for namespace, why in self.undecided.items():
            if not ref or not self._candidates(namespace) <= {ref, ""}:
                yield AndPeer((Members(conjunction(POD_NETWORK, equals("ns", namespace))), UnknownPeer(why)))

    @cached_property
    def undecided(self) -> dict[str, str]:
        """The namespaces of which the network is not known, and why."""
        found = {namespace: why for namespace, (_, why) in self._open.items()}
        return found | {ns: one.reason for one in self.waiting() for ns in one.namespaces}

    def _candidates(self, namespace: str) -> set[str]:
        """The networks that pods of such a namespace may be on, "" for the default one, "?" for one that is not in the
        input."""
        if namespace not in self._open:
            return {"?", ""}
        return {one.ref for one in self._open[namespace][0]} | ({""} if namespace not in self._labels else set())

    def _of_open(self, number: int, namespace: str, opened: Sequence[str]) -> Iterator[Rule]:
        """Of pods of which the network is not known: with each other they have one, whichever it is."""
        networks, why = self._open[namespace]
        here = networks[0].origin or Origin(kind=networks[0].kind, namespace="", name=networks[0].name)
        at = conjunction(POD_NETWORK, equals("ns", namespace))
        for side in _SIDES:
            others: tuple[EndpointKind, ...] = ("pod",) if side == "egress" else ("pod", "node", "own-node")
            yield _rule(side, 0, Members(at), "allow", here, number=number, at=at)
            unsure = AndPeer((Kinds(others), UnknownPeer(why)))
            yield _rule(side, 2, unsure, "deny", here, number=number, at=at)
        for value in opened:
            opening = conjunction(at, equals(OPEN_PORTS, value))
            yield _rule(
                "ingress", 1, self._on_default(), "allow", here, number=number, at=opening, service=opens(value)
            )

    def before_policies(self, opened: Sequence[str]) -> Iterator[Rule]:
        """What policies of a pod have no part in: packets to its address of the default network."""
        for value in opened:
            origin = Origin(kind="Pod", namespace="", name=f"{OPENED}: {value}")
            of_value = equals(OPEN_PORTS, value)
            peers = [self._on_default(), *self._perhaps_on_default()]
            surely, service = conjunction(of_value, Has(NETWORK)), opens(value)
            for peer in peers:
                yield _rule("ingress", 0, peer, "allow", origin, number=0, at=surely, service=service)
            for namespace, why in self.undecided.items():
                at = conjunction(of_value, equals("ns", namespace))
                held = self._on_default() if "" not in self._candidates(namespace) else None
                peer = held or AndPeer((self._on_default(), UnknownPeer(why)))
                yield _rule("ingress", 0, peer, "allow", origin, number=0, at=at, service=service)

    def seen(self, tiers: Sequence[Tier], addresses: Mapping[str, IpSet]) -> tuple[Tier, ...]:
        """The CNI's tiers as policies see pods across networks."""
        from netwright.profiles.across_networks import by_default_address, by_own_network

        refs = {one.ref for one in self.of_namespace.values()}
        met = {ref: (ref, *(one.second for one in self.joins if one.first == ref and one.pods)) for ref in refs}
        among = {namespace: met[one.ref] for namespace, one in self.of_namespace.items()}
        found = [by_own_network(tier, among, self.undecided) if tier.name == NETWORK_POLICY else tier for tier in tiers]
        return by_default_address(found, addresses, self.undecided) if addresses else tuple(found)


def _rule(
    side: Direction,
    rank: int,
    peer: Peer,
    action: Action,
    origin: Origin,
    *,
    number: int,
    at: Selector,
    service: Service = EVERY_SERVICE,
    then: Obligation = UNBOUND,
) -> Rule:
    src, dst = (ANYBODY, peer) if side == "egress" else (peer, ANYBODY)
    return Rule(
        rank=rank,
        policy=number,
        index=-1,
        at=at,
        direction=side,
        src=src,
        dst=dst,
        service=service,
        action=action,
        then=then,
        origin=origin,
    )


def primary_networks(objects: Sequence[Decoded]) -> PrimaryNetworks | None:
    """The primary networks, where the input has any, or a namespace that waits for one."""
    found = PrimaryNetworks(objects)
    return found if found.networks else None


def _range(network: NetworkNoun) -> IpSet | None:
    """The addresses that pods on a network may have; None where nothing says it."""
    texts = ["/".join(text.split("/")[:2]) for text in network.subnets]
    with suppress(ValueError):
        return IpSet.of(*texts) or None
    return None


def _known(annotations: Mapping[str, str | None], possible: IpSet | None) -> IpSet:
    """The addresses on the primary network that annotations tell; empty where they tell none."""
    with suppress(ValueError, AttributeError, TypeError):
        by_network = json.loads(annotations.get(POD_NETWORKS) or "{}")
        for one in by_network.values():
            if one.get("role") == "primary":
                listed = one.get("ip_addresses") or [one.get("ip_address") or ""]
                return read_addresses(listed)
    with suppress(ValueError, AttributeError, TypeError):
        for one in json.loads(annotations.get(STATUS) or "[]"):
            found = read_addresses(one.get("ips") or ())
            if one.get("default") and found and (possible is None or not found - possible):
                return found
    for listed in addresses_asked(annotations).values():
        asked = IpSet.of(*listed)
        if asked and (possible is None or asked <= possible):
            return asked
    return IpSet()


def unmet(objects: Sequence[Decoded], profile: Profile) -> Iterator[UnknownPolicy]:
    """What primary networks could change, for exactly the pods that are, or may be, on one: under a profile that knows
    them where it is not known which, under others all of it."""
    primary = PrimaryNetworks(objects)
    by_range = primary.by_range
    if profile.has_primary_networks:
        yield from primary.unknown(by_range)
        return
    yield from primary.waiting(by_range)
    for network in primary.networks:
        name = described(network)
        for namespaces, is_one in (
            (network.namespaces or (), "is the primary network of its pods"),
            (network.perhaps, "may be the primary network of its pods (the labels of their namespace are not known)"),
        ):
            if namespaces:
                yield UnknownPolicy(
                    kind=network.kind,
                    namespaces=namespaces,
                    hosts=False,
                    effect="both" if by_range else "deny",
                    reason=f"{name} {is_one}, and the profile `{profile.name}` says nothing of such networks; "
                    "`--cni ovn-kubernetes` does",
                )


def told(objects: Sequence[Decoded], profile: Profile) -> tuple[str, ...]:
    """What is to be said of networks beside the pod network, where the input has any."""
    found = []
    if any(network.role != "primary" for network in networks_of(objects)):
        found.append(
            "secondary networks change no verdict: policies act on a pod's primary network, and verdicts are about it"
        )
    primary = primary_networks(objects) if profile.has_primary_networks else None
    if primary is not None:
        found.append(ASSUMED)
    return tuple(found)
