"""The files of a store: blobs by their digest and one manifest a snapshot, each there whole or not at all.

    PATH/blobs/ab/cdef…       zlib of the content, named by the sha256 of the content
    PATH/snapshots/ID.json    one manifest, named by its own sha256; a snapshot is taken once this file stands

A file is written beside its place, synced and renamed, and its folder is synced. What a manifest names is there before
it, so that a store that was killed at any moment opens and holds all that was acknowledged. One file with the same
content, a zip archive, is what `snapshot export` writes.
"""

# ruff: noqa: PTH100, PTH103, PTH105, PTH108, PTH111, PTH116, PTH117, PTH118, PTH120, PTH123, PTH208
# The calls of the system, one by one: it is their order that a reader of this module has to see.
from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import time
import zlib
from abc import ABC, abstractmethod
from typing import Final

from netwright.base.errors import SourceError, UsageError

BLOBS, SNAPSHOTS = "blobs", "snapshots"
ENDING: Final = ".json"
MAX_BLOB: Final = 512 << 20
"""Bytes of a blob's content."""
MAX_MANIFEST: Final = 16 << 20
MAX_MEMBERS: Final = 1_000_000
_DIGEST = re.compile(r"[0-9a-f]{64}")
_PARTIAL = re.compile(r"[0-9a-f]{62,64}(?:\.json)?\.[0-9a-f]+\.partial")
BY_OPTION: Final = "`--store PATH`"
BY_ENVIRONMENT: Final = "`NETWRIGHT_STORE=PATH` in the environment"
"""What names another store to every verb; the option is one of `snapshot` alone."""
_STALE_S: Final = 3600
"""After this time a file that was begun is taken to be left behind by a process that is gone."""


def default_path() -> str:
    """Where snapshots are kept: `$NETWRIGHT_STORE`, else
    `$XDG_DATA_HOME/netwright`, by default `~/.local/share/netwright` (XDG Base Directory
    Specification 0.8: a relative path there is passed over)."""
    named = os.environ.get("NETWRIGHT_STORE", "")
    if named:
        return named
    base = os.environ.get("XDG_DATA_HOME", "")
    if not os.path.isabs(base):
        base = os.path.join(os.path.expanduser("~"), ".local", "share")
    return os.path.join(base, "netwright")


def store_at(path: str | None) -> Folder:
    """The store that `--store` names, else the one at the default path."""
    return Folder(path, another=BY_OPTION) if path else Folder(default_path())


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Damaged(SourceError):
    """What is there is not what was written."""


class Blobs(ABC):
    """Where the content of snapshots is read from."""

    shown: str

    @abstractmethod
    def manifests(self) -> list[str]:
        """The IDs of all snapshots, sorted."""

    @abstractmethod
    def manifest(self, name: str) -> bytes:
        """Raises SourceError where it is not there or is not what its name says."""

    @abstractmethod
    def get(self, digest: str) -> bytes:
        """Raises SourceError where it is not there or is not what its name says."""

    def _checked(self, content: bytes, digest: str) -> bytes:
        if digest_of(content) != digest:
            raise self.damaged(f"the content of {digest[:12]} is not what its name says")
        return content

    def _inflated(self, packed: bytes, digest: str) -> bytes:
        unpacking = zlib.decompressobj()
        try:
            content = unpacking.decompress(packed, MAX_BLOB + 1)
        except (zlib.error, MemoryError) as fault:
            raise self.damaged(f"{digest[:12]} cannot be unpacked: {fault}") from None
        if len(content) > MAX_BLOB or not unpacking.eof:
            raise self.damaged(f"{digest[:12]} is cut off or beyond {MAX_BLOB >> 20} MiB")
        return self._checked(content, digest)

    def damaged(self, why: str) -> Damaged:
        return Damaged(f"the store `{self.shown}` is damaged: {why}", help="take the snapshot again")


class Folder(Blobs):
    """A store in a folder, which is made when the first snapshot is taken."""

    def __init__(self, path: str, *, another: str = BY_ENVIRONMENT) -> None:
        self.path = self.shown = path
        self.another = another
        """How another store is named where this one is."""
        self._touched: dict[str, None] = {}

    def manifests(self) -> list[str]:
        try:
            names = os.listdir(os.path.join(self.path, SNAPSHOTS))
        except FileNotFoundError:
            return []
        except OSError as fault:
            raise self._unread(fault) from None
        return sorted(
            name.removesuffix(ENDING)
            for name in names
            if name.endswith(ENDING) and _DIGEST.fullmatch(name[: -len(ENDING)])
        )

    def place_of(self, name: str) -> str:
        """The file of a snapshot's manifest."""
        return os.path.join(self.path, SNAPSHOTS, name + ENDING)

    def manifest(self, name: str) -> bytes:
        return self._checked(self._read(os.path.join(SNAPSHOTS, name + ENDING), MAX_MANIFEST), name)

    def get(self, digest: str) -> bytes:
        return self._inflated(self._read(_place(digest), MAX_BLOB), digest)

    def _read(self, inner: str, most: int) -> bytes:
        try:
            with open(os.path.join(self.path, inner), "rb") as stream:
                data = stream.read(most + 1)
        except FileNotFoundError:
            raise self.damaged(f"`{inner}` is missing") from None
        except OSError as fault:
            raise self._unread(fault) from None
        if len(data) > most:
            raise self.damaged(f"`{inner}` is over {most >> 20} MiB")
        return data

    def _unread(self, fault: OSError) -> SourceError:
        return SourceError(
            f"the store `{self.shown}` cannot be read: {(fault.strerror or '').lower()}",
            help=f"check its permissions, or name another one with {self.another}",
        )

    # --- writing ---

    def put(self, content: bytes) -> str:
        """Keeps the content; its digest. It is on the disk afterwards but for its folder's entry: `sync`."""
        digest = digest_of(content)
        inner = _place(digest)
        if not self._holds(digest):
            self._write(inner, zlib.compress(content, 6))
        self._touched[os.path.dirname(inner)] = None
        return digest

    def _holds(self, digest: str) -> bool:
        """Whether the content is there and whole: one that is damaged is written anew."""
        try:
            self.get(digest)
        except SourceError:
            return False
        return True

    def commit(self, manifest: bytes) -> str:
        """Takes the snapshot whose manifest this is, all blobs of which were put before. Its ID."""
        for folder in (*self._touched, BLOBS):
            self._sync(folder)
        self._touched.clear()
        digest = digest_of(manifest)
        self._write(os.path.join(SNAPSHOTS, digest + ENDING), manifest)
        self._sync(SNAPSHOTS)
        self._sync("")
        return digest

    def begin(self) -> None:
        """Makes the folders. Raises UsageError where it cannot."""
        try:
            for folder in (SNAPSHOTS, BLOBS):
                os.makedirs(os.path.join(self.path, folder), mode=0o700, exist_ok=True)
            self._sync(os.path.dirname(os.path.abspath(self.path)))
            self._sweep()
        except OSError as fault:
            raise self._unwritten(fault) from None

    def _write(self, inner: str, data: bytes) -> None:
        target = os.path.join(self.path, inner)
        beside = f"{target}.{os.urandom(8).hex()}.partial"
        try:
            os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
            handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                left = memoryview(data)
                while left:
                    left = left[os.write(handle, left) :]
                os.fsync(handle)
            finally:
                os.close(handle)
            os.replace(beside, target)
        except OSError as fault:
            with contextlib.suppress(OSError):
                os.unlink(beside)
            raise self._unwritten(fault) from None

    def _sync(self, inner: str) -> None:
        """Makes the entries of a folder last."""
        try:
            handle = os.open(os.path.join(self.path, inner), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as fault:
            if fault.errno not in (errno.EINVAL, errno.ENOTSUP):  # file systems that do not sync folders
                raise self._unwritten(fault) from None

    def _sweep(self) -> None:
        """Deletes what processes that are gone had begun to write."""
        now = time.time()
        for part in (SNAPSHOTS, BLOBS):
            for folder, _, names in os.walk(os.path.join(self.path, part)):
                for path in (os.path.join(folder, name) for name in names if _PARTIAL.fullmatch(name)):
                    with contextlib.suppress(FileNotFoundError):  # another one that takes has ended it
                        if now - os.stat(path).st_mtime > _STALE_S:
                            os.unlink(path)

    def _unwritten(self, fault: OSError) -> UsageError:
        return UsageError(
            f"the store `{self.shown}` cannot be written: {(fault.strerror or '').lower()}",
            help=f"what was taken before is there; name another store with {self.another}",
        )


class Exported(Blobs):
    """One snapshot in one file, as `snapshot export` writes it."""

    def __init__(self, path: str) -> None:
        """Raises SourceError where the file is not such a one."""
        import zipfile

        self.shown = path
        try:
            self._zip = zipfile.ZipFile(path)
            infos = self._zip.infolist()
        except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError):
            raise self._foreign() from None
        except OSError as fault:
            raise SourceError(f"`{path}` cannot be read: {(fault.strerror or '').lower()}") from None
        if len(infos) > MAX_MEMBERS:
            raise self._foreign()
        self._sizes = {info.filename: info.file_size for info in infos}
        if len(self.manifests()) != 1:
            raise self._foreign()

    def manifests(self) -> list[str]:
        pattern = re.compile(rf"{SNAPSHOTS}/([0-9a-f]{{64}}){re.escape(ENDING)}")
        return sorted(found[1] for name in self._sizes if (found := pattern.fullmatch(name)))

    def manifest(self, name: str) -> bytes:
        return self._checked(self._member(f"{SNAPSHOTS}/{name}{ENDING}", MAX_MANIFEST), name)

    def get(self, digest: str) -> bytes:
        return self._inflated(self._member(_place(digest), MAX_BLOB), digest)

    def _member(self, name: str, most: int) -> bytes:
        import zipfile

        if self._sizes.get(name, most + 1) > most:
            raise self.damaged(f"`{name}` is missing or too large")
        try:
            with self._zip.open(name) as stream:
                return stream.read(most + 1)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError) as fault:
            raise self.damaged(f"`{name}` cannot be read: {fault}") from None

    def _foreign(self) -> SourceError:
        return SourceError(
            f"`{self.shown}` is no exported snapshot", help="`netwright snapshot export ID --out FILE` writes one"
        )


def is_exported(path: str) -> bool:
    """Whether a file could be an exported snapshot: it is a zip archive."""
    import zipfile

    return zipfile.is_zipfile(path)


def _place(digest: str) -> str:
    if not _DIGEST.fullmatch(digest):
        raise SourceError(f"`{digest[:80]}` is no digest", help="the snapshot is damaged: take it again")
    return f"{BLOBS}/{digest[:2]}/{digest[2:]}"


def export(blobs: Blobs, name: str, digests: list[str]) -> bytes:
    """One snapshot and the blobs that it names as a file, the same bytes whenever it is written."""
    import io
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for inner, content in (
            (f"{SNAPSHOTS}/{name}{ENDING}", blobs.manifest(name)),
            *((_place(digest), zlib.compress(blobs.get(digest), 6)) for digest in sorted(set(digests))),
        ):
            archive.writestr(zipfile.ZipInfo(inner), content)
    return out.getvalue()
