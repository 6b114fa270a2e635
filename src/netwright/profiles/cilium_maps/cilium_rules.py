"""CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy as rules of the policy engine.

After Cilium 1.20.2: `pkg/policy/utils/parserules.go`, `pkg/policy/api`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from netwright.base.services import ICMP, ICMPV6
from netwright.dialects.cilium import objects as cilium
from netwright.model.document import Decoded
from netwright.profiles.cilium_maps.backends import of_services
from netwright.profiles.cilium_maps.rules import (
    FQDNS,
    GROUPS,
    PARSERS,
    PROTOCOLS,
    SERVICES,
    TRANSPORTS,
    Entry,
    Port,
    PortRule,
    Proxy,
    Side,
    Verdict,
)
from netwright.profiles.cilium_maps.selectors import (
    ENTITIES,
    Need,
    Selector,
    cidr,
    cidr_rule,
    cilium_peer,
    cilium_subject,
)


def is_refused(policy: cilium.CiliumNetworkPolicy) -> bool:
    """Whether it needs enable-node-selector-labels or enable-extended-ip-protocols, which are off."""
    for entry in (one for rule in _rules(policy) for section in _sections(rule) for one in section):
        if getattr(entry, "from_nodes", None) or getattr(entry, "to_nodes", None):
            return True
        if any(port.port is None for ports in entry.to_ports or () for port in ports.ports or ()):
            return True
    return False


def _rules(policy: cilium.CiliumNetworkPolicy) -> Iterator[cilium.Rule]:
    if policy.spec is not None:
        yield policy.spec
    yield from policy.specs or ()


def _sections(rule: cilium.Rule) -> tuple[Sequence[Any], ...]:
    return (rule.ingress or (), rule.ingress_deny or (), rule.egress or (), rule.egress_deny or ())


_SECTIONS: Final[tuple[tuple[Side, Verdict], ...]] = (
    ("ingress", "allow"),
    ("ingress", "deny"),
    ("egress", "allow"),
    ("egress", "deny"),
)


def cilium_rules(policy: cilium.CiliumNetworkPolicy, namespace: str, objects: Sequence[Decoded]) -> Iterator[Entry]:
    for rule in _rules(policy):
        if rule.endpoint_selector is None:
            continue  # it is for nodes
        subject = cilium_subject(rule.endpoint_selector, namespace)
        of_init = any(one.source == "reserved" and one.key == "init" for one in subject.needs)
        default = rule.enable_default_deny or cilium.DefaultDeny()
        for (side, verdict), listed in zip(_SECTIONS, _sections(rule), strict=True):
            for one in listed:
                authentication = getattr(one, "authentication", None)
                yield Entry(
                    resource="",
                    place=0,
                    side=side,
                    subject=subject,
                    peers=_cilium_peers(one, side, namespace, of_init, objects),
                    ports=(*_port_rules(one.to_ports, namespace), *_icmp_rules(one.icmps)),
                    verdict=verdict,
                    isolates=getattr(default, side) is not False,
                    authentication=(authentication.mode or "") if authentication is not None else None,
                    log=(rule.log.value or "") if rule.log is not None else "",
                )


def _cilium_peers(
    rule: Any, side: Side, namespace: str, of_init: bool, objects: Sequence[Decoded]
) -> tuple[Selector, ...] | None:
    word = "from" if side == "ingress" else "to"
    endpoints, entities, ranges, sets = (
        getattr(rule, f"{word}_{name}") for name in ("endpoints", "entities", "cidr", "cidr_set")
    )
    if any(listed is not None and not listed for listed in (endpoints, entities, ranges, sets)):
        return None
    found = [cilium_peer(one, namespace, of_init) for one in endpoints or ()]
    for entity in entities or ():
        found += ENTITIES.get(entity, ())
    found += [cidr(text) for text in ranges or ()]
    found += [cidr_rule(one) for one in sets or ()]
    names = getattr(rule, "to_fqdns", None) or ()
    found += [Selector("open", (Need("fqdn", str(one), None, True),), reason=FQDNS) for one in names]
    groups = getattr(rule, f"{word}_groups") or ()
    found += [Selector("open", (Need("cidrgroup", str(one), None, True),), reason=GROUPS) for one in groups]
    services = getattr(rule, "to_services", None) or ()
    if services:
        found += of_services(services, objects) or [Selector("open", reason=SERVICES)]
    return tuple(found)


def _port_rules(rules: Sequence[Any] | None, namespace: str) -> Iterator[PortRule]:
    for rule in rules or ():
        ports = tuple(_cilium_port(one) for one in rule.ports or ())
        yield PortRule(ports, _proxy(rule, namespace) if isinstance(rule, cilium.PortRule) else Proxy())


def _cilium_port(port: cilium.PortProtocol) -> Port:
    written = (port.protocol or "ANY").upper()
    protocols = TRANSPORTS if written == "ANY" else PROTOCOLS[written]
    if port.name is not None:
        return Port(port.name, 0, port.end_port or 0, protocols)
    return Port("", port.number or 0, port.end_port or 0, protocols)


def _proxy(rule: cilium.PortRule, namespace: str) -> Proxy:
    parser, listener, order = "", "", 0
    tls = (rule.terminating_tls, rule.originating_tls)
    if any(tls) or rule.server_names:
        parser = "tls"
    if rule.rules is not None and rule.rules.dns:
        parser = "dns"
    elif rule.rules is not None and rule.rules.http:
        parser = "http"  # of TCP only, which its validation asks for
    if rule.listener is not None:
        parser = "crd"
        config = rule.listener.envoy_config
        wide = config is not None and config.kind == "CiliumClusterwideEnvoyConfig"
        listener = f"{'' if wide else namespace}/{config.name if config else ''}/{rule.listener.name}"
        order = rule.listener.priority or 0
    rules = rule.rules if rule.rules is not None and (rule.rules.http or rule.rules.dns) else None
    return Proxy(parser, order or PARSERS[parser], listener, tls, frozenset(rule.server_names or ()), rules)


def _icmp_rules(rules: Sequence[cilium.ICMPRule] | None) -> Iterator[PortRule]:
    """A type stands where the port stands, so that type 0 is every one."""
    for rule in rules or ():
        yield PortRule(
            tuple(
                Port("", one.number or 0, 0, (ICMPV6,) if one.family == "IPv6" else (ICMP,))
                for one in rule.fields or ()
            )
        )
