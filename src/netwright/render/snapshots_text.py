"""Snapshots as text: the list, and one in full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from netwright.render.escape import plain
from netwright.render.words import Words

if TYPE_CHECKING:
    from netwright.store.records import Manifest

SHORT = 12


def list_text(found: Sequence[tuple[str, Manifest]], store: str, words: Words) -> Iterator[str]:
    """A line a snapshot: ID, when, name, objects, sources."""
    if not found:
        yield from words.fold(f"no snapshot in `{plain(store)}`; `netwright snapshot take SOURCE` takes one", "", "")
        return
    named = max(4, *(len(m.name) for _, m in found))
    yield f"{'ID':<{SHORT}}  {'TAKEN (UTC)':<19}  {'NAME':<{named}}  OBJECTS  SOURCES"
    for id_, m in found:
        sources = ", ".join(plain(given.source) for given in m.inputs) or "redacted"
        yield f"{id_[:SHORT]}  {_when(m)}  {plain(m.name):<{named}}  {m.documents.total:>7}  {sources}"


def show_text(id_: str, m: Manifest, contents: Sequence[tuple[str, str, str, int]], words: Words) -> Iterator[str]:
    """When, of what, by which version; what was assumed; then the objects by kind and namespace."""
    yield id_
    rows = [("taken", f"{_when(m)} UTC by netwright {m.version}")]
    if m.name:
        rows.append(("name", m.name))
    if m.redacted:
        rows.append(("redacted", "names, labels, hosts and addresses are not those of the source"))
    rows += [("source", f"{given.source} ({given.files} files, {given.digest[:19]})") for given in m.inputs]
    d = m.documents
    rows.append(
        (
            "documents",
            f"{d.total}: {d.evaluated} evaluated, {d.irrelevant} irrelevant, {d.not_understood} not understood, "
            f"{d.invalid} invalid, {d.unreadable} unreadable",
        )
    )
    rows.append(("profile", m.profile + (" (given)" if m.cni else "")))
    if m.pod_cidrs:
        rows.append(("pod CIDRs", ", ".join(m.pod_cidrs)))
    rows += [("assumed", text) for text in m.assumptions]
    for label, text in rows:
        yield from words.fold(plain(text), f"{'':<11}", f"{label:<11}")
    yield ""
    kinds: dict[tuple[str, str], list[str]] = {}
    counts: dict[tuple[str, str], int] = {}
    for version, kind, namespace, count in contents:
        kinds.setdefault((version, kind), []).append(f"{namespace or '-'} {count}")
        counts[version, kind] = counts.get((version, kind), 0) + count
    for (version, kind), namespaces in sorted(kinds.items(), key=lambda pair: (pair[0][1], pair[0][0])):
        head = f"{counts[version, kind]:>6}  {plain(kind)} ({plain(version)}): "
        yield from words.fold(plain(", ".join(namespaces)), " " * 10, head)


def _when(m: Manifest) -> str:
    return plain(m.taken[:19].replace("T", " "))
