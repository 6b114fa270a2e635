"""The account of the documents: what became of every one of them."""

from __future__ import annotations

import msgspec

from netwright.base.diagnostics import Diagnostic
from netwright.model.document import Input


class Accounting(msgspec.Struct, frozen=True, kw_only=True):
    """Five numbers that add up to all documents (objects, after `List` kinds are taken apart)."""

    evaluated: int = 0
    irrelevant: int = 0
    not_understood: int = 0
    invalid: int = 0
    unreadable: int = 0

    @property
    def total(self) -> int:
        return self.evaluated + self.irrelevant + self.not_understood + self.invalid + self.unreadable


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer rests on: version, inputs with digests, the account, the profile, what was assumed."""

    version: str
    inputs: tuple[Input, ...]
    documents: Accounting
    profile: str
    assumptions: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def is_partial(self) -> bool:
        """Whether part of the input could not be used: unreadable, or refused by its API, or a template."""
        return any(d.severity == "error" for d in self.diagnostics)
