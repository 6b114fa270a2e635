"""netwright: a digital twin of a Kubernetes network.

>>> import netwright as nw
>>> twin = nw.load("examples/shop")
>>> twin.eval([{"from": "shop/api", "to": "shop/db", "port": 5432}])[0].verdict
'allow'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netwright.base.errors import InternalError, NetwrightError, SourceError, UnknownReference, UsageError
from netwright.version import VERSION as __version__

if TYPE_CHECKING:
    from netwright.questions.registry import (
        BlastRadius,
        Check,
        Convert,
        Diff,
        Eval,
        Explain,
        Exposed,
        Query,
        Reach,
        Show,
        Why,
    )
    from netwright.sources import Part, split
    from netwright.twin import Twin, load

__all__ = [
    "BlastRadius",
    "Check",
    "Convert",
    "Diff",
    "Eval",
    "Explain",
    "Exposed",
    "InternalError",
    "NetwrightError",
    "Part",
    "Query",
    "Reach",
    "Show",
    "SourceError",
    "Twin",
    "UnknownReference",
    "UsageError",
    "Why",
    "__version__",
    "load",
    "split",
]


def __getattr__(name: str) -> Any:
    """`load`, `Twin` and what questions are asked with are imported when first used, so that `--help` stays quick."""
    if name in ("load", "Twin"):
        from netwright import twin

        return getattr(twin, name)
    if name in ("Part", "split"):
        from netwright import sources

        return getattr(sources, name)
    if name in __all__:
        from netwright.questions import registry

        return getattr(registry, name)
    raise AttributeError(f"module `netwright` has no attribute `{name}`")
