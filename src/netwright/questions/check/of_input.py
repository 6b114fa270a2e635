"""What is said of the input, as findings: of an object, of a kind, or of a text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from netwright.base.diagnostics import Diagnostic
from netwright.base.spans import named
from netwright.model.document import Reading
from netwright.model.finding import Finding
from netwright.questions.check.found import fingerprint


def of_input(diagnostics: Iterable[Diagnostic], reading: Reading, namespaces: Collection[str]) -> Iterator[Finding]:
    """The diagnostics that are more than information as findings; with `namespaces`, without those that are about
    another namespace. What is about a text or a cluster-scoped object stays."""
    seen: Counter[tuple[str, ...]] = Counter()
    for d in diagnostics:
        if d.severity == "info":
            continue
        same = _identity(d, reading)
        seen[same] += 1
        home = d.name if d.kind == "Namespace" else d.namespace
        if namespaces and home and home not in namespaces:
            continue
        yield Finding(
            code=d.code,
            severity=d.severity,
            title=d.title,
            kind=d.kind,
            namespace=d.namespace if d.name else "",
            name=d.name,
            path="",
            file=d.file,
            line=d.line,
            column=d.column,
            effect=d.effect,
            help=d.help,
            objects=_of_kind(d, reading) if d.kind and not d.name else (),
            fingerprint=fingerprint(*same, str(seen[same])),
        )


def _of_kind(d: Diagnostic, reading: Reading) -> tuple[str, ...]:
    """The objects of the kind that a diagnostic is about, of which `key` is the group."""
    found = {named(one.namespace, one.name) for one in reading.documents if (one.kind, one.group) == (d.kind, d.key)}
    return tuple(f"{d.kind} {name}" for name in sorted(found))


def _identity(d: Diagnostic, reading: Reading) -> tuple[str, ...]:
    """What stays while lines are inserted and the source is written otherwise: the object, else the kind, else the name
    of the text below its source; and what tells several of one code apart there."""
    if d.name:
        return (d.code, d.kind, d.namespace, d.name, d.key)
    if d.kind:
        return (d.code, d.kind, d.key)
    return (d.code, "", reading.below(d.file), d.key)
