"""Calico's selectors: their grammar, as trees.

After `libcalico-go/lib/selector` of Calico 3.32. `!` binds closest, then `&&`, then `||`. A comparison of a label that
is absent is false, except `!=` and `not in`. The empty selector, like `all()`, selects everything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final, Literal, TypeAlias

import msgspec

Operator = Literal["==", "!=", "in", "not in", "contains", "starts with", "ends with"]
_OPERATORS: Final[tuple[tuple[re.Pattern[str], Operator], ...]] = (
    (re.compile(r"=="), "=="),
    (re.compile(r"!="), "!="),
    (re.compile(r"contains"), "contains"),
    (re.compile(r"starts[ \t]*with"), "starts with"),
    (re.compile(r"ends[ \t]*with"), "ends with"),
    (re.compile(r"not[ \t]*in"), "not in"),
    (re.compile(r"in"), "in"),
)
_SPACE: Final = re.compile(r"[ \t]*")
_LABEL: Final = re.compile(r"[a-zA-Z0-9_./-]+", re.ASCII)
_FUNCTION: Final = re.compile(r"(has|all|global)\([ \t]*", re.ASCII)
_STRING: Final = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_DEEPEST: Final = 100


class _Node(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    pass


class Everything(_Node, frozen=True):
    """`all()`, or nothing written."""


class Global(_Node, frozen=True):
    """`global()`: what is in no namespace."""


class Present(_Node, frozen=True):
    """`has(label)`."""

    label: str


class Compared(_Node, frozen=True):
    """A label and what it is compared with; several values only for `in` and `not in`."""

    label: str
    operator: Operator
    values: tuple[str, ...]

    def holds(self, value: str | None) -> bool:
        """Whether it holds for a value of the label; None: the label is absent.

        >>> Compared("a", "!=", ("x",)).holds(None), Compared("a", "starts with", ("we",)).holds("web")
        (True, True)
        """
        if value is None:
            return self.operator in ("!=", "not in")
        match self.operator:
            case "==" | "in":
                return value in self.values
            case "!=" | "not in":
                return value not in self.values
            case "contains":
                return self.values[0] in value
            case "starts with":
                return value.startswith(self.values[0])
            case _:
                return value.endswith(self.values[0])


class Negated(_Node, frozen=True):
    part: Expression


class All(_Node, frozen=True):
    parts: tuple[Expression, ...]


class Any(_Node, frozen=True):
    parts: tuple[Expression, ...]


Expression: TypeAlias = Everything | Global | Present | Compared | Negated | All | Any

EVERYTHING: Final = Everything()


class SyntaxFault(Exception):
    """What is wrong with a selector, and from which character on (0-based)."""

    def __init__(self, at: int, what: str) -> None:
        super().__init__(what)
        self.at = at
        self.what = what


@lru_cache(maxsize=1 << 13)
def parse(text: str) -> Expression:
    """The tree of a selector. Raises `SyntaxFault`.

    >>> parse("app == 'web' && !has(old)")
    All(parts=(Compared(label='app', operator='==', values=('web',)), Negated(part=Present(label='old'))))
    """
    parser = _Parser(text)
    if parser.at_end():
        return EVERYTHING
    found = parser.either(0)
    if not parser.at_end():
        raise parser.fault("an operator `&&` or `||`")
    return found


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def at_end(self) -> bool:
        self._skip()
        return self._at == len(self._text)

    def fault(self, expected: str) -> SyntaxFault:
        self._skip()
        rest = self._text[self._at : self._at + 20]
        return SyntaxFault(self._at, f"has {f'`{rest}`' if rest else 'nothing'} where {expected} is expected")

    def _skip(self) -> None:
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _take(self, text: str) -> bool:
        self._skip()
        if not self._text.startswith(text, self._at):
            return False
        self._at += len(text)
        return True

    def either(self, depth: int) -> Expression:
        parts = [self._both(depth)]
        while self._take("||"):
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else Any(tuple(parts))

    def _both(self, depth: int) -> Expression:
        parts = [self._operation(depth)]
        while self._take("&&"):
            parts.append(self._operation(depth))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _operation(self, depth: int) -> Expression:
        if depth > _DEEPEST:
            raise SyntaxFault(self._at, f"has more than {_DEEPEST} parentheses within one another")
        negated = False
        while self._take("!"):
            negated = not negated
        found = self._term(depth)
        return Negated(found) if negated else found

    def _term(self, depth: int) -> Expression:
        if self._take("("):
            found = self.either(depth + 1)
            if not self._take(")"):
                raise self.fault("`)`")
            return found
        function = _FUNCTION.match(self._text, self._at)
        if function is not None:
            self._at = function.end()
            return self._function(function[1])
        label = _LABEL.match(self._text, self._at)
        if label is None:
            raise self.fault("a label, `has(`, `all()` or `(`")
        self._at = label.end()
        return self._compared(label[0])

    def _function(self, name: str) -> Expression:
        label = ""
        if name == "has":
            found = _LABEL.match(self._text, self._at)
            if found is None:
                raise self.fault("a label")
            label, self._at = found[0], found.end()
        if not self._take(")"):
            raise self.fault("`)`")
        if name == "has":
            return Present(label)
        return EVERYTHING if name == "all" else Global()

    def _compared(self, label: str) -> Expression:
        self._skip()
        for pattern, operator in _OPERATORS:
            found = pattern.match(self._text, self._at)
            if found is not None:
                self._at = found.end()
                many = operator in ("in", "not in")
                return Compared(label, operator, self._set() if many else (self._string(),))
        what = "`==`, `!=`, `in`, `not in`, `contains`, `starts with` or `ends with`"
        raise self.fault(what)

    def _string(self) -> str:
        self._skip()
        found = _STRING.match(self._text, self._at)
        if found is None:
            raise self.fault("a value in quotes")
        self._at = found.end()
        return found[1] if found[1] is not None else found[2]

    def _set(self) -> tuple[str, ...]:
        if not self._take("{"):
            raise self.fault("`{`")
        values: list[str] = []
        while True:
            self._skip()
            if not self._text.startswith(("'", '"'), self._at):
                break
            values.append(self._string())
            if not self._take(","):
                break
        if not self._take("}"):
            raise self.fault("`}`")
        return tuple(sorted(set(values)))


def both(*parts: Expression | None) -> Expression | None:
    """All of those that are not None; None where none is."""
    found = tuple(part for part in parts if part is not None)
    return (found[0] if len(found) == 1 else All(found)) if found else None


def rewritten(
    tree: Expression, label: Callable[[str], str], everything: Expression, globally: Expression
) -> Expression:
    """The tree with its labels renamed, and with other meanings of `all()` and `global()`."""
    match tree:
        case Everything():
            return everything
        case Global():
            return globally
        case Present(name):
            return Present(label(name))
        case Compared(name, operator, values):
            return Compared(label(name), operator, values)
        case Negated(part):
            return Negated(rewritten(part, label, everything, globally))
        case All(parts):
            return All(tuple(rewritten(part, label, everything, globally) for part in parts))
        case Any(parts):
            return Any(tuple(rewritten(part, label, everything, globally) for part in parts))


def terms(tree: Expression) -> Iterator[Present | Compared]:
    """What a tree asks of labels."""
    match tree:
        case Present() | Compared():
            yield tree
        case Negated(part):
            yield from terms(part)
        case All(parts) | Any(parts):
            for part in parts:
                yield from terms(part)
        case _:
            return
