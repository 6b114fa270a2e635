"""`eval` as text: one line a question, then who decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from netwright.questions.eval import Evaluated
from netwright.render.escape import plain
from netwright.render.words import Words, count


def eval_text(answers: Sequence[Evaluated], words: Words, *, last: str) -> Iterator[str]:
    tally: Counter[str] = Counter()
    for a in answers:
        verdict = "some" if a.groups == "some" else a.verdict
        tally[verdict] += 1
        port = f":{a.port}" if a.port is not None else ""
        yield plain(f"{verdict:<9}  {a.from_} {words['arrow']} {a.to}{port} {a.protocol}")
        for condition in a.when[:3]:
            yield from words.fold(plain(f"when {condition}"), "             ", "           ")
        for by in a.by[:3]:
            rule = f" rule {by.rule}" if by.rule is not None else " isolates it"
            place = f"{by.file}:{by.line}:{by.column}  " if by.file else ""
            yield from words.fold(
                plain(f"{by.direction:<7}  {place}{by.kind} {by.namespace}/{by.name}{rule}"),
                "             ",
                "           ",
            )
        for u in a.undecided:
            yield from words.fold(plain(f"{u.kind}: {u.reason}"), "             ", "           ")
    counted = ", ".join(f"{n} {verdict}" for verdict, n in sorted(tally.items()))
    yield f"{count(len(answers), 'question')}: {counted} {words['dot']} {last}"
