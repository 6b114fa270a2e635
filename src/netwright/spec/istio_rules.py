"""Whether a rule of an AuthorizationPolicy matches a connection, as the proxy that reads it does.

After Istio 1.28: `security/v1beta1/authorization_policy.proto` and the page "Authorization Policy Conditions";
`pilot/pkg/security/authz/model` for what Envoy is given, `pilot/pkg/serviceregistry/ambient/authorization.go` and
ztunnel's `src/rbac.rs` for ztunnel. What hangs on a request is open; each attribute is, by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple, TypeVar

from netwright.dialects.istio.objects import Condition, Operation, Rule, Source
from netwright.spec.addresses import Span, address, cover, minus, network, span
from netwright.spec.adminpeers import NO, YES, Matched, all_of, any_of, matched
from netwright.spec.ends import End
from netwright.spec.packet import Packet
from netwright.spec.reasons import HOST_ADDRESS, POD_ADDRESS, PROOF, REMOTE_ADDRESS, SERVER_NAME, request

Reads = Literal["HTTP", "TCP", "ztunnel"]
"""As what the proxy reads a connection."""

LOCAL = "cluster.local"
"""In a principal, the mesh's own trust domain, however it is called."""

REQUEST_SOURCES = ("request_principals", "not_request_principals")
REMOTE_SOURCES = ("remote_ip_blocks", "not_remote_ip_blocks")
DOMAIN_SOURCES = ("trust_domains", "not_trust_domains")
REQUEST_OPERATIONS = ("hosts", "not_hosts", "methods", "not_methods", "paths", "not_paths")
OF_LAYER_FOUR = ("source.ip", "source.namespace", "source.principal", "destination.ip", "destination.port")
"""The keys of conditions that ztunnel reads."""


class Identity(NamedTuple):
    """Who a certificate says its holder is."""

    trust_domain: str
    namespace: str
    account: str

    @property
    def principal(self) -> str:
        return f"{self.trust_domain}/ns/{self.namespace}/sa/{self.account}"


class Arrival(NamedTuple):
    """A connection at the destination's proxy. `peers` are all that its source may prove to be, None for no proof.
    `trust_domain` is the mesh's own."""

    packet: Packet
    peers: frozenset[Identity | None]
    trust_domain: str


def rule_matches(rule: Rule, action: str, namespace: str, arrival: Arrival, reads: Reads) -> Matched:
    """Any `from`, any `to` and every `when`; without a list there is no such restriction. `namespace` is the policy's,
    `action` what it does."""
    if reads != "HTTP" and action == "ALLOW" and _asks_for_requests(rule, reads):
        return NO  # what cannot be read fails an ALLOW rule as a whole
    reading = _Reading(namespace, arrival, reads)
    said = [one.source or Source() for one in rule.from_ or ()]
    sources = any_of(*(reading.source(one) for one in _asking_least(said, reads))) if said else YES
    asked = [one.operation or Operation() for one in rule.to or ()]
    operations = any_of(*(reading.operation(one) for one in _asking_least(asked, reads))) if asked else YES
    return all_of(sources, operations, *(reading.condition(one) for one in rule.when or ()))


P = TypeVar("P", Source, Operation)


def _asking_least(parts: Sequence[P], reads: Reads) -> list[P]:
    """Those beside which no other asks for a part of the same: what asks for more lets nobody in who is not. Ztunnel
    passes over what it cannot read, so there what asks for more may say more."""
    if reads == "ztunnel":
        return list(parts)
    asked = {id(part): {name for name in part.__struct_fields__ if getattr(part, name)} for part in parts}

    def is_within(less: P, more: P) -> bool:
        names = asked[id(less)]
        return names <= asked[id(more)] and all(getattr(less, name) == getattr(more, name) for name in names)

    return [one for one in parts if not any(is_within(o, one) and not is_within(one, o) for o in parts)]


def _asks_for_requests(rule: Rule, reads: Reads) -> bool:
    """Whether any part of it is about what this proxy cannot read."""
    sources = (
        REQUEST_SOURCES if reads == "TCP" else (*REQUEST_SOURCES, *REMOTE_SOURCES, "trust_domains", "not_trust_domains")
    )
    said = [_said(one.source or Source(), sources) for one in rule.from_ or ()]
    said += [_said(one.operation or Operation(), REQUEST_OPERATIONS) for one in rule.to or ()]
    return any(said) or any(not _is_readable(one.key or "", reads) for one in rule.when or ())


def _said(part: Source | Operation, names: Sequence[str]) -> list[str]:
    return [name for name in names if getattr(part, name)]


def _is_readable(key: str, reads: Reads) -> bool:
    if reads == "ztunnel":
        return key in OF_LAYER_FOUR
    return reads == "HTTP" or not key.startswith(("request.headers", "request.auth."))


class _Reading:
    """One rule's parts, as one proxy reads them."""

    def __init__(self, namespace: str, arrival: Arrival, reads: Reads) -> None:
        self.namespace, self.arrival, self.reads = namespace, arrival, reads

    def source(self, one: Source) -> Matched:
        packet = self.arrival.packet
        parts = [
            self.peer(one.principals, one.not_principals, self.is_principal),
            self.peer(one.namespaces, one.not_namespaces, self.is_namespace),
            self.peer(one.service_accounts, one.not_service_accounts, self.is_account),
            addresses(one.ip_blocks, one.not_ip_blocks, packet.source_addresses, packet, packet.source),
        ]
        if self.reads != "ztunnel":
            parts.append(self.peer(one.trust_domains, one.not_trust_domains, self.is_trust_domain))
        if self.reads == "TCP":  # without a request or the PROXY protocol it is the packet's own
            blocks = one.remote_ip_blocks, one.not_remote_ip_blocks
            parts.append(addresses(*blocks, packet.source_addresses, packet, packet.source))
        if self.reads == "HTTP":
            parts += [self.of_request("request_principals", one)]
            parts += [matched("perhaps", REMOTE_ADDRESS)] if _said(one, REMOTE_SOURCES) else []
        return self.unless_empty(parts)

    def operation(self, one: Operation) -> Matched:
        parts = [self.port(one.ports, one.not_ports)]
        if self.reads == "HTTP":
            parts += [self.of_request(name, one) for name in ("hosts", "methods", "paths")]
        return self.unless_empty(parts)

    def unless_empty(self, parts: Sequence[Matched | None]) -> Matched:
        """All parts that say something. Ztunnel passes over what says nothing that it can read: it does not match."""
        said = [one for one in parts if one is not None]
        if not said and self.reads == "ztunnel":
            return NO
        return all_of(*said)

    def of_request(self, name: str, part: Source | Operation) -> Matched | None:
        """One attribute of requests, and what is excepted of it. Each request has a host, a method and a path."""
        values, but = getattr(part, name), getattr(part, f"not_{name}")
        if not values and not but:
            return None
        always = isinstance(part, Operation)
        if "*" in (but or ()) and (values or always):
            return NO
        if always and not but and "*" in values:
            return YES
        said = [_camel(one) for one, listed in ((name, values), (f"not_{name}", but)) if listed]
        return matched("perhaps", request(said))

    def condition(self, one: Condition) -> Matched:
        key, packet = one.key or "", self.arrival.packet
        found: Matched | None = None
        if not _is_readable(key, self.reads):
            # Read as TCP it is left out; at ztunnel nothing of it is left, which matches nothing.
            return NO if self.reads == "ztunnel" else YES
        if key == "source.ip" or (key == "remote.ip" and self.reads == "TCP"):
            found = addresses(one.values, one.not_values, packet.source_addresses, packet, packet.source)
        elif key == "remote.ip":
            found = matched("perhaps", REMOTE_ADDRESS)
        elif key == "destination.ip":
            found = addresses(one.values, one.not_values, packet.destination_addresses, packet, packet.destination)
        elif key == "destination.port":
            found = self.port(one.values, one.not_values)
        elif key == "source.namespace":
            found = self.peer(one.values, one.not_values, self.is_namespace)
        elif key == "source.principal":
            found = self.peer(one.values, one.not_values, self.is_principal)
        elif one.values and "*" in (one.not_values or ()):
            return NO  # all that there may be is excepted again
        elif key == "connection.sni":
            found = matched("perhaps", SERVER_NAME)
        else:
            found = matched("perhaps", request([key]))
        return YES if found is None else found

    def port(self, values: Sequence[str] | None, but: Sequence[str] | None) -> Matched | None:
        return _listed(
            values, but, lambda text: matched("yes" if int(text) == self.arrival.packet.port else "no", PROOF)
        )

    # --- the peer ---

    def peer(
        self, values: Sequence[str] | None, but: Sequence[str] | None, holds: Callable[[str, Identity], bool]
    ) -> Matched | None:
        """Who proves nothing is none of those that are listed, and not one of those that are not."""

        def told(text: str) -> Matched:
            found = {peer is not None and holds(text, peer) for peer in self.arrival.peers}
            return matched("perhaps" if len(found) > 1 else "yes" if True in found else "no", PROOF)

        return _listed(values, but, told)

    def is_principal(self, text: str, peer: Identity) -> bool:
        domain, *rest = text.split("/")
        own = self.arrival.trust_domain
        if self.reads != "ztunnel" and len(rest) == 4 and domain == LOCAL:
            text = "/".join((own, *rest))
        return fits(text, peer.principal)

    def is_namespace(self, text: str, peer: Identity) -> bool:
        if self.reads == "ztunnel":
            return fits(text, peer.namespace)
        return re.fullmatch(".*".join(map(re.escape, text.split("*"))), peer.namespace) is not None

    def is_account(self, text: str, peer: Identity) -> bool:
        namespace, slash, account = text.rpartition("/")
        return (namespace if slash else self.namespace, account) == (peer.namespace, peer.account)

    def is_trust_domain(self, text: str, peer: Identity) -> bool:
        return fits(text, peer.trust_domain)


def fits(text: str, value: str) -> bool:
    """Exact, prefix (`abc*`), suffix (`*abc`) and presence (`*`) match."""
    if text == "*":
        return bool(value)
    if text.startswith("*"):
        return value.endswith(text[1:])
    if text.endswith("*"):
        return value.startswith(text[:-1])
    return text == value


def addresses(
    values: Sequence[str] | None, but: Sequence[str] | None, spans: Sequence[Span], packet: Packet, end: End
) -> Matched | None:
    """Single addresses and CIDRs; those that are excepted are cut from what is listed."""
    if not values and not but:
        return None
    excepted = [network(_cidr(text)) for text in but or ()]
    rest = minus(spans, [span(one) for one in excepted if one.version == packet.family])
    inside = cover([_cidr(text) for text in values], rest, packet.family) if values and rest else "yes"
    if not rest or inside == "no":
        return NO
    whole = inside == "yes" and rest == list(spans)
    return matched("yes" if whole else "perhaps", POD_ADDRESS if end.kind == "pod" else HOST_ADDRESS)


def _cidr(text: str) -> str:
    found = address(text)
    return f"{text}/{found.max_prefixlen}" if found is not None else text


def opposite(one: Matched) -> Matched:
    return {"yes": NO, "no": YES, "perhaps": one}[one.match]


def _listed(values: Sequence[str] | None, but: Sequence[str] | None, told: Callable[[str], Matched]) -> Matched | None:
    """Any of the values, and none of those that are excepted; None where nothing is listed."""

    def parts() -> Iterator[Matched]:
        if values:
            yield any_of(*map(told, values))
        if but:
            yield opposite(any_of(*map(told, but)))

    found = tuple(parts())
    return all_of(*found) if found else None


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
