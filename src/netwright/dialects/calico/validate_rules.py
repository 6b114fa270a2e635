"""What refuses a rule of a policy or profile of Calico.

As in Calico 3.32: the validation rules of `Rule` and `EntityRule` in `api/pkg/apis/projectcalico/v3/policy_common.go`,
`validateRule` and `validateEntityRule` of `libcalico-go/lib/validator/v3`, and `api/pkg/lib/numorstring`.
"""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Final

from netwright.base.services import ICMP, ICMPV6, TCP
from netwright.base.spans import Pointer
from netwright.dialects.calico.grammar import Global, SyntaxFault, parse, terms
from netwright.dialects.calico.objects import EntityRule, ICMPFields, Rule, ServiceMatch
from netwright.dialects.calico.ports import WITH_PORTS, protocol_number
from netwright.dialects.k8s.validate_syntax import Fault, is_address, quoted

_ACTIONS: Final = ("Allow", "Deny", "Log", "Pass")
_PROTOCOLS: Final = ("TCP", "UDP", "ICMP", "ICMPv6", "SCTP", "UDPLite")
_PORT: Final = re.compile(r"([0-9]{1,5})(?::([0-9]{1,5}))?", re.ASCII).fullmatch
_PORT_NAME: Final = re.compile(r"[a-zA-Z0-9_.-]{1,128}", re.ASCII).fullmatch
_LISTS: Final = (("ports", "ports"), ("not_ports", "notPorts"))
_CATCH_ALL: Final = ("0.0.0.0/0", "::/0")


def check_rule(rule: Rule, at: Pointer, side: str, *, namespaced: bool) -> None:
    """One rule of a direction; `namespaced`: of a policy that stands in a namespace. Raises `Fault`."""
    if rule.action not in _ACTIONS:
        said = f"is {quoted(rule.action)}; it is" if rule.action else "is missing; it is"
        raise Fault((*at, "action"), f"{said} `Allow`, `Deny`, `Log` or `Pass`")
    if rule.ip_version not in (None, 4, 6):
        raise Fault((*at, "ipVersion"), f"is {rule.ip_version}; it is 4 or 6")
    check_protocol(rule.protocol, (*at, "protocol"))
    check_protocol(rule.not_protocol, (*at, "notProtocol"))
    _check_icmp(rule, at)
    _check_http(rule, at, side)
    for name, entity in (("source", rule.source), ("destination", rule.destination)):
        if entity is not None:
            _check_entity(entity, (*at, name), rule)
    _check_services(rule, at, side, namespaced=namespaced)
    _check_nets(rule, at)


def check_protocol(written: int | str | None, at: Pointer, *, with_ports: bool = False) -> None:
    """A protocol's name or number. Raises `Fault`."""
    if written is None and not with_ports:
        return
    number = protocol_number(written)
    if isinstance(written, str) and not written.isdigit() and written not in _PROTOCOLS:
        raise Fault(at, f"is {quoted(written)}; it is {', '.join(f'`{one}`' for one in _PROTOCOLS)} or a number")
    if number is None or not 1 <= number <= 255:
        raise Fault(at, f"is {quoted(written)}; the number of a protocol is from 1 to 255")
    if with_ports and number not in WITH_PORTS:
        raise Fault(at, f"is {quoted(written)}, which has no ports")


def check_net(text: str, at: Pointer, *, bare: bool = False) -> None:
    """A range of addresses; an address alone where `bare`. Raises `Fault`."""
    if bare and is_address(text):
        return
    try:
        if "/" not in text:
            raise ValueError
        ip_network(text, strict=False)
    except ValueError:
        more = f"write `{text}/{128 if ':' in text else 32}`" if is_address(text) else "write ADDRESS/LENGTH"
        raise Fault(at, f"is {quoted(text)}, which is no CIDR", more) from None


def check_selector(text: str | None, at: Pointer, *, globally: bool = False, limit: int = 0) -> None:
    """A selector of at most `limit` characters (0: of any number), with `global()` only where that is read. Raises
    `Fault`."""
    if not text:
        return
    if limit and len(text) > limit:
        raise Fault(at, f"has {len(text)} characters; a selector here has at most {limit}")
    try:
        parse(text)
    except SyntaxFault as fault:
        raise Fault(
            at,
            f"{fault.what}, at character {fault.at + 1} of {quoted(text)}",
            "write `label == 'value'`, `has(label)`, `label in {'a', 'b'}`, joined by `&&` and `||`",
        ) from None
    if "global(" in text and not globally:
        raise Fault(at, "has `global()`, which only the namespaceSelector of a rule can have")


# --- parts of a rule --------------------


def _check_icmp(rule: Rule, at: Pointer) -> None:
    for name, fields in (("icmp", rule.icmp), ("notICMP", rule.not_icmp)):
        if fields is not None:
            _check_icmp_fields(fields, (*at, name))
    protocol, excluded = protocol_number(rule.protocol), protocol_number(rule.not_protocol)
    if rule.icmp is not None and protocol not in (ICMP, ICMPV6):
        raise Fault((*at, "icmp"), "stands without `protocol: ICMP` or `protocol: ICMPv6`", "write the protocol")
    for name, number in (("protocol", protocol), ("notProtocol", excluded)):
        for version, of_version in ((4, ICMP), (6, ICMPV6)):
            if number == of_version and rule.ip_version not in (None, version):
                shown = "ICMP" if version == 4 else "ICMPv6"
                raise Fault(
                    (*at, "ipVersion"), f"is {rule.ip_version} beside `{name}: {shown}`, which is IPv{version}'s"
                )


def _check_icmp_fields(fields: ICMPFields, at: Pointer) -> None:
    if fields.code is not None and fields.type is None:
        raise Fault((*at, "code"), "stands without `type`", "write the type too")
    if fields.type is not None and not 0 <= fields.type <= 254:
        raise Fault((*at, "type"), f"is {fields.type}; it is from 0 to 254")
    if fields.code is not None and not 0 <= fields.code <= 255:
        raise Fault((*at, "code"), f"is {fields.code}; it is from 0 to 255")


def _check_http(rule: Rule, at: Pointer, side: str) -> None:
    if rule.http is None:
        return
    place = (*at, "http")
    if rule.action != "Allow":
        raise Fault(place, f"stands in a rule with the action {quoted(rule.action)}; only `Allow` can ask for requests")
    if protocol_number(rule.protocol) not in (None, TCP):
        raise Fault(place, f"stands beside `protocol: {rule.protocol}`; requests of HTTP are TCP")
    if side == "egress":
        raise Fault(place, "stands in an egress rule; only ingress rules can ask for requests")
    for index, path in enumerate(rule.http.paths or ()):
        if bool(path.exact) == bool(path.prefix):
            raise Fault((*place, "paths", index), "has not exactly one of `exact` and `prefix`")
        text = path.exact or path.prefix or ""
        if not text.startswith("/") or "?" in text or "#" in text:
            field = "exact" if path.exact else "prefix"
            raise Fault((*place, "paths", index, field), f"is {quoted(text)}; a path begins with `/` and has no query")


def _check_entity(entity: EntityRule, at: Pointer, rule: Rule) -> None:
    for name, text in (("selector", entity.selector), ("notSelector", entity.not_selector)):
        check_selector(text, (*at, name), globally=name == "notSelector")
    _check_namespace_selector(entity.namespace_selector, (*at, "namespaceSelector"))
    if entity.service_accounts is not None:
        check_selector(entity.service_accounts.selector, (*at, "serviceAccounts", "selector"), globally=True)
    for attribute, name in _LISTS:
        for index, port in enumerate(getattr(entity, attribute) or ()):
            _check_port(port, (*at, name, index))
        _check_protocol_of_ports(getattr(entity, attribute) or (), (*at, name), rule)


def _check_namespace_selector(text: str | None, at: Pointer) -> None:
    check_selector(text, at, globally=True)
    if text and "global(" in text:
        tree = parse(text)
        if not isinstance(tree, Global) and (any(terms(tree)) or text.strip() != "global()"):
            raise Fault(at, "joins `global()` with something else; it stands alone", "write `global()`")


def _check_port(port: int | str, at: Pointer) -> None:
    if isinstance(port, int):
        low = high = port
    elif (found := _PORT(port)) is not None:
        low, high = int(found[1]), int(found[2] or found[1])
    elif _PORT_NAME(port):
        return
    else:
        raise Fault(at, f"is {quoted(port)}; it is a number, `FIRST:LAST` or a name", "write a range with a colon")
    if not (0 <= low <= 65535 and 0 <= high <= 65535) or (low == 0 and high == 0):
        raise Fault(at, f"is {quoted(port)}; ports are from 1 to 65535")
    if low > high:
        raise Fault(at, f"is {quoted(port)}, which ends before it begins", f"write `{high}:{low}`")


def _check_protocol_of_ports(ports: tuple[int | str, ...], at: Pointer, rule: Rule) -> None:
    number = protocol_number(rule.protocol)
    if number in WITH_PORTS or not ports:
        return
    if number is not None:
        raise Fault(at, f"stands beside `protocol: {rule.protocol}`, which has no ports")
    if any(isinstance(port, int) or _PORT(port) for port in ports):
        raise Fault(at, "has numbers of ports in a rule without `protocol`", "write `protocol: TCP`, UDP or SCTP")


def _check_services(rule: Rule, at: Pointer, side: str, *, namespaced: bool) -> None:
    for name, entity in (("source", rule.source), ("destination", rule.destination)):
        if entity is None or entity.services is None:
            continue
        place = (*at, name, "services")
        if (side, name) in (("ingress", "destination"), ("egress", "source")):
            raise Fault(place, f"stands in the {name} of an {side} rule; a Service can only be the other end")
        _check_service(entity.services, place, namespaced=namespaced)
        for field, shown in (
            ("selector", "selector"),
            ("not_selector", "notSelector"),
            ("namespace_selector", "namespaceSelector"),
            ("nets", "nets"),
            ("not_nets", "notNets"),
            ("service_accounts", "serviceAccounts"),
        ):
            if getattr(entity, field):
                raise Fault(
                    place, f"stands beside `{shown}`; a Service is the whole of an end", "leave one of them out"
                )
        if name == "destination" and (entity.ports or entity.not_ports):
            raise Fault(place, "stands beside ports; those of the Service's endpoints count", "leave the ports out")


def _check_service(service: ServiceMatch, at: Pointer, *, namespaced: bool) -> None:
    if not service.name:
        raise Fault((*at, "name"), "is missing; a Service is named")
    if not namespaced and not service.namespace:
        raise Fault((*at, "namespace"), "is missing; the policy has no namespace of its own to look in")


def _check_nets(rule: Rule, at: Pointer) -> None:
    seen: int | None = None
    for name, entity in (("source", rule.source), ("destination", rule.destination)):
        for attribute, shown in (("nets", "nets"), ("not_nets", "notNets")):
            for index, text in enumerate((getattr(entity, attribute) if entity is not None else None) or ()):
                place = (*at, name, shown, index)
                check_net(text, place)
                if shown == "notNets" and text in _CATCH_ALL:
                    raise Fault(place, f"is {quoted(text)}: the rule would match nothing", "leave it out")
                version = 6 if ":" in text else 4
                if rule.ip_version not in (None, version):
                    raise Fault(place, f"is {quoted(text)} beside `ipVersion: {rule.ip_version}`")
                if seen not in (None, version):
                    raise Fault(place, f"is {quoted(text)}; the ranges of a rule are all IPv4 or all IPv6")
                seen = version
