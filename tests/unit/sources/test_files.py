"""Files, folders, git revisions and owners as sources."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from netwright.base.errors import SourceError
from netwright.model.document import Reading
from netwright.sources import read
from netwright.sources.codeowners import owner_of, parse


def pod(name: str) -> str:
    return f"apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n"


def names(found: Reading) -> list[str]:
    return [document.name for document in found.documents]


def write(root: Path, *paths: str) -> None:
    """One pod a path, named after its file."""
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(pod(file.stem))


def test_a_folder_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(
        tmp_path,
        "m/b.yaml",
        "m/a/z.yml",
        "m/a/c.json.txt",
        "m/c.YAML",
        "m/.hidden/x.yaml",
        "m/.x.yaml",
        "m/node_modules/x.yaml",
    )
    (tmp_path / "m/d.json").write_text('{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "d"}}')
    (tmp_path / "m/README.md").write_text("no manifest")
    monkeypatch.chdir(tmp_path)
    found = read(["m"])
    assert names(found) == ["z", "b", "c", "d"]
    assert [document.place.file for document in found.documents if document.place] == [
        "m/a/z.yml",
        "m/b.yaml",
        "m/c.YAML",
        "m/d.json",
    ]
    assert found.inputs[0].files == 4
    assert not found.unread
    monkeypatch.chdir("m")
    assert next(document.place.file for document in read(["."]).documents if document.place) == "a/z.yml"


def test_a_named_file_is_read_whatever_its_ending(tmp_path: Path) -> None:
    write(tmp_path, "pod.txt", ".pod")
    assert names(read([str(tmp_path / "pod.txt"), str(tmp_path / ".pod")])) == ["pod", ".pod"]


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", "b.yaml")
    found = read([str(tmp_path / "b.yaml"), str(tmp_path), str(tmp_path / "a.yaml")])
    assert names(found) == ["b", "a"]
    assert [given.files for given in found.inputs] == [1, 2, 1]


def test_digests(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        order = ("a.yaml", "b/c.yaml") if folder == "one" else ("b/c.yaml", "a.yaml")
        write(tmp_path, *(f"{folder}/{path}" for path in order))
    one, two = read([str(tmp_path / "one"), str(tmp_path / "two")]).inputs
    assert one.digest == two.digest
    assert one.digest.startswith("sha256:")
    (tmp_path / "two/a.yaml").write_text(pod("a") + "# changed\n")
    (changed,) = read([str(tmp_path / "two")]).inputs
    assert changed.digest != one.digest
    (tmp_path / "two/a.yaml").write_text(pod("a"))
    (tmp_path / "two/a.yaml").rename(tmp_path / "two/e.yaml")
    (renamed,) = read([str(tmp_path / "two")]).inputs
    assert renamed.digest != one.digest


def test_links_are_followed_once(tmp_path: Path) -> None:
    write(tmp_path, "real/a.yaml", "elsewhere/b.yaml")
    (tmp_path / "real/link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "real/link.yaml").symlink_to(tmp_path / "elsewhere/b.yaml")
    found = read([str(tmp_path / "real")])
    assert names(found) == ["a", "b"]
    assert not found.unread


@pytest.mark.parametrize(
    ("source", "title", "help_part"),
    [
        ("nowhere", "no file or folder `nowhere`", "the current folder has no such name"),
        ("here/nowhere.yaml", "no file or folder `here/nowhere.yaml`", "`here` is there"),
        ("empty", "no manifest in `empty`", ".yaml, .yml, .json"),
        ("circle", "`circle` is a link that leads round in a circle", "lead to"),
        ("x.zip", "`x.zip` is no archive that can be read", ".tar.gz"),
        ("a\0b", "is no path", "NUL"),
        ("x" * 5000, "is too long for a path", "not a text"),
    ],
)
def test_sources_that_are_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, title: str, help_part: str
) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty/notes.txt").write_text("nothing")
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "x.zip").write_bytes(b"nothing")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError) as raised:
        read([source])
    assert title in raised.value.message
    assert help_part in raised.value.help
    assert raised.value.exit_code == 3


def test_no_source() -> None:
    with pytest.raises(SourceError, match="no source was given"):
        read([])


def test_a_stream_of_text_is_refused() -> None:
    with pytest.raises(SourceError, match="stream of text, and bytes are read") as refused:
        read(["-"], stdin=io.StringIO(pod("piped")))  # type: ignore[arg-type]
    assert "sys.stdin.buffer" in refused.value.help


def test_stdin_and_files_together(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml")
    found = read(["-", str(tmp_path / "a.yaml")], stdin=io.BytesIO(pod("piped").encode()))
    assert names(found) == ["piped", "a"]
    assert [given.source for given in found.inputs] == ["-", str(tmp_path / "a.yaml")]
    assert found.texts.lines("-")[3] == "  name: piped"


def test_links_out_of_the_source_are_followed_and_told(tmp_path: Path) -> None:
    write(tmp_path, "in/a.yaml", "in/sub/b.yaml", "out/c.yaml", "out/d.yaml", "input/e.yaml")
    (tmp_path / "in/within").symlink_to("sub")
    (tmp_path / "in/folder").symlink_to("../out")
    (tmp_path / "in/file.yaml").symlink_to("../input/e.yaml")
    found = read([str(tmp_path / "in")])
    assert sorted(names(found)) == ["a", "b", "c", "d", "e"]
    assert found.inputs[0].files == 5
    assert [(one.code, one.severity) for one in found.warnings] == [("NW1014", "info")] * 2
    assert [Path(one.file).name for one in found.warnings] == ["file.yaml", "folder"]


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="no /proc")
def test_what_the_kernel_shows_as_files_is_never_read(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml")
    (tmp_path / "env.json").symlink_to("/proc/self/environ")
    (tmp_path / "folder").symlink_to("/proc/self/net")
    (tmp_path / "tree").symlink_to("/sys")
    found = read([str(tmp_path)])
    assert names(found) == ["a"]
    told = "cannot be read: a device, or what the kernel shows as a file"
    assert [(unread.diagnostic.code, unread.diagnostic.title) for unread in found.unread] == [("NW1005", told)] * 3
    for named in ("/proc/self/environ", str(tmp_path / "env.json"), "/dev/null", "/sys"):
        assert [unread.diagnostic.title for unread in read([named]).unread] == [told]


def test_a_link_that_may_not_be_read_is_a_file_that_may_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As links of /proc are to other users."""
    write(tmp_path, "a.yaml")
    (tmp_path / "b.yaml").symlink_to("a.yaml")
    readlink = os.readlink

    def refusing(path: str, **options: int) -> str:
        if str(path).endswith("b.yaml"):
            raise PermissionError(13, "Permission denied", path)
        return readlink(path, **options)

    monkeypatch.setattr(os, "readlink", refusing)
    assert names(read([str(tmp_path)]))[:1] == ["a"]
    assert names(read([str(tmp_path / "b.yaml")])) == ["a"]


# --- git ---


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    root = tmp_path / "repo with space"
    write(
        root,
        "deploy/a.yaml",
        "deploy/sub/b.yaml",
        "deploy/.hidden/x.yaml",
        "other/c.yaml",
        "notes.txt",
        "deploy-2/d.yaml",
    )
    (root / "deploy/é ü.yaml").write_text(pod("unicode"))
    (root / ".github").mkdir()
    (root / ".github/CODEOWNERS").write_text("* @all\n/deploy/sub/ @sub\n")
    (root / "deploy/link.yaml").symlink_to("a.yaml")
    for command in (
        ("init", "-q", "-b", "main"),
        ("add", "-A"),
        ("-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", "first"),
    ):
        subprocess.run(["git", *command], cwd=root, check=True, capture_output=True)
    (root / "deploy/a.yaml").write_text(pod("changed"))
    monkeypatch.chdir(root)
    return root


def test_a_git_revision(repository: Path) -> None:
    found = read(["git:HEAD:deploy"])
    assert names(found) == ["a", "b", "unicode"]
    files = [document.place.file for document in found.documents if document.place]
    assert files == ["git:HEAD:deploy/a.yaml", "git:HEAD:deploy/sub/b.yaml", "git:HEAD:deploy/é ü.yaml"]
    assert [unread.diagnostic.file for unread in found.unread] == ["git:HEAD:deploy/link.yaml"]
    assert owner_of(found.codeowners, files[0]) == "@all"
    assert owner_of(found.codeowners, files[1]) == "@sub"
    assert found.texts.lines(files[0])[3] == "  name: a"
    # the working tree differs and is another source
    both = read(["git:main:deploy/a.yaml", "deploy/a.yaml"])
    assert names(both) == ["a", "changed"]


def test_a_packed_file_of_a_revision_that_is_named(repository: Path) -> None:
    (repository / "packed").write_bytes(b"\x1f\x8b\x08")
    for command in (("add", "packed"), ("-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "x")):
        subprocess.run(["git", *command], cwd=repository, check=True, capture_output=True)
    with pytest.raises(SourceError, match=r"`git:HEAD:packed` is no text but packed \(gzip\)"):
        read(["git:HEAD:packed"])
    assert "packed" not in names(read(["git:HEAD:"]))


def test_git_paths(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert names(read(["git:HEAD:"])) == ["d", "a", "b", "unicode", "c"]
    assert names(read(["git:HEAD:notes.txt"])) == ["notes"]
    monkeypatch.chdir("deploy")
    assert names(read(["git:HEAD:./sub"])) == ["b"]
    assert names(read(["git:HEAD:other/"])) == ["c"]


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("git:nowhere:deploy", "`nowhere` is not a git revision here"),
        ("git:HEAD:absent", "no `absent` in git revision `HEAD`"),
        ("git:HEAD", "`git:HEAD` names no revision and path"),
        ("git:--output=x:deploy", "`--output=x` is not a git revision"),
        ("git:HEAD:.github", "no manifest in"),
    ],
)
def test_git_sources_that_are_not_there(repository: Path, source: str, title: str) -> None:
    with pytest.raises(SourceError) as raised:
        read([source])
    assert title in raised.value.message
    assert raised.value.help
    assert not (repository / "x").exists()


def commit(root: Path) -> None:
    user = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    for command in (("add", "-A"), (*user, "commit", "-q", "-m", "next")):
        subprocess.run(["git", *command], cwd=root, check=True, capture_output=True)


def unread_of(sources: list[str]) -> list[tuple[str, str]]:
    found = [unread.diagnostic for unread in read(sources).unread]
    assert {one.code for one in found} <= {"NW1005"}
    assert all(one.effect and one.help for one in found)
    return [(one.file, one.title.removeprefix("cannot be read: ")) for one in found]


def test_a_submodule_is_told_in_a_revision_and_in_a_folder(repository: Path) -> None:
    (repository / ".gitmodules").write_text('[submodule "x"]\n\tpath = deploy/inner\n\turl = ./nowhere\n')
    (repository / "deploy/inner").mkdir()
    (repository / "deploy/link.yaml").unlink()
    commit(repository)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=repository, check=True, capture_output=True, text=True)
    entry = f"160000,{head.stdout.strip()},deploy/inner"
    user = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    for command in (("update-index", "--add", "--cacheinfo", entry), (*user, "commit", "-q", "-m", "sub")):
        subprocess.run(["git", *command], cwd=repository, check=True, capture_output=True)
    told = "a submodule, whose files another repository has"
    assert unread_of(["git:HEAD:deploy"]) == [("git:HEAD:deploy/inner", told)]
    assert unread_of(["git:HEAD:deploy/inner"]) == [("git:HEAD:deploy/inner", told)]
    assert unread_of(["deploy"]) == [("deploy/inner", told)]
    (repository / "deploy/empty").mkdir()
    write(repository, "deploy/inner/a.yaml")  # fetched
    assert unread_of(["deploy"]) == []


def test_links_to_folders_of_a_revision_are_told(repository: Path) -> None:
    (repository / "deploy/link.yaml").unlink()
    (repository / "deploy/out").symlink_to("../other")
    (repository / "deploy/top").symlink_to("..")
    (repository / "deploy/within").symlink_to("sub")  # what it leads to is read anyway
    (repository / "deploy/README").symlink_to("../notes.txt")
    (repository / "deploy/gone").symlink_to("../../elsewhere")
    (repository / "deploy/.hidden-link").symlink_to("../other")
    commit(repository)
    assert unread_of(["git:HEAD:deploy"]) == [
        ("git:HEAD:deploy/gone", "a link that leads nowhere in this revision"),
        ("git:HEAD:deploy/out", "a link to the folder `other`, which is not followed in a revision"),
        ("git:HEAD:deploy/top", "a link to the folder `.`, which is not followed in a revision"),
    ]
    assert unread_of(["git:HEAD:"]) == [("git:HEAD:deploy/gone", "a link that leads nowhere in this revision")]


def test_an_object_that_the_repository_lacks_leaves_the_others(repository: Path) -> None:
    (repository / "deploy/link.yaml").unlink()
    commit(repository)
    name = subprocess.run(
        ["git", "rev-parse", "HEAD:deploy/sub/b.yaml"], cwd=repository, check=True, capture_output=True, text=True
    ).stdout.strip()
    (repository / ".git/objects" / name[:2] / name[2:]).unlink()
    assert names(read(["git:HEAD:deploy"])) == ["changed", "unicode"]
    told = f"the repository lacks the object {name[:12]}"
    assert unread_of(["git:HEAD:deploy"]) == [("git:HEAD:deploy/sub/b.yaml", told)]


def test_names_of_a_revision_that_are_shown_alike_are_two(repository: Path) -> None:
    bare = repository / os.fsdecode(b"deploy/odd\xff.yaml")
    (repository / r"deploy/odd\xff.yaml").write_text(f"# written\n{pod('written')}")
    bare.write_text(pod("byte"))
    commit(repository)
    for source, prefix in (("git:HEAD:deploy", "git:HEAD:"), ("deploy", "")):
        found = read([source])
        files = {d.name: d.place.file for d in found.documents if d.place is not None}
        shown = {"written": rf"{prefix}deploy/odd\\xff.yaml", "byte": rf"{prefix}deploy/odd\xff.yaml"}
        assert {name: files.get(name) for name in shown} == shown
        assert [found.texts.lines(shown[name])[0] for name in shown] == ["# written", "apiVersion: v1"]


def test_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(SourceError, match=r"not a git repository|not installed"):
        read(["git:HEAD:"])


# --- owners ---


def test_codeowners_near_a_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "repo/deploy/shop/a.yaml", "repo/deploy/b.yaml")
    (tmp_path / "repo/.git").mkdir()
    (tmp_path / "repo/CODEOWNERS").write_text("# owners\n*.yaml @yaml @two # people\n/deploy/shop/ @shop\n")
    monkeypatch.chdir(tmp_path / "repo")
    found = read(["deploy"])
    assert owner_of(found.codeowners, "deploy/shop/a.yaml") == "@shop"
    assert owner_of(found.codeowners, "deploy/b.yaml") == "@yaml @two"
    assert owner_of(found.codeowners, "deploy/b.txt") == ""
    monkeypatch.chdir("deploy/shop")
    assert owner_of(read(["."]).codeowners, "a.yaml") == "@shop"


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*", "a/b.yaml", True),
        ("*.yaml", "a/b.yaml", True),
        ("*.yaml", "a/b.yml", False),
        ("/a.yaml", "a.yaml", True),
        ("/a.yaml", "b/a.yaml", False),
        ("/build/logs/", "build/logs/x/y", True),
        ("/build/logs/", "x/build/logs/y", False),
        ("docs/*", "docs/a.yaml", True),
        ("docs/*", "docs/b/a.yaml", False),
        ("apps/", "x/apps/y/z", True),
        ("/docs/", "docs/a", True),
        ("**/logs", "a/b/logs/c", True),
        ("**/logs", "logs/c", True),
        ("a/**", "a/b/c", True),
        ("a/**", "b/a/c", False),
        ("a/**/c.yaml", "a/c.yaml", True),
        ("a/**/c.yaml", "a/x/y/c.yaml", True),
        ("a?.yaml", "ab.yaml", True),
        ("a.yaml", "aXyaml", False),
        ("/apps/github", "apps/github/x", True),
        ("deploy", "x/deploy/y", True),
        ("deploy", "x/deploys/y", False),
    ],
)
def test_patterns(pattern: str, path: str, matches: bool) -> None:
    assert owner_of(parse(f"{pattern} @o\n".encode(), "."), path) == ("@o" if matches else "")


def test_the_last_match_decides() -> None:
    rules = parse(b"* @all\n/a/ @a\n/a/b.yaml\n*.md @docs\n", ".")
    assert owner_of(rules, "x.yaml") == "@all"
    assert owner_of(rules, "a/x.yaml") == "@a"
    assert owner_of(rules, "a/b.yaml") == ""  # a pattern without owners takes them away
    assert owner_of(parse(b"/a/ @a\n* @all\n/a/ @again\n", "."), "a/x") == "@again"
    assert owner_of({}, "x") == ""


@pytest.mark.parametrize(
    ("pattern", "path"),
    [("*a" * 20 + "b", "a" * 250), ("**/a/" * 20 + "z", "a/" * 60 + "y"), ("/" + "**/" * 50 + "z", "a/" * 60 + "y")],
    ids=["stars", "folders", "nothing-between"],
)
def test_patterns_that_could_try_for_ever(pattern: str, path: str) -> None:
    assert owner_of(parse(f"{pattern} @o\n".encode(), "."), path) == ""


def test_a_pipe_called_codeowners_is_not_waited_for(tmp_path: Path) -> None:
    write(tmp_path, "repo/a.yaml")
    os.mkfifo(tmp_path / "repo/CODEOWNERS")
    assert not read([str(tmp_path / "repo")]).codeowners


OWNED = "deploy/team/shop/eu/app"


@pytest.mark.parametrize(
    ("place", "rules", "owner"),
    [
        (".github/CODEOWNERS", f"/{OWNED}/ @root\n", "@root"),  # five folders up: the top of the repository
        ("docs/CODEOWNERS", "*.yaml @docs\n", "@docs"),
        ("deploy/CODEOWNERS", "/team/ @deploy\n", "@deploy"),
        (f"{OWNED}/CODEOWNERS", "/a.yaml @app\n", "@app"),
        (f"{OWNED}/.github/CODEOWNERS", "/b.yaml @app\n", ""),
        ("other/CODEOWNERS", "* @other\n", "@all"),
    ],
)
def test_a_folder_and_its_revision_have_the_same_owners(repository: Path, place: str, rules: str, owner: str) -> None:
    write(repository, f"{OWNED}/a.yaml")
    if owner != "@all":
        (repository / ".github/CODEOWNERS").unlink()
    (repository / place).parent.mkdir(parents=True, exist_ok=True)
    (repository / place).write_text(rules)
    subprocess.run(["git", "add", "-A"], check=True)
    commit = ["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", "owners"]
    subprocess.run(["git", *commit], check=True)
    for source in (OWNED, f"{OWNED}/a.yaml", "deploy/team"):
        if place.startswith(OWNED) and source == "deploy/team":
            continue  # below the source, which looks upwards
        for prefix in ("", "git:HEAD:"):
            found = read([prefix + source])
            assert owner_of(found.codeowners, f"{prefix}{OWNED}/a.yaml") == owner, prefix + source


def test_the_nearest_codeowners_of_a_revision_holds(repository: Path) -> None:
    (repository / "deploy/CODEOWNERS").write_text("/sub/ @near\n")
    subprocess.run(["git", "add", "-A"], check=True)
    commit = ["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", "owners"]
    subprocess.run(["git", *commit], check=True)
    found = read(["git:HEAD:deploy"])
    assert owner_of(found.codeowners, "git:HEAD:deploy/sub/b.yaml") == "@near"
    assert owner_of(found.codeowners, "git:HEAD:deploy/a.yaml") == ""
    assert owner_of(read(["git:HEAD:other"]).codeowners, "git:HEAD:other/c.yaml") == "@all"
