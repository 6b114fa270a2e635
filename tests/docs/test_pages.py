"""Pages say what the code does, their examples run, their links lead somewhere, and they speak of the project alone."""

from __future__ import annotations

import doctest
import re
import shutil
import subprocess
import sys
import tokenize
from functools import cache
from pathlib import Path

import click
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted(
    (ROOT / "docs").rglob("*.md")
)
SKIPPED = {".git", ".venv", ".make", "site", "dist", "build", "node_modules"}


def build(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / "docs" / "build.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, env=environment(root))


def environment(root: Path) -> dict[str, str]:
    import os

    # Bytecode is kept: the commands that a page shows would compile every module anew.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPATH": str(root / "src"), "PYTHONUTF8": "1"}


# --- generated --------------------------------------------------------------------------------------------------------


@pytest.mark.e2e
def test_what_is_generated_is_what_the_code_and_the_commands_say() -> None:
    """The tour, every other output in a page, the schemas and the reference pages. If this fails: `make docs`."""
    done = build(ROOT, "--check")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.e2e
def test_an_edited_page_a_wrong_output_and_a_stray_schema_are_found_and_mended(tmp_path: Path) -> None:
    """Pages with other outputs are left out: they are written in the same way, and the test above asks for all."""
    for folder in ("docs", "src", "examples"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.copy(ROOT / "README.md", tmp_path)
    spoilt = {
        "docs/tour.md": ("DENIED", "ALLOWED"),
        "docs/how/undecided.md": ("exit 4: undecided", "exit 0"),
        "docs/reference/codes.md": ("NW1001", "NW9999"),
        "docs/schemas/why.v1.json": ('"verdict"', '"outcome"'),
    }
    for name, (old, new) in spoilt.items():
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert old in text
        (tmp_path / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    (tmp_path / "docs/schemas/stray.v1.json").write_text("{}", encoding="utf-8")
    for page in (tmp_path / "docs").rglob("*.md"):
        if page.relative_to(tmp_path).as_posix() not in spoilt and "\n```console\n" in page.read_text(encoding="utf-8"):
            page.unlink()

    done = build(tmp_path, "--check")
    assert done.returncode == 1
    assert [name for name in spoilt if f"--- {name} on disk" not in done.stdout] == []
    assert "docs/schemas/stray.v1.json is of no schema" in done.stdout

    (tmp_path / "docs/schemas/stray.v1.json").unlink()
    assert build(tmp_path).returncode == 1, "writing says that something differed"
    assert [n for n in spoilt if (tmp_path / n).read_bytes() != (ROOT / n).read_bytes()] == []


def test_the_library_page_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    found = doctest.testfile(
        str(ROOT / "docs/how/library.md"),
        module_relative=False,
        optionflags=doctest.NORMALIZE_WHITESPACE,
        encoding="utf-8",
    )
    assert found.attempted > 10
    assert found.failed == 0


@pytest.mark.parametrize("page", ["README.md", "docs/tour.md"])
def test_the_python_of_a_page_runs(
    page: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(code, page, "exec"), {"__name__": "example"})
    assert capsys.readouterr().out


# --- complete ---------------------------------------------------------------------------------------------------------


def test_every_command_option_and_noun_is_documented() -> None:
    from netwright.cli.main import COMMANDS, cli
    from netwright.questions.show import NOUNS

    page = (ROOT / "docs/reference/commands.md").read_text(encoding="utf-8")
    sections = {
        found[1]: found[2] for found in re.finditer(r"^### (\w+)\n(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL)
    }
    assert sorted(sections) == sorted(COMMANDS)
    context = click.Context(cli)
    for name, section in sections.items():
        command = cli.get_command(context, name)
        assert command is not None
        written = {
            flag for parameter in command.params if isinstance(parameter, click.Option) for flag in parameter.opts
        }
        assert [flag for flag in written if flag not in section] == [], name
    assert [noun for noun in NOUNS if noun not in sections["show"]] == []


def test_every_code_exit_code_and_kind_is_documented() -> None:
    from netwright.base.diagnostics import INPUT_CODES
    from netwright.base.errors import InternalError, SourceError, UsageError
    from netwright.model.kind_lists import KINDS

    reference = ROOT / "docs/reference"
    codes = (reference / "codes.md").read_text(encoding="utf-8")
    assert [c.code for c in INPUT_CODES if f"## {c.code}: {c.title}\n" not in codes] == []
    numbers = re.findall(r"^\| (\d+) \|", (reference / "exit-codes.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert numbers == ["70", "2", "3", "1", "4", "0"]
    assert {str(e.exit_code) for e in (InternalError, SourceError, UsageError)} <= set(numbers)
    rows = re.findall(
        r"^\| (?:`([\w.-]+)`|core) \| (.*?) \|", (reference / "kinds.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    listed = {(group, kind) for group, kinds in rows for kind in re.findall(r"`([^`]+)`", kinds)}
    assert listed == {(k.group, k.name) for k in KINDS}


def test_every_term_and_counterpart_is_documented() -> None:
    from netwright.model.counterparts import COUNTERPARTS
    from netwright.model.glossary import TERMS

    page = (ROOT / "docs/reference/terms.md").read_text(encoding="utf-8")
    assert [term.word for term in TERMS if f"\n### {term.word}\n" not in page] == []
    assert [c.word for c in COUNTERPARTS if f"\n| {c.word} |" not in page] == []


def test_every_page_is_in_the_navigation() -> None:
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("!", lambda *_: None)
    config = yaml.load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), Loader)

    def pages(entry: object) -> list[str]:
        if isinstance(entry, str):
            return [entry]
        inside = entry.values() if isinstance(entry, dict) else entry
        assert not isinstance(inside, (int, type(None)))
        return [page for one in inside for page in pages(one)]  # type: ignore[attr-defined]

    named = pages(config["nav"])
    assert sorted(named) == sorted(p.relative_to(ROOT / "docs").as_posix() for p in (ROOT / "docs").rglob("*.md"))


# --- links ------------------------------------------------------------------------------------------------------------


def prose(text: str) -> str:
    """A page without its blocks and its inline code."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^(`{3,}).*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL))


@cache
def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as mkdocs and GitHub make them."""
    text = re.sub(r"^(`{3,}).*?^\1$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[\s]+", "-", re.sub(r"[^\w\s-]", "", heading.lower()).strip()) for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    wrong = []
    for target in re.findall(
        r"\]\(([^)\s]+)\)", re.sub(r"^(`{3,}).*?^\1$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    ):
        if re.match(r"https?://", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            wrong.append(target)
    assert wrong == []


# --- the project alone ------------------------------------------------------------------------------------------------


def texts() -> list[Path]:
    """Every text file that belongs to the project: those git tracks, or, without git, those that are there."""
    if (ROOT / ".git").exists() and shutil.which("git"):
        names = (
            subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
            .stdout.decode()
            .split("\0")
        )
        found = [ROOT / name for name in names if name and (ROOT / name).is_file()]
    else:
        found = [
            p
            for p in ROOT.rglob("*")
            if p.is_file() and not SKIPPED & set(p.relative_to(ROOT).parts) and p.suffix != ".pyc"
        ]
    return [path for path in found if b"\0" not in path.read_bytes()[:8192]]


# Written in pieces, so that this file does not name them itself.
PLACES = re.compile("|".join(["/wo" + "rk/", "/tm" + "p/netwright", "/ro" + "ot/", r"/ho" + r"me/\w", r"\.py" + "env"]))
HOSTS = re.compile(r"(?i)\b(?:[\w-]+\.)*(?:pypi|py" + r"thonhosted|artifactory|nexus|npmjs|" + r"goproxy)\.[a-z]{2,}")
# (The guest's helper of a virtual machine has its name.)
WORDS = re.compile(
    r"(?i)\b(?:A"
    + r"I|L"
    + r"LM|(?<!guest )(?<!guest's )age"
    + r"nts?|sess"
    + r"ions?|chat"
    + r"bots?|work"
    + r"place)\b"
)


def test_no_text_names_a_machine_or_a_registry() -> None:
    found = []
    for path in texts():
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if PLACES.search(line) or HOSTS.search(line):
                found.append(f"{path.relative_to(ROOT).as_posix()}:{number}: {line.strip()[:100]}")
    assert found == []


def test_pages_and_comments_speak_of_the_project_alone() -> None:
    found = []
    for path in texts():
        name = path.relative_to(ROOT).as_posix()
        if path.suffix == ".md":
            said = list(enumerate([prose(path.read_text(encoding="utf-8"))], 1))
        elif path.suffix == ".py":
            with tokenize.open(path) as file:
                said = [
                    (t.start[0], prose(t.string))
                    for t in tokenize.generate_tokens(file.readline)
                    if t.type == tokenize.COMMENT
                ]
        else:
            continue
        found += [f"{name}:{number}: {match[0]}" for number, text in said for match in WORDS.finditer(text)]
    assert found == []


def test_those_searches_find_what_they_look_for() -> None:
    for pattern, text in (
        (PLACES, "/wo" + "rk/main"),
        (HOSTS, "https://py" + "pi.org/simple"),
        (WORDS, "an Age" + "nt wrote this"),
    ):
        assert pattern.search(text)
