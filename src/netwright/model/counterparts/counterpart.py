"""A word of another world, as data."""

from __future__ import annotations

from typing import Literal

import msgspec


class Counterpart(msgspec.Struct, frozen=True, kw_only=True):
    """A word of another world. `here` are the nearest words in Kubernetes and netwright, the best first."""

    word: str
    world: Literal["vSphere", "NSX"]
    here: tuple[str, ...]
    text: str
    aliases: tuple[str, ...] = ()


def counterpart(world: Literal["vSphere", "NSX"], word: str, here: str, text: str, *aliases: str) -> Counterpart:
    return Counterpart(word=word, world=world, here=tuple(here.split(", ")), text=text, aliases=aliases)
