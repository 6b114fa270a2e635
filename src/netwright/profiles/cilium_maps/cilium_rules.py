"""CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy as rules of the policy engine.

After Cilium 1.20.2: `pkg/policy/utils/parserules.go`, `pkg/policy/api`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from netwright.base.services import ICMP, ICMPV6
from netwright.dialects.cilium import objects as cilium
from netwright.dialects.cilium.named_objects import NamedObjects
from netwright.dialects.cilium.validate import rules_of
from netwright.dialects.k8s.objects import LabelSelector
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
    pods_in,
)


def _sections(rule: cilium.Rule) -> tuple[Sequence[Any], ...]:
    return (rule.ingress or (), rule.ingress_deny or (), rule.egress or (), rule.egress_deny or ())


_SECTIONS: Final[tuple[tuple[Side, Verdict], ...]] = (
    ("ingress", "allow"),
    ("ingress", "deny"),
    ("egress", "allow"),
    ("egress", "deny"),
)


def cilium_rules(policy: cilium.CiliumNetworkPolicy, namespace: str, objects: NamedObjects) -> Iterator[Entry]:
    for rule, _ in rules_of(policy):
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
    rule: Any, side: Side, namespace: str, of_init: bool, objects: NamedObjects
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
        found += list(_services(services, objects)) or [Selector("open", reason=SERVICES)]
    return tuple(found)


def _services(named: Sequence[cilium.Service], objects: NamedObjects) -> Iterator[Selector]:
    """The pods that the named Services select; of one without a selector the addresses of its endpoints."""
    for d in objects.services(named):
        selector = d.value.spec.selector if d.value.spec else None
        if selector:
            yield pods_in(LabelSelector(match_labels=dict(selector)), d.namespace, False)
        else:
            yield from map(cidr, objects.addresses(d))


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
