"""`check` as text: how it stands first, then the findings, worst first, each with its line and its cure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Final

import msgspec

from netwright.model.finding import Finding, Mark
from netwright.model.finding_codes import code_of
from netwright.questions.check import Checked
from netwright.questions.check.intents import IntentAnswer
from netwright.render.escape import plain
from netwright.render.excerpt import Lines, excerpt
from netwright.render.finding_words import held, narrowed, place, summary, thing
from netwright.render.styles import Style, heading
from netwright.render.words import Words, count

MOST_OF_A_CODE: Final = 3
MOST_NAMESPACES: Final = 6
STYLE: Final[dict[str, Style]] = {"error": "danger", "warning": "warning", "info": "heading"}


def check_text(
    checked: Checked,
    lines: Lines,
    words: Words,
    *,
    show: Collection[str] = (),
    everything: bool = False,
    last: str = "",
) -> Iterator[str]:
    """Lines. Of each code at most MOST_OF_A_CODE findings, of what is only information one line a code, unless
    `everything`; with `show` only those codes, all of them."""
    checked = narrowed(checked, show)
    yield from _standing(checked, words, everything)
    listed = [f for f in checked.findings if f.state == "new" or everything]
    told: Counter[str] = Counter()
    sizes = Counter(f.code for f in listed)
    for finding in listed:
        told[finding.code] += 1
        if show or everything or (finding.severity != "info" and told[finding.code] <= MOST_OF_A_CODE):
            yield from _finding(finding, lines, words)
        if told[finding.code] == sizes[finding.code] and not (show or everything):
            yield from _folded(finding, sizes[finding.code], words)
    for intent in checked.intents:
        if intent.verdict != "holds":
            yield from _intent(intent, lines, words)
    for withheld in checked.withheld:
        yield from words.fold(plain(f"withheld: {withheld.findings} of {withheld.code}: {withheld.reason}"), "  ", "")
    for note in (*checked.notes, *checked.resting):
        yield from words.fold(plain(note), "  ", "")
    if checked.intents:
        yield f" {words['dot']} ".join(held(checked))
    yield from words.fold(f"{_counts(checked)} {words['dot']} {last}" if last else _counts(checked), "", "")


def _counts(checked: Checked) -> str:
    """The summary with the broken intents, of which the other faces have lists."""
    broken = sum(i.verdict == "broken" for i in checked.intents)
    return summary(checked) + (f", {count(broken, 'broken intent')}" if broken else "")


def _folded(finding: Finding, size: int, words: Words) -> Iterator[str]:
    if finding.severity == "info":
        head = f"info[{finding.code}]"
        text = f"{head}: {count(size, 'time')}: {code_of(finding.code).title}; --show {finding.code} lists them"
        yield from words.fold(plain(text), "    ", "", marks=((head, "heading"),))
    elif size > MOST_OF_A_CODE:
        left = size - MOST_OF_A_CODE
        yield from words.fold(f"… and {left} more {finding.code}: --show {finding.code} lists them", "")


# --- isolation --------------------


def _standing(checked: Checked, words: Words, everything: bool) -> Iterator[str]:
    """How it stands: the counts, the isolation of all, and where it is lacking."""
    rows = checked.isolation
    if not rows:
        return
    total = sum(r.workloads for r in rows)
    both = sum(r.both for r in rows)
    named = (("only_in", "ingress only"), ("only_out", "egress only"), ("neither", "not at all"), ("open", "in part"))
    parts = [f"{n} {told}" for field, told in named if (n := sum(getattr(r, field) for r in rows))]
    hosts = sum(r.host for r in rows)
    parts += [f"{hosts} on the host network"] if hosts else []
    rest = f"; {', '.join(parts)}" if parts else ""
    yield heading(_counts(checked))
    yield from words.fold(f"{both} of {total} workloads isolated both ways{rest}", "  ", "")
    lacking = [r for r in rows if r.both + r.host < r.workloads]
    shown = lacking if everything else lacking[:MOST_NAMESPACES]
    wide = max((len(plain(r.namespace)) for r in shown), default=0)
    for r in shown:
        states = [f"{n} {told}" for field, told in (("both", "both ways"), *named) if (n := getattr(r, field))]
        name = f"  {plain(r.namespace):{wide}}  "
        yield from words.fold(f"{', '.join(states)} of {r.workloads}", " " * len(name), name)
    if len(lacking) > len(shown):
        yield f"  … and {count(len(lacking) - len(shown), 'namespace')} more: `netwright show isolation`"
    yield ""


# --- findings --------------------


def _finding(f: Finding, lines: Lines, words: Words) -> Iterator[str]:
    head = f"{f.severity}[{f.code}]"
    state = "" if f.state == "new" else f" ({f.state})"
    yield from words.fold(plain(f"{head}: {f.title}{state}"), "    ", "", marks=((head, STYLE[f.severity]),))
    owner = f"  ({f.owner})" if f.owner else ""
    if f.file:
        yield from words.fold(f"{place(f)}  {thing(f)}{plain(owner)}".rstrip(), "     ", f"   {words['corner']} ")
    elif thing(f):
        yield from words.fold(f"{thing(f)} {plain(f.path + owner)}", "     ", f"   {words['corner']} ")
    yield from _excerpt(f, lines, words)
    for mark in f.also:
        if mark.file and mark.file != f.file:
            yield from words.fold(place(mark), "     ", f"   {words['corner']} ")
        yield from _excerpt(mark, lines, words)
    for word, text in (("effect", f.effect), ("help", f.help)):
        if text:
            yield from words.fold(plain(text), "             ", f"   = {word:<6}  ")


def _intent(intent: IntentAnswer, lines: Lines, words: Words) -> Iterator[str]:
    """What does not hold, and the connection that shows it with the rules that decide it."""
    head = f"{intent.severity}[intent]" if intent.verdict == "broken" else "undecided[intent]"
    style = STYLE[intent.severity] if intent.verdict == "broken" else "undecided"
    yield from words.fold(plain(f"{head}: {intent.name}"), "    ", "", marks=((head, style),))
    if intent.file:
        yield from words.fold(plain(f"{intent.file}:{intent.line}"), "     ", f"   {words['corner']} ")
    yield from words.fold(plain(intent.told), "             ", f"   = {intent.verdict:<6}  ")
    witness = intent.witness
    for rule in witness.rules if witness else ():
        told = f"{place(rule)}  {thing(rule)} {plain(rule.label)}".lstrip()
        yield from words.fold(told, "     ", f"   {words['corner']} ")
        yield from _excerpt(msgspec.structs.replace(rule, label=""), lines, words)
    if witness and witness.why:
        yield from words.fold(plain(witness.why), "             ", "   = why     ")
    if intent.reason:
        yield from words.fold(plain(intent.reason), "             ", "   = reason  ")


def _excerpt(mark: Mark, lines: Lines, words: Words) -> Iterator[str]:
    if mark.file and mark.line:
        yield from excerpt(mark.line, mark.column, lines(mark.file), words, indent=0, following=0, label=mark.label)
