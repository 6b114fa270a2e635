"""What an answer rests on."""

from __future__ import annotations

import msgspec

from netwright.base.diagnostics import Diagnostic
from netwright.model.document import Accounting, Input

__all__ = ["Accounting", "Provenance"]


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
