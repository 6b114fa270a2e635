"""`explain`: codes, kinds, terms, words of vSphere and NSX, profiles; from data, offline."""

from __future__ import annotations

import difflib
import re
from typing import Literal

import msgspec

from netwright.base.diagnostics import INPUT_CODES, Code
from netwright.base.errors import UnknownReference
from netwright.model.counterparts import COUNTERPARTS, Counterpart
from netwright.model.finding import FindingCode
from netwright.model.finding_codes import finding_codes
from netwright.model.glossary import TERMS, Term
from netwright.model.kind_lists import KINDS, find
from netwright.model.kinds import Kind
from netwright.model.machine_rules import rules_of
from netwright.profiles.differences import Difference, differences
from netwright.profiles.known import NAMES, profile_of
from netwright.profiles.profile import Option, Profile
from netwright.questions.explain.kind_notes import NOTES, RULES_OF_THUMB, SHORT
from netwright.questions.registry import Asked, Explain

PROFILES: tuple[Profile, ...] = tuple(map(profile_of, NAMES))
CODES: tuple[Code, ...] = (*INPUT_CODES, *finding_codes())


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a page: paragraphs, points where `is_list`, lines that keep their form where `is_code`."""

    heading: str
    texts: tuple[str, ...]
    is_list: bool = False
    is_code: bool = False


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What `explain` says of one thing. `see` are other words it knows; `differences` are those of a profile."""

    topic: str
    about: Literal["code", "kind", "term", "counterpart", "profile"]
    title: str
    text: str
    sections: tuple[Section, ...] = ()
    see: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """Everything there is a page for. Kinds of wildcard groups have pages by `Kind.group` too."""

    codes: dict[str, str]
    terms: tuple[str, ...]
    vsphere: tuple[str, ...]
    nsx: tuple[str, ...]
    profiles: tuple[str, ...]
    kinds_read: tuple[str, ...]
    kinds_unread: int
    kinds_irrelevant: int


class Explained(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All pages about what was asked, or, where nothing was, what there is."""

    asked: str
    pages: tuple[Page, ...] = ()
    index: Contents | None = None


def answer(twin: Asked, params: Explain) -> Explained:
    if not params.asked:
        return Explained(asked="", index=contents())
    return Explained(asked=params.asked, pages=explain(params.asked))


def contents() -> Contents:
    return Contents(
        codes={c.code: c.title for c in CODES},
        terms=tuple(sorted(t.word for t in TERMS)),
        vsphere=_words("vSphere"),
        nsx=_words("NSX"),
        profiles=tuple(f"cni:{p.name}" for p in PROFILES),
        kinds_read=tuple(sorted({k.name for k in KINDS if k.reads == "read"})),
        kinds_unread=sum(k.reads == "unread" and k.name != "*" for k in KINDS),
        kinds_irrelevant=sum(k.reads == "irrelevant" and k.name != "*" for k in KINDS),
    )


def _words(world: str) -> tuple[str, ...]:
    return tuple(sorted((c.word for c in COUNTERPARTS if c.world == world), key=str.lower))


def explain(asked: str) -> tuple[Page, ...]:
    """All pages about what was asked, netwright's own word first. Raises UnknownReference where there is none."""
    key = _key(asked)
    pages = [
        *(_code(c) for c in CODES if _key(c.code) == key),
        *(_profile(p) for p in PROFILES if key in (_key(f"cni:{p.name}"), _key(p.name), _key(f"profile {p.name}"))),
        *(_term(t) for t in TERMS if key in map(_key, (t.word, *t.aliases))),
        *_kinds(asked.strip()),
        *(_counterpart(c) for c in COUNTERPARTS if key in map(_key, (c.word, *c.aliases))),
    ]
    if pages:
        return tuple(pages)
    close = _close(key)
    meant = "did you mean " + " or ".join(f"`{c}`" for c in close) + "? " if close else ""
    raise UnknownReference(
        f"`{asked}` is not a code, kind or term", help=f"{meant}`netwright explain` lists what there is"
    )


def _key(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", text.strip()).casefold()


def _close(key: str) -> list[str]:
    known: dict[str, str] = {}
    for word in [
        *(c.code for c in CODES),
        *(w for t in TERMS for w in (t.word, *t.aliases)),
        *(k.name for k in KINDS if k.name != "*"),
        *(w for c in COUNTERPARTS for w in (c.word, *c.aliases)),
        *(f"cni:{p.name}" for p in PROFILES),
    ]:
        known.setdefault(_key(word), word)
    return [known[k] for k in difflib.get_close_matches(key, list(known), n=2, cutoff=0.6)]


# --- pages --------------------


def _code(code: Code) -> Page:
    examples: tuple[Section, ...] = ()
    if isinstance(code, FindingCode):
        examples = (
            Section(heading="an example", texts=(code.fails,), is_code=True),
            Section(heading="the same, cured", texts=(code.passes,), is_code=True),
        )
    rules = tuple(f"{one.rule}: {one.says} ({one.source})" for one in rules_of(code.code))
    told = (Section(heading="rules of machines and networks that it tells", texts=rules, is_list=True),)
    return Page(
        topic=code.code,
        about="code",
        title=f"{code.severity}: {code.title}",
        text=code.explanation,
        sections=(Section(heading="what to do", texts=(code.help,)), *(told if rules else ()), *examples),
    )


def _profile(profile: Profile) -> Page:
    sections = [Section(heading="what it assumes", texts=profile.assumptions, is_list=True)]
    if profile.reading.beyond:
        unsure = f"what becomes of {profile.reading.beyond} at an isolated pod"
        sections.append(Section(heading="what it leaves open", texts=(unsure,), is_list=True))
    sections.append(Section(heading="policies it enforces", texts=profile.kinds, is_list=True))
    if profile.ignored:
        sections.append(Section(heading="policies without effect in it", texts=profile.ignored, is_list=True))
    if profile.options:
        heading = f"options, as in `--cni {profile.name}:OPTION=VALUE,OPTION=VALUE`"
        sections.append(Section(heading=heading, texts=tuple(map(_option, profile.options)), is_list=True))
    ties = {
        "any-order": "policies of one kind have no order among themselves",
        "deny-first": "of equal priorities deny counts first",
        "ordered": "policies are read in order",
    }
    return Page(
        topic=f"cni:{profile.name}",
        about="profile",
        title=f"the profile `{profile.name}`: {profile.title}",
        text=f"`--cni {profile.name}` chooses it. In it {ties[profile.policy_ties]}.",
        sections=tuple(sections),
        see=("profile", *(f"cni:{name}" for name in NAMES if name != profile.name), profile.kinds[0]),
        differences=differences(profile.name),
    )


def _option(option: Option) -> str:
    first, *rest = option.values
    default = f"{f'`{first}`' if first else 'absent'} (the default)"
    values = [f"`{value}`" for value in rest] or ["or another"]
    return f"`{option.name}`: {', '.join([default, *values])}: {option.says}"


def _term(term: Term) -> Page:
    return Page(
        topic=term.word,
        about="term",
        title=f"{term.word}: a word of netwright",
        text=term.text,
        sections=_elsewhere(term.word),
        see=term.see,
    )


def _counterpart(found: Counterpart) -> Page:
    return Page(
        topic=found.word,
        about="counterpart",
        title=f"{found.word}: a word of {found.world}",
        text=found.text,
        sections=(Section(heading="here", texts=(", ".join(found.here),)),),
        see=found.here,
    )


def _elsewhere(word: str) -> tuple[Section, ...]:
    """The way back: which words of vSphere and NSX become this one."""
    out = []
    for world in ("vSphere", "NSX"):
        found = [c.word for c in COUNTERPARTS if c.world == world and _key(word) in map(_key, c.here)]
        if found:
            out.append(Section(heading=f"in {world}", texts=(", ".join(found),)))
    return tuple(out)


def _kinds(asked: str) -> list[Page]:
    """The kind of this name: of the group that was named, else of every group; what is read comes first."""
    name, dot, group = asked.partition(".")
    if dot and group and name != "*":
        found = find(group, _singular(name))
        return [_kind((msgspec.structs.replace(found, name=_singular(name)),))] if found else []
    wanted = _singular(asked).casefold()
    order = {"read": 0, "unread": 1, "irrelevant": 2}
    held = sorted((k for k in KINDS if k.name.casefold() == wanted != "*"), key=lambda k: order[k.reads])
    return [_kind(tuple(held))] if held else []


def _singular(name: str) -> str:
    """The kind's own name for a short or plural one, as kubectl takes them."""
    short = SHORT.get(name.casefold()) or SHORT.get(name.casefold().removesuffix("s"))
    if short:
        return short
    names = {k.name.casefold(): k.name for k in KINDS}
    lower = name.casefold()
    endings = [lower, lower.removesuffix("s"), lower.removesuffix("es"), lower.removesuffix("ies") + "y"]
    return next((names[e] for e in endings if e in names), name)


def _kind(held: tuple[Kind, ...]) -> Page:
    first = held[0]
    key = (first.group, first.name)
    sections = []
    if key in RULES_OF_THUMB:
        sections.append(Section(heading="rules of thumb", texts=RULES_OF_THUMB[key], is_list=True))
    others: dict[str, list[str]] = {}
    for kind in held[1:]:
        if kind.group != "extensions":
            others.setdefault(_does(kind), []).append(kind.group or "core")
    if others:
        texts = tuple(f"{', '.join(groups)}: {does}" for does, groups in others.items())
        sections.append(Section(heading="the same name in other groups", texts=texts, is_list=True))
    scope = "namespaced" if first.namespaced else "cluster-wide"
    note = NOTES.get(key, "")
    return Page(
        topic=first.name,
        about="kind",
        title=f"{first.name}: a kind of {first.group or 'the core group'}, {scope}",
        text=f"{note} {_list(first)}".strip(),
        sections=(*sections, *_elsewhere(first.name)),
    )


def _list(kind: Kind) -> str:
    if kind.reads == "read":
        return "It is read and evaluated."
    if kind.reads == "irrelevant":
        return "It is known not to touch the network, and passed over."
    return f"It belongs to the network and is not read yet: {_effect(kind)}."


def _does(kind: Kind) -> str:
    return {"read": "read", "irrelevant": "does not touch the network"}.get(
        kind.reads
    ) or f"not read yet; {_effect(kind)}"


def _effect(kind: Kind) -> str:
    who = "everything it could select" + (", nodes and hostNetwork pods too," if kind.hosts else "")
    if kind.effect == "both":
        return f"it can allow and deny, so verdicts of {who} are undecided"
    if kind.effect == "deny":
        return f"it can only deny, so allowing verdicts of {who} are undecided"
    return "it changes no verdict between pods on their primary network, but what it adds is missing"


__all__ = ["PROFILES", "Contents", "Explained", "Page", "Section", "answer", "contents", "explain"]
