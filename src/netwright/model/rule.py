"""The rule form that every policy language is lowered to.

Enforcers do not stack: each one on the path must permit. Inside an enforcer tiers stack: a tier is a list of rules, a
meaning of equal ranks, and its ends, which act after its last rule. `Rule.at` is where a rule acts, `src` and `dst`
whom it matches.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, TypeAlias

import msgspec

from netwright.base.ipset import IpSet
from netwright.base.selectors import ALWAYS as EVERY_INTERFACE
from netwright.base.selectors import Selector
from netwright.base.services import ALL, NONE, ServiceSet
from netwright.base.spans import Origin

Action = Literal["allow", "deny", "pass"]
Direction = Literal["ingress", "egress", "transit"]
Ties = Literal["ordered", "deny-first", "any-order"]
Exempt = Literal["self", "own node"]
Hook = Literal["raw", "pre_dnat", "post_dnat", "proxy"]
EndpointKind = Literal["pod", "node", "own-node", "external"]


class _Value(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    pass


# --- peers --------------------


class AnyPeer(_Value, frozen=True, tag=True):
    """Everybody, inside and outside."""


class NoPeer(_Value, frozen=True, tag=True):
    """Nobody."""


class Members(_Value, frozen=True, tag=True):
    """Known interfaces whose attributes the selector matches."""

    selector: Selector


class Addresses(_Value, frozen=True, tag=True):
    """Whatever has one of these addresses, known interface or not. `of_any_family`: an interface counts in every family
    of its own, whichever the address is of."""

    addresses: IpSet
    of_any_family: bool = False


class Names(_Value, frozen=True, tag=True):
    """Outside addresses that one of these DNS name patterns resolves to. Which ones is not known offline."""

    patterns: tuple[str, ...]


class Kinds(_Value, frozen=True, tag=True):
    """Every end of these kinds. "own-node" is the node of the endpoint where the rule acts, as far as the enforcer does
    not exempt it; "node" the others."""

    kinds: tuple[EndpointKind, ...]


class UnknownPeer(_Value, frozen=True, tag=True):
    """Perhaps anybody: the input does not say; where it `is_ambiguous`, the documents do not."""

    reason: str
    is_ambiguous: bool = False


class AndPeer(_Value, frozen=True, tag=True):
    parts: tuple[Peer, ...]


class OrPeer(_Value, frozen=True, tag=True):
    parts: tuple[Peer, ...]


class NotPeer(_Value, frozen=True, tag=True):
    part: Peer


Peer: TypeAlias = AnyPeer | NoPeer | Members | Addresses | Names | Kinds | UnknownPeer | AndPeer | OrPeer | NotPeer

ANYBODY: Final = AnyPeer()
NOBODY: Final = NoPeer()


def either(peers: list[Peer]) -> Peer:
    """Any one of these peers."""
    if not peers:
        return NOBODY
    return peers[0] if len(peers) == 1 else OrPeer(tuple(peers))


def changed(peer: Peer, change: Callable[[Peer], Peer]) -> Peer:
    """The peer with its parts changed: those that are made of no others."""
    if isinstance(peer, (AndPeer, OrPeer)):
        return type(peer)(tuple(changed(part, change) for part in peer.parts))
    return NotPeer(changed(peer.part, change)) if isinstance(peer, NotPeer) else change(peer)


# --- services --------------------


class NamedPort(_Value, frozen=True):
    """A port by the name that a container of the destination gives it, for one protocol. On ingress the ports up to
    `end` too, where that is above the port."""

    protocol: int
    name: str
    end: int = 0


class Service(_Value, frozen=True):
    """What a rule says of protocol and ports: fixed ranges, and names that the destination resolves."""

    fixed: ServiceSet = NONE
    named: tuple[NamedPort, ...] = ()
    sources: ServiceSet = ALL


EVERY_SERVICE: Final = Service(ALL)


# --- conditions --------------------


class Guard(_Value, frozen=True):
    """Part of the match: where it fails, the next rule is read. All of `conditions`, in words, have to hold; none is no
    condition."""

    conditions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All of it; "" where there is no condition."""
        return " and ".join(self.conditions)


class Obligation(_Value, frozen=True):
    """Owed after an allow: where it fails, the connection is denied. `text` says it in words; "" is none. `unisolated`
    is what is left of it at an endpoint that nothing isolates, for the profile to set apart."""

    text: str = ""
    unisolated: str = ""


UNGUARDED: Final = Guard()
UNBOUND: Final = Obligation()


# --- rules --------------------


class Rule(msgspec.Struct, frozen=True, kw_only=True, gc=False, eq=False):
    """One rule. Lower `rank`s are read first; equal ones tie as the tier says.

    In an any-order tie the policies (`policy`) permute and the rules of one policy keep their order (`index`).
    `service` surely matches, `unsure` perhaps as well. An `index` below 0 is that of none of the policy's rules: what
    holds where these match nothing, a setting of the policy.
    """

    rank: int
    policy: int
    index: int
    at: Selector
    direction: Direction
    src: Peer
    dst: Peer
    service: Service
    unsure: ServiceSet = NONE
    when: Guard = UNGUARDED
    action: Action
    then: Obligation = UNBOUND
    reply: Literal["drop", "reject"] = "drop"
    origin: Origin

    @property
    def number(self) -> int | None:
        """The number of the policy's rule; None of what is none of its rules."""
        return self.index if self.index >= 0 else None


class End(msgspec.Struct, frozen=True, kw_only=True, gc=False, eq=False):
    """What a tier does after its last rule at the interfaces `at`: isolation, a tier's end action. On `unsure` services
    it acts only perhaps."""

    at: Selector
    direction: Direction
    action: Action
    unsure: ServiceSet = NONE
    origin: Origin


class Tier(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    ties: Ties
    rules: tuple[Rule, ...] = ()
    ends: tuple[End, ...] = ()


class Enforcer(msgspec.Struct, frozen=True, kw_only=True):
    """One policy engine. It acts at the interfaces `at`; what no tier decides gets `default` (None: not known)."""

    name: str
    at: Selector = EVERY_INTERFACE
    hook: Hook = "post_dnat"
    stateful: bool = True
    tiers: tuple[Tier, ...] = ()
    default: Action | None = "allow"
    exempt: tuple[Exempt, ...] = ("self", "own node")
    """What passes it by: a pod's packets to itself, those between a node and its own pods."""
