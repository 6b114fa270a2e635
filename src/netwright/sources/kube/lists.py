"""Lists of objects in pages, several kinds at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urlencode

import msgspec

from netwright.base.errors import SourceError
from netwright.model.kind_lists import names_of
from netwright.model.live_kinds import asked_for
from netwright.sources.kube.connection import Refused, Server
from netwright.sources.kube.discovery import Resource, Served

PAGE = 500
"""Objects of one answer, as kubectl asks for."""
AT_ONCE = 6
_RESTARTS = 2


class _Meta(msgspec.Struct, rename="camel"):
    resource_version: str = ""
    continue_: str = msgspec.field(default="", name="continue")


class _Page(msgspec.Struct):
    metadata: _Meta
    items: list[msgspec.Raw] | None = None


_PAGE = msgspec.json.Decoder(_Page)


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """The objects of a kind as their JSON, and the version of the whole that they are of; or why there are none."""

    resource: Resource
    items: Sequence[msgspec.Raw] = ()
    resource_version: str = ""
    refused: int = 0
    """The code that the server answered instead."""
    why: str = ""
    seen: tuple[str, ...] = ()
    """Of a kind that is refused in the whole cluster, the namespaces in which it is listed all the same."""


def wanted(served: Served) -> list[Resource]:
    """The lists to ask for: a kind, or a name of one that is read by name. Of Calico's kinds, which two groups may
    hold, those of its API server are taken."""
    kinds = {(r.group, r.kind) for r in served.resources}
    return [
        msgspec.structs.replace(r, name=name)
        for r in served.resources
        if (asked := asked_for(r.group, r.kind)) in ("all", "named")
        and not (r.group == "crd.projectcalico.org" and ("projectcalico.org", r.kind) in kinds)
        for name in (names_of(r.group, r.kind) if asked == "named" else ("",))
    ]


def list_all(server: Server, resources: Iterable[Resource]) -> list[Listed]:
    """Every kind, in the order given. Raises SourceError where the server fails before all is told."""
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="kube")
    waiting = [pool.submit(_list, server, resource) for resource in resources]
    try:
        return [one.result() for one in waiting]
    except BaseException:
        server.close()  # the others need not end what is of no use any more
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def selection(resource: Resource) -> dict[str, str]:
    """The parameters that narrow a list to the objects of it that are read."""
    return {"fieldSelector": f"metadata.name={resource.name}"} if resource.name else {}


def _list(server: Server, resource: Resource) -> Listed:
    fixed = selection(resource)
    limit = PAGE
    for attempt in range(_RESTARTS + 1):
        if attempt == _RESTARTS:
            limit = 0  # all at once, as client-go does where pages expire again and again
        try:
            return _pages(server, resource, fixed, limit)
        except Refused as refused:
            if refused.code == 410 and limit:
                continue
            if refused.code == 404:
                return Listed(resource=resource)  # it went away since it was discovered
            return Listed(resource=resource, refused=refused.code, why=refused.status.message)
    raise AssertionError("unreachable")


def _pages(server: Server, resource: Resource, fixed: dict[str, str], limit: int) -> Listed:
    items: list[msgspec.Raw] = []
    token = ""
    while True:
        asked = fixed | ({"limit": str(limit)} if limit else {}) | ({"continue": token} if token else {})
        body = server.get(f"{resource.path}?{urlencode(asked, quote_via=quote)}" if asked else resource.path)
        try:
            page = _PAGE.decode(body)
        except (msgspec.DecodeError, RecursionError):
            raise SourceError(f"{server.shown} answers with a list of {resource.plural} that is none") from None
        items += page.items or ()
        token = page.metadata.continue_
        if not token:
            return Listed(resource=resource, items=items, resource_version=page.metadata.resource_version)
