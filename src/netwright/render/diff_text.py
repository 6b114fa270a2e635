"""`diff` as text: danger first, each difference with what caused it, long lists folded."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from netwright.questions.diff import Diffed, ExposureChange, Moved, Unsettled
from netwright.questions.diff.objects import ObjectChange
from netwright.render.escape import plain
from netwright.render.styles import Style, heading, marked
from netwright.render.words import Words, count

GROUPS = 12
NAMES = 6
CAUSES = 4
FIELDS = 2
LEAST_WHOLE = 3
"""So many workloads are fewer words under the name of their namespace."""
INDENT = " " * 12
SIGNS = {"EXPOSED": "!", "opened": "+", "closed": "-", "changed": "~", "undecided": "?"}
STYLES: dict[str, Style] = {
    "EXPOSED": "danger",
    "opened": "warning",
    "closed": "heading",
    "changed": "undecided",
    "undecided": "undecided",
}
SAME = "no connection was opened, closed or changed"
NO_CAUSE = "no single object that is read says why: `netwright why` on either side names the rules"


class Group(NamedTuple):
    """Differences of one word, with the same ports and causes. `apart`: no end with itself."""

    ports: str
    causes: tuple[int, ...]
    sources: list[str]
    destinations: list[str]
    apart: bool = False

    @property
    def size(self) -> int:
        return len(self.sources) * len(self.destinations)


def diff_text(
    found: Diffed, words: Words, *, everything: bool, last: str, workloads: Collection[str] = (), title: str = ""
) -> Iterator[str]:
    """Lines; at most GROUPS groups unless `everything`. `workloads`: those of both networks, to name all of a namespace
    by it."""
    if title:
        yield heading(plain(title))
    names = _Names(found.outside, workloads, everything)
    causes = _Causes(found.because, words, everything)
    shown = folded = 0
    by_word: tuple[tuple[str, list[ExposureChange], Sequence[Moved] | Sequence[Unsettled]], ...] = (
        ("EXPOSED", [e for e in found.exposed if _word(e) == "EXPOSED"], ()),
        ("undecided", [e for e in found.exposed if _word(e) == "undecided"], ()),
        ("opened", [], found.opened),
        ("closed", [e for e in found.exposed if _word(e) == "closed"], found.closed),
        ("changed", [e for e in found.exposed if _word(e) == "changed"], found.changed),
        ("undecided", [], found.undecided),
    )
    for word, ways, listed in by_word:
        for way in ways:
            yield from _exposure(word, way, words)
            yield from causes.lines(way.because)
        for group in _groups(listed):
            if shown >= GROUPS and not everything:
                folded += 1
                continue
            shown += 1
            yield from _group(word, group, names, words)
            yield from causes.lines(group.causes)
    if found.is_empty:
        yield SAME
    if folded:
        yield from words.fold(
            f"… and {count(folded, 'group')} more: --all lists them, -o json has every pair", "  ", ""
        )
    elif names.counted:
        yield "--all names every end"
    if found.without_effect:
        objects = [plain(c.ref) for c in found.without_effect]
        told = f"{count(len(objects), 'object')} changed without effect on connections: {_some(objects, everything)}"
        yield from words.fold(told, "  ", "")
    if found.quiet_files:
        files = [plain(n) for n in found.quiet_files]
        told = f"{count(len(files), 'file')} changed text but not traffic: {_some(files, everything)}"
        yield from words.fold(told, "  ", "")
    yield from words.fold(f"{_summary(found, words)} {words['dot']} {last}", "", "")


def _summary(found: Diffed, words: Words) -> str:
    exposed = sum(e.wider for e in found.exposed)
    undecided = len(found.undecided) + sum(not e.is_sure for e in found.exposed)
    parts = [
        *([f"{exposed} exposed"] if exposed else []),
        f"{len(found.opened)} opened",
        f"{len(found.closed)} closed",
        f"{len(found.changed)} changed",
        f"{undecided} undecided",
        f"{count(found.pairs, 'pair')} compared",
    ]
    return f" {words['dot']} ".join(parts)


# --- ways in --------------------


def _word(e: ExposureChange) -> str:
    if e.wider:
        return "EXPOSED"
    if not e.is_sure:
        return "undecided"
    return "closed" if e.now in ("deny", "") else "changed"


def _exposure(word: str, e: ExposureChange, words: Words) -> Iterator[str]:
    entry = f" {e.entry}" if e.entry else ""
    was, now = (VERDICTS[v] for v in (e.was, e.now))
    if word == "EXPOSED" and e.was == e.now:
        was, now = "for some addresses", "for others too"
    text = f"internet {words['arrow']} {e.service}:{e.port} {e.protocol} via {e.via}{entry} ({was}, now {now})"
    yield from _head(word, plain(text), words)


VERDICTS = {"": "no way in", "deny": "denied", "allow": "open", "some": "open to some", "undecided": "undecided"}

# --- pairs --------------------


def _groups(listed: Sequence[Moved] | Sequence[Unsettled]) -> list[Group]:
    """Pairs with the same causes and ports; sources and destinations joined where every pair of them is there. What
    comes from the internet stands first, then what passes more than before, then the greatest."""
    by_cause: dict[tuple[tuple[int, ...], str], dict[str, list[str]]] = {}
    widened: dict[tuple[tuple[int, ...], str], bool] = {}
    for m in listed:
        key = m.because, _ports(m)
        by_cause.setdefault(key, {}).setdefault(m.destination, []).append(m.source)
        widened[key] = isinstance(m, Moved) and bool(m.opened)
    told = []
    for key, to in by_cause.items():
        for sources, destinations, apart in _rectangles(to):
            told.append((not widened[key], Group(key[1], key[0], sources, destinations, apart)))
    return [g for _, g in sorted(told, key=lambda t: (not any(map(_is_internet, t[1].sources)), t[0], -t[1].size))]


def _is_internet(name: str) -> bool:
    return name.startswith("internet")


def _rectangles(to: Mapping[str, Sequence[str]]) -> Iterator[tuple[list[str], list[str], bool]]:
    """Sources, destinations, and whether no end goes with itself: what is given as the sources of each destination."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for destination, sources in to.items():
        alike.setdefault(tuple(sources), []).append(destination)
    # a single pod is no connection with itself, so that each of several lacks another source
    but_itself: dict[frozenset[str], list[str]] = {}
    for sources_, destinations in alike.items():
        if len(destinations) == 1 and destinations[0] not in sources_:
            but_itself.setdefault(frozenset((*sources_, *destinations)), []).append(destinations[0])
    for sources_, destinations in alike.items():
        ends = frozenset((*sources_, *destinations))
        mates = but_itself.get(ends, ())
        if len(destinations) > 1 or destinations[0] in sources_ or len(mates) < 2:
            yield list(sources_), destinations, False
        elif destinations[0] == mates[0]:
            yield sorted(ends), sorted(mates), True


def _ports(m: Moved | Unsettled) -> str:
    family = f" IPv{m.family}" if m.family else ""
    if isinstance(m, Unsettled):
        return f"{m.ports}{family} (was {VERBS[m.was]}, now {VERBS[m.now]})"
    if m.was == "none" or m.now == "none":
        return f"{m.opened or m.closed}{family}"
    return f"was {m.was}, now {m.now}{family}"


VERBS = {"allow": "allowed", "deny": "denied", "undecided": "undecided"}


def _group(word: str, group: Group, names: _Names, words: Words) -> Iterator[str]:
    sources, destinations = names.told(group.sources), names.told(group.destinations)
    itself = ", not with itself" if group.apart else ""
    yield from _head(word, plain(f"{sources} {words['arrow']} {destinations}{itself}  {group.ports}"), words)


class _Names:
    """Lists of ends in few words."""

    def __init__(self, outside: Sequence[str], workloads: Collection[str], everything: bool) -> None:
        self._outside = frozenset(outside)
        self._everything = everything
        self.counted = False
        self._members: dict[str, set[str]] = {}
        for ref in workloads:
            self._members.setdefault(_namespace(ref), set()).add(ref)

    def told(self, ends: Sequence[str]) -> str:
        """The internet first, then whole namespaces, then the others by name."""
        if self._everything:
            return ", ".join(ends)
        held = set(ends)
        whole: list[str] = []
        if len(self._outside) > 1 and self._outside <= held:
            whole.append("internet and all other addresses outside")
            held -= self._outside
        for namespace in dict.fromkeys(_namespace(e) for e in ends):
            members = self._members.get(namespace, set())
            if len(members) >= LEAST_WHOLE and members <= held:
                whole.append(f"all {count(len(members), 'workload')} of {namespace}")
                held -= members
        rest = sorted((e for e in ends if e in held), key=lambda e: not _is_internet(e))
        self.counted |= bool(whole) or len(rest) > NAMES + 1
        if len(rest) > NAMES + 1:
            rest, parts = self._counted(rest)
            whole += parts
        return ", ".join([*whole, _some(rest, False)] if rest else whole)

    def _counted(self, ends: Sequence[str]) -> tuple[list[str], list[str]]:
        """Those that stay names, and, of namespaces with several, how many of each."""
        by_namespace: dict[str, list[str]] = {}
        for e in ends:
            by_namespace.setdefault(_namespace(e), []).append(e)
        names: list[str] = []
        parts: list[str] = []
        more = 0
        for namespace, held in by_namespace.items():
            if not namespace or len(held) < LEAST_WHOLE:
                names += held
            elif len(parts) < NAMES:
                of = self._members.get(namespace, ())
                parts.append(f"{len(held)} of {count(max(len(of), len(held)), 'workload')} of {namespace}")
            else:
                more += len(held)
        if more:
            parts.append(f"{count(more, 'workload')} of other namespaces")
        return names, parts


def _namespace(ref: str) -> str:
    return "" if ref.startswith(("cidr/", "internet")) else ref.split("/")[-2] if ref.count("/") > 1 else ""


# --- causes --------------------


class _Causes:
    """The object changes behind differences, each told in full once."""

    def __init__(self, because: Sequence[ObjectChange], words: Words, everything: bool) -> None:
        self._because = because
        self._words = words
        self._everything = everything
        self._told: set[int] = set()

    def lines(self, causes: Sequence[int]) -> Iterator[str]:
        if not causes:
            yield from self._words.fold(NO_CAUSE, INDENT, INDENT)
            return
        most = len(causes) if self._everything else CAUSES
        shown = causes[:most]
        again = [plain(self._because[i].ref) for i in shown if i in self._told]
        for i in shown:
            if i not in self._told:
                self._told.add(i)
                yield from self._change(self._because[i])
        if again:
            yield from self._words.fold(f"because of {', '.join(again)} (above)", INDENT + "  ", INDENT)
        if len(causes) > most:
            yield from self._words.fold(f"and of {count(len(causes) - most, 'more change')}", INDENT + "  ", INDENT)

    def _change(self, change: ObjectChange) -> Iterator[str]:
        place = change.after or change.before
        told = f"because {change.ref} was {change.change}" + (f"  {place}" if place else "")
        yield from self._words.fold(plain(told), INDENT + "  ", INDENT)
        most = len(change.fields) if self._everything else FIELDS
        for field in change.fields[:most]:
            told = f"{field.path}: {field.old} {self._words['arrow']} {field.new}"
            yield from self._words.fold(plain(told), INDENT + "    ", INDENT + "  ")
        more = change.more_fields + len(change.fields) - len(change.fields[:most])
        if more:
            yield f"{INDENT}  and {count(more, 'more field')}"


def _head(word: str, text: str, words: Words) -> Iterator[str]:
    lead = f"{SIGNS[word]} {word:<9} "
    folded = words.fold(text, INDENT, lead)
    yield marked(folded[0], (lead.strip(), STYLES[word]))
    yield from folded[1:]


def _some(names: Sequence[str], everything: bool) -> str:
    most = len(names) if everything or len(names) == NAMES + 1 else NAMES
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
