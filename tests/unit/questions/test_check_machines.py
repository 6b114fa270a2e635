"""What `check` and `show` say of virtual machines: interfaces are no policies."""

from __future__ import annotations

from pathlib import Path

import pytest

import netwright as nw
from netwright.questions.show import show

MACHINE = """\
apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata: {name: db, namespace: shop}
spec:
  runStrategy: Always
  template:
    metadata: {labels: {app: db}}
    spec:
      domain: {devices: {interfaces: [{name: default, INTERFACE}]}}
      networks: [{name: default, NETWORK}]
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec: {selector: {app: db}, ports: [{port: 22}]}
"""


def loaded(folder: Path, interface: str, network: str = "pod: {}") -> nw.Twin:
    text = MACHINE.replace("INTERFACE", interface).replace("NETWORK", network)
    Path(folder, "machine.yaml").write_text(text, encoding="utf-8")
    return nw.load(str(folder))


@pytest.mark.parametrize("interface", ["masquerade: {}", "masquerade: {}, ports: [{port: 5432}]"])
def test_a_machine_without_a_policy_is_open_whatever_its_interface_forwards(tmp_path: Path, interface: str) -> None:
    twin = loaded(tmp_path, interface)
    assert "NW3003" in {f.code for f in twin.check().findings}
    (row,) = show(twin, "workloads").rows
    assert (row.ref, row.isolated_in, row.isolated_out, row.policies) == ("vm/shop/db", "no", "no", ())


@pytest.mark.parametrize(
    ("interface", "network"),
    [("masquerade: {}, state: down", "pod: {}"), ("bridge: {}", "multus: {networkName: lan}")],
)
def test_a_machine_that_is_cut_off_is_not_said_to_be_open(tmp_path: Path, interface: str, network: str) -> None:
    codes = {f.code for f in loaded(tmp_path, interface, network).check().findings}
    assert not codes & {"NW3001", "NW3002", "NW3003"}


def test_a_service_leads_to_a_port_that_an_interface_does_not_list(tmp_path: Path) -> None:
    twin = loaded(tmp_path, "masquerade: {}, ports: [{name: pg, port: 5432}]")
    (found,) = [f for f in twin.check().findings if f.code == "NW4003"]
    assert "pg TCP 5432" in found.label
    assert "vm/shop/db" in found.help
