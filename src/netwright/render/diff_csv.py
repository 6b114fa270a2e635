"""`diff` as a table for spreadsheets: a row a difference, ways in and Services before pairs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, Final

from netwright.questions.diff import Diffed, Moved, Unsettled
from netwright.questions.diff.services import ServiceChange
from netwright.questions.diff.ways import ExposureChange
from netwright.render.diff_groups import by_word, entry_of
from netwright.render.table import Cell, Column, csv_table

FIELDS: Final = (
    "difference",
    "from",
    "to",
    "via",
    "was",
    "now",
    "opened",
    "closed",
    "family",
    "because",
    "at",
    "ended",
    "ends",
)


def diff_csv(found: Diffed) -> Iterator[str]:
    """Lines of CSV: a heading and the rows, danger first. `because` are the objects, `at` their places."""
    rows: list[Mapping[str, Cell]] = []
    for word, *listed in by_word(found):
        differing: Iterator[ExposureChange | Moved | Unsettled | ServiceChange] = chain.from_iterable(listed)
        for one in differing:
            causes = [found.because[i] for i in one.because]
            places = [c.place for c in causes if c.place]
            told: dict[str, Cell] = {"difference": word.lower(), "because": [c.ref for c in causes], "at": places}
            rows.append(told | _row(one))
    return csv_table([Column(title=name, key=name, value=_of(name)) for name in FIELDS], rows)


def _row(one: ExposureChange | ServiceChange | Moved | Unsettled) -> dict[str, Cell]:
    if isinstance(one, ServiceChange):
        return _service(one)
    return _way(one) if isinstance(one, ExposureChange) else _pair(one)


def _service(s: ServiceChange) -> dict[str, Cell]:
    was, now = (PASSING[verdict] for verdict in (s.was, s.now))
    told: dict[str, Cell] = {"to": entry_of(s), "via": "Service", "was": was, "now": now}
    told |= {"opened": ", ".join(s.opened), "closed": ", ".join(s.closed)}
    return told | {"ended": list(s.ended), "ends": list(s.ends)}


PASSING = {"": "no such port", "deny": "no client passes", "some": "some clients pass", "undecided": "undecided"}


def _way(e: ExposureChange) -> dict[str, Cell]:
    via = f"{e.via} {e.entry}".rstrip()
    return {
        "from": "internet",
        "to": entry_of(e),
        "via": via,
        "was": e.was or "no way in",
        "now": e.now or "no way in",
        "ended": list(e.ended),
        "ends": list(e.ends),
    }


def _pair(m: Moved | Unsettled) -> dict[str, Cell]:
    told: dict[str, Cell] = {"from": m.source, "to": m.destination, "was": m.was, "now": m.now, "family": m.family}
    if isinstance(m, Moved):
        return told | {"opened": m.opened, "closed": m.closed}
    return told | {"was": f"{m.ports} {m.was}", "now": f"{m.ports} {m.now}"}


def _of(name: str) -> Any:
    return lambda row: row.get(name)
