"""`--kustomize`: what is rendered, what is not read because of it, and the account of both."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import netwright as nw
from netwright.base.errors import SourceError
from netwright.model.account import Accounting
from netwright.model.document import Reading
from netwright.sources import kustomize, read


def names(found: Reading) -> list[str]:
    return [document.name for document in found.documents]


def write(root: Path, *paths: str) -> None:
    """One pod a path, named after its file."""
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"apiVersion: v1\nkind: Pod\nmetadata:\n  name: {file.stem}\n")


@pytest.fixture
def overlays(tmp_path: Path) -> Path:
    write(tmp_path, "base/web.yaml", "extra/plain.yaml")
    (tmp_path / "base/kustomization.yaml").write_text("resources: [web.yaml]\n")
    (tmp_path / "overlays/prod").mkdir(parents=True)
    (tmp_path / "overlays/prod/kustomization.yaml").write_text(
        "resources: [../../base]\nnamespace: prod\nnamePrefix: prod-\n"
    )
    (tmp_path / "parts/c").mkdir(parents=True)
    (tmp_path / "parts/c/kustomization.yaml").write_text(
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
    )
    return tmp_path


def test_roots_and_what_they_cover(overlays: Path) -> None:
    plan = kustomize.plan(str(overlays))
    assert plan.roots == (str(overlays / "overlays/prod"),)
    assert os.path.realpath(overlays / "base") in plan.covered
    assert os.path.realpath(overlays / "extra") not in plan.covered


def fake_program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(("name", "words"), [("kubectl", "kustomize"), ("kustomize", "build")])
def test_kustomizations_are_rendered(overlays: Path, monkeypatch: pytest.MonkeyPatch, name: str, words: str) -> None:
    fake_program(
        overlays / "bin",
        name,
        f'[ "$1" = {words} ] || exit 9\n'
        'printf "apiVersion: v1\\nkind: Pod\\nmetadata: {name: prod-web, namespace: prod}\\n"',
    )
    monkeypatch.setenv("PATH", str(overlays / "bin"))
    found = read([str(overlays)], kustomize=True)
    assert names(found) == ["prod-web", "plain"]
    assert found.documents[0].place is not None
    assert found.documents[0].place.file == f"kustomize:{overlays / 'overlays/prod'}"
    assert not found.unread


def test_a_real_kubectl_renders(overlays: Path) -> None:
    command = kustomize.program()
    if command is None:
        pytest.skip("neither kubectl nor kustomize is installed")
    (document, *_) = read([str(overlays / "overlays")], kustomize=True).documents
    assert (document.name, document.namespace) == ("prod-web", "prod")


def test_a_rendering_that_fails(overlays: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_program(overlays / "bin", "kubectl", "echo 'error: no such base' >&2; exit 1")
    monkeypatch.setenv("PATH", str(overlays / "bin") + os.pathsep + "/usr/bin:/bin")
    found = read([str(overlays)], kustomize=True)
    assert names(found) == ["plain"]
    (unread,) = found.unread
    assert (unread.diagnostic.code, unread.fate, unread.kinds) == ("NW1004", "unreadable", ())
    assert unread.diagnostic.title == "`kubectl kustomize` failed: no such base"
    assert unread.diagnostic.severity == "error"  # part of the input is missing: exit code 3


def test_no_program_to_render_with(overlays: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(overlays / "empty"))
    with pytest.raises(SourceError, match="needs `kubectl` or `kustomize`"):
        read([str(overlays)], kustomize=True)
    assert names(read([str(overlays)])) == ["web", "plain"]
    # where there is no kustomization, no program is needed
    assert names(read([str(overlays / "extra")], kustomize=True)) == ["plain"]


def echo(name: str) -> str:
    """A script that prints a pod of this name, whatever it is asked to render."""
    return f'printf "apiVersion: v1\\nkind: Pod\\nmetadata: {{name: {name}}}\\n"'


def test_rendered_kustomizations_count_as_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "base/d.yaml")
    (tmp_path / "base/kustomization.yaml").write_text("resources: [d.yaml]\nnamePrefix: p-\n")
    fake_program(tmp_path / "bin", "kubectl", echo("p-d"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.chdir(tmp_path)
    for source in ("base", "base/", "./base", ".", "base/kustomization.yaml", str(tmp_path / "base")):
        twin = nw.load(source, kustomize=True)
        assert names(twin.snapshot.reading) == ["p-d"], source
        assert twin.accounting == Accounting(evaluated=1), source
        assert not twin.diagnostics, source
    monkeypatch.chdir("base")
    for source in (".", "kustomization.yaml"):
        assert nw.load(source, kustomize=True).accounting == Accounting(evaluated=1)
        assert not nw.load(source, kustomize=True).diagnostics
    assert names(read(["d.yaml"], kustomize=True)) == ["d"]  # a file that is named is read as it is


def test_a_root_that_two_sources_hold_is_rendered_once(overlays: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_program(overlays / "bin", "kubectl", f"echo >> '{overlays}/calls'; {echo('web')}")
    monkeypatch.setenv("PATH", str(overlays / "bin"))
    monkeypatch.chdir(overlays)
    sources = [str(overlays), "overlays/prod/kustomization.yaml", "./overlays/prod"]
    found = read(sources, kustomize=True)
    assert names(found) == ["web", "plain"]
    assert len((overlays / "calls").read_text().splitlines()) == 1
    assert [given.files for given in found.inputs] == [2, 1, 1]


def test_what_no_kustomization_names_is_not_read_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "base/d.yaml", "base/patch.yaml", "base/stray.yaml", "base/sub/stray.yaml", "loose.yaml")
    (tmp_path / "base/values.yaml").write_text("a: 1\n")
    (tmp_path / "base/kustomization.yaml").write_text(
        "resources: [d.yaml]\npatches: [{path: patch.yaml}]\nconfigMapGenerator: [{name: c, files: [v=values.yaml]}]\n"
    )
    (tmp_path / "base/netwright.yaml").write_text("sources: .\n")  # no manifest
    (tmp_path / "unused").mkdir()
    (tmp_path / "unused/kustomization.yaml").write_text("kind: Component\n")
    fake_program(tmp_path / "bin", "kubectl", echo("rendered"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.chdir(tmp_path)
    for source, left, read_names in (
        (".", ["base/stray.yaml", "base/sub/stray.yaml", "unused/kustomization.yaml"], ["rendered", "loose"]),
        ("base", ["base/stray.yaml", "base/sub/stray.yaml"], ["rendered"]),
        ("base/kustomization.yaml", [], ["rendered"]),
    ):
        found = read([source], kustomize=True)
        assert names(found) == read_names
        assert not found.unread
        said = [("NW1012", f"no rendered kustomization names `{file}`", file) for file in left]
        assert [(w.code, w.title, w.file) for w in found.warnings] == said


def test_kustomizations_in_circles_and_behind_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "in/c/c.yaml", "far/d.yaml")
    for folder, target in (("in/a", "../b"), ("in/b", "../a"), ("in/c", "c.yaml"), ("far", "d.yaml")):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "kustomization.yaml").write_text(f"resources: [{target}]\n")
    (tmp_path / "in/link").symlink_to("../far")
    (tmp_path / "in/up").symlink_to(".")
    os.mkfifo(tmp_path / "in/kustomization.yaml")
    monkeypatch.chdir(tmp_path)
    plan = kustomize.plan("in")
    assert plan.roots == ("in/a", "in/c", "in/link")
    assert not plan.left


@pytest.mark.parametrize("source", [".", "base", "base/kustomization.yaml"])
def test_neither_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    write(tmp_path, "base/d.yaml")
    (tmp_path / "base/kustomization.yaml").write_text("resources: [d.yaml]\n")
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match="needs `kubectl` or `kustomize`, and neither is installed") as raised:
        read([source], kustomize=True)
    assert "kubectl kustomize DIR | netwright reach -" in raised.value.help


def test_a_real_program_counts_the_same(tmp_path: Path) -> None:
    if kustomize.program() is None:
        pytest.skip("neither kubectl nor kustomize is installed")
    write(tmp_path, "base/d.yaml")
    (tmp_path / "base/kustomization.yaml").write_text("resources: [d.yaml]\nnamePrefix: p-\n")
    for source in (tmp_path, tmp_path / "base", tmp_path / "base/kustomization.yaml"):
        twin = nw.load(str(source), kustomize=True)
        assert names(twin.snapshot.reading) == ["p-d"]
        assert (twin.accounting, twin.diagnostics) == (Accounting(evaluated=1), ())
