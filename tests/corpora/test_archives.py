"""Dumps of what the corpora hold, as collecting tools write it: the same five numbers, counted by hand."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import netwright as nw
from tests.corpora.test_accounting import ACCOUNTS
from tests.dumps import must_gather, packed, unpacked

FOLDERS = ("kubevirt", "kubevirt-labs", "multus", "nmstate", "istio-authz", "kuberay", "metallb", "policy-recipes")


@pytest.mark.parametrize("name", FOLDERS)
def test_a_dump_has_the_numbers_of_the_folder(tmp_path: Path, corpora: Path, name: str) -> None:
    reading = nw.load(str(corpora / name)).snapshot.reading
    files = must_gather(_each_its_own([document.tree() for document in reading.documents]))
    for source in (packed(tmp_path / "must-gather.tar.gz", files), unpacked(tmp_path / "folder", files)):
        told = nw.load(str(source)).accounting
        assert (told.evaluated, told.irrelevant, told.not_understood, told.invalid, told.unreadable) == ACCOUNTS[name]


def _each_its_own(objects: list[Any]) -> list[Any]:
    """Examples name many things alike, and in a cluster there is one of a name."""
    seen: Counter[tuple[str, ...]] = Counter()
    for thing in objects:
        meta = thing["metadata"]
        key = (thing["apiVersion"], thing["kind"], meta.get("namespace", ""), meta.get("name", ""))
        if seen[key]:
            meta["name"] = f"{meta['name']}-{seen[key]}"
        seen[key] += 1
    return objects
