"""Tables and places, as every section writes them."""

from __future__ import annotations

from collections.abc import Sequence

from netwright.render.html.elements import Html, Part, tag


def place_of(file: str, line: int, column: int) -> str:
    """`np.yaml:3:5`; the file alone where no line is known."""
    return f"{file}:{line}:{column}" if file and line else file


def table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[Part]], numbers: Sequence[int] = ()) -> Html:
    """A table whose first column heads its rows; the columns in `numbers` are numbers."""
    head = tag(
        "tr", *(tag("th", h, scope="col", class_="number" if i in numbers else None) for i, h in enumerate(heads))
    )
    body = [
        tag(
            "tr",
            *(
                tag("th", cell, scope="row") if i == 0 else tag("td", cell, class_="number" if i in numbers else None)
                for i, cell in enumerate(row)
            ),
        )
        for row in rows
    ]
    made = tag("table", tag("caption", caption), tag("thead", head), tag("tbody", *body))
    return tag("div", made, class_="scroll", tabindex="0", role="region", aria_label=caption)
