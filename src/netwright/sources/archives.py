"""Archives, `.tar.gz` and `.zip`, read member by member: nothing is unpacked to the disk, and all is bounded.

Of what a collecting tool wrote, only those members are read in which it puts objects (`layouts`). Any other archive is
read like a folder of manifests.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import IO, Any, Final

from netwright.base.errors import SourceError
from netwright.sources import layouts
from netwright.sources.account import diagnostic
from netwright.sources.files import ANY_EFFECT, MAX_FILE, Text, display, is_manifest

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
_ENCRYPTED: Final = 1
"""The flag of a zip's member whose content needs a password (APPNOTE 4.4.4)."""


_AGAIN: Final = "copy or write the archive again, or leave it out of the sources"
_LEAVE_OUT: Final = "leave it out of the archive"
_UNPACK: Final = "unpack the archive with its password, and name the folder as the source"
_OF_BOUNDS: Final = "unpack what matters of it, and name that as the source"


class _Bounds(Exception):
    """The archive is beyond what is read of one."""


def texts(path: str) -> tuple[str, list[Text]]:
    """The tool that wrote an archive ("" for none that is known), and its texts in the order of their names, each
    called `ARCHIVE!MEMBER`.

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
                faults.append(_fault(told, clean, why, _UNPACK if kind == "encrypted" else _LEAVE_OUT))
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
            raise _foreign(path, fault) from None
        more = f"not read to its end: it is cut off or damaged ({type(fault).__name__})"
    except Exception as fault:
        if type(fault).__module__ not in ("tarfile", "zipfile", "struct"):
            raise
        if not names:
            raise _foreign(path, fault) from None
        more = f"not read to its end: it is cut off or damaged ({type(fault).__name__})"
    known = frozenset(names)
    layout = layouts.layout_of(known)
    wanted = [name for name in layouts.in_order(found) if layouts.is_read(name, layout, known)]
    refused = [text for text in faults if not layout or layouts.is_read(text.inner, layout, known)]
    if not wanted and not refused and not more:
        raise SourceError(
            f"`{shown}` holds no objects that are known",
            help="read are must-gather, Cilium's sysdump, `kubectl cluster-info dump` and archives of manifests",
        )
    last = [_fault(shown, "", more, _AGAIN if "damaged" in more else _OF_BOUNDS)] if more else []
    return layout, [*(found[name] for name in wanted), *refused, *last]


def _foreign(path: str, fault: Exception) -> SourceError:
    shown = display(path)
    if isinstance(fault, OSError) and fault.errno:
        return SourceError(f"`{shown}` cannot be read: {(fault.strerror or '').lower()}")
    with open(path, "rb") as stream:  # noqa: PTH123 - as the user wrote it
        is_cut = stream.read(2) == b"PK" and path.lower().endswith(".zip")
    if is_cut:
        return SourceError(
            f"`{shown}` is cut off or damaged: the list of a zip's members, at its end, cannot be read", help=_AGAIN
        )
    return SourceError(f"`{shown}` is no archive that can be read", help="`.tar.gz`, `.tgz` and `.zip` are read")


def _may_be_read(name: str, kind: str) -> bool:
    base = name.rpartition("/")[2]
    return is_manifest(base) or (kind == "link" and "." not in base)


def _refused(name: str, kind: str, size: int, again: bool) -> str:
    if name.startswith("/") or ".." in name.split("/") or "\0" in name or re.match(r"[A-Za-z]:", name):
        return "its name leads out of the archive"
    if kind == "link":
        return "a link, which is not followed in an archive"
    if kind == "encrypted":
        return "it is encrypted"
    if kind != "file":
        return "neither a file nor a folder"
    if again:
        return "the archive holds it twice"
    return f"a text of over {MAX_FILE >> 20} MiB" if size > MAX_FILE else ""


def _fault(told: str, inner: str, why: str, help_text: str) -> Text:
    fault = diagnostic("NW1005", f"cannot be read: {why}", file=told, effect=ANY_EFFECT, help_text=help_text)
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
            kind = "encrypted" if info.flag_bits & _ENCRYPTED else "file"
            kind = "folder" if info.is_dir() else "link" if stat.S_ISLNK(mode) else kind
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
