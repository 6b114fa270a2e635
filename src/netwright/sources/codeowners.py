"""Who owns a file, by the repository's CODEOWNERS in GitHub's format: patterns and owners, the last match decides."""

# ruff: noqa: PTH100, PTH110, PTH112, PTH118, PTH120
# Paths stay as the user wrote them, bytes and all; pathlib would tidy them.
from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Mapping
from functools import lru_cache

from netwright.sources import files, git

NAMES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where it may stand, in the order in which one is chosen."""
MAX_BYTES = 3 << 20
_LEVELS_UP = 3
_ROOT_END = "//"
"""Parts the root from the pattern in a key: `deploy//*.yaml`. The root is relative to the current folder."""


def near(source: str) -> dict[str, str]:
    """The rules that hold for a file or folder: its own, or those of the nearest folder above up to the top of its
    repository; outside of a repository, of the nearest of three.

    Keys are `ROOT//PATTERN`, values the owners as they are written, in the order of the file.
    """
    folder = os.path.abspath(source)
    if not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    above = [folder]
    while not os.path.exists(os.path.join(folder, ".git")) and os.path.dirname(folder) != folder:
        folder = os.path.dirname(folder)
        above.append(folder)
    if not os.path.exists(os.path.join(folder, ".git")):
        del above[_LEVELS_UP + 1 :]
    for folder in above:
        for name in NAMES:
            try:
                return parse(files.read_regular(os.path.join(folder, name), MAX_BYTES), os.path.relpath(folder))
            except OSError:
                continue
    return {}


def near_in(tree: git.Tree) -> dict[str, str]:
    """The same for the path of a git revision, whose tree is the whole repository."""
    folder = tree.folder
    above = [folder]
    while folder:
        folder = posixpath.dirname(folder)
        above.append(folder)
    found = tree.first([posixpath.join(folder, name) for folder in above for name in NAMES])
    if found is None:
        return {}
    path, text = found
    folder = next(f for f in above if path in [posixpath.join(f, name) for name in NAMES])
    return parse(text[:MAX_BYTES], tree.shown(folder))


def parse(text: bytes, root: str) -> dict[str, str]:
    """The rules of one CODEOWNERS file whose patterns are relative to `root`; a pattern without owners has none."""
    rules: dict[str, str] = {}
    for line in text.decode("utf-8", "replace").splitlines():
        words = re.findall(r"(?:\\.|[^\s\\])+", line)
        if not words or words[0].startswith(("#", "!", "[")):
            continue
        owners: list[str] = []
        for word in words[1:]:
            if word.startswith("#"):
                break
            owners.append(word)
        key = f"{root}{_ROOT_END}{words[0]}"
        rules.pop(key, None)  # the later line takes the later place
        rules[key] = " ".join(owners)
    return rules


def owner_of(codeowners: Mapping[str, str], file: str) -> str:
    """The owners of a displayed file name, "" where no pattern matches or the last one that does names none."""
    for key in reversed(list(codeowners)):
        root, _, pattern = key.partition(_ROOT_END)
        path = _inside(root, file)
        if path is not None and matches(pattern, path):
            return codeowners[key]
    return ""


def _inside(root: str, file: str) -> str | None:
    """The file's path from `root` on, None where it stands elsewhere."""
    if root.startswith("git:") or file.startswith("git:"):
        top = root if root.endswith(":") else f"{root}/"
        return file.removeprefix(top) if root.startswith("git:") and file.startswith(top) else None
    path = posixpath.relpath(os.path.abspath(file), os.path.abspath(root))
    return None if path.startswith("../") else path


def matches(pattern: str, path: str) -> bool:
    """gitignore's rules: a slash inside anchors, `*` stays in one folder, `**` does not, a folder owns all below it.

    Part by part, keeping where each may end: the time grows with both lengths, whatever the pattern repeats.
    """
    body = re.sub(r"\\(.)", r"\1", pattern)
    below = body.endswith("/")
    body = body.rstrip("/")
    anchored = "/" in body
    wanted, parts = body.lstrip("/").split("/"), path.split("/")
    ends = {0} if anchored else set(range(len(parts)))
    for i, want in enumerate(wanted):
        if want == "**":
            # As the last part it is everything below, not the folder itself.
            first = min(ends) + (i == len(wanted) - 1)
            ends = set(range(first, len(parts) + 1))
        else:
            expression = _part(want)
            ends = {end + 1 for end in ends if end < len(parts) and expression.fullmatch(parts[end])}
        if not ends:
            return False
    if below:
        return min(ends) < len(parts)
    # `docs/*` owns the files of docs, not those of the folders in it.
    return len(parts) in ends if anchored and wanted[-1] == "*" else True


@lru_cache(4096)
def _part(want: str) -> re.Pattern[str]:
    """One part of a pattern. What stands between two stars is taken where it comes first, and never tried again."""
    first, *rest = ("".join("." if c == "?" else re.escape(c) for c in piece) for piece in re.split(r"\*+", want))
    if rest:
        first += "".join(f"(?>.*?{piece})" for piece in rest[:-1]) + f".*{rest[-1]}"
    return re.compile(first, re.DOTALL)
