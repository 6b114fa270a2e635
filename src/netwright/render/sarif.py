"""`check` as SARIF 2.1.0 (OASIS, Static Analysis Results Interchange Format), as code scanning services take it.

Section numbers are those of the standard. What GitHub adds to it (a location for every result, `problem.severity` and
`precision` of rules, limits) is in its documentation, "SARIF support for code scanning".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote as quoted

from netwright.base.diagnostics import Code, Severity
from netwright.base.spans import named
from netwright.model.account import Provenance
from netwright.model.finding import Finding, FindingCode, Mark
from netwright.questions.check import Checked
from netwright.render.escape import plain
from netwright.render.finding_words import (
    NAMED,
    as_finding,
    counted,
    family,
    listed,
    place,
    rule_of,
    sentence,
    sentences,
    thing,
)
from netwright.render.repository import Repository, nowhere
from netwright.render.words import count

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT: Final = "%SRCROOT%"
"""The base of relative paths by the name that GitHub knows."""
MOST_RESULTS: Final = 5_000
"""GitHub stores so many of a run, the worst first."""
LEVELS: Final[Mapping[Severity, str]] = {"error": "error", "warning": "warning", "info": "note"}
PROBLEMS: Final[Mapping[Severity, str]] = {"error": "error", "warning": "warning", "info": "recommendation"}
PRECISION: Final[Mapping[Severity, str]] = {"error": "very-high", "warning": "high", "info": "medium"}
"""Errors are proven on the compiled network; whether a warning or a note is meant so, the manifests do not say."""
SECURITY: Final = frozenset({"policies", "exposure", "intents"})


def sarif(
    checked: Checked,
    provenance: Provenance,
    repository: Repository,
    *,
    code: int,
    meaning: str,
    most: int = MOST_RESULTS,
) -> dict[str, Any]:
    """The log: one run with the rules that occur and at most `most` results, the worst first; what was cut is told.

    Broken intents are results beside the findings. Accepted findings and undecided intents are no results, as a service
    would open an alert for each: the run counts and names them. `code` is the exit code and `meaning` what it says.
    """
    undecided = {as_finding(i).fingerprint for i in checked.intents if i.verdict == "undecided"}
    found = [f for f in listed(checked, everything=True) if f.state != "accepted" and f.fingerprint not in undecided]
    kept = found[:most]
    codes = sorted({f.code for f in kept})
    index = {name: i for i, name in enumerate(codes)}
    since = any(f.state == "known" or f.added for f in checked.findings)
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "netwright",
                        "version": provenance.version,
                        "semanticVersion": provenance.version,
                        "rules": [_rule(rule_of(name)) for name in codes],
                    }
                },
                "invocations": [_invocation(checked, found, most, provenance, code, meaning)],
                "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository."}}},
                "columnKind": "unicodeCodePoints",
                "results": [_result(f, index[f.code], repository, since=since) for f in kept],
                "properties": {
                    "findings": len(found),
                    "cut": len(found) - len(kept),
                    "accepted": checked.states["accepted"],
                    "profile": provenance.profile,
                    "assumptions": [plain(a) for a in provenance.assumptions],
                },
            }
        ],
    }


# --- rules --------------------


def _rule(code: Code) -> dict[str, Any]:
    kind = family(code.code)
    return {
        "id": code.code,
        "shortDescription": {"text": sentence(code.title)},
        "fullDescription": {"text": code.explanation},
        "help": {"text": f"{code.explanation}\n\n{sentence(code.help)}", "markdown": _help(code)},
        "defaultConfiguration": {"level": LEVELS[code.severity]},
        "properties": {
            "precision": PRECISION[code.severity],
            "problem.severity": PROBLEMS[code.severity],
            "tags": ["kubernetes", "network", kind, *(["security"] if kind in SECURITY else [])],
        },
    }


def _help(code: Code) -> str:
    parts = [code.explanation, f"**Help:** {sentence(code.help)}"]
    if isinstance(code, FindingCode):
        parts += [f"An example:\n\n```yaml\n{code.fails}```", f"The same cured:\n\n```yaml\n{code.passes}```"]
    return "\n\n".join(parts)


# --- results --------------------


def _result(finding: Finding, index: int, repository: Repository, *, since: bool) -> dict[str, Any]:
    """`since`: there is a baseline, so every result says how it stands to it (3.27.24)."""
    links = [f"[{_link(mark)}]({i})" for i, mark in enumerate(finding.also, 1)]
    text = _inert(" ".join(sentences(finding)))
    if links:
        text += f" See {', '.join(links)}."  # GitHub shows a related location only where the message links it
    prints = {"netwright/v1": finding.fingerprint}
    if repository.path(finding.file) is None:
        # GitHub takes the hash of the line, made when a file is uploaded; here is no line to make it of
        prints["primaryLocationLineHash"] = f"{finding.fingerprint[:16]}:1"
    related = [{"id": i, **_location(mark, repository)} for i, mark in enumerate(finding.also, 1)]
    return {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [_location(finding, repository)],
        **({"relatedLocations": related} if related else {}),
        "partialFingerprints": prints,
        **({"baselineState": _standing(finding)} if since else {}),
        **({"properties": {"owner": plain(finding.owner)}} if finding.owner else {}),
    }


def _standing(finding: Finding) -> str:
    return "unchanged" if finding.state == "known" else "updated" if finding.added else "new"


def _location(mark: Mark, repository: Repository) -> dict[str, Any]:
    """A location (3.28). GitHub refuses the whole file for one result without a path, so each has one."""
    region = {"startLine": max(1, mark.line), "startColumn": max(1, mark.column)}
    physical = {"artifactLocation": _artifact(mark, repository), "region": region}
    logical = [{"kind": "resource", "name": _name(mark), "fullyQualifiedName": thing(mark)}] if mark.kind else []
    return {
        "physicalLocation": physical,
        **({"logicalLocations": logical} if logical else {}),
        **({"message": {"text": _inert(sentence(mark.label))}} if mark.label else {}),
    }


def _artifact(mark: Mark, repository: Repository) -> dict[str, str]:
    """Where the text is (3.4): a path from the root of the repository, else a URI of the file, else a stand-in."""
    path = repository.path(mark.file)
    if path is not None:
        return {"uri": _quoted(path), "uriBaseId": ROOT}
    if mark.file not in ("", "-"):
        return {"uri": f"file://{_quoted('/' + repository.absolute(mark.file).lstrip('/'))}"}
    return {"uri": _quoted(nowhere(mark))}


def _quoted(path: str) -> str:
    return quoted(path, errors="backslashreplace")  # names may hold what UTF-8 has no bytes for


def _name(mark: Mark) -> str:
    return plain(named(mark.namespace, mark.name))


def _link(mark: Mark) -> str:
    told = ": ".join(part for part in (thing(mark), plain(mark.label)) if part) or place(mark) or "here"
    return re.sub(r"([\[\]\\])", r"\\\1", told)


def _inert(text: str) -> str:
    """Text without links (3.11.6) and placeholders (3.11.5): names of the input could hold both.

    Braces around a number are doubled, as the standard has it. Others are left single, though it would double all: no
    reader takes them for a placeholder, and one that does not halve them would show a cure that is not valid YAML.
    """
    return re.sub(r"\{(\d+)\}", r"{{\1}}", text.replace("](", "] ("))


# --- the run --------------------


def _invocation(
    checked: Checked, found: Sequence[Finding], most: int, provenance: Provenance, code: int, meaning: str
) -> dict[str, Any]:
    notes: list[dict[str, Any]] = []
    if cut := found[most:]:
        by_severity = Counter(f.severity for f in cut)
        told = counted({severity: by_severity[severity] for severity in NAMED})
        text = f"{told} left out: a service stores {count(most, 'result')} of a run."
        notes.append({"level": "warning", "message": {"text": text}})
    if n := checked.states["accepted"]:
        notes.append({"level": "note", "message": {"text": f"{count(n, 'accepted finding')} left out."}})
    for intent in checked.intents:
        if intent.verdict == "undecided":
            text = _inert(" ".join(sentences(as_finding(intent))))
            notes.append({"level": "warning", "message": {"text": text}})
    notes += [{"level": "warning", "message": {"text": _inert(sentence(note))}} for note in checked.notes]
    for w in checked.withheld:
        text = f"{count(w.findings, 'finding')} of {w.code} withheld: {w.reason}."
        notes.append({"level": "warning", "message": {"text": text}})
    if provenance.is_partial:
        notes.append({"level": "error", "message": {"text": "Part of the input could not be used."}})
    return {
        "executionSuccessful": not provenance.is_partial,
        "exitCode": code,
        "exitCodeDescription": meaning,
        **({"toolExecutionNotifications": notes} if notes else {}),
    }
