"""Every scenario through the product: its files in a folder, read, compiled, asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import netwright as nw
from tests.scenarios.reading import Row, Scenario, scenarios

ALL = scenarios()


def query(row: Row) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "from": row.source,
        "to": row.target,
        "protocol": row.protocol,
        "family": row.packet_family,
        "network": row.network,
    }
    if row.port is not None:
        asked["port"] = row.port
    else:
        asked["icmp"] = {"type": row.packet_port >> 8, "code": row.packet_port & 0xFF}
    return asked


@pytest.mark.parametrize("scenario", ALL, ids=[one.name for one in ALL])
def test_the_product_gives_the_verdicts_derived_by_hand(scenario: Scenario, tmp_path: Path) -> None:
    scenario.write(tmp_path)
    twins: dict[tuple[object, ...], nw.Twin] = {}
    wrong = []
    for row in scenario.rows:
        twin = twins.get((row.pod_ranges, row.cni))
        if twin is None:
            twin = nw.load(str(tmp_path), pod_cidr=row.pod_ranges, cni=row.cni)
            twins[(row.pod_ranges, row.cni)] = twin
        answer = twin.eval([query(row)])[0]
        found = "some" if answer.groups == "some" and answer.verdict == "allow" else answer.verdict
        if found != row.verdict:
            wrong.append(
                f"{scenario.path.name}:{row.line}: {row.text}{row.under}: {found} ({answer.note}), not {row.verdict}"
            )
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.parametrize("scenario", ALL, ids=[one.name for one in ALL])
def test_what_the_api_server_refuses_is_reported(scenario: Scenario, tmp_path: Path) -> None:
    scenario.write(tmp_path)
    twin = nw.load(str(tmp_path))
    refused = {one.name for one in scenario.manifests if one.invalid}
    told = {Path(d.file).name for d in twin.diagnostics if d.severity == "error"}
    assert told == refused
    assert twin.accounting.invalid + twin.accounting.unreadable == sum(
        len(one.text.split("\n---")) for one in scenario.manifests if one.invalid
    )
    assert twin.accounting.evaluated >= len(scenario.decoded())
