"""The contents that act in one direction: their units by number, and what they ask of the names of ports.

Nothing here hangs on who is told apart, so a network shares it with its edits, by which it only grows. Contents that
name ports are the same at subjects whose port maps say the same of these names: the first such port map stands for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from netwright.engine.units import Unit, is_unread
from netwright.model.columns import PortMap
from netwright.model.rule import Direction, NamedPort

if TYPE_CHECKING:
    import numpy.typing as npt


class Contents:
    """`of`: a unit of every content. `naming`: of each content that names ports, by port map the one that stands for
    it."""

    def __init__(self, of: dict[int, Unit], direction: Direction, port_maps: Sequence[PortMap]) -> None:
        self.of = of
        self.direction = direction
        self.port_maps = port_maps
        self.naming: dict[int, list[int]] = {}
        self._aliases_of: dict[frozenset[NamedPort], list[int]] = {}
        self._names: dict[int, frozenset[NamedPort]] = {}
        self._joined: dict[frozenset[tuple[NamedPort, ...]], frozenset[NamedPort]] = {}
        self._same_names: dict[frozenset[NamedPort], frozenset[NamedPort]] = {}
        for content, unit in of.items():
            if unit.names_ports:
                self._name(content, unit)

    def learn(self, unit: Unit) -> None:
        """Take in the content of a unit that an edit brought."""
        if unit.content in self.of:
            return
        self.of[unit.content] = unit
        if unit.names_ports:
            self._name(unit.content, unit)

    def _name(self, content: int, unit: Unit) -> None:
        said = frozenset([rule.service.named for rule in unit.rules])
        names = self._joined.get(said)
        if names is None:
            joined = frozenset(chain.from_iterable(said))
            names = self._joined[said] = self._same_names.setdefault(joined, joined)
        self._names[content] = names
        self.naming[content] = self._alike(names)

    def _alike(self, names: frozenset[NamedPort]) -> list[int]:
        """For every port map the first one that says the same of the names."""
        found = self._aliases_of.get(names)
        if found is None:
            said = {(port.name, port.protocol) for port in names}
            firsts: dict[frozenset[tuple[str, int, int]], int] = {}
            found = self._aliases_of[names] = [
                firsts.setdefault(frozenset(entry for entry in ports if entry[:2] in said), number)
                for number, ports in enumerate(self.port_maps)
            ]
        return found

    def aliases(self, contents: int) -> npt.NDArray[np.int64]:
        """By content (numbers below `contents`) and port map: the port map that stands for it, 0 without names."""
        table = np.zeros((contents, len(self.port_maps)), dtype=np.int64)
        naming: dict[frozenset[NamedPort], list[int]] = {}
        for content, names in self._names.items():
            naming.setdefault(names, []).append(content)
        for names, these in naming.items():
            table[these] = self._alike(names)
        return table

    def are_naming(self, contents: int) -> npt.NDArray[np.bool_]:
        """By content (numbers below `contents`): whether it names ports."""
        found = np.zeros(contents, dtype=np.bool_)
        found[list(self.naming)] = True
        return found

    def alias(self, key: tuple[int, ...], port_map: int) -> int:
        """The port map that stands for one at a class of these contents; 0 where they name no ports."""
        naming, only, several = self.naming, None, False
        for c in key:
            alike = naming.get(c >> 1)
            if alike is not None and alike is not only:
                several = several or only is not None
                only = alike
        if not several:  # by far the most
            return 0 if only is None else only[port_map]
        said = frozenset().union(*[names for c in key if (names := self._names.get(c >> 1)) is not None])
        return self._alike(said)[port_map]

    def read(self, key: tuple[int, ...]) -> tuple[int, ...]:
        """The contents of a class that are policies which are read."""
        units = [(c, self.of[c >> 1]) for c in key]
        return tuple(c for c, unit in units if not unit.rules or not is_unread(unit.rules[0].origin))

    def of_enforcer(self, key: tuple[int, ...], enforcer: int) -> tuple[int, ...]:
        """The contents of a class that are one enforcer's."""
        return tuple(c for c in key if self.of[c >> 1].enforcer == enforcer)

    def named_ports(self, key: tuple[int, ...], port_map: int) -> frozenset[tuple[str, int, int]]:
        """What a port map says of the names that these contents mention."""
        if self.direction != "ingress":
            return frozenset()
        said = {(port.name, port.protocol) for c in key for port in self._names.get(c >> 1, ())}
        return frozenset(entry for entry in self.port_maps[port_map] if entry[:2] in said) if said else frozenset()
