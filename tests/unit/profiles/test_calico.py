"""The profile `calico`: how it is found and set up, and what the faces say under it."""

from __future__ import annotations

from pathlib import Path

import pytest

import netwright as nw
from netwright.profiles.known import profile_of

PODS = """\
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 192.0.2.1}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {nodeName: n1, containers: [{name: c, image: c}]}
status: {podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {nodeName: n1, containers: [{name: c, image: c, ports: [{name: sql, containerPort: 5432}]}]}
status: {podIP: 10.0.0.2}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec: {selector: {app: db}, ports: [{port: 80, targetPort: sql}]}
---
"""
OUT = """\
apiVersion: %s
kind: NetworkPolicy
metadata: {name: out, namespace: shop}
spec:
  selector: app == 'web'
  types: [Egress]
  egress:
    - {action: Allow, destination: {services: {name: db}}}
"""
V3 = "projectcalico.org/v3"


def twin(folder: Path, *parts: str, cni: str = "") -> nw.Twin:
    (folder / "all.yaml").write_text(PODS + "---\n".join(parts))
    return nw.load(str(folder), cni=cni)


@pytest.mark.parametrize("version", [V3, "crd.projectcalico.org/v1"])
def test_its_kinds_tell_it(tmp_path: Path, version: str) -> None:
    assert twin(tmp_path, OUT % version).cluster.profile == "calico"


def test_both_judges_know_who_is_behind_a_service(tmp_path: Path) -> None:
    """`why` asks the reference evaluator with as few objects as it can: the ends are among them."""
    made = twin(tmp_path, OUT % V3)
    assert made.why("shop/web", "svc/shop/db:80").verdict == "allow"
    assert made.why("shop/web", "shop/db:80").verdict == "deny"
    assert made.why("shop/web", "203.0.113.9:5432").verdict == "deny"


def test_under_another_profile_its_policies_leave_open_what_they_could_decide(tmp_path: Path) -> None:
    answer = twin(tmp_path, OUT % V3, cni="upstream").why("shop/web", "shop/db:5432")
    assert answer.verdict == "undecided"
    assert answer.reasons[0].reason == (
        "NetworkPolicy.projectcalico.org `shop/out` is no policy of the profile `upstream`"
    )


@pytest.mark.parametrize(
    ("cni", "felix", "verdict"),
    [
        ("calico", "", "deny"),
        ("calico", "Accept", "allow"),
        ("calico", "RETURN", "undecided"),
        ("calico:default-endpoint-to-host-action=Drop", "Accept", "deny"),
        ("calico:default-endpoint-to-host-action=accept", "", "allow"),
    ],
)
def test_what_becomes_of_packets_to_the_own_node(tmp_path: Path, cni: str, felix: str, verdict: str) -> None:
    more = (
        f"apiVersion: {V3}\nkind: FelixConfiguration\nmetadata: {{name: default}}\n"
        f"spec: {{defaultEndpointToHostAction: {felix}}}\n"
    )
    made = twin(tmp_path, *([more] if felix else []), cni=cni)
    assert made.why("shop/web", "node/n1:80").verdict == verdict
    assert made.why("node/n1", "shop/web:80").verdict == "allow"


def test_an_option_that_is_not_read_is_an_error() -> None:
    for name in ("calico:mode=fast", "calico:default-endpoint-to-host-action=Reject", "calico:mode"):
        with pytest.raises(ValueError, match=r"option|Drop"):
            profile_of(name)
    assert profile_of("calico:default-endpoint-to-host-action=Return").host_action == "Return"


def test_staged_policies_are_said_to_have_no_effect(tmp_path: Path) -> None:
    staged = (
        f"apiVersion: {V3}\nkind: StagedNetworkPolicy\nmetadata: {{name: watched, namespace: shop}}\n"
        "spec: {selector: all(), types: [Ingress, Egress]}\n"
    )
    made = twin(tmp_path, staged)
    assert made.why("shop/web", "shop/db:5432").verdict == "allow"
    assert any(text.startswith("StagedNetworkPolicy has no effect") for text in made.cluster.assumptions)


def test_a_host_endpoint_leaves_its_node_open(tmp_path: Path) -> None:
    endpoint = f"apiVersion: {V3}\nkind: HostEndpoint\nmetadata: {{name: n1}}\nspec: {{node: n1, interfaceName: '*'}}\n"
    made = twin(tmp_path, endpoint)
    assert made.why("203.0.113.9", "node/n1:22").verdict == "undecided"
    assert made.why("203.0.113.9", "shop/web:80").verdict == "allow"
    forwarded = (
        f"apiVersion: {V3}\nkind: GlobalNetworkPolicy\nmetadata: {{name: f}}\n"
        "spec: {selector: role == 'host', applyOnForward: true, types: [Ingress]}\n"
    )
    made = twin(tmp_path, endpoint, forwarded)
    assert made.why("203.0.113.9", "shop/web:80").verdict == "undecided"
    assert made.why("shop/web", "shop/db:80").verdict == "allow"


def test_a_policy_without_rules_is_shown_to_admit_nothing(tmp_path: Path) -> None:
    policy = (
        f"apiVersion: {V3}\nkind: GlobalNetworkPolicy\nmetadata: {{name: deny}}\n"
        "spec: {namespaceSelector: all(), types: [Ingress, Egress]}\n"
    )
    made = twin(tmp_path, policy)
    (row,) = made.show("policies").rows
    assert (row.kind, row.directions, row.rules_in, row.rules_out, row.selects) == (
        "GlobalNetworkPolicy",
        ("in", "out"),
        0,
        0,
        2,
    )
    (isolation,) = made.show("isolation").rows
    assert (isolation.both, isolation.percent) == (2, 100)
