"""Texts and folders made to harm: each read with bounded memory, answered by a diagnostic, ended by itself.

Beside every hostile text stands a good document in the same file where it can, and a good file in the same folder.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SPACE = 1 << 30
"""Bytes of address space a reader of small files gets."""
WALL_S = 120
NOBODY = 65534
GOOD = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: good\n"
HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: bad\n"


def run(folder: Path, *, space: int = SPACE, user: int = -1) -> dict[str, Any]:
    """What the reader printed about the folder. A signal, a traceback or too long a time fails the test."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("child.py")), str(folder), str(space), str(user)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        timeout=WALL_S,
        check=False,
    )
    assert done.returncode in (0, 3), f"exit {done.returncode}: {done.stderr.decode()[-2000:]}"
    assert not done.stderr, done.stderr.decode()[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def read_with_good(tmp_path: Path, text: str | bytes, *, name: str = "bad.yaml", space: int = SPACE) -> dict[str, Any]:
    """A folder of a good file and one with a good, the hostile and a good document."""
    body = text if isinstance(text, bytes) else text.encode()
    separator = b"" if name.endswith(".json") else b"---\n"
    good = b"" if name.endswith(".json") else GOOD.encode()
    (tmp_path / name).write_bytes(good + separator + body + (b"" if body.endswith(b"\n") else b"\n") + separator + good)
    (tmp_path / "good.yaml").write_text(GOOD)
    return run(tmp_path, space=space)


def alias_bomb(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, levels)]
    return HEAD + "data:\n" + "".join(f"  {line}\n" for line in lines)


def merge_bomb(levels: int) -> str:
    lines = ["a0: &a0 {" + ", ".join(f"k{i}: v" for i in range(50)) + "}"]
    lines += [f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 50)}], n{i}: v}}" for i in range(1, levels)]
    return HEAD + "data:\n" + "".join(f"  {line}\n" for line in lines)


def stairs(levels: int) -> str:
    return HEAD + "data:\n" + "".join(f"{' ' * i}k:\n" for i in range(1, levels))


HOSTILE: dict[str, tuple[str, str]] = {
    "alias-bomb": (alias_bomb(10), "NW1002"),
    "alias-bomb-small": (alias_bomb(6), "NW1002"),
    "merge-bomb": (merge_bomb(30), "NW1002"),
    "brackets": (HEAD + "data: " + "[" * 40_000 + "\n", "NW1002"),
    "braces": (HEAD + "data: " + "{a: " * 40_000 + "\n", "NW1002"),
    "dashes": (HEAD + "data:\n" + "- " * 40_000 + "x\n", "NW1002"),
    "stairs": (stairs(2_000), "NW1002"),
    "closed-brackets": (HEAD + "data: " + "[" * 40_000 + "]" * 40_000 + "\n", "NW1002"),
    "question-marks": (HEAD + "data:\n " + "? " * 40_000 + "x\n", "NW1001"),
    "cycle": (HEAD + "data: &a\n  b: [*a]\n", "NW1001"),
    "merge-cycle": (HEAD + "data: &a\n  <<: *a\n", "NW1001"),
    "unknown-anchor": (HEAD + "data: *nowhere\n", "NW1001"),
    "infinity": (HEAD + "data: .inf\n", "NW1001"),
    "anchors-without-end": (HEAD + "data: " + "&a " * 10_000 + "x\n", "NW1001"),
    "tags": (HEAD + "data: !<" + "a" * 100_000 + "\n", "NW1001"),
    "tab": (HEAD + "data:\n\tx: y\n", "NW1001"),
    "quote-without-end": (HEAD + 'data: "' + "x" * 100_000 + "\n", "NW1001"),
    "directive": ("%YAML 9.9\n", "NW1001"),
    "null-key": (HEAD + "? \n: x\n", "NW1001"),
    "list-key": (HEAD + "? [a]\n: x\n", "NW1001"),
}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_hostile_yaml(tmp_path: Path, name: str) -> None:
    text, code = HOSTILE[name]
    found = read_with_good(tmp_path, text)
    assert found["documents"] == ["Pod/good"] * 3
    ((found_code, file, line, title, kinds),) = found["unread"]
    assert (found_code, file) == (code, "bad.yaml"), title
    first = len(GOOD.splitlines()) + 1
    assert first <= line <= first + len(text.splitlines()) + 1, title
    assert kinds == (["ConfigMap"] if text.startswith(HEAD) else [])


@pytest.mark.parametrize(
    ("data", "title"),
    [
        (b"\xff\xfe\xfd", "byte 0xff is not valid UTF-8"),
        (b"\xc3", "byte 0xc3 is not valid UTF-8"),
        (b"\xed\xa0\x80", "byte 0xed is not valid UTF-8"),
        (b"\xf8\x88\x80\x80\x80", "byte 0xf8 is not valid UTF-8"),
        (b"\0", "a NUL byte is not allowed"),
        (b"\x1b]0;title\x07", "the control character U+001B is not allowed"),
        (b"\x7f", "the control character U+007F is not allowed"),
        ("\ufffe".encode(), "the control character U+FFFE is not allowed"),
    ],
)
def test_bytes_that_are_not_text(tmp_path: Path, data: bytes, title: str) -> None:
    found = read_with_good(tmp_path, HEAD.encode() + b"  labels: {a: x" + data + b"}\n")
    assert found["documents"] == ["Pod/good"] * 3
    assert [row[:5] for row in found["unread"]] == [["NW1001", "bad.yaml", 10, title, ["ConfigMap"]]]


def test_escaped_control_characters_are_values(tmp_path: Path) -> None:
    found = read_with_good(tmp_path, HEAD + '  labels: {a: "x\\e[31m\\0\\a"}\n')
    assert found["documents"] == ["Pod/good", "ConfigMap/bad", "Pod/good", "Pod/good"]
    assert not found["unread"]


def test_a_scalar_of_100_mb(tmp_path: Path) -> None:
    for style in ("x" * 100_000_000, "|\n" + ("  " + "x" * 998 + "\n") * 100_000):
        found = read_with_good(tmp_path, HEAD + "data: " + style + "\n", space=3 << 30)
        assert found["documents"] == ["Pod/good"] * 3
        ((code, file, line, _, kinds),) = found["unread"]
        assert (code, file, line, kinds) == ("NW1002", "bad.yaml", 10, ["ConfigMap"])


def test_more_than_memory_holds(tmp_path: Path) -> None:
    """The same with less memory than the text needs: still a diagnostic, and the folder's other file is read."""
    text = HEAD + "data: |\n" + ("  " + "x" * 998 + "\n") * 60_000
    found = read_with_good(tmp_path, text, space=380 << 20)
    assert "Pod/good" in found["documents"]
    assert {row[0] for row in found["unread"]} <= {"NW1002", "NW1005"}
    assert found["unread"]


def test_huge_numbers(tmp_path: Path) -> None:
    numbers = [
        "9" * 5_000,
        "9" * 1_000_000,
        "-" + "1" * 400,
        "1e999",
        "0x" + "f" * 10_000,
        "0" * 100_000,
        "1_" * 1_000,
        "1e-999999999",
    ]
    found = read_with_good(tmp_path, HEAD + "data:\n" + "".join(f"  k{i}: {n}\n" for i, n in enumerate(numbers)))
    assert found["documents"] == ["Pod/good", "ConfigMap/bad", "Pod/good", "Pod/good"]
    assert not found["unread"]


def test_thousands_of_repeated_keys(tmp_path: Path) -> None:
    found = read_with_good(tmp_path, HEAD + "data:\n" + "  k: v\n" * 200_000)
    assert found["documents"] == ["Pod/good", "ConfigMap/bad", "Pod/good", "Pod/good"]
    assert 0 < found["warnings"] <= 100


def test_thousands_of_documents_and_one_broken(tmp_path: Path) -> None:
    found = read_with_good(tmp_path, (HEAD + "---\n") * 5_000 + "a: [\n")
    assert len(found["documents"]) == 5_003
    ((code, file, line, _, _),) = found["unread"]
    assert (code, file) == ("NW1001", "bad.yaml")
    assert line in (25_006, 25_007)  # the bracket, or where the text ends


def test_separators_without_end(tmp_path: Path) -> None:
    found = read_with_good(tmp_path, "---\n" * 300_000 + "a: [\n", space=SPACE)
    assert found["documents"] == ["Pod/good"] * 2  # what follows 100,000 broken parts is one unread part
    assert [row[0] for row in found["unread"]] == ["NW1002"]


JSON: dict[str, tuple[str, str]] = {
    "deep-list": ("[" * 100_000 + "]" * 100_000, "NW1002"),
    "deep-object": ('{"a":' * 100_000 + "1" + "}" * 100_000, "NW1002"),
    "deep-inside": ('{"apiVersion":"v1","kind":"X","a":' + "[" * 100_000 + "]" * 100_000 + "}", "NW1002"),
    "cut-short": ('{"apiVersion":"v1","kind":"X","a":[1,2', "NW1001"),
    "lone-surrogate": ('{"apiVersion":"v1","kind":"\\ud800"}', "NW1001"),
    "utf8": ('{"apiVersion":"v1","kind":"X","a":"\udcff"}', "NW1001"),
}


@pytest.mark.parametrize("name", list(JSON))
def test_hostile_json(tmp_path: Path, name: str) -> None:
    text, code = JSON[name]
    found = read_with_good(tmp_path, text.encode(errors="surrogateescape"), name="bad.json")
    assert found["documents"] == ["Pod/good"]
    ((found_code, file, line, title, _),) = found["unread"]
    assert (found_code, file) == (code, "bad.json"), title
    assert line in (1, 2)


def test_numbers_beyond_json(tmp_path: Path) -> None:
    text = '{"apiVersion":"v1","kind":"X","a":1e999,"b":' + "9" * 100_000 + "}"
    found = read_with_good(tmp_path, text, name="bad.json")
    assert found["documents"] == ["X/", "Pod/good"]


# --- folders ---


def test_links_in_circles(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/good.yaml").write_text(GOOD)
    (tmp_path / "a/b/up").symlink_to("../..")
    (tmp_path / "one.yaml").symlink_to("two.yaml")
    (tmp_path / "two.yaml").symlink_to("one.yaml")
    (tmp_path / "self").symlink_to("self")
    (tmp_path / "gone.yaml").symlink_to("nowhere.yaml")
    found = run(tmp_path)
    assert found["documents"] == ["Pod/good"] * 2
    assert {(row[0], row[1], row[3]) for row in found["unread"]} == {
        ("NW1005", "a/b/up", "cannot be read: a link that leads round in a circle"),
        ("NW1005", "one.yaml", "cannot be read: a link that leads round in a circle"),
        ("NW1005", "two.yaml", "cannot be read: a link that leads round in a circle"),
        ("NW1005", "self", "cannot be read: a link that leads round in a circle"),
        ("NW1005", "gone.yaml", "cannot be read: a link that leads nowhere"),
    }


def test_links_that_multiply(tmp_path: Path) -> None:
    """30 folders, each with two links to the next: 2^30 paths, 30 folders."""
    for i in range(30):
        folder = tmp_path / "all" / f"d{i}"
        folder.mkdir(parents=True)
        (folder / "good.yaml").write_text(GOOD)
        if i < 29:
            (folder / "x").symlink_to(f"../d{i + 1}")
            (folder / "y").symlink_to(f"../d{i + 1}")
    found = run(tmp_path)
    assert found["documents"] == ["Pod/good"] * 30


def test_special_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "zero.yaml").symlink_to("/dev/zero")
    found = run(tmp_path)
    assert found["documents"] == ["Pod/good"]
    assert [row[:2] for row in found["unread"]] == [["NW1005", "pipe.yaml"], ["NW1005", "zero.yaml"]]


def test_files_without_permission(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "secret.yaml").write_text(GOOD)
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed/good.yaml").write_text(GOOD)
    (tmp_path / "secret.yaml").chmod(0)
    (tmp_path / "closed").chmod(0)
    user = -1
    if os.geteuid() == 0:
        # root may read everything: the child becomes nobody, which needs the way to the folder to be open
        user = NOBODY
        tmp_path.chmod(0o755)
        for folder in tmp_path.parents:
            if not folder.stat().st_mode & 0o001:
                if folder.stat().st_uid != os.geteuid() or folder == Path("/"):
                    pytest.skip(f"as root, and others may not enter {folder}")
                folder.chmod(folder.stat().st_mode | 0o011)
    try:
        found = run(tmp_path, user=user)
    finally:
        (tmp_path / "closed").chmod(0o700)
    assert found["documents"] == ["Pod/good"]
    assert sorted((row[0], row[1], row[3], tuple(row[4])) for row in found["unread"]) == [
        ("NW1005", "closed", "cannot be read: no permission to read it", ()),
        ("NW1005", "secret.yaml", "cannot be read: no permission to read it", ()),
    ]


def test_names_that_are_not_text(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9\x1b[31m.yaml")).write_text("a: [\n")
    found = run(tmp_path)
    assert [row[:2] for row in found["unread"]] == [["NW1001", "caf\\xe9\x1b[31m.yaml"]]
