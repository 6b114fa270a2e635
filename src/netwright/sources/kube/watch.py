"""A cluster that is followed: its lists once, then what changes, kind by kind (the watch of the API's list verb)."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from urllib.parse import quote, urlencode

import msgspec

from netwright.base.errors import SourceError
from netwright.model.document import Document, Reading
from netwright.sources.kube import PREFIX, Access
from netwright.sources.kube.connection import Refused, Server
from netwright.sources.kube.discovery import Resource, discover
from netwright.sources.kube.held import Change, Held
from netwright.sources.kube.kubeconfig import choose
from netwright.sources.kube.lists import list_all, selection, wanted
from netwright.sources.kube.live import note_refused, note_served
from netwright.sources.kube.visible import get_namespace, is_by_name, list_visible

GATHER_SECONDS = 0.05
"""How long after a change further ones are waited for: one `kubectl apply` brings several."""
SERVER_SECONDS = 240
"""After which the server ends a watch, and it is begun again where it ended."""

NAMED_SECONDS = 10.0
"""How often a namespace is read again that may be read and not listed, nor watched."""


class _Meta(msgspec.Struct, rename="camel"):
    resource_version: str = ""


class _Object(msgspec.Struct):
    metadata: _Meta = msgspec.field(default_factory=_Meta)
    code: int = 0


class _Event(msgspec.Struct):
    type: str
    object: msgspec.Raw


_EVENT = msgspec.json.Decoder(_Event)
_OBJECT = msgspec.json.Decoder(_Object)


class Followed:
    """The objects of a cluster, as they are by the last change that was taken. `alike` as of `Held`: what changed
    without being another object to it is no change.

    Raises SourceError as `read_cluster`.
    """

    def __init__(self, source: str, access: Access, alike: Callable[[Document, Document], bool] | None = None) -> None:
        chosen = choose(source, access)
        self._server = Server(chosen, allow_exec=access.allow_exec)
        self._held = Held(f"{PREFIX}{self._server.name}", alike)
        self._changes: queue.Queue[Change | Exception] = queue.Queue()
        try:
            served = discover(self._server)
            self._listed = list_visible(self._server, wanted(served), chosen.namespace)
        except BaseException:
            self._server.close()
            raise
        held = self._held
        for one in self._listed:
            if one.refused:
                note_refused(held.account, held.shown, one, self._listed)
            else:
                held.fill(one.resource, one.items, one.resource_version)
        note_served(held.account, held.shown, served)

    def close(self) -> None:
        """End all watches."""
        self._server.close()

    def reading(self) -> Reading:
        """The cluster as a source is read; what did not change is the same document."""
        return self._held.reading()

    def changes(self) -> Iterator[list[str]]:
        """What changed, each time something did, as `NetworkPolicy shop/web`; `reading` has it then.

        Raises SourceError where a watch cannot go on: what is not followed any more is not told as it was.
        """
        for one in self._listed:
            if not one.refused:
                words = (one.resource, one.resource_version)
                threading.Thread(target=self._follow, args=words, name="watch", daemon=True).start()
        while True:
            told = self._take(self._changes.get())
            last = time.monotonic() + GATHER_SECONDS
            while (left := last - time.monotonic()) > 0:
                try:
                    told += self._take(self._changes.get(timeout=left))
                except queue.Empty:
                    break
            if told:
                yield list(dict.fromkeys(told))

    def _take(self, change: Change | Exception) -> list[str]:
        if isinstance(change, Exception):
            raise change
        return self._held.take(change)

    # --- a thread a kind --------------------

    def _follow(self, resource: Resource, version: str) -> None:
        try:
            while is_by_name(resource) and not self._server.is_closed:
                time.sleep(NAMED_SECONDS)
                found = get_namespace(self._server, resource)
                if found is None:
                    raise SourceError(f"the namespace {resource.namespace} cannot be read any more")
                self._changes.put(Change(resource, "BEGUN", tuple(map(bytes, found.items))))
            while not self._server.is_closed:
                version = self._watch(resource, version) or self._again(resource)
        except Exception as fault:  # noqa: BLE001 - whatever ends it, the kind is not followed any more
            self._changes.put(fault)

    def _watch(self, resource: Resource, version: str) -> str:
        """Until the server ends it: the version to begin from next; "" where that is too old."""
        asked = selection(resource) | {
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(SERVER_SECONDS),
        }
        started = time.monotonic()
        try:
            for line in self._server.lines(f"{resource.path}?{urlencode(asked, quote_via=quote)}"):
                event = _EVENT.decode(line)
                found = _OBJECT.decode(event.object)
                if event.type == "ERROR":
                    if found.code == 410:
                        return ""
                    raise SourceError(f"the watch of {resource.plural} ended with an error ({found.code})")
                version = found.metadata.resource_version or version
                if event.type in ("ADDED", "MODIFIED", "DELETED"):
                    self._changes.put(Change(resource, event.type, (bytes(event.object),), version))
        except Refused as refused:
            if refused.code == 410:
                return ""
            raise SourceError(f"{resource.plural} can be listed and not watched ({refused.code})") from None
        except (msgspec.DecodeError, RecursionError):
            raise SourceError(f"the watch of {resource.plural} sent what is no event") from None
        if time.monotonic() - started < 1 and not self._server.is_closed:
            time.sleep(1)  # a server that ends it at once is not asked in a circle
        return version

    def _again(self, resource: Resource) -> str:
        """List the kind anew, as its changes since are not known any more."""
        (listed,) = list_all(self._server, [resource])
        if listed.refused:
            raise SourceError(f"{resource.plural} cannot be listed any more ({listed.refused})")
        self._changes.put(Change(resource, "BEGUN", tuple(map(bytes, listed.items)), listed.resource_version))
        return listed.resource_version
