"""What a face hands over of two networks that were compared, alone or as one of several parts of its sources."""

from __future__ import annotations

from typing import Literal

import msgspec

from netwright.model.account import Provenance
from netwright.questions.diff import Diffed
from netwright.render.excerpt import Lines


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """A difference and what it rests on. `name`: of the part, "" where the sources are one network each. `only_in`: the
    side that alone has the part, "" where both have it. `workloads`: those of both networks. `lines`: of the files
    before and after, for a face that shows them."""

    name: str
    only_in: Literal["", "before", "after"]
    found: Diffed
    before: Provenance
    after: Provenance
    workloads: tuple[str, ...]
    exit_reasons: tuple[str, ...]
    lines: tuple[Lines, Lines] | None = None
