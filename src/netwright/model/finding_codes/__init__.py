"""The codes of findings: NW2… policies, NW3… isolation and exposure, NW4… Services and Ingresses, NW5… the cluster.

A code is for ever; a retired one is never used again. One module a family; each example is a whole manifest.
"""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.coverage import COVERAGE
from netwright.model.finding_codes.ports import PORTS
from netwright.model.finding_codes.sections import SECTIONS
from netwright.model.finding_codes.services import SERVICES

FINDING_CODES: Final[tuple[FindingCode, ...]] = tuple(
    sorted((*SECTIONS, *PORTS, *COVERAGE, *SERVICES), key=lambda code: code.code)
)
ABSENCE: Final = frozenset({"NW2104", "NW4001"})
"""Codes that say that something is not there. They are withheld where a text that could hold it was not read."""
