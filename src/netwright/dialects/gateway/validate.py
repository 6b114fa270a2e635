"""What the CRDs of the Gateway API refuse: their OpenAPI bounds and CEL rules (4564255ac2c3).

Unknown fields and wrong types are found before, by decoding. The inside of filters is checked as far as it leads
somewhere: a mirror's backend.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

from netwright.base.spans import Pointer
from netwright.dialects.gateway.objects import (
    AnyRoute,
    AnyRule,
    BackendRef,
    Gateway,
    GatewayClass,
    GrantFrom,
    GrantTo,
    GRPCMatch,
    GRPCRule,
    HTTPMatch,
    HTTPRule,
    Listener,
    NamedMatch,
    ObjectReference,
    ParentReference,
    ReferenceGrant,
    hostnames_of,
    parents_of,
    rules_of,
)
from netwright.dialects.k8s.validate import check_meta
from netwright.dialects.k8s.validate_syntax import Fault, check_port_number, check_selector, is_address, quoted

_HOSTNAME = re.compile(r"(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*").fullmatch
_GROUP = re.compile(r"(?:[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)?").fullmatch
_KIND = re.compile(r"[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?").fullmatch
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?").fullmatch
_SECTION = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*").fullmatch
_PROTOCOL = re.compile(
    r"[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?|.*[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
    r"/[A-Za-z0-9]+"
).fullmatch
_CONTROLLER = re.compile(
    r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"
).fullmatch
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+").fullmatch
_PATH = re.compile(r"(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})+").fullmatch
_GRPC_SERVICE = re.compile(r"(?i:\.?[a-z_][a-z_0-9]*(\.[a-z_][a-z_0-9]*)*)").fullmatch
_GRPC_METHOD = re.compile(r"[A-Za-z_][A-Za-z_0-9]*").fullmatch
_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")
_IN_PATH = ("//", "/./", "/../", "%2f", "%2F", "#")
_FILTERS = {
    "RequestHeaderModifier": "requestHeaderModifier",
    "ResponseHeaderModifier": "responseHeaderModifier",
    "RequestMirror": "requestMirror",
    "RequestRedirect": "requestRedirect",
    "URLRewrite": "urlRewrite",
    "ExtensionRef": "extensionRef",
    "CORS": "cors",
    "ExternalAuth": "externalAuth",
}


# --- Gateways --------------------


def check_class(kind: str, found: GatewayClass) -> None:
    """Raises `Fault` for the first field that the CRD refuses."""
    check_meta(kind, found.metadata)
    name = found.spec.controller_name if found.spec is not None else None
    if not name:
        raise Fault(("spec", "controllerName"), "is missing; it names the controller, as `example.org/gateways`")
    if len(name) > 253 or _CONTROLLER(name) is None:
        raise Fault(
            ("spec", "controllerName"), f"is {quoted(name)}; it is a domain and a path, as `example.org/gateways`"
        )


def check_gateway(kind: str, gateway: Gateway) -> None:
    """Raises `Fault` for the first field that the CRD refuses."""
    check_meta(kind, gateway.metadata)
    spec = gateway.spec
    if spec is None or not spec.gateway_class_name:
        raise Fault(("spec", "gatewayClassName"), "is missing; it names the GatewayClass that serves the Gateway")
    at: Pointer = ("spec", "listeners")
    if not spec.listeners:
        raise Fault(at, "is empty; a Gateway has at least one listener")
    if len(spec.listeners) > 64:
        raise Fault(at, f"has {len(spec.listeners)} entries; 64 are the most")
    for index, listener in enumerate(spec.listeners):
        _check_listener(listener, (*at, index))
    for (_, one), (second, other) in combinations(enumerate(spec.listeners), 2):
        if one.name == other.name:
            raise Fault((*at, second, "name"), f"is {quoted(other.name)}, as another listener is called")
        if (one.port, one.protocol, one.hostname) == (other.port, other.protocol, other.hostname):
            raise Fault(
                (*at, second),
                f"has the port, protocol and hostname that the listener {quoted(one.name)} has",
                "give it another port, protocol or hostname",
            )


def _check_listener(listener: Listener, at: Pointer) -> None:
    _check_pattern(listener.name, _SECTION, (*at, "name"), "a name", 253)
    if listener.port is None:
        raise Fault((*at, "port"), "is missing; it is a number from 1 to 65535")
    check_port_number(listener.port, (*at, "port"))
    protocol = listener.protocol
    _check_pattern(protocol, _PROTOCOL, (*at, "protocol"), "HTTP, HTTPS, TLS, TCP, UDP or one with a domain", 255)
    if listener.hostname is not None:
        _check_pattern(listener.hostname, _HOSTNAME, (*at, "hostname"), "a DNS name that may begin with `*.`", 253)
        if protocol in ("TCP", "UDP"):
            raise Fault((*at, "hostname"), f"stands in a listener of {protocol}, which has no names")
    tls = listener.tls
    if tls is not None:
        if protocol in ("HTTP", "TCP", "UDP"):
            raise Fault((*at, "tls"), f"stands in a listener of {protocol}", "write HTTPS or TLS as its protocol")
        if tls.mode not in (None, "Terminate", "Passthrough"):
            raise Fault((*at, "tls", "mode"), f"is {quoted(tls.mode)}; the modes are `Terminate` and `Passthrough`")
        if protocol == "HTTPS" and tls.mode == "Passthrough":
            raise Fault(
                (*at, "tls", "mode"),
                "is `Passthrough` in a listener of HTTPS",
                "write `protocol: TLS` and a TLSRoute for what is passed on undecrypted",
            )
        if tls.mode != "Passthrough" and not tls.certificate_refs and not tls.options:
            raise Fault((*at, "tls"), "has no `certificateRefs`; who ends TLS needs a certificate")
        for index, ref in enumerate(tls.certificate_refs or ()):
            _check_reference(ref, (*at, "tls", "certificateRefs", index))
    elif protocol == "TLS":
        raise Fault((*at, "tls"), "is missing; a listener of TLS says `mode: Terminate` or `mode: Passthrough`")
    allowed = listener.allowed_routes
    if allowed is not None:
        for index, one in enumerate(allowed.kinds or ()):
            _check_pattern(one.kind, _KIND, (*at, "allowedRoutes", "kinds", index, "kind"), "a kind", 63)
        namespaces = allowed.namespaces
        if namespaces is not None:
            place: Pointer = (*at, "allowedRoutes", "namespaces")
            if namespaces.from_ not in (None, "All", "Selector", "Same"):
                raise Fault((*place, "from"), f"is {quoted(namespaces.from_)}; it is `All`, `Selector` or `Same`")
            if namespaces.selector is not None:
                check_selector(namespaces.selector, (*place, "selector"))


def _check_pattern(text: str | None, matches: Any, at: Pointer, what: str, most: int) -> None:
    if not text:
        raise Fault(at, f"is missing; it is {what}")
    if len(text) > most or matches(text) is None:
        raise Fault(at, f"is {quoted(text)}; it is {what} of at most {most} characters")


def _check_reference(ref: ObjectReference | BackendRef | ParentReference, at: Pointer) -> None:
    if not ref.name:
        raise Fault((*at, "name"), "is missing")
    if ref.group and (len(ref.group) > 253 or _GROUP(ref.group) is None):
        raise Fault((*at, "group"), f"is {quoted(ref.group)}; it is an API group, without a version")
    if ref.kind is not None:
        _check_pattern(ref.kind, _KIND, (*at, "kind"), "a kind", 63)
    if ref.namespace is not None:
        _check_pattern(ref.namespace, _NAMESPACE, (*at, "namespace"), "a namespace", 63)


# --- routes --------------------


def check_route(kind: str, route: AnyRoute) -> None:
    """Raises `Fault` for the first field that the CRD refuses."""
    check_meta(kind, route.metadata)
    if route.spec is None:
        raise Fault(("spec",), "is missing")
    _check_parents(parents_of(route))
    names = hostnames_of(route)
    if kind == "TLSRoute" and not names and route.api_version.endswith(("/v1", "/v1alpha3")):
        raise Fault(("spec", "hostnames"), "is empty; a TLSRoute names at least one host")
    most = 1024 if kind == "TLSRoute" else 16
    if len(names) > most:
        raise Fault(("spec", "hostnames"), f"has {len(names)} entries; {most} are the most")
    for index, name in enumerate(names):
        _check_pattern(name, _HOSTNAME, ("spec", "hostnames", index), "a DNS name that may begin with `*.`", 253)
        if kind == "TLSRoute" and is_address(name):
            raise Fault(("spec", "hostnames", index), f"is the address {quoted(name)}; a host is a DNS name")
    rules = rules_of(route)
    stream = kind in ("TCPRoute", "UDPRoute", "TLSRoute")
    if stream and not rules:
        raise Fault(("spec", "rules"), f"is empty; a {kind} has one rule")
    if kind == "HTTPRoute" and route.spec.rules is not None and not rules:
        raise Fault(("spec", "rules"), "is empty; leave it out for one rule about every request")
    # v1 of these kinds has one rule, the versions before it took 16
    limit = 1 if stream and route.api_version.endswith("/v1") else 16
    if len(rules) > limit:
        raise Fault(("spec", "rules"), f"has {len(rules)} entries; {limit} {'is' if limit == 1 else 'are'} the most")
    for index, rule in enumerate(rules):
        _check_rule(rule, ("spec", "rules", index))
    seen: set[str] = set()
    for index, rule in enumerate(rules):
        if rule.name is not None and rule.name in seen:
            raise Fault(("spec", "rules", index, "name"), f"is {quoted(rule.name)}, as another rule is called")
        seen |= {rule.name} if rule.name is not None else set()
    count = sum(len(rule.matches or ()) for rule in rules if isinstance(rule, (HTTPRule, GRPCRule)))
    if count > 128:
        raise Fault(("spec", "rules"), f"has {count} matches; 128 are the most in one route")


def _check_parents(parents: Sequence[ParentReference]) -> None:
    if len(parents) > 32:
        raise Fault(("spec", "parentRefs"), f"has {len(parents)} entries; 32 are the most")
    seen: dict[tuple[Any, ...], list[tuple[str, int]]] = {}
    for index, parent in enumerate(parents):
        at: Pointer = ("spec", "parentRefs", index)
        _check_reference(parent, at)
        if parent.section_name is not None:
            _check_pattern(parent.section_name, _SECTION, (*at, "sectionName"), "the name of a listener", 253)
        if parent.port is not None:
            check_port_number(parent.port, (*at, "port"))
        same = seen.setdefault((parent.group, parent.kind, parent.namespace or "", parent.name), [])
        part = parent.section_name or "", parent.port or 0
        if part in same:
            raise Fault(at, "names a parent that another entry names in the same way")
        if same and (part == ("", 0) or ("", 0) in same):
            raise Fault(
                at,
                "names a parent that another entry names too; each of them needs a `sectionName` or a `port`",
                "leave one out, or name the listener in each",
            )
        same.append(part)


def _check_rule(rule: AnyRule, at: Pointer) -> None:
    if rule.name is not None:
        _check_pattern(rule.name, _SECTION, (*at, "name"), "a name", 253)
    refs = rule.backend_refs or ()
    if not isinstance(rule, (HTTPRule, GRPCRule)):
        if not refs:
            raise Fault((*at, "backendRefs"), "is empty; the rule leads to at least one backend")
    else:
        _check_filters(rule.filters or (), (*at, "filters"))
        if refs and any(one.get("type") == "RequestRedirect" for one in rule.filters or ()):
            raise Fault(at, "has a `RequestRedirect` filter and `backendRefs`; a request goes one way")
        if len(rule.matches or ()) > 64:
            raise Fault((*at, "matches"), f"has {len(rule.matches or ())} entries; 64 are the most")
        matches: tuple[HTTPMatch | GRPCMatch, ...] = rule.matches or ()
        for index, match in enumerate(matches):
            _check_match(match, (*at, "matches", index))
    if len(refs) > 16:
        raise Fault((*at, "backendRefs"), f"has {len(refs)} entries; 16 are the most")
    for index, ref in enumerate(refs):
        place: Pointer = (*at, "backendRefs", index)
        _check_backend(ref, place)
        if ref.filters and not isinstance(rule, (HTTPRule, GRPCRule)):
            raise Fault((*place, "filters"), "is not a field of this kind of route")
        _check_filters(ref.filters or (), (*place, "filters"))


def _check_backend(ref: BackendRef, at: Pointer) -> None:
    _check_reference(ref, at)
    if ref.port is None and ref.is_service:
        raise Fault((*at, "port"), "is missing; a backend that is a Service names a port of it")
    if ref.port is not None:
        check_port_number(ref.port, (*at, "port"))
    if ref.weight is not None and not 0 <= ref.weight <= 1_000_000:
        raise Fault((*at, "weight"), f"is {ref.weight}; weights are 0 to 1000000")


def _check_match(match: HTTPMatch | GRPCMatch, at: Pointer) -> None:
    if isinstance(match, HTTPMatch):
        if match.method is not None and match.method not in _METHODS:
            raise Fault((*at, "method"), f"is {quoted(match.method)}; the methods are {', '.join(_METHODS)}")
        if match.path is not None:
            _check_path(match.path.type or "PathPrefix", match.path.value or "/", (*at, "path"))
        _check_named(match.query_params or (), (*at, "queryParams"))
    elif match.method is not None:
        method = match.method
        if not method.service and not method.method:
            raise Fault((*at, "method"), "names neither a `service` nor a `method`")
        if method.type not in (None, "Exact", "RegularExpression"):
            raise Fault((*at, "method", "type"), f"is {quoted(method.type)}; it is `Exact` or `RegularExpression`")
        if method.type != "RegularExpression":
            if method.service and _GRPC_SERVICE(method.service) is None:
                raise Fault((*at, "method", "service"), f"is {quoted(method.service)}, no name of a gRPC service")
            if method.method and _GRPC_METHOD(method.method) is None:
                raise Fault((*at, "method", "method"), f"is {quoted(method.method)}, no name of a gRPC method")
    _check_named(match.headers or (), (*at, "headers"))


def _check_path(type_: str, value: str, at: Pointer) -> None:
    if type_ not in ("Exact", "PathPrefix", "RegularExpression"):
        raise Fault((*at, "type"), f"is {quoted(type_)}; it is `Exact`, `PathPrefix` or `RegularExpression`")
    if len(value) > 1024:
        raise Fault((*at, "value"), f"has {len(value)} characters; 1024 are the most")
    if type_ == "RegularExpression":
        return
    if not value.startswith("/"):
        raise Fault((*at, "value"), f"is {quoted(value)}; a path begins with `/`")
    for part in _IN_PATH:
        if part in value:
            raise Fault((*at, "value"), f"is {quoted(value)}; a path has no `{part}`")
    if value.endswith(("/..", "/.")):
        raise Fault((*at, "value"), f"is {quoted(value)}; a path ends with neither `/.` nor `/..`")
    if _PATH(value) is None:
        raise Fault((*at, "value"), f"is {quoted(value)}, which has characters that stand in no path")


def _check_named(matches: Sequence[NamedMatch], at: Pointer) -> None:
    if len(matches) > 16:
        raise Fault(at, f"has {len(matches)} entries; 16 are the most")
    seen: set[str | None] = set()
    for index, one in enumerate(matches):
        place: Pointer = (*at, index)
        if one.type not in (None, "Exact", "RegularExpression"):
            raise Fault((*place, "type"), f"is {quoted(one.type)}; it is `Exact` or `RegularExpression`")
        if not one.name or len(one.name) > 256 or _HEADER(one.name) is None:
            raise Fault((*place, "name"), f"is {quoted(one.name or '')}, no name that can stand there")
        if not one.value:
            raise Fault((*place, "value"), "is missing")
        if one.name in seen:
            raise Fault((*place, "name"), f"is {quoted(one.name)}, as another entry has it")
        seen.add(one.name)


def mirrors(filters: Sequence[dict[str, Any]] | None, at: Pointer) -> Iterator[tuple[BackendRef, Pointer]]:
    """The backends that filters send copies of requests to, each with its place. Raises `Fault` for one of a wrong
    shape."""
    for index, one in enumerate(filters or ()):
        mirror = one.get("requestMirror") if one.get("type") == "RequestMirror" else None
        if mirror is None:
            continue
        place: Pointer = (*at, index, "requestMirror", "backendRef")
        ref = mirror.get("backendRef") if isinstance(mirror, dict) else None
        if not isinstance(ref, dict):
            raise Fault(place, "is missing; a mirror names a backend")
        texts = {key: ref.get(key) for key in ("group", "kind", "namespace", "name")}
        port = ref.get("port")
        if any(not isinstance(value, str) and value is not None for value in texts.values()) or not (
            port is None or (isinstance(port, int) and not isinstance(port, bool))
        ):
            raise Fault(place, "has a field of a wrong type; names are text, the port is a number")
        yield BackendRef(**texts, port=port), place


def _check_filters(filters: Sequence[dict[str, Any]], at: Pointer) -> None:
    if len(filters) > 16:
        raise Fault(at, f"has {len(filters)} entries; 16 are the most")
    for index, one in enumerate(filters):
        type_ = one.get("type")
        if not isinstance(type_, str) or type_ not in _FILTERS:
            what = "is missing" if type_ is None else f"is {quoted(type_)}"
            raise Fault((*at, index, "type"), f"{what}; the filters are {', '.join(_FILTERS)}")
        for name, field in _FILTERS.items():
            if name != type_ and one.get(field) is not None:
                raise Fault((*at, index, field), f"stands in a filter of type `{type_}`")
        if one.get(_FILTERS[type_]) is None:
            raise Fault((*at, index, _FILTERS[type_]), f"is missing in a filter of type `{type_}`")
    for ref, place in mirrors(filters, at):
        _check_backend(ref, place)


# --- ReferenceGrants --------------------


def check_grant(kind: str, grant: ReferenceGrant) -> None:
    """Raises `Fault` for the first field that the CRD refuses."""
    check_meta(kind, grant.metadata)
    spec = grant.spec
    sides: dict[str, tuple[GrantFrom | GrantTo, ...]] = {
        "from": (spec.from_ if spec else None) or (),
        "to": (spec.to if spec else None) or (),
    }
    for side, entries in sides.items():
        at: Pointer = ("spec", side)
        if not entries:
            raise Fault(at, "is empty; a grant says from whom and to what")
        if len(entries) > 16:
            raise Fault(at, f"has {len(entries)} entries; 16 are the most")
        for index, one in enumerate(entries):
            if one.group is None:
                raise Fault((*at, index, "group"), "is missing", 'the core group is `group: ""`')
            if _GROUP(one.group) is None:
                raise Fault((*at, index, "group"), f"is {quoted(one.group)}; it is an API group, without a version")
            _check_pattern(one.kind, _KIND, (*at, index, "kind"), "a kind", 63)
            if isinstance(one, GrantFrom):
                _check_pattern(one.namespace, _NAMESPACE, (*at, index, "namespace"), "a namespace", 63)
