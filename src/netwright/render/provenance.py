"""The part of every JSON answer that says what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from netwright.model.account import Provenance


def document(verb: str, provenance: Provenance, exit_reasons: Sequence[str], **content: Any) -> dict[str, Any]:
    """A JSON document: its schema, its content, then what it rests on."""
    built = msgspec.to_builtins(provenance)
    return {
        "schema": f"netwright.{verb}/v1",
        **content,
        "version": built["version"],
        "inputs": built["inputs"],
        "documents": built["documents"],
        "profile": built["profile"],
        "assumptions": built["assumptions"],
        "diagnostics": built["diagnostics"],
        "exit_reasons": list(exit_reasons),
    }
