"""`python -m bench [NAME…] [--quick]`: runs the benches and compares them with their ceilings.

CPU seconds that are over are told once more at the pace at which the ceilings were set. Exit 1: some are over even so.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import bench
from bench.measure import Row, pace, reference_loop, table
from bench.registry import BENCHES

_MACHINERY = ("__main__", "columns", "generate", "measure", "registry")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the named benches, all of them without a name."""
    for module in sorted(module.name for module in pkgutil.iter_modules(bench.__path__)):
        if module not in _MACHINERY:
            importlib.import_module(f"bench.{module}")
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="measure netwright against its ceilings",
        epilog="\n".join(f"  {name:<12} {_summary(name)}" for name in BENCHES),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="benches to run; all without a name")
    parser.add_argument("--quick", action="store_true", help="small inputs, one run each: does it work, not how fast")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in BENCHES]
    if unknown:
        parser.error(f"no bench is called `{unknown[0]}`; there are: {', '.join(BENCHES)}")
    now = pace(1) if options.quick else pace()
    print(f"Python {sys.version.split()[0]}; {now}")
    over: list[Over] = []
    for name in options.names or list(BENCHES):
        report = BENCHES[name](options.quick)
        print(f"\n{name}: {_summary(name)}")
        print("\n".join([*report.notes, table(report.rows)]), flush=True)
        beside = reference_loop() if any(row.over and row.loops is None for row in report.rows) else 0.0
        over += [Over(row, at_pace(row, beside, now.loop_there_s)) for row in report.rows if row.over]
    print("\n".join(["", *told(over)]))
    return int(any(one.even_so for one in over))


class Over(NamedTuple):
    """A row over its ceiling, and what it comes to, in its unit, at the pace at which the ceilings were set.
    None: it is no CPU time."""

    row: Row
    at_pace: float | None

    @property
    def even_so(self) -> bool:
        """Whether it is over its ceiling at that pace too."""
        return self.at_pace is None or self.at_pace > (self.row.ceiling or 0)


def at_pace(row: Row, beside: float, loop_there: float) -> float | None:
    """`beside`: a reference loop for rows without their own, CPU s; `loop_there`: one where the ceilings were set."""
    if not row.unit.startswith("CPU"):
        return None
    return row.loops * loop_there if row.loops else row.measured / beside * loop_there


def told(over: Sequence[Over]) -> Iterator[str]:
    """The rows over their ceilings: those that are at the pace of the ceilings too, then those that are not."""
    slow = [one for one in over if not one.even_so]
    wrong = [one for one in over if one.even_so]
    if not wrong:
        yield "every ceiling held" + (" at the pace at which it was set" if slow else "")
    for title, these in (
        ("over its ceiling:", wrong),
        ("over its ceiling only because the machine is slow now:", slow),
    ):
        if these:
            yield title
        for row, there in these:
            then = f"; {there:.3g} at the pace at which it was set" if there is not None else ""
            yield f"  {row.what}: {row.measured:.3g} of {row.ceiling:.3g} {row.unit}{then}"


def _summary(name: str) -> str:
    return (BENCHES[name].__doc__ or "").strip().splitlines()[0]


if __name__ == "__main__":
    sys.exit(main())
