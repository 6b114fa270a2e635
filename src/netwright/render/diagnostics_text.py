"""Diagnostics on standard error: what, where, what it means, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from netwright.base.diagnostics import Diagnostic
from netwright.render.escape import plain
from netwright.render.styles import Style
from netwright.render.words import Words

STYLE: Final[dict[str, Style]] = {"error": "danger", "warning": "warning", "info": "heading"}
ORDER = {"error": 0, "warning": 1, "info": 2}


def diagnostics_text(found: Sequence[Diagnostic], words: Words, *, most: int = 5, verbose: bool = False) -> list[str]:
    """Errors first, at most `most` in full unless verbose; information only if verbose."""
    told = sorted((d for d in found if verbose or d.severity != "info"), key=lambda d: ORDER[d.severity])
    out: list[str] = []
    shown = told if verbose else told[:most]
    for d in shown:
        marks = ((f"{d.severity}[{d.code}]", STYLE[d.severity]),)
        out += words.fold(plain(f"{d.severity}[{d.code}]: {d.title}"), "    ", "", marks=marks)
        if d.where:
            out += words.fold(plain(d.where), "     ", f"   {words['corner']} ")
        if d.effect:
            out += words.fold(plain(d.effect), "             ", "   = effect  ")
        if d.help:
            out += words.fold(plain(d.help), "             ", "   = help    ")
    if len(told) > len(shown):
        out.append(f"… and {len(told) - len(shown)} more; -v shows all")
    return out
