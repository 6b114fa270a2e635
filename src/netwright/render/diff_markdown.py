"""`diff` as a comment below a pull request: the verdict, counts, each difference with its causes, danger first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from netwright.questions.diff import Diffed
from netwright.questions.diff.objects import ObjectChange
from netwright.render.diff_counts import nothing, quiet, tally
from netwright.render.diff_groups import NO_CAUSE, SIGNS, Difference, Names, differences
from netwright.render.escape import markdown, plain
from netwright.render.finding_words import GATE, sentence
from netwright.render.markdown import Item, code, comment, marker, prose
from netwright.render.words import count

SHOWN: Final = 12
CAUSES: Final = 4
QUIET: Final = 20
"""Objects and files without effect that are named."""


def diff_markdown(
    found: Diffed, names: Names, *, exit_code: int, meaning: str, fail_on: str, everything: bool = False
) -> Iterator[str]:
    """Lines. The first SHOWN differences stand open unless `everything`, the rest is folded."""
    listed = list(differences(found, names))
    head = [
        marker("diff"),
        f"## netwright diff {GATE[exit_code]}: {_verdict(found)}",
        "",
        *_counts(found),
    ]
    causes = _Causes(found.because, everything)
    items = [Item(causes.difference(one)) for one in listed]
    notes = [*_quiet(found), *(f"- left out: {prose(left)}" for left in found.left_out)]
    if names.counted:
        notes.append("- many ends are counted by their namespace: `--all` names each")
    if exit_code == 3:
        notes.append("- **part of the input could not be used**: the errors of the run say which")
    tail = [*(["", *notes] if notes else []), "", f"{meaning} (`--fail-on {markdown(fail_on)}`)"]
    shown = len(items) if everything else SHOWN
    yield from comment(head, items, tail, folded=f"{count(len(items[shown:]), 'group')} more", shown=shown)


def _verdict(found: Diffed) -> str:
    if found.is_empty:
        return nothing(found)
    counted = tally(found)
    return f"{counted['EXPOSED']} exposed, {counted['opened']} opened, {counted['closed']} closed"


def _counts(found: Diffed) -> Iterator[str]:
    counted = tally(found)
    yield from ("| | of " + count(found.pairs, "pair") + " |", "|---|---:|")
    yield from (f"| `{sign}` {word.lower()} | {counted[word]} |" for word, sign in SIGNS.items())
    yield ""


def _quiet(found: Diffed) -> Iterator[str]:
    for noun, said, names in quiet(found):
        if names:
            more = f" and {len(names) - QUIET} more" if len(names) > QUIET else ""
            yield f"- {count(len(names), noun)} {said}: {', '.join(code(n) for n in names[:QUIET])}{more}"


class _Causes:
    """The object changes behind differences; the fields of each are told once."""

    def __init__(self, because: Sequence[ObjectChange], everything: bool) -> None:
        self._because = because
        self._everything = everything
        self._told: set[int] = set()

    def difference(self, one: Difference) -> Iterator[str]:
        yield f"- **`{SIGNS[one.word]}` {one.word}** {code(one.text)}"
        if not one.because:
            yield f"  - {prose(sentence(NO_CAUSE))}"
        most = len(one.because) if self._everything else CAUSES
        for i in one.because[:most]:
            yield from self._change(i)
        if len(one.because) > most:
            yield f"  - and {count(len(one.because) - most, 'more change')}"

    def _change(self, i: int) -> Iterator[str]:
        change = self._because[i]
        place = change.place
        joint = " in " if change.change == "refused" else ", "
        yield f"  - because {code(change.ref)} {change.became}" + (f"{joint}{code(place)}" if place else "")
        if i in self._told:
            return
        self._told.add(i)
        if change.note:
            yield f"    - {code(plain(change.note))}"
        for f in change.fields:
            yield f"    - {code(f.path)}: {code(plain(f.old))} → {code(plain(f.new))}"
        if change.more_fields:
            yield f"    - and {count(change.more_fields, 'more field')}"
