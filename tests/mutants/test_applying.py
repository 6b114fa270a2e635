"""The patches of the planted faults still fit the source, and each makes another program of it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.mutants.applying import DoesNotApply, apply, hunks, patches


@pytest.mark.parametrize("patch", patches(), ids=lambda p: p.stem)
def test_every_patch_applies_and_is_python(patch: Path, tmp_path: Path, root: Path) -> None:
    files = {hunk.file for hunk in hunks(patch)}
    assert all(file.startswith("src/netwright/") for file in files), "faults are planted in the product"
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / file, tmp_path / file)
    for path in apply(patch, tmp_path):
        compile(path.read_text(encoding="utf-8"), str(path), "exec")
        assert path.read_text(encoding="utf-8") != (root / path.relative_to(tmp_path)).read_text(encoding="utf-8")


def test_there_are_twenty_faults_and_more() -> None:
    names = [p.stem for p in patches()]
    assert len(names) >= 20
    assert [n[:2] for n in names] == [f"{i:02}" for i in range(1, len(names) + 1)]


PATCH = """--- a/src/x.py
+++ b/src/x.py
@@ -1,3 +1,3 @@
 one
-two
+zwei
 three
"""


def written(tmp_path: Path, text: str, patch: str = PATCH) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/x.py").write_text(text, encoding="utf-8")
    (tmp_path / "p.patch").write_text(patch, encoding="utf-8")
    return tmp_path / "p.patch"


@pytest.mark.parametrize("text", ["zero\none\ntwo\nthree\n", "1\ntwo\n3\n"])
def test_moved_lines_and_changed_context_do_no_harm(tmp_path: Path, text: str) -> None:
    apply(written(tmp_path, text), tmp_path)
    assert (tmp_path / "src/x.py").read_text(encoding="utf-8") == text.replace("two", "zwei")


@pytest.mark.parametrize(
    ("text", "told"), [("one\n2\nthree\n", "holds no longer `two`"), ("one\ntwo\nthree\n" * 2, "2 times")]
)
def test_a_patch_that_does_not_fit_says_so_and_changes_nothing(tmp_path: Path, text: str, told: str) -> None:
    patch = written(tmp_path, text)
    with pytest.raises(DoesNotApply, match=re.escape(told)):
        apply(patch, tmp_path)
    assert (tmp_path / "src/x.py").read_text(encoding="utf-8") == text


def test_a_file_that_has_gone_is_named(tmp_path: Path) -> None:
    patch = written(tmp_path, "one\n")
    (tmp_path / "src/x.py").unlink()
    with pytest.raises(DoesNotApply, match=re.escape("`src/x.py` is not there")):
        apply(patch, tmp_path)
