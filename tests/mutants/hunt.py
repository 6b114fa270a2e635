"""Runs inside the copy with a fault in it: spec against engine, until they differ. Exit 1 when they do."""

from __future__ import annotations

import sys

from tests.agreement import check


def main(clusters: int) -> int:
    for seed in range(clusters):
        found = check(seed, 100).disagreements
        if found:
            print(found[0])
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
