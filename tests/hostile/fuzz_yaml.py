"""Mutated manifests: reading raises nothing but SourceError, agrees with PyYAML, and positions point at the right text.

`make fuzz` runs it for long; `python -m tests.hostile.fuzz_yaml N SEED` repeats a run.
"""

from __future__ import annotations

import io
import random
import sys
from collections.abc import Iterator
from typing import Any

import yaml

from netwright.base.errors import SourceError
from netwright.base.spans import Place, Pointer
from netwright.model.document import Reading
from netwright.sources import read
from netwright.sources.yamltext import MAX_DEPTH, Built, TextFault, build

SEEDS = (
    """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: db
  namespace: shop
  labels: {app: db, 'tier': "back end"}
spec:
  podSelector:
    matchLabels: &labels
      app: db
  policyTypes: [Ingress, Egress]
  ingress:
  - from:
    - podSelector: {matchLabels: {app: web}}
      namespaceSelector:
        matchExpressions:
        - {key: team, operator: In, values: [a, b]}
    - ipBlock:
        cidr: 10.0.0.0/8
        except:
          - 10.1.0.0/16
    ports:
      - protocol: TCP
        port: http
        endPort: "90"
  egress:
  -
    to: []
""",
    """\
# a comment
---
apiVersion: v1
kind: ConfigMap
metadata: {name: texts}
data:
  literal: |
    first
      second
    # no comment
  folded: >-
    one
    two

    three
  quoted: "a\\tb \\u263a 'x'"
  single: 'it''s'
  plain: many words - no
  empty: ''
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Service
  metadata: {name: a}
  spec:
    ports: [{name: http, port: eighty}]
- {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "b", "labels": {"é": "ü"}}}
...
""",
    '{"apiVersion": "v1", "kind": "Pod",\n "metadata": {"name": "json", "labels": {"a": "b"}},\n'
    ' "list": ["x", ["y"], {"z": "w"}]}\n',
)
PIECES = (
    *(
        "---\n",
        "...\n",
        "\n",
        "\r\n",
        "\r",
        " ",
        "  ",
        "\t",
        "- ",
        ": ",
        "? ",
        "# ",
        "{",
        "}",
        "[",
        "]",
        ",",
        "'",
        '"',
        "|\n",
        ">\n",
    ),
    *(
        "&a ",
        "*a",
        "<<: ",
        "!!str ",
        "!x ",
        "%YAML 1.1\n",
        "~",
        "null",
        "yes",
        "1e3",
        "0777",
        ".inf",
        "\ufeff",
        "\x00",
        "\x1b",
    ),
    *(
        "\u2028",
        "\x85",
        "é",
        "😀",
        "{{ x }}",
        "{{- if x }}",
        "kind: Pod\n",
        "items:\n",
        "  - a: b\n",
        "\\",
        '"\\ud800"',
        "\xa0",
    ),
)


class Difference(AssertionError):
    """The reader and its judge disagree, or the reader failed in a way that it must not."""


def run(n: int, seed: int) -> dict[str, int]:
    """Read `n` mutated manifests. Returns how many were read whole, in part, and compared; raises Difference."""
    rng = random.Random(seed)
    counts = {"texts": 0, "objects": 0, "unread": 0, "compared": 0, "positions": 0}
    for number in range(n):
        text = mutate(rng)
        try:
            check(text, counts)
        except Difference as found:
            raise Difference(f"text {number} of seed {seed}: {found}\n{text!r}") from found
    return counts


def mutate(rng: random.Random) -> bytes:
    """A manifest with up to eight edits: pieces put in, parts cut out, doubled or swapped, bytes changed."""
    text = rng.choice(SEEDS)
    if rng.random() < 0.3:
        text = text + "---\n" + rng.choice(SEEDS)
    for _ in range(rng.choice((0, 1, 1, 1, 2, 3, 8))):
        at = rng.randrange(len(text) + 1)
        end = min(len(text), at + rng.choice((1, 2, 5, 20)))
        match rng.randrange(5):
            case 0:
                text = text[:at] + rng.choice(PIECES) + text[at:]
            case 1:
                text = text[:at] + text[end:]
            case 2:
                text = text[:at] + text[at:end] * 2 + text[end:]
            case 3:
                lines = text.split("\n")
                one, two = rng.randrange(len(lines)), rng.randrange(len(lines))
                lines[one], lines[two] = lines[two], lines[one]
                text = "\n".join(lines)
            case _:
                lines = text.split("\n")
                one = rng.randrange(len(lines))
                lines[one] = " " * rng.randrange(5) + lines[one].strip()
                text = "\n".join(lines)
    if rng.random() < 0.1:
        text = text.replace("\n", "\r\n")
    data = bytearray(text.encode("utf-16" if rng.random() < 0.02 else "utf-8"))
    if rng.random() < 0.1 and data:
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)


def check(data: bytes, counts: dict[str, int]) -> None:
    """Read one text and compare what can be compared."""
    counts["texts"] += 1
    try:
        found = read(["-"], stdin=io.BytesIO(data))
    except SourceError:
        return
    except Exception as fault:
        raise Difference(f"reading raised {type(fault).__name__}: {fault}") from fault
    counts["objects"] += len(found.documents)
    counts["unread"] += len(found.unread)
    lines = found.texts.lines("-")
    for unread in found.unread:
        diagnosed = unread.diagnostic
        if (
            not diagnosed.code
            or not diagnosed.title
            or diagnosed.file != "-"
            or not 1 <= diagnosed.line <= len(lines) + 1
        ):
            raise Difference(f"a diagnostic without its place: {diagnosed}")
    for document in found.documents:
        if document.place is not None:
            counts["positions"] += _check_positions(found, document.place, document.tree())
    counts["compared"] += _compare(data)


def _compare(data: bytes) -> int:
    """The tree against PyYAML's, scalars as their texts, where both read the text and it has no merge keys or tags."""
    if b"<<" in data or b"!" in data or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return 0
    try:
        expected = [value for value in yaml.load_all(data, _Texts) if value is not None]
    except (yaml.YAMLError, TypeError, ValueError, RecursionError):
        return 0
    documents: list[Built] = []
    try:
        build(data, documents, [])
    except TextFault as fault:
        if "cannot" in fault.message or "contains itself" in fault.message:
            return 0  # a key or number that JSON does not have: PyYAML takes these
        raise Difference(f"PyYAML reads what is refused: {fault.message}") from fault
    found = [document.value for document in documents]
    if len(found) != len([value for value in expected if not _is_null(value)]):
        raise Difference(f"{len(found)} documents, PyYAML has {len(expected)}")
    for ours, theirs in zip(found, [value for value in expected if not _is_null(value)], strict=True):
        _same(ours, theirs, 0)
    return 1


class _Texts(yaml.CSafeLoader):
    """PyYAML with every scalar left as text, marked where it was plain (the conformance table judges what it means)."""


class _Plain(str):
    """A scalar without quotes."""

    __slots__ = ()


def _scalar(loader: Any, node: Any) -> str:
    return str(node.value) if node.style else _Plain(node.value)


for _tag in ("str", "int", "float", "bool", "null", "timestamp", "value", "merge"):
    _Texts.add_constructor(f"tag:yaml.org,2002:{_tag}", _scalar)


def _is_null(value: Any) -> bool:
    return isinstance(value, _Plain) and value in ("", "~", "null", "Null", "NULL")


def _same(ours: Any, theirs: Any, depth: int) -> None:
    if depth > MAX_DEPTH + 1:
        raise Difference("deeper than the bound")
    if isinstance(theirs, dict):
        plain = {key for key in theirs if isinstance(key, _Plain)}
        if not isinstance(ours, dict) or (not plain and ours.keys() != theirs.keys()) or len(ours) > len(theirs):
            raise Difference(f"{ours!r} is not {theirs!r}")
        for key, value in theirs.items():
            if key in ours:
                _same(ours[key], value, depth + 1)
    elif isinstance(theirs, list):
        if not isinstance(ours, list) or len(ours) != len(theirs):
            raise Difference(f"{ours!r} is not {theirs!r}")
        for one, two in zip(ours, theirs, strict=True):
            _same(one, two, depth + 1)
    elif isinstance(ours, (dict, list)) or (isinstance(ours, str) and ours != theirs):
        raise Difference(f"{ours!r} is not {theirs!r}")
    elif not isinstance(ours, str) and not isinstance(theirs, _Plain):
        raise Difference(f"the quoted {theirs!r} reads as {ours!r}")


def _check_positions(found: Reading, place: Place, tree: Any) -> int:
    """Every scalar that is a word stands at its position, in the text as it is."""
    lines = found.texts.lines(place.file)
    count = 0
    for pointer, value in _walk(tree):
        position = found.texts.position(place, pointer)
        if position is None or not 1 <= position.line <= len(lines):
            raise Difference(f"no position for {pointer}")
        rest = lines[position.line - 1][position.column - 1 :]
        if (
            isinstance(value, str)
            and value.isalnum()
            and value.isascii()
            and not rest.startswith(("*", "&", "!", "|", ">", '"', "'"))
        ):
            count += 1
            if not rest.startswith(value):
                raise Difference(f"{pointer} = {value!r} is said to stand at {position}: {rest[:40]!r}")
    return count


def _walk(tree: Any) -> Iterator[tuple[Pointer, Any]]:
    waiting: list[tuple[Pointer, Any]] = [((), tree)]
    while waiting:
        pointer, value = waiting.pop()
        yield pointer, value
        if isinstance(value, dict):
            waiting += [((*pointer, key), inner) for key, inner in value.items()]
        elif isinstance(value, list):
            waiting += [((*pointer, index), inner) for index, inner in enumerate(value)]


if __name__ == "__main__":
    print(run(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000, int(sys.argv[2]) if len(sys.argv) > 2 else 1))
