"""Plain YAML scalars as Kubernetes reads them.

`kubectl` and the API server read YAML with sigs.k8s.io/yaml (v1.6.0: go.yaml.in/yaml/v2 v2.4.2, then Go's JSON
encoder), so `resolve` follows that pair: YAML 1.1 booleans with `y` and `n`, leading-zero octal, `1e3` a number, no
base-60 numbers and no dates, an integral float written as an integer. tests/conformance/test_yaml_scalars.py holds the
recorded table.
"""

from __future__ import annotations

import math
import re
import struct

from netwright.base.patterns import pattern

Scalar = str | int | float | bool | None

WORDS: dict[str, Scalar] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}

TAG = "tag:yaml.org,2002:"
STR, BOOL, INT, FLOAT, NULL = TAG + "str", TAG + "bool", TAG + "int", TAG + "float", TAG + "null"
TIMESTAMP, BINARY, MERGE = TAG + "timestamp", TAG + "binary", TAG + "merge"

_DOT_FLOAT = pattern(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?")
_FLOAT = pattern(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_BASES = {"x": (16, pattern("[0-9a-fA-F]+")), "o": (8, pattern("[0-7]+")), "b": (2, pattern("[01]+"))}
_DECIMAL = pattern("[0-9]+")
_OCTAL = pattern("[0-7]*")
_INT64 = 1 << 63
_MAX_DIGITS = 1024
"""An integer has at most 64 bits, so longer digits are never one; keeps Python's own digit limit out of reach."""

_DATE = pattern(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt](\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?(?:Z|[-+]\d\d:\d\d))"
    r"| (\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?)?"
)
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class ScalarFault(ValueError):
    """A scalar that Kubernetes' reader refuses; the message says why, in lower case."""


def resolve(text: str) -> Scalar:
    """The value of a plain scalar without a tag. `.nan` and `.inf` come back as floats that JSON cannot hold."""
    if text in WORDS:
        return WORDS[text]
    first = text[0]
    if first == ".":
        return _float(text) if _DOT_FLOAT.fullmatch(text) else text
    if first not in "+-0123456789":
        return text
    plain = text.replace("_", "")
    number = _integer(plain)
    if number is not None:
        return number
    if _FLOAT.fullmatch(plain):
        value = _float(plain)
        return text if isinstance(value, str) else value
    # The library's second look at binary numbers lets a sign stand behind the prefix.
    if plain.startswith(("0b+", "0b-")) and _BASES["b"][1].fullmatch(plain[3:]) and len(plain) < _MAX_DIGITS:
        number = int(plain[3:], 2) * (-1 if plain[2] == "-" else 1)
        if -_INT64 <= number < _INT64:
            return number
    return text


def resolve_tagged(tag: str, text: str) -> Scalar:
    """The value of a scalar with an explicit tag. Raises ScalarFault where the value does not fit the tag.

    A tag that is not one of YAML's own leaves the text as it is.
    """
    if tag == STR:
        return text
    if tag == BINARY:
        return _binary(text)
    if tag not in (BOOL, INT, FLOAT, NULL, TIMESTAMP):
        return text
    value = resolve(text)
    if tag == TIMESTAMP:
        if _is_date(text):
            return text
        raise ScalarFault(f"cannot read `{_short(text)}` as `!!timestamp`")
    found = _tag_of(text, value)
    if found == tag or (tag == FLOAT and found == INT and isinstance(value, int) and -_INT64 <= value < _INT64):
        return _jsonable(float(value)) if tag == FLOAT and isinstance(value, (int, float)) else value
    raise ScalarFault(f"cannot read `{_short(text)}` as `!!{tag.removeprefix(TAG)}`")


def finite(value: Scalar) -> bool:
    """Whether JSON can hold the value."""
    return not isinstance(value, float) or math.isfinite(value)


def key_text(value: Scalar, text: str) -> str:
    """The JSON key that a key which is no string becomes. `text` is what was written, for the message.

    Raises ScalarFault for null and for integers from 2^63, which the library refuses as keys.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and isinstance(resolve_written(text), int):
        if value >= _INT64:
            raise ScalarFault(f"`{_short(text)}` cannot be a key: it has more than 63 bits")
        return str(value)
    if isinstance(value, (int, float)):
        return _float32_text(-0.0 if value == 0 and text.startswith("-") else float(value))
    raise ScalarFault("null cannot be a key")


def resolve_written(text: str) -> int | None:
    """The integer that a text in integer notation means (64 bits), None for every other notation."""
    plain = text.replace("_", "")
    if plain.startswith(("0b+", "0b-")):
        value = resolve(text)
        return value if isinstance(value, int) else None
    return _integer(plain)


def _integer(plain: str) -> int | None:
    sign, digits = (plain[0], plain[1:]) if plain[:1] in ("+", "-") else ("", plain)
    if not digits or len(digits) > _MAX_DIGITS:
        return None
    if digits[0] == "0":
        base, digit = _BASES.get(digits[1:2].lower(), (0, _OCTAL)) if len(digits) > 2 else (0, _OCTAL)
        rest = digits[2:] if base else digits[1:]
        if not digit.fullmatch(rest):
            return None
        value = int(rest or "0", base or 8)
    elif _DECIMAL.fullmatch(digits):
        value = int(digits)
    else:
        return None
    if sign:
        value = -value if sign == "-" else value
        return value if -_INT64 <= value < _INT64 else None
    return value if value < 2 * _INT64 else None


def _float(plain: str) -> Scalar:
    """A float as Go's JSON encoder writes it; beyond the range of 64 bits the text stays a text."""
    value = float(plain)  # reads single underscores between digits, as Go does
    return plain if math.isinf(value) else _jsonable(value)


def _jsonable(value: float) -> int | float:
    if not math.isfinite(value) or not value.is_integer() or abs(value) >= 1e21:
        return value
    if abs(value) < 2**53:
        return int(value)
    # From 2^53 on the encoder writes the shortest digits and fills up with zeros.
    mantissa, _, exponent = repr(value).partition("e")
    whole, _, part = mantissa.partition(".")
    part = "" if part == "0" else part
    zeros = int(exponent or 0) - len(part)
    return int(whole + part + "0" * zeros)


def _float32_text(value: float) -> str:
    """The shortest decimal that is the same 32-bit float, an exponent below 1e-4 and from 1e6 on (Go's 'g', -1, 32)."""
    if math.isnan(value):
        return ".nan"
    try:
        packed = struct.pack("<f", value)
    except OverflowError:
        packed = b""
    if not packed or math.isinf(struct.unpack("<f", packed)[0]):
        return ".inf" if value > 0 else "-.inf"
    single = struct.unpack("<f", packed)[0]
    text = ""
    for digits in range(9):
        text = f"{single:.{digits}e}"
        if struct.pack("<f", float(text)) == packed:
            break
    mantissa, _, exponent = text.partition("e")
    sign, mantissa = ("-", mantissa[1:]) if mantissa.startswith("-") else ("", mantissa)
    power = int(exponent)
    number = mantissa.replace(".", "").rstrip("0") or "0"
    if power < -4 or power >= 6:
        head = number[0] + ("." + number[1:] if len(number) > 1 else "")
        return f"{sign}{head}e{'-' if power < 0 else '+'}{abs(power):02d}"
    if power < 0:
        return f"{sign}0.{'0' * (-power - 1)}{number}"
    if len(number) <= power + 1:
        return sign + number + "0" * (power + 1 - len(number))
    return f"{sign}{number[: power + 1]}.{number[power + 1 :]}"


def _tag_of(text: str, value: Scalar) -> str:
    if value is None:
        return NULL
    if isinstance(value, bool):
        return BOOL
    if isinstance(value, str):
        return STR
    if isinstance(value, int) and resolve_written(text) is not None:
        return INT
    return FLOAT


def _binary(text: str) -> str:
    import base64
    import binascii

    try:
        return base64.b64decode(re.sub(r"[\r\n]", "", text), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        raise ScalarFault("`!!binary` value is not base64") from None


def _is_date(text: str) -> bool:
    match = _DATE.fullmatch(text)
    if match is None:
        return False
    year, month, day = (int(match[i]) for i in (1, 2, 3))
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if not 1 <= month <= 12 or not 1 <= day <= _DAYS[month - 1] + (1 if leap and month == 2 else 0):
        return False
    clock = [int(part) for part in (match[4] or match[7] or 0, match[5] or match[8] or 0, match[6] or match[9] or 0)]
    return clock[0] < 24 and clock[1] < 60 and clock[2] < 60


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."
