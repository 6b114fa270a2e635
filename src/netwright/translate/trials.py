"""The network that conversions are tried on, and which of many changes it bears."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeVar

from netwright.base.selectors import Selector
from netwright.base.services import ServiceSet
from netwright.model.document import Decoded
from netwright.profiles.profile import Profile
from netwright.translate.conversion import Turned
from netwright.translate.thinning import Thinning

MOST_TRIES: Final = 400
"""Networks that are compiled to find out what may be dropped and what can be said."""
T = TypeVar("T")


class Trial(Protocol):
    """The network of the input, under the profile that enforces what is converted."""

    @property
    def source(self) -> Profile: ...

    def moved(self, objects: Sequence[Decoded], beside: ServiceSet) -> tuple[Turned, ...]:
        """What differs from the input once these are its objects, but for services `beside`."""

    def thinning(self, objects: Sequence[Decoded], beside: ServiceSet) -> Thinning | None:
        """The network of objects, to take policies out of it; None where something differs from the input already."""

    def is_same(self, before: Sequence[Decoded], after: Sequence[Decoded]) -> bool:
        """Whether the rules of objects are the same, whatever pods there are."""

    def has_pod(self, selector: Selector) -> bool:
        """Whether a selector selects a pod."""

    def selected(self, selector: Selector) -> frozenset[int]:
        """Which of the kinds of pods that the rules tell apart a selector selects."""


def unfit(group: Sequence[T], change: Callable[[T, bool], None], fails: Callable[[], bool]) -> list[T]:
    """Makes changes that together do not fail, and undoes the others, which are what is returned: all at once, else
    one half and then the other."""
    if not group:
        return []
    for one in group:
        change(one, True)
    if not fails():
        return []
    for one in group:
        change(one, False)
    if len(group) == 1:
        return list(group)
    half = len(group) // 2
    first = unfit(group[:half], change, fails)
    return [*first, *unfit(group[half:], change, fails)]
