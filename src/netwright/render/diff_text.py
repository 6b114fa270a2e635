"""`diff` as text: danger first, one paragraph a cause, long lists folded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netwright.questions.diff import Diffed, ExposureChange, Moved, Unsettled
from netwright.questions.diff.objects import ObjectChange
from netwright.render.escape import plain
from netwright.render.styles import Style, heading, marked
from netwright.render.words import Words, count

GROUPS = 12
NAMES = 6
SIGNS = {"EXPOSED": "!", "opened": "+", "closed": "-", "changed": "~", "undecided": "?"}
STYLES: dict[str, Style] = {
    "EXPOSED": "danger",
    "opened": "warning",
    "closed": "heading",
    "changed": "undecided",
    "undecided": "undecided",
}
Group = tuple[str, str, tuple[int, ...], list[str], list[str]]
"""Word, ports, causes, sources, destinations."""


def diff_text(found: Diffed, words: Words, *, everything: bool, last: str, title: str = "") -> Iterator[str]:
    """Lines; at most GROUPS groups unless `everything`."""
    if title:
        yield heading(plain(title))
    shown = 0
    for exposure in found.exposed:
        yield from _exposure(exposure, found.because, words)
    groups = [
        *_groups("opened", found.opened),
        *_groups("closed", found.closed),
        *_groups("changed", found.changed),
        *_groups("undecided", found.undecided),
    ]
    for group in groups:
        if shown >= GROUPS and not everything:
            break
        shown += 1
        yield from _group(group, found.because, words, everything)
    if len(groups) > shown:
        rest = count(len(groups) - shown, "group")
        yield from words.fold(f"~ {rest} folded: --all lists them, -o json has every pair", "  ", "")
    if found.without_effect:
        names = [plain(c.ref) for c in found.without_effect]
        yield from words.fold(
            f"{count(len(names), 'object')} changed without effect on connections: {_some(names, everything)}", "  ", ""
        )
    if found.quiet_files:
        names = [plain(n) for n in found.quiet_files]
        yield from words.fold(
            f"{count(len(names), 'file')} changed text but not traffic: {_some(names, everything)}", "  ", ""
        )
    yield from words.fold(f"{_summary(found, words)} {words['dot']} {last}", "", "")


def _summary(found: Diffed, words: Words) -> str:
    exposed = sum(e.is_opened for e in found.exposed)
    parts = [
        f"{len(found.opened)} opened" + (f" ({count(exposed, 'way')} in from the internet)" if exposed else ""),
        f"{len(found.closed)} closed",
        f"{len(found.changed)} changed",
        f"{len(found.undecided)} undecided",
        f"{count(found.pairs, 'pair')} compared",
    ]
    return f" {words['dot']} ".join(parts)


def _exposure(e: ExposureChange, because: Sequence[ObjectChange], words: Words) -> Iterator[str]:
    word = "EXPOSED" if e.is_opened else "closed" if e.now in ("deny", "") else "changed"
    entry = f" {e.entry}" if e.entry else ""
    verdicts = f"{e.was or 'no way in'} {words['arrow']} {e.now or 'no way in'}"
    text = f"internet {words['arrow']} {e.service}:{e.port} {e.protocol} via {e.via}{entry} ({verdicts})"
    yield from _head(word, plain(text), words)
    yield from _because(e.because, because, words)


def _groups(word: str, listed: Sequence[Moved] | Sequence[Unsettled]) -> Iterator[Group]:
    """Pairs with the same causes and ports; sources and destinations joined where every pair of them is there."""
    by_cause: dict[tuple[tuple[int, ...], str], dict[str, list[str]]] = {}
    for m in listed:
        by_cause.setdefault((m.because, _ports(m)), {}).setdefault(m.destination, []).append(m.source)
    for (causes, ports), to in by_cause.items():
        joined: dict[tuple[str, ...], list[str]] = {}
        for destination, sources in to.items():
            joined.setdefault(tuple(sources), []).append(destination)
        for sources_, destinations in joined.items():
            yield word, ports, causes, list(sources_), destinations


def _ports(m: Moved | Unsettled) -> str:
    family = f" IPv{m.family}" if m.family else ""
    if isinstance(m, Unsettled):
        return f"{m.ports}{family} ({m.was}, now {m.now})"
    if m.was == "none" or m.now == "none":
        return f"{m.opened or m.closed}{family}"
    return f"{m.was}{family}, now {m.now}"


def _group(group: Group, because: Sequence[ObjectChange], words: Words, everything: bool) -> Iterator[str]:
    word, ports, causes, sources, destinations = group
    ends = f"{_some(sources, everything)} {words['arrow']} {_some(destinations, everything)}"
    yield from _head(word, plain(f"{ends}  {ports}"), words)
    yield from _because(causes, because, words)


def _head(word: str, text: str, words: Words) -> Iterator[str]:
    lead = f"{SIGNS[word]} {word:<9} "
    folded = words.fold(text, " " * 12, lead)
    yield marked(folded[0], (lead.strip(), STYLES[word]))
    yield from folded[1:]


def _because(causes: Sequence[int], because: Sequence[ObjectChange], words: Words) -> Iterator[str]:
    for i in causes[:4]:
        change = because[i]
        place = change.after or change.before
        told = f"{change.ref} {change.change}" + (f"  {place}" if place else "")
        yield from words.fold(plain(told), " " * 14, " " * 12)
        for field in change.fields[:2]:
            told = f"{field.path}: {field.old} {words['arrow']} {field.new}"
            yield from words.fold(plain(told), " " * 16, " " * 14)
    if len(causes) > 4:
        yield from words.fold(f"and {count(len(causes) - 4, 'more change')}", " " * 14, " " * 12)


def _some(names: Sequence[str], everything: bool) -> str:
    most = len(names) if everything else NAMES
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
