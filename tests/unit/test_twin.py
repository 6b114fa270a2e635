"""What the twin tells about the objects it has read."""

from __future__ import annotations

from pathlib import Path

import pytest

import netwright as nw

POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {}
  ingress:
    - from:
        - ipBlock:
            cidr: 10.1.2.3/8
"""


def test_a_range_with_host_bits_is_evaluated_and_told(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    twin = nw.load(str(tmp_path))
    [told] = twin.diagnostics
    assert (told.code, told.severity, told.line) == ("NW1015", "warning", 9)
    assert "`10.1.2.3/8`" in told.title
    assert "`10.0.0.0/8`" in told.effect
    assert "`10.1.2.3/32`" in told.help
    assert (twin.accounting.evaluated, twin.accounting.invalid) == (1, 0)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("010.9.9.0/24", "undecided"),
        ("10.9.9.0/024", "undecided"),
        ("::ffff:10.9.9.0/120", "undecided"),
        ("010.9.9.0/33", "allow"),
    ],
)
def test_a_range_that_readers_differ_on_leaves_its_namespace_undecided(tmp_path: Path, text: str, verdict: str) -> None:
    """API servers before Kubernetes 1.36 store it (KEP-4858), and the CNI reads it as decimal, as octal, or not at all.
    What none of them stores changes nothing."""
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {{name: db, namespace: {0}, labels: {{app: db}}}}\n---\n"
    pods = "".join(map(pod.format, ("shop", "bank")))
    (tmp_path / "all.yaml").write_text(pods + POLICY.replace("10.1.2.3/8", text), encoding="utf-8")
    twin = nw.load(str(tmp_path))
    ask = {"from": "10.9.9.1", "protocol": "TCP", "port": 80}
    here, elsewhere = twin.eval([ask | {"to": "shop/db"}, ask | {"to": "bank/db"}])
    assert (here.verdict, elsewhere.verdict) == (verdict, "allow")
    assert twin.why("10.9.9.1", "shop/db:80").verdict == verdict
    assert twin.accounting.invalid == 1
    [told] = [d for d in twin.diagnostics if d.code == "NW1007"]
    assert ("answers are undecided" in told.effect) == (verdict == "undecided")


SHOP = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, image: example/web:1}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{port: 80}]}
---
"""


@pytest.mark.parametrize(
    ("of", "namespace", "verdict"),
    [
        ("argoproj.io/v1alpha1 Rollout", "shop", "undecided"),
        ("example.org/v1 Widget", "shop", "undecided"),
        ("argoproj.io/v1alpha1 Rollout", "bank", "deny"),
        ("cert-manager.io/v1 Certificate", "shop", "deny"),
    ],
)
def test_what_is_not_evaluated_may_answer_where_nothing_else_does(
    tmp_path: Path, of: str, namespace: str, verdict: str
) -> None:
    """In its namespace; and a Service that leads to a pod of the input is not in doubt for it."""
    version, kind = of.split()
    other = f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: api, namespace: {namespace}}}\n"
    (tmp_path / "shop.yaml").write_text(SHOP + other, encoding="utf-8")
    twin = nw.load(str(tmp_path))
    ask = {"from": "shop/web", "protocol": "TCP", "port": 80}
    api, web = twin.eval([ask | {"to": "svc/shop/api"}, ask | {"to": "svc/shop/web"}])
    assert (api.verdict, web.verdict) == (verdict, "undecided")
    assert [reason.kind for reason in web.undecided] == ["ambiguous"], "it leads to itself"
    assert ("Rollout" in str(api.undecided) or "Widget" in str(api.undecided)) == (verdict == "undecided")


NODES = """\
apiVersion: v1
kind: Node
metadata: {name: n1}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {nodeName: n1, containers: [{name: c, image: example/web:1}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {podSelector: {}, policyTypes: [Egress]}
---
apiVersion: k8s.cni.cncf.io/v1
kind: NetworkAttachmentDefinition
metadata: {name: lan, namespace: shop}
spec: {config: '{"name": "lan", "type": "%s", "topology": "layer2", "netAttachDefName": "shop/lan"}'%s
"""


@pytest.mark.parametrize(
    ("of", "end", "verdict"),
    [
        ("ovn-k8s-cni-overlay", "}", "deny"),
        ("bridge", "}", "allow"),
        ("ovn-k8s-cni-overlay", "", "undecided"),
        ("bridge", "", "allow"),
    ],
)
def test_an_attachment_that_is_broken_may_tell_the_cni(tmp_path: Path, of: str, end: str, verdict: str) -> None:
    """OVN-Kubernetes holds a pod to its egress policies on the way to its own node, others do not."""
    (tmp_path / "shop.yaml").write_text(NODES % (of, end), encoding="utf-8")
    for cni, expected in (("", verdict), ("upstream", "allow")):
        twin = nw.load(str(tmp_path), cni=cni)
        assert twin.why("shop/web", "node/n1:80", changes=False).verdict == expected


NAMES = """\
apiVersion: v1
kind: Pod
metadata: {generateName: web-, namespace: shop, labels: {app: a}}
spec: {containers: [{name: c, image: example/web:1}]}
---
apiVersion: v1
kind: Pod
metadata: {generateName: web-, namespace: shop, labels: {app: b}}
spec: {containers: [{name: c, image: example/web:1}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {generateName: closed-, namespace: shop}
spec: {podSelector: {matchLabels: {app: a}}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {generateName: closed-, namespace: shop}
spec: {podSelector: {matchLabels: {app: b}}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed, namespace: shop}
spec: {podSelector: {matchLabels: {app: c}}}
"""


def test_objects_whose_names_the_server_makes_up_are_each_their_own(tmp_path: Path) -> None:
    """None stands for another, nor for one that has the name as it stands."""
    (tmp_path / "shop.yaml").write_text(NAMES, encoding="utf-8")
    twin = nw.load(str(tmp_path))
    names = [(d.kind, d.name) for d in twin.snapshot.objects]
    assert names[:2] == [("Pod", "web"), ("Pod", "web-2")]
    assert names[2:] == [("NetworkPolicy", name) for name in ("closed-2", "closed-3", "closed")]
    assert not twin.diagnostics
    for ends in (("shop/web", "shop/web-2"), ("shop/web-2", "shop/web")):
        assert twin.why(ends[0], f"{ends[1]}:80").verdict == "deny"
    again = nw.load(str(tmp_path), like=twin)
    assert [(d.kind, d.name) for d in again.snapshot.objects] == names
