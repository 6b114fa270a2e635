"""`check` and `diff` in the formats that pipelines read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from netwright.cli.output import MEANINGS, Output, write_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netwright.questions.check import Checked, FailOn
    from netwright.twin import Twin

CHECK_FORMATS: Final = ("sarif",)
DIFF_FORMATS: Final = ()


def write_check(
    twin: Twin, checked: Checked, code: int, to: Output, *, fail_on: FailOn, show: Sequence[str], everything: bool
) -> None:
    """The findings in one of CHECK_FORMATS; `code` is the exit code, `show` the only codes that are wanted."""
    from netwright.render.finding_words import narrowed
    from netwright.render.repository import repository

    checked = narrowed(checked, show)
    provenance, meaning = twin.provenance, MEANINGS[code]
    if to.format == "sarif":
        from netwright.render.sarif import sarif

        write_json(sarif(checked, provenance, repository(), code=code, meaning=meaning), to)
