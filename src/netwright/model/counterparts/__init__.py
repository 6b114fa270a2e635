"""The words of vSphere and NSX, and what each becomes here.

`here` are words that `explain` knows (terms or API kinds), so that the way back is found by the same table.
"""

from __future__ import annotations

from typing import Final

from netwright.model.counterparts.counterpart import Counterpart
from netwright.model.counterparts.nsx import OF_NSX
from netwright.model.counterparts.vsphere import OF_VSPHERE

COUNTERPARTS: Final[tuple[Counterpart, ...]] = (*OF_VSPHERE, *OF_NSX)

__all__ = ["COUNTERPARTS", "Counterpart"]
