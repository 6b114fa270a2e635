"""Archives, `.tar.gz` and `.zip`, read member by member: nothing is unpacked to the disk, and all is bounded.

Of what a collecting tool wrote, only those members are read in which it puts objects. Layouts:

- must-gather, `oc adm inspect`: `namespaces/NS/NS.yaml`, `namespaces/NS/GROUP/RESOURCE.yaml` for lists or
  `…/RESOURCE/NAME.yaml`, `cluster-scoped-resources/GROUP/…` (openshift/oc 4.20, `pkg/cli/admin/inspect/util.go` and
  `namespace.go`). Each pod is there a second time as `namespaces/NS/pods/POD/POD.yaml`, which is not read.
- Cilium's sysdump: `cilium-sysdump-TS/k8s-pods-TS.yaml`, `…/ciliumnetworkpolicies-TS.yaml` and so on, flat
  (cilium/cilium 1.18, `cilium-cli/sysdump/constants.go`).
- `kubectl cluster-info dump --output-directory`: `nodes.json`, `NS/pods.json`, `NS/services.json`,
  `NS/daemonsets.json`, `NS/deployments.json`, `NS/replicasets.json`, `NS/replication-controllers.json`,
  `NS/events.json` (kubectl 1.34, `pkg/cmd/clusterinfo/clusterinfo_dump.go`).

Any other archive is read like a folder of manifests.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator
from typing import IO, Any, Final

from netwright.base.errors import SourceError
from netwright.base.patterns import pattern
from netwright.sources.account import diagnostic
from netwright.sources.files import ANY_EFFECT, MAX_FILE, Text, display, is_manifest, is_skipped_folder

MAX_MEMBERS: Final = 500_000
MAX_UNPACKED: Final = 16 << 30
"""Bytes that are unpacked of one archive, logs that are passed over included."""
MAX_HELD: Final = 2 << 30
"""Bytes of all texts of one archive."""
MAX_RATIO: Final = 250
"""Bytes that one byte may unpack to, beyond the first 64 MiB; logs come to 30."""
_FREE: Final = 64 << 20
_MAX_READ: Final = 8 << 20
"""Bytes of one read: a header that wants more is none."""
_CHUNK: Final = 1 << 20

MUST_GATHER, SYSDUMP, DUMP = "must-gather", "Cilium sysdump", "cluster-info dump"
_OF_MUST_GATHER = pattern(
    r"(?:.*/)?(?:namespaces/([^/]+)/(?:\1|(?!pods/)[^/]+/.+)|cluster-scoped-resources/[^/]+/.+)\.yaml"
)
_OF_SYSDUMP = pattern(
    r"(?:.*/)?(?:k8s-(?:namespaces|networkpolicies|nodes|pods|services|endpoints)|cilium[a-z]+|cilium-[a-z-]*(?:configmap|"
    r"daemonset|deployment|statefulset)|hubble-[a-z-]*(?:configmap|daemonset|deployment)|clustermesh-apiserver-deployment|"
    r"gatewayapi-[a-z]+|ingressclasses)-\d{8}-\d{6}\.yaml"
)
_OF_DUMP = pattern(
    r"(?:.*/)?(?:nodes|[^/]+/(?:pods|services|daemonsets|deployments|replicasets|replication-controllers))\.json"
)


class _Bounds(Exception):
    """The archive is beyond what is read of one."""


def layout_of(names: list[str]) -> str:
    """The tool that wrote members of these names; "" for none that is known.

    >>> layout_of(["x/namespaces/shop/shop.yaml", "x/version"])
    'must-gather'
    """
    if any(_OF_MUST_GATHER.fullmatch(name) for name in names):
        return MUST_GATHER
    if any("cilium-sysdump-" in name or name.startswith("k8s-") for name in names) and any(
        _OF_SYSDUMP.fullmatch(name) for name in names
    ):
        return SYSDUMP
    bases = {name.rpartition("/")[2] for name in names}
    if {"nodes.json", "pods.json", "services.json"} <= bases and not any(b.endswith((".yaml", ".yml")) for b in bases):
        return DUMP
    return ""


def is_read(name: str, layout: str) -> bool:
    """Whether the tool puts objects into a member of this name."""
    chosen = {MUST_GATHER: _OF_MUST_GATHER, SYSDUMP: _OF_SYSDUMP, DUMP: _OF_DUMP}.get(layout)
    if chosen is not None:
        return chosen.fullmatch(name) is not None
    *folders, base = name.split("/")
    return is_manifest(base) and not base.startswith(".") and not any(map(is_skipped_folder, folders))


def texts(path: str) -> Iterator[Text]:
    """The texts of an archive in the order of their names, each called `ARCHIVE!MEMBER`.

    What cannot be read (a link, a name that leads outside, a member twice, the rest of an archive that is cut off) is a
    text with a fault. Raises SourceError where the file is no such archive, or holds nothing that is read.
    """
    shown = display(path)
    found: dict[str, Text] = {}
    faults: list[Text] = []
    names: list[str] = []
    held = 0
    more: str = ""
    try:
        for name, kind, size, opened in _members(path):
            if len(names) >= MAX_MEMBERS:
                raise _Bounds(f"over {MAX_MEMBERS:,} members")
            clean = name.removeprefix("./")
            names.append(clean)
            if kind == "folder":
                continue
            told = f"{shown}!{display(clean)}"
            if not _may_be_read(clean, kind):
                continue
            why = _refused(clean, kind, size, clean in found)
            if why:
                faults.append(_fault(told, clean, why))
                continue
            data = _content(opened)
            held += len(data)
            if held > MAX_HELD:
                raise _Bounds(f"texts of over {MAX_HELD >> 30} GiB")
            found[clean] = Text(file=told, inner=clean, data=data)
    except _Bounds as fault:
        more = f"not read to its end: {fault}"
    except (EOFError, zlib.error, ValueError, OSError, RuntimeError, NotImplementedError) as fault:
        if not names:
            raise _foreign(shown, fault) from None
        more = f"not read to its end: it is cut off or damaged ({type(fault).__name__})"
    except Exception as fault:
        if type(fault).__module__ not in ("tarfile", "zipfile", "struct"):
            raise
        if not names:
            raise _foreign(shown, fault) from None
        more = f"not read to its end: it is cut off or damaged ({type(fault).__name__})"
    layout = layout_of(names)
    wanted = [name for name in sorted(found, key=os.fsencode) if is_read(name, layout)]
    refused = [text for text in faults if not layout or is_read(text.inner, layout)]
    if not wanted and not refused and not more:
        raise SourceError(
            f"`{shown}` holds no objects that are known",
            help="read are must-gather, Cilium's sysdump, `kubectl cluster-info dump` and archives of manifests",
        )
    yield from (found[name] for name in wanted)
    yield from refused
    if more:
        yield _fault(shown, "", more)


def _foreign(shown: str, fault: Exception) -> SourceError:
    if isinstance(fault, OSError) and fault.errno:
        return SourceError(f"`{shown}` cannot be read: {(fault.strerror or '').lower()}")
    return SourceError(f"`{shown}` is no archive that can be read", help="`.tar.gz`, `.tgz` and `.zip` are read")


def _may_be_read(name: str, kind: str) -> bool:
    base = name.rpartition("/")[2]
    return is_manifest(base) or (kind == "link" and "." not in base)


def _refused(name: str, kind: str, size: int, again: bool) -> str:
    if name.startswith("/") or ".." in name.split("/") or "\0" in name or re.match(r"[A-Za-z]:", name):
        return "its name leads out of the archive"
    if kind == "link":
        return "a link, which is not followed in an archive"
    if kind != "file":
        return "neither a file nor a folder"
    if again:
        return "the archive holds it twice"
    return f"a text of over {MAX_FILE >> 20} MiB" if size > MAX_FILE else ""


def _fault(told: str, inner: str, why: str) -> Text:
    fault = diagnostic("NW1005", f"cannot be read: {why}", file=told, effect=ANY_EFFECT)
    return Text(file=told, inner=inner, data=None, fault=fault)


def _content(opened: Any) -> bytes:
    with opened() as stream:
        parts = []
        length = 0
        while chunk := stream.read(_CHUNK):
            length += len(chunk)
            if length > MAX_FILE:
                raise _Bounds(f"a text of over {MAX_FILE >> 20} MiB")
            parts.append(chunk)
        return b"".join(parts)


def _members(path: str) -> Iterator[tuple[str, str, int, Any]]:
    """Name, kind (file, folder, link, other), size and a way to open it, of every member as it comes."""
    return _zipped(path) if path.lower().endswith(".zip") else _tarred(path)


def _zipped(path: str) -> Iterator[tuple[str, str, int, Any]]:
    import stat
    import zipfile
    from functools import partial

    with zipfile.ZipFile(path) as archive:
        unpacked = 0
        for info in archive.infolist():
            mode = info.external_attr >> 16
            kind = "folder" if info.is_dir() else "link" if stat.S_ISLNK(mode) else "file"
            if _may_be_read(info.filename, kind):
                unpacked += info.file_size
                if info.file_size > _FREE and info.file_size > MAX_RATIO * max(info.compress_size, 1):
                    raise _Bounds(f"`{display(info.filename)}` unpacks to over {MAX_RATIO} times its size")
                if unpacked > MAX_HELD:
                    raise _Bounds(f"texts of over {MAX_HELD >> 30} GiB")
            yield info.filename, kind, info.file_size, partial(archive.open, info)


def _tarred(path: str) -> Iterator[tuple[str, str, int, Any]]:
    import gzip
    import tarfile
    from functools import partial

    with open(path, "rb") as raw, gzip.GzipFile(fileobj=raw) as unpacked:  # noqa: PTH123 - as the user wrote it
        stream: Any = _Bounded(raw, unpacked)
        with tarfile.open(fileobj=stream, mode="r:", errorlevel=2) as archive:
            while (info := archive.next()) is not None:
                archive.members = []  # type: ignore[attr-defined] # it would keep every member it has met
                kind = "folder" if info.isdir() else "file" if info.isreg() else "other"
                kind = "link" if info.issym() or info.islnk() else kind
                yield info.name, kind, info.size, partial(archive.extractfile, info)
        stream.drain()


class _Bounded:
    """A stream that is unpacked, as a file that can be read forward, within the bounds."""

    def __init__(self, raw: IO[bytes], unpacked: Any) -> None:
        self._raw = raw
        self._unpacked = unpacked
        self._at = 0

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence != 0 or offset < self._at:
            raise ValueError("an archive is read forward")
        while self._at < offset:
            if not self.read(min(offset - self._at, _CHUNK)):
                break
        return self._at

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _MAX_READ:
            raise _Bounds(f"a header of over {_MAX_READ >> 20} MiB")
        data: bytes = self._unpacked.read(size)
        self._at += len(data)
        if self._at > MAX_UNPACKED:
            raise _Bounds(f"over {MAX_UNPACKED >> 30} GiB unpacked")
        if self._at > _FREE and self._at > MAX_RATIO * max(self._raw.tell(), 1):
            raise _Bounds(f"it unpacks to over {MAX_RATIO} times its size")
        return data

    def drain(self) -> None:
        """Reads what is left. Raises EOFError or OSError where the packed stream does not end as it says."""
        while self.read(_CHUNK):
            pass
