"""`diff` as JUnit XML: a case for each sort of difference, so that every run has the same cases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netwright.model.account import Provenance
from netwright.questions.diff import Diffed, FailOn
from netwright.render.diff_counts import opening
from netwright.render.diff_groups import NO_CAUSE, Difference, Names, caused, differences
from netwright.render.junit import MOST_LINES, Case, Suite
from netwright.render.repository import Repository
from netwright.render.words import count

CASES = {
    "EXPOSED": "nothing is exposed to the internet that was not",
    "opened": "no connection is opened",
    "closed": "no connection is closed",
    "changed": "no connection changes its ports",
    "undecided": "no verdict turns to undecided or from it",
}


def diff_suites(
    found: Diffed, names: Names, provenance: Provenance, repository: Repository, *, fail_on: FailOn
) -> list[Suite]:
    """One suite. A case fails where `fail_on` makes its differences fail; what is undecided skips its case and those
    whose differences it could hide, and other differences stand in the output of a case that passes."""
    listed: dict[str, list[Difference]] = {word: [] for word in CASES}
    for one in differences(found, names, "->"):
        listed[one.word].append(one)
    failing = {
        "EXPOSED": fail_on != "never",
        "opened": fail_on in ("any", "opened"),
        "closed": fail_on == "any",
        "changed": fail_on == "any" or (fail_on == "opened" and opening(found) > 0),
    }
    may_be = {"EXPOSED": found.may_fail("exposed"), "opened": found.may_fail("opened")}
    told = "; ".join(one.text for one in listed["undecided"][:3])
    cases = tuple(
        _case(word, held, found, repository, fails=failing.get(word, False), hiding=told if may_be.get(word) else "")
        for word, held in listed.items()
    )
    properties = (("version", provenance.version), ("profile", provenance.profile), ("fail-on", fail_on))
    return [Suite(name="netwright diff", cases=cases, properties=properties)]


def _case(
    word: str, held: Sequence[Difference], found: Diffed, repository: Repository, *, fails: bool, hiding: str
) -> Case:
    """`hiding` is what is undecided and could be a difference of this word."""
    name, classname = CASES[word], "netwright.diff"
    if not held:
        why = f"not known, for it is undecided: {hiding}" if hiding else ""
        if not found.is_known:
            why = f"not known: part of the input could not be read: {found.unread[0].note}"
        return Case(name=name, classname=classname, skipped=why)
    text = tuple(_lines(held, found))
    told = count(len(held), "group of differences", "groups of differences")
    if word == "undecided":
        return Case(name=name, classname=classname, skipped=f"{told}: {'; '.join(one.text for one in held[:3])}")
    if not fails:
        return Case(name=name, classname=classname, text=text)
    file, line = _place(held, found, repository)
    failure = held[0].text + (f" and {len(held) - 1} more" if len(held) > 1 else "")
    return Case(name=name, classname=classname, file=file, line=line, failure=failure, kind=word, text=text)


def _lines(held: Sequence[Difference], found: Diffed) -> Iterator[str]:
    for one in held[:MOST_LINES]:
        yield one.text
        for change in (found.because[i] for i in one.because):
            yield f"  because {caused(change)}"
            if change.note:
                yield f"    {change.note}"
        if not one.because:
            yield f"  {NO_CAUSE}"
    if len(held) > MOST_LINES:
        yield f"and {len(held) - MOST_LINES} more"


def _place(held: Sequence[Difference], found: Diffed, repository: Repository) -> tuple[str, int]:
    for change in (found.because[i] for one in held for i in one.because):
        if place := change.after or change.before:
            file, line, _ = place.rsplit(":", 2)
            return repository.path(file) or file, int(line)
    return "", 0
