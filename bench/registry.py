"""The benches by name. A bench is a function from `quick` (smaller inputs, one run) to a report."""

from __future__ import annotations

from collections.abc import Callable

from bench.measure import Report

Bench = Callable[[bool], Report]
BENCHES: dict[str, Bench] = {}


def bench(name: str) -> Callable[[Bench], Bench]:
    """Registers a bench under `name`; the first line of its docstring says what it measures."""

    def register(function: Bench) -> Bench:
        if name in BENCHES:
            raise ValueError(f"two benches are called `{name}`")
        BENCHES[name] = function
        return function

    return register
