"""A rule about machines and their networks, as data."""

from __future__ import annotations

import msgspec


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A manifest that the API would not take for a rule, and some of the words with which NW1007 says so."""

    manifest: str
    words: str


class MachineRule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule. `gates` are predicates of `model.version_gates` that it hangs on. `otherwise` says where else netwright
    answers it, or why it says nothing; it is there where `codes` and `refused` do not cover all of the rule."""

    rule: str
    says: str
    source: str
    codes: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()
    otherwise: str = ""


def rule(
    name: str,
    says: str,
    source: str,
    codes: str = "",
    *refused: tuple[str, str],
    gates: tuple[str, ...] = (),
    otherwise: str = "",
) -> MachineRule:
    """A rule; `codes` stand with blanks between them."""
    return MachineRule(
        rule=name,
        says=says,
        source=source,
        codes=tuple(codes.split()),
        gates=gates,
        refused=tuple(Refused(manifest=manifest, words=words) for manifest, words in refused),
        otherwise=otherwise,
    )
