"""Cilium's own policy engine for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.judges.cilium_judge import Judge, unavailable


@pytest.fixture(scope="module")
def engine() -> Iterator[Judge]:
    """The running judge; skipped with the reason where it cannot be built."""
    reason = unavailable()
    if reason:
        pytest.skip(reason)
    with Judge() as running:
        yield running
