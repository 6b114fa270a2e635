"""What a team has said of findings: severities of its own, findings it accepts until a day, a baseline."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from netwright.model.configuration import Accepted
from netwright.model.finding import Finding, Known
from netwright.questions.check.found import listed
from netwright.questions.registry import Check


def settled(findings: Sequence[Finding], params: Check) -> tuple[list[Finding], list[str]]:
    """The findings with their own severities and states, without those that are switched off; and notes: acceptances
    that have expired or that no finding agrees with.

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
    notes = []
    for accepted in params.accepted:
        if accepted not in in_force:
            if any(f.state == "new" and _agrees(accepted, f) for f in out):
                notes.append(
                    f"{_where(accepted)}: {accepted.code} was accepted until {accepted.expires} and counts again"
                )
        elif id(accepted) not in used:
            notes.append(f"{_where(accepted)}: no finding agrees with this acceptance of {accepted.code}; delete it")
    return out, notes


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


def _where(accepted: Accepted) -> str:
    return f"{accepted.file}:{accepted.line}" if accepted.file else "accepted"
