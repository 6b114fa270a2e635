"""What every page has: the head with its navigation and the search, the pictures' places, the panels."""

from __future__ import annotations

from collections.abc import Sequence

from netwright.render.html.elements import Html, Part, join, prose, tag

KEYS = (
    ("/", "find by name"),
    ("arrow keys, Home, End", "move in the matrix"),
    ("Enter", "open the why of a cell or an edge, unfold a namespace"),
    ("Esc", "close what is open, clear the search"),
    ("m, c, x, f, p", "go to map, connections, matrix, findings, provenance"),
    ("?", "this list"),
)


def whole(sections: Sequence[tuple[str, str, Html]], summary: Html) -> Html:
    """The body: `sections` are (id, name in the navigation, section)."""
    links = [tag("li", tag("a", told, href=f"#{id_}")) for id_, told, _ in sections]
    first = sections[0][0]
    find = tag(
        "div",
        tag("label", "Find", for_="find"),
        tag("input", type="search", id="find", placeholder="name, namespace, code", autocomplete="off"),
        tag("kbd", "/"),
        tag("span", "", id="found", role="status"),
        class_="find scripted",
        role="search",
    )
    return join(
        tag("a", "Skip to the content", href=f"#{first}", class_="skip"),
        tag(
            "header",
            tag("span", "netwright", class_="brand"),
            tag("nav", tag("ul", *links), aria_label="Sections"),
            find,
            tag("button", "Keys ", tag("kbd", "?"), type="button", id="show-keys", class_="quiet scripted"),
            class_="top",
        ),
        tag("main", summary, *(section for _, _, section in sections)),
        _dialog("why", "Why", tag("div", "", id="why-body")),
        _dialog("keys", "Keys", _keys()),
    )


def _dialog(id_: str, told: str, content: Html) -> Html:
    return tag(
        "dialog",
        tag(
            "div",
            tag("h2", told, id=f"{id_}-title", tabindex="-1"),
            tag("button", "Close ", tag("kbd", "Esc"), type="button", class_="quiet", data_close=id_),
            class_="panel-head",
        ),
        content,
        id=id_,
        aria_labelledby=f"{id_}-title",
    )


def _keys() -> Html:
    listed = tag("dl", *(join(tag("dt", tag("kbd", keys)), tag("dd", told)) for keys, told in KEYS), class_="keys")
    switch = tag("input", type="checkbox", checked=True, id="single-keys")
    return join(listed, tag("label", switch, " Keys of one character are on", class_="choice"))


def map_section(lead: str) -> Html:
    return tag(
        "section",
        tag("h2", "Map"),
        tag("p", prose(lead)),
        tag("div", "", id="map-bar", class_="bar scripted", role="group", aria_label="What the map shows"),
        tag("p", "", id="map-note", class_="note", role="status"),
        tag("div", "", id="map-canvas", class_="canvas", tabindex="0", role="region", aria_label="Map"),
        tag("p", "The same as a table: ", tag("a", "the list below", href="#connections"), class_="note"),
        _needs_script(),
        id="map",
    )


def connections_section(told: str, lead: str) -> Html:
    return tag(
        "section",
        tag("h2", told),
        tag("p", prose(lead)),
        tag("div", "", id="connections-bar", class_="bar scripted", role="group", aria_label="Which are listed"),
        tag("p", "", id="connections-note", class_="note", role="status"),
        tag("div", "", id="connections-table", class_="scroll", tabindex="0", role="region", aria_label="Connections"),
        _needs_script(),
        id="connections",
    )


def matrix_section(lead: str) -> Html:
    return tag(
        "section",
        tag("h2", "Matrix"),
        tag("p", prose(lead)),
        tag("div", "", id="matrix-bar", class_="bar scripted", role="group", aria_label="What the matrix shows"),
        tag("p", "", id="matrix-note", class_="note", role="status"),
        tag("div", "", id="matrix-table", class_="scroll", tabindex="0", role="region", aria_label="Matrix"),
        _needs_script(),
        id="matrix",
    )


def _needs_script() -> Html:
    return tag("noscript", tag("p", "This picture is drawn by the page's own script, which is turned off here."))


def tile(figure: str, told: str, kind: str = "") -> Html:
    """A figure of the summary and what it counts."""
    return tag("div", tag("dd", figure), tag("dt", told), class_=f"tile {kind}".strip())


def tiles(*made: Part) -> Html:
    return tag("dl", *made, class_="tiles")
