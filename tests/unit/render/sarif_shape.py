"""What SARIF 2.1.0 (OASIS) and GitHub ask of a log, as far as netwright writes it.

`SHAPE` describes every object that is written, with the section of the standard; a property that is not described here
is a fault. `wrong` adds what a schema cannot say: what refers to what, and what GitHub's upload refuses. It stands
here because the standard's own schema comes in no package that could be pinned.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from tests.docs.json_schema import faults

TEXT: Final = {"type": "string", "pattern": r"\S"}
URI: Final = {"type": "string", "pattern": r"^[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+$"}  # RFC 3986: no other characters
COUNT: Final = {"type": "integer", "minimum": 0}
ONE: Final = {"type": "integer", "minimum": 1}
LEVEL: Final = {"enum": ["none", "note", "warning", "error"]}


def thing(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties}


def listed(item: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": item, **more}


MESSAGE: Final = thing(["text"], text=TEXT)  # 3.11
MULTIFORMAT: Final = thing(["text"], text=TEXT, markdown=TEXT)  # 3.12
ARTIFACT: Final = thing(["uri"], uri=URI, uriBaseId=TEXT)  # 3.4
REGION: Final = thing(["startLine"], startLine=ONE, startColumn=ONE)  # 3.30
PHYSICAL: Final = thing(["artifactLocation", "region"], artifactLocation=ARTIFACT, region=REGION)  # 3.29
LOGICAL: Final = thing(["fullyQualifiedName"], kind=TEXT, name=TEXT, fullyQualifiedName=TEXT)  # 3.33
LOCATION: Final = thing(  # 3.28
    ["physicalLocation"],
    id=COUNT,
    physicalLocation=PHYSICAL,
    logicalLocations=listed(LOGICAL, uniqueItems=True),
    message=MESSAGE,
)
RESULT: Final = thing(  # 3.27
    ["ruleId", "message", "locations", "partialFingerprints"],
    ruleId=TEXT,
    ruleIndex=COUNT,
    level=LEVEL,
    message=MESSAGE,
    locations=listed(LOCATION, minItems=1, maxItems=1),
    relatedLocations=listed(LOCATION, uniqueItems=True),
    baselineState={"enum": ["new", "unchanged", "updated", "absent"]},
    partialFingerprints={"type": "object", "additionalProperties": TEXT},
    properties=thing([], owner=TEXT),
)
RULE: Final = thing(  # 3.49
    ["id", "shortDescription", "fullDescription", "help", "defaultConfiguration", "properties"],
    id=TEXT,
    shortDescription=MULTIFORMAT,
    fullDescription=MULTIFORMAT,
    help=MULTIFORMAT,
    defaultConfiguration=thing(["level"], level=LEVEL),  # 3.50
    properties={
        "type": "object",
        "required": ["precision", "problem.severity", "tags"],
        "properties": {
            "precision": {"enum": ["very-high", "high", "medium", "low"]},
            "problem.severity": {"enum": ["error", "warning", "recommendation"]},
            "tags": listed(TEXT, uniqueItems=True, maxItems=10),
        },
    },
)
VERSION: Final = {"type": "string", "pattern": r"^\d+\.\d+\.\d+"}
DRIVER: Final = thing(  # 3.19
    ["name"], name=TEXT, version=TEXT, semanticVersion=VERSION, rules=listed(RULE, uniqueItems=True)
)
NOTIFICATION: Final = thing(["message"], level=LEVEL, message=MESSAGE)  # 3.58
INVOCATION: Final = thing(  # 3.20
    ["executionSuccessful"],
    executionSuccessful={"type": "boolean"},
    exitCode={"type": "integer"},
    exitCodeDescription=TEXT,
    toolExecutionNotifications=listed(NOTIFICATION),
)
BASES: Final = {"type": "object", "additionalProperties": thing([], description=MESSAGE)}  # 3.14.14
RUN: Final = thing(  # 3.14
    ["tool", "results"],
    tool=thing(["driver"], driver=DRIVER),
    invocations=listed(INVOCATION, minItems=1),
    originalUriBaseIds=BASES,
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    results=listed(RESULT),
    properties=thing(
        ["findings", "cut"], findings=COUNT, cut=COUNT, accepted=COUNT, profile=TEXT, assumptions=listed(TEXT)
    ),
)
SHAPE: Final = {  # 3.13
    "type": "object",
    "required": ["$schema", "version", "runs"],
    "properties": {
        "$schema": URI,
        "version": {"const": "2.1.0"},
        "runs": listed(RUN, minItems=1, maxItems=1),
    },
}
MOST_RESULTS: Final = 25_000
LINK: Final = re.compile(r"\[(?:[^\[\]\\]|\\.)+\]\(([^)]*)\)")


def wrong(log: dict[str, Any]) -> Iterator[str]:
    """What is wrong with the log; nothing where it is valid and GitHub takes it."""
    found = list(faults(log, SHAPE))
    yield from found
    if found:
        return
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    if len(set(rules)) < len(rules):
        yield "two rules have one id"
    if set(rules) != {r["ruleId"] for r in run["results"]}:
        yield "the rules are not those that occur"
    if len(run["results"]) > MOST_RESULTS:
        yield "more results than GitHub takes"
    if 0 < sum("baselineState" in r for r in run["results"]) < len(run["results"]):
        yield "some results have a state and some have none"  # 3.27.24
    for at, result in enumerate(run["results"]):
        if rules[result["ruleIndex"]] != result["ruleId"]:
            yield f"result {at}: its index is of another rule"
        related = [place.get("id") for place in result.get("relatedLocations", [])]
        if None in related or len(set(related)) < len(related):
            yield f"result {at}: related locations without an id of their own"
        linked = LINK.findall(result["message"]["text"])
        if linked != [str(i) for i in related]:
            yield f"result {at}: the message links {linked}, there are {related}"
        if re.search(r"(?<!\{)\{\d+\}", result["message"]["text"]):
            yield f"result {at}: a placeholder without an argument"
        for place in (*result["locations"], *result.get("relatedLocations", [])):
            yield from _wrong_artifact(place["physicalLocation"]["artifactLocation"], run["originalUriBaseIds"], at)


def _wrong_artifact(artifact: dict[str, str], bases: dict[str, Any], at: int) -> Iterator[str]:
    uri, base = artifact["uri"], artifact.get("uriBaseId")
    if re.search(r"%(?![0-9A-F]{2})", uri):
        yield f"result {at}: `{uri}` is not percent-encoded"
    if base is not None:
        if base not in bases:
            yield f"result {at}: `{base}` is not declared"
        if uri.startswith("/") or ".." in uri.split("/") or ":" in uri.split("/", 1)[0]:
            yield f"result {at}: `{uri}` is not relative to the root"
    elif ":" in uri and not uri.startswith("file:///"):
        yield f"result {at}: `{uri}` has a scheme that GitHub refuses"
