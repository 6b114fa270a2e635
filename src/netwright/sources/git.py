"""`git:REV:PATH`: manifests as a revision has them, read through the `git` program, never through the working tree."""

from __future__ import annotations

import copy
import os
import posixpath
from collections.abc import Iterator, Mapping, Sequence

from netwright.base.errors import SourceError
from netwright.sources.account import diagnostic
from netwright.sources.files import (
    ANY_EFFECT,
    MAX_FILE,
    Text,
    display,
    is_manifest,
    is_skipped_folder,
    refuse_packed,
    submodule,
)

PREFIX = "git:"
_TIMEOUT_S = 120
_HELP = "write `git:REV:PATH`, for example `git:HEAD~1:deploy/`; an empty PATH is the whole tree"


class Tree:
    """The manifests of one revision under one path."""

    def __init__(self, source: str) -> None:
        """Look the revision up. Raises SourceError where it, or the repository, or `git` is not there."""
        self.source = source
        rest = source.removeprefix(PREFIX)
        revision, colon, path = rest.partition(":")
        if not colon or not revision:
            raise SourceError(f"`{display(source)}` names no revision and path", help=_HELP)
        if revision.startswith("-") or "\0" in rest:
            raise SourceError(f"`{display(revision)}` is not a git revision", help=_HELP)
        self.revision = revision
        if path.startswith(("./", "../")) or path in (".", ".."):
            prefix = _git("rev-parse", "--show-prefix").decode(errors="surrogateescape").rstrip("\n")
            path = posixpath.join(prefix, path)
        self.path = posixpath.normpath(path).strip("/") if path.strip("/") else ""
        if self.path == ".":
            self.path = ""
        self._tree = self._resolve()
        self._entries = self._list(self.path)
        if not self._entries and self.path:
            raise SourceError(
                f"no `{display(self.path)}` in git revision `{display(revision)}`",
                help=f"`git ls-tree --name-only {display(revision)}` lists what is there",
            )

    def below(self, path: str) -> Tree:
        """The same revision under another path, by its path from the top; one with nothing there has no texts."""
        if path == self.path:
            return self
        other = copy.copy(self)
        other.path = path
        other.source = self.shown(path)
        inside = not self.path or path.startswith(f"{self.path}/")
        listed = self._entries if inside else self._list("")
        other._entries = {p: entry for p, entry in listed.items() if not path or p == path or p.startswith(f"{path}/")}
        return other

    def folders(self) -> list[str]:
        """The names of the folders that stand right below the path and hold anything."""
        start = len(self.path) + 1 if self.path else 0
        return sorted({path[start:].partition("/")[0] for path in self._entries if "/" in path[start:]})

    def regular(self) -> Mapping[str, int]:
        """The sizes of the regular files by their path from the top."""
        return {p: size for p, (mode, kind, _, size) in self._entries.items() if kind == "blob" and mode != "120000"}

    def read_all(self, paths: Sequence[str]) -> dict[str, bytes]:
        """The content of those of these files that the repository has."""
        name = {path: self._entries[path][2] for path in paths}
        found = self._contents(sorted(set(name.values())))
        return {path: data for path in paths if (data := found[name[path]]) is not None}

    def texts(self, skip: frozenset[str] = frozenset()) -> Iterator[Text]:
        """The manifests, sorted by path. `skip` holds paths of folders and files that are left out."""
        wanted: list[tuple[str, str, str, int]] = []
        links: list[tuple[str, str]] = []
        for path, (mode, kind, name, size) in sorted(self._entries.items(), key=lambda pair: os.fsencode(pair[0])):
            if skip and is_within(path, skip):
                continue
            folders = posixpath.dirname(posixpath.relpath(path, self.path or ".")).split("/")
            named, base = path == self.path, posixpath.basename(path)
            if not named and (any(map(is_skipped_folder, filter(None, folders))) or base[0] == "."):
                continue
            if kind == "commit":
                if named or not is_skipped_folder(base):
                    shown = self.shown(path)
                    fault = submodule(shown, "read it in a checkout, or name `git:` inside its own clone")
                    yield Text(file=shown, inner=path, data=None, fault=fault)
            elif named or is_manifest(base):
                wanted.append((path, mode, name, size))
            elif mode == "120000" and not is_skipped_folder(base):
                links.append((path, name))
        yield from self._linked(links)
        contents = self._contents([name for _, mode, name, size in wanted if mode != "120000" and size <= MAX_FILE])
        for path, mode, name, size in wanted:
            shown = self.shown(path)
            inner = path
            if mode == "120000":
                title = "cannot be read: a link inside a git tree"
                fault = diagnostic("NW1005", title, file=shown, effect=ANY_EFFECT)
                yield Text(file=shown, inner=inner, data=None, fault=fault)
            elif size > MAX_FILE:
                fault = diagnostic("NW1002", f"a text of over {MAX_FILE >> 20} MiB", file=shown)
                yield Text(file=shown, inner=inner, data=None, fault=fault)
            else:
                data = contents[name]
                if data is None:
                    title = f"cannot be read: the repository lacks the object {name[:12]}"
                    help_text = "`git fsck` lists what is missing; a partial or shallow clone may lack it"
                    fault = diagnostic("NW1005", title, file=shown, effect=ANY_EFFECT, help_text=help_text)
                    yield Text(file=shown, inner=inner, data=None, fault=fault)
                else:
                    if path == self.path:
                        refuse_packed(shown, data)
                    yield Text(file=shown, inner=inner, data=data)

    def _linked(self, links: list[tuple[str, str]]) -> Iterator[Text]:
        """Links that do not look like manifests: those to folders that are not read anyway are told, as in a folder
        they would be followed; so are those that lead nowhere and may have been meant so."""
        contents = self._contents([name for _, name in links])
        to: dict[str, str] = {}
        for path, name in links:
            target = os.fsdecode(contents[name] or b"")
            to[path] = posixpath.normpath(posixpath.join(posixpath.dirname(path), target)) if target else ""
        kinds = self._kinds(list(to.values()))
        for path, target in to.items():
            kind = kinds.get(target, "")
            inside = not self.path or target == self.path or target.startswith(f"{self.path}/")
            if (kind == "tree" and not inside) or (not kind and "." not in posixpath.basename(path)):
                shown = self.shown(path)
                title = f"cannot be read: a link to the folder `{display(target)}`, which is not followed in a revision"
                if not kind:
                    title = "cannot be read: a link that leads nowhere in this revision"
                yield Text(
                    file=shown, inner=path, data=None, fault=diagnostic("NW1005", title, file=shown, effect=ANY_EFFECT)
                )

    def _kinds(self, paths: Sequence[str]) -> dict[str, str]:
        """What git has at these paths of the revision, "blob", "tree" or "commit", as far as it has anything."""
        asked = [
            path for path in paths if path and "\n" not in path and not path.startswith(("/", "../")) and path != ".."
        ]
        if not asked:
            return {}
        names = "".join(f"{self._tree}:{'' if path == '.' else path}\n" for path in asked)
        answers = _git("cat-file", "--batch-check=%(objecttype)", stdin=os.fsencode(names)).splitlines()
        known = (b"blob", b"tree", b"commit")
        return {path: answer.decode() for path, answer in zip(asked, answers, strict=True) if answer in known}

    def shown(self, path: str) -> str:
        return display(f"{PREFIX}{self.revision}:{path}")

    def in_chart(self, shown: str) -> bool:
        """Whether the displayed file stands below `templates` of a folder with a Chart.yaml in this revision."""
        folder = posixpath.dirname(shown.split(":", 2)[2])
        while folder:
            chart = posixpath.join(posixpath.dirname(folder), "Chart.yaml")
            if posixpath.basename(folder) == "templates" and self.file(chart) is not None:
                return True
            folder = posixpath.dirname(folder)
        return False

    def file(self, path: str) -> bytes | None:
        """One file of the revision, None where there is none."""
        import subprocess

        command = ["git", "cat-file", "blob", f"{self._tree}:{path}"]
        done = subprocess.run(command, capture_output=True, timeout=_TIMEOUT_S, check=False, env=_environment())
        return done.stdout if done.returncode == 0 else None

    @property
    def folder(self) -> str:
        """The path, or, where that is a file, the folder that it stands in; "" is the top of the repository."""
        return posixpath.dirname(self.path) if self.path in self._entries else self.path

    def first(self, paths: Sequence[str]) -> tuple[str, bytes] | None:
        """The first of the paths that is a file of the revision, and its content."""
        # `git cat-file` reads a name a line.
        asked = [path for path in paths if "\n" not in path]
        names = "".join(f"{self._tree}:{path}\n" for path in asked)
        answers = _git("cat-file", "--batch-check", stdin=os.fsencode(names)).splitlines()
        for path, answer in zip(asked, answers, strict=True):
            found = answer.split()
            if found[-2] == b"blob" and int(found[-1]) <= MAX_FILE:
                name = found[0].decode()
                content = self._contents([name])[name]
                return None if content is None else (path, content)
        return None

    def _resolve(self) -> str:
        try:
            found = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{self.revision}^{{tree}}")
        except SourceError as fault:
            if any(words in fault.message for words in ("not a git repository", "not installed", "did not end")):
                raise
            raise SourceError(
                f"`{display(self.revision)}` is not a git revision here",
                help="`git log --oneline` and `git branch -a` list revisions; a shallow clone may lack it",
            ) from None
        return found.decode().strip()

    def _list(self, below: str) -> dict[str, tuple[str, str, str, int]]:
        """Mode, type, object name and size of every entry below a path, by its path from the top of the repository."""
        arguments = ["ls-tree", "-r", "-z", "--long", "--full-tree", self._tree]
        # A path is a literal prefix here; a trailing slash would make git list nothing for a file.
        listing = _git("--literal-pathspecs", *arguments, *(["--", below] if below else []))
        found: dict[str, tuple[str, str, str, int]] = {}
        for record in listing.split(b"\0"):
            head, tab, path = record.partition(b"\t")
            if tab:
                mode, kind, name, size = head.decode().split()
                found[os.fsdecode(path)] = (mode, kind, name, int(size) if size.isdigit() else 0)
        return found

    def _contents(self, names: list[str]) -> dict[str, bytes | None]:
        """The blobs of these names; None for one that the repository does not have."""
        if not names:
            return {}
        output = _git("cat-file", "--batch", stdin="".join(f"{name}\n" for name in names).encode())
        found: dict[str, bytes | None] = {}
        offset = 0
        for name in names:
            end = output.index(b"\n", offset)
            told = output[offset:end].split()
            if len(told) != 3:  # `NAME missing`
                found[name] = None
                offset = end + 1
                continue
            size = int(told[2])
            found[name] = output[end + 1 : end + 1 + size]
            offset = end + 1 + size + 1
        return found


def is_within(path: str, folders: frozenset[str]) -> bool:
    """Whether a path of a tree, or a folder above it, is one of these; "" is the top."""
    while path and path not in folders:
        path = posixpath.dirname(path)
    return path in folders


def _git(*arguments: str, stdin: bytes = b"") -> bytes:
    import subprocess

    try:
        done = subprocess.run(
            ["git", *arguments], input=stdin, capture_output=True, timeout=_TIMEOUT_S, check=False, env=_environment()
        )
    except FileNotFoundError:
        raise SourceError("`git` is not installed", help="install git, or read the files of a checkout") from None
    except subprocess.TimeoutExpired:
        raise SourceError(
            f"`git {arguments[0]}` did not end in {_TIMEOUT_S} s", help="read the files of a checkout"
        ) from None
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        reason = (said[0] if said else f"exit {done.returncode}").removeprefix("fatal: ")
        if "not a git repository" in reason:
            raise SourceError("the current folder is not a git repository", help="run netwright inside the clone")
        raise SourceError(f"git: {reason}", help=_HELP)
    return done.stdout


def _environment() -> dict[str, str]:
    """No prompts, no fetching of missing objects, messages in English (one of them is looked at)."""
    return {
        **os.environ,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "LC_ALL": "C",
    }
