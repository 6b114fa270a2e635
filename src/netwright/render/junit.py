"""JUnit XML, as Jenkins, GitLab and others read test reports.

There is no standard; what is written here is what all of them know: `testsuites`, `testsuite` and `testcase` with
`name`, `classname`, `file` and `line`, at most one `failure` or `skipped` a case, and `system-out`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from netwright.base.diagnostics import Code
from netwright.model.account import Provenance
from netwright.model.finding import Finding
from netwright.questions.check import Checked, FailOn, is_failing
from netwright.questions.check.acceptance import note
from netwright.render.escape import plain
from netwright.render.finding_words import FAMILIES, as_finding, every_code, family, place, sentences, thing
from netwright.render.repository import Repository
from netwright.render.words import count

MOST_LINES: Final = 200
"""Findings told in the output of one case."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One test: passed, unless it has the message of a failure or of being skipped. `text` are the lines below it."""

    name: str
    classname: str
    file: str = ""
    line: int = 0
    failure: str = ""
    kind: str = ""
    skipped: str = ""
    text: tuple[str, ...] = ()


class Suite(msgspec.Struct, frozen=True, kw_only=True):
    """Tests that belong together, and what they rest on."""

    name: str
    cases: tuple[Case, ...]
    properties: tuple[tuple[str, str], ...] = ()


def junit(suites: Sequence[Suite]) -> Iterator[str]:
    """Lines of the document. Without times: the same network gives the same bytes."""
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f"<testsuites{_attributes(name='netwright', **_sums([c for s in suites for c in s.cases]))}>"
    for suite in suites:
        yield f"  <testsuite{_attributes(name=suite.name, **_sums(suite.cases))}>"
        if suite.properties:
            yield "    <properties>"
            yield from (f"      <property{_attributes(name=n, value=v)}/>" for n, v in suite.properties)
            yield "    </properties>"
        for case in suite.cases:
            yield from _case(case)
        yield "  </testsuite>"
    yield "</testsuites>"


def _sums(cases: Sequence[Case]) -> dict[str, str]:
    failures, skipped = sum(bool(c.failure) for c in cases), sum(bool(c.skipped) for c in cases)
    return {"tests": str(len(cases)), "failures": str(failures), "errors": "0", "skipped": str(skipped)}


def _case(case: Case) -> Iterator[str]:
    line = str(case.line) if case.line else ""
    start = f"    <testcase{_attributes(name=case.name, classname=case.classname, file=case.file, line=line)}"
    text = "\n".join(_escaped(t) for t in case.text)
    if case.failure:
        head = f"      <failure{_attributes(message=case.failure, type=case.kind)}"
        yield f"{start}>\n{head}>{text}</failure>\n    </testcase>"
    elif case.skipped or text:
        yield f"{start}>"
        if case.skipped:
            yield f"      <skipped{_attributes(message=case.skipped)}/>"
        if text:
            yield f"      <system-out>{text}</system-out>"
        yield "    </testcase>"
    else:
        yield f"{start}/>"


def _attributes(**values: str) -> str:
    return "".join(f' {name}="{_escaped(value)}"' for name, value in values.items() if value)


def _escaped(text: str) -> str:
    """Of a text what XML 1.0 can hold: control characters, surrogates and the like, which it has no way to write, are
    written out as everywhere (`plain`)."""
    return plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


# --- check --------------------


def check_suites(
    checked: Checked,
    provenance: Provenance,
    repository: Repository,
    *,
    fail_on: FailOn,
    codes: Sequence[str] = (),
) -> list[Suite]:
    """A suite a family of codes, and one of the intents. Every finding that fails is a case of its own; every code
    without one is a case that passes, with what does not count as its output, or is skipped where it could not be
    judged. Every intent is a case; one that is undecided is skipped. Acceptances that are to be looked after are cases
    that pass, with the reason as output. `codes`: only findings of these.
    """
    properties = (("version", provenance.version), ("profile", provenance.profile), ("fail-on", fail_on))
    by_code: dict[str, list[Finding]] = {}
    for finding in checked.findings:
        by_code.setdefault(finding.code, []).append(finding)
    withheld = {w.code: f"{count(w.findings, 'finding')} withheld: {w.reason}" for w in checked.withheld}
    cases: dict[str, list[Case]] = {name: [] for name in FAMILIES.values()}
    for code in every_code():
        # what is only worth telling about the input (NW1…) is no finding, so nothing is looked for
        if (code.code in codes) if codes else (code.severity != "info" or family(code.code) != "input"):
            found = by_code.get(code.code, [])
            told = _of_code(code, found, withheld.get(code.code, ""), repository, fail_on)
            cases.setdefault(family(code.code), []).extend(told)
    cases["intents"] = [*_of_intents(checked, repository, fail_on)]
    cases["acceptances"] = [*_of_acceptances(checked, repository)]
    return [
        Suite(name=f"netwright check: {name}", cases=tuple(held), properties=properties)
        for name, held in cases.items()
        if held
    ]


def _of_code(
    code: Code, found: Sequence[Finding], withheld: str, repository: Repository, fail_on: FailOn
) -> Iterator[Case]:
    classname = f"netwright.check.{family(code.code)}"
    failing = [f for f in found if f.state == "new" and is_failing(f.severity, fail_on)]
    names: Counter[str] = Counter()
    for f in failing:
        name = f"{f.code} {thing(f)} {f.fingerprint[:8]}".replace("  ", " ")
        yield _failed(f, _another(name, names), classname, repository)
    others = [f for f in found if f not in failing]
    if failing and not others:
        return
    told = tuple(_line(f) for f in others[:MOST_LINES])
    more = (f"and {len(others) - len(told)} more",) if len(others) > len(told) else ()
    skipped = withheld or (f"{count(len(others), 'finding')} of the code do not count" if failing else "")
    yield Case(name=f"{code.code} {code.title}", classname=classname, skipped=skipped, text=(*told, *more))


def _of_intents(checked: Checked, repository: Repository, fail_on: FailOn) -> Iterator[Case]:
    classname = "netwright.check.intents"
    names: Counter[str] = Counter()
    for intent in checked.intents:
        name = _another(intent.name, names)
        told = as_finding(intent)
        if intent.verdict == "broken" and is_failing(intent.severity, fail_on):
            yield _failed(told, name, classname, repository)
        elif intent.verdict == "undecided":
            yield Case(name=name, classname=classname, skipped=f"undecided: {intent.told}")
        else:
            text = (_line(told),) if intent.verdict == "broken" else ()
            yield Case(name=name, classname=classname, file=_file(told, repository), line=intent.line, text=text)


def _of_acceptances(checked: Checked, repository: Repository) -> Iterator[Case]:
    names: Counter[str] = Counter()
    for one in checked.outdated:
        path = repository.path(one.file)
        yield Case(
            name=_another(f"the acceptance of {one.code} is {one.state}", names),
            classname="netwright.check.acceptances",
            file=one.file if path is None else path,
            line=one.line,
            text=(note(one),),
        )


def _another(name: str, names: Counter[str]) -> str:
    """The name, with a number from its second time on."""
    names[name] += 1
    return name if names[name] == 1 else f"{name} ({names[name]})"


def _failed(f: Finding, name: str, classname: str, repository: Repository) -> Case:
    also = [f"see {place(m)} {thing(m)} {m.label}".rstrip() for m in f.also]
    return Case(
        name=name,
        classname=classname,
        file=_file(f, repository),
        line=f.line,
        failure=plain(f.title),
        kind=f.code,
        text=(*_where(f), *sentences(f), *also),
    )


def _line(f: Finding) -> str:
    state = "" if f.state == "new" else f" ({f.state})"
    return f"{f.severity}{state}: {' '.join((*_where(f), *sentences(f)))}"


def _where(f: Finding) -> list[str]:
    owner = f"({f.owner})" if f.owner else ""
    told = " ".join(part for part in (place(f), thing(f), owner) if part)
    return [f"{told}:"] if told else []


def _file(f: Finding, repository: Repository) -> str:
    path = repository.path(f.file)
    return f.file if path is None else path
