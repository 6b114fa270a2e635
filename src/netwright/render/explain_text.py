"""`explain` as text: pages one below the other, and the index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netwright.questions.explain import Contents, Page
from netwright.render.escape import plain
from netwright.render.styles import heading
from netwright.render.words import Words


def pages_text(pages: Sequence[Page], words: Words) -> Iterator[str]:
    for number, page in enumerate(pages):
        if number:
            yield ""
        title = plain(f"{page.topic}  {page.title}" if page.about == "code" else page.title)
        yield from map(heading, words.fold(title, "  ", ""))
        yield from words.fold(plain(page.text), "  ")
        for section in page.sections:
            yield heading(section.heading)
            for text in section.texts:
                if section.is_code:
                    yield from (plain(f"  {line}") for line in text.splitlines())
                    continue
                yield from words.fold(plain(text), "    ", "  - ") if section.is_list else words.fold(plain(text), "  ")
        if page.differences:
            yield from _differences(page, words)
        if page.see and page.about != "counterpart":
            yield from words.fold(f"see also: {', '.join(page.see)}", "  ", "")


def _differences(page: Page, words: Words) -> Iterator[str]:
    """Each difference with what this profile does, then the others."""
    own = page.topic.removeprefix("cni:")
    width = max(len(name) for d in page.differences for name in d.says) + 2
    yield heading(f"where profiles differ ({len(page.differences)}; `-o json` has sources and scenarios)")
    for d in page.differences:
        yield from words.fold(plain(d.title), "    ", "  ")
        for name in sorted(d.says, key=lambda name: name != own):
            yield from words.fold(plain(d.says[name]), " " * (width + 4), f"    {name.ljust(width)}")


def index_text(index: Contents, words: Words) -> Iterator[str]:
    yield "netwright explain WORD: codes, kinds, terms, words of vSphere and NSX"
    yield ""
    yield heading("codes of findings")
    for code, title in index.codes.items():
        yield from words.fold(f"{code}  {title}", "          ", "  ")
    for title, found in (
        ("terms", index.terms),
        ("words of vSphere", index.vsphere),
        ("words of NSX", index.nsx),
        ("profiles", index.profiles),
        ("kinds that are read", index.kinds_read),
    ):
        yield heading(title)
        yield from words.fold(", ".join(found), "  ")
    yield from words.fold(
        f"and {index.kinds_unread} kinds of the network that are not read yet, {index.kinds_irrelevant} that do "
        f"not touch it: ask by name, "
        "`explain AuthorizationPolicy` or `explain NetworkPolicy.projectcalico.org`",
        "  ",
        "",
    )
