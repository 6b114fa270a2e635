"""A short run of the mutation fuzz; `make fuzz` runs it for long."""

from __future__ import annotations

from tests.hostile.fuzz_yaml import SEEDS, check, run


def test_mutated_manifests() -> None:
    counts = run(1_500, 20_240)
    # Shares that show the mutations neither break everything nor nothing.
    assert counts["objects"] > 1_000
    assert counts["unread"] > 300
    assert counts["compared"] > 400
    assert counts["positions"] > 5_000


def test_the_seeds_are_whole() -> None:
    counts = {"texts": 0, "objects": 0, "unread": 0, "compared": 0, "positions": 0}
    for seed in SEEDS:
        check(seed.encode(), counts)
    assert (counts["objects"], counts["unread"], counts["compared"]) == (5, 0, 3)
