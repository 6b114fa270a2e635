"""What is known to go wrong with machines and their networks, rule by rule, and where netwright says it.

A rule is a sentence of the documents that it names. It is told by codes of findings, by the refusal of an object that
the API would not take (NW1007), or in another answer; where none of these can be, the reason stands here. So the table
says what is covered, and a test holds it to that. Rules: A bindings and live migration, B networks of OVN-Kubernetes,
C policies, E sizes of packets, F MAC addresses and claims.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Final

from netwright.model.machine_rules.rule import MachineRule, Refused

FAMILIES: Final = {
    "A": ("bindings", "Bindings and live migration"),
    "B": ("ovn_networks", "Networks of OVN-Kubernetes"),
    "C": ("policies", "Policies"),
    "E": ("packets", "Sizes of packets"),
    "F": ("macs", "MAC addresses and claims"),
}
"""The module of each family, and what it is about."""


REFUSAL: Final = "NW1007"
"""The code of objects that the API would not take."""


@cache
def machine_rules() -> tuple[MachineRule, ...]:
    """All rules, in order."""
    return tuple(rule for module, _ in FAMILIES.values() for rule in import_module(f"{__name__}.{module}").RULES)


def rules_of(code: str) -> tuple[MachineRule, ...]:
    """The rules that a code tells; of NW1007 those for which the API refuses objects."""
    return tuple(rule for rule in machine_rules() if code in rule.codes or (code == REFUSAL and rule.refused))


__all__ = ["FAMILIES", "MachineRule", "Refused", "machine_rules", "rules_of"]
