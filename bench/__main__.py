"""`python -m bench [NAME…] [--quick]`: runs the benches and compares them with their ceilings. Exit 1: one is over."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Iterator, Sequence

import bench
from bench.measure import Row, reference_loop, table
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
    quickest = reference_loop()
    print(f"reference loop: {quickest:.3f} CPU s, Python {sys.version.split()[0]}")
    over: list[Row] = []
    for name in options.names or list(BENCHES):
        report = BENCHES[name](options.quick)
        print(f"\n{name}: {_summary(name)}")
        print("\n".join([*report.notes, table(report.rows)]), flush=True)
        over += [row for row in report.rows if row.over]
        quickest = min([quickest, *(row.measured / row.loops for row in report.rows if row.loops)])
    print("\n".join(["", *told(over, quickest)]))
    return int(bool(over))


def told(over: Sequence[Row], quickest: float) -> Iterator[str]:
    """The rows over their ceilings; of CPU seconds also what they come to where the machine is as quick as it was at
    its best in the run, when a reference loop took `quickest` seconds."""
    yield "over its ceiling:" if over else "every ceiling held"
    for row in over:
        at_best = f"; {row.loops * quickest:.3g} at the quickest reference loop, {quickest:.3f} s" if row.loops else ""
        yield f"  {row.what}: {row.measured:.3g} of {row.ceiling:.3g} {row.unit}{at_best}"


def _summary(name: str) -> str:
    return (BENCHES[name].__doc__ or "").strip().splitlines()[0]


if __name__ == "__main__":
    sys.exit(main())
