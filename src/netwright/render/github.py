"""Annotations of GitHub Actions: workflow commands that show a finding beside its line in a pull request.

Properties and escapes are those of "Workflow commands for GitHub Actions" and of the runner that reads them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal

import msgspec

from netwright.base.diagnostics import Severity
from netwright.questions.check import Checked
from netwright.questions.check.acceptance import note
from netwright.questions.diff import Diffed
from netwright.questions.diff.objects import ObjectChange
from netwright.render.diff_counts import counts, nothing
from netwright.render.diff_groups import NO_CAUSE, Names, differences
from netwright.render.escape import plain
from netwright.render.finding_words import held, listed, place, rule_of, sentence, sentences, summary, thing
from netwright.render.repository import Repository
from netwright.render.words import count

Level = Literal["error", "warning", "notice"]
LEVELS: Final[Mapping[Severity, Level]] = {"error": "error", "warning": "warning", "info": "notice"}
MOST: Final = 10
"""GitHub shows so many annotations of each level from one step."""


class Annotation(msgspec.Struct, frozen=True, kw_only=True):
    """One annotation. `file` is a path from the root of the repository, "" where there is none; `lines` the message."""

    level: Level
    title: str
    lines: tuple[str, ...]
    file: str = ""
    line: int = 0
    column: int = 0


def written(found: Sequence[Annotation], last: str) -> Iterator[str]:
    """Lines: of each level the first MOST, in the order given, then `last` with what is left out."""
    shown: Counter[Level] = Counter()
    for one in found:
        shown[one.level] += 1
        if shown[one.level] <= MOST:
            yield _command(one)
    left = [count(n - MOST, level) for level, n in shown.items() if n > MOST]
    cut = f" (not annotated: {', '.join(left)}; GitHub shows {MOST} of a level from a step)" if left else ""
    yield plain(f"{last}{cut}")


def _command(one: Annotation) -> str:
    line, column = (str(n) if n else "" for n in (one.line, one.column))
    properties = {"file": one.file, "line": line, "endLine": line, "col": column, "title": one.title}
    given = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
    return f"::{one.level} {given}::{_data(one.lines)}"


def _data(lines: Sequence[str]) -> str:
    return "%0A".join(plain(line).replace("%", "%25") for line in lines)


def _property(text: str) -> str:
    return plain(text).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")


def check_annotations(checked: Checked, repository: Repository, meaning: str) -> Iterator[str]:
    """What is new, the worst first, and one line that sums it up; `meaning` is that of the exit code."""
    found = []
    for f in listed(checked):
        path = repository.path(f.file)
        # without a file of the repository GitHub shows it with the run; its words then say where it is
        where = [told for told in (place(f), thing(f)) if told] if path is None else []
        found.append(
            Annotation(
                level=LEVELS[f.severity],
                title=f"{f.code} {rule_of(f.code).title}",
                lines=(*([" ".join(where)] if where else []), *sentences(f)),
                file=path or "",
                line=f.line if path else 0,
                column=f.column if path else 0,
            )
        )
    for one in checked.outdated:
        path = repository.path(one.file)
        found.append(
            Annotation(
                level="warning" if one.state == "expired" else "notice",
                title=f"an acceptance of {one.code} is {one.state}",
                lines=(sentence(one.told if path else note(one)),),
                file=path or "",
                line=one.line if path else 0,
            )
        )
    return written(found, f"netwright check: {', '.join([summary(checked), *held(checked), meaning])}")


OF_WORD: Final[Mapping[str, Level]] = {"EXPOSED": "error", "opened": "warning", "changed": "warning"}
"""How bad a difference is; what closed or is undecided is a notice."""


def diff_annotations(found: Diffed, names: Names, repository: Repository, meaning: str) -> Iterator[str]:
    """The differences beside the first object change behind each, danger first, and one line that sums them up."""
    changed = []
    for one in differences(found, names, "->"):
        causes = [found.because[i] for i in one.because]
        told = [f"because {c.ref} {c.became}" + _fields(c) for c in causes[:MOST]]
        told += [f"and of {count(len(causes) - MOST, 'more change')}"] if len(causes) > MOST else []
        file, line, column = _first(causes, repository)
        changed.append(
            Annotation(
                level=OF_WORD.get(one.word, "notice"),
                title=f"netwright diff: {one.word}",
                lines=(one.text, *(told or [NO_CAUSE])),
                file=file,
                line=line,
                column=column,
            )
        )
    for unread in found.unread:
        if unread not in found.because:
            file, line, column = _first([unread], repository)
            said = f"{unread.ref} {unread.became} and could hide a difference{_fields(unread)}"
            changed.append(
                Annotation(
                    level="error", title="netwright diff: not known", lines=(said,), file=file, line=line, column=column
                )
            )
    told_counts = ", ".join(counts([found])) if not found.is_empty else nothing(found)
    return written(changed, f"netwright diff: {told_counts}, {meaning}")


def _fields(change: ObjectChange) -> str:
    note = f"; {change.note}" if change.note else ""
    return note + "".join(f"; {f.path}: {f.old} -> {f.new}" for f in change.fields)


def _first(causes: Sequence[ObjectChange], repository: Repository) -> tuple[str, int, int]:
    """Where the first of the changes stands that has a place in the repository: in the later network before the
    earlier one, where its line may be another's by now."""
    for where in (*(c.after for c in causes), *(c.before for c in causes)):
        if where:
            file, line, column = where.rsplit(":", 2)
            if path := repository.path(file):
                return path, int(line), int(column)
    return "", 0, 0
