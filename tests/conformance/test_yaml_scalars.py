"""Scalars, keys and merges as Kubernetes' own reader takes them.

The expected values are what `YAMLToJSON` of sigs.k8s.io/yaml v1.6.0 (go.yaml.in/yaml/v2 v2.4.2) printed for each text.
`REFUSED` stands where it returned an error.
"""

from __future__ import annotations

from typing import Any

import pytest

from netwright.sources.yamltext import Built, TextFault, build


class _Refused:
    """What the library gives for a text that it refuses."""

    def __repr__(self) -> str:
        return "refused"


REFUSED = _Refused()

BOOLEANS = [
    ("y", True),
    ("Y", True),
    ("n", False),
    ("N", False),
    ("yes", True),
    ("Yes", True),
    ("YES", True),
    ("no", False),
    ("No", False),
    ("NO", False),
    ("on", True),
    ("On", True),
    ("ON", True),
    ("off", False),
    ("Off", False),
    ("OFF", False),
    ("true", True),
    ("True", True),
    ("TRUE", True),
    ("false", False),
    ("False", False),
    ("FALSE", False),
    ("yEs", "yEs"),
    ("tRue", "tRue"),
    ("oN", "oN"),
    ("nO", "nO"),
    ("t", "t"),
    ("f", "f"),
]

NULLS = [
    ("", None),
    ("~", None),
    ("null", None),
    ("Null", None),
    ("NULL", None),
    ("nULL", "nULL"),
    ("none", "none"),
    ("~x", "~x"),
]

INTEGERS = [
    ("0", 0),
    ("-0", 0),
    ("+0", 0),
    ("7", 7),
    ("-7", -7),
    ("+12", 12),
    ("1_000", 1000),
    ("1__0", 10),
    ("1_", 1),
    ("_1", "_1"),
    ("00", 0),
    ("07", 7),
    ("0777", 511),
    ("-0777", -511),
    ("08", 8),
    ("080", 80),
    ("010", 8),
    ("0_8", 8),
    ("0o777", 511),
    ("0O17", 15),
    ("-0o17", -15),
    ("0o8", "0o8"),
    ("0x1F", 31),
    ("0X1f", 31),
    ("-0x1f", -31),
    ("0x_f", 15),
    ("0xg", "0xg"),
    ("0x", "0x"),
    ("0b101", 5),
    ("0B11", 3),
    ("-0b11", -3),
    ("0b2", "0b2"),
    ("0b", "0b"),
    ("0b-1", -1),
    ("0b+1", 1),
    ("-0b-1", "-0b-1"),
    ("9223372036854775807", 9223372036854775807),
    ("9223372036854775808", 9223372036854775808),
    ("18446744073709551615", 18446744073709551615),
    ("18446744073709551616", 18446744073709552000),
    ("-9223372036854775808", -9223372036854775808),
    ("-9223372036854775809", -9223372036854776000),
    ("0xffffffffffffffff", 18446744073709551615),
    ("0x10000000000000000", "0x10000000000000000"),
    ("99999999999999999999999999", 1e26),
]

FLOATS = [
    ("1.5", 1.5),
    ("-1.5", -1.5),
    ("1.0", 1),
    ("8080.0", 8080),
    ("1.", 1),
    ("1.e3", 1000),
    (".5", 0.5),
    ("+.5", 0.5),
    ("-.5", -0.5),
    (".5e1", 5),
    (".5_0", 0.5),
    ("._5", "._5"),
    (".", "."),
    ("..", ".."),
    ("1e3", 1000),
    ("1E3", 1000),
    ("1e+3", 1000),
    ("1e-3", 0.001),
    ("137627e2", 13762700),
    ("035e7890", "035e7890"),
    ("035e2", 3500),
    ("1_0.5", 10.5),
    ("1e", "1e"),
    ("1e+", "1e+"),
    ("e3", "e3"),
    ("1e20", 100000000000000000000),
    ("1e21", 1e21),
    ("123456789012345678901", 123456789012345680000),
    ("1e-7", 1e-07),
    ("0.000001", 1e-06),
    ("1e308", 1e308),
    ("1e309", "1e309"),
    ("1e999", "1e999"),
    ("-1e999", "-1e999"),
    ("1e-400", 0),
    (".inf", REFUSED),
    ("-.inf", REFUSED),
    ("+.Inf", REFUSED),
    (".INF", REFUSED),
    (".nan", REFUSED),
    (".NaN", REFUSED),
    (".Nan", ".Nan"),
    ("inf", "inf"),
    ("nan", "nan"),
    ("infinity", "infinity"),
    ("0x1p-2", "0x1p-2"),
]

STRINGS = [
    ("12:30:45", "12:30:45"),
    ("1:30", "1:30"),
    ("190:20:30", "190:20:30"),
    ("2026-01-01", "2026-01-01"),
    ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
    ("2001-12-14 21:59:43.10 -5", "2001-12-14 21:59:43.10 -5"),
    ("10.0.0.0/8", "10.0.0.0/8"),
    ("1.2.3", "1.2.3"),
    ("1-2", "1-2"),
    ("--1", "--1"),
    ("+-1", "+-1"),
    ("+", "+"),
    ("=", "="),
    ("<<", "<<"),
    ("abc", "abc"),
    ("a b", "a b"),
    ("TCP", "TCP"),
    ("ff:ff:ff:ff:ff:ff", "ff:ff:ff:ff:ff:ff"),
    ("00:1B:44:11:3A:B7", "00:1B:44:11:3A:B7"),
]

WRITTEN = [
    ("'5'", "5"),
    ('"5"', "5"),
    ("'true'", "true"),
    ('"null"', "null"),
    ("''", ""),
    ('""', ""),
    ("'<<'", "<<"),
    ("|-\n  5", "5"),
    (">-\n  true", "true"),
    ('"\\x41\\u263a"', "A☺"),
    ("'it''s'", "it's"),
]

TAGS = [
    ("!!str 5", "5"),
    ("!!str true", "true"),
    ("!!str ~", "~"),
    ("!!str", ""),
    ("!!int 5", 5),
    ("!!int '5'", 5),
    ("!!int 1.5", REFUSED),
    ("!!int x", REFUSED),
    ("!!int 0777", 511),
    ("!!float 1", 1),
    ("!!float '1e3'", 1000),
    ("!!float 0xffffffffffffffff", REFUSED),
    ("!!float x", REFUSED),
    ("!!bool yes", True),
    ("!!bool 'n'", False),
    ("!!bool 1", REFUSED),
    ("!!null ''", None),
    ("!!null ~", None),
    ("!!null x", REFUSED),
    ("!!timestamp 2001-01-01", "2001-01-01"),
    ("!!timestamp 2001-02-30", REFUSED),
    ("!!timestamp x", REFUSED),
    ("!!binary aGVsbG8=", "hello"),
    ("!!binary '@@'", REFUSED),
    ("!custom 5", "5"),
    ("!custom x", "x"),
    ("! 5", "5"),
    ("!!set {a, b}", {"a": None, "b": None}),
    ("!!map {a: 1}", {"a": 1}),
    ("!!seq [1]", [1]),
]

KEYS = [
    ("a", "a"),
    ("5", "5"),
    ("-5", "-5"),
    ("0x10", "16"),
    ("0777", "511"),
    ("1_000", "1000"),
    ("true", "true"),
    ("y", "true"),
    ("off", "false"),
    ("1.5", "1.5"),
    ("1e3", "1000"),
    ("1e6", "1e+06"),
    ("1e21", "1e+21"),
    ("0.1", "0.1"),
    ("1e-5", "1e-05"),
    ("-0.0", "-0"),
    ("3.4028236e38", ".inf"),
    (".inf", ".inf"),
    ("-.inf", "-.inf"),
    (".nan", ".nan"),
    ("'5'", "5"),
    ("''", ""),
    ("2026-01-01", "2026-01-01"),
    ("12:30", "12:30"),
    ("9223372036854775807", "9223372036854775807"),
    ("9223372036854775808", REFUSED),
    ("~", REFUSED),
    ("", REFUSED),
    ("null", REFUSED),
    ("[1]", REFUSED),
    ("{a: 1}", REFUSED),
]

STRUCTURES = [
    ("a: 1\na: 2", {"a": 2}),
    ("a: 1\n<<: {a: 2, b: 3}", {"a": 2, "b": 3}),
    ("<<: {a: 2, b: 3}\na: 1", {"a": 1, "b": 3}),
    ("x: &x {a: 1}\ny: {<<: *x, b: 2}", {"true": {"a": 1, "b": 2}, "x": {"a": 1}}),
    (
        "x: &x {a: 1}\nz: &z {a: 5, c: 1}\ny: {<<: [*x, *z], b: 2}",
        {"true": {"a": 1, "b": 2, "c": 1}, "x": {"a": 1}, "z": {"a": 5, "c": 1}},
    ),
    ("'<<': {a: 1}", {"<<": {"a": 1}}),
    ("!!merge <<: {a: 1}", {"a": 1}),
    ("<<: 3", REFUSED),
    ("<<: ", REFUSED),
    ("<<: [1]", REFUSED),
    ("a: &x [1]\nb: {<<: *x}", REFUSED),
    ("a: &x 1\nb: &x 2\nc: *x", {"a": 1, "b": 2, "c": 2}),
    ("a: &a [*a]", REFUSED),
    ("a: &a {b: *a}", REFUSED),
    ("a: *b", REFUSED),
    ("a: &e\nb: *e", {"a": None, "b": None}),
    ("&k a: 1\nb: *k", {"a": 1, "b": "a"}),
    ("&k a: 1\n*k : 2", {"a": 2}),
    ("a: {{ .Values.x }}", REFUSED),
    ("{{ a }}: 1", REFUSED),
    ("? a\n? b", {"a": None, "b": None}),
    ("- 1\n- [2, {a: b}]", [1, [2, {"a": "b"}]]),
    ("%YAML 1.1\n---\na: 1", {"a": 1}),
    ("a: {b: 1,}", {"a": {"b": 1}}),
    ("a: [b, ]", {"a": ["b"]}),
    ("a:\n- b\n- c", {"a": ["b", "c"]}),
    ("a:\t1", {"a": 1}),
    ("\ta: 1", REFUSED),
    ("a: x #c", {"a": "x"}),
    ("a: x#c", {"a": "x#c"}),
    ("a: b: c", REFUSED),
    ("a: @x", REFUSED),
    ("a: `x", REFUSED),
    ("a: %x", REFUSED),
    ("a:b", "a:b"),
    ("{a:b}", {"a:b": None}),
    ("a: 1\r\nb:\r\n- c\r\n", {"a": 1, "b": ["c"]}),
    ("a: &x {b: 1}\nc: {<<: *x, <<: {b: 2}}", {"a": {"b": 1}, "c": {"b": 2}}),
]


def value_of(text: str) -> Any:
    """The first document's value, REFUSED where the text is refused."""
    documents: list[Built] = []
    try:
        build(text.encode(), documents, [])
    except TextFault:
        return REFUSED
    return documents[0].value if documents else None


def same(left: Any, right: Any) -> bool:
    """Equal, and of the same types throughout: 1, 1.0 and True are three things in JSON."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


@pytest.mark.parametrize(
    ("text", "expected"),
    [*BOOLEANS, *NULLS, *INTEGERS, *FLOATS, *STRINGS, *WRITTEN, *TAGS],
    ids=repr,
)
def test_scalar(text: str, expected: Any) -> None:
    found = value_of(f"a: {text}\n")
    found = found["a"] if found is not REFUSED else REFUSED
    assert same(found, expected), f"`{text}` reads as {found!r}"


@pytest.mark.parametrize(("text", "expected"), KEYS, ids=repr)
def test_key(text: str, expected: Any) -> None:
    found = value_of(f"{text}: v\n")
    assert (next(iter(found)) if found is not REFUSED else REFUSED) == expected


@pytest.mark.parametrize(("text", "expected"), STRUCTURES, ids=repr)
def test_structure(text: str, expected: Any) -> None:
    found = value_of(text)
    assert same(found, expected), f"reads as {found!r}"


@pytest.mark.parametrize("text", ["5", "true", "1e3", "~", "0777", "2026-01-01"])
def test_a_list_element_reads_like_a_value(text: str) -> None:
    assert same(value_of(f"- {text}\n"), [value_of(f"a: {text}\n")["a"]])
