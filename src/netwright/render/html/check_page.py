"""`check` as a page: how it stands, findings, ways in, map, connections, matrix, provenance."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Final

from netwright.base.diagnostics import Severity
from netwright.questions.check import Checked, Coverage, FailOn, is_failing
from netwright.questions.check.witness import IntentVerdict
from netwright.questions.exposed import ExposedRow
from netwright.render.finding_words import GATE, NAMED, held, narrowed, summary
from netwright.render.html.elements import Html, Part, join, name, prose, tag
from netwright.render.html.findings import findings_section
from netwright.render.html.network import Picture, picture
from netwright.render.html.page import page
from netwright.render.html.provenance import provenance_section
from netwright.render.html.shell import connections_section, map_section, matrix_section, tile, tiles, whole
from netwright.render.html.tables import table
from netwright.render.provenance import document
from netwright.render.words import count
from netwright.twin import Twin

WAYS: Final = {"allow": "! open", "some": "! open to some", "undecided": "? undecided", "deny": "– closed"}
STATES: Final = (
    ("both", "both ways"),
    ("only_in", "ingress only"),
    ("only_out", "egress only"),
    ("neither", "not at all"),
    ("open", "in part"),
    ("host", "host network"),
)
MAP: Final = (
    "Namespaces stand folded; open one to see its workloads. From outside only ways in are drawn (a Service or an "
    "Ingress that leads inward), as thick lines marked `!`; what policies alone admit stands in the matrix. A broken "
    "line is undecided."
)
CONNECTIONS: Final = (
    "Every connection that policies surely let pass, and what is undecided. An address outside needs a way in besides; "
    "those stand first."
)
MATRIX: Final = "Rows are sources, columns destinations. A heading unfolds its namespace; a cell opens its why."


def check_page(
    twin: Twin,
    checked: Checked,
    *,
    show: Collection[str] = (),
    options: Sequence[str],
    code: int,
    fail_on: FailOn,
    exit_reasons: Sequence[str],
) -> bytes:
    """The page; with `show` only findings of these codes. `options` are the words of a command that asks the same
    input, `code` is the exit code, `fail_on` the severity from which on a finding fails."""
    pictured = picture(twin, options)
    content = {field: getattr(checked, field) for field in checked.__struct_fields__}
    answer = document("check", twin.provenance, exit_reasons, **content)
    checked = narrowed(checked, show)
    sources = ", ".join(i.source for i in twin.provenance.inputs)
    sections = [
        ("findings", "Findings", findings_section(checked, twin.snapshot.reading.texts.lines)),
        ("ways", "Ways in", _ways(pictured.ways)),
        ("map", "Map", map_section(MAP)),
        ("connections", "Connections", connections_section("Connections", CONNECTIONS)),
        ("matrix", "Matrix", matrix_section(MATRIX)),
        (
            "provenance",
            "Provenance",
            provenance_section(
                [("", twin.provenance)],
                command=_command(options),
                undecided=pictured.undecided,
                exit_reasons=exit_reasons,
                left_out=twin.reach().left_out,
            ),
        ),
    ]
    body = whole(sections, _summary(sources, checked, pictured, _verdict(checked, code, fail_on)))
    return page(title=f"netwright check: {sources}", body=body, data={"answer": answer, "network": pictured.data})


def _command(options: Sequence[str]) -> str:
    return f"netwright check {shlex.join(options)}".rstrip()


def _summary(sources: str, checked: Checked, pictured: Picture, verdict: Html) -> Html:
    workloads = sum(c.workloads for c in checked.isolation)
    both = sum(c.both for c in checked.isolation)
    undecided = pictured.undecided_pairs
    way_in = sum(w.verdict in ("allow", "some") for w in pictured.ways)
    holding = all(i.verdict == "holds" for i in checked.intents)
    return tag(
        "section",
        tag("p", "Network report", class_="kind"),
        tag("h1", name(sources)),
        verdict,
        tiles(
            None if holding else _held(checked),  # what fails stands before figures of which none does
            *(_counted(checked.counts[severity], severity) for severity in NAMED),
            _held(checked) if holding else None,
            tile(f"{both} of {workloads}", "workloads isolated both ways"),
            tile(
                str(way_in),
                "way in from the internet" if way_in == 1 else "ways in from the internet",
                "error" if way_in else "",
            ),
            tile(str(pictured.connections), "connections"),
            tile(str(undecided), "undecided pairs", "undecided" if undecided else ""),
        ),
        _isolation(checked.isolation),
        id="summary",
    )


def _counted(n: int, severity: Severity) -> Html:
    word = NAMED[severity]
    return tile(str(n), f"new {word}" if n == 1 else f"new {word}s", severity if n and severity != "info" else "")


def _held(checked: Checked) -> Html | None:
    if not checked.intents:
        return None
    verdicts = Counter(i.verdict for i in checked.intents)
    kinds: tuple[tuple[IntentVerdict, str, str], ...] = (
        ("broken", "intents broken", "error"),
        ("undecided", "intents undecided", "undecided"),
        ("holds", "intents hold", ""),
    )
    worst, told, kind = next(one for one in kinds if verdicts[one[0]])
    return tile(f"{verdicts[worst]} of {len(checked.intents)}", told, kind)


def _failing(checked: Checked, fail_on: FailOn) -> str:
    """What fails, counted."""
    new = sum(n for severity, n in checked.counts.items() if is_failing(severity, fail_on))
    broken = sum(i.verdict == "broken" and is_failing(i.severity, fail_on) for i in checked.intents)
    parts = [count(n, word) for n, word in ((new, "new finding"), (broken, "broken intent")) if n]
    return " and ".join(parts)


def _verdict(checked: Checked, code: int, fail_on: FailOn) -> Html:
    gate = GATE[code]
    told = {
        "passed": f"nothing new at or over `{fail_on}`" if fail_on != "never" else "nothing fails (`--fail-on never`)",
        "failed": f"{_failing(checked, fail_on)} at or over `{fail_on}`",
        "incomplete": "part of the input could not be used; what it could change is undecided",
        "undecided": "whether an intent holds is not determined",
    }[gate]
    sign = {"passed": "✓", "failed": "✗", "incomplete": "✗", "undecided": "?"}[gate]
    said = " · ".join([told, summary(checked), *held(checked), f"exit {code}"])
    head = tag("strong", f"{sign} {gate.capitalize()}")
    return tag("p", head, " · ", prose(said), class_=f"verdict {gate}")


def _isolation(rows: Sequence[Coverage]) -> Html | None:
    if not rows:
        return None
    used = [(field, told) for field, told in STATES if any(getattr(r, field) for r in rows)]
    cells: list[list[Part]] = [
        [name(r.namespace), str(r.workloads), *(str(getattr(r, field) or "·") for field, _ in used), _bar(r)]
        for r in rows
    ]
    heads = ["Namespace", "Workloads", *(told for _, told in used), "Share"]
    made = table("By NetworkPolicy, the least isolated first", heads, cells, range(1, len(used) + 2))
    return join(tag("h2", "Isolation"), made)


def _bar(r: Coverage) -> Html:
    """How much of a namespace is isolated both ways, as a bar beside its figure."""
    share = round(100 * (r.both + r.host) / r.workloads) if r.workloads else 100
    return tag(
        "span",
        tag(
            "svg",
            tag("rect", width="100", height="8", rx="2"),
            tag("rect", width=str(share), height="8", rx="2", class_="full"),
            viewBox="0 0 100 8",
            class_="gauge",
            aria_hidden="true",
        ),
        tag("span", f" {share} %", class_="share"),
        class_="one-line",
    )


def _ways(ways: Sequence[ExposedRow]) -> Html:
    rows: list[list[Part]] = [
        [
            tag("span", WAYS[w.verdict], class_=f"badge way-{w.verdict}"),
            join(name(f"{w.service}:{w.port}"), f" {w.protocol}"),
            join(w.via, " ", name(w.entry)),
            name(w.workload),
            tag(
                "details",
                tag("summary", count(len(w.chain), "link")),
                tag("ol", *(tag("li", prose(c)) for c in w.chain)),
            ),
            tag("code", name(w.place), class_="place"),
        ]
        for w in ways
    ]
    heads = ["Is", "Service", "Via", "Ends at", "Chain of verdicts", "Where"]
    told = table("Ways in from the internet, danger first", heads, rows) if rows else tag("p", "None.")
    return tag("section", tag("h2", "Ways in"), told, id="ways")


__all__ = ["check_page"]
