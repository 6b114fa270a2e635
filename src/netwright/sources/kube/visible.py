"""What a user sees who may not list a kind in the whole cluster: its objects in some namespaces.

A RoleBinding gives access in one namespace, a ClusterRoleBinding in all ("Using RBAC Authorization", kubernetes.io).
Which namespaces there are is known from their list, where that may be read, from what else is read, and from the
context.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import msgspec

from netwright.sources.jsontext import HEADER
from netwright.sources.kube.connection import Refused, Server
from netwright.sources.kube.discovery import Resource
from netwright.sources.kube.lists import AT_ONCE, Listed, list_all

MOST_NAMESPACES = 500
"""Of more than these, only the context's is asked for: each is a request a kind."""


def list_visible(server: Server, resources: Iterable[Resource], namespace: str = "") -> list[Listed]:
    """Every kind as `list_all` gives it; of one that may not be listed in the whole cluster, the lists of the
    namespaces in which it may, and behind them the refusal with these namespaces. `namespace`: the context's.

    Raises SourceError where the server fails before all is told.
    """
    listed = list_all(server, resources)
    if not any(map(_is_partial, listed)):
        return listed
    own = namespace or "default"
    known = _namespaces(listed) | {own}
    asked = sorted(known) if len(known) <= MOST_NAMESPACES else [own]
    within = [
        msgspec.structs.replace(one.resource, namespace=name)
        for one in listed
        if _is_partial(one) and one.resource.namespaced
        for name in asked
    ]
    seen: dict[Resource, list[Listed]] = {}
    for part in (*list_all(server, within), *_by_name(server, listed, asked)):
        if not part.refused:
            whole = msgspec.structs.replace(part.resource, namespace="")
            seen.setdefault(whole, []).append(part)
    out: list[Listed] = []
    for one in listed:
        parts = seen.get(one.resource, []) if one.refused else []
        names = tuple(part.resource.namespace for part in parts)
        out += [*parts, msgspec.structs.replace(one, seen=names)]
    return out


def _is_partial(one: Listed) -> bool:
    return one.refused == 403 and (one.resource.namespaced or _is_namespace(one.resource))


def _is_namespace(resource: Resource) -> bool:
    return (resource.group, resource.kind) == ("", "Namespace")


def _namespaces(listed: Iterable[Listed]) -> set[str]:
    """Those that are listed, and those that hold what is."""
    found = set()
    for one in listed:
        for item in one.items:
            metadata = HEADER.decode(item).metadata
            name = metadata and (metadata.name if _is_namespace(one.resource) else metadata.namespace)
            if name:
                found.add(name)
    return found


def is_by_name(resource: Resource) -> bool:
    """Whether it is one namespace, and no list."""
    return _is_namespace(resource) and bool(resource.namespace)


def get_namespace(server: Server, resource: Resource) -> Listed | None:
    """The one namespace; None where it may not be read or is not there."""
    try:
        return Listed(resource=resource, items=[msgspec.Raw(server.get(f"/api/v1/namespaces/{resource.namespace}"))])
    except Refused:
        return None


def _by_name(server: Server, listed: Iterable[Listed], asked: list[str]) -> Iterator[Listed]:
    """Namespaces that may be read and not listed, each as a list of its own: who may `get` within one gets it too."""

    for one in listed:
        if _is_partial(one) and _is_namespace(one.resource):
            with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="kube") as pool:
                named = [msgspec.structs.replace(one.resource, namespace=name) for name in asked]
                yield from filter(None, pool.map(partial(get_namespace, server), named))
