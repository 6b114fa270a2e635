"""What the entries of Cilium's rules say of ports and ICMP, and what of requests they ask for after they allow.

After Cilium 1.20.2: `pkg/policy/api`, `pkg/policy/l4`, `Documentation/security/policy/layer7.rst`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from netwright.base.intervals import Interval
from netwright.base.services import ICMP, ICMPV6, PROTOCOLS, SCTP, TCP, UDP, ServiceSet, service_key
from netwright.dialects.cilium.objects import (
    Authentication,
    EgressDenyRule,
    EgressRule,
    FQDNSelector,
    ICMPRule,
    IngressDenyRule,
    IngressRule,
    PortDenyRule,
    PortRule,
)
from netwright.model.rule import EVERY_SERVICE, UNBOUND, NamedPort, Obligation, Service

Entry = IngressRule | IngressDenyRule | EgressRule | EgressDenyRule
_OTHER_PROTOCOLS: Final = {"VRRP": 112, "IGMP": 2}


def services_of(entry: Entry, of_nobody: bool) -> Iterator[tuple[Service, Obligation]]:
    """The services of an entry, each with what is owed after it; `of_nobody`: it has no peers. Nothing where it names
    neither."""
    ports: Sequence[PortRule | PortDenyRule] = entry.to_ports or ()
    proof = _authentication(entry.authentication) if isinstance(entry, (IngressRule, EgressRule)) else UNBOUND
    if not ports and not entry.icmps:
        if not of_nobody:
            yield EVERY_SERVICE, proof
        return
    plain: list[Service] = [_icmp(entry.icmps)] if entry.icmps else []
    for port in ports:
        service = _ports(port)
        owed = _owed(port, proof) if isinstance(port, PortRule) else UNBOUND
        if owed == proof:
            plain.append(service)
        else:
            yield service, owed
    if plain:
        fixed: list[Interval] = [i for s in plain for i in s.fixed.intervals]
        named = sorted({n for s in plain for n in s.named}, key=_by_name)
        yield Service(ServiceSet.of(fixed), tuple(named)), proof


NEVER_FULFILLED: Final = Obligation(*["authentication that always fails"] * 2)


def _authentication(wanted: Authentication | None) -> Obligation:
    mode = (wanted.mode or "disabled") if wanted is not None else "disabled"
    if mode == "disabled":
        return UNBOUND
    return NEVER_FULFILLED if mode == "test-always-fail" else Obligation(*["mutual authentication of both ends"] * 2)


def _owed(port: PortRule, proof: Obligation) -> Obligation:
    """What of a port rule has to hold after the connection is allowed. Requests that no rule describes pass where
    nothing isolates the endpoint."""
    requests: list[str] = []
    if port.rules is not None and port.rules.http:
        told = [
            " ".join(filter(None, (r.method, r.path, r.host and f"on {r.host}"))) or "with its headers"
            for r in port.rules.http
        ]
        requests.append("requests " + " or ".join(told))
    if port.rules is not None and port.rules.dns:
        requests.append("DNS queries for " + " or ".join(f"`{name_of(one)}`" for one in port.rules.dns))
    others: list[str] = []
    if port.server_names:
        others.append("TLS to " + " or ".join(f"`{name}`" for name in port.server_names))
    elif port.terminating_tls is not None or port.originating_tls is not None:
        others.append("TLS")
    if port.listener is not None:
        others.append("what the listener of Envoy lets pass")
    if not requests and not others:
        return proof
    others += [proof.text] if proof is not UNBOUND else []
    return Obligation(", ".join((*requests, *others)), ", ".join(others))


def name_of(one: FQDNSelector) -> str:
    """The name or pattern of an entry."""
    return one.match_name or one.match_pattern or ""


def _ports(rule: PortRule | PortDenyRule) -> Service:
    fixed: list[Interval] = []
    named: list[NamedPort] = []
    for port in rule.ports or ():
        protocol = (port.protocol or "ANY").upper()
        if protocol == "ANY":
            numbers = [TCP, UDP, SCTP]
        elif protocol in _OTHER_PROTOCOLS:
            number = _OTHER_PROTOCOLS[protocol]
            fixed.append((service_key(number, 0), service_key(number, 0xFFFF) + 1))
            continue
        else:
            numbers = [PROTOCOLS[protocol]]
        for number in numbers:
            if port.name is not None:
                named.append(NamedPort(number, port.name, port.end_port or 0))
                continue
            low = port.number or 0
            high = max(low, port.end_port or 0) if low else 0xFFFF
            fixed.append((service_key(number, low), service_key(number, high) + 1))
    return Service(ServiceSet.of(fixed), tuple(sorted(set(named), key=_by_name)))


def _by_name(port: NamedPort) -> tuple[str, int, int]:
    return port.name, port.protocol, port.end


def _icmp(rules: Sequence[ICMPRule]) -> Service:
    fixed: list[Interval] = []
    for one in (field for rule in rules for field in rule.fields or ()):
        protocol = ICMPV6 if one.family == "IPv6" else ICMP
        kind = one.number
        if kind is None:
            continue
        # type 0 is port 0 of Cilium's map, which is every port
        low, high = (kind << 8, kind << 8 | 0xFF) if kind else (0, 0xFFFF)
        fixed.append((service_key(protocol, low), service_key(protocol, high) + 1))
    return Service(ServiceSet.of(fixed))


def peers_as_written(entry: Entry) -> bytes:
    """The peers of an entry, to be compared, whatever the order of their labels."""
    apart = ("to_ports", "icmps", "authentication")
    peers = [getattr(entry, name) for name in entry.__struct_fields__ if name not in apart]
    return msgspec.json.encode(peers, order="deterministic")
