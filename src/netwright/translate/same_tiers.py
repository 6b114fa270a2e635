"""Whether two sets of policies lower to rules that say the same, though they stand in other tiers: a proof for every
cluster.

Under Cilium a denial of a policy of its own comes before all that allows, as one behind the Admin tier does, and what
allows without isolating is as good as one before the Baseline tier, since isolation comes behind both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netwright.base.ipset import EVERYWHERE, IpSet
from netwright.base.selectors import And, Has, Not, OneOf, Or, Selector
from netwright.base.services import ServiceSet
from netwright.dialects.k8s.endpoints import NAMESPACE_NAME
from netwright.dialects.k8s.lower import POD_NETWORK
from netwright.model.rule import (
    NOBODY,
    Addresses,
    AndPeer,
    Enforcer,
    Kinds,
    NotPeer,
    OrPeer,
    Peer,
    Rule,
    Tier,
)
from netwright.model.rule import Members as MembersPeer

Form = object


def same_tiers(before: Enforcer, after: Enforcer) -> bool:
    """Whether both decide the same in every cluster. True is a proof, False is none."""
    sides = [{tier.name: tier for tier in one.tiers} for one in (before, after)]
    forms = [_decided(of) for of in sides]
    return forms[0] is not None and forms[0] == forms[1]


def _decided(tiers: dict[str, Tier]) -> tuple[object, ...] | None:
    """What denies, what allows, with what is owed, and what isolates; None where an order of ranks matters."""
    admin = tiers["Admin"].rules if "Admin" in tiers else ()
    own = next(tier for name, tier in tiers.items() if name not in ("Admin", "Baseline", "isolation", "not read"))
    last = tiers["Baseline"].rules if "Baseline" in tiers else ()
    if any(rule.action != "deny" for rule in admin) or any(rule.action != "allow" for rule in last):
        return None
    denies = [*admin, *(rule for rule in own.rules if rule.action == "deny")]
    allows = [*(rule for rule in own.rules if rule.action == "allow"), *last]
    isolation = tiers.get("isolation")
    ends = [end for tier in (own, isolation) if tier is not None for end in tier.ends]
    unread = tiers["not read"].rules if "not read" in tiers else ()
    return (
        _form(denies),
        _form(allows),
        frozenset((_selector(end.at), end.direction, end.action, end.unsure) for end in ends),
        _form(isolation.rules if isolation is not None else ()),
        _form(unread),
    )


def _form(rules: Iterable[Rule]) -> dict[object, object]:
    """Of each match the services; of addresses outside the addresses of each set of services."""
    services: dict[object, tuple[ServiceSet, frozenset[object]]] = {}
    outside: dict[object, IpSet] = {}
    for rule in rules:
        rank = rule.rank if rule.rank < 0 and rule.action == "allow" else 0
        head = (rule.direction, _selector(rule.at), rule.when, rule.then, rule.unsure, rank)
        named = frozenset(rule.service.named)
        if not rule.service.fixed and not named:
            continue
        for atom in _atoms(rule.src if rule.direction == "ingress" else rule.dst):
            if isinstance(atom, IpSet):
                key = (head, rule.service.fixed, named)
                outside[key] = outside[key] | atom if key in outside else atom
            else:
                known, names = services.get((head, atom), (ServiceSet(), frozenset()))
                services[head, atom] = known | rule.service.fixed, names | named
    return {**services, **{key: held for key, held in outside.items() if held}}


def _atoms(peer: Peer) -> Iterator[object]:
    if isinstance(peer, OrPeer):
        for part in peer.parts:
            yield from _atoms(part)
        return
    found = _addresses(peer)
    if found is not None:
        yield found
    elif isinstance(peer, Kinds):
        for kind in peer.kinds:
            yield EVERYWHERE if kind == "external" else kind
    elif isinstance(peer, MembersPeer):
        yield "pod" if peer.selector == POD_NETWORK else _selector(peer.selector)
    elif peer != NOBODY:
        yield peer


def _addresses(peer: Peer) -> IpSet | None:
    """The addresses of a peer that is outside ones alone."""
    if peer == Kinds(("external",)):
        return EVERYWHERE
    if not isinstance(peer, AndPeer) or Kinds(("external",)) not in peer.parts:
        return None
    found = EVERYWHERE
    for part in peer.parts:
        if isinstance(part, Addresses):
            found = found & part.addresses
        elif isinstance(part, NotPeer) and isinstance(part.part, Addresses):
            found = found - part.part.addresses
        elif part != Kinds(("external",)):
            return None
    return found


def _selector(selector: Selector) -> Form:
    """A selector without the order of its parts, in which the name of a namespace is one attribute."""
    if isinstance(selector, And):
        parts: set[Form] = set()
        for part in selector.parts:
            form = _selector(part)
            parts |= set(form) if isinstance(form, frozenset) else {form}
        return frozenset(parts) if len(parts) != 1 else next(iter(parts))
    if isinstance(selector, Or):
        return ("or", frozenset(map(_selector, selector.parts)))
    if isinstance(selector, Not):
        return ("not", _selector(selector.part))
    if isinstance(selector, (OneOf, Has)) and selector.key == f"ns:{NAMESPACE_NAME}":
        return OneOf("ns", selector.values) if isinstance(selector, OneOf) else selector
    return selector
