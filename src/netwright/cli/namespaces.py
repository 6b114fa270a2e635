"""`-n` and `-A`: the namespaces that an answer is narrowed to, and the one that bare names are in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from netwright.base.errors import UsageError

if TYPE_CHECKING:
    from netwright.twin import Twin

F = TypeVar("F", bound=Callable[..., Any])
UNPLACED = ("internet",)
OF_NAMESPACES = ("pod", "deploy", "sts", "ds", "rs", "rc", "job", "cronjob", "vm", "svc")
"""The kinds of references that a namespace belongs to."""


def narrowing_options(told: str) -> Callable[[F], F]:
    """`-n NAMESPACE`, again for more, and `-A`. `told` ends the help of `-n`."""

    def add(command: F) -> F:
        for option in (
            click.option(
                "-A", "--all-namespaces", is_flag=True, help="Every namespace: the default, for habit's sake."
            ),
            click.option(
                "-n", "--namespace", "namespaces", multiple=True, metavar="NAMESPACE", help=f"{told} Again for more."
            ),
        ):
            command = option(command)
        return command

    return add


def whole_or_narrowed(namespaces: Sequence[str], everything: bool) -> None:
    """Raises UsageError where both are asked for."""
    if namespaces and everything:
        raise UsageError("-A asks for every namespace and -n for some", help="leave one of them out")


def default_option(command: F) -> F:
    """`-n NAMESPACE`, the namespace of bare names."""
    return click.option(
        "-n", "--namespace", metavar="NAMESPACE", help="The namespace of names that are written without one."
    )(command)


def check_namespaces(twin: Twin, namespaces: Sequence[str]) -> None:
    """Raises UnknownReference, with what was meant perhaps, for a namespace that nothing is in."""
    if namespaces:
        from netwright.questions.show.narrow import narrow

        narrow(twin.cluster, None, namespaces, (), "")


def placed(reference: str, namespaces: Sequence[str]) -> str:
    """A bare name in the namespace: `web` -> `shop/web`, `svc/web:80` -> `svc/shop/web:80`; others as they are.

    Raises UsageError where several namespaces leave it open.
    """
    from netwright.base.ipset import is_address
    from netwright.model.references import KINDS, SERVICE_NAME, split_port

    if not namespaces or not reference or reference.startswith("[") or " " in reference:
        return reference
    name, _ = split_port(reference)
    head, slash, rest = name.partition("/")
    if slash:
        if KINDS.get(head.lower()) not in OF_NAMESPACES or "/" in rest:
            return reference
        at = len(head) + 1
    elif name in UNPLACED or is_address(name) or SERVICE_NAME.fullmatch(name):
        return reference
    else:
        at = 0
    if len(namespaces) > 1:
        raise UsageError(
            f"`{reference}` is in which of the namespaces {', '.join(namespaces)}?",
            help=f"write `{reference[:at]}{namespaces[0]}/{reference[at:]}`",
        )
    return f"{reference[:at]}{namespaces[0]}/{reference[at:]}"
