"""Where the console scripts begin."""

from __future__ import annotations

import os
import sys

COMPLETE = ("_NETWRIGHT_COMPLETE", "_KUBECTL_NETWRIGHT_COMPLETE")


def main() -> None:
    """Run the command line and exit with the design's code."""
    asks_for_help = sys.argv[1:] in ([], ["--help"], ["-h"]) and os.environ.keys().isdisjoint(COMPLETE)
    if asks_for_help:
        from netwright.cli.front import print_page
        from netwright.cli.streams import prepare

        prepare()
        if print_page():
            os._exit(0)
    from netwright.cli.startup import leave_out

    leave_out()
    from netwright.cli import main as command_line

    command_line.main()
