"""The ground everything stands on: sets with an algebra, selectors, places in a text, diagnostics, errors."""
