"""Reads one folder under limits and prints what came of it as JSON. Run by test_hostile.py in a process of its own."""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path


def main() -> None:
    """Arguments: the folder, bytes of address space, the user id to become (-1: stay)."""
    folder, space, user = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    # Imported before the user changes: another user may not be allowed to read the interpreter's own files.
    import yaml  # noqa: F401

    from netwright.base.errors import SourceError
    from netwright.sources import read

    if user >= 0:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    resource.setrlimit(resource.RLIMIT_AS, (space, space))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    try:
        found = read([folder])
    except SourceError as fault:
        print(json.dumps({"error": fault.message, "help": fault.help}))
        sys.exit(3)
    inner = str(Path(folder)) + "/"
    print(
        json.dumps(
            {
                "documents": [f"{document.kind}/{document.name}" for document in found.documents],
                "unread": [
                    [
                        unread.diagnostic.code,
                        unread.diagnostic.file.removeprefix(inner),
                        unread.diagnostic.line,
                        unread.diagnostic.title,
                        list(unread.kinds),
                    ]
                    for unread in found.unread
                ],
                "warnings": len(found.warnings),
            }
        )
    )


if __name__ == "__main__":
    main()
