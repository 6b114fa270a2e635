"""What leads from outside to an endpoint, in words: a verdict about policy alone does not say that anything does."""

from __future__ import annotations

from collections.abc import Iterator

from netwright.questions.why import WhyAnswer
from netwright.questions.why.around import LeadsHere
from netwright.render.words import count

MOST = 4
"""Ways that are named; the others are counted."""
SURE = {"undecided": "perhaps ", "some": "for some sources "}


def leads_here_told(answer: WhyAnswer) -> Iterator[str]:
    """Clauses without full stops; none where that is no question."""
    if answer.leads_here is None:
        return
    found = [way for way in answer.leads_here if way.verdict != "deny"]
    for way in found[:MOST]:
        yield _way(way, answer.destination)
    if len(found) > MOST:
        yield f"{count(len(found) - MOST, 'more way', 'more ways')}; -o json lists all"
    if found:
        led = {number for way in found for number in way.ports}
        rest = [port for port in answer.ports_asked if int(port) not in led]
        if rest and all(way.ports for way in found):
            yield f"to port {', '.join(rest)} by policy alone"
    elif answer.leads_here:
        listed = list(dict.fromkeys(f"{way.service}:{way.port} ({way.via})" for way in answer.leads_here))
        more = f" and {len(listed) - MOST} more" if len(listed) > MOST else ""
        yield f"by policy alone: what leads here from outside is shut: {', '.join(listed[:MOST])}{more}"
    else:
        yield "by policy alone: no Service, Ingress, Gateway or Route of the input leads here from outside"


def _way(way: LeadsHere, asked: str) -> str:
    others = f" and {len(way.to) - 3} more" if len(way.to) > 3 else ""
    named = "" if way.to == (asked,) else ", ".join(way.to[:3]) + others
    if way.via == "hostNetwork":
        return f"reached at the address of its node, whose network it is on{named and ': '}{named}"
    to = f"to {named}" if named else "here"
    if way.via == "hostPort":
        return f"{SURE.get(way.verdict, '')}hostPort {way.port} of its node leads {to}"
    entry = "" if way.entry.startswith("the address that") else f" {way.entry}"
    return f"{SURE.get(way.verdict, '')}{way.service}:{way.port} leads {to}, by {way.via}{entry}"
