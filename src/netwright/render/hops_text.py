"""`reach --hops` as text."""

from __future__ import annotations

from netwright.questions.hops import Blast
from netwright.render.escape import plain
from netwright.render.styles import heading
from netwright.render.words import Words, count


def hops_text(answer: Blast, words: Words, *, everything: bool, last: str) -> list[str]:
    """Hop by hop, then what cuts it, then the counts."""
    ports = "any port" if answer.any_port else "served ports"
    limit = f", {count(answer.hops, 'hop')}" if answer.hops else ""
    head = words.fold(plain(f"blast radius of {answer.source} over {ports}{limit}"), "  ", "")
    out = [heading(line) for line in head]
    for hop in sorted({h.hop for h in answer.reached}):
        found = [h for h in answer.reached if h.hop == hop]
        out.append(heading(f"hop {hop}: {count(len(found), 'workload')}"))
        shown = found if everything else found[:12]
        for h in shown:
            via = f"  (from {h.via})" if hop > 1 else ""
            told = plain(f"{h.ref}  {h.ports}{via}")
            out += (
                words.fold(told, "      ", "    ")
                if h.surely
                else words.fold(told, "      ", "  ? ", marks=(("?", "undecided"),))
            )
        if len(found) > len(shown):
            out.append(f"    … and {len(found) - len(shown)} more: --all lists them")
    if not answer.reached:
        out.append("reaches nothing")
    if answer.cuts:
        out.append(heading("what cuts it"))
        for cut in answer.cuts:
            place = f"  {cut.place}" if cut.place else ""
            out += words.fold(
                plain(f"NetworkPolicy {cut.policy} keeps out {count(cut.keeps_out, 'workload')}{place}"), "      ", "  "
            )
    surely = sum(h.surely for h in answer.reached)
    perhaps = len(answer.reached) - surely
    out += words.fold(
        f"{surely} of {count(answer.workloads, 'workload')} reached, {perhaps} perhaps; {answer.silent} declare no "
        f"port "
        f"(--any-port counts them) {words['dot']} {last}",
        "",
        "",
    )
    return out
