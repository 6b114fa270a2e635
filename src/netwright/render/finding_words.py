"""What the formats of gates have in common: findings in sentences, the families of codes, the counts."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Final, Literal

import msgspec

from netwright.base.diagnostics import INPUT_CODES, Code, Severity
from netwright.base.spans import named
from netwright.model.finding import Finding, Mark
from netwright.model.finding_codes import code_of, finding_codes
from netwright.questions.check import ORDER, Checked
from netwright.questions.check.intents import IntentAnswer
from netwright.render.escape import plain
from netwright.render.words import count

FAMILIES: Final[Mapping[str, str]] = {
    "NW1": "input",
    "NW2": "policies",
    "NW3": "exposure",
    "NW4": "services",
    "NW5": "cluster",
    "NW6": "networks",
}
"""The families of codes by the beginning of the code."""
NAMED: Final[Mapping[Severity, str]] = {"error": "error", "warning": "warning", "info": "note"}
"""How a severity is named in text: an information is a note."""

INTENT: Final = Code(
    code="intent",
    severity="error",
    title="an intent that does not hold",
    explanation=(
        "What the team has written down must hold of the network, and does not: at least one connection is allowed "
        "that should be denied, or denied that should be allowed."
    ),
    help="look at the rules that decide the connection; correct them, or the intent",
)


def every_code() -> tuple[Code, ...]:
    """What findings have as codes, in their order."""
    return tuple(c for c in (*INPUT_CODES, *finding_codes()) if c.severity != "info" or c.code > "NW2")


def rule_of(code: str) -> Code:
    """What a finding has as code, once intents are told as findings too (`as_finding`)."""
    return INTENT if code == INTENT.code else code_of(code)


def family(code: str) -> str:
    """`NW2104` is of `policies`; a code of no known family stands for itself."""
    return "intents" if code == INTENT.code else FAMILIES.get(code[:3], code)


def sentence(text: str) -> str:
    """A title, an effect or a help as a sentence of visible characters; "" stays "".

    >>> sentence("the policy selects nothing")
    'The policy selects nothing.'
    >>> sentence("deploy/shop/web is open")
    'deploy/shop/web is open.'
    """
    shown = plain(text)
    if re.match(r"[a-z]+(?:[\s,:;]|$)", shown):  # a word, not a reference such as `deploy/shop/web`
        shown = shown[0].upper() + shown[1:]
    return shown + ("" if not shown or shown.endswith((".", "!", "?")) else ".")


def sentences(finding: Finding) -> list[str]:
    """What is wrong, what it means, what to do: those that the finding has."""
    return [sentence(text) for text in (finding.title, finding.effect, finding.help) if text]


def thing(mark: Mark) -> str:
    """The object: `NetworkPolicy shop/db`, `Namespace shop`; "" where none is known."""
    name = named(mark.namespace, mark.name)
    return plain(f"{mark.kind} {name}".strip())


def place(mark: Mark) -> str:
    """`FILE:LINE:COLUMN`, or as much of it as is known; "" where there is no text."""
    if not mark.file:
        return ""
    return plain(":".join([mark.file, *(str(n) for n in (mark.line, mark.column) if n)]))


def counted(counts: Mapping[Severity, int]) -> str:
    """`1 error, 2 warnings, 3 notes`; "" where there is none."""
    return ", ".join(count(n, word) for severity, word in NAMED.items() if (n := counts[severity]))


def summary(checked: Checked) -> str:
    """`1 error, 2 warnings (3 known)`; `nothing new (3 known)`; `no findings`. Of findings that were narrowed, how many
    new ones of other codes count and are not shown."""
    found = counted(checked.counts) or ("nothing new" if any(checked.states.values()) else "no findings")
    passed = [f"{n} {state}" for state in ("known", "accepted") if (n := checked.states[state])]
    if hidden := sum(checked.counts.values()) - sum(f.state == "new" for f in checked.findings):
        passed.append(f"{count(hidden, 'finding')} of other codes not shown")
    return f"{found} ({', '.join(passed)})" if passed else found


def held(checked: Checked) -> list[str]:
    """`5 intents: 3 hold`, `1 broken`, `1 undecided`; nothing where there is no intent."""
    if not checked.intents:
        return []
    verdicts = Counter(i.verdict for i in checked.intents)
    parts = [f"{verdicts[verdict]} {verdict}" for verdict in ("broken", "undecided") if verdicts[verdict]]
    return [count(len(checked.intents), "intent") + f": {verdicts['holds']} hold", *parts]


def listed(checked: Checked, *, everything: bool = False) -> list[Finding]:
    """What is to be told, the worst first: intents that do not hold, then new findings, or all."""
    found = [as_finding(i) for i in checked.intents if i.verdict != "holds"]
    found += [f for f in checked.findings if f.state == "new" or everything]
    return sorted(found, key=lambda f: ORDER[f.severity])


def as_finding(intent: IntentAnswer) -> Finding:
    """An intent that does not hold in the form of a finding, of the code `INTENT`. One that is undecided is a warning;
    the rules that decide are the places that tell why."""
    witness = intent.witness
    identity = f"{INTENT.code}\0{intent.name}".encode("utf-8", "backslashreplace")
    broken = intent.verdict == "broken"
    return Finding(
        code=INTENT.code,
        severity=intent.severity if broken else "warning",
        title=f"intent `{intent.name}` is {intent.verdict}",
        kind="",
        namespace="",
        name="",
        path="",
        file=intent.file,
        line=intent.line,
        column=1 if intent.line else 0,
        effect=intent.told + (f" (why it must hold: {intent.reason})" if intent.reason else ""),
        help=f"`{witness.why}` tells why" if witness and witness.why else "",
        also=witness.rules if witness else (),
        fingerprint=hashlib.sha256(identity).hexdigest()[:32],
    )


def narrowed(checked: Checked, codes: Collection[str]) -> Checked:
    """The same with the findings of these codes only; all of it where none is named. What counts stays: the counts are
    those of all findings, as the exit code is."""
    if not codes:
        return checked
    kept = tuple(f for f in checked.findings if f.code in codes)
    withheld = tuple(w for w in checked.withheld if w.code in codes)
    return msgspec.structs.replace(checked, findings=kept, withheld=withheld)


Gate = Literal["passed", "failed", "incomplete", "undecided"]
GATE: Final[Mapping[int, Gate]] = {0: "passed", 1: "failed", 3: "incomplete", 4: "undecided"}
"""An exit code in a word."""
