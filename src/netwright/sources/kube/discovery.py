"""Which kinds a server serves, and under which paths (apidiscovery.k8s.io/v2; before 1.30 APIResourceList)."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import msgspec

from netwright.base.errors import SourceError
from netwright.sources.kube.connection import Refused, Server

_ACCEPT = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"


class Resource(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A kind that can be listed, in the version that is asked for: all objects of it, or those in a namespace or with a
    name."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool
    namespace: str = ""
    name: str = ""

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def shown(self) -> str:
        """The list in kubectl's words: `pods`, `networkpolicies.networking.k8s.io`, `configmaps/cilium-config`, and
        `shop/pods` of a namespace."""
        resource = f"{self.plural}.{self.group}" if self.group else self.plural
        return "/".join(filter(None, (self.namespace, resource, self.name)))

    @property
    def path(self) -> str:
        """Of the list, over all namespaces or of the one."""
        inside = f"namespaces/{self.namespace}/" if self.namespace else ""
        return f"/{'apis' if self.group else 'api'}/{self.api_version}/{inside}{self.plural}"


class _Kind(msgspec.Struct):
    kind: str = ""


class _Found(msgspec.Struct, rename="camel"):
    """A resource, as either form of discovery has it."""

    resource: str = ""
    name: str = ""
    kind: str = ""
    response_kind: _Kind | None = None
    scope: str = ""
    namespaced: bool = False
    verbs: list[str] | None = None


class _Version(msgspec.Struct, rename="camel"):
    version: str
    resources: list[_Found] | None = None
    freshness: str = ""


class _Name(msgspec.Struct):
    name: str = ""


class _Group(msgspec.Struct):
    metadata: _Name = msgspec.field(default_factory=_Name)
    name: str = ""
    versions: list[_Version] | None = None


class _Groups(msgspec.Struct):
    kind: str = ""
    items: list[_Group] | None = None
    groups: list[_Group] | None = None
    versions: list[str | _Version] | None = None
    resources: list[_Found] | None = None


_GROUPS = msgspec.json.Decoder(_Groups)


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """What can be listed, each kind once; and the groups whose own server did not say what they hold."""

    resources: tuple[Resource, ...]
    silent: tuple[str, ...] = ()


def discover(server: Server) -> Served:
    """Raises SourceError where the server does not say what it serves."""
    found: list[Resource] = []
    silent: set[str] = set()
    for root in ("/api", "/apis"):
        try:
            answer = _decode(server.get(root, accept=_ACCEPT), server)
        except Refused as refused:
            raise SourceError(f"{server.shown} does not say what it serves ({refused.code})") from None
        if answer.kind == "APIGroupDiscoveryList":
            for group in answer.items or ():
                for version in group.versions or ():
                    if version.freshness == "Stale":
                        silent.add(group.metadata.name)
                    found += _resources(group.metadata.name, version.version, version.resources or ())
            continue
        groups = (
            [("", v) for v in answer.versions or () if isinstance(v, str)]
            if root == "/api"
            else [(g.name, v.version) for g in answer.groups or () for v in g.versions or ()]
        )
        with ThreadPoolExecutor(8) as pool:
            for (name, version_), listed in zip(groups, pool.map(lambda g: _old(server, *g), groups), strict=True):
                if listed is None:
                    silent.add(name)
                else:
                    found += _resources(name, version_, listed)
    once: dict[tuple[str, str], Resource] = {}
    for one in found:  # the versions of a group stand in the order in which it prefers them
        once.setdefault((one.group, one.kind), one)
    return Served(resources=tuple(sorted(once.values())), silent=tuple(sorted(silent)))


def _old(server: Server, group: str, version: str) -> list[_Found] | None:
    path = f"/apis/{group}/{version}" if group else f"/api/{version}"
    try:
        return _decode(server.get(path), server).resources or []
    except Refused:
        return None


def _decode(body: bytes, server: Server) -> _Groups:
    try:
        return _GROUPS.decode(body)
    except (msgspec.DecodeError, RecursionError):
        raise SourceError(f"{server.shown} does not answer as an API server of Kubernetes does") from None


def _resources(group: str, version: str, found: Iterable[_Found]) -> Iterable[Resource]:
    for one in found:
        plural = one.resource or one.name
        kind = one.response_kind.kind if one.response_kind else one.kind
        if not plural or "/" in plural or not kind or "list" not in (one.verbs or ()):
            continue
        namespaced = one.scope == "Namespaced" or (not one.scope and one.namespaced)
        yield Resource(group=group, version=version, kind=kind, plural=plural, namespaced=namespaced)
