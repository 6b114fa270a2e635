"""Which listeners a route attaches to, and why it does not: the rules of the Gateway API, each with its answer.

After the API reference of v1 (Listener, AllowedRoutes, ParentReference, `hostnames` of the routes, ReferenceGrant) and
"Distinct Listeners" in GatewaySpec. What the input does not hold is open: a Gateway that is not there, a label of a
namespace whose object is not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple

from netwright.base.spans import Origin, named
from netwright.dialects.gateway import GROUP
from netwright.dialects.gateway.objects import (
    Gateway,
    GatewayClass,
    Listener,
    ListenerTLS,
    ParentReference,
    ReferenceGrant,
    RouteGroupKind,
    hostnames_of,
)
from netwright.dialects.k8s.objects import Labels, LabelSelector, Namespace, Requirement
from netwright.model.document import Decoded

Because = Literal[
    "", "gateway", "section", "port", "kind", "namespace", "hostname", "conflict", "certificate", "protocol"
]
Answer = Literal["yes", "no", "perhaps"]

NAME_LABEL: Final = "kubernetes.io/metadata.name"
CARRIED: Final[dict[str, tuple[str, ...]]] = {
    "HTTP": ("HTTPRoute", "GRPCRoute"),
    "HTTPS": ("HTTPRoute", "GRPCRoute"),
    "TCP": ("TCPRoute",),
    "UDP": ("UDPRoute",),
}
"""The routes that a protocol carries; of TLS `carried` says it."""


class Attached(NamedTuple):
    """Whether one listener takes a route: `text` says why not, `hostnames` for which names (empty: for all).

    `listener` is None where the parent has none that is meant, or is not in the input.
    """

    gateway: str
    listener: Listener | None
    answer: Answer
    because: Because
    text: str
    hostnames: tuple[str, ...]
    origin: Origin


class Holder(NamedTuple):
    """What of the Gateway API an input holds."""

    gateways: dict[tuple[str, str], Decoded]
    classes: dict[str, GatewayClass]
    namespaces: dict[str, Labels]
    grants: tuple[Decoded, ...]


def held(objects: Iterable[Decoded]) -> Holder:
    gateways: dict[tuple[str, str], Decoded] = {}
    classes: dict[str, GatewayClass] = {}
    namespaces: dict[str, Labels] = {}
    grants: list[Decoded] = []
    for d in objects:
        if isinstance(d.value, Gateway):
            gateways[d.namespace, d.name] = d
        elif isinstance(d.value, GatewayClass):
            classes[d.name] = d.value
        elif isinstance(d.value, Namespace):
            written = d.value.metadata.labels or {}
            namespaces[d.name] = {**{k: v or "" for k, v in written.items()}, NAME_LABEL: d.name}
        elif isinstance(d.value, ReferenceGrant):
            grants.append(d)
    return Holder(gateways, classes, namespaces, tuple(grants))


def listeners_of(gateway: Decoded) -> tuple[Listener, ...]:
    value: Gateway = gateway.value
    return (value.spec.listeners if value.spec else None) or ()


def at(d: Decoded, *pointer: str | int) -> Origin:
    return Origin(kind=d.kind, namespace=d.namespace, name=d.name, pointer=pointer, place=d.place)


# --- one route at one parent --------------------


def attach(route: Decoded, parent: ParentReference, index: int, holder: Holder) -> list[Attached]:
    """What every listener that the reference means says of the route; one answer without a listener where none is
    meant."""
    where = parent.namespace or route.namespace
    ref = named(where, parent.name or "")
    here = at(route, "spec", "parentRefs", index)
    if not parent.is_gateway:
        text = f"its parent is a {parent.kind or 'Gateway'}, which is not evaluated"
        return [Attached(ref, None, "perhaps", "gateway", text, (), here)]
    gateway = holder.gateways.get((where, parent.name or ""))
    if gateway is None:
        return [Attached(ref, None, "perhaps", "gateway", f"Gateway {ref} is not in the input", (), here)]
    listeners = listeners_of(gateway)
    meant = [
        (number, one)
        for number, one in enumerate(listeners)
        if parent.section_name in (None, one.name) and parent.port in (None, one.port)
    ]
    if not meant:
        has = ", ".join(f"{one.name} ({one.protocol} {one.port})" for one in listeners)
        if parent.section_name is not None and all(one.name != parent.section_name for one in listeners):
            text = f"Gateway {ref} has no listener `{parent.section_name}`; it has {has}"
            return [
                Attached(ref, None, "no", "section", text, (), at(route, "spec", "parentRefs", index, "sectionName"))
            ]
        text = f"Gateway {ref} has no listener on port {parent.port} that is meant; it has {has}"
        return [Attached(ref, None, "no", "port", text, (), at(route, "spec", "parentRefs", index, "port"))]
    return [_at_listener(route, gateway, number, one, holder) for number, one in meant]


def _at_listener(route: Decoded, gateway: Decoded, number: int, listener: Listener, holder: Holder) -> Attached:
    ref = named(gateway.namespace, gateway.name)
    place = at(gateway, "spec", "listeners", number)

    def said(answer: Answer, because: Because, text: str, *pointer: str) -> Attached:
        return Attached(ref, listener, answer, because, text, (), at(gateway, *place.pointer, *pointer))

    name = f"listener `{listener.name}` of Gateway {ref}"
    takes = allows_kind(listener, route.kind)
    if takes == "no":
        kinds = " and ".join(kinds_of(listener)) or "none that its protocol carries"
        return said("no", "kind", f"{name} takes {kinds}", "allowedRoutes" if _own_kinds(listener) else "protocol")
    near = allows_namespace(listener, gateway.namespace, route.namespace, holder)
    if near == "no":
        return said("no", "namespace", f"{name} takes routes of {namespaces_of(listener)} only", "allowedRoutes")
    shared = common_hostnames(listener.hostname, hostnames_of(route.value))
    if shared is None:
        told = ", ".join(hostnames_of(route.value))
        return said("no", "hostname", f"{name} is for `{listener.hostname}`, and the route for {told}", "hostname")
    conflict, against = conflicting(gateway, number)
    if conflict == "yes" and against is not None:
        text = f"{name} conflicts with `{against.name}` on port {listener.port}, and neither is accepted"
        return said("no", "conflict", text, "port")
    if not has_certificate(gateway, listener, holder):
        text = f"no ReferenceGrant lets {name} use a certificate of another namespace"
        return said("no", "certificate", text, "tls", "certificateRefs")
    if takes == "perhaps":
        text = f"which routes protocol `{listener.protocol}` of {name} carries is the implementation's"
        return said("perhaps", "protocol", text, "protocol")._replace(hostnames=shared)
    if near == "perhaps":
        text = f"{name} takes routes of namespaces by their labels, and those of {route.namespace} are not in the input"
        return said("perhaps", "namespace", text, "allowedRoutes")._replace(hostnames=shared)
    if conflict == "perhaps" and against is not None:
        text = f"whether {name} and `{against.name}`, on one port, conflict is the implementation's"
        return said("perhaps", "conflict", text, "port")._replace(hostnames=shared)
    return said("yes", "", f"{name} takes it")._replace(hostnames=shared)


# --- kinds --------------------


def carried(listener: Listener) -> tuple[str, ...] | None:
    """The kinds of routes that a listener's protocol carries; None where that is the implementation's.

    Of TLS that is ended at the gateway both TLSRoute and TCPRoute (GatewaySpec, "Listener" and GEP-2643).
    """
    if listener.protocol == "TLS":
        is_passed = (listener.tls or ListenerTLS()).mode == "Passthrough"
        return ("TLSRoute",) if is_passed else ("TLSRoute", "TCPRoute")
    return CARRIED.get(listener.protocol or "")


def _own_kinds(listener: Listener) -> tuple[RouteGroupKind, ...]:
    return (listener.allowed_routes.kinds if listener.allowed_routes else None) or ()


def kinds_of(listener: Listener) -> tuple[str, ...]:
    """The kinds of routes that it takes: those that it names and its protocol carries."""
    by_protocol = carried(listener) or ()
    own = _own_kinds(listener)
    if not own:
        return by_protocol
    mine = [one.kind or "" for one in own if (GROUP if one.group is None else one.group) == GROUP]
    return tuple(kind for kind in mine if not by_protocol or kind in by_protocol)


def allows_kind(listener: Listener, kind: str) -> Answer:
    own, by_protocol = _own_kinds(listener), carried(listener)
    named_ = any(one.kind == kind and (GROUP if one.group is None else one.group) == GROUP for one in own)
    if own and not named_:
        return "no"
    if by_protocol is None:
        return "perhaps"
    return "yes" if kind in by_protocol else "no"


# --- namespaces --------------------


def allows_namespace(listener: Listener, own: str, other: str, holder: Holder) -> Answer:
    """Whether a listener of a Gateway in `own` takes routes of the namespace `other`."""
    said = listener.allowed_routes.namespaces if listener.allowed_routes else None
    mode = (said.from_ if said else None) or "Same"
    if mode == "All":
        return "yes"
    if mode == "Same" or said is None:
        return "yes" if own == other else "no"
    if said.selector is None:
        return "perhaps"
    return selects(said.selector, other, holder)


def namespaces_of(listener: Listener) -> str:
    """Of which namespaces it takes routes, in words."""
    said = listener.allowed_routes.namespaces if listener.allowed_routes else None
    if said is not None and said.from_ == "Selector" and said.selector is not None:
        labels = [f"{k}={v or ''}" for k, v in (said.selector.match_labels or {}).items()]
        labels += [_worded(one) for one in said.selector.match_expressions or () if one is not None]
        return f"namespaces with {', '.join(labels)}"
    return "the Gateway's own namespace"


def _worded(one: Requirement) -> str:
    values = f" ({', '.join(v or '' for v in one.values)})" if one.values else ""
    return f"{one.key} {one.operator}{values}"


def selects(selector: LabelSelector, namespace: str, holder: Holder) -> Answer:
    """Whether the labels of a namespace match; of one whose object is not in the input only its name is known."""
    labels = holder.namespaces.get(namespace)
    known: Labels = labels if labels is not None else {NAME_LABEL: namespace}
    answers: list[Answer] = []
    wanted = [Requirement(key=k, operator="In", values=(v,)) for k, v in (selector.match_labels or {}).items()]
    for one in (*wanted, *(r for r in selector.match_expressions or () if r is not None)):
        if labels is None and one.key != NAME_LABEL:
            answers.append("perhaps")
            continue
        value = known.get(one.key)
        values = [v or "" for v in one.values or ()]
        match one.operator:
            case "In":
                is_so = value is not None and value in values
            case "NotIn":
                is_so = value is None or value not in values
            case "Exists":
                is_so = value is not None
            case _:
                is_so = value is None
        answers.append("yes" if is_so else "no")
    return "no" if "no" in answers else "perhaps" if "perhaps" in answers else "yes"


# --- hostnames --------------------


def common_hostname(one: str, other: str) -> str:
    """The names that two patterns have in common, "" for none. A leading `*.` stands for one label or more.

    >>> common_hostname("*.example.com", "a.b.example.com"), common_hostname("*.example.com", "example.com")
    ('a.b.example.com', '')
    >>> common_hostname("*.b.example.com", "*.example.com")
    '*.b.example.com'
    """
    if one == other:
        return one
    for wide, narrow in ((one, other), (other, one)):
        if wide.startswith("*.") and narrow.removeprefix("*").endswith(wide[1:]) and narrow != wide[2:]:
            return narrow
    return ""


def common_hostnames(listener: str | None, route: Sequence[str]) -> tuple[str, ...] | None:
    """The names for which a listener takes a route's requests, empty: all; None where they have none in common."""
    if not listener or not route:
        return tuple(route) or ((listener,) if listener else ())
    found = tuple(dict.fromkeys(name for one in route if (name := common_hostname(listener, one))))
    return found or None


# --- listeners against one another --------------------


def conflicting(gateway: Decoded, number: int) -> tuple[Answer, Listener | None]:
    """Whether a listener cannot be told apart from another of its Gateway, and from which: then neither is accepted."""
    listeners = listeners_of(gateway)
    mine = listeners[number]
    found: tuple[Answer, Listener | None] = ("no", None)
    for index, other in enumerate(listeners):
        answer = clash(mine, other) if index != number else "no"
        if answer == "yes" or (answer == "perhaps" and found[0] == "no"):
            found = (answer, other)
    return found


def clash(one: Listener, other: Listener) -> Answer:
    """Whether two listeners conflict. TCP beside HTTP, HTTPS or TLS of one port surely does; what these do among each
    other, where their names are the same or one is without TLS, is the implementation's."""
    over_tcp = ("HTTP", "HTTPS", "TLS", "TCP")
    if one.port != other.port:
        return "no"
    if one.protocol == other.protocol:
        return "yes" if one.protocol in ("TCP", "UDP") or one.hostname == other.hostname else "no"
    if one.protocol not in over_tcp or other.protocol not in over_tcp:
        return "no"
    if "TCP" in (one.protocol, other.protocol):
        return "yes"
    return "perhaps" if "HTTP" in (one.protocol, other.protocol) or one.hostname == other.hostname else "no"


# --- references across namespaces --------------------


def granted(
    holder: Holder, kind: str, namespace: str, to_group: str, to_kind: str, to_namespace: str, to_name: str
) -> bool:
    """Whether an object of this API, of `kind` in `namespace`, may refer to another: one of its own namespace, or one
    that a ReferenceGrant beside it lets it name."""
    if namespace == to_namespace:
        return True
    for d in holder.grants:
        value: ReferenceGrant = d.value
        if d.namespace != to_namespace or value.spec is None:
            continue
        from_here = any(
            (one.group, one.kind, one.namespace) == (GROUP, kind, namespace) for one in value.spec.from_ or ()
        )
        if from_here and any(
            (one.group, one.kind) == (to_group, to_kind) and one.name in (None, "", to_name)
            for one in value.spec.to or ()
        ):
            return True
    return False


def has_certificate(gateway: Decoded, listener: Listener, holder: Holder) -> bool:
    """Whether a listener may use one of its certificates at least, where it ends TLS by certificates."""
    refs = (listener.tls.certificate_refs if listener.tls else None) or ()
    return not refs or any(
        granted(
            holder,
            "Gateway",
            gateway.namespace,
            ref.group or "",
            ref.kind or "Secret",
            ref.namespace or gateway.namespace,
            ref.name or "",
        )
        for ref in refs
    )
