"""What every test may use: one printed seed, and the manifests of public projects where they are at hand."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parents[1]

FIRST = ("cluster/", "browser/", "e2e/", "docs/", "test_watch.py", "laws/", "test_agreement")
"""Where the tests are that take long, the longest first."""

# Machines differ: nothing here is judged by the clock, and a slow example is not a failure.
hypothesis.settings.register_profile(
    "netwright", deadline=None, print_blob=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("netwright")


def seed_of_the_tree() -> int:
    """A number that every change of the source or of a test changes, and nothing else does."""
    digest = hashlib.sha256()
    for path in sorted(path for folder in ("src", "tests") for path in (ROOT / folder).rglob("*.py")):
        digest.update(f"{path.relative_to(ROOT).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return int.from_bytes(digest.digest()[:4], "big") >> 1


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Takes the seed of the run from NETWRIGHT_SEED or the tree, and hands it to everything that draws at random."""
    # The worker processes of xdist inherit the environment, so they all have the seed that is printed.
    seed = int(os.environ.setdefault("NETWRIGHT_SEED", str(seed_of_the_tree())))
    for option in ("hypothesis_seed", "randomly_seed"):
        if getattr(config.option, option, None) in (None, "default"):
            setattr(config.option, option, seed)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first, so that no process is left alone with it; tests that share a server stay together.

    Within each place the order stays random.
    """

    def rank(item: pytest.Item) -> int:
        place = item.nodeid.removeprefix("tests/")
        return next((i for i, first in enumerate(FIRST) if place.startswith(first)), len(FIRST))

    items.sort(key=rank)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line(f"seed of this run: NETWRIGHT_SEED={os.environ['NETWRIGHT_SEED']} repeats it")


@pytest.fixture(scope="session")
def seed() -> int:
    """The seed of this run; derive yours from it and name both in the message of a failure."""
    return int(os.environ["NETWRIGHT_SEED"])


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the clone."""
    return ROOT


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder with the manifests of public projects: NETWRIGHT_CORPORA, or `../shared/corpora` beside the clone."""
    folder = Path(os.environ.get("NETWRIGHT_CORPORA") or ROOT.parent / "shared" / "corpora")
    if not folder.is_dir():
        pytest.skip("the corpora are absent: NETWRIGHT_CORPORA names no folder")
    return folder
