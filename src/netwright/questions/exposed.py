"""`show exposed`: the ways from the internet into the cluster, each as a chain of verdicts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from netwright.base.services import protocol_name
from netwright.base.spans import Origin, Position
from netwright.engine.exposure import exposures
from netwright.engine.inquire import Inquirer
from netwright.model.references import FROM_INTERNET
from netwright.questions.registry import Asked, Exposed


class ExposedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One way in: Service and port (the workload's, where no Service leads to it), how (`via`, `entry`), the workloads
    it ends at, the verdict, the chain in words."""

    service: str
    port: int
    protocol: str
    via: str
    entry: str
    workload: str
    verdict: Literal["allow", "some", "deny", "undecided"]
    chain: tuple[str, ...]
    place: str = ""


def answer(twin: Asked, params: Exposed) -> list[ExposedRow]:
    return exposed(twin.inquirer, twin.locate)


def exposed(inquirer: Inquirer, locate: Callable[[Origin], Position | None]) -> list[ExposedRow]:
    """All ways in, danger first."""
    rows = []
    services = {s.ref: s.origin for s in inquirer.cluster.services}
    for way in exposures(inquirer, FROM_INTERNET):
        origin = services.get(way.service) or next((s.origin for s in way.steps if s.origin), None)
        place = locate(origin) if origin else None
        rows.append(
            ExposedRow(
                service=way.service,
                port=way.port,
                protocol=protocol_name(way.protocol),
                via=way.via,
                entry=way.entry,
                workload=", ".join(way.workloads),
                verdict=way.verdict,
                chain=tuple(f"{s.verdict}: {s.text}" for s in way.steps),
                place=str(place) if place else "",
            )
        )
    order = {"allow": 0, "some": 1, "undecided": 2, "deny": 3}
    return sorted(rows, key=lambda r: (order[r.verdict], r.service, r.port, r.via, r.entry))
