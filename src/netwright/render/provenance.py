"""The part of every JSON answer that says what it rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from operator import attrgetter, ne
from typing import Any

import msgspec

from netwright.model.account import Provenance

_WAY_IN = "an address, a node or a controller on the way in is not known"
_ASK_WHY = "`why internet SERVICE` names it"
_PERHAPS = "an address, a node, a label or a policy kind is not known"
_ASK_PAIR = "`why` names it for one pair; `--pod-cidr` and Node objects settle most"


def document(verb: str, provenance: Provenance, exit_reasons: Sequence[str], **content: Any) -> dict[str, Any]:
    """A JSON document: its schema, its content, then what it rests on.

    `content` is plain values. The pairs of `reach` are counted where they are written, its classes hold what is
    undecided in their rows; every other answer has `undecided_counts` from here.
    """
    built = msgspec.to_builtins(provenance)
    undecided = _undecided(verb, content)
    return {
        "schema": f"netwright.{verb}/v1",
        **content,
        **({} if undecided is None else {"undecided_counts": undecided}),
        "version": built["version"],
        "inputs": built["inputs"],
        "documents": built["documents"],
        "profile": built["profile"],
        "assumptions": built["assumptions"],
        "diagnostics": built["diagnostics"],
        "exit_reasons": list(exit_reasons),
    }


def _undecided(verb: str, content: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    if verb == "why":
        # A question is about one pair; every reason leaves that one open.
        reasons = dict.fromkeys(r["reason"] for r in content["reasons"])
        return [{"reason": reason, "pairs": 1, "help": ""} for reason in reasons]
    if verb == "check":
        told = Counter(i.told for i in content["intents"] if i.verdict == "undecided")
        return [{"reason": reason, "pairs": n, "help": ""} for reason, n in sorted(told.items())]
    if verb == "diff":
        # they stand in the order of their ends: of a million a set would cost more than the rest
        ends = list(map(attrgetter("source", "destination"), content["undecided"]))
        pairs = sum(map(ne, ends, islice(ends, 1, None))) + bool(ends)
        return [{"reason": _PERHAPS, "pairs": pairs, "help": _ASK_PAIR}] if pairs else []
    if verb == "convert":
        pairs = sum(bool(one["undecided"]) for one in content["turned"])
        return [{"reason": _PERHAPS, "pairs": pairs, "help": _ASK_PAIR}] if pairs else []
    if verb == "show":
        counted: Counter[tuple[str, str]] = Counter()
        for row in content["rows"]:
            counted.update(_of_row(content["noun"], row))
        return [{"reason": r, "rows": n, "help": help_text} for (r, help_text), n in sorted(counted.items())]
    if content.get("form") == "hops":
        perhaps = sum(not hop["surely"] for hop in content["reached"])
        return [{"reason": _PERHAPS, "pairs": perhaps, "help": _ASK_PAIR}] if perhaps else []
    return None


def _of_row(noun: str, row: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Why a row of `show` leaves something open, each reason with its help."""
    if noun == "exposed" and row["verdict"] == "undecided":
        return {(_WAY_IN, _ASK_WHY)}
    if noun == "policies" and not row["evaluated"]:
        return {(f"{row['kind']} is not evaluated yet", "")}
    if noun == "workloads" and "perhaps" in (row["isolated_in"], row["isolated_out"]):
        return {(f"{kind} is not evaluated and could isolate", "") for kind in row["unread"]}
    return set()
