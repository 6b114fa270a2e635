"""CiliumNetworkPolicy as NetworkPolicy v1, as far as one can say what the other does.

Source: Cilium 1.20.2, `pkg/policy/api` and `pkg/k8s/network_policy.go` (how it reads a NetworkPolicy). A policy is
written anew whole or stays whole: what NetworkPolicy cannot say of one of its rules keeps all of it, by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, Final, NoReturn

from netwright.base.ipset import IpSet
from netwright.base.spans import dotted
from netwright.dialects.cilium.objects import (
    CiliumNetworkPolicy,
    EgressRule,
    IngressRule,
    PortProtocol,
    PortRule,
    Rule,
)
from netwright.dialects.cilium.selectors import split_key
from netwright.dialects.k8s.decode import Invalid, decode
from netwright.dialects.k8s.endpoints import NAMESPACE_NAME
from netwright.dialects.k8s.objects import LabelSelector
from netwright.model.document import Decoded, Document
from netwright.translate.conversion import Open, Raised, RuleKey, Side

SOURCES: Final = ("CiliumNetworkPolicy",)
KIND: Final = "NetworkPolicy"
VERSION: Final = "networking.k8s.io/v1"
NAMESPACE: Final = "io.kubernetes.pod.namespace"
NAMESPACE_LABELS: Final = "io.cilium.k8s.namespace.labels."
OF_CILIUM: Final = ("io.cilium.", "io.kubernetes.pod.")
LONGEST_NAME: Final = 253
_SIDES: Final[tuple[Side, Side]] = ("ingress", "egress")
_PEERS: Final = {
    "from_endpoints": "fromEndpoints",
    "from_cidr": "fromCIDR",
    "from_cidr_set": "fromCIDRSet",
    "to_endpoints": "toEndpoints",
    "to_cidr": "toCIDR",
    "to_cidr_set": "toCIDRSet",
}
_OTHERS: Final = {
    "from_entities": "fromEntities",
    "from_groups": "fromGroups",
    "from_nodes": "fromNodes",
    "to_entities": "toEntities",
    "to_services": "toServices",
    "to_groups": "toGroups",
    "to_nodes": "toNodes",
    "to_fqdns": "toFQDNs",
    "icmps": "icmps",
    "authentication": "authentication",
}
_AnyRule = IngressRule | EgressRule
Tree = dict[str, Any]


class _Beyond(Exception):
    """What NetworkPolicy cannot say."""


def raised(objects: Sequence[Decoded]) -> Raised:
    """The CiliumNetworkPolicies among the objects that NetworkPolicies can stand for."""
    sources = sorted((d for d in objects if d.kind in SOURCES), key=lambda d: (d.namespace, d.name))
    taken = {(d.namespace, d.name) for d in objects if d.kind == KIND}
    rules: list[RuleKey] = []
    open_: list[Open] = []
    made: list[tuple[Tree, Decoded]] = []
    replaced: list[Decoded] = []
    for policy in sources:
        own = [key for key, _, _ in _rules(policy)]
        rules += own
        beyond = tuple(_beyond(policy))
        if beyond:
            told = "stays as it is, for NetworkPolicy cannot say all of it: " + "; ".join(dict.fromkeys(beyond))
            open_.append(Open(kind="beyond the language", rules=tuple(own), refused=True, told=_named(policy, told)))
            continue
        replaced.append(policy)
        specs = [spec for _, rule in _written(policy.value) if (spec := _spec(rule)) is not None]
        for number, spec in enumerate(specs, 1):
            name = _free(policy, f"-{number}" if len(specs) > 1 else "", taken)
            made.append((_object(policy, name, spec), policy))
    return Raised(
        objects=tuple(tree for tree, _ in made),
        made_of=tuple(policy for _, policy in made),
        sources=tuple(sources),
        replaced=tuple(replaced),
        rules=tuple(rules),
        open=tuple(open_),
        of_this_cluster=True,
    )


def _named(policy: Decoded, told: str) -> str:
    return f"{policy.kind} `{policy.namespace}/{policy.name}` {told}"


def _written(policy: CiliumNetworkPolicy) -> list[tuple[tuple[str | int, ...], Rule]]:
    """The rules `spec` and `specs`, each with where it stands."""
    found: list[tuple[tuple[str | int, ...], Rule]] = [(("spec",), policy.spec)] if policy.spec is not None else []
    return [*found, *((("specs", n), rule) for n, rule in enumerate(policy.specs or ()))]


def _rules(policy: Decoded) -> Iterator[tuple[RuleKey, Side, Any]]:
    """Each entry of each direction, deny sections too."""
    for where, rule in _written(policy.value):
        for side in _SIDES:
            for field, section in ((side, side), (f"{side}_deny", f"{side}Deny")):
                for index, entry in enumerate(getattr(rule, field) or ()):
                    pointer = (*where, section, index)
                    key = RuleKey(kind=policy.kind, namespace=policy.namespace, name=policy.name, pointer=pointer)
                    yield key, side, entry


def _free(policy: Decoded, end: str, taken: set[tuple[str, str]]) -> str:
    marks = ["", "-cilium"]
    for number in count(2):
        for mark in marks:
            more = mark + end
            found = policy.name[: LONGEST_NAME - len(more)].rstrip("-.") + more
            if (policy.namespace, found) not in taken:
                taken.add((policy.namespace, found))
                return found
        marks = [f"-cilium-{number}"]
    raise AssertionError("numbers end")


# --- what cannot be said --------------------


def _beyond(policy: Decoded) -> Iterator[str]:
    for where, rule in _written(policy.value):
        try:
            spec = _spec(rule)
        except _Beyond as found:
            yield f"`{dotted(where)}` {found}"
            continue
        refused = decode(_document(policy, policy.name, spec)) if spec is not None else None
        if isinstance(refused, Invalid):
            yield f"`{dotted(where)}` becomes what the API server refuses: {refused.message}"


def _object(policy: Decoded, name: str, spec: Tree) -> Tree:
    meta: Tree = {"name": name, "namespace": policy.namespace}
    labels = {key: value or "" for key, value in (policy.value.metadata.labels or {}).items()}
    meta |= {"labels": labels} if labels else {}
    return {"apiVersion": VERSION, "kind": KIND, "metadata": meta, "spec": spec}


def _document(policy: Decoded, name: str, spec: Tree) -> Document:
    raw = _object(policy, name, spec)
    return Document(place=None, api_version=VERSION, kind=KIND, namespace=policy.namespace, name=name, raw=raw)


def _refuse(what: str) -> NoReturn:
    raise _Beyond(what)


# --- what can --------------------


def _spec(rule: Rule) -> Tree | None:
    """The rule; None where it does nothing. Raises _Beyond."""
    if rule.endpoint_selector is None:
        _refuse("selects nodes")
    if rule.ingress_deny or rule.egress_deny:
        _refuse("denies")
    pods, elsewhere = _selector(rule.endpoint_selector, subject=True)
    if elsewhere:
        _refuse("selects by labels of namespaces")
    said = rule.enable_default_deny
    out: Tree = {"podSelector": pods, "policyTypes": []}
    for side, word in zip(_SIDES, ("Ingress", "Egress"), strict=True):
        rules: Sequence[_AnyRule] = getattr(rule, side) or ()
        if rules and said is not None and getattr(said, side) is False:
            _refuse(f"allows without isolating (`enableDefaultDeny.{side}: false`)")
        if rules:  # without one nothing is isolated, whatever `enableDefaultDeny` says
            out["policyTypes"].append(word)
            written = [found for one in rules if (found := _rule(one, side)) is not None]
            if written:
                out[side] = written
    return out if out["policyTypes"] else None


def _rule(rule: _AnyRule, side: Side) -> Tree | None:
    """One entry; None where it allows nothing."""
    for name, text in _OTHERS.items():
        if getattr(rule, name, None) is not None:
            _refuse(f"has `{text}`")
    lists = {name: held for name in _PEERS if (held := getattr(rule, name, None)) is not None}
    peers = [peer for held in lists.values() for one in held for peer in _peer(one)]
    if (lists and not peers) or (not lists and not rule.to_ports):
        return None
    ports = [entry for one in rule.to_ports or () for entry in _ports(one)]
    out: Tree = {"from" if side == "ingress" else "to": peers} if peers else {}
    return out | ({"ports": ports} if ports else {})


def _peer(one: Any) -> Iterator[Tree]:
    if isinstance(one, str):
        yield {"ipBlock": {"cidr": one}}
    elif isinstance(one, LabelSelector):
        pods, where = _selector(one, subject=False)
        yield {"namespaceSelector": where, "podSelector": pods} if where else {"podSelector": pods}
    elif one.cidr is None:
        _refuse("names groups of ranges")
    elif not any(IpSet.of(one.cidr) <= IpSet.of(text) for text in one.except_ or ()):
        cut = {"except": list(one.except_)} if one.except_ else {}
        yield {"ipBlock": {"cidr": one.cidr, **cut}}


def _ports(rule: PortRule) -> Iterator[Tree]:
    for name, text in (
        ("rules", "rules"),
        ("terminating_tls", "terminatingTLS"),
        ("originating_tls", "originatingTLS"),
        ("server_names", "serverNames"),
        ("listener", "listener"),
    ):
        if getattr(rule, name) is not None:
            _refuse(f"has `toPorts.{text}`")
    if not rule.ports:
        _refuse("has `toPorts` without a port")
    for port in rule.ports:
        yield from _port(port)


def _port(port: PortProtocol) -> Iterator[Tree]:
    protocol = (port.protocol or "ANY").upper()
    if protocol not in ("ANY", "TCP", "UDP", "SCTP"):
        _refuse(f"is about {protocol}")
    number, name = port.number, port.name
    if number is None and name is None:
        _refuse("has a protocol without a port")
    if name is not None and port.end_port:
        _refuse("has an `endPort` beside the name of a port")
    entry: Tree = {"port": name if number is None else number} if number != 0 else {}
    if number and port.end_port is not None and port.end_port > number:
        entry["endPort"] = port.end_port
    for one in ("TCP", "UDP", "SCTP") if protocol == "ANY" else (protocol,):
        yield {"protocol": one, **entry}


def _selector(selector: LabelSelector, *, subject: bool) -> tuple[Tree, Tree]:
    """The selector as one of pods and one of namespaces ({} where it asks for nothing of these)."""
    parts: tuple[Tree, Tree] = {}, {}
    for key, value in (selector.match_labels or {}).items():
        source, name = split_key(key)
        if subject and (source, name) == ("k8s", NAMESPACE):
            continue  # a policy is for pods of its own namespace, whatever it says
        at, label = _label(source, name)
        if label in parts[at].get("matchLabels", ()):  # spelled in two ways: both have to hold
            asked: Tree = {"key": label, "operator": "In", "values": [value or ""]}
            parts[at].setdefault("matchExpressions", []).append(asked)
        else:
            parts[at].setdefault("matchLabels", {})[label] = value or ""
    for one in selector.match_expressions or ():
        if one is None:
            continue
        at, label = _label(*split_key(one.key))
        asked = {"key": label, "operator": one.operator}
        asked |= {"values": [value or "" for value in one.values]} if one.values else {}
        parts[at].setdefault("matchExpressions", []).append(asked)
    return parts


def _label(source: str, name: str) -> tuple[int, str]:
    """Whose label it is, 0 the pod's and 1 the namespace's, and its name."""
    if source not in ("any", "k8s"):
        _refuse(f"selects by labels of `{source}`")
    if name == NAMESPACE:
        return 1, NAMESPACE_NAME
    if name.startswith(NAMESPACE_LABELS):
        return 1, name.removeprefix(NAMESPACE_LABELS)
    if name.startswith(OF_CILIUM):
        _refuse(f"selects by `{name}`, which is no label of a pod")
    return 0, name
