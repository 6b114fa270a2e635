"""One name everywhere: flags, Python, JSON and pages agree with the registry, and the registry stays light."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import click
import msgspec
import pytest

import netwright as nw
from netwright.cli.main import COMMANDS, HELP, cli
from netwright.cli.options import output_options, source_options
from netwright.questions import registry
from netwright.questions.registry import QUESTIONS, Params, Question

OF_THE_FACE = {
    "check": {"fail_on", "show", "everything", "write_intents", "split", "watch"},
    "why": {"style"},  # how it is told
    "reach": {"form", "everything", "watch"},
    "diff": {"fail_on", "everything", "split"},
    "convert": {"everything"},
}
"""Parameters of commands that shape the output, or say which twins are asked and when: no part of the question."""
PLACING = {"namespace", "namespaces", "all_namespaces"}
"""By which a face completes bare names and narrows what it shows, where the question itself has no such parameter."""
OF_THE_CONFIGURATION = {"check": {"severities", "accepted"}}
"""Parameters that a face takes from `netwright.yaml`."""
BY_HAND = {
    ("show", "named"): "references",
    ("explain", "words_asked"): "asked",
    ("eval", "paths"): "",
    ("check", "paths"): "",
    ("reach", "paths"): "",
    ("diff", "paths"): "before",
    ("convert", "paths"): "",
}
"""Positional grammar: what the argument of a command becomes ("": sources)."""
VALUES: dict[str, Any] = {"source": "shop/web", "destination": "shop/db:5432", "noun": "workloads", "queries": ()}
VALUES |= {"language": "clusternetworkpolicy"}
"""What is asked; `before` is the twin itself."""
COMMANDS_ASKED = sorted({q.command for q in QUESTIONS})


def shared() -> set[str]:
    """The names of the options that every command has."""

    @click.command()
    @source_options
    @output_options(["text"])
    def none(**_: Any) -> None:
        pass

    return {str(p.name) for p in none.params}


def fields_of(command: str) -> dict[str, msgspec.structs.FieldInfo]:
    return {f.name: f for q in QUESTIONS if q.command == command for f in msgspec.structs.fields(q.params)}


def parameters_of(command: str) -> list[click.Parameter]:
    found = cli.get_command(click.Context(cli), command)
    assert found is not None
    passed_over = shared() | OF_THE_FACE.get(command, set()) | PLACING - set(fields_of(command))
    return [p for p in found.params if str(p.name) not in passed_over]


def plain(type_: Any) -> Any:
    """Without what is said about it, and without None."""
    kept = [a for a in get_args(type_) if a is not type(None)]
    return plain(kept[0]) if get_origin(type_) is not Literal and len(kept) == 1 else type_


# --- flags ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS_ASKED)
def test_flags_are_the_parameters_of_the_questions(command: str) -> None:
    fields = fields_of(command)
    seen = set()
    for parameter in parameters_of(command):
        name = str(parameter.name)
        if isinstance(parameter, click.Argument):
            name = BY_HAND.get((command, name), name)
            if name:
                assert name in fields, f"`{command}` takes {parameter.name}, which no question of it has"
                seen.add(name)
            continue
        negated = name.startswith("no_")
        field = fields.get(name.removeprefix("no_"))
        assert field is not None, f"`{command} {parameter.opts[-1]}` is a parameter of no question, nor of the face"
        flag = ("--no-" if negated else "--") + field.encode_name.replace("_", "-")
        assert flag in parameter.opts, f"`{command} {parameter.opts[-1]}` is called {flag} elsewhere"
        assert not negated or field.default is True
        seen.add(field.name)
    assert seen | OF_THE_CONFIGURATION.get(command, set()) == set(fields), (
        f"what `{command}` cannot be asked on the command line"
    )


@pytest.mark.parametrize("command", COMMANDS_ASKED)
def test_choices_and_defaults_of_flags_are_those_of_the_questions(command: str) -> None:
    hints = {n: t for q in QUESTIONS if q.command == command for n, t in get_type_hints(q.params).items()}
    for parameter in parameters_of(command):
        field = fields_of(command).get(str(parameter.name))
        if field is None or isinstance(parameter, click.Argument):
            continue
        if isinstance(parameter.type, click.Choice):
            assert [str(v) for v in get_args(plain(hints[field.name]))] == list(parameter.type.choices)
        if isinstance(field.default, str):
            assert parameter.default == field.default


def test_help_is_that_of_the_registry() -> None:
    said = {q.command: q.help for q in reversed(QUESTIONS)}  # a command is described by its first question
    assert said == {command: HELP[command] for command in said}
    assert set(said) <= set(COMMANDS)


# --- Python -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.name)
def test_python_names_are_the_fields_and_differ_from_json_for_a_reason(question: Question[Any, Any]) -> None:
    method = getattr(nw.Twin, question.name, None)
    fields = {f.name: f for f in msgspec.structs.fields(question.params)}
    if method is not None:
        assert {name for name in method.__annotations__ if name != "return"} == set(fields)
    renamed = {f.name: f.encode_name for f in fields.values() if f.name != f.encode_name}
    known = {"source": "from", "destination": "to", "namespaces": "namespace"}
    if question.name == "convert":
        known["language"] = "to"  # a face calls that `to` where an answer goes
    assert renamed.items() <= known.items()
    assert getattr(nw, question.params.__name__) is question.params


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.name)
def test_a_twin_answers_every_question_with_the_type_that_its_params_say(
    root: Path, question: Question[Any, Any]
) -> None:
    twin = nw.load(str(root / "examples/shop"))
    values = VALUES | {"before": twin}
    wanted = {f.name: values[f.name] for f in msgspec.structs.fields(question.params) if f.required}
    answer = twin.ask(question.params(**wanted))
    said = question.answer_type()
    assert isinstance(answer, get_origin(said) or said)
    (base,) = [b for b in question.params.__orig_bases__ if get_origin(b) is Params]
    (argument,) = get_args(base)
    spelled = argument.__forward_arg__
    assert spelled == (f"list[{get_args(said)[0].__name__}]" if get_args(said) else said.__name__)


def test_the_methods_of_a_twin_ask_the_same(root: Path) -> None:
    twin = nw.load(str(root / "examples/shop"))
    query = {"from": "shop/api", "to": "shop/db", "port": 5432}
    assert twin.why("shop/web", "shop/db:5432") == twin.ask(nw.Why(source="shop/web", destination="shop/db:5432"))
    assert twin.blast("shop/web", hops=1) == twin.ask(nw.BlastRadius(source="shop/web", hops=1))
    assert twin.eval([query]) == twin.ask(nw.Eval(queries=(msgspec.convert(query, nw.Query),)))
    assert twin.diff(twin) == twin.ask(nw.Diff(before=twin))
    assert twin.show("exposed", references=["legacy/orders"]).counts["open"] == 1
    assert [r.chain for r in twin.show("exposed").rows] == [w.chain for w in twin.exposed()]


def test_what_is_no_question_is_refused(root: Path) -> None:
    with pytest.raises(TypeError, match="Query are no params"):
        nw.load(str(root / "examples/shop")).ask(nw.Query(from_="a", to="b"))  # type: ignore[arg-type]


# --- JSON -------------------------------------------------------------------------------------------------------------


def structs(type_: Any) -> Iterator[Any]:
    """The structs that a type is made of."""
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct):
        yield type_
        for field in msgspec.structs.fields(type_):
            yield from structs(field.type)
    for inside in get_args(type_):
        yield from structs(inside)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.name)
def test_answers_repeat_what_was_asked_under_the_same_name(question: Question[Any, Any]) -> None:
    names = {"from_": "from"} | {f.name: f.encode_name for q in QUESTIONS for f in msgspec.structs.fields(q.params)}
    del names["namespaces"]
    found = [
        f"{struct.__name__}.{field.name} is written `{field.encode_name}`, and asked as `{names[field.name]}`"
        for struct in structs(question.answer_type())
        for field in msgspec.structs.fields(struct)
        if names.get(field.name, field.encode_name) != field.encode_name
    ]
    assert found == []


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.name)
def test_the_schema_and_the_page_have_every_parameter(root: Path, question: Question[Any, Any]) -> None:
    schema = json.loads((root / "docs/schemas/questions.v1.json").read_text(encoding="utf-8"))
    names = [f.encode_name for f in msgspec.structs.fields(question.params)]
    reference = schema["properties"][question.name]["$ref"].removeprefix("#/$defs/")
    assert sorted(schema["$defs"][reference]["properties"]) == sorted(names)
    page = (root / "docs/reference/questions.md").read_text(encoding="utf-8")
    section = page.partition(f"\n## {question.name}\n")[2].partition("\n## ")[0]
    assert [n for n in names if f"| `{n}` |" not in section] == []
    assert question.help in section


# --- light ------------------------------------------------------------------------------------------------------------


def test_the_registry_imports_no_question_and_nothing_heavy() -> None:
    program = "import sys, netwright.questions.registry; print(*sorted(sys.modules))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    ours = {m for m in run.stdout.split() if m.startswith("netwright.questions.")}
    assert ours == {registry.__name__}
    assert {"numpy", "yaml", "rich", "click"}.isdisjoint(run.stdout.split())
