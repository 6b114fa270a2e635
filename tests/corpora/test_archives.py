"""Dumps of what the corpora hold, as collecting tools write it: the same five numbers, counted by hand."""

from __future__ import annotations

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
    objects: list[Any] = [document.tree() for document in reading.documents]
    files = must_gather(objects)
    for source in (packed(tmp_path / "must-gather.tar.gz", files), unpacked(tmp_path / "folder", files)):
        told = nw.load(str(source)).accounting
        assert (told.evaluated, told.irrelevant, told.not_understood, told.invalid, told.unreadable) == ACCOUNTS[name]
