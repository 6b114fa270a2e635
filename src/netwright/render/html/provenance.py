"""What an answer rests on, as an auditor reads it: version, inputs with digests, assumptions, what is undecided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from netwright.model.account import Provenance
from netwright.render.html.elements import Html, Part, join, name, prose, tag
from netwright.render.html.tables import place_of, table

FATES: Final = ("evaluated", "irrelevant", "not_understood", "invalid", "unreadable")


def provenance_section(
    rests: Sequence[tuple[str, Provenance]],
    *,
    command: str,
    undecided: Sequence[Mapping[str, Any]],
    exit_reasons: Sequence[str],
    left_out: Sequence[str] = (),
) -> Html:
    """The section `provenance`. `rests` are the networks by their names ("" where there is one)."""
    first = rests[-1][1]
    facts: list[tuple[str, Part]] = [
        ("Command", tag("code", name(command))),
        ("netwright", first.version),
        ("Profile", first.profile),
        ("Exit", "; ".join(exit_reasons) or "0: answered, nothing failed"),
    ]
    listed = tag("dl", *(join(tag("dt", word), tag("dd", told)) for word, told in facts), class_="facts")
    assumptions = list(dict.fromkeys(a for _, p in rests for a in p.assumptions))
    return tag(
        "section",
        tag("h2", "Provenance"),
        tag("p", "What this page rests on. The same inputs and the same version give the same page, byte for byte."),
        listed,
        tag("h3", "Inputs"),
        _inputs(rests),
        tag("h3", "Assumptions"),
        _list(assumptions, "None."),
        tag("h3", "Undecided"),
        _undecided(undecided),
        *([tag("h3", "Left out"), _list(left_out, "")] if left_out else []),
        tag("h3", "Diagnostics"),
        _diagnostics(rests),
        id="provenance",
    )


def _list(items: Sequence[str], none: str) -> Html:
    return tag("ul", *(tag("li", prose(i)) for i in items)) if items else tag("p", none)


def _inputs(rests: Sequence[tuple[str, Provenance]]) -> Html:
    rows: list[list[Part]] = []
    for told, provenance in rests:
        for given in provenance.inputs:
            counts = [str(getattr(given.documents, fate)) for fate in FATES]
            lead: list[Part] = [told] if len(rests) > 1 else []
            digest = tag("code", given.digest, class_="digest")
            rows.append([*lead, name(given.source), digest, str(given.files), *counts])
    heads = ["Source", "Digest", "Files", *(f.replace("_", " ") for f in FATES)]
    first = 2
    if len(rests) > 1:
        heads, first = ["Network", *heads], 3
    return table("Inputs, and what became of their documents", heads, rows, range(first, len(heads)))


def _undecided(counted: Sequence[Mapping[str, Any]]) -> Html:
    if not counted:
        return tag("p", "Nothing.")
    rows = [[prose(c["reason"]), str(c["pairs"]), prose(c["help"])] for c in counted]
    return table("Undecided pairs by their reason", ["Reason", "Pairs", "What settles it"], rows, (1,))


def _diagnostics(rests: Sequence[tuple[str, Provenance]]) -> Html:
    told = list(_told(rests))
    return tag("ul", *told, class_="diagnostics") if told else tag("p", "None.")


def _told(rests: Sequence[tuple[str, Provenance]]) -> Iterator[Html]:
    seen = set()
    for _, provenance in rests:
        for d in provenance.diagnostics:
            if d in seen:
                continue
            seen.add(d)
            place = place_of(d.file, d.line, d.column)
            yield tag(
                "li",
                tag("strong", f"{d.severity} {d.code} "),
                prose(d.title),
                *([" ", tag("code", name(place))] if place else []),
                *(tag("div", prose(told)) for told in (d.effect, d.help) if told),
            )
