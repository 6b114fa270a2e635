"""Findings: what is wrong with the user's network, or looks so; each with its code, place, effect, cure and owner."""

from __future__ import annotations

from typing import Literal

import msgspec

from netwright.base.diagnostics import Code, Severity

State = Literal["new", "known", "accepted"]


class FindingCode(Code, frozen=True, kw_only=True):
    """A code of findings. `fails` is a manifest that has it, `passes` the same manifest cured: they differ in this code
    alone. Both run as tests, and `explain CODE` shows them."""

    fails: str
    passes: str


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A place in an object, and what is to be seen there. `file` is "", `line` and `column` 0 where the object has no
    text (live objects)."""

    kind: str
    namespace: str
    name: str
    path: str
    label: str = ""
    file: str = ""
    line: int = 0
    column: int = 0


class Finding(Mark, frozen=True, kw_only=True):
    """One thing found. The place is that of what is to be changed, `also` are other places that tell why.

    `title` starts in lower case, has no full stop and quotes the user's words in backticks. `effect` is what it means
    for traffic, `help` what to do, `owner` who CODEOWNERS or an annotation names. `fingerprint` stays the same while
    the finding does: it holds neither line nor the index of a rule, and a file only where it is about that text, by its
    name below the source. `workloads` are those it is about, `objects` the objects (`KIND NAMESPACE/NAME`) where it is
    about several of them.
    `state`: only what is new counts; known findings are in the baseline, accepted ones in the configuration. `added`
    are those workloads and objects that the baseline has not of a finding of this fingerprint: for them it is new.
    """

    code: str
    severity: Severity
    title: str
    effect: str = ""
    help: str = ""
    owner: str = ""
    workloads: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    also: tuple[Mark, ...] = ()
    fingerprint: str
    state: State = "new"
    added: tuple[str, ...] = ()


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A finding that a baseline has: its fingerprint, and the workloads and objects that it was about. None: whichever
    they are."""

    fingerprint: str
    workloads: tuple[str, ...] | None = None
    objects: tuple[str, ...] | None = None

    def lacks(self, finding: Finding) -> tuple[str, ...]:
        """The workloads and objects of a finding that this one was not about.

        >>> one = Known(fingerprint="f", workloads=("deploy/shop/web",))
        >>> one.lacks(
        ...     Finding(
        ...         code="NW3003",
        ...         severity="warning",
        ...         title="",
        ...         kind="",
        ...         namespace="",
        ...         name="",
        ...         path="",
        ...         workloads=("deploy/shop/web", "deploy/shop/db"),
        ...         fingerprint="f",
        ...     )
        ... )
        ('deploy/shop/db',)
        """
        out: list[str] = []
        for had, has in ((self.workloads, finding.workloads), (self.objects, finding.objects)):
            if had is not None:
                held = set(had)
                out += [ref for ref in has if ref not in held]
        return tuple(out)
