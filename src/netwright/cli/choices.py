"""What arguments are completed to in a shell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Complete = Callable[[click.Context, click.Parameter, str], list["CompletionItem[str]"]]


def files(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem[str]]:
    """Files and folders, which the shell itself knows best."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(begun, type="file")]


def one_of(known: Sequence[str]) -> Complete:
    def complete(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem[str]]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(word) for word in known if word.startswith(begun)]

    return complete


def topics(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem[str]]:
    """What `explain` has pages for, of several words the one that comes next and what follows it."""
    from click.shell_completion import CompletionItem

    from netwright.questions.explain import contents

    said = "".join(f"{word} " for word in context.params.get(str(parameter.name)) or ())
    index = contents()
    known = dict(index.codes)
    known |= dict.fromkeys((*index.terms, *index.kinds_read, *index.vsphere, *index.nsx), "")
    wanted = (said + begun).casefold()
    return [
        CompletionItem(topic[len(said) :], help=title or None)
        for topic, title in known.items()
        if topic.casefold().startswith(wanted)
    ]
