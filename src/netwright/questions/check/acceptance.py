"""What a team has said of findings: severities of its own, findings it accepts until a day, a baseline."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from netwright.model.configuration import Accepted
from netwright.model.finding import Finding
from netwright.questions.registry import Check


def settled(findings: Sequence[Finding], params: Check) -> tuple[list[Finding], list[str]]:
    """The findings with their own severities and states, without those that are switched off; and notes: acceptances
    that have expired or that no finding agrees with."""
    in_force = [a for a in params.accepted if not params.today or params.today <= a.expires]
    baseline = set(params.baseline)
    used: set[int] = set()
    out = []
    for finding in findings:
        severity = params.severities.get(finding.code, finding.severity)
        if severity == "ignore":
            continue
        accepted = next((a for a in in_force if _agrees(a, finding)), None)
        if accepted is not None:
            used.add(id(accepted))
        known = finding.fingerprint in baseline
        state = "accepted" if accepted is not None else "known" if known else finding.state
        is_same = (severity, state) == (finding.severity, finding.state)
        out.append(finding if is_same else msgspec.structs.replace(finding, severity=severity, state=state))
    notes = []
    for accepted in params.accepted:
        if accepted not in in_force:
            if any(_agrees(accepted, f) for f in findings):
                notes.append(
                    f"{_where(accepted)}: {accepted.code} was accepted until {accepted.expires} and counts again"
                )
        elif id(accepted) not in used:
            notes.append(f"{_where(accepted)}: no finding agrees with this acceptance of {accepted.code}; delete it")
    return out, notes


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
