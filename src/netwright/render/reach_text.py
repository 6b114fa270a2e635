"""`reach` as text: who may enter each destination, danger first, long lists folded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netwright.base.services import BEYOND_TRANSPORT, TRANSPORT, ServiceSet
from netwright.questions.reach import Ends, Reached, undecided_services
from netwright.render.escape import plain
from netwright.render.outside import text_refs
from netwright.render.pairs import chosen_pairs, pair_count
from netwright.render.styles import heading, marked
from netwright.render.words import Words, count


def reach_text(
    reached: Reached, words: Words, *, everything: bool, last: str, namespaces: Sequence[str] = ()
) -> Iterator[str]:
    """Lines. Connections are grouped by source and by what they may use; at most 12 sources unless `everything`.
    `namespaces`: only pairs that touch one of them."""
    connections = undecided = others = 0
    pairs_asked = 0
    shown = 0
    folded = 0
    only_others = not reached.services & TRANSPORT
    for family in reached.families:
        pairs = chosen_pairs(reached, family, namespaces)
        pairs_asked += pair_count(pairs)
        ends: Ends = pairs.ends
        refs = text_refs(reached, family, ends)
        order = _danger_first(ends, pairs.sources)
        groups: dict[int, dict[ServiceSet, list[int]]] = {}
        open_groups: dict[int, dict[ServiceSet, list[int]]] = {}
        for block in pairs.blocks():
            for i, source in enumerate(block.sources):
                for j, destination in enumerate(pairs.destinations):
                    must = pairs.services[int(block.must[i, j])]
                    may = pairs.services[int(block.may[i, j])]
                    if must if only_others else must - BEYOND_TRANSPORT:
                        connections += 1
                        groups.setdefault(source, {}).setdefault(must, []).append(destination)
                    if may != must:
                        services, beyond = undecided_services(must, may)
                        others += beyond
                        if services:
                            undecided += 1
                            open_groups.setdefault(source, {}).setdefault(services, []).append(destination)
        if len(reached.families) > 1:
            yield heading(f"IPv{family}")
        for source in order:
            if source not in groups and source not in open_groups:
                continue
            if shown >= 12 and not everything:
                folded += 1
                continue
            shown += 1
            sign = "! " if ends.refs[source].startswith("internet") else ""
            yield from map(heading, words.fold(plain(f"{sign}{refs[source]}"), "  ", ""))
            for services, destinations in sorted(groups.get(source, {}).items(), key=lambda g: str(g[0])):
                yield from _line(words, "  ", services, [refs[d] for d in destinations], everything)
            for services, destinations in sorted(open_groups.get(source, {}).items(), key=lambda g: str(g[0])):
                yield from _line(words, "? ", services, [refs[d] for d in destinations], everything)
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
            f"? {count(others, 'pair')}: NetworkPolicy leaves ICMP and other protocols open where a pod is isolated",
            "  ",
            "",
            marks=(("?", "undecided"),),
        )
    if undecided:
        yield from words.fold(
            f"? {count(undecided, 'pair')} undecided: an address or a node is not known, or a kind is not read; "
            "`why` says which, `--pod-cidr` and Node objects settle most",
            "  ",
            "",
            marks=(("?", "undecided"),),
        )
    counted = f"{count(connections, 'connection')} of {count(pairs_asked, 'pair')}"
    yield from words.fold(f"{counted} {words['dot']} {undecided} undecided {words['dot']} {last}", "", "")


def _danger_first(ends: Ends, sources: list[int]) -> list[int]:
    return sorted(sources, key=lambda i: (not ends.refs[i].startswith("internet"), ends.rows[i] < 0, i))


def _line(words: Words, sign: str, services: ServiceSet, names: Sequence[str], everything: bool) -> Iterator[str]:
    most = len(names) if everything else 6
    listed = ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
    folded = words.fold(plain(f"{services}: {listed}"), "        ", f"  {sign}{words['arrow']} ")
    yield marked(folded[0], ("? ", "undecided")) if sign == "? " else folded[0]
    yield from folded[1:]
