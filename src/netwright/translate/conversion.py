"""What becomes of policies in another language: the objects, the fate of each rule, and what is left open."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from netwright.base.ipset import Family
from netwright.base.services import NONE, ServiceSet
from netwright.base.spans import Pointer
from netwright.model.document import Decoded

Side = Literal["ingress", "egress"]
Fate = Literal["converted", "residue", "refused"]
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


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """What a language cannot say of some rules. `refused`: they are left out; else they are written as well as can be.

    `variants` are ways to settle it, each as words and the policies of the input as that way would have them.
    """

    kind: ResidueKind
    rules: tuple[RuleKey, ...]
    refused: bool
    told: str
    variants: tuple[tuple[str, tuple[Decoded, ...]], ...] = ()


class Raised(msgspec.Struct, frozen=True, kw_only=True):
    """Policies in another language: `objects` as plain values, the policies that each is made of in `made_of`. They
    stand for those that are `replaced`; the other `sources` stay.

    `of_this_cluster`: some were written out for the namespaces of the input, so that rules which agree there may not
    elsewhere. `beside`: services that no connection has and the language does not know, told among those in `open`.
    """

    objects: tuple[dict[str, Any], ...]
    made_of: tuple[tuple[Decoded, ...], ...]
    sources: tuple[Decoded, ...]
    replaced: tuple[Decoded, ...]
    rules: tuple[RuleKey, ...]
    open: tuple[Open, ...]
    of_this_cluster: bool
    beside: ServiceSet = NONE


class Turned(msgspec.Struct, frozen=True, kw_only=True, rename={"source": "from", "destination": "to"}):
    """A pair of ends whose verdicts differ: services that surely pass and did not surely before (`allowed`), that
    surely do not and perhaps did (`denied`), and that are undecided and were not (`undecided`); "" for none. `surely`:
    some of them were decided otherwise before. `family` stands where the network has two."""

    source: str
    destination: str
    allowed: str
    denied: str
    undecided: str
    surely: bool
    family: Family | None = None
