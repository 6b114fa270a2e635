"""`diff` as a page: what opened, closed and changed with its causes, the map and the matrix of the differences."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any, Final

from netwright.questions.diff import Diffed
from netwright.render.compared import Compared
from netwright.render.diff_counts import SAME, tally
from netwright.render.diff_groups import Names
from netwright.render.diff_json import body_of
from netwright.render.html.changes import Told, changes_section, difference_data, told_of
from netwright.render.html.elements import Html, join, name, prose, tag
from netwright.render.html.page import page
from netwright.render.html.provenance import provenance_section
from netwright.render.html.shell import connections_section, map_section, matrix_section, tile, tiles, whole
from netwright.render.words import count

MOST_IN_ANSWER: Final = 20_000
"""Pairs that a page also carries as JSON, each in full; the map and the matrix number them and take many more."""
MAP: Final = (
    "Only what differs is drawn. Namespaces stand folded; open one to see its workloads. `+` opened, `−` closed, `~` "
    "other ports, `?` was or is undecided; a thick line marked `!` is a way in from the internet that opened."
)
LIST: Final = "Every pair of ends that differs. `Why` opens its causes and the commands that explain either side."
MATRIX: Final = (
    "Rows are sources, columns destinations; a dash is unchanged. A heading unfolds its namespace; a cell opens "
    "its causes."
)


def diff_page(one: Compared, *, options: tuple[Sequence[str], Sequence[str]], code: int, fail_on: str) -> bytes:
    """The page. `options` are the words of commands that ask either input, `code` is the exit code and `fail_on` says
    which differences fail."""
    found, answer, told = one.found, body_of(one), told_of(one.found)
    names = [", ".join(i.source for i in provenance.inputs) for provenance in (one.before, one.after)]
    sources = [options[0][1], options[1][1]]
    command = f"netwright diff {shlex.join([*sources, *options[1][2:]])}"
    sections = [
        ("changes", "Changes", _changes(one, told)),
        ("map", "Map", map_section(MAP)),
        ("connections", "Differences", connections_section("Differences", LIST)),
        ("matrix", "Matrix", matrix_section(MATRIX)),
        (
            "provenance",
            "Provenance",
            provenance_section(
                [("before", one.before), ("after", one.after)],
                command=command,
                undecided=answer["undecided_counts"],
                exit_reasons=answer["exit_reasons"],
                left_out=found.left_out,
            ),
        ),
    ]
    body = whole(sections, _summary(names, found, code, fail_on))
    data: dict[str, Any] = {"answer": answer} if _is_carried(told) else {}
    data["network"] = difference_data(found, told, *options)
    return page(title=f"netwright diff: {names[0]} → {names[1]}", body=body, data=data)


def _is_carried(told: Sequence[Told]) -> bool:
    return sum(one.size for one in told) <= MOST_IN_ANSWER


def _changes(one: Compared, told: Sequence[Told]) -> Html:
    names = Names(one.found.outside, one.workloads, False)
    made = changes_section(one.found, told, names, *(one.lines or (_no_lines, _no_lines)))
    if _is_carried(told):
        return made
    note = f"With more than {MOST_IN_ANSWER:,} pairs the page does not carry the answer as JSON; `-o json` writes it."
    return join(made, tag("p", prose(note), class_="note"))


def _no_lines(file: str) -> tuple[str, ...]:
    return ()


def _summary(names: Sequence[str], found: Diffed, code: int, fail_on: str) -> Html:
    counted = tally(found)
    exposed, opened, undecided = counted["EXPOSED"], counted["opened"], counted["undecided"]
    return tag(
        "section",
        tag("p", "Network difference", class_="kind"),
        tag("h1", name(names[0]), " → ", name(names[1])),
        _verdict(found, code, fail_on),
        tiles(
            tile(str(exposed), "exposed to the internet", "error" if exposed else ""),
            tile(str(opened), "pairs opened", "warning" if opened else ""),
            tile(str(counted["closed"]), "closed"),
            tile(str(counted["changed"]), "changed"),
            tile(str(undecided), "undecided", "undecided" if undecided else ""),
            tile(count(found.pairs, "pair").partition(" pair")[0], "pairs compared"),
        ),
        id="summary",
    )


def _verdict(found: Diffed, code: int, fail_on: str) -> Html:
    if code == 3:
        said, head, told = "incomplete", "✗ Incomplete", "part of the input could not be used"
    elif code == 4:
        said, head, told = (
            "undecided",
            "? Undecided",
            f"what is undecided could hide a difference (`--fail-on {fail_on}`)",
        )
    elif code:
        said, head, told = "failed", "✗ Failed", f"there are differences of the sort that fails (`--fail-on {fail_on}`)"
    elif found.is_empty:
        said, head, told = "passed", "✓ Same", SAME
    else:
        said, head, told = "passed", "✓ Passed", f"no difference of the sort that fails (`--fail-on {fail_on}`)"
    return tag("p", tag("strong", head), join(" · ", prose(told)), f" · exit {code}", class_=f"verdict {said}")
