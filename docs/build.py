"""Writes what is generated: the tour, the schemas, the reference, and in the other pages what commands print.

python docs/build.py            write them; exit 1 where one differed from what was on disk
python docs/build.py --check    write nothing; exit 1 with a diff where one differs
python docs/build.py --quiet    write them and exit 0
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cluster_role
import json_schemas
import pages
import tour
from shell import ROOT, programs, refresh, workplace

DOCS = ROOT / "docs"
MOST_LINES = 60


def generated() -> dict[Path, str]:
    """The text of every generated file by its path."""
    found = {DOCS / "reference" / name: text for name, text in pages.all_pages().items()}
    found |= {DOCS / "schemas" / name: text for name, text in json_schemas.all_schemas().items()}
    found[cluster_role.PATH] = cluster_role.cluster_role()
    written = [p for p in (ROOT / "README.md", *sorted(DOCS.rglob("*.md"))) if p not in found and p != tour.PAGE]
    programs()
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("fork")) as pool:
        walked = pool.submit(tour.page)
        found |= {p: text for p, text in zip(written, pool.map(refreshed, written), strict=True) if text}
        found[tour.PAGE] = walked.result()
    return found


def refreshed(path: Path) -> str:
    """A page with its outputs as they are now; "" where it shows none."""
    text = path.read_text(encoding="utf-8")
    if "\n```console\n" not in text:
        return ""
    with workplace() as folder:
        return refresh(text, folder)


def main(arguments: list[str]) -> int:
    unknown = set(arguments) - {"--check", "--quiet"}
    if unknown:
        print(f"docs/build.py: no such option: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    checked = generated()
    differing = {path: found for path, text in checked.items() if (found := tour.differs(path, text))}
    stray = [p for p in (DOCS / "schemas").glob("*.json") if p not in checked]
    for path, found in differing.items():
        lines = found.splitlines()
        more = [f"… {len(lines) - MOST_LINES} lines more"] if len(lines) > MOST_LINES else []
        if "--quiet" not in arguments:
            print("\n".join([*lines[:MOST_LINES], *more]))
        if "--check" not in arguments:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(checked[path], encoding="utf-8")
    for path in stray:
        print(f"{path.relative_to(ROOT).as_posix()} is of no schema: delete it")
    if (differing or stray) and "--quiet" not in arguments:
        done = "`make docs` writes them" if "--check" in arguments else "written anew: look, and keep them"
        print(f"{len(differing) + len(stray)} generated files differ; {done}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
