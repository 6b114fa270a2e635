"""Routes of the Gateway API against the Gateways and Services that they name, and Gateways for themselves.

After the API reference of v1; whether a listener takes a route is `dialects.gateway.attach`, as in every answer. What
is perhaps so is not told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from netwright.base.services import TCP, UDP, protocol_name
from netwright.base.spans import Pointer, named
from netwright.dialects.gateway import ROUTES
from netwright.dialects.gateway.attach import (
    Attached,
    Because,
    Holder,
    attach,
    clash,
    common_hostname,
    granted,
    has_certificate,
    held,
    listeners_of,
)
from netwright.dialects.gateway.lower import grpc_path, path_words
from netwright.dialects.gateway.objects import (
    AnyRoute,
    AnyRule,
    BackendRef,
    Gateway,
    GRPCMatch,
    GRPCRule,
    HTTPMatch,
    HTTPRule,
    ParentReference,
    hostnames_of,
    parents_of,
    rules_of,
)
from netwright.model.document import Decoded
from netwright.questions.check.absence import Absence
from netwright.questions.check.found import Found, Seen, at, listed
from netwright.questions.check.ingresses import told_as_kept
from netwright.questions.check.scene import Scene

CODE_OF: Final[dict[Because, str]] = {
    "section": "NW2803",
    "port": "NW2803",
    "kind": "NW2805",
    "namespace": "NW2804",
    "hostname": "NW2806",
}
"""Why no listener takes a route; conflicts and certificates are told of the Gateway."""


def checks(scene: Scene) -> Iterator[Found]:
    """NW2801 to NW2813."""
    gateways = scene.once(Gateways)
    for d in gateways.routes:
        yield from gateways.parents(d)
        yield from gateways.backends(d)
    for d in scene.of_kind("Gateway"):
        if isinstance(d.value, Gateway):
            yield from conflicts(d)
            yield from certificates(d, gateways.holder)
    yield from gateways.twice()
    yield from told_as_kept(scene, ROUTES, "NW2813", "the Gateway", lambda way: way.origin)


class _Claim(msgspec.Struct, frozen=True):
    route: Decoded
    pointer: Pointer
    words: str
    backends: tuple[tuple[str | None, ...], ...]


class Gateways:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.holder: Holder = held(scene.objects)
        self.routes: list[Decoded] = [d for d in scene.objects if isinstance(d.value, AnyRoute)]
        self.services = {(s.namespace, s.name): s for s in scene.cluster.services}
        self.attached: dict[Decoded, list[list[Attached]]] = {}
        for d in self.routes:
            parents = parents_of(d.value)
            self.attached[d] = [
                [] if one.is_service else attach(d, one, number, self.holder) for number, one in enumerate(parents)
            ]

    # --- parents --------------------

    def parents(self, d: Decoded) -> Iterator[Found]:
        """NW2801 to NW2807: what keeps a route from every listener that it means."""
        route: AnyRoute = d.value
        if not parents_of(route):
            if route.spec is not None and route.spec.use_default_gateways in (None, "None"):
                yield _without_parent(d)
            return
        for number, parent in enumerate(parents_of(route)):
            found = self.attached[d][number]
            if not found or any(one.answer == "yes" for one in found):
                yield from self._names_for_nobody(d, found)
                continue
            if found[0].because == "gateway":
                yield from self._no_gateway(d, parent, number)
            elif all(one.answer == "no" for one in found):
                yield from _refused(d, number, found)

    def _no_gateway(self, d: Decoded, parent: ParentReference, number: int) -> Iterator[Found]:
        where = parent.namespace or d.namespace
        others = sorted(name for namespace, name in self.holder.gateways if namespace == where)
        if not parent.is_gateway or not others:
            return
        yield Found(
            "NW2802",
            at(d, "spec", "parentRefs", number, "name"),
            f"{d.kind} `{d.namespace}/{d.name}` names Gateway `{where}/{parent.name}`, which is not there",
            label=f"no Gateway of this name in {where}",
            effect="no Gateway takes the route: nothing reaches its backends through it",
            help=f"the namespace has {listed(others)}",
            key=named(where, parent.name or ""),
        )

    def _names_for_nobody(self, d: Decoded, found: Sequence[Attached]) -> Iterator[Found]:
        """NW2807: names of a route of which no listener takes requests."""
        names = hostnames_of(d.value)
        if len(parents_of(d.value)) != 1 or not names or any(one.answer == "perhaps" for one in found):
            return
        hosts = [one.listener.hostname for one in found if one.listener is not None and one.answer == "yes"]
        told = [host for host in hosts if host]
        for number, name in enumerate(names):
            if any(not host or common_hostname(host, name) for host in hosts):
                continue
            yield Found(
                "NW2807",
                at(d, "spec", "hostnames", number),
                f"no listener of Gateway `{found[0].gateway}` is for `{name}`",
                label="counts for nothing",
                effect="requests for this name are refused (404), while those for the route's other names are served",
                help=f"the listeners that take the route are for {listed(told)}: correct the name, or add a listener",
                key=name,
            )

    # --- backends --------------------

    def backends(self, d: Decoded) -> Iterator[Found]:
        """NW2808 to NW2810 and NW2812: backends that are not there, or may not be named, or get nothing."""
        absence = self.scene.stage.once(Absence)
        seen: set[tuple[str, str]] = set()
        for number, rule in enumerate(rules_of(d.value)):
            refs = rule.backend_refs or ()
            if refs and all(ref.weight == 0 for ref in refs):
                yield _nothing_goes(d, number, len(refs))
            for index, ref in enumerate(refs):
                place: Pointer = ("spec", "rules", number, "backendRefs", index)
                for found in self._backend(d, ref, place, absence):
                    if (found.code, found.key) not in seen:
                        seen.add((found.code, found.key))
                        yield found

    def _backend(self, d: Decoded, ref: BackendRef, place: Pointer, absence: Absence) -> Iterator[Found]:
        if not ref.is_service:
            return
        where, name = ref.namespace or d.namespace, ref.name or ""
        service = self.services.get((where, name))
        known = [s.name for s in self.services.values() if s.namespace == where]
        if service is None:
            if absence.no_service(where):
                yield Found(
                    "NW2808",
                    at(d, *place, "name"),
                    f"{d.kind} `{d.namespace}/{d.name}` leads to Service `{where}/{name}`, which is not there",
                    label=f"no Service of this name in {where}",
                    effect="who serves the route answers the requests that are meant for it with an error (500)",
                    help=f"the namespace has {listed(sorted(known))}"
                    if known
                    else "add the Service, or the backend away",
                    key=named(where, name),
                )
            return
        if not granted(self.holder, d.kind, d.namespace, "", "Service", where, name):
            yield Found(
                "NW2810",
                at(d, *place, "namespace"),
                f"no ReferenceGrant lets {d.kind} `{d.namespace}/{d.name}` lead to Service `{where}/{name}`",
                label=f"another namespace than {d.namespace}",
                effect="who serves the route answers the requests that are meant for it with an error (500)",
                help=f"add a ReferenceGrant in {where}: `from` {d.kind} of {d.namespace}, `to` Service `{name}`",
                key=named(where, name),
                also=(Seen(service.origin, "the Service"),),
            )
            return
        if service.type == "ExternalName":
            return  # a name for elsewhere needs to list no port
        protocol = UDP if d.kind == "UDPRoute" else TCP
        if self.scene.inquirer.service_port(service, protocol, str(ref.port or "")) is None:
            ports = [f"{p.port}{f' ({p.name})' if p.name else ''}" for p in service.ports if p.protocol == protocol]
            yield Found(
                "NW2809",
                at(d, *place, "port"),
                f"{d.kind} `{d.namespace}/{d.name}` leads to port `{ref.port}` of Service `{where}/{name}`, which it "
                "does not have",
                label=f"its {protocol_name(protocol)} ports are {', '.join(ports) or 'none'}",
                effect="who serves the route answers the requests that are meant for it with an error (500)",
                help=f"use one of {listed(ports)}: the Service's port, not the container's"
                if ports
                else "add the port",
                key=f"{named(where, name)} {ref.port}",
                also=(Seen(service.origin, "the Service"),),
            )

    # --- one match twice --------------------

    def twice(self) -> Iterator[Found]:
        """NW2811: a match that several routes have for different backends at one listener."""
        claims: dict[tuple[str, str, str, str], list[_Claim]] = {}
        for d in self.routes:
            listeners = {
                (one.gateway, one.listener.name or "", host)
                for found in self.attached[d]
                for one in found
                if one.answer == "yes" and one.listener is not None
                for host in one.hostnames or ("",)
            }
            for pointer, words, rule in _matches(d):
                refs = tuple((r.namespace or d.namespace, r.kind, r.name, str(r.port)) for r in rule.backend_refs or ())
                for gateway, listener, host in listeners:
                    key = (gateway, listener, host, words)
                    claims.setdefault(key, []).append(_Claim(d, pointer, words, refs))
        told: set[frozenset[str]] = set()
        for (gateway, listener, host, words), found in sorted(claims.items()):
            first, last = found[0], found[-1]
            routes = [f"{one.namespace}/{one.name}" for one in dict.fromkeys(c.route for c in found)]
            group = frozenset((*routes, words))
            if len(routes) < 2 or len({c.backends for c in found}) < 2 or group in told:
                continue
            told.add(group)
            yield Found(
                "NW2811",
                at(last.route, *last.pointer),
                f"`{host or 'any host'}{words}` at listener `{listener}` of Gateway `{gateway}` is claimed by routes "
                f"{listed(routes)}",
                label="the same match",
                effect="the Gateway serves the oldest of them, of one age the first by name, and passes over the other",
                help="delete one, or give it another host, path or condition",
                key=f"{gateway} {host}{words}",
                also=(Seen(at(first.route, *first.pointer), "claims it too"),),
            )


def _without_parent(d: Decoded) -> Found:
    return Found(
        "NW2801",
        at(d, "metadata", "name"),
        f"{d.kind} `{d.namespace}/{d.name}` names no parent",
        label="has no `parentRefs`",
        effect="no Gateway takes the route: nothing reaches its backends through it",
        help="name the Gateway in `parentRefs`",
    )


def _refused(d: Decoded, number: int, found: Sequence[Attached]) -> Iterator[Found]:
    """Why every listener refuses a route: one finding, of the reason that is the furthest on."""
    order: tuple[Because, ...] = ("hostname", "namespace", "kind", "section", "port")
    because = next((one for one in order if any(f.because == one for f in found)), None)
    if because is None:
        return
    mine = [one for one in found if one.because == because]
    first = mine[0]
    place: dict[Because, Pointer] = {
        "hostname": ("spec", "hostnames", 0),
        "section": ("spec", "parentRefs", number, "sectionName"),
        "port": ("spec", "parentRefs", number, "port"),
    }
    helps: dict[Because, str] = {
        "hostname": "name a host that the listener is for, or add a listener for this one",
        "namespace": f"let the listener take routes of {d.namespace} in `allowedRoutes.namespaces`",
        "kind": f"name a listener whose protocol carries {d.kind}s"
        if d.kind != "HTTPRoute" or first.listener is None or first.listener.protocol != "TLS"
        else "write a TLSRoute: what is passed on undecrypted has no paths; or end TLS at a listener of HTTPS",
        "section": "name a listener that the Gateway has",
        "port": "name a port that a listener has",
    }
    yield Found(
        CODE_OF[because],
        at(d, *place.get(because, ("spec", "parentRefs", number))),
        f"{d.kind} `{d.namespace}/{d.name}` is not attached: {first.text}",
        label="no listener takes it",
        effect="the Gateway does not know the route: nothing reaches its backends through it",
        help=helps[because],
        key=f"{first.gateway} {because}",
        also=(Seen(first.origin, "refuses it"),) if first.listener is not None else (),
    )


def _nothing_goes(d: Decoded, number: int, count: int) -> Found:
    return Found(
        "NW2812",
        at(d, "spec", "rules", number, "backendRefs"),
        f"all backends of a rule of {d.kind} `{d.namespace}/{d.name}` have the weight 0",
        label=f"{count} backends, and nothing goes to any of them",
        effect="the Gateway answers the rule's requests with an error",
        help="give one a weight, or delete the rule",
        key=" ".join(words for pointer, words, _ in _matches(d) if pointer[:3] == ("spec", "rules", number)),
    )


def _matches(d: Decoded) -> Iterator[tuple[Pointer, str, AnyRule]]:
    """The matches of a route's rules, each with its place and in words that tell different ones apart."""
    for number, rule in enumerate(rules_of(d.value)):
        place: Pointer = ("spec", "rules", number)
        if isinstance(rule, HTTPRule):
            for index, match in enumerate(rule.matches or (HTTPMatch(),)):
                path, when = path_words(match)
                words = f"{path} ({', '.join(sorted(when))})" if when else path
                yield (*place, "matches", index) if rule.matches else place, words, rule
        elif isinstance(rule, GRPCRule):
            for index, one in enumerate(rule.matches or (GRPCMatch(),)):
                headers = sorted(f"{h.name} {h.type} {h.value}" for h in one.headers or ())
                words = f"{grpc_path(one)} ({', '.join(headers)})" if headers else grpc_path(one)
                yield (*place, "matches", index) if rule.matches else place, words, rule
        else:
            yield place, "", rule


# --- Gateways --------------------


def conflicts(d: Decoded) -> Iterator[Found]:
    """NW2814: listeners of one Gateway that surely conflict, once a port."""
    listeners = listeners_of(d)
    told: set[int | None] = set()
    for number, one in enumerate(listeners):
        for other in listeners[:number]:
            if clash(one, other) == "yes" and one.port not in told:
                told.add(one.port)
                yield Found(
                    "NW2814",
                    at(d, "spec", "listeners", number),
                    f"listeners `{other.name}` ({other.protocol}) and `{one.name}` ({one.protocol}) of Gateway "
                    f"`{d.namespace}/{d.name}` are both on port {one.port}",
                    label="cannot be told apart",
                    effect="neither of them is accepted, and the routes of both are not served",
                    help="give one of them another port",
                    key=str(one.port),
                )


def certificates(d: Decoded, holder: Holder) -> Iterator[Found]:
    """NW2815: certificates of another namespace that no ReferenceGrant lets a listener use."""
    for number, listener in enumerate(listeners_of(d)):
        if has_certificate(d, listener, holder):
            continue
        refs = (listener.tls.certificate_refs if listener.tls else None) or ()
        where = refs[0].namespace or d.namespace
        yield Found(
            "NW2815",
            at(d, "spec", "listeners", number, "tls", "certificateRefs", 0, "namespace"),
            f"no ReferenceGrant lets Gateway `{d.namespace}/{d.name}` use {refs[0].kind or 'Secret'} "
            f"`{where}/{refs[0].name}`",
            label=f"another namespace than {d.namespace}",
            effect=f"the listener `{listener.name}` has no certificate, and serves nothing",
            help=f"add a ReferenceGrant in {where}: `from` Gateway of {d.namespace}, `to` Secret `{refs[0].name}`",
            key=listener.name or "",
        )
