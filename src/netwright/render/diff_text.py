"""`diff` as text: danger first, each difference with what caused it, long lists folded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netwright.questions.diff.objects import ObjectChange
from netwright.render.compared import Compared
from netwright.render.diff_counts import SAME, counts, nothing, quiet
from netwright.render.diff_groups import (
    NO_CAUSE,
    SIGNS,
    Group,
    Names,
    Way,
    by_word,
    caused,
    group_text,
    groups,
    some_of,
    way_text,
)
from netwright.render.escape import plain
from netwright.render.styles import Style, heading, marked
from netwright.render.words import Words, count

GROUPS = SERVICES = 12
CAUSES = 4
FIELDS = 2
INDENT = " " * 12
STYLES: dict[str, Style] = {
    "EXPOSED": "danger",
    "opened": "warning",
    "closed": "heading",
    "changed": "undecided",
    "undecided": "undecided",
}


def diff_text(compared: Sequence[Compared], words: Words, *, everything: bool, last: str) -> Iterator[str]:
    """Lines; at most GROUPS groups and SERVICES ports of Services of each twin unless `everything`. Of several twins
    those that differ stand one after the other under their names, the others are counted at the end."""
    if len(compared) == 1 and not compared[0].name:
        yield from _differences(compared[0], words, everything)
        yield from _quiet(compared, words, everything)
        parts = []
    else:
        differing = [one for one in compared if not one.found.is_empty]
        same = [one for one in compared if one.found.is_empty and one.found.is_known]
        open_ = [one for one in compared if one.found.is_empty and not one.found.is_known]
        for one in differing:
            yield heading(plain(_title(one)))
            yield from _differences(one, words, everything)
            yield from _quiet([one], words, everything)
            yield ""
        if not differing:
            yield from words.fold(nothing(open_[0].found) if open_ else SAME, "", "")
        yield from _quiet([*same, *open_], words, everything)
        for listed, said in ((same, "without a difference"), (open_, "not known, for part of it could not be read")):
            if listed:
                named = some_of([plain(c.name) for c in listed], everything)
                yield from words.fold(f"{count(len(listed), 'twin')} {said}: {named}", "  ", "")
        parts = [f"{len(differing)} of {count(len(compared), 'twin')} with a difference"]
    yield from words.fold(f" {words['dot']} ".join([*parts, *counts([c.found for c in compared]), last]), "", "")


def _title(one: Compared) -> str:
    notes = [*(["the rest"] if one.name == "." else []), *([ONLY_IN[one.only_in]] if one.only_in else [])]
    return one.name + (f" ({', '.join(notes)})" if notes else "")


ONLY_IN = {"before": "only in A", "after": "only in B"}


def _differences(one: Compared, words: Words, everything: bool) -> Iterator[str]:
    found = one.found
    names = Names(found.outside, one.workloads, everything)
    causes = _Causes(found.because, words, everything)
    shown = folded = led = 0
    for word, ways, listed, services in by_word(found):
        for way in ways:
            yield from _way(word, way, words)
            yield from causes.lines(way.because)
        for group in groups(listed):
            if shown >= GROUPS and not everything:
                folded += 1
                continue
            shown += 1
            yield from _group(word, group, names, words)
            yield from causes.lines(group.causes)
        most = len(services) if everything else max(0, SERVICES - led)
        led += len(services[:most])
        folded += len(services[most:])
        for service in services[:most]:
            yield from _way(word, service, words)
            yield from causes.lines(service.because)
    if found.is_empty:
        yield from words.fold(nothing(found), "", "")
    if folded:
        yield from words.fold(
            f"… and {count(folded, 'group')} more: --all lists them, -o json has every pair", "  ", ""
        )
    elif names.counted:
        yield "--all names every end"


def _quiet(compared: Sequence[Compared], words: Words, everything: bool) -> Iterator[str]:
    """What changed and moved nothing; of several twins each with its name."""

    def of(one: Compared) -> str:
        return f" of {one.name}" if len(compared) > 1 else ""

    listed: dict[tuple[str, str], list[str]] = {}
    for one in compared:
        for noun, said, names in quiet(one.found):
            listed.setdefault((noun, said), []).extend(plain(f"{name}{of(one)}") for name in names)
    for (noun, said), named in listed.items():
        if named:
            told = f"{count(len(named), noun)} {said}: {some_of(named, everything)}"
            yield from words.fold(told, "  ", "")
    left_out: dict[str, list[str]] = {}
    for one in compared:
        for left in one.found.left_out:
            left_out.setdefault(left, []).append(plain(one.name))
    for left, twins in left_out.items():
        each = f" ({some_of(twins, everything)})" if len(compared) > 1 else ""
        yield from words.fold(f"left out: {plain(left)}{each}", "  ", "")


# --- ways in and pairs --------------------


def _way(word: str, e: Way, words: Words) -> Iterator[str]:
    yield from _head(word, plain(way_text(e, words["arrow"])), words)


def _group(word: str, group: Group, names: Names, words: Words) -> Iterator[str]:
    yield from _head(word, plain(group_text(group, names, words["arrow"])), words)


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
        yield from self._words.fold(plain(f"because {caused(change)}"), INDENT + "  ", INDENT)
        most = len(change.fields) if self._everything else FIELDS
        for field in change.fields[:most]:
            told = f"{field.path}: {field.old} {self._words['arrow']} {field.new}"
            yield from self._words.fold(plain(told), INDENT + "    ", INDENT + "  ")
        if change.note:
            yield from self._words.fold(plain(change.note), INDENT + "    ", INDENT + "  ")
        more = change.more_fields + len(change.fields) - len(change.fields[:most])
        if more:
            yield f"{INDENT}  and {count(more, 'more field')}"


def _head(word: str, text: str, words: Words) -> Iterator[str]:
    lead = f"{SIGNS[word]} {word:<9} "
    folded = words.fold(text, INDENT, lead)
    yield marked(folded[0], (lead.strip(), STYLES[word]))
    yield from folded[1:]
