"""The differences of two networks as HTML and as the data of the map: groups of pairs with what caused them."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from netwright.base.patterns import pattern
from netwright.model.finding import Mark
from netwright.questions.deciding import ranges
from netwright.questions.diff import Diffed, Moved, Unsettled
from netwright.questions.diff.objects import ObjectChange
from netwright.questions.diff.services import ServiceChange
from netwright.questions.diff.ways import ExposureChange
from netwright.render.diff_counts import nothing, quiet, word_of
from netwright.render.diff_groups import (
    NO_CAUSE,
    SIGNS,
    Group,
    Names,
    entry_of,
    groups,
    led,
    moved,
    namespace_of,
)
from netwright.render.excerpt import Lines
from netwright.render.html.elements import Html, Part, join, name, prose, tag
from netwright.render.html.findings import excerpt
from netwright.render.html.network import MOST_ENDS, MOST_PAIRS, OUTSIDE
from netwright.render.words import count

OPEN_GROUPS: Final = 8
"""Groups of a word that stand open; the others are folded under them."""
CAUSES: Final = 4
ORDER: Final = ("EXPOSED", "opened", "closed", "changed", "undecided")
_PORT: Final = pattern(r"\b(TCP|UDP|SCTP) (\d+)")
DNS: Final = frozenset({"TCP 53; UDP 53", "TCP 53", "UDP 53"})


class Told(NamedTuple):
    """What stands in one list of the page: a word, its ways in, its Services and its groups of pairs."""

    word: str
    ways: list[ExposureChange]
    services: list[ServiceChange]
    groups: list[Group]

    @property
    def size(self) -> int:
        return len(self.ways) + len(self.services) + self.pairs

    @property
    def pairs(self) -> int:
        return sum(_size(g) for g in self.groups)


def told_of(found: Diffed) -> list[Told]:
    """The differences by word, danger first."""
    listed: dict[str, Sequence[Moved] | Sequence[Unsettled]] = {
        "opened": found.opened,
        "closed": found.closed,
        "changed": found.changed,
        "undecided": found.undecided,
    }
    return [
        Told(
            word,
            [e for e in found.exposed if word_of(e) == word],
            [s for s in found.services if word_of(s) == word],
            groups(listed.get(word, ())),
        )
        for word in ORDER
    ]


# --- the section --------------------


def changes_section(found: Diffed, told: Sequence[Told], names: Names, before: Lines, after: Lines) -> Html:
    """The section `changes`."""
    blocks: list[Part] = []
    for one in told:
        if not one.size:
            continue
        rows = [_way(one.word, e, found, before, after) for e in one.ways]
        rows += [_group(one.word, g, names, found, before, after) for g in one.groups]
        rows += [_service(one.word, s, found, before, after) for s in one.services]
        left = rows[OPEN_GROUPS + 1 :] and rows[OPEN_GROUPS:]
        shown = rows[: len(rows) - len(left)]
        folded = tag("details", tag("summary", f"{count(len(left), 'more group')}"), *left, class_="more")
        sized = [
            *([count(len(one.ways), "way in", "ways in")] if one.ways else []),
            *([count(len(one.services), "port of a Service", "ports of Services")] if one.services else []),
            *([count(one.pairs, "pair")] if one.pairs else []),
        ]
        head = tag("h3", badge(one.word), tag("small", f" {' and '.join(sized)}"))
        blocks.append(tag("div", head, *shown, folded if left else None, class_=f"codes {one.word}"))
    if found.is_empty:
        said = nothing(found)
        blocks.append(tag("p", f"{said[0].upper()}{said[1:]}."))
    return tag(
        "section",
        tag("h2", "Changes"),
        *blocks,
        tag("p", "No change is left by this search.", class_="note", id="no-finding", hidden=True),
        *(part for noun, said_, listed in quiet(found) for part in _quiet(said_, noun, listed)),
        id="changes",
    )


def badge(word: str) -> Html:
    return tag("span", f"{SIGNS[word].replace('-', '−')} {word}", class_=f"badge {word}")


def _quiet(told: str, noun: str, names: Sequence[str]) -> Iterator[Html]:
    if names:
        summary = tag("summary", f"{count(len(names), noun)} {told}")
        yield tag("details", summary, tag("ul", *(tag("li", name(n)) for n in names)), class_="more")


def _way(word: str, e: ExposureChange, found: Diffed, before: Lines, after: Lines) -> Html:
    head = tag("h4", "internet → ", name(entry_of(e)))
    via = tag("p", f"via {e.via} ", name(e.entry), f": {moved(e)}")
    ends = tag("p", "Ends at ", _listed(e.workloads), class_="ends") if e.workloads else None
    text = f"internet {entry_of(e)} {e.via} {e.entry} {' '.join(e.workloads)}"
    return _article(word, text, (head, via, ends), e.because, found, before, after)


def _service(word: str, s: ServiceChange, found: Diffed, before: Lines, after: Lines) -> Html:
    head = tag("h4", name(entry_of(s)))
    shown = tag("p", "leads to ", name(led(s)))
    text = f"{entry_of(s)} {' '.join((*s.ended, *s.ends))}"
    return _article(word, text, (head, shown), s.because, found, before, after)


def _group(word: str, g: Group, names: Names, found: Diffed, before: Lines, after: Lines) -> Html:
    itself = ", not with itself" if g.apart else ""
    sources, destinations = names.told(g.sources), names.told(g.destinations)
    head = tag("h4", name(sources), " → ", name(destinations), itself)
    shown = tag("p", tag("strong", g.ports), tag("small", f" · {count(_size(g), 'pair')}"))
    listed = [
        join(tag("dt", told), tag("dd", _listed(ends)))
        for told, ends, short in (("From", g.sources, sources), ("To", g.destinations, destinations))
        if short != ", ".join(ends)
    ]
    whole = tag("details", tag("summary", "every end"), tag("dl", *listed), class_="more") if listed else None
    text = f"{g.ports} {' '.join(g.sources)} {' '.join(g.destinations)}"
    return _article(word, text, (head, shown, whole), g.causes, found, before, after)


def _article(
    word: str,
    text: str,
    head: Sequence[Part],
    because: Sequence[int],
    found: Diffed,
    before: Lines,
    after: Lines,
) -> Html:
    causes = [_cause(found.because[i], before, after) for i in because]
    told: Part = tag("p", prose(NO_CAUSE), class_="note")
    if causes:
        rest = causes[CAUSES:]
        more = tag("details", tag("summary", count(len(rest), "more cause")), tag("ul", *rest), class_="more")
        told = join(tag("ul", *causes[:CAUSES], class_="causes"), more if rest else None)
    searched = f"{word} {text} {' '.join(found.because[i].ref for i in because)}".lower()
    return tag("article", *head, told, class_=f"finding {word}", data_text=searched)


def _listed(names: Sequence[str]) -> Html:
    return join(*[part for n in names for part in (", ", name(n))][1:])


def _cause(change: ObjectChange, before: Lines, after: Lines) -> Html:
    places = [p for p in (change.before if change.before != change.after else "", change.after) if p]
    shown: list[Part] = []
    for told, place in (
        (", before ", change.before if change.after != change.before else ""),
        (", after ", change.after),
    ):
        if place:
            shown += [told if len(places) > 1 else " ", tag("code", name(place))]
    fields = [tag("li", tag("code", name(f.path)), ": ", name(f.old), " → ", name(f.new)) for f in change.fields]
    if change.note:
        fields.insert(0, tag("li", name(change.note)))
    if change.more_fields:
        fields.append(tag("li", f"and {count(change.more_fields, 'more field')}"))
    at, lines = (change.after, after) if change.place == change.after else (change.before, before)
    return tag(
        "li",
        name(change.ref),
        " ",
        tag("strong", change.change),
        *shown,
        tag("ul", *fields) if fields else None,
        *_excerpt(change, at, lines),
    )


def _excerpt(change: ObjectChange, at: str, lines: Lines) -> Iterator[Html]:
    """The line of the first field that differs."""
    file, line, column = _split(at)
    if line:
        mark = Mark(
            kind=change.kind, namespace=change.namespace, name=change.name, path="", file=file, line=line, column=column
        )
        yield from excerpt(mark, lines)


def _split(place: str) -> tuple[str, int, int]:
    """File, line and column of a position; they stand last whatever the file is called."""
    file, _, rest = place.rpartition(":")
    file, _, line = file.rpartition(":")
    return (file, int(line), int(rest)) if line.isdigit() and rest.isdigit() else (place, 0, 0)


# --- the data --------------------


def difference_data(found: Diffed, told: Sequence[Told], before: Sequence[str], after: Sequence[str]) -> dict[str, Any]:
    """What the page embeds. `before` and `after` are the words of commands that ask either input."""
    ends = sorted(
        {
            *(end for one in told for g in one.groups for end in (*g.sources, *g.destinations)),
            *(w for e in found.exposed for w in e.workloads),
            *(["internet"] if found.exposed else []),
        }
    )
    whole = len(ends) <= MOST_ENDS and sum(one.size for one in told) <= MOST_PAIRS
    of_end = {end: end if whole else _space(end, found.outside) for end in ends}
    names = sorted(set(of_end.values()))
    number = {end: i for i, end in enumerate(names)}

    def numbers(chosen: Sequence[str]) -> str:
        return ranges(sorted({number[of_end[end]] for end in chosen}))

    asked = {g.ports: i for i, g in enumerate({g.ports: g for one in told for g in one.groups}.values())}
    made = [
        {
            "word": one.word,
            "ports": g.ports,
            "because": g.causes,
            "from": numbers(g.sources),
            "to": numbers(g.destinations),
            "apart": g.apart and whole,
            "dns": g.ports in DNS,
            "ask": asked[g.ports],
        }
        for one in told
        for g in one.groups
    ]
    outside = {*found.outside, *(e for e in ends if e.startswith("internet"))}
    return {
        "mode": "diff",
        "by": "workload" if whole else "namespace",
        "options": {"before": shlex.join(before), "after": shlex.join(after)},
        "ports": [(ports, *_one_of(ports)) for ports in asked],
        "dns": [],
        "causes": [msgspec.to_builtins(c) | {"ref": c.ref} for c in found.because],
        "families": [
            {
                "family": 0,
                "ends": [
                    [
                        n,
                        "" if n in outside else namespace_of(n) if whole else n.removeprefix("ns/"),
                        OUTSIDE if n in outside else "",
                    ]
                    for n in names
                ],
                "groups": made,
            }
        ],
        "ways": [
            {
                "service": e.service,
                "port": e.port or "any",
                "protocol": e.protocol,
                "via": e.via,
                "entry": e.entry,
                "word": one.word,
                "told": moved(e),
                "because": e.because,
                "to": [sorted({number[of_end[w]] for w in e.workloads})],
            }
            for one in told
            for e in one.ways
        ],
    }


def _one_of(ports: str) -> tuple[str, int]:
    """A protocol and port to ask about; "" and 0 where none is named."""
    found = _PORT.search(ports)
    return (found[1], int(found[2])) if found else ("", 0)


def _space(end: str, outside: Sequence[str]) -> str:
    namespace = "" if end in outside else namespace_of(end)
    return f"ns/{namespace}" if namespace else end


def _size(g: Group) -> int:
    """How many pairs a group stands for; of one whose ends are not paired with themselves fewer."""
    return g.size - (sum((Counter(g.sources) & Counter(g.destinations)).values()) if g.apart else 0)
