"""Packets of a pod to itself: which of them count among those of a question.

By its own address a pod always reaches itself, and of a group of pods asked about, pods that differ are meant. A
Service leads its clients to any of its endpoints, themselves among them (page "Debug Services", a Pod fails to reach
itself via the Service IP): there the client counts beside endpoints that all refuse it, for then it is all that may
answer. What other endpoints take says more of the Service than how a network brings packets back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from netwright.engine.inquire import Inquirer, Part

_REPLICATED = ("deploy", "sts", "rs", "rc", "vm", "vmirs", "vmpool")
"""Workloads that have as many pods as their object says."""


def led_back(inquirer: Inquirer, sources: Iterable[int], backends: Iterable[int]) -> tuple[int, ...]:
    """The rows that are clients of a Service and stand behind it: pods with a network of their own."""
    host = inquirer.network.columns.host
    wanted = set(sources)
    return tuple(row for row in dict.fromkeys(backends) if row in wanted and row >= 0 and not host[row])


def is_one_pod(inquirer: Inquirer, row: int) -> bool:
    """Whether a row is one pod, or the one replica of a template: there is no other pod of it."""
    columns = inquirer.network.columns
    kind = inquirer.cluster.workloads[int(columns.workload[row])].kind
    return bool(columns.single[row]) or (kind in _REPLICATED and int(columns.replicas[row]) == 1)


def without_itself(parts: Sequence[Part]) -> list[Part]:
    """Of a group, pods that differ are meant: a pod's packets to itself count only where there are no others."""
    return [p for p in parts if not _is_to_itself(p)] or list(parts)


def through_service(parts: Sequence[Part]) -> list[Part]:
    """Of packets to a Service in one family, those of a client to itself count only where all others are denied."""
    others = [p for p in parts if not _is_to_itself(p)]
    return list(parts) if all(p.outcome.verdict == "deny" for p in others) else others


def _is_to_itself(part: Part) -> bool:
    return part.outcome.relation in ("self", "hairpin")
