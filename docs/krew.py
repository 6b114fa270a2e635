"""The manifest by which Krew installs netwright as a kubectl plugin, of archives that are built.

    python docs/krew.py linux/amd64 dist/linux-amd64.tar.gz https://HOST/linux-amd64.tar.gz > netwright.yaml

For each platform (GOOS/GOARCH, as Go calls them) the archive, and where it will be fetched from. An archive is a
`.tar.gz` or a `.zip` that holds `kubectl-netwright`, executable. The form is that of Krew's index
(`krew.googlecontainertools.github.com/v1alpha2`, `pkg/index/types.go` of kubernetes-sigs/krew at 0a63f98b, and what
`internal/index/validation/validate.go` at 65de93cc demands of it).
"""

from __future__ import annotations

import hashlib
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from netwright.version import VERSION

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
PROGRAM = "kubectl-netwright"


def manifest(platforms: Sequence[tuple[str, Path, str]]) -> dict[str, Any]:
    """The manifest for (platform, archive, URL). Raises ValueError where an archive or a platform is not usable."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    if PROGRAM not in project["scripts"]:
        raise ValueError(f"the project installs no {PROGRAM}")
    return {
        "apiVersion": "krew.googlecontainertools.github.com/v1alpha2",
        "kind": "Plugin",
        "metadata": {"name": project["name"]},
        "spec": {
            "version": f"v{VERSION}",
            "shortDescription": "Who may talk to whom, and which rule says so",
            "description": f"{project['description']}.",
            "platforms": [_platform(*one) for one in platforms],
        },
    }


def _platform(platform: str, archive: Path, url: str) -> dict[str, Any]:
    system, slash, machine = platform.partition("/")
    if not (system and slash and machine):
        raise ValueError(f"`{platform}` is no platform: write it as linux/amd64")
    if not url.startswith("https://"):
        raise ValueError(f"`{url}` is not fetched over https")
    return {
        "selector": {"matchLabels": {"os": system, "arch": machine}},
        "uri": url,
        "sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
        "bin": _program(archive),
    }


def _program(archive: Path) -> str:
    """The path of the program in the archive."""
    found = [name for name, is_run in _members(archive) if PurePosixPath(name).name == PROGRAM and is_run]
    if len(found) != 1:
        raise ValueError(f"{archive.name} holds {len(found)} executable files {PROGRAM}, and not one")
    return str(PurePosixPath(found[0]))


def _members(archive: Path) -> Iterator[tuple[str, bool]]:
    """The files of an archive, and whether each may be run."""
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as file:
            for one in file.infolist():
                yield one.filename, bool(one.external_attr >> 16 & 0o100)
    elif archive.name.endswith(".tar.gz"):
        with tarfile.open(archive, "r:gz") as packed:
            for member in packed:
                yield member.name, member.isfile() and bool(member.mode & 0o100)
    else:
        raise ValueError(f"{archive.name} is neither a .tar.gz nor a .zip")


def main(words: Sequence[str]) -> int:
    if not words or len(words) % 3:
        print("usage: krew.py OS/ARCH ARCHIVE URL [OS/ARCH ARCHIVE URL]…", file=sys.stderr)
        return 2
    given = [(words[i], Path(words[i + 1]), words[i + 2]) for i in range(0, len(words), 3)]
    try:
        found = manifest(given)
    except (OSError, ValueError, tarfile.TarError, zipfile.BadZipFile) as error:
        print(f"krew.py: {error}", file=sys.stderr)
        return 2
    yaml.safe_dump(found, sys.stdout, sort_keys=False, allow_unicode=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
