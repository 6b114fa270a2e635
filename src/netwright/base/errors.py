"""Failures to answer. What is wrong with the user's network is a diagnostic, not an exception.

NetwrightError
├── UsageError          the question was put wrongly                      exit 2
│   └── UnknownReference a name that fits nothing, or several things       exit 2
├── SourceError         nothing could be read at all                      exit 3
└── InternalError       two of our own judges disagree: our bug           exit 70
"""

from __future__ import annotations


class NetwrightError(Exception):
    """Base of all failures to answer: what happened, and in `help` what to do about it."""

    exit_code = 70

    def __init__(self, message: str, *, help: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.help = help


class UsageError(NetwrightError):
    """The question was put wrongly: an unknown option value, a malformed port, a bad query line, or a file of the
    question (a configuration, intents, a baseline, queries) that is not there."""

    exit_code = 2


class UnknownReference(UsageError):
    """A reference that names nothing in the input, or more than one thing."""


class SourceError(NetwrightError):
    """A source that could not be read at all: no such folder, git revision or snapshot, no permission."""

    exit_code = 3


class InternalError(NetwrightError):
    """Two of our own judges disagree, or an invariant does not hold. Never the user's fault."""

    exit_code = 70
