"""The engine over random rules, against every resolution of what is uncertain."""

from __future__ import annotations

import dataclasses
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netwright.base.ipset import Family, IpSet, parse_address
from netwright.base.services import ALL
from netwright.engine.compile import Delta, Network
from netwright.model.rule import Addresses, Enforcer, Rule, Tier
from tests.laws.rule_cases import (
    KEYS,
    OUTSIDE,
    Endpoint,
    Oracle,
    Rules,
    addresses_to_try,
    columns,
    random_rules,
    random_tier,
)

pytestmark = pytest.mark.laws
SEEDS = st.integers(0, 2**40)


def spots(rules: Rules, network: Network, family: Family) -> list[tuple[Endpoint, int]]:
    """Everything with an address of the family: the endpoint, and its position in the engine's universe."""
    universe = network.tables[family].universe
    out = [(e, network.position(i)) for i, e in enumerate(rules.endpoints) if e.is_in(family)]
    for text in OUTSIDE:
        if (":" in text) == (family == 6):
            value = parse_address(text)[1]
            ends = {"v4": text} if family == 4 else {"v6": text}
            out.append((Endpoint(None, **ends), universe.position_of_address(value)))
    return out


def wrong(rules: Rules, seen: Counter[str] | None = None, *, network: Network | None = None) -> Iterator[str]:
    """Where the engine's answer is not exactly the set of the oracle's outcomes."""
    network = network or Network(columns(rules.endpoints), rules.enforcers, (4, 6))
    for family in network.families:
        oracle = Oracle(rules, family)
        ends = spots(rules, network, family)
        for source, s in ends:
            for destination, d in ends:
                if source.namespace is None and destination.namespace is None:
                    continue
                for key in KEYS:
                    sides = network.tables[family].outcome(s, d, key)
                    for direction, (must, may) in zip(("egress", "ingress"), sides, strict=True):
                        want = oracle.side(direction, source, destination, key)  # type: ignore[arg-type]
                        got = ({"allow"} if may else set()) | (set() if must else {"deny"})
                        if seen is not None:
                            seen["+".join(sorted(want))] += 1
                        if got != want:
                            packet = f"{source} -> {destination} {key >> 16}/{key & 65535}"
                            yield f"IPv{family} {direction} {packet}: engine {sorted(got)}, oracle {sorted(want)}"


def told(rules: Rules) -> str:
    """The smallest set of rules that still goes wrong, and how."""
    small, changed = rules, True
    while changed:
        changed = False
        for smaller in _smaller(small):
            if next(wrong(smaller), None):
                small, changed = smaller, True
                break
    lines = [f"seed {rules.seed}: {next(wrong(small))}"]
    for enforcer in small.enforcers:
        lines.append(f"  enforcer at {enforcer.at} default {enforcer.default}")
        for tier in enforcer.tiers:
            lines.append(f"    tier {tier.ties}")
            lines += [f"      {_rule_text(r)}" for r in tier.rules]
            lines += [f"      end {e.direction} at {e.at}: {e.action}, unsure {e.unsure}" for e in tier.ends]
    return "\n".join(lines)


def _rule_text(r: Rule) -> str:
    named = ",".join(p.name for p in r.service.named) + (" from some ports" if r.service.sources != ALL else "")
    return (
        f"rank {r.rank} policy {r.policy}[{r.index}] {r.direction} at {r.at}: {r.src} -> {r.dst} "
        f"{r.service.fixed}|{named}, unsure {r.unsure} {r.when.text}: {r.action} {r.then.text}"
    )


def _smaller(rules: Rules) -> Iterator[Rules]:
    def with_(enforcers: tuple[Enforcer, ...]) -> Rules:
        return dataclasses.replace(rules, enforcers=enforcers)

    replace = msgspec.structs.replace
    for i in range(len(rules.endpoints)):
        yield dataclasses.replace(rules, endpoints=rules.endpoints[:i] + rules.endpoints[i + 1 :])
    for e, enforcer in enumerate(rules.enforcers):
        before, after = rules.enforcers[:e], rules.enforcers[e + 1 :]
        if len(rules.enforcers) > 1:
            yield with_((*before, *after))
        for t, tier in enumerate(enforcer.tiers):
            tiers = enforcer.tiers
            yield with_((*before, replace(enforcer, tiers=(*tiers[:t], *tiers[t + 1 :])), *after))
            for field in ("rules", "ends"):
                listed: Any = getattr(tier, field)
                for i in range(len(listed)):
                    less = replace(tier, **{field: (*listed[:i], *listed[i + 1 :])})
                    yield with_((*before, replace(enforcer, tiers=(*tiers[:t], less, *tiers[t + 1 :])), *after))


@settings(max_examples=300)
@given(SEEDS)
def test_the_engine_gives_exactly_the_outcomes_of_independent_uncertainties(seed: int) -> None:
    rules = random_rules(seed)
    assert next(wrong(rules), None) is None, told(rules)


@settings(max_examples=150)
@given(SEEDS)
def test_an_address_that_several_rules_read_is_covered(seed: int) -> None:
    """One address for all rules at once: fewer outcomes than if each were uncertain alone, none the engine lacks."""
    rules = random_rules(seed)
    network = Network(columns(rules.endpoints), rules.enforcers, (4,))
    ends = spots(rules, network, 4)
    mentioned = [IpSet.of("0.0.0.0/0"), *sets(rules)]
    unknown = next((e for e in rules.endpoints if e.is_in(4) and not e.v4), None)
    if unknown is None:
        return
    at = next(p for e, p in ends if e is unknown)
    for address in addresses_to_try(unknown, 4, mentioned)[:12]:
        oracle = Oracle(rules, 4, fixed={id(unknown): address})
        for other, p in ends:
            if other is unknown:
                continue
            for key in KEYS[::2]:
                for source, destination, pair in ((unknown, other, (at, p)), (other, unknown, (p, at))):
                    sides = network.tables[4].outcome(*pair, key)
                    for direction, (must, may) in zip(("egress", "ingress"), sides, strict=True):
                        outcomes = oracle.side(direction, source, destination, key)  # type: ignore[arg-type]
                        assert may or "allow" not in outcomes, f"seed {seed}: {address} {direction} may be allowed"
                        assert not must or "deny" not in outcomes, f"seed {seed}: {address} {direction} may be denied"


def sets(rules: Rules) -> Iterator[IpSet]:
    def of(peer: Any) -> Iterator[IpSet]:
        if isinstance(peer, Addresses):
            yield peer.addresses
        for part in (*getattr(peer, "parts", ()), *([peer.part] if hasattr(peer, "part") else [])):
            yield from of(part)

    for enforcer in rules.enforcers:
        for tier in enforcer.tiers:
            for rule in tier.rules:
                yield from of(rule.src)
                yield from of(rule.dst)


@settings(max_examples=150)
@given(SEEDS)
def test_an_edited_network_is_the_network_of_the_edited_rules(seed: int) -> None:
    """Twice in a row: some objects' rules go, others come; the oracle reads the rules that are left."""
    rng = random.Random(seed)
    rules = random_rules(seed)
    network = Network(columns(rules.endpoints), rules.enforcers, (4,))
    if rng.random() < 0.5:
        network.prove()
    for step in (1, 2):
        before = network
        was = {
            f: [t.rows_at(p) for t in (n.egress, n.ingress) for p in range(n.universe.n)]
            for f, n in before.tables.items()
        }
        delta, rules = edited(rules, rng, step)
        network = before.apply(delta)
        found = next(wrong(rules, network=network), None)
        assert found is None, f"seed {seed}, edit {step} ({delta}): {found}"
        now = {
            f: [t.rows_at(p) for t in (n.egress, n.ingress) for p in range(n.universe.n)]
            for f, n in before.tables.items()
        }
        assert was == now, f"seed {seed}: the edit changed the network it was made from"


def edited(rules: Rules, rng: random.Random, step: int) -> tuple[Delta, Rules]:
    """An edit of one tier, and the rules that it leaves."""
    e = rng.randrange(len(rules.enforcers))
    enforcer = rules.enforcers[e]
    t = rng.randrange(len(enforcer.tiers))
    old = enforcer.tiers[t]
    held = sorted({(x.origin.kind, x.origin.namespace, x.origin.name) for x in (*old.rules, *old.ends)})
    gone = frozenset(rng.sample(held, rng.randrange(len(held) + 1))) if held else frozenset()
    fresh = random_tier(rng, f"edit{step}") if rng.random() < 0.8 else Tier(name="", ties="ordered")
    replace = msgspec.structs.replace
    # in an ordered tier every rule has a rank of its own
    ranks = (
        [100 * step + i for i in range(len(fresh.rules))] if old.ties == "ordered" else [r.rank for r in fresh.rules]
    )
    added = tuple(replace(r, policy=r.policy + 100 * step, rank=n) for r, n in zip(fresh.rules, ranks, strict=True))

    def left(listed: Any) -> list[Any]:
        return [x for x in listed if (x.origin.kind, x.origin.namespace, x.origin.name) not in gone]

    now = replace(
        old, rules=tuple(sorted([*left(old.rules), *added], key=lambda r: r.rank)), ends=(*left(old.ends), *fresh.ends)
    )
    tiers = (*enforcer.tiers[:t], now, *enforcer.tiers[t + 1 :])
    enforcers = (*rules.enforcers[:e], replace(enforcer, tiers=tiers), *rules.enforcers[e + 1 :])
    return Delta(e, t, gone, added, fresh.ends), dataclasses.replace(rules, enforcers=enforcers)


def test_the_cases_are_of_every_sort() -> None:
    seen: Counter[str] = Counter()
    for seed in range(60):
        assert next(wrong(random_rules(seed), seen), None) is None
    whole = sum(seen.values())
    assert min(seen["allow"], seen["deny"], seen["allow+deny"]) > whole // 12, seen
