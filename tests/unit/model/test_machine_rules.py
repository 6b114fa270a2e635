"""Every rule about machines and networks has a code, a refusal, or a reason; the table holds what it says."""

from __future__ import annotations

from io import BytesIO

import pytest

import netwright as nw
from netwright.model.finding_codes import finding_codes
from netwright.model.machine_rules import MachineRule, Refused, machine_rules
from netwright.model.version_gates import VERSION_GATES, VersionGate

HOW_MANY = {"A": 23, "B": 26, "C": 10, "E": 7, "F": 9}
"""The numbers of the rules of each family: a rule that is taken out leaves a hole that is seen."""
OF_MACHINES = ("NW60", "NW61", "NW62", "NW63", "NW64")
BESIDE_THE_RULES = {
    "NW6114": "a name that is not there is a slip, and no rule of a document",
    "NW6115": "a selector that selects nothing is a slip, and no rule of a document",
    "NW6124": "what a migration tool writes for two interfaces of one port group: no rule of a machine's own",
    "NW6307": "a VLAN that a bridge keeps out: what nmstate writes against what the attachment says",
    "NW6311": "bonds and bridges: a rule of the kernel's, told since switches then see machines move",
}
REFUSED = [(rule.rule, one) for rule in machine_rules() for one in rule.refused]


def test_every_rule_is_there_once() -> None:
    assert [r.rule for r in machine_rules()] == [f"{f}{n}" for f, most in HOW_MANY.items() for n in range(1, most + 1)]


@pytest.mark.parametrize("rule", machine_rules(), ids=lambda rule: rule.rule)
def test_a_rule_is_told_or_says_why_not(rule: MachineRule) -> None:
    assert rule.codes or rule.refused or rule.otherwise
    assert rule.source
    assert not rule.says.endswith(".")
    assert set(rule.codes) <= {code.code for code in finding_codes()}
    assert set(rule.gates) <= {gate.predicate for gate in VERSION_GATES}


@pytest.mark.parametrize("gate", VERSION_GATES, ids=lambda gate: gate.predicate)
def test_every_version_gate_is_of_a_rule(gate: VersionGate) -> None:
    assert any(gate.predicate in rule.gates for rule in machine_rules())


def test_every_code_of_machines_tells_a_rule() -> None:
    told = {code for rule in machine_rules() for code in rule.codes}
    codes = {code.code for code in finding_codes() if code.code.startswith(OF_MACHINES)}
    assert codes - told == set(BESIDE_THE_RULES)


@pytest.mark.parametrize(("name", "refused"), REFUSED, ids=[name for name, _ in REFUSED])
def test_what_the_api_refuses_is_said_with_the_words_of_the_rule(name: str, refused: Refused) -> None:
    twin = nw.load("-", stdin=BytesIO(refused.manifest.encode()))
    (told,) = [d for d in twin.diagnostics if d.code == "NW1007"]
    assert refused.words in f"{told.title} {told.help}"
    assert told.line
