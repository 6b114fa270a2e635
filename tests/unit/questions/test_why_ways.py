"""Changes that `why` proposes tell the ways in from outside that they open and close, as `diff` of the files does."""

from __future__ import annotations

from pathlib import Path

import netwright as nw
from netwright.questions.why import WhyAnswer

EDGE = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: ctl, namespace: edge}
spec:
  selector: {matchLabels: {app: ctl}}
  template:
    metadata: {labels: {app: ctl, app.kubernetes.io/name: ingress-nginx}}
    spec: {containers: [{name: c, image: example/ctl:1, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: ctl, namespace: edge}
spec: {type: LoadBalancer, selector: {app: ctl}, ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: nginx}
spec: {controller: k8s.io/ingress-nginx}
"""
SHOP = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: example/web:1, ports: [{containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  ingressClassName: nginx
  rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress]}
"""
OPEN = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: open, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
    - from:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: edge}}
          podSelector: {matchLabels: {app: ctl}}
      ports: [{port: 8080}]
"""
WAY = ("internet", "svc/shop/web", "TCP 80 via Ingress any host/")


def asked(folder: Path, **files: str) -> WhyAnswer:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return nw.load(str(folder)).why("edge/ctl", "shop/web:8080")


def test_a_change_that_opens_a_way_in_says_so(tmp_path: Path) -> None:
    (new,) = asked(tmp_path, edge=EDGE, shop=SHOP).changes
    assert "accepts TCP 8080 from app=ctl of namespace edge" in new.edits[0]
    assert [(c.source, c.destination, c.ports) for c in new.opens] == [WAY]
    assert new.size == 1
    after = tmp_path / "after"
    after.mkdir()
    asked(after, edge=EDGE, shop=SHOP, open=OPEN)
    before = nw.load(str(tmp_path / "edge.yaml"), str(tmp_path / "shop.yaml"))
    (way,) = nw.load(str(after)).diff(before).exposed
    assert ("internet", way.service, f"{way.protocol} {way.port} via {way.via} {way.entry}") == WAY


def test_a_change_that_closes_a_way_in_says_so(tmp_path: Path) -> None:
    found = asked(tmp_path, edge=EDGE, shop=SHOP, open=OPEN).changes
    assert found
    assert all(WAY in [(c.source, c.destination, c.ports) for c in change.closes] for change in found)


def test_a_way_in_that_stays_is_not_told(tmp_path: Path) -> None:
    found = asked(tmp_path, edge=EDGE, shop=SHOP.replace("kind: Ingress\n", "kind: Ingress2\n")).changes
    assert [change.opens for change in found] == [()]
