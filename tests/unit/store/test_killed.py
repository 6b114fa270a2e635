"""A store that is killed at any moment opens, and holds all that was acknowledged.

A process of its own takes a snapshot and ends itself, without any clean-up, right before, within or right after one
call of the system after the other; then it is killed at random times by SIGKILL.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import netwright as nw
from netwright.store import files
from netwright.store.files import Folder
from netwright.store.reading import listed
from netwright.store.taking import digests_of, take
from tests import ptrace

RANDOM_KILLS = 200
CALLS = ("open", "write", "fsync", "close", "replace", "makedirs", "unlink", "stat", "walk")
MANIFEST = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
"""


class Ending:
    """Stands for `os`: counts its calls, and ends the process at one of them: before, half-way of a write, or after."""

    def __init__(self, at: int, when: str) -> None:
        self.at, self.when, self.count = at, when, 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(os, name)
        if name not in CALLS:
            return found

        def call(*arguments: Any, **options: Any) -> Any:
            self.count += 1
            if self.count == self.at and self.when == "before":
                os._exit(9)
            if self.count == self.at and self.when == "half" and name == "write":
                found(arguments[0], arguments[1][: len(arguments[1]) // 2])
                os._exit(9)
            done = found(*arguments, **options)
            if self.count == self.at:
                os._exit(9)
            return done

        return call


def forked(work: Callable[[int], None]) -> tuple[int, int]:
    """A process that does the work and writes what it acknowledges into a pipe: its number, and the other end."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            work(writes)
        finally:
            os._exit(0)
    os.close(writes)
    return child, reads


def said(reads: int) -> set[str]:
    with open(reads, encoding="ascii") as stream:
        return {line.rstrip("\n") for line in stream if len(line) == 65}


def taking(twin: nw.Twin, store: Path) -> str:
    snapshot = twin.snapshot
    return take(Folder(str(store)), snapshot.reading, snapshot.objects, twin.provenance)


def loaded(path: Path, text: str) -> nw.Twin:
    path.write_text(text)
    return nw.load(str(path))


def holds(store: Path, acknowledged: set[str]) -> set[str]:
    """The snapshots of a store, each with all of its content; those that were acknowledged among them."""
    found = listed(Folder(str(store)))
    for one in found:
        for digest in digests_of(one.blobs, one.manifest):
            one.blobs.get(digest)
        assert nw.load(f"snapshot:{one.id}", store=str(store)).accounting == one.manifest.documents
    ids = {one.id for one in found}
    assert acknowledged <= ids, acknowledged - ids
    return ids


def test_killed_at_every_call_of_a_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "store"
    first = taking(loaded(tmp_path / "a.yaml", MANIFEST.replace("web", "db")), store)
    twin = loaded(tmp_path / "a.yaml", MANIFEST)
    counting = Ending(0, "")
    monkeypatch.setattr(files, "os", counting)
    taking(twin, tmp_path / "other")
    monkeypatch.undo()
    assert counting.count > 50
    met = 0
    fresh = tmp_path / "fresh"
    for at in range(1, counting.count + 1):
        for when in ("before", "half", "after"):
            shutil.rmtree(fresh, ignore_errors=True)
            shutil.copytree(store, fresh)

            def work(writes: int, at: int = at, when: str = when) -> None:
                files.os = Ending(at, when)  # type: ignore[assignment]
                taken = taking(twin, fresh)
                os.write(writes, taken.encode() + b"\n")

            child, reads = forked(work)
            acknowledged = said(reads)
            ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            assert ended == (0 if acknowledged else 9)
            met += ended == 9
            holds(fresh, {first, *acknowledged})
    assert met > 100
    # what is left behind does not hinder the next one
    holds(fresh, {first, taking(twin, fresh)})


def test_killed_in_every_system_call_that_changes_files(tmp_path: Path) -> None:
    """By the kernel, at the entry and at the exit of each; writes to the pipe of what is acknowledged count too."""
    if reason := ptrace.refused():
        pytest.skip(reason)
    store, fresh = tmp_path / "store", tmp_path / "fresh"
    first = taking(loaded(tmp_path / "a.yaml", MANIFEST.replace("web", "db")), store)
    twin = loaded(tmp_path / "a.yaml", MANIFEST)
    met: set[str] = set()

    def killed(at: int, when: str) -> int:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(store, fresh)
        reads, writes = os.pipe()
        count, name = ptrace.traced(lambda: os.write(writes, taking(twin, fresh).encode() + b"\n"), at, when)
        os.close(writes)
        holds(fresh, {first, *said(reads)})
        met.add(name)
        return count

    most = killed(0, "entry")
    assert most > 30
    for at in range(1, most + 1):
        for when in ("entry", "exit"):
            assert killed(at, when) == at
    assert met >= {"write", "fsync"}
    assert met & {"openat", "open"}
    assert any(name.startswith("rename") for name in met)
    # what is left behind does not hinder the next one
    holds(fresh, {first, taking(twin, fresh)})


def test_killed_at_random_times(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    store = tmp_path / "store"
    twins = [loaded(tmp_path / f"{i}.yaml", MANIFEST.replace("web", f"web-{seed}-{i}")) for i in range(20)]
    started = time.monotonic()
    for twin in twins[:5]:
        taking(twin, store)
    each_s = (time.monotonic() - started) / 5
    acknowledged: set[str] = set()
    for number in range(RANDOM_KILLS):

        def work(writes: int) -> None:
            for twin in twins:
                os.write(writes, taking(twin, store).encode() + b"\n")

        child, reads = forked(work)
        time.sleep(dice.random() * each_s * 3)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        acknowledged |= said(reads)
        if number % 50 == 49:
            holds(store, acknowledged)
    assert acknowledged, "no snapshot was taken in time: the test shows nothing"


def test_a_full_disk_is_told_and_harms_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "store"
    first = taking(loaded(tmp_path / "a.yaml", MANIFEST), store)
    other = loaded(tmp_path / "a.yaml", MANIFEST.replace("web", "db"))

    def full(handle: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "write", full)
    with pytest.raises(nw.UsageError, match="cannot be written: no space left"):
        taking(other, store)
    monkeypatch.undo()
    assert holds(store, {first}) == {first}
    assert not list(store.rglob("*.partial"))
