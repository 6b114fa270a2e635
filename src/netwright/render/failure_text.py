"""A failure to answer, on standard error: what happened, and what to do."""

from __future__ import annotations

from netwright.render.escape import plain
from netwright.render.styles import marked
from netwright.render.words import Words

HELP = "  = help  "


def failure_text(message: str, help: str, words: Words | None) -> list[str]:
    """Lines folded to the words' width; without words one line each, as logs and `grep` want them.

    What is quoted of the input or of the command line is made visible.
    """
    # click puts the values that an option takes on lines of their own; "; " joins helps, and one may be a question
    said = plain(f"error: {message}".replace("\n\t", " "))
    told = plain(help.replace("?; ", "? "))
    if words is None:
        lines, more = [said], [HELP + told] if told else []
    else:
        lines, more = words.fold(said, "  ", ""), words.fold(told, " " * len(HELP), HELP) if told else []
    return [marked(lines[0], ("error", "danger")), *lines[1:], *more]
