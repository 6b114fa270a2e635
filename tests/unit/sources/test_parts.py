"""Several networks in one source: which parts there are, what each is read from, and that nothing is left out."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

import netwright as nw
from netwright import Part, split
from netwright.base.errors import SourceError, UsageError

KUBECTL = """\
#!/bin/sh
# `kubectl kustomize DIR`, of `resources` one a line: files, and folders with a kustomization
render() {
  sed -n 's/^- //p' "$1/kustomization.yaml" | while read -r name; do
    if [ -d "$1/$name" ]; then render "$1/$name"; else cat "$1/$name" || exit 1; echo ---; fi
  done
}
echo "$2" >> "$CALLS"
render "$2"
"""


def write(root: Path, *paths: str) -> None:
    """One pod a path, named after its file."""
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"apiVersion: v1\nkind: Pod\nmetadata:\n  name: {file.stem}\n", encoding="utf-8")


def kustomization(root: Path, folder: str, *resources: str) -> None:
    (root / folder).mkdir(parents=True, exist_ok=True)
    text = "resources:\n" + "".join(f"- {name}\n" for name in resources)
    (root / folder / "kustomization.yaml").write_text(text, encoding="utf-8")


def commit(folder: Path) -> None:
    who = ("-c", "user.name=n", "-c", "user.email=n@example.com", "-c", "commit.gpgsign=false")
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], [*who, "commit", "-qm", "one"]):
        subprocess.run(["git", *command], cwd=folder, check=True, capture_output=True)


def names(part: Part) -> list[str]:
    return sorted(d.name for d in nw.load(part).snapshot.objects)


def read(parts: dict[str, Part]) -> dict[str, list[str]]:
    return {name: found for name, part in parts.items() if (found := names(part))}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    repository = tmp_path / "repository"
    write(repository, "clusters/a/web.yaml", "clusters/a/deep/db.yaml", "clusters/b/web.yaml", "clusters/all.yaml")
    write(repository, "loose.yaml", "clusters/.hidden/x.yaml", "clusters/node_modules/x.yaml", "apps/one/one.yaml")
    (repository / "clusters/none").mkdir()
    monkeypatch.chdir(repository)
    return repository


@pytest.fixture
def rendering(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Overlays of one base, in a repository, and a program that renders them."""
    write(here, "k/base/app.yaml", "k/dev/only-dev.yaml", "k/dev/stray.yaml", "k/plain.yaml")
    kustomization(here, "k/base", "app.yaml", "../../loose.yaml")
    kustomization(here, "k/dev", "../base", "only-dev.yaml")
    kustomization(here, "k/prod", "../base")
    programs = here.parent / "bin"
    programs.mkdir()
    (programs / "kubectl").write_text(KUBECTL, encoding="utf-8")
    (programs / "kubectl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CALLS", str(here.parent / "calls"))
    return here


# --- folders ----------------------------------------------------------------------------------------------------------

PARTED = {"clusters/a": ["db", "web"], "clusters/b": ["web"], ".": ["all", "loose", "one"]}


def test_nothing_to_split_is_one_part_that_is_read_as_the_sources_are(here: Path) -> None:
    (parts,) = split(["clusters", "loose.yaml"])
    assert parts == {"": Part(name="", pieces=("clusters", "loose.yaml"))}
    assert names(parts[""]) == ["all", "db", "loose", "web"]


@pytest.mark.parametrize("source", [".", "./", "git:main:.", "git:HEAD:", "{here}"])
def test_each_folder_is_a_part_and_the_rest_is_one(here: Path, source: str) -> None:
    commit(here)
    (parts,) = split([source.format(here=here)], folders=["clusters"])
    assert read(parts) == PARTED
    assert list(parts)[-1] == "."


@pytest.mark.parametrize(
    ("source", "folder"),
    [
        ("clusters", "."),
        ("clusters/", "./"),
        ("git:main:clusters", "."),
        ("clusters", "clusters"),
        ("{here}/clusters", "clusters"),
        ("git:main:clusters", "clusters/"),
    ],
)
def test_the_folder_may_be_written_below_the_source_or_as_it_is_seen_from_here(
    here: Path, source: str, folder: str
) -> None:
    commit(here)
    (parts,) = split([source.format(here=here)], folders=[folder])
    assert read(parts) == {"a": ["db", "web"], "b": ["web"], ".": ["all"]}


def test_several_folders_add_up_and_the_inner_one_is_taken_out_of_the_outer(here: Path) -> None:
    (parts,) = split(["."], folders=[".", "clusters", "apps"])
    assert read(parts) == {
        "clusters": ["all"],
        "clusters/a": ["db", "web"],
        "clusters/b": ["web"],
        "apps/one": ["one"],
        ".": ["loose"],
    }


def test_every_side_is_split_alike(here: Path) -> None:
    commit(here)
    write(here, "clusters/c/new.yaml")
    before, after = split(["git:main:."], ["."], folders=["clusters"])
    assert read(before) == PARTED
    assert read(after) == PARTED | {"clusters/c": ["new"]}
    assert [p.source for p in after["clusters/c"].pieces if not isinstance(p, str)] == ["clusters/c"]  # type: ignore[union-attr]


def test_parts_of_several_sources_are_joined_by_name(here: Path) -> None:
    write(here.parent / "other", "clusters/a/more.yaml", "clusters/d/d.yaml")
    (parts,) = split([".", "../other", "loose.yaml"], folders=["clusters"])
    assert read(parts) == PARTED | {"clusters/a": ["db", "more", "web"], "clusters/d": ["d"]}


@pytest.mark.parametrize("folder", ["absent", "clusters/a/deep", "..", "/", "loose.yaml"])
def test_a_folder_without_folders_is_wrong_use(here: Path, folder: str) -> None:
    with pytest.raises(UsageError, match="no folders in") as raised:
        split(["."], folders=[folder])
    assert "--split clusters" in raised.value.help


def test_a_part_of_nothing_is_an_empty_network() -> None:
    twin = nw.load(Part(name="gone"))
    assert (twin.snapshot.objects, twin.diagnostics, twin.accounting.total) == ((), (), 0)
    with pytest.raises(SourceError, match="no source was given"):
        nw.load()


# --- kustomizations ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["k", "git:main:k", "git:main:./k"])
def test_each_root_is_a_part_and_what_it_includes_is_not_read_besides(rendering: Path, source: str) -> None:
    commit(rendering)
    (parts,) = split([source], kustomize=True)
    assert read(parts) == {"dev": ["app", "loose", "only-dev"], "prod": ["app", "loose"], ".": ["plain"]}
    shown = source.replace("./", "")
    assert {d.place.file for d in nw.load(parts["prod"]).snapshot.objects if d.place} == {f"kustomize:{shown}/prod"}
    (warning,) = nw.load(parts["dev"]).diagnostics
    assert (warning.code, "dev/stray.yaml" in warning.title) == ("NW1012", True)


def test_a_revision_is_rendered_as_it_was_and_leaves_nothing_behind(rendering: Path) -> None:
    commit(rendering)
    write(rendering, "k/base/later.yaml")
    kustomization(rendering, "k/base", "later.yaml")
    before, after = split(["git:main:k"], ["k"], kustomize=True)
    assert (names(before["prod"]), names(after["prod"])) == (["app", "loose"], ["later"])
    rendered = (rendering.parent / "calls").read_text(encoding="utf-8").splitlines()
    copies = [folder for folder in rendered if folder.startswith("/")]
    assert copies
    assert not any(Path(folder).exists() for folder in copies)


@pytest.mark.parametrize(
    "source", ["k/dev", "k/dev/kustomization.yaml", "git:main:k/dev", "git:main:k/dev/kustomization.yaml"]
)
def test_one_root_and_what_lies_beside_it_stay_one_network(rendering: Path, source: str) -> None:
    commit(rendering)
    (parts,) = split([source], kustomize=True)
    assert read(parts) == {"": ["app", "loose", "only-dev"]}
    assert [d.name for d in nw.load(source, kustomize=True).snapshot.objects] == ["app", "loose", "only-dev"]


def test_roots_in_one_folder_of_a_split_are_one_part(rendering: Path) -> None:
    write(rendering, "k/east/x/x.yaml", "k/east/v/v.yaml", "k/east/z.yaml", "k/west/w.yaml")
    kustomization(rendering, "k/east/x", "x.yaml")
    kustomization(rendering, "k/east/v", "v.yaml")
    (parts,) = split(["k"], folders=["."], kustomize=True)
    assert read(parts) == {
        "dev": ["app", "loose", "only-dev"],
        "east": ["v", "x", "z"],
        "prod": ["app", "loose"],
        "west": ["w"],
        ".": ["plain"],
    }


def test_a_revision_that_cannot_be_rendered_says_so_without_the_place_of_the_copy(
    rendering: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(rendering)
    (rendering.parent / "bin/kubectl").write_text('#!/bin/sh\necho "Error: no $2/x" >&2\necho " >" >&2\nexit 1\n')
    twin = nw.load("git:main:k", kustomize=True)
    assert [(u.diagnostic.title, u.diagnostic.file) for u in twin.snapshot.reading.unread] == [
        (f"`kubectl kustomize` failed: no k/{name}/x", f"kustomize:git:main:k/{name}") for name in ("dev", "prod")
    ]
    assert twin.provenance.is_partial


def test_links_and_odd_names_of_a_revision_are_not_copied(rendering: Path) -> None:
    secret = rendering.parent / "secret.yaml"
    write(rendering.parent, "secret.yaml")
    (rendering / "k/prod/link.yaml").symlink_to(secret)
    kustomization(rendering, "k/prod", "link.yaml")
    commit(rendering)
    (parts,) = split(["git:main:k"], kustomize=True)
    assert "secret" not in names(parts["prod"])
