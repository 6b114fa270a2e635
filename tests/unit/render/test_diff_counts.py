"""The counts of `diff` in every format: ways in count under their word, and nothing passes as known that is not."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from netwright.cli.main import run

Ask = Callable[..., str]


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes], root: Path) -> Ask:
    """`diff` between `with`, the example, and `without` the NodePort Service `legacy/orders`."""
    monkeypatch.chdir(tmp_path)
    for name in ("with", "without"):
        shutil.copytree(root / "examples/shop", name)
    orders = Path("without/legacy/orders.yaml")
    deployment, _, pod = orders.read_text(encoding="utf-8").split("---\n")
    orders.write_text(f"{deployment}---\n{pod}", encoding="utf-8")

    def asked(before: str, after: str, *arguments: str) -> str:
        run(["diff", before, after, "-q", *arguments])
        return capfdbinary.readouterr().out.decode()

    return asked


def cases(text: str) -> dict[str, str]:
    """What became of each case of JUnit."""
    found = ElementTree.fromstring(text).iter("testcase")
    return {case.attrib["name"]: case[0].tag if len(case) else "passed" for case in found}


def tiles(text: str) -> dict[str, str]:
    """The figures of a page, by what they count."""
    return {told: figure for figure, told in re.findall(r"<dd>([^<]+)</dd><dt>([^<]+)</dt>", text)}


def test_a_way_in_that_closed_is_counted_as_one_that_was_exposed_is(ask: Ask) -> None:
    """The way in, and beside it the port of the Service in the cluster."""
    assert "1 exposed · 1 opened · 0 closed · 0 changed" in ask("without", "with").replace("\n", " ")
    assert ask("with", "without").splitlines()[-2].startswith("0 opened · 2 closed · 0 changed · 0 undecided")


def test_so_it_is_in_the_other_formats(ask: Ask) -> None:
    both = ("with", "without", "-o")
    assert "## netwright diff failed: 0 exposed, 0 opened, 2 closed\n" in ask(*both, "md")
    assert "| `-` closed | 2 |\n" in ask(*both, "md")
    assert "\nnetwright diff: 0 opened, 2 closed, 0 changed" in ask(*both, "github")
    closed = {name: became for name, became in cases(ask(*both, "junit")).items() if became != "passed"}
    assert closed == {"no connection is closed": "failure"}
    page = ask(*both, "html", "--out", "page.html") or Path("page.html").read_text(encoding="utf-8")
    assert tiles(page)["closed"] == "2"
    found = json.loads(ask(*both, "json"))
    assert [(e["was"], e["now"]) for e in found["exposed"]] == [("allow", "")]
    assert [(s["was"], s["now"]) for s in found["services"]] == [("some", "")]
    assert (found["closed"], found["unread"]) == ([], [])


def test_where_nothing_is_known_no_format_says_that_nothing_changed(ask: Ask) -> None:
    for name, text in (("one", "a: ["), ("other", "b: [")):
        Path(name).mkdir()
        Path(name, "x.yaml").write_text(text)
    both = ("one", "other")
    formats = ("text", "md", "github", "html")
    said = {name: ask(*both, "-o", name) for name in formats}
    ask(*both, "-o", "html", "--out", "page.html")
    said["html"] = said["html"] or Path("page.html").read_text(encoding="utf-8")
    for name, text in said.items():
        told = " ".join(text.split())
        assert "o connection is known to have opened, closed or changed" in told, name
        assert "o connection was opened" not in told, name
        assert "changed text but not traffic" not in told, name
        assert "x.yaml" in told, name
    assert set(cases(ask(*both, "-o", "junit")).values()) == {"skipped"}
    (unread,) = json.loads(ask(*both, "-o", "json"))["unread"]
    assert (unread["kind"], unread["name"], unread["change"]) == ("file", "x.yaml", "unreadable")
    assert unread["before"].startswith("one/x.yaml:")
    assert unread["after"].startswith("other/x.yaml:")
    assert unread["note"].startswith("NW1001: ")


def test_what_changed_beside_an_unreadable_text_is_quiet_as_far_as_is_known(ask: Ask) -> None:
    for name, more in (("one", "a"), ("other", "b")):
        Path(name).mkdir()
        Path(name, "x.yaml").write_text(f"{more}: [")
        text = f"{{apiVersion: v1, kind: Namespace, metadata: {{name: shop, labels: {{a: {more}}}}}}}\n"
        Path(name, "n.yaml").write_text(text)
    told = " ".join(ask("one", "other").split())
    assert "1 object changed without effect on connections, as far as is known: Namespace shop " in told
    assert "1 file changed text but not traffic, as far as is known: n.yaml " in told
    assert "1 part of the input could not be read and could hide a difference: other/x.yaml:" in told


def test_a_kustomization_that_is_not_rendered_and_differs_passes_in_no_format(ask: Ask) -> None:
    shutil.rmtree("without")
    shutil.copytree("with", "without")
    for name, text in (("with", ""), ("without", "patches: [{patch: '[]'}]\n")):
        Path(name, "kustomization.yaml").write_text(f"resources: [shop/web.yaml]\n{text}")
    both = ("with", "without")
    told = " ".join(ask(*both).split())
    assert "and could hide a difference: without/kustomization.yaml:1:1 (`--kustomize` renders it) " in told
    assert told.endswith("exit 3: part of the input could not be used")
    assert "changed text but not traffic" not in told
    for name in ("md", "github", "junit", "json"):
        assert "`--kustomize` renders it" in ask(*both, "-o", name), name
    assert set(cases(ask(*both, "-o", "junit")).values()) == {"skipped"}
    assert json.loads(ask(*both, "-o", "json"))["exit_reasons"] == ["3: part of the input could not be used"]


def test_every_format_says_where_an_object_is_refused_and_no_case_passes(ask: Ask) -> None:
    shutil.rmtree("without")
    shutil.copytree("with", "without")
    orders = Path("without/legacy/orders.yaml")
    orders.write_text(orders.read_text(encoding="utf-8").replace("nodePort: 30080", "nodePort: -1"), encoding="utf-8")
    both = ("with", "without")
    place = "without/legacy/orders.yaml:37:17"
    told = " ".join(ask(*both).split())
    assert f"because Service legacy/orders is refused in {place} NW1007: `spec.ports[0].nodePort` " in told
    assert f"could hide a difference: Service legacy/orders ({place}) " in told
    assert f"because `Service legacy/orders` is refused in `{place}`\n" in ask(*both, "-o", "md")
    assert "%0Abecause Service legacy/orders is refused; NW1007: " in ask(*both, "-o", "github")
    assert set(cases(ask(*both, "-o", "junit")).values()) == {"failure", "skipped"}
    (cause,) = json.loads(ask(*both, "-o", "json"))["because"]
    assert (cause["change"], cause["after"]) == ("refused", place)
    page = ask(*both, "-o", "html", "--out", "page.html") or Path("page.html").read_text(encoding="utf-8")
    assert "<strong>refused</strong>" in page
    assert place in page


def test_a_twin_of_which_a_part_cannot_be_read_is_not_without_a_difference(ask: Ask) -> None:
    for side, text in (("one", "a: ["), ("other", "b: [")):
        for name in ("east", "west"):
            Path(side, name).mkdir(parents=True)
            Path(side, name, "n.yaml").write_text("{apiVersion: v1, kind: Namespace, metadata: {name: shop}}\n")
        Path(side, "west/x.yaml").write_text(text)
    told = ask("one", "other", "--split", ".")
    assert told.startswith("no connection is known to have opened, closed or changed")
    assert "\n1 twin without a difference: east\n" in told
    assert "\n1 twin not known, for part of it could not be read: west\n" in told


def test_a_kustomization_that_fails_to_render_is_no_twin_without_a_difference(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    for side in ("one", "other"):
        for name in ("dev", "prod"):
            Path(side, name).mkdir(parents=True)
            Path(side, name, "kustomization.yaml").write_text("resources: [n.yaml]\n")
    kubectl = Path("bin/kubectl")
    kubectl.parent.mkdir()
    kubectl.write_text(
        "#!/bin/sh\ncase $2 in *prod*) echo 'error: no such base' >&2; exit 1;; esac\n"
        "echo '{apiVersion: v1, kind: Namespace, metadata: {name: shop}}'\n"
    )
    kubectl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{kubectl.parent.resolve()}:/usr/bin:/bin")
    told = ask("one", "other", "--kustomize")
    assert "\n1 twin without a difference: dev\n" in told
    assert "\n1 twin not known, for part of it could not be read: prod\n" in told


def test_that_connections_of_nodes_are_left_out_is_said(ask: Ask) -> None:
    both = ("with", "without")
    shutil.rmtree("without")
    shutil.copytree("with", "without")
    nodes = Path("without/cluster/nodes.yaml")
    text = nodes.read_text(encoding="utf-8")
    nodes.write_text(text.replace("type: InternalIP", "type: ExternalIP"), encoding="utf-8")
    told = " ".join(ask(*both).split())
    changed = "3 Nodes changed, and connections of nodes are left out: "
    assert changed in told
    left = "left out: 3 nodes: `why node/NAME DST` on either side asks about one"
    assert left in told
    assert changed in ask(*both, "-o", "md")
    assert f"\n- {left}\n" in ask(*both, "-o", "md")
    found = json.loads(ask(*both, "-o", "json"))
    assert found["left_out"] == [left.removeprefix("left out: ")]
    assert [one["kind"] for one in found["nodes"]] == ["Node"] * 3
