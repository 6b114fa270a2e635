"""How the twin tells machines whose guest does not get all that comes to its launcher pod."""

from __future__ import annotations

from typing import Final

ENFORCER: Final = "machine interfaces"
"""The name of the enforcer that stands between launcher pods and guests. It is no policy, and isolates nothing."""
MACHINE: Final = "vm:machine"
"""The attribute of such endpoints: `KIND NAMESPACE/NAME` of the object that says so."""
