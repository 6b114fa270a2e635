"""The rules of policies in the form in which Cilium's policy engine resolves them (`pkg/policy/types`)."""

from __future__ import annotations

import re
from typing import Any, Final, Literal, NamedTuple

from netwright.base.services import ICMP, ICMPV6, SCTP, TCP, UDP
from netwright.profiles.cilium_maps.selectors import Selector

Side = Literal["ingress", "egress"]
Verdict = Literal["allow", "deny", "pass"]
ADMIN, NORMAL, BASELINE, DEFAULT = 100, 200, 250, 255
"""Tiers, the first that decides first."""

FQDNS: Final = "the addresses of the names in toFQDNs are known to DNS alone: each is an identity of its own"
GROUPS: Final = "which addresses a cloud's group has is not in the input"
SERVICES: Final = "a toServices names no Service of the input"
is_port_name = re.compile(r"(?=.{1,15}\Z)([a-zA-Z0-9]-?)*[a-zA-Z](-?[a-zA-Z0-9])*").fullmatch
"""An IANA service name (RFC 6335, section 5.1)."""
TRANSPORTS: Final = (TCP, UDP, SCTP)
PROTOCOLS: Final = {
    "TCP": (TCP,),
    "UDP": (UDP,),
    "SCTP": (SCTP,),
    "ICMP": (ICMP,),
    "ICMPV6": (ICMPV6,),
    "IGMP": (2,),
    "IPIP": (4,),
    "IPV6": (41,),
    "GRE": (47,),
    "ESP": (50,),
    "AH": (51,),
    "VRRP": (112,),
}
PARSERS: Final = {"": 0, "http": 101, "tls": 116, "dns": 121, "crd": 126}
"""Proxies by what they parse, and the order of their listeners."""


class Port(NamedTuple):
    """A port by name or number (0: every one) and the last of a range (0: none), of each of the protocols."""

    name: str
    number: int
    end: int
    protocols: tuple[int, ...]


class Proxy(NamedTuple):
    """What a connection is sent through: `parser` is "" for nothing. `order`: of its listener, 0 is the last."""

    parser: str = ""
    order: int = 0
    listener: str = ""
    tls: tuple[Any, ...] = ()
    names: frozenset[str] = frozenset()
    rules: Any = None


class PortRule(NamedTuple):
    ports: tuple[Port, ...]
    proxy: Proxy = Proxy()


class Entry(NamedTuple):
    """One rule. `peers` None: nobody; empty: everybody, if there are `ports`. `log`: its log string."""

    resource: str
    place: int
    side: Side
    subject: Selector
    peers: tuple[Selector, ...] | None
    ports: tuple[PortRule, ...]
    verdict: Verdict = "allow"
    tier: int = NORMAL
    priority: float = 0.0
    isolates: bool = True
    authentication: str | None = None
    log: str = ""
