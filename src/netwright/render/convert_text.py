"""`convert` as text: what was proven, what is left by name with its choices, then the counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from netwright.base.spans import named
from netwright.questions.convert import Converted, Proof
from netwright.render.escape import plain
from netwright.render.styles import Style, marked
from netwright.render.words import Words, count
from netwright.translate.conversion import Chosen, Turned
from netwright.translate.languages import LANGUAGES

MOST: Final = 8
"""Of connections, reasons and places so many are shown; the rest is counted."""
HEADS: Final[dict[Proof, tuple[str, Style]]] = {
    "every cluster": ("equal in every cluster", "allow"),
    "this cluster": ("equal in this cluster", "allow"),
    "narrower": ("narrower", "allow"),
    "wider": ("wider", "warning"),
    "undecided": ("undecided", "undecided"),
    "differs": ("differs", "danger"),
    "nothing": ("nothing to convert", "heading"),
}
SAYS: Final[dict[Proof, str]] = {
    "every cluster": "the rules are the same, read again from what was written",
    "this cluster": "every connection of the input's network has the verdict that it had",
    "narrower": "as was asked, nothing of the input's network is allowed that was not",
    "wider": "as was asked, nothing of the input's network is denied that was not",
    "undecided": "of some connections it cannot be said that they have the verdict that they had",
    "differs": "connections have another verdict than they had",
    "nothing": "the input holds none of",
}
WORDS: Final[dict[Chosen, str]] = {"keep": "stays as it is", "narrow": "narrowed", "widen": "widened"}


def convert_text(found: Converted, words: Words, *, everything: bool, last: str) -> Iterator[str]:
    """Lines; of long lists the beginning unless `everything`."""
    head, style = HEADS[found.proof]
    says = f"{SAYS[found.proof]} {_sources(found)}" if found.proof == "nothing" else SAYS[found.proof]
    yield from words.fold(f"{head}: {says}", "  ", "", marks=((head, style),))
    if found.target != found.profile:
        told = f"what was is read under the profile `{found.profile}`, what was written under `{found.target}`"
        yield from words.fold(told, "  ", "")
    if found.fewest is not None:
        told = f"{count(found.fewest.before, 'NetworkPolicy', 'NetworkPolicies')}, now {found.fewest.after}: "
        least = f"no fewer than {found.fewest.at_least} can do the same"
        told += "fewer cannot do the same" if found.fewest.after == found.fewest.at_least else f"fewest found, {least}"
        yield from words.fold(told, "  ", "")
    if found.made_up:
        told = f"{count(len(found.made_up), 'pod')} made up for selectors that select none of the input, compared too"
        yield from words.fold(told, "  ", "")
    if found.still:
        needs = "still needs Cilium" if found.still[0].startswith("Cilium") else "still needed"
        yield from words.fold(plain(f"{needs}: {', '.join(_first(found.still, everything))}"), "  ", "")
    yield from _turned(found.turned, words, "  ", everything)
    if found.by_the_move:
        told = (
            f"{count(found.by_the_move, 'of these pairs differs', 'of these pairs differ')} whatever is converted: "
            f"{found.target} reads what stays otherwise (`netwright diff SOURCE --cni {found.profile} --cni "
            f"{found.target}`)"
        )
        yield from words.fold(told, "  ", "  ")
    yield from _listed([plain(f"not compared: {reason}") for reason in found.open_because], words, everything)
    if found.starts_to_act:
        told = (
            "the CNI of the input does not enforce the policies as they are: converted, they begin to act (both were "
            f"compared under the profile `{found.profile}`)"
        )
        yield from words.fold(told, "  ", "! ")
        yield from _turned(found.starts_to_act, words, "  ", everything)
    for residue in found.residues:
        sign, word = ("! ", "refused") if residue.refused else ("? ", WORDS.get(residue.chosen, residue.kind))
        yield from words.fold(plain(f"{word}: {residue.told}"), "  ", sign, marks=((word, _style(residue.refused)),))
        yield from _listed([plain(rule) for rule in residue.rules], words, everything)
        for choice in residue.choices:
            effect = "" if choice.turned else " changes no connection of the input's network"
            way = f"{choice.direction}: " if choice.direction and residue.kind != "tie" else ""
            yield from words.fold(plain(f"{way}{choice.told}:{effect}"), "    ", "  ")
            yield from _turned(choice.turned, words, "    ", everything)
    for emitted in found.objects:
        spec, meta = emitted.object.get("spec", {}), emitted.object["metadata"]
        order = f"  {spec['tier']} {spec['priority']}" if "tier" in spec else ""
        told = f"{emitted.object['kind']} {named(meta.get('namespace', ''), meta['name'])}{order}"
        place = f"  {emitted.place}" if emitted.place else ""
        yield from words.fold(plain(f"{told}  from {emitted.made_of}{place}"), "    ", "  ")
    if found.not_read:
        told = f"not converted, for the API server would refuse them: {', '.join(found.not_read)}"
        yield from words.fold(plain(told), "  ", "! ")
    if found.left_alone:
        told = ", ".join(count(one.count, one.kind, f"{one.kind} objects") for one in found.left_alone)
        yield from words.fold(f"left as they are: {told}", "  ", "")
    if found.answer == 4 and found.proof != "undecided":
        last += "; a choice is left to you"  # all that is written was proven, so nothing of it is what is undecided
    yield from words.fold(f" {words['dot']} ".join([_counts(found), last]), "", "")


def _sources(found: Converted) -> str:
    """What is converted to the language: kinds, and of which group."""
    language = LANGUAGES[found.language]
    kinds, group = (("NetworkPolicy",), "networking.k8s.io") if found.fewest else (language.sources, language.group)
    named_so = ", ".join(kind.removesuffix(f".{group}") for kind in kinds)
    return f"what `--to {found.language}` converts: {named_so} of {group}"


def _first(names: Sequence[str], everything: bool) -> Sequence[str]:
    if everything or len(names) <= MOST:
        return names
    return [*names[:MOST], f"and {count(len(names) - MOST, 'other policy', 'other policies')}"]


def _style(refused: bool) -> Style:
    return "danger" if refused else "undecided"


def _counts(found: Converted) -> str:
    rules = count(len(found.rules), "rule")
    return f"{rules}: {found.converted} converted, {found.with_residue} with residue, {found.refused} refused"


def _turned(listed: Sequence[Turned], words: Words, indent: str, everything: bool) -> Iterator[str]:
    most = len(listed) if everything else MOST
    for one in listed[:most]:
        ends = f"{one.source} {words['arrow']} {one.destination}"
        family = f" (IPv{one.family})" if one.family else ""
        for sign, word, ports, style in (
            ("+", "allowed", one.allowed, "warning"),
            ("-", "denied", one.denied, "heading"),
            ("?", "undecided", one.undecided, "undecided"),
        ):
            if ports:
                lines = words.fold(plain(f"{ends}  {ports}{family}"), indent + "    ", f"{indent}{sign} {word:<9} ")
                yield marked(lines[0], (f"{sign} {word}", style))  # type: ignore[arg-type]
                yield from lines[1:]
    if len(listed) > most:
        yield f"{indent}… and {count(len(listed) - most, 'more pair')}: --all lists them, -o json has them too"


def _listed(lines: Sequence[str], words: Words, everything: bool) -> Iterator[str]:
    most = len(lines) if everything else MOST
    for line in lines[:most]:
        yield from words.fold(line, "    ", "  ")
    if len(lines) > most:
        yield f"  … and {len(lines) - most} more: --all lists them"
