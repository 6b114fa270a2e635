"""The kinds that are read as their projects define them: where they are served, and whether they take our examples.

Kinds whose definition the corpora hold are `own-crd`, the others, which are served with one that takes every field,
`minimal-crd`: of the latter nothing is shown but that they can be listed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from netwright.dialects import decode
from netwright.dialects.k8s.decode import Invalid
from netwright.model.document import Document
from netwright.model.finding_codes import finding_codes
from netwright.model.kinds import Kind
from netwright.model.live_kinds import plural
from netwright.sources.account import Account
from netwright.sources.document_text import read_text
from netwright.sources.kube import Access
from netwright.sources.kube.connection import Server
from netwright.sources.kube.discovery import discover
from netwright.sources.kube.kubeconfig import choose
from tests.cluster import definitions, objects
from tests.cluster.server import ApiServer

ROOT = Path(__file__).resolve().parents[2]
_FOLDER = definitions.corpora()
SHIPPED = set(definitions.shipped(_FOLDER)) if _FOLDER else set()
KINDS = [
    pytest.param(kind, id=f"{'own' if (kind.group, kind.name) in SHIPPED else 'minimal'}-crd[{kind.name}.{kind.group}]")
    for kind in definitions.wanted()
]
OWN = [parameter for parameter in KINDS if str(parameter.id).startswith("own")]
_FENCE = re.compile(r"^```ya?ml[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)

UNKNOWN = {
    "NW2305 fails": "`namespace` for `namespaces` is the mistake",
    "anp-33-what-a-newer-api-says.md": "`tenants` are of an API to come",
    "cni-peers-of-a-newer-api.md": "`constellations` are of an API to come",
}
"""Examples with fields that are unknown on purpose."""

Example = tuple[str, Document]


def _texts() -> Iterator[tuple[str, str]]:
    for code in finding_codes():
        yield f"{code.code} fails", code.fails
        yield f"{code.code} passes", code.passes
    for path in (*(ROOT / "tests" / "scenarios").glob("*.md"), *(ROOT / "docs" / "how").glob("*.md")):
        for fence in _FENCE.finditer(path.read_text(encoding="utf-8")):
            yield path.name, fence[1]
    for path in (*(ROOT / "tests" / "planted").rglob("*.yaml"), *(ROOT / "tests" / "cluster").glob("*.yaml")):
        yield path.name, path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def examples(api: ApiServer) -> dict[tuple[str, str], list[Example]]:
    """The objects of our examples, scenarios and pages by group and kind; their namespaces are made."""
    found: dict[tuple[str, str], list[Example]] = {}
    for label, text in _texts():
        account = Account()
        read_text(account, label, text.encode(), in_chart=lambda: False)
        for document in account.documents:
            found.setdefault((document.group, document.kind), []).append((label, document))
    names = {document.namespace or "default" for of in found.values() for _, document in of}
    api.write([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in names])
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_served_as_the_role_names_it(api: ApiServer, kind: Kind) -> None:
    server = Server(choose("kube:", Access(kubeconfig=str(api.config))), allow_exec=False)
    (found,) = [r for r in discover(server).resources if (r.group, r.kind) == (kind.group, kind.name)]
    server.close()
    assert (found.plural, found.namespaced) == (plural(kind.name), kind.namespaced)
    rules = [rule for rule in objects.documented_role()["rules"] if rule["apiGroups"] == [kind.group]]
    assert any({found.plural, "*"} & set(rule["resources"]) for rule in rules)


@pytest.mark.parametrize("kind", OWN)
def test_a_project_takes_the_examples_that_are_taken_here(
    api: ApiServer, examples: dict[tuple[str, str], list[Example]], kind: Kind
) -> None:
    """And refuses those that are refused here. Nothing is written, and an unknown field is a fault."""
    for label, document in examples.get((kind.group, kind.name), ()):
        tree = document.tree()
        body = tree | {"apiVersion": document.api_version, "kind": document.kind}
        if kind.namespaced:
            body["metadata"] = body["metadata"] | {"namespace": document.namespace or "default"}
        code, said = api.dry_run(body)
        is_taken = code in (201, 409)  # 409: it would be, and is there already
        is_refused = isinstance(decode(document), Invalid)
        if label in UNKNOWN:
            assert "unknown field" in said, f"{label}: {said}"
        else:
            assert is_taken != is_refused, f"{label}: {document.kind} `{document.name}`: {said}"
