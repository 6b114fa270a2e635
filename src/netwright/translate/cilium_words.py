"""Boxes in Cilium's words: selectors, entries of a rule, and what of a box has no word.

Source: Cilium 1.20.2, `pkg/policy/api`, `pkg/labelsfilter`. Pods are peers by their labels, addresses are peers only
outside the cluster, and nodes are entities, all of them or none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from netwright.base.ipset import EVERYWHERE
from netwright.base.selectors import Selector
from netwright.base.services import ALL, ICMP, ICMPV6, NONE, PROTOCOLS, TCP, TRANSPORT, ServiceSet
from netwright.dialects.calico.objects import HTTPMatch
from netwright.dialects.cilium.selectors import (
    DROPPED,
    DROPPED_OF_NAMESPACES,
    NAMESPACE,
    NAMESPACE_LABELS,
    SA,
    SERVICE_ACCOUNT,
)
from netwright.model.rule import NamedPort, Service
from netwright.translate.boxes import NO_REGION, Ground, Region
from netwright.translate.conversion import Side
from netwright.translate.from_cilium.words import blocks
from netwright.translate.terms import Term, TooManyTerms, selector_of, terms

Tree = dict[str, Any]
_MOST: Final = 40
"""Entries that a list of ports or of ICMP types has at most."""
_NO_LABEL: Final = "?"
"""Stands among values for one that no label has."""
_TCP: Final = ServiceSet.ports(TCP)
_FAMILIES: Final = ((ICMP, "IPv4"), (ICMPV6, "IPv6"))
_NAMES: Final = {number: name for name, number in PROTOCOLS.items()}


class Unsaid(NamedTuple):
    """What of something has no word: in words, itself, and the least that is more and has one, `more_told` in words;
    None where there is none."""

    told: str
    part: Selector | Region | ServiceSet
    more: Selector | Region | ServiceSet | None = None
    more_told: str = ""


class Words(NamedTuple):
    """Entries of a rule, and what of the box they leave out."""

    entries: tuple[Tree, ...]
    unsaid: tuple[Unsaid, ...]


# --- selectors --------------------


def label_selectors(selector: Selector, home: str, *, subject: bool) -> tuple[list[Tree], list[Unsaid]]:
    """The pods of a selector, one label selector for each of its alternatives, and what none can say. `home` is the
    namespace of the policy, "" for one of the cluster."""
    try:
        found = terms(selector)
    except TooManyTerms:
        return [], [Unsaid("more alternatives of labels than anybody would read", selector)]
    trees: list[Tree] = []
    unsaid: list[Unsaid] = []
    for term in found:
        tree = _label_selector(term, home, subject)
        if isinstance(tree, str):
            more = selector_of(tuple(pair for pair in term if is_told(pair[0])))
            unsaid.append(Unsaid(tree, selector_of(term), more, "whatever these labels are"))
        elif tree is not None:
            trees.append(tree)
    return trees, unsaid


def _label_selector(term: Term, home: str, subject: bool) -> Tree | str | None:
    labels: dict[str, str] = {}
    more: list[Tree] = []
    has_namespace = False
    for key, held in term:
        allowed = None if held.allowed is None else sorted(held.allowed - {_NO_LABEL})
        excluded = sorted(held.excluded - {_NO_LABEL})
        if allowed is not None and not allowed:
            return None
        if key == "ns":
            if home and subject:
                if (allowed is not None and home not in allowed) or home in excluded:
                    return None
                continue
            has_namespace = True
        name = _name(key)
        if name is None:
            return (
                f"the label `{key.partition(':')[2] or key}`, which is not among those that Cilium tells pods apart by"
            )
        if allowed is not None and len(allowed) == 1:
            labels[name] = allowed[0]
        elif allowed is not None:
            more.append({"key": name, "operator": "In", "values": allowed})
        else:
            if excluded:
                more.append({"key": name, "operator": "NotIn", "values": excluded})
            if held.there is not None:
                more.append({"key": name, "operator": "Exists" if held.there else "DoesNotExist"})
    if not has_namespace and home and not subject:
        more.append({"key": f"k8s:{NAMESPACE}", "operator": "Exists"})
    out: Tree = {"matchLabels": labels} if labels else {}
    return out | ({"matchExpressions": more} if more else {})


def is_told(key: str) -> bool:
    """Whether Cilium tells pods apart by an attribute."""
    return _name(key) is not None


def _name(key: str) -> str | None:
    """The key that Cilium has for an attribute."""
    if key == "ns":
        return f"k8s:{NAMESPACE}"
    if key == SA:
        return f"k8s:{SERVICE_ACCOUNT}"
    if key.startswith("ns:"):
        name = key.removeprefix("ns:")
        return None if DROPPED_OF_NAMESPACES.match(name) else f"k8s:{NAMESPACE_LABELS}{name}"
    if key.startswith("k8s:"):
        name = key.removeprefix("k8s:")
        return None if DROPPED.match(name) else name
    return None


# --- entries --------------------


def entries(
    ground: Ground, whom: Region, service: Service, side: Side, home: str, *, denies: bool, http: HTTPMatch | None
) -> Words:
    """The entries that say whom and which services; each has one kind of peer. Nothing denies the pod's own node at an
    ingress: it is let in whatever policies say."""
    word, spares_host = "from" if side == "ingress" else "to", denies and side == "ingress"
    peers, unsaid = _peers(whom, ground, word, home, spares_host=spares_host)
    services, more = _services(service, None if denies else http)
    return Words(tuple({**peer, **one} for peer in peers for one in services), (*unsaid, *more))


def _peers(whom: Region, ground: Ground, word: str, home: str, *, spares_host: bool) -> tuple[list[Tree], list[Unsaid]]:
    nodes = ground.share_of_nodes(whom)
    pods, unlabelled = label_selectors(whom.pods, home, subject=False)
    unsaid = [_of_pods(one) for one in unlabelled]
    every_pod = not unsaid and any(not tree or _names_any_namespace(tree) for tree in pods)
    every_node = nodes == "all"
    if every_pod and every_node and whom.outside == EVERYWHERE and not spares_host:
        return [{f"{word}Entities": ["all"]}], []
    found: list[Tree] = []
    entities: list[str] = []
    if every_pod and every_node and not spares_host:
        entities.append("cluster")
    else:
        if pods:
            found.append({f"{word}Endpoints": pods})
        if every_node:
            entities += ["remote-node"] if spares_host else ["host", "remote-node"]
        elif nodes == "some":
            told = "single nodes by their addresses: Cilium knows nodes by their labels, and only with an option"
            every = NO_REGION._replace(nodes=ground.everybody.nodes)
            unsaid.append(Unsaid(told, NO_REGION._replace(nodes=whom.nodes), every, "every node"))
    if whom.outside == EVERYWHERE:
        entities.append("world")
    elif whom.outside:
        listed = [
            {"cidr": one.cidr} | ({"except": list(one.excepted)} if one.excepted else {})
            for one in blocks(whom.outside)
        ]
        found.append({f"{word}CIDRSet": listed})
    if entities:
        found.append({f"{word}Entities": entities})
    return found, unsaid


def _of_pods(one: Unsaid) -> Unsaid:
    """Pods as whom a box is about."""
    return one._replace(part=_region(one.part), more=None if one.more is None else _region(one.more))


def _region(held: Selector | Region | ServiceSet) -> Region | ServiceSet:
    return held if isinstance(held, (Region, ServiceSet)) else NO_REGION._replace(pods=held)


def _names_any_namespace(tree: Tree) -> bool:
    return tree == {"matchExpressions": [{"key": f"k8s:{NAMESPACE}", "operator": "Exists"}]}


def _services(service: Service, http: HTTPMatch | None) -> tuple[list[Tree], list[Unsaid]]:
    if http is not None:
        # no request is anything but TCP, and Cilium wants its ports as numbers
        ports = [one for one in (*_ports(service.fixed & _TCP), *_named(service.named)) if one["protocol"] == "TCP"]
        ports = [{**one, "port": "1", "endPort": 0xFFFF} if one["port"] == "0" else one for one in ports]
        rules = {"rules": {"http": list(_requests(http))}}
        return ([{"toPorts": [{"ports": some} | rules for some in _lists(ports)]}] if ports else []), []
    if service.fixed == ALL:
        return [{}], []
    ports = [*_ports(service.fixed & TRANSPORT), *_named(service.named)]
    found: list[Tree] = [{"toPorts": [{"ports": some} for some in _lists(ports)]}] if ports else []
    types, rest = _icmp_types(service.fixed - TRANSPORT)
    if types:
        found.append({"icmps": [{"fields": some} for some in _lists(types)]})
    return found, [_unsaid(rest)] if rest else []


def _unsaid(rest: ServiceSet) -> Unsaid:
    more = _whole_types(rest)
    return Unsaid(
        f"the service {rest}, for which Cilium has no word",
        rest,
        more,
        "every service" if more == ALL else f"{more} as a whole",
    )


def _lists(listed: list[Tree]) -> list[list[Tree]]:
    """In lists that are no longer than one may be."""
    return [listed[start : start + _MOST] for start in range(0, len(listed), _MOST)]


def _ports(services: ServiceSet) -> Iterator[Tree]:
    """Numbers of ports; what TCP, UDP and SCTP share is said once. Of port 0, which no connection has, there is no
    word: to Cilium it is every port."""
    by_range: dict[tuple[int, int], list[str]] = {}
    for name, low, high in services.ranges():
        if high:
            by_range.setdefault((low, high), []).append(name)
    for (low, high), names in by_range.items():
        port = _port(low, high)
        if len(names) == len(_TRANSPORTS):
            yield port | {"protocol": "ANY"}
        else:
            yield from ({**port, "protocol": name} for name in names)


_TRANSPORTS: Final = ("TCP", "UDP", "SCTP")


def _port(low: int, high: int) -> Tree:
    if (low, high) == (0, 0xFFFF):
        return {"port": "0"}
    low = max(1, low)
    return {"port": str(low)} | ({"endPort": high} if high > low else {})


def _named(ports: Sequence[NamedPort]) -> Iterator[Tree]:
    by_name: dict[str, list[str]] = {}
    for one in ports:
        by_name.setdefault(one.name, []).append(_NAMES[one.protocol])
    for name, protocols in by_name.items():
        if len(protocols) == len(_TRANSPORTS):
            yield {"port": name, "protocol": "ANY"}
        else:
            yield from ({"port": name, "protocol": protocol} for protocol in protocols)


def _icmp_types(services: ServiceSet) -> tuple[list[Tree], ServiceSet]:
    """Whole types of both ICMPs, and what is left. Type 0 is every type to Cilium, as port 0 is every port."""
    found: list[Tree] = []
    said = NONE
    for protocol, family in _FAMILIES:
        every = ServiceSet.ports(protocol)
        if every <= services:
            said |= every
            found.append({"family": family, "type": 0})
            continue
        base = protocol << 16
        for low, high in (services & every).intervals:
            first, end = max(1, (low - base + 0xFF) >> 8), (high - base) >> 8
            if first < end:
                said |= ServiceSet.ports(protocol, first << 8, (end << 8) - 1)
                found += ({"family": family, "type": number} for number in range(first, end))
    return found, services - said


def _whole_types(services: ServiceSet) -> ServiceSet:
    """The least that has a word and is all of these: types with every code; whole ICMP where type 0 is among them."""
    more = NONE
    for protocol, _ in _FAMILIES:
        every = ServiceSet.ports(protocol)
        base = protocol << 16
        for low, high in (services & every).intervals:
            first, end = (low - base) >> 8, (high - base + 0xFF) >> 8
            more |= ServiceSet.ports(protocol, first << 8, (end << 8) - 1) if first else every
    return more if services <= more else ALL


def _requests(http: HTTPMatch) -> Iterator[Tree]:
    """Requests as Cilium's regular expressions, which match the whole of what they are compared with."""
    methods = [{"method": one} for one in http.methods or ()] or [{}]
    paths = [
        {"path": re.escape(one.exact) if one.exact is not None else re.escape(one.prefix or "") + ".*"}
        for one in http.paths or ()
    ] or [{}]
    for method in methods:
        for path in paths:
            yield {**method, **path}
