"""What becomes of policies in another language: the objects, the fate of each rule, and what is left open."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import msgspec

from netwright.base.ipset import Family
from netwright.base.services import NONE, ServiceSet
from netwright.base.spans import Pointer
from netwright.model.document import Decoded

Side = Literal["ingress", "egress"]
Stays = Literal["", "in part", "whole"]
Fate = Literal["converted", "residue", "refused"]
Chosen = Literal["", "keep", "narrow", "widen"]
"""What becomes of what a language cannot say: it stays as it was written, or less or more is permitted."""
ResidueKind = Literal[
    "tie",
    "no priority",
    "compared labels",
    "compared with nothing",
    "unknown peer",
    "beyond the language",
    "conflict",
    "decides nothing",
    "no such end",
    "port 0",
    "written out",
]


class RuleKey(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A rule as it is written: its policy, and where in it the rule stands."""

    kind: str
    namespace: str = ""
    name: str
    pointer: Pointer


class Variant(NamedTuple):
    """A way to settle what is left open: words, and the policies of the input as it would have them. `direction`: in
    which of the two it is meant to go, "" where that shows only once it is tried. `turned`: what it changes of the
    input, where that is known."""

    told: str
    objects: tuple[Decoded, ...] = ()
    direction: Chosen = ""
    turned: tuple[Turned, ...] | None = None


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """What a language cannot say of some rules. `refused`: they are left out; else they are written as well as can be.

    `chosen` is the way that was gone, "" where there is nothing to choose.
    """

    kind: ResidueKind
    rules: tuple[RuleKey, ...]
    refused: bool
    told: str
    chosen: Chosen = ""
    variants: tuple[Variant, ...] = ()


class Raised(msgspec.Struct, frozen=True, kw_only=True):
    """Policies in another language: `objects` as plain values, the policies that each is made of in `made_of`. They
    stand for those that are `replaced`; the other `sources` stay.

    `of_this_cluster`: some were written out for the namespaces of the input, so that rules which agree there may not
    elsewhere. `stay`: rules that are still said in the words of the input, in part or whole. `beside`: services that no
    connection has and the language does not know, told among those in `open`. `differing`: what differs once the
    objects are there, where that is known.
    """

    objects: tuple[dict[str, Any], ...]
    made_of: tuple[tuple[Decoded, ...], ...]
    sources: tuple[Decoded, ...]
    replaced: tuple[Decoded, ...]
    rules: tuple[RuleKey, ...]
    open: tuple[Open, ...]
    of_this_cluster: bool
    beside: ServiceSet = NONE
    stay: dict[RuleKey, Stays] = {}
    differing: tuple[Turned, ...] | None = None


class Turned(msgspec.Struct, frozen=True, kw_only=True, rename={"source": "from", "destination": "to"}):
    """A pair of ends whose verdicts differ: services that surely pass and did not surely before (`allowed`), that
    surely do not and perhaps did (`denied`), and that are undecided and were not (`undecided`); "" for none.

    `surely`: some of them were decided otherwise before. `opens`: some surely or perhaps pass that did not; `closes`:
    some do not, or not surely, that did. `family` stands where the network has two.
    """

    source: str
    destination: str
    allowed: str
    denied: str
    undecided: str
    surely: bool
    opens: bool
    closes: bool
    family: Family | None = None
