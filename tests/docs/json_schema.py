"""A validator for the part of JSON Schema that docs/schemas uses. A keyword that it does not know is an error.

It is stricter than the standard: a property that the schema does not describe is a fault, so that nothing is written
that is not documented.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

IGNORED = {"$schema", "$id", "$defs", "description", "title", "default"}
TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def faults(
    value: Any, schema: Mapping[str, Any], root: Mapping[str, Any] | None = None, at: str = "$"
) -> Iterator[str]:
    """What is wrong with the value, each with its path; nothing where it is valid."""
    root = schema if root is None else root
    for keyword, wanted in schema.items():
        if keyword in IGNORED:
            continue
        if keyword == "$ref":
            yield from faults(value, root["$defs"][wanted.removeprefix("#/$defs/")], root, at)
        elif keyword == "type":
            if not isinstance(value, TYPES[wanted]) or (isinstance(value, bool) and wanted in ("integer", "number")):
                yield f"{at}: {value!r} is no {wanted}"
        elif keyword == "const":
            if value != wanted:
                yield f"{at}: {value!r} is not {wanted!r}"
        elif keyword == "enum":
            if value not in wanted:
                yield f"{at}: {value!r} is none of {wanted}"
        elif keyword in ("anyOf", "oneOf"):
            tried = [list(faults(value, one, root, at)) for one in wanted]
            fitting = sum(not found for found in tried)
            if not fitting or (keyword == "oneOf" and fitting > 1):
                yield f"{at}: fits {fitting} of {len(wanted)}: {min(tried, key=len)[:3]}"
        elif keyword == "required":
            yield from (f"{at}: has no `{name}`" for name in wanted if isinstance(value, dict) and name not in value)
        elif keyword == "properties":
            if isinstance(value, dict):
                for name, found in value.items():
                    inner = wanted.get(name, schema.get("additionalProperties"))
                    if inner is None:
                        yield f"{at}: `{name}` is not described"
                    else:
                        yield from faults(found, inner, root, f"{at}.{name}")
        elif keyword == "additionalProperties":
            if "properties" not in schema and isinstance(value, dict):
                for name, found in value.items():
                    yield from faults(found, wanted, root, f"{at}.{name}")
        elif keyword == "prefixItems":
            if isinstance(value, list):
                for i, (found, inner) in enumerate(zip(value, wanted, strict=False)):
                    yield from faults(found, inner, root, f"{at}[{i}]")
        elif keyword == "items":
            if isinstance(value, list):
                for i, found in enumerate(value):
                    yield from faults(found, wanted, root, f"{at}[{i}]")
        elif keyword in ("minItems", "maxItems"):
            if isinstance(value, list) and (len(value) < wanted if keyword == "minItems" else len(value) > wanted):
                yield f"{at}: {len(value)} items"
        elif keyword == "uniqueItems":
            if isinstance(value, list) and any(v in value[:i] for i, v in enumerate(value)):
                yield f"{at}: an item stands twice"
        elif keyword == "minimum":
            if isinstance(value, int) and value < wanted:
                yield f"{at}: {value} is less than {wanted}"
        elif keyword == "pattern":
            if isinstance(value, str) and not re.search(wanted, value):
                yield f"{at}: {value!r} is not of the form {wanted!r}"
        else:
            raise ValueError(f"the schema has `{keyword}` at {at}, which this validator does not know")
