"""Whatever a text is, its reading accounts for it: what stands in it whole is read, and what is not read is said."""

from __future__ import annotations

import io
import json
from typing import Any

import msgspec
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from netwright.sources import read

ODD = ("1e400", "-1e999", "9" * 400 + "e9", '"\\ud800"', "null", "[]", "{}", "true", '"x"', "0")
"""Values that take the place of another in JSON: beyond every range, no text, of another type."""

PLACES = ("kind", "apiVersion", "metadata", "name", "namespace", "items", "spec")


def json_text(name: str, where: str, odd: str, listed: bool) -> str:
    """An object as JSON, with an odd value at one place; perhaps in a List beside a good one."""
    mark = "@@odd@@"
    tree: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "a"}}
    if where in ("name", "namespace"):
        tree["metadata"][where] = mark
    elif where:
        tree[where] = mark
    if listed:
        tree = {"apiVersion": "v1", "kind": "List", "items": [tree, good(name + "-beside")]}
    return json.dumps(tree).replace(f'"{mark}"', odd)


def good(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}}


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_json_streams_with_odd_values(data: st.DataObject) -> None:
    """Each value of a stream gives as many documents and unread texts as objects stand in it, whatever its fields."""
    texts, wanted, whole = [], 0, []
    for number in range(data.draw(st.integers(1, 5))):
        where = data.draw(st.sampled_from(("", *PLACES)))
        odd = data.draw(st.sampled_from([value for value in ODD if "ud800" not in value]))
        texts.append(json_text(f"n{number}", where, odd, listed=False))
        wanted += 1
        texts.append(json.dumps(good(f"good{number}")))
        whole.append(f"good{number}")
    separator = data.draw(st.sampled_from(("\n", "", "\n---\n")))
    found = read(["-"], stdin=io.BytesIO(separator.join(texts).encode()))
    assert [document.name for document in found.documents if document.kind == "Pod"] == whole
    assert len(found.documents) + len(found.unread) == wanted + len(whole)


@settings(max_examples=600, deadline=None)
@given(st.data())
def test_cut_and_spliced_texts(data: st.DataObject) -> None:
    """A text that is not blank leaves a document, an unread text or a warning; never nothing, never an exception."""
    parts = []
    for number in range(data.draw(st.integers(1, 4))):
        where, odd = data.draw(st.sampled_from(("", *PLACES))), data.draw(st.sampled_from(ODD))
        listed = data.draw(st.booleans())
        text = json_text(f"n{number}", where, odd, listed)
        try:
            tree = msgspec.json.decode(text)
            style = data.draw(st.sampled_from(("json", "flow", "block")))
        except msgspec.DecodeError:
            tree, style = None, "json"
        if style != "json":
            text = yaml.safe_dump(tree, default_flow_style=style == "flow")
        parts.append(text)
    text = data.draw(st.sampled_from(("\n", "\n---\n", ""))).join(parts)
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(text)))
        to = data.draw(st.integers(at, min(len(text), at + 40)))
        text = text[:at] + data.draw(st.sampled_from(("", "{", "]", '"', "\n---\n", "1e400", "\\", ": "))) + text[to:]
    if not text.strip():
        return
    found = read(["-"], stdin=io.BytesIO(text.encode()))
    assert found.documents or found.unread or found.warnings, text
    (given_input,) = found.inputs
    assert given_input.files == 1
