"""Reference pages made from the code: commands, questions, codes, kinds, the library, profiles, exit codes."""

from __future__ import annotations

import inspect
import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, get_args

import click

HEAD = "<!-- written by docs/build.py; do not edit -->"


def all_pages() -> dict[str, str]:
    """The text of every generated page of docs/reference by its file name."""
    return {
        "commands.md": commands(),
        "questions.md": questions(),
        "codes.md": codes(),
        "machine-rules.md": rules(),
        "kinds.md": kinds(),
        "library.md": library(),
        "profiles.md": profiles(),
        "terms.md": terms(),
        "exit-codes.md": exit_codes(),
        "json-fields.md": json_fields(),
    }


def _page(title: str, parts: Iterable[str]) -> str:
    return "\n\n".join([HEAD, f"# {title}", *parts]) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines)


# --- commands ---------------------------------------------------------------------------------------------------------


def commands() -> str:
    from netwright.cli.main import SECTIONS, cli

    context = click.Context(cli, info_name="netwright")
    parts = [
        "Installed as `kubectl-netwright` on the PATH, the same commands are `kubectl netwright …`. `-f SOURCE` and "
        "SOURCE as an argument are the same. Standard output holds the answer and nothing else, standard error the "
        "diagnostics.",
        "Exit codes are explained [on their own page](exit-codes.md).",
    ]
    for title, names in SECTIONS:
        parts.append(f"## {title}")
        for name in names:
            command = cli.get_command(context, name)
            if command is None:
                raise RuntimeError(f"`{name}` is listed and is no command")
            below = click.Context(command, info_name=name, parent=context)
            parts += _command(name, command, below)
            if isinstance(command, click.Group):
                for verb in command.list_commands(below):
                    inner = command.commands[verb]
                    parts += _command(f"{name} {verb}", inner, click.Context(inner, info_name=verb, parent=below))
    return _page("Commands", parts)


def _command(name: str, command: click.Command, context: click.Context) -> Iterator[str]:
    yield f"### {name}"
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"```text\nnetwright {name} {usage}\n```"
    yield from _help(command.help or "")
    rows = []
    for option in command.get_params(context):
        record = option.get_help_record(context) if isinstance(option, click.Option) else None
        if record is not None and "--help" not in option.opts:
            rows.append([f"`{record[0]}`", _inline(record[1])])
    if rows:
        yield _table(["option", ""], rows)


def _help(text: str) -> Iterator[str]:
    """Paragraphs as prose, those that are marked not to be wrapped as a block."""
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        if paragraph.startswith("\b"):
            yield "```text\n" + textwrap.dedent(paragraph.removeprefix("\b").strip("\n")) + "\n```"
        elif paragraph.strip():
            yield " ".join(paragraph.split())


def _inline(text: str) -> str:
    """Prose in a cell; angle brackets are not to be taken for HTML."""
    return " ".join(text.split()).replace("<", "&lt;")


# --- questions --------------------------------------------------------------------------------------------------------


def questions() -> str:
    from netwright.questions.registry import QUESTIONS

    parts = [
        "What a twin can be asked. A parameter has one name everywhere: as a flag of the command (with hyphens), in "
        "JSON ([schema](../schemas/questions.v1.json)) and in URLs; in Python too, unless that is a keyword there. "
        "`twin.ask(nw.NAME(…))` asks any of them; most have [a method](library.md#twin) with fewer words.",
    ]
    for question in QUESTIONS:
        kind = " It takes many and answers each." if question.kind == "stream" else ""
        source = "" if question.rests_on_input else " It needs no sources."
        parts.append(f"## {question.name}\n\n{_inline(question.help)}{kind}{source}")
        parts.append(
            f"*On the command line:* [`{question.command}`](commands.md#{question.command}). "
            f"*In Python:* `nw.{question.params.__name__}`. "
            f"*The answer:* {_answer(question)}."
        )
        rows = _parameters(question.params)
        if rows:
            parts.append(_table(["parameter", "in Python", "type", "default", ""], rows))
    return _page("Questions", parts)


def _answer(question: Any) -> str:
    answer = question.answer_type()
    inside = get_args(answer)
    name = f"list of `{inside[0].__name__}`" if inside else f"`{answer.__name__}`"
    return f"{name}, as JSON [here](json.md#{question.command})"


def _parameters(params: Any) -> list[list[str]]:
    """A row a field of a struct of params: its name, its name in Python, type, default, meaning."""
    import msgspec

    _, definitions = msgspec.json.schema_components([params], ref_template="{name}")
    shown = definitions[params.__name__]["properties"]
    rows = []
    for field in msgspec.structs.fields(params):
        schema = shown[field.encode_name]
        held = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        default = "" if field.required else "absent" if held is None else f"`{json.dumps(held)}`"
        says = _inline(schema.get("description", ""))
        rows.append([f"`{field.encode_name}`", f"`{field.name}`", _type(schema), default, says])
    return rows


def _type(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_type(s) for s in schema["anyOf"] if s.get("type") != "null")
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    return schema.get("type") or f"[{schema['$ref']}](../how/{_DESCRIBED.get(schema['$ref'], 'eval.md#a-question')})"


_DESCRIBED = {
    "Accepted": "check.md#on-the-second-day",
    "Intent": "intents.md",
    "Known": "check.md#on-the-first-day",
}
"""Where structs that are no query are described."""


# --- codes, kinds, profiles, exit codes -------------------------------------------------------------------------------


def codes() -> str:
    from netwright.base.diagnostics import INPUT_CODES
    from netwright.model.finding_codes import finding_codes

    parts = [
        "What netwright says about its input (NW1…) and what `netwright check` finds in the network (NW2… policies, "
        "NW3… isolation and exposure, NW4… Services and Ingresses, NW5… the cluster, NW6… machines and networks). "
        "`netwright explain CODE` prints the same, offline. An *error* of the input means that part of it could not be "
        "used: the exit code is 3. A code is for ever; a retired one is never used again.",
        _table(
            ["code", "severity", ""],
            [[f"[{c.code}](#{_anchor(f'{c.code}: {c.title}')})", c.severity, c.title] for c in finding_codes()],
        ),
    ]
    for code in (*INPUT_CODES, *finding_codes()):
        parts.append(f"## {code.code}: {code.title}")
        parts.append(f"*{code.severity}.* {code.explanation}")
        parts.append(f"**Help:** {code.help}.")
    for code in finding_codes():
        at = parts.index(f"## {code.code}: {code.title}") + 3
        parts[at:at] = [f'```yaml title="an example"\n{code.fails}```', f'```yaml title="cured"\n{code.passes}```']
    return _page("Codes", parts)


def rules() -> str:
    from netwright.model.finding_codes import code_of
    from netwright.model.machine_rules import FAMILIES, MachineRule, machine_rules
    from netwright.model.version_gates import gate_of

    def link(name: str) -> str:
        return f"[{name}](codes.md#{_anchor(f'{name}: {code_of(name).title}')})"

    def told(rule: MachineRule) -> str:
        parts = [" ".join(map(link, rule.codes))] if rule.codes else []
        parts += [f"{link('NW1007')}: {one.words}" for one in rule.refused]
        return "; ".join([*parts, *([rule.otherwise] if rule.otherwise else [])])

    def says(rule: MachineRule) -> str:
        return "; ".join([rule.says, *(f"{one.says}: {one.versions}" for one in map(gate_of, rule.gates))])

    found = machine_rules()
    silent = sum(not rule.codes and not rule.refused for rule in found)
    parts = [
        f"What documents say about virtual machines and their networks, in {len(found)} rules, each with what says it "
        f"here: the code of a finding, the refusal of an object that the API would not take (NW1007, with its words), "
        f"or the answer that has it. {silent} have no code, with the reason. `netwright explain CODE` names the rules "
        "of a code."
    ]
    for family, (_, title) in FAMILIES.items():
        rows = [[one.rule, says(one), told(one), one.source] for one in found if one.rule.startswith(family)]
        parts += [f"## {family}: {title}", _table(["rule", "what it says", "where netwright says it", "after"], rows)]
    return _page("Rules of machines and networks", parts)


def _anchor(heading: str) -> str:
    """As Python-Markdown makes it of a heading."""
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower())


EFFECTS = {
    "both": "may allow or deny: what it could select is undecided",
    "deny": "can only deny: what it could select is undecided where it would be allowed",
    "none": "policy verdicts stand; what it adds is missing",
}


def kinds() -> str:
    from netwright.model.kind_lists import KINDS

    parts = [
        "Kinds are data, in three lists. A kind in none of them is taken as not touching the network, with the "
        "warning [NW1009](codes.md#nw1009-a-kind-that-is-in-none-of-the-lists). `*` is every kind of the group that "
        "is not listed itself.",
        "## Read",
        "Objects of these kinds are evaluated. Versions that the API server serves no more are reported as invalid.",
        _table(["group", "kinds"], _grouped(k for k in KINDS if k.reads == "read")),
        "## Touch the network and are not read yet",
        "Nothing is guessed about them. Pods that one could select get undecided verdicts, as the last column says; a "
        "kind whose subjects can be nodes and hostNetwork pods is marked *(nodes too)*.",
    ]
    rows = []
    for effect, told in EFFECTS.items():
        for hosts in (False, True):
            found = _grouped(k for k in KINDS if k.reads == "unread" and k.effect == effect and k.hosts == hosts)
            rows += [[group, names + (" *(nodes too)*" if hosts else ""), told] for group, names in found]
    parts += [
        _table(["group", "kinds", "effect on verdicts"], rows),
        "## Do not touch the network",
        "They are counted as irrelevant and change no answer.",
        _table(["group", "kinds"], _grouped(k for k in KINDS if k.reads == "irrelevant")),
    ]
    return _page("Kinds", parts)


def _grouped(found: Iterable[Any]) -> list[list[str]]:
    by_group: dict[str, list[str]] = {}
    for kind in found:
        by_group.setdefault(kind.group, []).append(kind.name)
    return [[f"`{g}`" if g else "core", ", ".join(f"`{n}`" for n in names)] for g, names in sorted(by_group.items())]


REPOSITORIES = {"Cilium 1.20.2": "https://github.com/cilium/cilium/blob/v1.20.2"}


def profiles() -> str:
    from netwright.profiles.differences import DIFFERENCES
    from netwright.profiles.known import NAMES, profile_of

    parts = [
        "A profile says how the policies of a cluster compose and what its network plugin does where the documents "
        "leave something open. [`--cni NAME` chooses one](../how/cni.md); every answer names it and JSON repeats its "
        "assumptions. `netwright explain cni:NAME` prints the same, offline.",
        "Under every profile policies act after a Service has been resolved: egress policy sees the address and target "
        "port of a pod behind it, never the Service's own, and so does ingress policy of a way in. Kubernetes leaves "
        "open which comes first, so it is an assumption that an `ipBlock` with a Service's address matches nothing on "
        "the way to its pods. Where the client's address stays, and where a node puts its own in its place, is "
        "`externalTrafficPolicy`'s.",
    ]
    for profile in map(profile_of, NAMES):
        parts.append(f"## {profile.name}\n\n{_inline(profile.title)}.")
        rows = [["policies it enforces", ", ".join(f"`{kind}`" for kind in profile.kinds)]]
        rows += [["policies without effect in it", ", ".join(f"`{k}`" for k in profile.ignored)]] * bool(
            profile.ignored
        )
        rows += [
            ["policies of one tier", _TIES[profile.policy_ties]],
            ["admin policies of one priority", _TIES[profile.admin_ties]],
            ["isolation denies", profile.isolation],
            ["left open at isolated pods", str(profile.reading.beyond) if profile.reading.beyond else "nothing"],
        ]
        parts.append(_table(["", ""], rows))
        if profile.options:
            told = [
                [f"`{o.name}`", ", ".join(f"`{value}`" if value else "absent" for value in o.values), _inline(o.says)]
                for o in profile.options
            ]
            parts.append(
                f"Options, as in `--cni {profile.name}:{profile.options[0].name}={profile.options[0].values[1]}`:"
            )
            parts.append(_table(["option", "values, the default first", ""], told))
        parts.append("It is assumed that:")
        parts.append("\n".join(f"- {_inline(a)}" for a in profile.assumptions))
    parts.append("## Where they differ")
    parts.append(
        "Each difference is a scenario in the project's tests, `tests/scenarios/cni-NAME.md`, with verdicts that a "
        "person derived under each profile from the sources named here. Both of netwright's judges are held to them."
    )
    for one in DIFFERENCES:
        parts.append(f"### {one.id}\n\n{_inline(one.title[0].upper() + one.title[1:])}:")
        parts.append("\n".join(f"- *{name}*: {_inline(text)}" for name, text in one.says.items()))
        parts.append(f"Sources: {', '.join(map(_source, one.sources))}.")
    return _page("Profiles", parts)


_TIES = {
    "any-order": "in no order",
    "deny-first": "what denies comes first",
    "ordered": "in order",
}


def _source(text: str) -> str:
    version = next(version for version in REPOSITORIES if text.startswith(version))
    path = text.removeprefix(f"{version} ")
    return f"[{version} `{path}`]({REPOSITORIES[version]}/{path})"


def terms() -> str:
    from netwright.model.counterparts import COUNTERPARTS
    from netwright.model.glossary import TERMS

    words = sorted(TERMS, key=lambda term: term.word.lower())
    anchors = {term.word: _anchor(term.word) for term in words}
    parts = [
        "One word has one meaning in the program, its commands, its JSON and these pages. `netwright explain WORD` "
        "prints the same, offline.",
        "## Words of netwright",
    ]
    for term in words:
        see = [f"[{word}](#{anchors[word]})" if word in anchors else word for word in term.see]
        also = f" *Also:* {', '.join(term.aliases)}." if term.aliases else ""
        parts.append(f"### {term.word}\n\n{_inline(term.text)}{also}" + (f" *See* {', '.join(see)}." if see else ""))
    for world in dict.fromkeys(c.world for c in COUNTERPARTS):
        found = sorted((c for c in COUNTERPARTS if c.world == world), key=lambda c: c.word.lower())
        parts.append(f"## Words of {world}")
        parts.append(_table(["there", "here", ""], ([c.word, ", ".join(c.here), _inline(c.text)] for c in found)))
    return _page("Terms", parts)


EXIT_CODES = (
    (
        70,
        "netwright's own bug: its two judges disagree, or an invariant does not hold",
        "report it with the manifests that show it",
    ),
    (
        2,
        "wrong use: an unknown option, a reference that names nothing, a question that cannot be read; or a file that "
        "the question is made of (`--config`, `--intents`, `--baseline`, `--queries`) cannot be; or the answer "
        "cannot be written: the disk is full, `--out` names a file that is there, standard output is closed",
        "the message says what to write, or why it could not be written",
    ),
    (
        3,
        "the input, which is what the sources name, is not there, could not be read, or only in part",
        "the answer holds for what was read; mend the input that the errors name",
    ),
    (
        1,
        "the answer is no: `why` found it denied, or for some of what was asked; `check` has a new finding, or a "
        "broken intent, of a severity at or over `--fail-on`; `diff` found a difference that `--fail-on` names; "
        "`convert` changed a verdict, or refused a rule",
        "",
    ),
    (
        4,
        "undecided: the input, or the API, leaves the answer open; of `check` an intent; of `convert` a choice is left "
        "that decides connections or keeps a policy, though all that it wrote may be proven",
        "see [undecided verdicts](../how/undecided.md); of `convert` choose, as by `--residue`",
    ),
    (0, "answered; for `why`: allowed; for `diff`: no difference that `--fail-on` names; for `convert`: the same", ""),
)


def exit_codes() -> str:
    from netwright.base import errors

    raised: dict[int, list[str]] = {}
    for name, value in vars(errors).items():
        if isinstance(value, type) and issubclass(value, errors.NetwrightError):
            raised.setdefault(value.exit_code, []).append(f"`{name}`")
    rows = [[str(code), meaning, todo, ", ".join(raised.get(code, ()))] for code, meaning, todo in EXIT_CODES]
    return _page(
        "Exit codes",
        [
            "The first of these that applies, from the top:",
            _table(["code", "meaning", "what to do", "raised in Python as"], rows),
            "`reach`, `show`, `eval` and `explain` end with 0 once they have answered: a denied or undecided pair "
            "among many is part of the answer. JSON answers carry `exit_reasons`, every reason for a code other than "
            "0. A run that is interrupted ends with 130. A reader that goes away before the answer ends, as in "
            "`netwright reach … | head`, has had what it wanted: the code is 0.",
        ],
    )


# --- JSON -------------------------------------------------------------------------------------------------------------


def json_fields() -> str:
    """Every field of the answers, from their schemas; what several verbs have stands with the first."""
    import json_schemas

    parts = [
        "Every field of `check`, `diff`, `eval`, `reach`, `show` and `why` as JSON, from [the "
        "schemas](json.md#schemas), which have the types too. [The page about JSON](json.md) says how to read them. A "
        "part that an earlier verb has too stands there.",
    ]
    told: set[str] = set()
    schemas = {name: json.loads(text) for name, text in json_schemas.all_schemas().items()}
    for verb in json_schemas.DESCRIBED:
        schema = schemas[f"{verb}.v1.json"]
        parts.append(f"## {verb}")
        whole = {one["$ref"].rpartition("/")[2] for one in (*schema.get("oneOf", ()), schema) if "$ref" in one}
        for name, fields in sorted(_objects(schema, ""), key=lambda found: found[0] not in ("", *whole)):
            rows = [[f"`{key}`", _inline(field.get("description", ""))] for key, field in fields.items()]
            table = _table(["field", ""], rows)
            if table not in told:  # the nouns of `show` are alike, and what an answer rests on is everywhere
                told.add(table)
                of = schema["$defs"].get(name, schema).get("description") or schema["description"]
                parts += [of if name in ("", *whole) else f"**{_spaced(name)}**", table]
    return _page("Fields of JSON", [part for part in parts if part])


def _objects(node: Any, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects in a schema with what they are called: a part's name, or that of the field which has them."""
    if isinstance(node, list):
        for one in node:
            yield from _objects(one, name)
    if not isinstance(node, dict):
        return
    fields = node.get("properties", {})
    if fields:
        yield name, {key: field for key, field in fields.items() if "const" not in field}
    for key, field in fields.items():
        yield from _objects(field, key)
    for key, definition in node.get("$defs", {}).items():
        yield from _objects(definition, key)
    for key in sorted(node.keys() - {"properties", "$defs"}):
        yield from _objects(node[key], name)


def _spaced(name: str) -> str:
    """The name of a struct as words: `PartAnswer` is "part answer"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


# --- the library ------------------------------------------------------------------------------------------------------


def library() -> str:
    import netwright
    from netwright.questions.registry import QUESTIONS, Query
    from netwright.twin import Twin

    asked = [*(q.params for q in QUESTIONS), Query]
    parts = [
        "`import netwright as nw`. What is listed here is public; everything else may change. [How to use "
        "it](../how/library.md).",
        "## netwright",
    ]
    for name in sorted(netwright.__all__, key=lambda n: (n != "load", n.startswith("_"), n.lower())):
        value = getattr(netwright, name)
        if value is Twin or name == "__version__" or value in asked:
            continue
        if isinstance(value, type):
            code = getattr(value, "exit_code", None)
            more = "" if code is None else f"\n\nExit code on the command line: {code}."
            parts.append(f"### {name}\n\n{_doc(value)}{more}")
        else:
            parts.append(f"### {name}\n\n{_signature(name, value)}\n\n{_doc(value)}")
    parts.append("### \\_\\_version\\_\\_\n\nThe version, a string.")
    listed = ", ".join(f"`{value.__name__}`" for value in asked)
    parts.append(f"### Questions\n\n{listed}: what `Twin.ask` takes, with [the parameters of each](questions.md).")
    parts.append(f"## Twin\n\n{_doc(Twin)}")
    for name, member in vars(Twin).items():
        if name.startswith("_"):
            continue
        kind = type(member).__name__
        plain = getattr(member, "fget", None) or getattr(member, "func", None) or member
        if kind == "function":
            parts.append(f"### {name}\n\n{_signature(name, member, drop_self=True)}\n\n{_doc(plain)}")
        elif plain.__doc__ and inspect.cleandoc(plain.__doc__):
            parts.append(f"### {name}\n\n*A property.* {_doc(plain)}")
    parts.append(
        "Answers are frozen structs; their fields are those of [the JSON forms](json.md), with `source` and "
        "`destination` for `from` and `to`."
    )
    return _page("Library", parts)


def _signature(name: str, function: Any, *, drop_self: bool = False) -> str:
    found = inspect.signature(function)
    pieces, starred = [], False
    for p in found.parameters.values():
        if drop_self and p.name == "self":
            continue
        if p.kind is p.KEYWORD_ONLY and not starred:
            pieces.append("*")
        starred = starred or p.kind in (p.KEYWORD_ONLY, p.VAR_POSITIONAL)
        star = "*" if p.kind is p.VAR_POSITIONAL else ""
        default = "" if p.default is p.empty else f" = {p.default!r}"
        pieces.append(f"{star}{p.name}: {p.annotation}{default}")
    text = f"{name}({', '.join(pieces)}) -> {found.return_annotation}"
    if len(text) > 100:
        text = f"{name}(\n" + "".join(f"    {piece},\n" for piece in pieces) + f") -> {found.return_annotation}"
    return f"```python\n{text}\n```"


def _doc(value: Any) -> str:
    """The docstring as Markdown; its examples as a block."""
    text = inspect.cleandoc(value.__doc__ or "").strip()
    if not text:
        raise RuntimeError(f"{value} is public and says nothing about itself")
    out, example = [], False
    for paragraph in text.split("\n\n"):
        example = paragraph.startswith(">>>")
        out.append(f"```pycon\n{paragraph}\n```" if example else _inline(paragraph))
    return "\n\n".join(out)
