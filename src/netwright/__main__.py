"""`python -m netwright` is `netwright`."""

from __future__ import annotations

from netwright.cli.entry import main

if __name__ == "__main__":
    main()
