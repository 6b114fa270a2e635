"""Building a judge: what is a reason to skip, what is a fault, and that a program once built is not built again."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.judges import cilium_judge
from tests.judges.cilium_judge import Judge, JudgeError, build, program

Fake = Callable[..., Path]


@pytest.fixture
def fake_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Puts a `go` before all others that answers each of its commands with one line of shell."""

    def put(version: str = "echo go99.1", listing: str = "true", building: str = 'touch "$target"') -> Path:
        script = tmp_path / "bin" / "go"
        script.parent.mkdir()
        script.write_text(
            "#!/bin/sh\n"
            f'echo "$1" >> "{tmp_path}/calls"\n'
            'for argument; do [ "$last" = -o ] && target=$argument; last=$argument; done\n'
            f"case $1 in env) {version} ;; list) {listing} ;; build) {building} ;; esac\n",
            encoding="utf-8",
        )
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
        return tmp_path / "cache" / "judge-1" / "judge"

    return put


def test_a_program_is_built_once(fake_go: Fake, tmp_path: Path) -> None:
    target = fake_go()
    assert build(target) is None
    assert build(target) is None
    assert (tmp_path / "calls").read_text(encoding="utf-8").split() == ["env", "list", "build"]
    assert sorted(file.name for file in target.parent.parent.rglob("*")) == ["judge", "judge-1", "lock"]


def test_without_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert build(tmp_path / "cache" / "judge-1" / "judge") == "Cilium's judge needs Go, and there is none"


def test_with_an_old_go(fake_go: Fake) -> None:
    reason = build(fake_go(version="echo go1.22.5"))
    assert reason is not None
    assert reason.endswith("and there is go1.22.5")


def test_without_modules(fake_go: Fake) -> None:
    reason = build(fake_go(listing="echo 'dial tcp: lookup proxy.golang.org: no such host' >&2; exit 1"))
    assert reason is not None
    assert reason.startswith("Cilium's judge needs modules that cannot be had: dial tcp")


@pytest.mark.parametrize(
    "broken", [{"listing": "echo missing go.sum entry >&2; exit 1"}, {"building": "echo undefined: x >&2; exit 1"}]
)
def test_a_fault_of_ours_is_no_reason_to_skip(fake_go: Fake, broken: dict[str, str]) -> None:
    target = fake_go(**broken)
    with pytest.raises(JudgeError, match=r"missing go\.sum entry|undefined: x"):
        build(target)
    assert [file.name for file in target.parent.parent.iterdir()] == ["lock"]


def test_another_source_is_another_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = program()
    for file in cilium_judge.sources():
        (tmp_path / file.name).write_bytes(file.read_bytes() + (b"\n" if file.name == "verdicts.go" else b""))
    monkeypatch.setattr(cilium_judge, "SOURCE", tmp_path)
    assert program().parent.parent == before.parent.parent
    assert program() != before


def test_a_judge_that_ends_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ending = tmp_path / "judge"
    ending.write_text("#!/bin/sh\nread line; echo '{\"id\": 1}'; echo out of memory >&2\n", encoding="utf-8")
    ending.chmod(0o755)
    monkeypatch.setattr(cilium_judge, "program", lambda: ending)
    monkeypatch.setattr(cilium_judge, "unavailable", lambda: None)
    with Judge() as judge, pytest.raises(JudgeError, match=r'(?s)"id": 2.*out of memory'):
        judge.ask([{"id": 1}, {"id": 2}])
    with Judge() as judge, pytest.raises(JudgeError, match="answered 1 where 7 was asked"):
        judge.ask([{"id": 7}])
