"""Where a file of an answer stands in its repository: hosts of code match findings by that path."""

# ruff: noqa: PTH110, PTH109, PTH118, PTH120
# Names stay as they are shown; pathlib would tidy them.
from __future__ import annotations

import os

import msgspec

from netwright.model.finding import Mark


class Repository(msgspec.Struct, frozen=True, kw_only=True):
    """The root that paths are told from, and the folder that names of files are relative to; both absolute."""

    root: str
    here: str

    def path(self, file: str) -> str | None:
        """The path of a displayed file name from the root on, with forward slashes.

        A file of a git revision stands where that has it. None for what is not in the repository: standard input,
        objects without a text, files elsewhere.
        """
        if file.startswith("git:"):
            return file.split(":", 2)[2]
        if file in ("", "-"):
            return None
        whole = os.path.join(self.here, file)
        return _below(os.path.normpath(whole), self.root) or _below(
            os.path.realpath(whole), os.path.realpath(self.root)
        )

    def absolute(self, file: str) -> str:
        """The absolute path of a displayed file name, with forward slashes."""
        return _slashes(os.path.normpath(os.path.join(self.here, file)))


def repository() -> Repository:
    """That of the current folder: from the top of its git clone on, outside of one from the folder itself.

    As git does, nothing is looked for in the folders of GIT_CEILING_DIRECTORIES and above them (git(1)).
    """
    here = folder = os.getcwd()
    ceilings = {os.path.normpath(c) for c in os.environ.get("GIT_CEILING_DIRECTORIES", "").split(os.pathsep) if c}
    while not os.path.exists(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder or above in ceilings:
            return Repository(root=here, here=here)
        folder = above
    return Repository(root=folder, here=here)


def nowhere(mark: Mark) -> str:
    """A path that stands for what has no file: `stdin`, or the object, `NetworkPolicy/shop/db`."""
    if mark.file == "-":
        return "stdin"
    return "/".join(part for part in (mark.kind, mark.namespace, mark.name) if part) or "input"


def _below(path: str, root: str) -> str | None:
    folder = root if root.endswith(os.sep) else root + os.sep
    return _slashes(path[len(folder) :]) if path.startswith(folder) else None


def _slashes(path: str) -> str:
    return path.replace(os.sep, "/")
