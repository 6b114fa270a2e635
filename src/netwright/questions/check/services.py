"""Services and what is behind them."""

from __future__ import annotations

from collections.abc import Iterator

from netwright.questions.check.found import Found, field
from netwright.questions.check.scene import Scene


def checks(scene: Scene) -> Iterator[Found]:
    yield from without_endpoints(scene)


def without_endpoints(scene: Scene) -> Iterator[Found]:
    """NW4001: a Service whose selector selects no pod (Service concept page, "Services without selectors" aside)."""
    for service in scene.cluster.services:
        if service.selected is None or service.selected or service.perhaps_selected:
            continue
        yield Found(
            "NW4001",
            field(service.origin, "spec", "selector"),
            f"Service `{service.namespace}/{service.name}` selects no pod",
            label="no pod of the namespace has these labels",
            effect="connections to it are refused",
            help="correct the selector, or delete the Service",
        )
