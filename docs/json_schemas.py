"""JSON Schemas of what the commands write and read: structs of the code, in envelopes of what an answer rests on.

The questions, what they are asked with and what answers them come from the registry. Written by hand is only what no
struct holds: the forms of `reach`, the nouns of `show`, `version`.
"""

from __future__ import annotations

import json
from typing import Any, get_args

import msgspec
from json_fields import says

from netwright.base.diagnostics import Diagnostic
from netwright.model.account import Accounting
from netwright.model.document import Input
from netwright.questions.check import Checked
from netwright.questions.diff import Diffed
from netwright.questions.hops import Blast
from netwright.questions.registry import QUESTIONS, Query, Question
from netwright.questions.show import ROWS
from netwright.questions.show.rows import COUNTS

Schema = dict[str, Any]
DESCRIBED = ("check", "diff", "eval", "reach", "show", "why")
"""The schemas of which every field says what it is."""
STRUCT_OF = {
    ("netwright.check/v1", "one"): "Checked",
    ("netwright.check/v1", "twin"): "Checked",
    ("netwright.diff/v1", "two"): "Diffed",
    ("netwright.diff/v1", "twin"): "Diffed",
    ("netwright.reach/v1", "blast"): "Blast",
    ("netwright.why/v1", ""): "WhyAnswer",
}
"""Whose fields stand in a part that is no struct alone."""
DIALECT = "https://json-schema.org/draft/2020-12/schema"
STRING: Schema = {"type": "string"}
NUMBER: Schema = {"type": "integer", "minimum": 0}
PORTS: Schema = {"type": "string", "description": "`TCP 80,443,8000-8100; UDP 53`, or `all`"}
SET: Schema = {
    "type": "string",
    "description": "a set of positions: `0-12,14`, or `b64:` and packed bits, the lowest position first",
}


def all_schemas() -> dict[str, str]:
    """The text of every schema by its file name."""
    by_hand = {"check": _check, "reach": _reach, "diff": _diff, "show": _show, "version": _version}
    by_hand |= {"snapshot": _snapshot}
    made = {
        "questions": _questions(),
        "query": _of_struct(Query, "One line of the file that `netwright eval --queries` reads.", written=False),
    }
    made |= {q.command: _answer(q) for q in QUESTIONS if q.command not in by_hand}
    made |= {command: make() for command, make in by_hand.items()}
    for name, schema in made.items():
        schema["$id"] = f"netwright.{name}/v1"
        if name in DESCRIBED:
            made[name] = _described(schema)
    return {
        f"{name}.v1.json": json.dumps({"$schema": DIALECT, **schema}, indent=2, ensure_ascii=False, sort_keys=True)
        + "\n"
        for name, schema in made.items()
    }


def _described(schema: Schema) -> Schema:
    """The schema in which every field that does not say what it is says what `json_fields` has."""
    whole: Schema = json.loads(json.dumps(schema))  # one part stands in several places, and is another thing in each

    def visit(node: Any, of: str) -> None:
        if isinstance(node, list):
            for one in node:
                visit(one, of)
        if not isinstance(node, dict):
            return
        for name, field in node.get("properties", {}).items():
            if "description" not in field and "const" not in field and (found := says(of, name)):
                field["description"] = found
            visit(field, name)
        for name, definition in node.get("$defs", {}).items():
            visit(definition, STRUCT_OF.get((schema["$id"], name), name))
        for key in node.keys() - {"properties", "$defs"}:
            visit(node[key], of)

    visit(whole, STRUCT_OF.get((schema["$id"], ""), ""))
    return whole


def _answer(question: Question[Any, Any]) -> Schema:
    """Of a question's answer as its command writes it: a struct, or one a line."""
    answer = question.answer_type()
    if question.kind == "stream":
        (struct,) = get_args(answer)
        says = f"One line of what `netwright {question.command} -o jsonl` writes, in the order of the questions."
        return _of_struct(struct, says)
    says = f"What `netwright {question.command} -o json` writes."
    return _envelope(question.command, says, answer, rests_on_input=question.rests_on_input)


def _questions() -> Schema:
    """What every question is asked with, by its name: the same in Python, JSON, URLs and, with hyphens, as flags."""
    schemas, definitions = _components(*(q.params for q in QUESTIONS), written=False)
    for question in QUESTIONS:
        definitions[question.params.__name__]["description"] = question.help
    properties = {q.name: schema for q, schema in zip(QUESTIONS, schemas, strict=True)}
    says = "The parameters of each question by its name."
    return {"description": says, "type": "object", "properties": properties, "$defs": definitions}


# --- structs ----------------------------------------------------------------------------------------------------------


def _components(*types: Any, written: bool = True) -> tuple[list[Schema], dict[str, Schema]]:
    """Schemas of structs, and the definitions they refer to. What is `written` has every field but
    those that are not set, or omits defaults."""
    schemas, definitions = msgspec.json.schema_components(types, ref_template="#/$defs/{name}")
    structs = {t.__name__: t for t in _structs(types)}
    for name, definition in definitions.items():
        struct = structs.get(name)
        if written and struct is not None and not struct.__struct_config__.omit_defaults:
            unset = {f.encode_name for f in msgspec.structs.fields(struct) if f.default is msgspec.UNSET}
            definition["required"] = [name for name in definition["properties"] if name not in unset]
        definition.pop("title", None)
        if "description" in definition:
            definition["description"] = " ".join(definition["description"].split())
        for field in definition.get("properties", {}).values():
            if written:
                field.pop("default", None)
    return list(schemas), definitions


def _structs(types: Any) -> list[Any]:
    """Every struct that these types reach."""
    found: dict[Any, None] = {}

    def visit(type_: Any) -> None:
        if isinstance(type_, msgspec.inspect.StructType):
            if type_.cls not in found:
                found[type_.cls] = None
                for field in type_.fields:
                    visit(field.type)
        elif isinstance(type_, msgspec.inspect.UnionType):
            for one in type_.types:
                visit(one)
        elif isinstance(type_, (msgspec.inspect.VarTupleType, msgspec.inspect.ListType)):
            visit(type_.item_type)
        elif isinstance(type_, msgspec.inspect.DictType):
            visit(type_.value_type)

    for type_ in types:
        visit(msgspec.inspect.type_info(type_))
    return list(found)


def _of_struct(struct: Any, says: str, *, written: bool = True) -> Schema:
    (_,), definitions = _components(struct, written=written)
    return {"description": says, "$ref": f"#/$defs/{struct.__name__}", "$defs": definitions}


# --- envelopes --------------------------------------------------------------------------------------------------------


def _object(properties: dict[str, Schema], says: str = "", optional: tuple[str, ...] = ()) -> Schema:
    out: Schema = {"type": "object", "properties": properties, "required": [p for p in properties if p not in optional]}
    return {"description": says, **out} if says else out


def _list(items: Schema, says: str = "") -> Schema:
    return {"description": says, "type": "array", "items": items} if says else {"type": "array", "items": items}


def _base(verb: str, *, rests_on_input: bool = True) -> tuple[dict[str, Schema], dict[str, Schema]]:
    (diagnostic, account, source), definitions = _components(Diagnostic, Accounting, Input)
    input_: dict[str, Schema] = {
        "inputs": _list(source),
        "documents": account,
        "profile": {"description": "how policies compose", **STRING},
        "assumptions": _list(STRING, "what was taken for so because the input does not say"),
        "diagnostics": _list(diagnostic),
    }
    return {
        "schema": {"const": f"netwright.{verb}/v1"},
        "version": {"description": "of netwright", **STRING},
        **(input_ if rests_on_input else {}),
        "exit_reasons": _list(STRING, "why the exit code is not 0, each with its number"),
    }, definitions if rests_on_input else {}


def _undecided_counts(unit: str) -> dict[str, Schema]:
    return {"undecided_counts": _list(_object({"reason": STRING, unit: NUMBER, "help": STRING}))}


def _envelope(verb: str, says: str, struct: Any, *, rests_on_input: bool = True) -> Schema:
    base, definitions = _base(verb, rests_on_input=rests_on_input)
    (_,), own = _components(struct)
    content = own.pop(struct.__name__)
    properties = content["properties"]
    optional = tuple(name for name in properties if name not in content["required"])
    counts = _undecided_counts("pairs") if rests_on_input else {}
    merged = _object({**base, **counts, **properties}, says, optional)
    return {**merged, "$defs": {**definitions, **own}}


def _diff() -> Schema:
    made = _envelope("diff", "Two networks.", Diffed)
    whole, _ = _base("diff")
    names = ("inputs", "documents", "profile", "assumptions", "diagnostics")
    says = "What the earlier network rests on; beside it stands the same of the later one."
    made["properties"]["before"] = _object({name: whole[name] for name in names}, says)
    made["required"].append("before")
    only_in = {"description": "which side alone has it; empty: both", "enum": ["", "before", "after"]}
    return _one_or_several("diff", made, "two", {"only_in": only_in})


def _check() -> Schema:
    return _one_or_several("check", _envelope("check", "One network.", Checked), "one", {})


def _one_or_several(verb: str, made: Schema, name: str, more: dict[str, Schema]) -> Schema:
    """A document of one answer, or one whose `twins` hold the same fields for each part of the sources."""
    definitions = made.pop("$defs")
    whole, _ = _base(verb)
    part = {"description": "of the part, its path below the sources; `.` for what is in no other part", **STRING}
    optional = tuple(p for p in made["properties"] if p not in made["required"])
    fields = {key: found for key, found in made["properties"].items() if key not in ("schema", "version")}
    twin = _object({"name": part, **more, **fields}, "One part of the sources.", optional)
    head = {key: whole[key] for key in ("schema", "version", "exit_reasons")}
    several = _object(
        {"twins": _list({"$ref": "#/$defs/twin"}), **head},
        "`--split`, or `--kustomize` where there are several roots: each part of the sources, those without "
        "anything to tell too.",
    )
    return {
        "description": f"What `netwright {verb} -o json` writes.",
        "oneOf": [{"$ref": f"#/$defs/{name}"}, {"$ref": "#/$defs/several"}],
        "$defs": definitions | {name: made, "several": several, "twin": twin},
    }


def _version() -> Schema:
    base, _ = _base("version", rests_on_input=False)
    packages = {"description": "versions by name", "type": "object", "additionalProperties": STRING}
    return _object({**base, "python": STRING, "packages": packages}, "What `netwright version -o json` writes.")


def _snapshot() -> Schema:
    from netwright.store.records import Manifest

    base, _ = _base("snapshot", rests_on_input=False)
    (_,), definitions = _components(Manifest)
    manifest = definitions.pop("Manifest")
    told = {"id": STRING, **{k: v for k, v in manifest["properties"].items() if k not in ("objects", "places", "rest")}}
    always = ("id", "format", "taken", "version")
    one = _object(
        told,
        "When it was taken, of what, by which version. What is empty, false or 0 is left out.",
        optional=tuple(name for name in told if name not in always),
    )
    row = _object({"api_version": STRING, "kind": STRING, "namespace": STRING, "objects": NUMBER})
    definitions |= {
        "snapshot": one,
        "list": _object({**base, "snapshots": _list({"$ref": "#/$defs/snapshot"})}, "`snapshot list`"),
        "show": _object({**base, "snapshot": {"$ref": "#/$defs/snapshot"}, "contents": _list(row)}, "`snapshot show`"),
    }
    return {
        "description": "What `netwright snapshot list` and `snapshot show` write with `-o json`.",
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in ("list", "show")],
        "$defs": definitions,
    }


def _reach() -> Schema:
    base, definitions = _base("reach")
    (_,), own = _components(Blast)
    hops = own.pop("Blast")["properties"]
    common = {
        **base,
        "by": {"enum": ["pod", "workload", "namespace", "identity"]},
        "network": {"description": "the reference of the secondary network asked about; empty: primary ones", **STRING},
        "left_out": _list(STRING, "endpoints that are not listed, and the flag that lists them"),
    }
    family = {
        "description": "4 or 6 where it holds in one family only; absent: in all of the cluster's",
        "enum": [4, 6],
    }
    ranges = _list(
        {"type": "array", "prefixItems": [STRING, NUMBER, NUMBER], "minItems": 3, "maxItems": 3},
        "`ports` as [protocol, first, last]; empty where `ports` is `all`",
    )
    connection = _object(
        {"from": STRING, "to": STRING, "ports": PORTS, "ranges": ranges, "when": _list(STRING), "family": family},
        "It surely may pass.",
        optional=("family",),
    )
    undecided = _object(
        {
            "from": STRING,
            "to": _list(STRING),
            "ports": PORTS,
            "kind": {"enum": ["unknown", "ambiguous", "depends"]},
            "reason": STRING,
            "family": family,
        },
        "It may pass or not; what is listed under `connections` for the same pair passes in any case.",
        optional=("family",),
    )
    pairs = _object(
        {
            "form": {"const": "pairs"},
            **common,
            "endpoints": _list(_object({"ref": STRING, "addresses": _list(STRING)})),
            "connections": _list(connection),
            "undecided": _list(undecided),
            **_undecided_counts("pairs"),
        },
        "`--form pairs`, the default.",
    )
    classes = _object(
        {"form": {"const": "classes"}, **common, "tables": _list(_table(), "one a family of addresses")},
        "`--form classes`: the two tables that the pairs follow from.",
    )
    blast = _object(
        {"form": {"const": "hops"}, **base, **_undecided_counts("pairs"), **hops}, "`--hops`: the blast radius."
    )
    definitions |= {"pairs": pairs, "classes": classes, "blast": blast, **own}
    return {
        "description": "What `netwright reach -o json` writes.",
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in ("pairs", "classes", "blast")],
        "$defs": definitions,
    }


def _table() -> Schema:
    numbers = _list(NUMBER)
    rows = _list(
        _list({"type": "array", "items": NUMBER, "minItems": 2, "maxItems": 3}),
        "by class, rows of [number in `ports`, number in `sets` of who surely may, and, if others may, of all who may]",
    )
    relation = _list(
        {"type": "array", "prefixItems": [NUMBER, SET], "minItems": 2, "maxItems": 2}, "[endpoint, set of endpoints]"
    )
    return _object(
        {
            "family": {"enum": [4, 6]},
            "positions": {"description": "how many there are", **NUMBER},
            "endpoints": _list(STRING, "references"),
            "position": {"description": "of each endpoint", **numbers},
            "outside": {"description": "endpoints that are outside the cluster", **numbers},
            "addresses": {"type": "object", "additionalProperties": _list(STRING)},
            "egress_class": {"description": "of each position", **numbers},
            "ingress_class": {"description": "of each position", **numbers},
            "egress": rows,
            "ingress": rows,
            "asked": PORTS,
            "ports": _list(PORTS),
            "sets": _list(SET),
            "relations": _object(
                dict.fromkeys(("self", "own node", "perhaps own node"), relation),
                "What holds beside policy: `self` is no connection, `own node` passes whatever policies say.",
                optional=("self", "own node", "perhaps own node"),
            ),
            "own_nodes": {
                "description": "[endpoint, position] of each node: where it stands to its own pods. Absent where "
                "whatever is between a node and its pods passes",
                "type": "array",
                "items": {"type": "array", "prefixItems": [NUMBER, NUMBER], "minItems": 2, "maxItems": 2},
            },
        },
        optional=("own_nodes",),
    )


def _show() -> Schema:
    base, definitions = _base("show")
    _, rows = _components(*ROWS.values())
    shared = {
        **base,
        **_undecided_counts("rows"),
        "notes": _list(STRING),
    }
    nouns = {}
    for noun, row in ROWS.items():
        rows_of = _list({"$ref": f"#/$defs/{row.__name__}"})
        counts = _object(dict.fromkeys(COUNTS[noun], NUMBER))
        nouns[noun] = _object({"noun": {"const": noun}, "rows": rows_of, "counts": counts, **shared})
    definitions |= {**rows, **nouns}
    return {
        "description": "What `netwright show NOUN -o json` writes.",
        "oneOf": [{"$ref": f"#/$defs/{noun}"} for noun in nouns],
        "$defs": definitions,
    }
