"""Ports of Cilium's entries: which can be said, which ask for more than a policy of Kubernetes does."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from netwright.dialects.cilium.objects import IngressDenyRule, IngressRule, PortDenyRule, PortProtocol, PortRule
from netwright.dialects.cilium.services import Entry


def sayable_ports(entry: Entry) -> tuple[Any, Any, list[str]]:
    """The rules of ports that can be said, the others, and why."""
    inward = isinstance(entry, (IngressRule, IngressDenyRule))
    said: list[Any] = []
    others: list[Any] = []
    why: list[str] = []
    for rule in entry.to_ports or ():
        beyond = _requests(rule)
        if beyond:
            others.append(rule)
            why.append(f"has `toPorts.{beyond}`")
            continue
        plain = [port for port in rule.ports or () if not _is_beyond(port, inward)]
        if plain:
            said.append(replace(rule, ports=tuple(plain)))
        if len(plain) < len(rule.ports or ()):
            others.append(replace(rule, ports=tuple(p for p in rule.ports or () if _is_beyond(p, inward))))
            why.append("names a port with an `endPort`, or a protocol beside TCP, UDP and SCTP")
    return tuple(said) or None, tuple(others), why


def _is_beyond(port: PortProtocol, inward: bool) -> bool:
    if (port.protocol or "ANY").upper() not in ("ANY", "TCP", "UDP", "SCTP"):
        return True
    return port.name is not None and inward and bool(port.end_port)


def _requests(rule: PortRule | PortDenyRule) -> str:
    """The field that asks something of what passes; "" for none."""
    if not isinstance(rule, PortRule):
        return ""
    if rule.rules is not None and (rule.rules.http or rule.rules.dns):
        return "rules"
    names = {
        "terminating_tls": "terminatingTLS",
        "originating_tls": "originatingTLS",
        "server_names": "serverNames",
        "listener": "listener",
    }
    return next((text for name, text in names.items() if getattr(rule, name)), "")


def without_requests(entry: Entry) -> Entry:
    """The entry without what it asks of requests, on the ports that it names."""
    plain = tuple(PortRule(ports=rule.ports) for rule in entry.to_ports or () if isinstance(rule, PortRule))
    return replace(entry, to_ports=plain) if plain else entry
