"""Files, folders and standard input: which texts a source names, in a fixed order, no link followed in a circle."""

# ruff: noqa: PTH100, PTH110, PTH112, PTH114, PTH116, PTH118, PTH119, PTH120, PTH123
# Paths stay as the user wrote them, bytes and all; pathlib would tidy them.
from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from netwright.base.diagnostics import Diagnostic
from netwright.base.errors import SourceError
from netwright.base.patterns import pattern
from netwright.sources.account import KUSTOMIZATION_FILES, diagnostic

MAX_FILE = 256 << 20
"""Bytes of one text."""
MAX_LEVELS = 64
"""Folders below a source."""
_TRIES = 3
ENDINGS = (".yaml", ".yml", ".json")
SKIPPED_FOLDERS = ("node_modules",)
_PACKED = {
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"\x1f\x8b": "gzip",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"7z\xbc\xaf\x27\x1c": "7z",
}
"""How packed files begin, and no YAML or JSON."""
_LIKE_ESCAPE = pattern(r"\\+(?=x[0-9a-f]{2}|[\udc80-\udcff])")
ANY_EFFECT = "it could hold any kind of object: every verdict that it could change is undecided"


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """One text of a source: its displayed name, its path inside the source (for the digest) and its bytes, or why not.

    `path` is where the file system has it, "" where it does not. `note` is worth telling and changes nothing; a text
    with a note and nothing else is none, and no file.
    """

    file: str
    inner: str
    data: bytes | None
    fault: Diagnostic | None = None
    path: str = ""
    note: Diagnostic | None = None


def is_manifest(name: str) -> bool:
    """Whether a folder's file of this name is read."""
    return name.lower().endswith(ENDINGS) or name in KUSTOMIZATION_FILES


def is_skipped_folder(name: str) -> bool:
    return name.startswith(".") or name in SKIPPED_FOLDERS


def may_be_dump(folder: str) -> bool:
    """Whether a folder, or where no manifest is in it one right below, looks like what a collecting tool writes."""
    top = _entries(folder)
    if any(is_manifest(name) or _is_of_dump(name) for name in top):
        return any(map(_is_of_dump, top))
    return any(_is_of_dump(name) for path in top.values() for name in _entries(path))


def _is_of_dump(name: str) -> bool:
    if name.startswith(("must-gather.local", "inspect.local", "cilium-sysdump-")):
        return True
    is_timed = name.startswith("k8s-") and name.endswith(".yaml")
    return is_timed or name in ("nodes.json", "nodes.yaml", "namespaces", "cluster-scoped-resources")


def _entries(folder: str) -> dict[str, str]:
    """The names in a folder, with their paths; none of what is no folder, or cannot be opened."""
    try:
        with os.scandir(folder) as listing:
            return {entry.name: entry.path for entry in listing}
    except OSError:
        return {}


def read_stdin(stdin: BinaryIO) -> Text:
    """Standard input as a text called `-`. Raises SourceError where it is packed, or is a stream of text."""
    data: object = stdin.read(MAX_FILE + 1)
    if not isinstance(data, bytes):
        raise SourceError(
            "standard input is a stream of text, and bytes are read",
            help="give the stream below it, as `sys.stdin.buffer`, or `io.BytesIO(text.encode())`",
        )
    if len(data) > MAX_FILE:
        return Text(file="-", inner="-", data=None, fault=_too_large("-"))
    refuse_packed("-", data, "standard input")
    return Text(file="-", inner="-", data=data)


def read_path(source: str, skip: frozenset[str]) -> Iterator[Text]:
    """The texts of a file or folder. `skip` holds real paths of folders and files that are left out.

    Raises SourceError where there is nothing of that name, and for a file that is packed.
    """
    try:
        status = os.stat(source)
    except OSError as fault:
        raise missing(source, fault) from None
    except ValueError:
        raise SourceError(f"`{display(source)}` is no path", help="a path holds no NUL byte") from None
    if skip and real_path(source) in skip:
        return
    if _is_of_kernel(real_path(source), status) or stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode):
        shown = display(source)
        yield Text(file=shown, inner="", data=None, fault=_unopened(shown, OSError(errno.ENOTSUP, "")), path=source)
    elif stat.S_ISDIR(status.st_mode):
        yield from _walk(source, skip)
    else:
        text = _read(source, display(source), os.path.basename(source), named=True)
        refuse_packed(text.file, text.data or b"")
        yield text


def missing(source: str, fault: OSError) -> SourceError:
    """The error for a source that is not there, or may not be looked at."""
    shown = display(source)
    if not source:
        return SourceError(
            "the name of a source is empty", help="name a file, a folder, `-`, `git:REV:PATH` or `kube:`"
        )
    if fault.errno == errno.ELOOP:
        return SourceError(
            f"`{shown}` is a link that leads round in a circle", help="name the file it was meant to lead to"
        )
    if fault.errno == errno.EACCES:
        return SourceError(f"`{shown}` may not be opened", help="check the permissions of the folders above it")
    if fault.errno == errno.ENAMETOOLONG:
        return SourceError(
            f"`{shown[:60]}…` is too long for a path", help="a source is a file, a folder or `-`, not a text"
        )
    parent = source
    while parent and not os.path.isdir(parent):
        parent = os.path.dirname(parent)
    near = f"`{display(parent)}` is there" if parent and parent != os.sep else "the current folder has no such name"
    return SourceError(
        f"no file or folder `{shown}`",
        help=f"{near}; a source is a file, a folder, `-`, `git:REV:PATH`, `kube:` or `snapshot:`",
    )


def display(path: str) -> str:
    """The path as text: bytes that are not UTF-8 as escapes. No two paths have one text: backslashes that would read as
    part of an escape are doubled.

    >>> display("a\\udcff.yaml"), display("a\\\\xff.yaml"), display("a\\\\b.yaml")
    ('a\\\\xff.yaml', 'a\\\\\\\\xff.yaml', 'a\\\\b.yaml')
    """
    if "\\" in path:
        path = _LIKE_ESCAPE.sub(r"\g<0>\g<0>", path)
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def in_chart(path: str) -> bool:
    """Whether `path` stands below `templates` of a folder with a Chart.yaml."""
    folder = os.path.dirname(os.path.abspath(path))
    while os.path.dirname(folder) != folder:
        if os.path.basename(folder) == "templates" and os.path.exists(
            os.path.join(os.path.dirname(folder), "Chart.yaml")
        ):
            return True
        folder = os.path.dirname(folder)
    return False


def _walk(source: str, skip: frozenset[str]) -> Iterator[Text]:
    seen: set[tuple[int, int]] = set()
    top = real_path(source)
    leads: dict[str, str] = {}  # where links lead
    # (path, path inside the source, the folders above by device and inode, is a folder)
    waiting: list[tuple[str, str, tuple[tuple[int, int], ...], bool]] = [(source, "", (), True)]
    while waiting:
        path, inner, above, folder = waiting.pop()
        # `./x` is written `x`, as people do.
        shown = display(inner or path) if source in (".", "./") else display(path)
        real = leads.get(path, "")
        try:
            status = os.stat(path) if folder or real else None
        except OSError:
            status = None  # told below
        if real and status and _is_of_kernel(real, status):
            yield Text(
                file=shown, inner=inner, data=None, fault=_unopened(shown, OSError(errno.ENOTSUP, "")), path=path
            )
            continue
        if real and status and real != top and not real.startswith(top.rstrip(os.sep) + os.sep):
            yield Text(file=shown, inner=inner, data=None, note=_leads_out(shown, real))
        if not folder:
            yield _read(path, shown, inner, named=False)
            continue
        try:
            status = status or os.stat(path)
            identity = (status.st_dev, status.st_ino)
            if identity in above:
                raise OSError(errno.ELOOP, "a circle")
            if identity in seen:
                continue
            seen.add(identity)
            if len(above) > MAX_LEVELS:
                raise OSError(errno.ENAMETOOLONG, "too deep")
            with os.scandir(path) as listing:
                entries = sorted(listing, key=lambda entry: os.fsencode(entry.name))
        except OSError as fault:
            yield Text(file=shown, inner=inner, data=None, fault=_unopened(shown, fault))
            continue
        if not entries and _is_submodule(path):
            yield Text(
                file=shown, inner=inner, data=None, fault=submodule(shown, "`git submodule update --init` fetches it")
            )
        found: list[tuple[str, str, tuple[tuple[int, int], ...], bool]] = []
        for entry in entries:
            if entry.is_symlink():
                leads[entry.path] = real_path(entry.path)
            below = os.path.join(inner, entry.name)
            try:
                is_folder = entry.is_dir()
            except OSError:
                is_folder = False
            if is_folder:
                wanted = not is_skipped_folder(entry.name)
            else:
                wanted = is_manifest(entry.name) and not entry.name.startswith(".")
            if wanted and not (skip and real_path(entry.path) in skip):
                found.append((entry.path, below, (*above, identity), is_folder))
            elif not is_folder and entry.is_symlink() and not os.path.exists(entry.path) and "." not in entry.name:
                # A broken or circling link without an ending may have been meant as a folder of manifests.
                found.append((entry.path, below, above, True))
        waiting += reversed(found)


def real_path(path: str) -> str:
    """Where a path leads; the path itself where a link on it may not be read, as some of /proc."""
    try:
        return os.path.realpath(path)
    except OSError:
        return path


def _is_of_kernel(real: str, status: os.stat_result) -> bool:
    """Whether a folder or regular file stands in /proc or /sys: what is read there may act, wait or never end."""
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        return False
    return real in ("/proc", "/sys") or real.startswith(("/proc/", "/sys/"))


def _is_submodule(folder: str) -> bool:
    """Whether an empty folder is where a `.gitmodules` above it wants a repository, which was not fetched."""
    here = os.path.realpath(folder)
    above = os.path.dirname(here)
    for _ in range(MAX_LEVELS):
        try:
            listed = read_regular(os.path.join(above, ".gitmodules"), 1 << 20)
        except (OSError, MemoryError):
            listed = b""
        paths = [line.partition(b"=") for line in listed.splitlines()]
        wanted = os.fsencode(os.path.relpath(here, above))
        if any(key.strip() == b"path" and path.strip().strip(b'"') == wanted for key, _, path in paths):
            return True
        if os.path.dirname(above) == above or os.path.lexists(os.path.join(above, ".git")):
            break
        above = os.path.dirname(above)
    return False


def submodule(shown: str, help_text: str) -> Diagnostic:
    """What stands for a repository inside another one: part of the source is not here."""
    title = "cannot be read: a submodule, whose files another repository has"
    return diagnostic("NW1005", title, file=shown, effect=ANY_EFFECT, help_text=help_text)


def _leads_out(shown: str, real: str) -> Diagnostic:
    return diagnostic("NW1014", f"a link that leads out of its source, to `{display(real)}`", file=shown)


def read_regular(path: str, most: int) -> bytes:
    """Up to `most` bytes of a regular file.

    Raises OSError for anything else, as a pipe would be waited for, and for a file that does not hold still, as half an
    old and half a new text would be read.
    """
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(errno.EINVAL, "not a regular file")
    # What stands there may have become a pipe since: opened so it does not wait, and it is looked at again.
    with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as stream:
        for _ in range(_TRIES):
            before = os.fstat(stream.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise OSError(errno.EINVAL, "not a regular file")
            stream.seek(0)
            data = stream.read(most)
            after = os.fstat(stream.fileno())
            if (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns):
                return data
    raise OSError(errno.EAGAIN, "changing")


def _read(path: str, shown: str, inner: str, *, named: bool) -> Text:
    try:
        status = os.stat(path)
        if not named and not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        if stat.S_ISREG(status.st_mode):
            if status.st_size > MAX_FILE:
                return Text(file=shown, inner=inner, data=None, fault=_too_large(shown), path=path)
            data = read_regular(path, MAX_FILE + 1)
        else:
            with open(path, "rb") as stream:
                data = stream.read(MAX_FILE + 1)
    except (OSError, MemoryError) as fault:
        if isinstance(fault, OSError) and fault.errno == errno.ENOENT and not os.path.islink(path):
            fault = OSError(errno.ESTALE, "gone")
        return Text(file=shown, inner=inner, data=None, fault=_unopened(shown, fault), path=path)
    if len(data) > MAX_FILE:
        return Text(file=shown, inner=inner, data=None, fault=_too_large(shown), path=path)
    return Text(file=shown, inner=inner, data=data, path=path)


def _unopened(shown: str, fault: BaseException) -> Diagnostic:
    number = fault.errno if isinstance(fault, OSError) else 0
    reasons = {
        errno.ELOOP: "a link that leads round in a circle",
        errno.EACCES: "no permission to read it",
        errno.EPERM: "no permission to read it",
        errno.ENOENT: "a link that leads nowhere",
        errno.ESTALE: "deleted while the folder was read",
        errno.EAGAIN: "it changes while it is read",
        errno.EINVAL: "neither a file nor a folder",
        errno.ENOTSUP: "a device, or what the kernel shows as a file",
        errno.ENAMETOOLONG: f"over {MAX_LEVELS} folders deep",
    }
    reason = reasons.get(number or 0) or (os.strerror(number).lower() if number else "not enough memory")
    return diagnostic("NW1005", f"cannot be read: {reason}", file=shown, effect=ANY_EFFECT)


def refuse_packed(shown: str, data: bytes, name: str = "") -> None:
    """Raise SourceError for a text that was named and is an archive, or compressed, by how it begins. `name` is what it
    is called where that may say so."""
    how = next((how for begins, how in _PACKED.items() if data.startswith(begins)), "")
    if data[257:262] == b"ustar" and b"\0" in data[:257]:
        how = "tar"
    elif data[:3] == b"BZh" and data[4:10] == b"1AY&SY":
        how = "bzip2"
    if not how:
        return
    helps = {
        "tar": "an archive is read where it is compressed: `gzip FILE.tar` makes a FILE.tar.gz; or unpack it, and name "
        "the folder",
        "gzip": "an archive is read where its name ends in .tar.gz or .tgz; `gunzip -c FILE | netwright … -` reads one "
        "text",
        "zip": "a zip is read where its name ends in .zip; `snapshot:PATH` is an exported snapshot",
    }
    other = "unpack it, and name the file or folder; archives are read as .tar.gz, .tgz and .zip"
    raise SourceError(f"{name or f'`{shown}`'} is no text but packed ({how})", help=helps.get(how, other))


def _too_large(shown: str) -> Diagnostic:
    return diagnostic("NW1002", f"a text of over {MAX_FILE >> 20} MiB", file=shown, effect=ANY_EFFECT)
