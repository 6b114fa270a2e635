"""`--out`: which files an answer may replace, and what is kept of them. No device of the machine is named here."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from netwright.base.errors import UsageError
from netwright.cli.output import Output, answer_stream


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write(path: Path, force: bool = True) -> None:
    with answer_stream(Output("text", path, force)) as stream:
        stream.write(b"answer\n")


def test_a_new_file_and_one_that_is_replaced_keeps_its_permissions(tmp_path: Path) -> None:
    out = tmp_path / ("n" * 250)
    write(out, force=False)
    assert out.read_bytes() == b"answer\n"
    out.write_bytes(b"old")
    out.chmod(0o640)
    with pytest.raises(UsageError, match="is there already"):
        write(out, force=False)
    assert out.read_bytes() == b"old"
    write(out)
    assert out.read_bytes() == b"answer\n"
    assert stat.S_IMODE(out.stat().st_mode) == 0o640
    assert names(tmp_path) == [out.name]


def test_a_folder_that_is_not_there_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written: no such file or directory") as raised:
        write(tmp_path / "none" / "x")
    assert raised.value.help == "make its folder, or name a file in another one"
    assert names(tmp_path) == []


@pytest.mark.parametrize("force", [False, True])
def test_what_is_no_regular_file_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, force: bool) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    Path("folder").mkdir()
    Path("to-pipe").symlink_to("pipe")
    for name in ("pipe", "to-pipe", "folder", ".", "..", "", "/"):
        with pytest.raises(UsageError) as raised:
            write(Path(name), force)
        assert raised.value.exit_code == 2
        assert "\n" not in raised.value.message
    assert stat.S_ISFIFO(Path("pipe").stat().st_mode)
    assert names(tmp_path) == ["folder", "pipe", "to-pipe"]


def test_a_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "held").mkdir()
    held = tmp_path / "held" / "file"
    held.write_bytes(b"old")
    link = tmp_path / "link"
    link.symlink_to("held/file")
    with pytest.raises(UsageError):
        write(link, force=False)
    write(link)
    assert link.is_symlink()
    assert held.read_bytes() == b"answer\n"


def test_a_link_that_leads_nowhere_needs_force(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("new")
    with pytest.raises(UsageError, match="a link"):
        write(link, force=False)
    write(link)
    assert (tmp_path / "new").read_bytes() == b"answer\n"
    circle = tmp_path / "circle"
    circle.symlink_to("circle")
    with pytest.raises(UsageError):
        write(circle)


def test_an_answer_that_breaks_off_leaves_the_old_file(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.write_bytes(b"old")

    def break_off() -> None:
        with answer_stream(Output("text", out, True)) as stream:
            stream.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_off()
    assert out.read_bytes() == b"old"
    assert names(tmp_path) == ["out"]


def test_a_stranger_beside_the_file_is_not_written_through(tmp_path: Path) -> None:
    """The name of the file that is filled first can be guessed; a link that waits there is not followed."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"old")
    (tmp_path / f".netwright.{os.getpid()}.partial").symlink_to("victim")
    with pytest.raises(UsageError, match="cannot be written"):
        write(tmp_path / "out")
    assert victim.read_bytes() == b"old"
