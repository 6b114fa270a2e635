"""`eval` as text: one line a question, then who decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from netwright.base.spans import named
from netwright.questions.eval import Evaluated
from netwright.render.escape import plain
from netwright.render.styles import OF_VERDICT
from netwright.render.words import Words, count

MOST: Final = 3
"""Of each question's conditions and rules so many are shown; the rest is counted."""


def eval_text(answers: Sequence[Evaluated], words: Words, *, last: str) -> Iterator[str]:
    tally: Counter[str] = Counter()
    for a in answers:
        verdict = "some" if a.groups == "some" else a.verdict
        tally[verdict] += 1
        port = f":{a.port}" if a.port is not None else ""
        asked = plain(f"{a.from_} {words['arrow']} {a.to}{port} {a.protocol}")
        yield from words.fold(asked, "           ", f"{verdict:<9}  ", marks=((verdict, OF_VERDICT[verdict]),))
        if a.note:
            yield from words.fold(plain(a.note), "             ", "           ")
        for condition in a.when[:MOST]:
            yield from words.fold(plain(f"when {condition}"), "             ", "           ")
        yield from _more(len(a.when), "condition")
        for by in a.by[:MOST]:
            rule = f" rule {by.rule}" if by.rule is not None else " isolates it"
            place = f"{by.file}:{by.line}:{by.column}  " if by.file else ""
            yield from words.fold(
                plain(f"{by.direction:<7}  {place}{by.kind} {named(by.namespace, by.name)}{rule}"),
                "             ",
                "           ",
            )
        yield from _more(len(a.by), "rule")
        for u in a.undecided:
            yield from words.fold(plain(f"{u.kind}: {u.reason}"), "             ", "           ")
    counted = ", ".join(f"{n} {verdict}" for verdict, n in sorted(tally.items()))
    yield from words.fold(f"{count(len(answers), 'question')}: {counted} {words['dot']} {last}", "", "")


def _more(found: int, noun: str) -> Iterator[str]:
    if found > MOST:
        yield f"           and {count(found - MOST, f'more {noun}')}: -o jsonl"
