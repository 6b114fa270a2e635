"""Who owns a file, by the repository's CODEOWNERS in GitHub's format: patterns and owners, the last match decides."""

# ruff: noqa: PTH100, PTH110, PTH112, PTH118, PTH120, PTH123
# Paths stay as the user wrote them, bytes and all; pathlib would tidy them.
from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Mapping

NAMES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where it may stand, in the order in which one is chosen."""
MAX_BYTES = 3 << 20
_LEVELS_UP = 3
_ROOT_END = "//"
"""Parts the root from the pattern in a key: `deploy//*.yaml`. The root is relative to the current folder."""


def near(source: str) -> dict[str, str]:
    """The rules that hold for a file or folder: its own, or those of the nearest of the three folders above.

    Keys are `ROOT//PATTERN`, values the owners as they are written, in the order of the file. The top of a
    repository ends the search.
    """
    folder = os.path.abspath(source)
    if not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    for _ in range(_LEVELS_UP + 1):
        for name in NAMES:
            path = os.path.join(folder, name)
            try:
                with open(path, "rb") as stream:
                    text = stream.read(MAX_BYTES)
            except OSError:
                continue
            return parse(text, os.path.relpath(folder))
        if os.path.exists(os.path.join(folder, ".git")) or os.path.dirname(folder) == folder:
            break
        folder = os.path.dirname(folder)
    return {}


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
        if path is not None and _matcher(pattern).match(path):
            return codeowners[key]
    return ""


def _inside(root: str, file: str) -> str | None:
    """The file's path from `root` on, None where it stands elsewhere."""
    if root.startswith("git:") or file.startswith("git:"):
        return file.removeprefix(root) if root.startswith("git:") and file.startswith(root) else None
    path = posixpath.relpath(os.path.abspath(file), os.path.abspath(root))
    return None if path.startswith("../") else path


_matchers: dict[str, re.Pattern[str]] = {}


def _matcher(pattern: str) -> re.Pattern[str]:
    known = _matchers.get(pattern)
    if known is None:
        known = _matchers[pattern] = re.compile(_expression(pattern))
    return known


def _expression(pattern: str) -> str:
    """gitignore's rules: a slash inside anchors, `*` stays in one folder, `**` does not, a folder owns all below it."""
    body = re.sub(r"\\(.)", r"\1", pattern)
    below = body.endswith("/")
    body = body.rstrip("/")
    anchored = "/" in body
    body = body.lstrip("/")
    parts: list[str] = []
    for part in re.split(r"(\*\*/|/\*\*$|\*+|\?)", body):
        if part == "**/":
            parts.append("(?:[^/]+/)*")
        elif part == "/**":
            parts.append("/.+")
        elif part.startswith("*"):
            parts.append(".*" if body == "**" else "[^/]*")
        elif part == "?":
            parts.append("[^/]")
        else:
            parts.append(re.escape(part))
    # `docs/*` owns the files of docs, not those of the folders in it.
    tail = "/.+" if below else "" if anchored and body.endswith("/*") else "(?:/.+)?"
    return ("" if anchored else "(?:.+/)?") + "".join(parts) + tail + r"\Z"
