"""Texts into documents: YAML and JSON, many in one file, lists, what is no object, and what a broken one leaves."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import msgspec
import pytest

from netwright.base.errors import SourceError
from netwright.model.document import Reading
from netwright.sources import read

POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: db
  namespace: shop
spec:
  podSelector: {}
"""
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\n"


def reading(text: str | bytes) -> Reading:
    return read(["-"], stdin=io.BytesIO(text if isinstance(text, bytes) else text.encode()))


def names(found: Reading) -> list[str]:
    return [f"{document.kind}/{document.name}" for document in found.documents]


def test_header_and_tree() -> None:
    (document,) = reading(POLICY).documents
    assert (document.api_version, document.group, document.kind) == (
        "networking.k8s.io/v1",
        "networking.k8s.io",
        "NetworkPolicy",
    )
    assert (document.namespace, document.name) == ("shop", "db")
    assert document.tree()["spec"] == {"podSelector": {}}


@pytest.mark.parametrize(
    "text",
    [
        f"{POLICY}---\n{POD}",
        f"---\n{POLICY}\n---\n{POD}...\n",
        f"# first\n---\n# only a comment\n---\n{POLICY}---\n---\n{POD}---\n# end\n",
        f"{POLICY}--- # next\n{POD}".replace("\n", "\r\n"),
        f"\ufeff{POLICY}---\n{POD}",
        f"{POLICY}---\n" + '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}}\n',
        f"{POLICY}...\n{POD}",
    ],
    ids=["two", "separators", "comments", "crlf", "bom", "json-inside", "dots"],
)
def test_many_documents(text: str) -> None:
    found = reading(text)
    assert names(found) == ["NetworkPolicy/db", "Pod/web"]
    assert not found.unread
    assert [document.place.document for document in found.documents if document.place] == [0, 1]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_with_its_mark(encoding: str) -> None:
    mark = "" if encoding == "utf-16" else "\ufeff"
    assert names(reading((mark + POLICY).encode(encoding))) == ["NetworkPolicy/db"]


def test_anchors_and_merge_keys() -> None:
    text = "apiVersion: v1\nkind: Pod\nmetadata: &m {name: web, labels: &l {a: b}}\n"
    text += "spec: {one: *l, two: {<<: *l, c: d}, m: *m}\n"
    tree = reading(text).documents[0].tree()
    assert tree["spec"]["one"] == {"a": "b"}
    assert tree["spec"]["two"] == {"a": "b", "c": "d"}
    assert tree["spec"]["m"] == tree["metadata"]


def test_anchors_end_with_their_document() -> None:
    found = reading(f"{POD}x: &x 1\n---\n{POD}y: *x\n")
    assert names(found) == ["Pod/web"]
    assert [unread.diagnostic.title for unread in found.unread] == ["unknown anchor `x`"]


@pytest.mark.parametrize("kind", ["List", "NetworkPolicyList"])
@pytest.mark.parametrize("form", ["yaml", "json"])
def test_lists_are_flattened(kind: str, form: str) -> None:
    items = [{"metadata": {"name": name, "namespace": "shop"}} for name in ("a", "b")]
    if kind == "List":
        items = [{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", **item} for item in items]
    value = {"apiVersion": "v1" if kind == "List" else "networking.k8s.io/v1", "kind": kind, "items": items}
    text = msgspec.json.encode(value) if form == "json" else msgspec.yaml.encode(value)
    found = reading(text)
    assert names(found) == ["NetworkPolicy/a", "NetworkPolicy/b"]
    assert [document.place.item for document in found.documents if document.place] == [("items", 0), ("items", 1)]
    assert {document.group for document in found.documents} == {"networking.k8s.io"}
    if form == "json":
        assert all(isinstance(document.raw, msgspec.Raw) for document in found.documents)


def test_lists_in_lists() -> None:
    inner = {
        "apiVersion": "v1",
        "kind": "List",
        "items": [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}}],
    }
    value = {"apiVersion": "v1", "kind": "List", "items": [inner, inner["items"][0]]}  # type: ignore[index]
    for text in (msgspec.json.encode(value), msgspec.yaml.encode(value)):
        found = reading(text)
        assert [document.place.item for document in found.documents if document.place] == [
            ("items", 0, "items", 0),
            ("items", 1),
        ]


def test_a_kind_that_only_ends_like_a_list() -> None:
    found = reading("apiVersion: x.io/v1\nkind: AllowList\nmetadata: {name: a}\nspec: {}\n")
    assert names(found) == ["AllowList/a"]


def test_json_streams() -> None:
    one = '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "%s"}}'
    for gap in ("\n", "", "\n---\n", "  \r\n"):
        assert names(reading(one % "a" + gap + one % "b" + "\n")) == ["Pod/a", "Pod/b"], repr(gap)


def test_flow_mappings_are_yaml() -> None:
    found = reading("{apiVersion: v1, kind: Pod, metadata: {name: a}, port: 0777,}")
    assert names(found) == ["Pod/a"]
    assert found.documents[0].tree()["port"] == 511


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("a: 1\n", "no `apiVersion` and `kind`: not a Kubernetes object"),
        ("apiVersion: v1\nname: x\n", "no `kind`: not a Kubernetes object"),
        ("kind: Pod\n", "no `apiVersion`: not a Kubernetes object"),
        ("apiVersion: 1\nkind: Pod\n", "`apiVersion` must be text, found a single value: not a Kubernetes object"),
        ("apiVersion: v1\nkind: [Pod]\n", "`kind` must be text, found a list: not a Kubernetes object"),
        ("apiVersion: v1\nkind: {a: Pod}\n", "`kind` must be text, found a mapping: not a Kubernetes object"),
        ("- a\n", "a list is not a Kubernetes object"),
        ("hello\n", "a single value is not a Kubernetes object"),
        ('{"a": 1}', "no `apiVersion` and `kind`: not a Kubernetes object"),
        (
            '{"apiVersion": 1, "kind": "Pod"}',
            "`apiVersion` must be text, found a single value: not a Kubernetes object",
        ),
        ("[1, 2]", "a list is not a Kubernetes object"),
    ],
)
def test_no_object(text: str, title: str) -> None:
    found = reading(f"# first\n{text}" if not text.startswith(("{", "[")) else text)
    assert not found.documents
    (unread,) = found.unread
    assert (unread.diagnostic.code, unread.diagnostic.title, unread.fate) == ("NW1011", title, "not_understood")
    assert unread.kinds == ("-",)
    assert unread.diagnostic.line == (1 if text.startswith(("{", "[")) else 2)


def test_a_bad_item_leaves_the_others() -> None:
    text = '{"apiVersion": "v1", "kind": "List", "items": [3, {"kind": 5}, {"apiVersion": "v1", "kind": "Pod"}, null]}'
    for form in (text, "# yaml\n" + text):
        found = reading(form)
        assert names(found) == ["Pod/"]
        assert [unread.diagnostic.code for unread in found.unread] == ["NW1011"] * 3


def test_names_of_other_types_are_text() -> None:
    for text in (
        '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": 5}}',
        "apiVersion: v1\nkind: Pod\nmetadata: {name: 5}\n",
    ):
        assert names(reading(text)) == ["Pod/5"]


@pytest.mark.parametrize("metadata", ["", "metadata:\n", "metadata: []\n", "metadata: 3\n"])
def test_no_metadata(metadata: str) -> None:
    assert names(reading(f"apiVersion: v1\nkind: Pod\n{metadata}")) == ["Pod/"]


def test_a_key_written_twice() -> None:
    found = reading("apiVersion: v1\nkind: Pod\nspec:\n  a: 1\n  b: 2\n  a: 3\n---\nkind: X\nkind: Z\napiVersion: v1\n")
    assert found.documents[0].tree()["spec"] == {"a": 3, "b": 2}
    assert found.documents[1].kind == "Z"
    assert [(warning.code, warning.line, warning.column) for warning in found.warnings] == [
        ("NW1006", 6, 3),
        ("NW1006", 9, 1),
    ]


def test_a_key_written_twice_in_json() -> None:
    found = reading('{"apiVersion": "v1", "kind": "Pod",\n "a": {"x": "a"}, "b": [{"x": 1}, {"x": 2}],\n "a": 2}')
    assert [(warning.code, warning.line, warning.column) for warning in found.warnings] == [("NW1006", 3, 2)]


# --- broken documents ---


def test_a_broken_document_leaves_the_others() -> None:
    broken = POLICY.replace("podSelector: {}", "podSelector: {a: [}")
    found = reading(f"{POD}---\n{broken}---\n# fine\n{POD.replace('web', 'late')}")
    assert names(found) == ["Pod/web", "Pod/late"]
    (unread,) = found.unread
    assert (unread.diagnostic.code, unread.fate) == ("NW1001", "unreadable")
    assert (unread.kinds, unread.namespaces) == (("NetworkPolicy",), ("shop",))
    assert (unread.diagnostic.line, unread.diagnostic.column) == (11, 21)
    assert unread.diagnostic.effect == "verdicts that `NetworkPolicy` in `shop` could change are undecided"
    late = found.documents[1].place
    assert late is not None
    position = found.texts.position(late, ("kind",))
    assert position is not None
    assert (position.line, position.column) == (15, 7)


@pytest.mark.parametrize(
    ("text", "kinds", "namespaces"),
    [
        ("kind: NetworkPolicy\nmetadata:\n  namespace: shop\n  x: [\n", ("NetworkPolicy",), ("shop",)),
        ('kind: "NetworkPolicy" # c\nmetadata:\n  name: x\nx: [\n', ("NetworkPolicy",), ()),
        (
            "kind: Pod\nmetadata:\n  namespace: a\nkind: Service\nmetadata:\n  namespace: b\nx: [\n",
            ("Pod", "Service"),
            ("a", "b"),
        ),
        ("kind: Pod\nmetadata:\n  namespace: a\nkind: Service\nx: [\n", ("Pod", "Service"), ()),
        (" kind: Pod\nx: [\n", (), ()),
        ("x: [\n", (), ()),
        ("kind: Pod\nspec:\n  namespace: a\nmetadata: {namespace: b}\nx: [\n", ("Pod",), ()),
        ("kind: Pod\nmetadata:\n  labels:\n    namespace: a\nx: [\n", ("Pod",), ()),
        ("kind: Pod\nmetadata:\n  namespace: {{ .Values.ns }}\n", ("Pod",), ()),
        ("kind: {{ .Values.kind }}\nmetadata:\n  namespace: a\n", (), ()),
        ("kind: {{ x }}Pod\n", (), ()),
        ("kind: Pod\nkind: {{ x }}\n", (), ()),
        ("kind: NetworkPolicyList\nitems: [\n", ("NetworkPolicy",), ()),
        (
            "kind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n- apiVersion: v1\n  kind: Service\n  x: [\n",
            ("Pod", "Service"),
            (),
        ),
        ("kind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n- apiVersion: v1\n  knid: Service\n  x: [\n", (), ()),
        ("kind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n- x: [\n", (), ()),
        (
            '{"kind": "NetworkPolicy", "metadata": {"namespace": "shop"}, "spec": {"kind": "X"}, ]',
            ("NetworkPolicy",),
            ("shop",),
        ),
        ('{"spec": {"kind": "X"}, "kind": "NetworkPolicy", ]', ("NetworkPolicy",), ()),
        ('{"kind": "List", "items": [{"kind": "Pod"}, ]', (), ()),
    ],
)
def test_what_a_broken_document_still_says(text: str, kinds: tuple[str, ...], namespaces: tuple[str, ...]) -> None:
    found = reading(f"{POD}---\n{text}")
    assert names(found) == ["Pod/web"]
    (unread,) = found.unread
    assert (unread.kinds, unread.namespaces) == (kinds, namespaces)


@pytest.mark.parametrize(
    ("data", "title", "line", "column"),
    [
        (b"kind: Pod\nname: \xff\n", "byte 0xff is not valid UTF-8", 2, 7),
        (b"kind: Pod\nname: a\0b\n", "a NUL byte is not allowed", 2, 8),
        (b"kind: Pod\nname: \x1b[31m\n", "the control character U+001B is not allowed", 2, 7),
        ("kind: Pod\nname: é\x07\n".encode(), "the control character U+0007 is not allowed", 2, 8),
    ],
)
def test_characters_that_are_not_allowed(data: bytes, title: str, line: int, column: int) -> None:
    found = reading(POD.encode() + b"---\n" + data + b"---\n" + POD.encode())
    assert names(found) == ["Pod/web"] * 2
    (unread,) = found.unread
    assert (unread.diagnostic.code, unread.diagnostic.title) == ("NW1001", title)
    assert (unread.diagnostic.line, unread.diagnostic.column) == (line + 4, column)
    assert unread.kinds == ("Pod",)


def test_broken_json_says_what_json_says() -> None:
    (unread,) = reading('{"apiVersion": "v1",\n "kind": "Pod",\n "metadata": {"name": ]}').unread
    assert unread.diagnostic.title == "not valid JSON: invalid character"
    assert (unread.diagnostic.line, unread.diagnostic.column) == (3, 23)
    assert unread.kinds == ("Pod",)


@pytest.mark.parametrize("data", [b"\xff\xfe\x00\xd8\x00\x00", b"\x00\x00\xfe\xff\x00\x00\x00a"])
def test_other_encodings_are_refused(data: bytes) -> None:
    (unread,) = reading(data).unread
    assert unread.diagnostic.code == "NW1001"
    assert unread.kinds == ()


# --- templates and kustomizations ---


def test_a_templated_document_among_others() -> None:
    found = reading(f"{POD}---\n{POLICY.replace('name: db', 'name: {{ .Values.name }}')}")
    assert names(found) == ["Pod/web"]
    (unread,) = found.unread
    assert (unread.diagnostic.code, unread.fate) == ("NW1003", "not_understood")
    assert (unread.kinds, unread.namespaces) == (("NetworkPolicy",), ("shop",))
    assert (unread.diagnostic.line, unread.diagnostic.column) == (8, 9)


def test_conditions_make_the_whole_file_a_template() -> None:
    found = reading(f"{{{{- if .Values.on }}}}\n---\n{POLICY}---\n{POD}---\n{{{{- end }}}}\n")
    assert not found.documents
    (unread,) = found.unread
    assert unread.diagnostic.code == "NW1003"
    assert unread.kinds == ("NetworkPolicy", "Pod")


def test_braces_in_quotes_and_comments_are_text() -> None:
    found = reading(POD + "# {{ x }}\nspec: {a: '{{ x }}', b: \"{{ y }}\"}\nc: |\n  {{ z }}\n")
    assert names(found) == ["Pod/web"]
    (unread,) = reading("a: '{{ x }}'\nb: [\n").unread
    assert unread.diagnostic.code == "NW1001"


def test_a_chart(tmp_path: Path) -> None:
    (tmp_path / "chart/templates/sub").mkdir(parents=True)
    (tmp_path / "chart/Chart.yaml").write_text("apiVersion: v2\nname: chart\nversion: 0.1.0\n")
    (tmp_path / "chart/values.yaml").write_text("a: '{{ not a template }}'\n")
    (tmp_path / "chart/templates/sub/p.yaml").write_text(POLICY + "x: '{{ .Values.x }}'\n")
    (tmp_path / "chart/templates/plain.yaml").write_text(POD)
    found = read([str(tmp_path)])
    assert names(found) == ["Pod/web"]
    assert sorted(unread.diagnostic.code for unread in found.unread) == ["NW1003", "NW1011", "NW1011"]
    (template,) = [unread for unread in found.unread if unread.diagnostic.code == "NW1003"]
    assert template.kinds == ("NetworkPolicy",)
    assert template.diagnostic.file.endswith("chart/templates/sub/p.yaml")
    assert template.diagnostic.line == 8
    # the same file named alone
    (alone,) = read([str(tmp_path / "chart/templates/sub/p.yaml")]).unread
    assert alone.diagnostic.code == "NW1003"


@pytest.mark.parametrize("name", ["kustomization.yaml", "kustomization.yml", "Kustomization", "other.yaml"])
def test_kustomizations(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [pod.yaml]\n"
    )
    (tmp_path / "pod.yaml").write_text(POD)
    found = read([str(tmp_path)])
    assert names(found) == ["Pod/web"]
    (unread,) = found.unread
    assert (unread.diagnostic.code, unread.fate, unread.kinds) == ("NW1004", "not_understood", ("Kustomization",))


def test_another_kustomization_is_an_object() -> None:
    found = reading("apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: x}\n")
    assert names(found) == ["Kustomization/x"]


# --- house rules ---


def test_heavy_libraries_stay_out() -> None:
    script = dedent(
        """
        import sys
        from netwright.sources import read
        assert not {"yaml", "numpy", "rich", "click", "subprocess"} & set(sys.modules), "import"
        import io
        read(["-"], stdin=io.BytesIO(b'{"apiVersion": "v1", "kind": "Pod"}'))
        assert not {"yaml", "numpy", "rich", "click", "subprocess"} & set(sys.modules), "JSON only"
        """
    )
    source = Path(__file__).parents[3] / "src"
    done = subprocess.run(
        [sys.executable, "-c", script], env={"PYTHONPATH": str(source)}, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


def test_empty_input() -> None:
    with pytest.raises(SourceError, match="standard input is empty"):
        reading(" \n")


# --- nothing vanishes ---

JSON_POD = '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web"}}'


@pytest.mark.parametrize(
    ("bad", "where", "kinds"),
    [
        ('{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":1e400}}', (2, 58), ("ConfigMap",)),
        ('{"apiVersion":"v1","kind":"ConfigMap",\n"metadata":-1e400}', (3, 12), ("ConfigMap",)),
        ('{"apiVersion":"v1","kind":1e400}', (2, 27), ()),
        ('{"apiVersion":"v1","kind":"Job","kind":"Pod","metadata":1e400}', (2, 57), ()),
        (f'{{"apiVersion":"v1","kind":"List","metadata":1e400,"items":[{JSON_POD}]}}', (2, 45), ()),
    ],
)
@pytest.mark.parametrize("separator", ["\n", "\n---\n"])
def test_a_number_beyond_every_range_leaves_the_others(
    bad: str, where: tuple[int, int], kinds: tuple[str, ...], separator: str
) -> None:
    found = reading(f"{JSON_POD}{separator}{bad}{separator}{JSON_POD}\n")
    assert names(found) == ["Pod/web", "Pod/web"]
    (unread,) = found.unread
    diagnostic = unread.diagnostic
    assert (diagnostic.code, unread.fate, unread.kinds) == ("NW1001", "unreadable", kinds)
    assert "1e400` is a number beyond every range" in diagnostic.title
    assert (diagnostic.line, diagnostic.column) == (where[0] + separator.count("\n") - 1, where[1])


def test_a_number_beyond_every_range_in_a_list_leaves_the_other_items() -> None:
    items = f'{JSON_POD},\n{{"apiVersion":"v1","kind":"Job","metadata":{{"name":1e400}}}},\n{JSON_POD}'
    found = reading(f'{{"apiVersion":"v1","kind":"List","items":[{items}]}}')
    assert names(found) == ["Pod/web", "Pod/web"]
    (unread,) = found.unread
    assert (unread.diagnostic.line, unread.diagnostic.column, unread.kinds) == (2, 52, ("Job",))


@pytest.mark.parametrize(
    "text",
    [
        '{"kind":"Pod","metadata":{"namespace":"a"}}{"kind":"Service","metadata":{"namespace":"b"}',
        '{"k\\u0069nd":"Service","kind":"Pod","metadata":',
    ],
)
def test_a_broken_json_text_of_several_kinds_could_be_any(text: str) -> None:
    (unread,) = reading(text).unread
    assert (unread.kinds, unread.namespaces) == ((), ())


def test_a_second_metadata_leaves_the_namespace_open() -> None:
    (unread,) = reading('{"kind":"Pod","metadata":{"namespace":"a"},"metadata":{').unread
    assert (unread.kinds, unread.namespaces) == (("Pod",), ())


@pytest.mark.parametrize("text", ["", " \n", "# only a comment\n", "---\n---\n", "null\n"])
@pytest.mark.parametrize("name", ["empty.yaml", "empty.json"])
def test_a_text_without_a_document_is_a_warning(tmp_path: Path, text: str, name: str) -> None:
    (tmp_path / name).write_text(text)
    found = read([str(tmp_path)])
    assert not found.documents
    assert [warning.code for warning in found.warnings] == ["NW1013"]
    assert not found.unread


@pytest.mark.parametrize("form", ["json", "yaml"])
@pytest.mark.parametrize(
    ("kind", "items", "told", "kinds"),
    [
        ("List", '{"a": 1}', "must be a list, found a mapping", ()),
        ("List", '"x"', "must be a list, found text", ()),
        ("List", "3", "must be a list, found a single value", ()),
        ("List", "null", "is missing", ("-",)),
        ("List", "", "is missing", ("-",)),
        ("PodList", '{"a": 1}', "must be a list, found a mapping", ("Pod",)),
        ("PodList", "", "is missing", ("-",)),
    ],
)
def test_a_list_without_a_list_of_items_is_not_understood(
    form: str, kind: str, items: str, told: str, kinds: tuple[str, ...]
) -> None:
    written = f', "items": {items}' if items else ""
    text = f'{{"apiVersion": "v1", "kind": "{kind}"{written}}}'
    if form == "yaml":
        text = text.replace("{", "{ # flow\n", 1)
    inner = f'{{"apiVersion": "v1", "kind": "List", "items": [{text}, {JSON_POD}]}}'
    for whole, pods in ((text, []), (inner, ["Pod/web"])):
        found = reading(whole)
        assert names(found) == pods
        (unread,) = found.unread
        assert (unread.diagnostic.code, unread.fate, unread.kinds) == ("NW1011", "not_understood", kinds)
        assert unread.diagnostic.title == f"`items` of a `{kind}` {told}"
        assert unread.diagnostic.severity == "error"
        assert unread.diagnostic.line == 1


@pytest.mark.parametrize(
    "text",
    [
        f"{POLICY}---\n\ufeff{POD}",
        f"{POLICY}--- # next\r\n\ufeff{POD}",
        f"\ufeff---\n\ufeff{POLICY}---\n\ufeff{POD}",
        f"{POLICY}\ufeff---\n{POD}",
        f"{POLICY}---\n\ufeff" + JSON_POD,
    ],
)
def test_a_byte_order_mark_before_a_document_is_none_of_it(text: str) -> None:
    found = reading(text)
    assert names(found) == ["NetworkPolicy/db", "Pod/web"]
    assert not found.unread
