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

from netwright.base.ipset import IpSet, parse_address
from netwright.base.selectors import Has, Not, Selector, conjunction, equals, one_of
from netwright.base.services import ICMP, ICMPV6, PROTOCOLS, ServiceSet
from netwright.base.spans import Origin
from netwright.dialects.k8s.lower import POD_NETWORK
from netwright.dialects.k8s.objects import Meta
from netwright.dialects.ovn import CONNECTS
from netwright.model.document import Decoded, UnknownPolicy
from netwright.model.isolation import ENFORCER, NETWORK, OPEN_PORTS, Isolation
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
from netwright.profiles.profile import Profile

POD_NETWORKS: Final = "k8s.ovn.org/pod-networks"
"""What OVN-Kubernetes writes of a pod's networks: JSON, by attachment, with `role` and `ip_addresses`."""
STATUS: Final = "k8s.v1.cni.cncf.io/network-status"
"""What Multus writes of them: a list, where the primary one has `default: true`."""
MACHINE_ADDRESSES: Final = "network.kubevirt.io/addresses"
"""The addresses that a machine asks for on its primary network: JSON, lists by interface."""
OPENED: Final = "k8s.ovn.org/open-default-ports"
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
_TO_DEFAULT: Final = "it is sent to the pod's address of the default network"
_BY_DEFAULT_ADDRESS: Final = Obligation(_TO_DEFAULT, _TO_DEFAULT)


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
        if network is None:
            return None
        annotations = {**(d.value.metadata.annotations or {}), **(meta.annotations or {})}
        labels = [(f":{NETWORK}", network.ref)]
        opened = _opened(annotations.get(OPENED) or "")
        if opened:
            labels.append((f":{OPEN_PORTS}", ",".join(opened)))
        possible = self._ranges[network.ref]
        return Standing(tuple(labels), _known(annotations, possible) or possible)

    def unknown(self, by_range: bool) -> Iterator[UnknownPolicy]:
        """What is left open of pods beside who meets whom: whether ranges match them, where their network is not
        known."""
        for namespace, (networks, why) in self._open.items() if by_range else ():
            yield UnknownPolicy(kind=networks[0].kind, namespaces=(namespace,), hosts=False, effect="both", reason=why)
        yield from self.waiting()

    def waiting(self) -> Iterator[UnknownPolicy]:
        """What is left open of pods whose network is not in the input."""
        held = {ns for one in self.networks for ns in (*(one.namespaces or ()), *one.perhaps)}
        for namespace, labels in self._labels.items():
            if LABEL in labels and namespace not in held:
                why = (
                    f"the Namespace `{namespace}` has the label `{LABEL}`, and its primary network is not in the input"
                )
                yield UnknownPolicy(kind="Namespace", namespaces=(namespace,), hosts=False, effect="deny", reason=why)

    @cached_property
    def joins(self) -> tuple[Join, ...]:
        """Which networks are joined. One that serves no namespace is not made, and hinders no connection."""
        serving = {ns: one.ref for ns, one in self.of_namespace.items()}
        made = {*serving.values(), *(one.ref for networks, _ in self._open.values() for one in networks)}
        return joins_of(self.objects, [one for one in self.networks if one.ref in made], serving, self._ranges)

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
            rules += self._of_open(number, namespace)
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
        yield rule("ingress", last, Kinds(("own-node",)), "allow", here, then=_KUBELET)
        default = Members(conjunction(POD_NETWORK, Not(Has(NETWORK))))
        for value in opened:
            yield rule(
                "ingress",
                last + 1,
                OrPeer((default, Kinds(("node", "own-node")))),
                "allow",
                here,
                at=conjunction(at, equals(OPEN_PORTS, value)),
                service=_services(value),
                then=_BY_DEFAULT_ADDRESS if self.by_range else UNBOUND,
            )
        yield rule("ingress", last + 2, Kinds(("pod", "node", "own-node")), "deny", here)

    def _of_open(self, number: int, namespace: str) -> Iterator[Rule]:
        """Of pods of which the network is not known: with each other they have one, whichever it is."""
        networks, why = self._open[namespace]
        here = networks[0].origin or Origin(kind=networks[0].kind, namespace="", name=networks[0].name)
        at = conjunction(POD_NETWORK, equals("ns", namespace))
        for side in _SIDES:
            others: tuple[EndpointKind, ...] = ("pod",) if side == "egress" else ("pod", "node", "own-node")
            yield _rule(side, 0, Members(at), "allow", here, number=number, at=at)
            unsure = AndPeer((Kinds(others), UnknownPeer(why)))
            yield _rule(side, 1, unsure, "deny", here, number=number, at=at)

    def before_policies(self, opened: Sequence[str]) -> tuple[Rule, ...]:
        """What policies of a pod have no part in: packets to its address of the default network."""
        default = Members(conjunction(POD_NETWORK, Not(Has(NETWORK))))
        return tuple(
            _rule(
                "ingress",
                0,
                OrPeer((default, Kinds(("node", "own-node")))),
                "allow",
                Origin(kind="Pod", namespace="", name=f"{OPENED}: {value}"),
                number=0,
                at=equals(OPEN_PORTS, value),
                service=_services(value),
            )
            for value in opened
        )


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
                return _addresses(listed)
    with suppress(ValueError, AttributeError, TypeError):
        for one in json.loads(annotations.get(STATUS) or "[]"):
            found = _addresses(one.get("ips") or ())
            if one.get("default") and found and (possible is None or not found - possible):
                return found
    with suppress(ValueError, AttributeError, TypeError):
        for listed in json.loads(annotations.get(MACHINE_ADDRESSES) or "{}").values():
            return _addresses(listed)
    return IpSet()


def _addresses(texts: Sequence[str]) -> IpSet:
    """Addresses, with or without a prefix length. Raises ValueError for what is none."""
    found = [text.partition("/")[0] for text in texts]
    for text in found:
        parse_address(text)
    return IpSet.of(*found)


def _opened(text: str) -> tuple[str, ...]:
    """The ports of the annotation `k8s.ovn.org/open-default-ports`: a list in YAML of `protocol` and `port`."""
    found: list[str] = []
    protocol = ""
    port = ""
    for line in (*text.splitlines(), "-"):
        entry = line.strip()
        if entry.startswith("-"):
            if protocol:
                found.append(f"{protocol} {port}".strip())
            protocol = port = ""
            entry = entry[1:].strip()
        key, _, value = entry.partition(":")
        if key.strip() == "protocol":
            protocol = value.strip().strip("\"'").upper()
        elif key.strip() == "port":
            port = value.strip().strip("\"'")
    return tuple(sorted(one for one in found if one.partition(" ")[0] in PROTOCOLS or one == "ICMP"))


def _services(value: str) -> Service:
    """The services of a value of `OPEN_PORTS`."""
    services = ServiceSet()
    for one in value.split(","):
        protocol, _, port = one.partition(" ")
        if protocol == "ICMP":
            services |= ServiceSet.ports(ICMP) | ServiceSet.ports(ICMPV6)
        elif port.isdigit():
            services |= ServiceSet.ports(PROTOCOLS[protocol], int(port))
    return Service(services)


def opened_ports(primary: PrimaryNetworks) -> tuple[str, ...]:
    """The values of `OPEN_PORTS` that pods and templates of the input have."""
    from netwright.dialects.k8s.endpoints import template_of

    found: dict[str, None] = {}
    for d in primary.objects:
        template = template_of(d)
        meta = template.metadata if template is not None else d.value.metadata if d.kind == "Pod" else None
        text = (meta.annotations or {}).get(OPENED) if meta is not None else None
        if text and (opened := _opened(text)):
            found[",".join(opened)] = None
    return tuple(found)


def unmet(objects: Sequence[Decoded], profile: Profile) -> Iterator[UnknownPolicy]:
    """What primary networks could change, for exactly the pods that are, or may be, on one: under a profile that knows
    them where it is not known which, under others all of it."""
    primary = PrimaryNetworks(objects)
    by_range = primary.by_range
    if profile.has_primary_networks:
        yield from primary.unknown(by_range)
        return
    yield from primary.waiting()
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
