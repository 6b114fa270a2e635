"""`check` as a table for spreadsheets: a row a finding."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from netwright.questions.check import Checked
from netwright.render.finding_words import listed
from netwright.render.table import Column, csv_table

FIELDS: Final = (
    "severity",
    "code",
    "title",
    "file",
    "line",
    "column",
    "kind",
    "namespace",
    "name",
    "path",
    "effect",
    "help",
    "owner",
    "workloads",
    "objects",
    "fingerprint",
    "state",
    "added",
)


def check_csv(checked: Checked) -> Iterator[str]:
    """Lines of CSV: a heading, then intents that do not hold and the findings, the worst first. A line or column that
    is not known is empty."""
    columns = [Column(title=name, key=name, value=_of(name)) for name in FIELDS]
    return csv_table(columns, listed(checked, everything=True))


def _of(name: str) -> Any:
    if name in ("line", "column"):
        return lambda finding: getattr(finding, name) or None
    return lambda finding: getattr(finding, name)
