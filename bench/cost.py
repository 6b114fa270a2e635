"""Cost against size: first pods grow, then policies. `python -m bench.cost FILE.svg` draws it.

Each point is a process of its own that compiles and proves a generated cluster with 30 admin policies.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bench.measure import Report, Row
from bench.registry import bench

NAMESPACES = 500
SERIES = (
    ("pods, under 10,000 policies", [(n, 10_000) for n in (62_500, 125_000, 250_000, 500_000, 1_000_000)]),
    ("policies, over 250,000 pods", [(250_000, n) for n in (625, 1_250, 2_500, 5_000, 10_000)]),
)


class Point(NamedTuple):
    """A cluster's size, and what it cost: CPU seconds, peak resident bytes."""

    pods: int
    policies: int
    identities: int
    cpu_s: float
    peak_bytes: float


def measured(pods: int, policies: int) -> Point:
    """One cluster in a process of its own."""
    command = [sys.executable, "-m", "bench.million", "admin", str(pods), str(policies), str(NAMESPACES)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return Point(pods, policies, found["identities"], found["cpu_s"], found["peak_bytes"])


@bench("cost")
def cost(quick: bool) -> Report:
    """CPU seconds and memory as pods and policies grow, each sixteenfold."""
    report = Report()
    for name, sizes in SERIES:
        points = [measured(*size) for size in (sizes[:2] if quick else sizes)]
        for p in points:
            report.rows.append(Row(what=f"{p.pods:,} pods, {p.policies:,} policies", measured=p.cpu_s, unit="CPU s"))
        first, last = points[0], points[-1]
        grown = last.pods * last.policies / (first.pods * first.policies)
        report.rows.append(
            Row(
                what=f"{grown:.0f} times the {name}: CPU",
                measured=last.cpu_s / first.cpu_s,
                unit="times",
                ceiling=grown,
            )
        )
    return report


# --- the drawing --------------------

WIDTH, HEIGHT, LEFT, TOP, GAP = 360, 260, 56, 34, 60


def drawing(panels: Sequence[tuple[str, Sequence[Point]]]) -> str:
    """Two log-log panels side by side: CPU seconds over size, with a dashed line that is linear."""
    width = len(panels) * (WIDTH + LEFT) + GAP
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {TOP + HEIGHT + 56}" role="img" '
        'font-family="sans-serif" font-size="12"><title>CPU seconds against size</title>',
        f'<rect width="{width}" height="{TOP + HEIGHT + 56}" fill="#fff"/>',
    ]
    for i, (name, points) in enumerate(panels):
        out += _panel(LEFT + i * (WIDTH + LEFT), name, points)
    return "\n".join([*out, "</svg>", ""])


def _panel(x0: float, name: str, points: Sequence[Point]) -> list[str]:
    sizes = [p.pods if len({q.pods for q in points}) > 1 else p.policies for p in points]
    low, high = 0.1, 10.0
    first, last = math.log(sizes[0]), math.log(sizes[-1])

    def x(size: float) -> float:
        return x0 + 16 + (math.log(size) - first) / (last - first) * (WIDTH - 32)

    def y(seconds: float) -> float:
        return TOP + HEIGHT - (math.log(seconds) - math.log(low)) / (math.log(high) - math.log(low)) * HEIGHT

    out = [f'<text x="{x0}" y="{TOP - 14}" font-weight="bold">CPU seconds against {name}</text>']
    for tick in (0.1, 0.3, 1, 3, 10):
        out.append(f'<path d="M{x0} {y(tick):.1f}h{WIDTH}" stroke="#ddd"/>')
        out.append(f'<text x="{x0 - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for size in sizes:
        out.append(f'<text x="{x(size):.1f}" y="{TOP + HEIGHT + 18}" text-anchor="middle">{size:,}</text>')
    ends = (sizes[0], points[-1].cpu_s * sizes[0] / sizes[-1]), (sizes[-1], points[-1].cpu_s)
    (a, b), (c, d) = [(x(size), y(max(low, seconds))) for size, seconds in ends]
    out.append(f'<path d="M{a:.1f} {b:.1f}L{c:.1f} {d:.1f}" stroke="#888" stroke-dasharray="5 4" fill="none"/>')
    out.append(f'<text x="{a:.1f}" y="{TOP + HEIGHT + 40}" fill="#666">dashed: linear, from the largest back</text>')
    line = " ".join(f"{x(s):.1f},{y(p.cpu_s):.1f}" for s, p in zip(sizes, points, strict=True))
    out.append(f'<polyline points="{line}" fill="none" stroke="#0b62a4" stroke-width="2"/>')
    for s, p in zip(sizes, points, strict=True):
        out.append(f'<circle cx="{x(s):.1f}" cy="{y(p.cpu_s):.1f}" r="3.5" fill="#0b62a4"/>')
        out.append(f'<text x="{x(s):.1f}" y="{y(p.cpu_s) - 9:.1f}" text-anchor="middle">{p.cpu_s:.2g}</text>')
    return out


if __name__ == "__main__":
    found = [(name, [measured(*size) for size in sizes]) for name, sizes in SERIES]
    for _, points in found:
        for p in points:
            print(f"| {p.pods:,} | {p.policies:,} | {p.identities:,} | {p.cpu_s:.2f} | {p.peak_bytes / 1e6:,.0f} |")
    Path(sys.argv[1]).write_text(drawing(found), "utf-8")
