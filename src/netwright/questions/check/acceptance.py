"""What a team has said of findings: severities of its own, findings it accepts until a day, a baseline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec.structs import replace

from netwright.model.configuration import Accepted
from netwright.model.finding import Finding, Known
from netwright.questions.check.found import listed
from netwright.questions.registry import Check


class Outdated(msgspec.Struct, frozen=True, kw_only=True):
    """An acceptance that is to be looked after: it has expired and what it accepted counts again, or no finding agrees
    with it. `told` says which, `file` and `line` are where it is written."""

    code: str
    state: Literal["expired", "unused"]
    told: str
    file: str = ""
    line: int = 0


def settled(findings: Sequence[Finding], params: Check) -> tuple[list[Finding], list[Outdated]]:
    """The findings with their own severities and states, without those that are switched off; and the acceptances that
    have expired or that no finding agrees with.

    What the baseline knows and what has more workloads or objects now is new, and says which. So is what was accepted
    until a day that is over: whoever set the day wanted it to count then, and a baseline does not put it off.
    """
    in_force = [a for a in params.accepted if not params.today or params.today <= a.expires]
    expired = [a for a in params.accepted if a not in in_force]
    baseline: dict[str, list[Known]] = {}
    for known in params.baseline:
        baseline.setdefault(known.fingerprint, []).append(known)
    used: set[int] = set()
    out = []
    for finding in findings:
        severity = params.severities.get(finding.code, finding.severity)
        if severity == "ignore":
            continue
        accepted = next((a for a in in_force if _agrees(a, finding)), None)
        if accepted is not None:
            used.add(id(accepted))
            finding = replace(finding, state="accepted")
        elif finding.fingerprint in baseline and not any(_agrees(a, finding) for a in expired):
            finding = _against(baseline[finding.fingerprint], finding)
        out.append(finding if severity == finding.severity else replace(finding, severity=severity))
    outdated = []
    for accepted in params.accepted:
        if accepted not in in_force:
            if any(f.state == "new" and _agrees(accepted, f) for f in out):
                told = f"{accepted.code} was accepted until {accepted.expires} and counts again"
                outdated.append(_outdated(accepted, "expired", told))
        elif id(accepted) not in used and (not params.namespaces or accepted.namespace in params.namespaces):
            told = f"no finding agrees with this acceptance of {accepted.code}; delete it"
            outdated.append(_outdated(accepted, "unused", told))
    return out, outdated


def unused_here_alone(of_each: Sequence[Sequence[Outdated]]) -> set[Outdated]:
    """Of several networks under one configuration: the acceptances that one has no use for and another has."""
    unused = [{one for one in outdated if one.state == "unused"} for outdated in of_each]
    return {one for here in unused for one in here if not all(one in there for there in unused)}


def note(outdated: Outdated) -> str:
    """In one line, with the place."""
    where = f"{outdated.file}:{outdated.line}" if outdated.file else "accepted"
    return f"{where}: {outdated.told}"


def _outdated(accepted: Accepted, state: Literal["expired", "unused"], told: str) -> Outdated:
    return Outdated(code=accepted.code, state=state, told=told, file=accepted.file, line=accepted.line)


def _against(held: Sequence[Known], finding: Finding) -> Finding:
    """A finding beside those of its fingerprint that the baseline has: known, or new for what these were not about."""
    had = [set(known.lacks(finding)) for known in held]
    added = tuple(ref for ref in (*finding.workloads, *finding.objects) if all(ref in lacking for lacking in had))
    if not added:
        return replace(finding, state="known")
    return replace(finding, title=f"{finding.title}; not in the baseline: {listed(added)}", added=added)


def _agrees(accepted: Accepted, finding: Finding) -> bool:
    return accepted.code == finding.code and all(
        not wanted or wanted == held
        for wanted, held in (
            (accepted.kind, finding.kind),
            (accepted.namespace, finding.namespace or (finding.name if finding.kind == "Namespace" else "")),
            (accepted.name, finding.name),
            (accepted.fingerprint, finding.fingerprint),
        )
    )
