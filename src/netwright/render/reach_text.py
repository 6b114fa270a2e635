"""`reach` as text: who may enter each destination, danger first, long lists folded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netwright.base.services import ServiceSet
from netwright.model.networks import POD
from netwright.questions.reach import Ends, Reached
from netwright.questions.reach.by_source import Counts, first_sources
from netwright.render.escape import plain
from netwright.render.outside import text_refs
from netwright.render.pairs import chosen_pairs, pair_count
from netwright.render.styles import heading, marked
from netwright.render.words import Words, count


def reach_text(
    reached: Reached, words: Words, *, everything: bool, last: str, namespaces: Sequence[str] = ()
) -> Iterator[str]:
    """Lines. Connections are grouped by source and by what they may use; at most SOURCES of them unless `everything`.
    `namespaces`: only pairs that touch one of them."""
    counted = Counts()
    pairs_asked = shown = folded = 0
    for family in reached.families:
        pairs = chosen_pairs(reached, family, namespaces)
        pairs_asked += pair_count(pairs)
        refs = text_refs(reached, family, pairs.ends)
        if len(reached.families) > 1:
            yield heading(f"IPv{family}")
        most = None if everything else max(0, SOURCES - shown)
        order = _danger_first(pairs.ends, pairs.sources)
        rows, printable = first_sources(pairs, reached.services, order, most, counted)
        shown += len(rows)
        folded += printable - len(rows)
        for source, connected, open_ in rows:
            sign = "! " if pairs.ends.refs[source].startswith("internet") else ""
            yield from map(heading, words.fold(plain(f"{sign}{refs[source]}"), "  ", ""))
            for mark, groups in (("  ", connected), ("? ", open_)):
                for services, destinations in sorted(groups.items(), key=lambda g: str(g[0])):
                    yield from _line(words, mark, services, [refs[d] for d in destinations], everything)
    connections, undecided, others = counted.connections, counted.undecided, counted.others
    if folded:
        yield from words.fold(
            f"… and {count(folded, 'source')} more: --all lists them, --from, --to and -n narrow the question", "  ", ""
        )
    if reached.by == "identity":
        yield from words.fold("`show endpoints` lists whose identities these are, in its column ID", "  ", "")
    for left in reached.left_out:
        yield from words.fold(plain(f"left out: {left}"), "  ", "")
    if others:
        yield from words.fold(
            f"? {count(others, 'pair')}: only ICMP and other protocols are undecided; "
            "`why A B --protocol icmp` says why",
            "  ",
            "",
            marks=(("?", "undecided"),),
        )
    if undecided:
        settles = "`why` says which, `--pod-cidr` and Node objects settle most"
        if reached.network != POD:
            settles = f"`why A B --network {plain(reached.network)}` says which"
        yield from words.fold(
            f"? {count(undecided, 'pair')} undecided: an address or a node is not known, or a kind is not read; "
            f"{settles}",
            "  ",
            "",
            marks=(("?", "undecided"),),
        )
    there = "" if reached.network == POD else f" on {reached.network}"
    told = f"{count(connections, 'connection')} of {count(pairs_asked, 'pair')}{plain(there)}"
    yield from words.fold(f"{told} {words['dot']} {undecided} undecided {words['dot']} {last}", "", "")


SOURCES = 12


def _danger_first(ends: Ends, sources: list[int]) -> list[int]:
    return sorted(sources, key=lambda i: (not ends.refs[i].startswith("internet"), ends.rows[i] < 0, i))


def _line(words: Words, sign: str, services: ServiceSet, names: Sequence[str], everything: bool) -> Iterator[str]:
    most = len(names) if everything else 6
    listed = ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
    folded = words.fold(plain(f"{services}: {listed}"), "        ", f"  {sign}{words['arrow']} ")
    yield marked(folded[0], ("? ", "undecided")) if sign == "? " else folded[0]
    yield from folded[1:]
