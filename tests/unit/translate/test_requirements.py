"""Requirements by the namespaces that they name: nothing that has to do with others is passed over."""

from __future__ import annotations

import itertools
import random

from netwright.base.selectors import ALWAYS, Has, Not, Selector, conjunction, equals, one_of
from netwright.translate.requirements import BySpace, Parts, excludes, follows, parts


def drawn(dice: random.Random) -> Parts:
    spaces: list[Selector] = [ALWAYS, one_of("ns", tuple(dice.sample("abc", k=dice.choice((1, 1, 2)))))]
    asked: list[Selector] = [dice.choice(spaces), dice.choice((ALWAYS, equals("k8s:app", "web"), Has("k8s:app")))]
    asked.append(dice.choice((ALWAYS, Not(equals("ns", "a")), equals("ns:team", "red"))))
    return next(parts(conjunction(*asked)))


def test_what_follows_or_meets_is_among_the_candidates() -> None:
    dice = random.Random(7)
    held = list(dict.fromkeys(drawn(dice) for _ in range(200)))
    index = BySpace((one, one) for one in held)
    for one, other in itertools.product(held, held):
        if follows(one, other):
            assert other in index.below(one)
            assert one in index.above(other)
        if not excludes(one, other):
            assert other in index.beside(one)
    assert any(len(index.below(one)) < len(held) for one in held)
    assert all(len(found) == len(set(found)) for one in held for found in [index.beside(one)])
