"""Kinds that can lead from outside to a Service and are not evaluated: which Services an object of them names.

Istio, Traefik, Contour, Kong, Ambassador, NGINX, clouds, clusters among each other: they write
the Service's name in different places, so every text of the spec that is one counts. Naming is taken for leading.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netwright.base.spans import Origin
from netwright.model.cluster import UnreadRoute
from netwright.model.document import Document, Unread
from netwright.model.live_kinds import EXPOSING

KINDS = {(group, kind) for group, kinds in EXPOSING.items() for kind in kinds.split()}
READ = frozenset(("Ingress", "Service", "HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute", "Route"))
NAMES = {kind for _, kind in KINDS} | READ
PASSED_OVER = frozenset(
    ("apiVersion", "kind", "group", "namespace", "parentRefs", "hostnames", "gateways", "gatewayClassName", "tls")
)
"""Fields whose texts name something else than a Service."""


def exposing(document: Document) -> UnreadRoute | None:
    """What an object that is not evaluated may lead to from outside; None where that is nothing."""
    if (document.group, document.kind) not in KINDS:
        return None
    tree = document.tree()
    spec = tree.get("spec") if isinstance(tree, dict) else None
    namespace = document.namespace or "default"
    if document.kind == "ServiceExport":
        found = {(namespace, document.name, 0)}
    elif not isinstance(spec, dict) or _is_inside(document.kind, spec):
        return None
    else:
        texts = _texts(spec, namespace, 0)
        found = {(where, name, port) for text, near, port in texts for where, name in _of(text, near)}
    origin = Origin(kind=document.kind, namespace=document.namespace, name=document.name, place=document.place)
    name = f"{document.namespace}/{document.name}" if document.namespace else document.name
    return UnreadRoute(
        text=f"{document.kind} {name}",
        kind=document.kind,
        entry=_entry(spec if isinstance(spec, dict) else {}),
        services=tuple(sorted(found)),
        origin=origin,
    )


def unreadable(unread: Unread) -> UnreadRoute | None:
    """The same of a text that gave no object: where it could have been such a one, it may lead to any Service."""
    if unread.kinds and NAMES.isdisjoint(unread.kinds):
        return None
    return UnreadRoute(text=unread.reason, kind="", services=None, namespaces=tuple(unread.namespaces))


def _is_inside(kind: str, spec: dict[str, Any]) -> bool:
    """Whether the object routes between pods of a mesh only: no gateway outside."""
    return kind == "VirtualService" and all(gateway == "mesh" for gateway in _listed(spec.get("gateways")))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _texts(node: Any, namespace: str, port: int) -> Iterator[tuple[str, str, int]]:
    """Every text with the namespace and the port that stand beside it."""
    waiting = [(node, namespace, port)]
    while waiting:
        at, near, number = waiting.pop()
        if isinstance(at, str):
            yield at, near, number
        elif isinstance(at, list):
            waiting += [(one, near, number) for one in at]
        elif isinstance(at, dict):
            named, beside = at.get("namespace"), at.get("port")
            near = named if isinstance(named, str) and named else near
            beside = beside.get("number") if isinstance(beside, dict) else beside
            number = beside if isinstance(beside, int) and not isinstance(beside, bool) else 0
            waiting += [(value, near, number) for key, value in at.items() if key not in PASSED_OVER]


def _of(text: str, namespace: str) -> Iterator[tuple[str, str]]:
    """The Service that a text can name, as (namespace, name): `web`, `web.shop`, `web.shop.svc.cluster.local`, with a
    scheme before it and a port behind it or not."""
    host = text.rpartition("://")[2].partition("/")[0].partition(":")[0]
    name, *rest = host.split(".")
    if name and (len(rest) < 2 or rest[1] == "svc"):
        yield (rest[0] if rest else namespace), name


def _entry(spec: dict[str, Any]) -> str:
    virtual = spec.get("virtualhost")
    hosts = [*_listed(spec.get("hostnames")), *_listed(spec.get("hosts")), spec.get("host")]
    hosts += [virtual.get("fqdn")] if isinstance(virtual, dict) else []
    return ", ".join(h for h in hosts if isinstance(h, str) and h) or "any host"
