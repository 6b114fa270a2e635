"""`netwright --help`: the one page that is printed without click, whose import takes longer than all the rest of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

ABOUT = "One model of a Kubernetes network, read from the manifests you have: ask what may talk to what, and why."
EXIT_CODES = (
    "Exit codes: 0 yes · 1 the answer is no · 2 wrong use · 3 input unreadable or partly read · "
    "4 undecided · 70 our bug"
)
# The first lines are the registry's, held to it by a test: to import it costs as much again as all of `--help`.
HELP = {
    "check": "What is wrong with the network: dead rules, traps, exposures, each with its line and its cure.",
    "why": "May A talk to B? Which rule says so, and what would change it.",
    "reach": "Who may talk to whom, and over which ports.",
    "diff": "What a change opens and closes, and which object change caused it.",
    "eval": "Verdicts for a file of questions.",
    "convert": "Policies in another language, with the proof that they do the same.",
    "show": "List what was read: workloads, services, policies, exposure …",
    "explain": "The manual, offline: a finding code, a kind, a term.",
    "snapshot": "Keep what a network was at one moment, and ask any question of it later.",
    "demo": "Three questions about a small example cluster.",
    "completion": "Shell completion for bash, zsh, fish and kubectl.",
    "version": "The version.",
}
SECTIONS = (
    ("Ask", ("check", "why", "reach", "diff", "eval", "convert")),
    ("Look", ("show", "explain", "snapshot")),
    ("Misc", ("demo", "completion", "version")),
)
MOST_COLUMNS = 100
_OPTIONS = (("--version", "Show the version and exit."), ("-h, --help", "Show this message and exit."))


def program_name() -> str:
    """What the program is called as: `kubectl netwright` where kubectl found it as a plugin."""
    name = os.path.basename(sys.argv[0]) if sys.argv else "netwright"  # noqa: PTH119 - a name, not a path
    return "kubectl netwright" if name.startswith("kubectl-") else "netwright"


def page(program: str, columns: int) -> str:
    """The page as click writes that of the command group, for a terminal of so many columns."""
    width = max(min(columns, MOST_COLUMNS) - 2, 50)
    usage = f"Usage: {program} "
    parts = [
        _filled("[OPTIONS] COMMAND [ARGS]...", width, usage),
        _filled(ABOUT, width, "  "),
        _section("Options", _OPTIONS, width),
        *(_section(title, [(name, HELP[name]) for name in names], width) for title, names in SECTIONS),
        _filled(EXIT_CODES, width, "  "),
    ]
    return "\n\n".join(parts) + "\n"


def print_page() -> bool:
    """Print the page on standard output; whether that worked. It is left to the command line where that is unusual."""
    if sys.stdout.encoding.lower() != "utf-8":
        return False
    try:
        sys.stdout.write(page(program_name(), _columns()))
        sys.stdout.flush()
    except OSError:
        return False
    return True


def _filled(text: str, width: int, first: str) -> str:
    """Wrapped text behind `first`, later lines below its end."""
    from textwrap import fill

    return fill(text, width, initial_indent=first, subsequent_indent=" " * len(first))


def _section(title: str, rows: Sequence[tuple[str, str]], width: int) -> str:
    column = max(len(term) for term, _ in rows) + 2
    return "\n".join([f"{title}:", *(_filled(text, width, f"  {term:<{column}}") for term, text in rows)])


def _columns() -> int:
    """As `shutil.get_terminal_size` finds them, which imports what it needs for archives."""
    try:
        columns = int(os.environ.get("COLUMNS", ""))
    except ValueError:
        columns = 0
    if columns <= 0:
        try:
            columns = os.get_terminal_size(sys.__stdout__.fileno()).columns  # type: ignore[union-attr]
        except (AttributeError, ValueError, OSError):
            columns = 0
    return columns or 80
