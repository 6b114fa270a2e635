"""Over which ports and requests a rule of Cilium lets pass: ports, ICMP, rules of HTTP and DNS. Raises `Fault`."""

from __future__ import annotations

import re

from netwright.base.spans import Pointer
from netwright.dialects.cilium.objects import (
    ICMP_TYPES,
    HTTPRule,
    ICMPField,
    ICMPRule,
    L7Rules,
    Listener,
    PortDenyRule,
    PortProtocol,
    PortRule,
    TLSContext,
)
from netwright.dialects.cilium.validate_peers import check_fqdn, check_server_name
from netwright.dialects.k8s.validate_syntax import Fault, quoted

_MOST = 40
_PORTLESS = ("VRRP", "IGMP", "GRE", "IPIP", "IPV6", "ESP", "AH")
PROTOCOLS = ("TCP", "UDP", "SCTP", *_PORTLESS, "ANY")
_ACTIONS = ("LOG", "ADD", "DELETE", "REPLACE")
_ENVOY_KINDS = ("CiliumEnvoyConfig", "CiliumClusterwideEnvoyConfig")
_REMOVED = ("kafka", "l7proto", "l7")
_TYPE_NUMBER = re.compile(r"[0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5]").fullmatch
_FLAGS = re.compile(r"\(\?[imsU-]+\)").match
_REPEATED = re.compile(r"\{(\d+)(,(\d*))?\}").match
_MOST_REPEATED = 1000


def check_ports(rules: tuple[PortRule, ...] | None, at: Pointer, *, ingress: bool, host: bool) -> None:
    """`toPorts` of a rule that allows; `host`: one that is about nodes."""
    for index, rule in enumerate(rules or ()):
        _check_port_rule(rule, (*at, index), ingress=ingress, host=host)


def check_deny_ports(rules: tuple[PortDenyRule, ...] | None, at: Pointer) -> None:
    """`toPorts` of a rule that denies."""
    for index, rule in enumerate(rules or ()):
        _check_list(rule.ports, (*at, index, "ports"))


def filters(rule: PortRule) -> bool:
    """Whether the requests themselves are looked at."""
    return rule.rules is not None and bool(rule.rules.http or rule.rules.dns)


def _check_port_rule(rule: PortRule, at: Pointer, *, ingress: bool, host: bool) -> None:
    _check_list(rule.ports, (*at, "ports"))
    for tls, text in ((rule.terminating_tls, "terminatingTLS"), (rule.originating_tls, "originatingTLS")):
        if tls is not None:
            _check_tls(tls, (*at, text))
    if rule.listener is not None:
        _check_listener(rule.listener, (*at, "listener"))
        if ingress:
            raise Fault((*at, "listener"), "stands in an ingress rule; only an egress rule has a listener")
        if filters(rule):
            raise Fault((*at, "listener"), "stands beside `rules`; an entry has one of them")
    if rule.server_names is not None:
        _check_server_names(rule.server_names, (*at, "serverNames"))
        if rule.server_names and filters(rule) and rule.terminating_tls is None:
            raise Fault((*at, "serverNames"), "stands beside `rules` without `terminatingTLS`")
    if rule.rules is not None:
        _check_rules(rule.rules, (*at, "rules"))
        _check_filtered(rule, rule.rules, at, ingress=ingress, host=host)


# --- ports --------------------


def _check_list(ports: tuple[PortProtocol, ...] | None, at: Pointer) -> None:
    if ports is not None and len(ports) > _MOST:
        raise Fault(at, f"has {len(ports)} entries; {_MOST} are the most")
    for index, port in enumerate(ports or ()):
        _check_port(port, (*at, index))


def _check_port(port: PortProtocol, at: Pointer) -> None:
    if port.protocol is not None and port.protocol not in PROTOCOLS:
        right = port.protocol.upper()
        raise Fault(
            (*at, "protocol"),
            f"is {quoted(port.protocol)}; the protocols are {', '.join(f'`{p}`' for p in PROTOCOLS)}",
            f"write `{right}`"
            if right in PROTOCOLS
            else "write the types under `icmps`"
            if right.startswith("ICMP")
            else "",
        )
    if port.end_port is not None and not 0 <= port.end_port <= 65535:
        raise Fault((*at, "endPort"), f"is {quoted(port.end_port)}; ports are 0 to 65535")
    if port.port is None:
        return
    if port.name is None and port.number is None:
        raise Fault(
            (*at, "port"),
            f"is {quoted(port.port)}; a port is a number up to 65535 in quotes (0 is every port), or a name of at most "
            "15 letters, digits and single `-`, at least one letter, no `-` at the ends",
        )
    if port.protocol in _PORTLESS and port.name is None and port.port != "0":
        raise Fault((*at, "port"), f"is {quoted(port.port)}; the protocol `{port.protocol}` has no ports", "write `0`")


def check_icmps(rules: tuple[ICMPRule, ...] | None, at: Pointer) -> None:
    """`icmps` of a rule: families and types."""
    for index, rule in enumerate(rules or ()):
        place = (*at, index, "fields")
        if rule.fields is not None and len(rule.fields) > _MOST:
            raise Fault(place, f"has {len(rule.fields)} entries; {_MOST} are the most")
        for number, field in enumerate(rule.fields or ()):
            _check_icmp(field, (*place, number))


def _check_icmp(field: ICMPField, at: Pointer) -> None:
    family = field.family if field.family is not None else "IPv4"
    if family not in ICMP_TYPES:
        raise Fault((*at, "family"), f"is {quoted(family)}; the families are `IPv4` and `IPv6`")
    if field.type is None:
        raise Fault((*at, "type"), "is missing; it is a number from 0 to 255 or a name such as `EchoRequest`")
    if isinstance(field.type, int):
        right = 0 <= field.type <= 255
    else:
        right = field.type in ICMP_TYPES[family] or _TYPE_NUMBER(field.type) is not None
    if not right:
        raise Fault(
            (*at, "type"),
            f"is {quoted(field.type)}; for {family} it is a number from 0 to 255 or one of "
            + ", ".join(f"`{name}`" for name in ICMP_TYPES[family]),
        )


# --- TLS and listeners --------------------


def _check_tls(tls: TLSContext, at: Pointer) -> None:
    if tls.secret is None:
        raise Fault((*at, "secret"), "is missing; it names the Secret with the certificates")
    if tls.secret.name is None:
        raise Fault((*at, "secret", "name"), "is missing")


def _check_server_names(names: tuple[str, ...], at: Pointer) -> None:
    if not names:
        raise Fault(at, "is empty; leave it out to match every name")
    for index, name in enumerate(names):
        check_server_name(name, (*at, index))
    if len(set(names)) < len(names):
        raise Fault(at, "lists one entry twice")


def _check_listener(listener: Listener, at: Pointer) -> None:
    config = listener.envoy_config
    if config is None or not config.name:
        raise Fault((*at, "envoyConfig", "name"), "is missing; it names a CiliumEnvoyConfig")
    if config.kind is not None and config.kind not in _ENVOY_KINDS:
        listed = " and ".join(f"`{kind}`" for kind in _ENVOY_KINDS)
        raise Fault((*at, "envoyConfig", "kind"), f"is {quoted(config.kind)}; the kinds are {listed}")
    if not listener.name:
        raise Fault((*at, "name"), "is missing; it names a listener of the `envoyConfig`")
    if listener.priority is not None and not 1 <= listener.priority <= 100:
        raise Fault((*at, "priority"), f"is {quoted(listener.priority)}; priorities are 1 to 100")


# --- HTTP and DNS --------------------


def _check_rules(rules: L7Rules, at: Pointer) -> None:
    for name in _REMOVED:
        if getattr(rules, name) is not None:
            raise Fault((*at, name), "was removed in Cilium 1.20; rules are `http` or `dns`")
    if (rules.http is None) == (rules.dns is None):
        raise Fault(
            at,
            "is empty; it has `http` or `dns`" if rules.http is None else "has `http` and `dns`; it has one of them",
        )
    for index, request in enumerate(rules.http or ()):
        _check_http(request, (*at, "http", index))
    for index, name_ in enumerate(rules.dns or ()):
        check_fqdn(name_, (*at, "dns", index))


def _check_filtered(rule: PortRule, rules: L7Rules, at: Pointer, *, ingress: bool, host: bool) -> None:
    """Where requests of which kind can be looked at."""
    if rules.dns and ingress:
        raise Fault((*at, "rules", "dns"), "stands in an ingress rule; only egress rules look at DNS")
    if rules.http and host:
        raise Fault((*at, "rules", "http"), "stands in a rule about nodes; those look at DNS only")
    if rules.dns and not rule.ports:
        raise Fault((*at, "ports"), "is empty; rules of DNS need their port", "write port `53`")
    if not filters(rule):
        return
    for index, port in enumerate(rule.ports or ()):
        place = (*at, "ports", index)
        if rules.http and port.protocol != "TCP":
            what = "is missing, which is ANY" if port.protocol is None else f"is {quoted(port.protocol)}"
            raise Fault((*place, "protocol"), f"{what}; rules of HTTP are for `TCP` only", "write `TCP`")
        if port.number == 0:
            raise Fault((*place, "port"), "is `0`, every port; rules of HTTP and DNS need their ports")
        if rules.dns and port.number is not None and (port.end_port or 0) > port.number:
            raise Fault((*place, "endPort"), "makes a range of ports, which rules of DNS do not take")


def _check_http(rule: HTTPRule, at: Pointer) -> None:
    for text, field in ((rule.path, "path"), (rule.method, "method")):
        if text and (wrong := _expression_fault(text)):
            raise Fault((*at, field), f"is {quoted(text)}, no regular expression: {wrong}")
    for index, header in enumerate(rule.header_matches or ()):
        place = (*at, "headerMatches", index)
        if not header.name:
            raise Fault((*place, "name"), "is missing; it names a header")
        if header.mismatch is not None and header.mismatch not in _ACTIONS:
            listed = ", ".join(f"`{action}`" for action in _ACTIONS)
            raise Fault((*place, "mismatch"), f"is {quoted(header.mismatch)}; the actions are {listed}")
        if header.secret is not None and not header.secret.name:
            raise Fault((*place, "secret", "name"), "is missing")


def _expression_fault(text: str) -> str:
    """What Go's `regexp` refuses in the structure of an expression, or "".

    Groups, classes, repetitions, look-around and references back; not the names of classes and escapes.
    """
    opened, at, repeatable, repeated = 0, 0, False, False
    while at < len(text):
        char, again, step = text[at], False, 1
        if char == "\\":
            if at + 1 == len(text):
                return "it ends in `\\`"
            follows = text[at + 1]
            if follows in "89" or (follows in "1234567" and text[at + 2 : at + 3] not in tuple("01234567")):
                return "it refers back to a group"
            step = 2
            if follows == "Q":
                end = text.find("\\E", at)
                step = (end + 2 if end >= 0 else len(text)) - at
            repeatable = True
        elif char == "[":
            end = _class_end(text, at)
            if end < 0:
                return "a `[` is not closed"
            step, repeatable = end + 1 - at, True
        elif char == "(":
            if flags := _FLAGS(text, at):
                step = len(flags[0])
            else:
                if text.startswith(("(?=", "(?!", "(?<=", "(?<!", "(?>", "(?#"), at):
                    return "it looks around"
                if text.startswith("(?", at):
                    end = min((e for e in (text.find(":", at), text.find(">", at)) if e >= 0), default=-1)
                    if end < 0:
                        return "a group with `(?` has no `:` or `>`"
                    step = end + 1 - at
                opened += 1
                repeatable = False
        elif char == ")":
            opened -= 1
            if opened < 0:
                return "a `)` closes nothing"
            repeatable = True
        elif char == "|":
            repeatable = False
        elif char in "*+?" or (char == "{" and _REPEATED(text, at)):
            if not repeatable:
                return f"nothing stands before `{char}`"
            if repeated:
                return f"a repetition stands before `{char}`"
            if counted := _REPEATED(text, at):
                step = len(counted[0])
                least, most = int(counted[1]), int(counted[3] or counted[1])
                if max(least, most) > _MOST_REPEATED or most < least:
                    return f"`{counted[0]}` repeats wrongly"
            step += text.startswith("?", at + step)
            again = True
        else:
            repeatable = True
        repeated = again
        at += step
    return "a `(` is not closed" if opened else ""


def _class_end(text: str, at: int) -> int:
    """Where the `]` stands that closes the `[` at `at`, -1 where none does."""
    at += 1
    at += text.startswith("^", at)
    first = True
    while at < len(text):
        if text[at] == "]" and not first:
            return at
        named = text.find(":]", at + 2) if text.startswith("[:", at) else -1
        at = named + 2 if named >= 0 else at + (2 if text[at] == "\\" else 1)
        first = False
    return -1
