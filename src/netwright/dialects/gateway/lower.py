"""Routes of the Gateway API to ways in: each match of each rule with each backend, and what its Gateway says of it.

The pods of a Gateway are known by the label that GEP-1762 gives what is made for it, and by those of well-known
controllers; a Gateway without such pods in the input leaves open what becomes of its requests.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from netwright.base.services import TCP, UDP
from netwright.base.spans import Pointer, named
from netwright.dialects.gateway.attach import Attached, Holder, at, attach, granted, held
from netwright.dialects.gateway.objects import (
    AnyRoute,
    AnyRule,
    BackendRef,
    Gateway,
    GRPCMatch,
    GRPCRule,
    HTTPMatch,
    HTTPRule,
    NamedMatch,
    parents_of,
    rules_of,
)
from netwright.dialects.gateway.validate import mirrors
from netwright.model.cluster import IngressRoute, Link, Proxy
from netwright.model.document import Decoded

GATEWAY_NAME: Final = "gateway.networking.k8s.io/gateway-name"
"""On what is made for a Gateway, in its namespace (GEP-1762)."""
OWNING: Final = "gateway.envoyproxy.io/owning-gateway-name"
"""On the pods of Envoy Gateway, which run in its own namespace."""
SHARED: Final = {
    "traefik.io/gateway-controller": ("app.kubernetes.io/name", "traefik"),
    "konghq.com/kic-gateway-controller": ("app.kubernetes.io/name", "kong"),
    "konghq.com/gateway-operator": ("app", "kong"),
}
"""Controllers whose pods serve all Gateways of their classes, by the labels of these pods."""
ON_NODES: Final = {"io.cilium/gateway-controller": "Cilium's proxy on the nodes"}


def lower_routes(objects: Sequence[Decoded]) -> tuple[IngressRoute, ...]:
    """The ways in of every route, also of those that no Gateway takes."""
    holder = held(objects)
    return tuple(way for d in objects if isinstance(d.value, AnyRoute) for way in _of_route(d, holder))


def _of_route(d: Decoded, holder: Holder) -> Iterator[IngressRoute]:
    route: AnyRoute = d.value
    parents = parents_of(route)
    if not parents:
        default = route.spec is not None and route.spec.use_default_gateways not in (None, "None")
        text = (
            f"{d.kind} {named(d.namespace, d.name)} asks for the default Gateways, and which these are is not evaluated"
            if default
            else f"{d.kind} {named(d.namespace, d.name)} names no parent: no Gateway takes it"
        )
        link = Link(verdict="undecided" if default else "deny", text=text, origin=at(d, "spec"))
        yield from _ways(d, (), link, Proxy(name="a Gateway"), "", holder)
        return
    for index, parent in enumerate(parents):
        if parent.is_service:
            continue
        found = attach(d, parent, index, holder)
        taken = [one for one in found if one.answer == "yes"] or [one for one in found if one.answer == "perhaps"]
        gateway = holder.gateways.get((parent.namespace or d.namespace, parent.name or ""))
        class_name = gateway.value.spec.gateway_class_name if gateway is not None and gateway.value.spec else ""
        proxy = proxy_of(gateway, found[0].gateway, holder)
        for some in _apart(d, taken) or [[]]:
            yield from _ways(d, some, _link(d, found, some), proxy, class_name or "", holder)


def _apart(d: Decoded, taken: Sequence[Attached]) -> list[list[Attached]]:
    """Listeners by what they take: each set of names is a way of its own, and without names each port."""
    found: dict[tuple[tuple[str, ...], int], list[Attached]] = {}
    for one in taken:
        port = one.listener.port if one.listener is not None and d.kind in ("TCPRoute", "UDPRoute") else 0
        found.setdefault((one.hostnames, port or 0), []).append(one)
    return list(found.values())


def _link(d: Decoded, found: Sequence[Attached], taken: Sequence[Attached]) -> Link:
    """Whether the parent takes the route, in words."""
    name = f"{d.kind} {named(d.namespace, d.name)}"
    if not taken:
        told = "; ".join(dict.fromkeys(one.text for one in found))
        return Link(verdict="deny", text=f"{name} is not attached: {told}", origin=found[0].origin)
    if taken[0].answer == "yes":
        listed = ", ".join(
            f"{one.listener.name} ({one.listener.protocol} {one.listener.port})"
            for one in taken
            if one.listener is not None
        )
        text = f"Gateway {taken[0].gateway} takes {name} at its listener{'s' * (len(taken) > 1)} {listed}"
        return Link(verdict="allow", text=text, origin=taken[0].origin)
    told = "; ".join(dict.fromkeys(one.text for one in taken))
    is_open = any(one.because in ("protocol", "conflict") for one in taken)
    return Link(
        verdict="undecided",
        text=f"{name} is perhaps attached: {told}",
        origin=taken[0].origin,
        open="ambiguous" if is_open else "unknown",
    )


def proxy_of(gateway: Decoded | None, ref: str, holder: Holder) -> Proxy:
    """Who serves a Gateway."""
    if gateway is None:
        return Proxy(name=f"Gateway {ref}")
    value: Gateway = gateway.value
    class_name = (value.spec.gateway_class_name if value.spec else None) or ""
    found = holder.classes.get(class_name)
    controller = (found.spec.controller_name if found is not None and found.spec else None) or ""
    name = f"Gateway {ref}"
    if controller in ON_NODES:
        return Proxy(name=f"{name} ({ON_NODES[controller]})")
    labels = [(gateway.namespace, GATEWAY_NAME, gateway.name), ("", OWNING, gateway.name)]
    if controller in SHARED:
        labels.append(("", *SHARED[controller]))
    return Proxy(name=name, labels=tuple(labels))


# --- rules, matches, backends --------------------


def _ways(
    d: Decoded, taken: Sequence[Attached], link: Link, proxy: Proxy, class_name: str, holder: Holder
) -> Iterator[IngressRoute]:
    names = tuple(dict.fromkeys(name for one in taken for name in one.hostnames))
    hosts = ", ".join(names) if taken and all(one.hostnames for one in taken) else ""
    listens = tuple(dict.fromkeys(one.listener.port or 0 for one in taken if one.listener is not None))
    for index, rule in enumerate(rules_of(d.value)):
        place: Pointer = ("spec", "rules", index)
        for ref, pointer, more, link_of in _backends(d, rule, place, holder):
            for entry, when in _matches(d, rule, hosts, taken):
                yield IngressRoute(
                    namespace=d.namespace,
                    name=d.name,
                    class_name=class_name,
                    host=entry[0],
                    path=entry[1],
                    service=ref.name or "",
                    port=str(ref.port or ""),
                    origin=at(d, *pointer),
                    kind=d.kind,
                    backend="Service" if ref.is_service else ref.kind or "",
                    service_namespace=ref.namespace or "",
                    protocol=UDP if d.kind == "UDPRoute" else TCP,
                    when=(*when, *more),
                    links=(link, *link_of),
                    proxy=proxy,
                    listens=listens,
                )


def _backends(
    d: Decoded, rule: AnyRule, place: Pointer, holder: Holder
) -> Iterator[tuple[BackendRef, Pointer, tuple[str, ...], tuple[Link, ...]]]:
    """The backends of a rule, and those that get copies: each with its place, its condition, what decides on it."""
    refs = rule.backend_refs or ()
    whole = sum(1 if ref.weight is None else ref.weight for ref in refs)
    for index, ref in enumerate(refs):
        pointer: Pointer = (*place, "backendRefs", index)
        weight = 1 if ref.weight is None else ref.weight
        links = list(_permitted(d, ref, pointer, holder))
        if weight == 0:
            links.append(Link(verdict="deny", text="its weight is 0: nothing goes to it", origin=at(d, *pointer)))
        elif len(refs) > 1 and weight < whole:
            links.append(Link(verdict="note", text=f"{weight} of {whole} go to it", origin=at(d, *pointer)))
        yield ref, pointer, (), tuple(links)
        for copy, where in mirrors(ref.filters, (*pointer, "filters")):
            yield copy, where, ("a copy of each",), tuple(_permitted(d, copy, where, holder))
    if isinstance(rule, (HTTPRule, GRPCRule)):
        for copy, where in mirrors(rule.filters, (*place, "filters")):
            yield copy, where, ("a copy of each",), tuple(_permitted(d, copy, where, holder))


def _permitted(d: Decoded, ref: BackendRef, pointer: Pointer, holder: Holder) -> Iterator[Link]:
    if ref.namespace in (None, d.namespace):
        return
    to = named(ref.namespace or "", ref.name or "")
    kind = ref.kind or "Service"
    if granted(holder, d.kind, d.namespace, ref.group or "", kind, ref.namespace or "", ref.name or ""):
        text = f"a ReferenceGrant of {ref.namespace} lets {d.kind}s of {d.namespace} lead to {kind} {to}"
        yield Link(verdict="allow", text=text, origin=at(d, *pointer))
        return
    text = f"no ReferenceGrant of {ref.namespace} lets {d.kind}s of {d.namespace} lead to {kind} {to}"
    yield Link(verdict="deny", text=text, origin=at(d, *pointer, "namespace"))


def _matches(
    d: Decoded, rule: AnyRule, hosts: str, taken: Sequence[Attached]
) -> Iterator[tuple[tuple[str, str], tuple[str, ...]]]:
    """(host, path) and what else a request has, for every match of a rule."""
    if isinstance(rule, HTTPRule):
        for match in rule.matches or (HTTPMatch(),):
            path, when = path_words(match)
            yield (hosts, path), when
    elif isinstance(rule, GRPCRule):
        for one in rule.matches or (GRPCMatch(),):
            yield (hosts, grpc_path(one)), _named("header", one.headers)
    elif d.kind == "TLSRoute":
        yield (hosts, ""), ("TLS",)
    else:
        ports = ", ".join(dict.fromkeys(str(one.listener.port) for one in taken if one.listener is not None))
        word = "UDP" if d.kind == "UDPRoute" else "TCP"
        yield (f"{taken[0].gateway}:{ports}" if ports else "any address", ""), (word,)


def path_words(match: HTTPMatch) -> tuple[str, tuple[str, ...]]:
    """The path of a match as an Ingress has it, and its other conditions in words.

    >>> from netwright.dialects.gateway.objects import PathMatch
    >>> path_words(HTTPMatch(path=PathMatch(value="/login"), method="GET"))
    ('/login', ('method GET',))
    """
    path = match.path
    type_, value = (path.type or "PathPrefix", path.value or "/") if path else ("PathPrefix", "/")
    when: tuple[str, ...] = ("exactly",) if type_ == "Exact" else ("regular expression",) if type_[0] == "R" else ()
    when += (f"method {match.method}",) if match.method else ()
    return value, (*when, *_named("header", match.headers), *_named("query", match.query_params))


def grpc_path(match: GRPCMatch) -> str:
    """The path that gRPC requests of a method have."""
    if match.method is None:
        return "/"
    return f"/{match.method.service or '*'}/{match.method.method or '*'}"


def _named(what: str, matches: tuple[NamedMatch, ...] | None) -> tuple[str, ...]:
    return tuple(
        f"{what} {one.name}{' like' if one.type == 'RegularExpression' else ':'} {one.value}" for one in matches or ()
    )
