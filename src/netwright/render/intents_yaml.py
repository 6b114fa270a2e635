"""Intents as the file that `check --intents` reads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from netwright.model.configuration import Intent

HEAD = """\
# What holds today, written by `netwright check --write-intents`. Keep what is meant, delete the rest, and say why.
intents:
"""


def intents_yaml(intents: Sequence[Intent]) -> Iterator[str]:
    yield HEAD if intents else "intents: []\n"
    for one in intents:
        yield f"  - name: {_text(one.name)}\n"
        if one.verb == "apart":
            yield f"    apart: {{tenants: {_text(one.tenants)}}}\n"
            continue
        yield f"    {one.verb}:\n      from: {_list(one.sources)}\n      to: {_list(one.destinations)}\n"
        if one.ports:
            yield f"      ports: {_list(one.ports)}\n"


def _list(values: Sequence[str]) -> str:
    return _text(values[0]) if len(values) == 1 else f"[{', '.join(map(_text, values))}]"


def _text(value: str) -> str:
    """In quotes, as JSON has it, which YAML reads: nobody has to know which names YAML takes for something else."""
    return json.dumps(value, ensure_ascii=False)
