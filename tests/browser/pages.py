"""Pages to open: the example, a change of it, hostile texts, many nodes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from netwright.cli.main import run

SHOP = Path("examples/shop")
HOSTILE = (
    "</script><img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>\u202e\x1b[31m'`"
)


def written(to: Path, verb: str, *sources: Path | str) -> Path:
    """The page that a command writes."""
    assert run([verb, *map(str, sources), "-o", "html", "--out", str(to), "--force", "-q"]) in (0, 1, 3, 4)
    return to


def shop_changed(folder: Path) -> Path:
    """The example with a selector widened, a Service exposed and a policy added."""
    for file in SHOP.rglob("*.yaml"):
        to = folder / file.relative_to(SHOP)
        to.parent.mkdir(parents=True, exist_ok=True)
        text = file.read_text(encoding="utf-8")
        text = text.replace("              tier: frontend\n", "", 1) if file.name == "db.yaml" else text
        text = text.replace("type: NodePort", "type: LoadBalancer") if file.name == "orders.yaml" else text
        to.write_text(text, encoding="utf-8")
    (folder / "legacy/deny.yaml").write_text(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny, namespace: legacy}\n"
        "spec: {podSelector: {matchLabels: {app: mailer}}, policyTypes: [Ingress]}\n"
    )
    return folder


def pods(spaces: int, each: int) -> str:
    """Manifests of so many namespaces with so many pods each, a policy in every namespace."""
    made = []
    for s in range(spaces):
        made.append(f"{{apiVersion: v1, kind: Namespace, metadata: {{name: ns-{s:03}}}}}")
        made.append(
            f"{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: in, namespace: ns-{s:03}}},"
            " spec: {podSelector: {}, ingress: [{from: [{podSelector: {}}], ports: [{port: 80}]}]}}"
        )
        made += [
            f"{{apiVersion: v1, kind: Pod, metadata: {{name: pod-{p:03}, namespace: ns-{s:03}}},"
            " spec: {containers: [{name: c, image: x, ports: [{containerPort: 80}]}]}}"
            for p in range(each)
        ]
    return "\n---\n".join(made) + "\n"


KEPT = {"word", "mode", "by", "protocol", "verdict", "action", "from", "to", "sets"}
"""Keys whose values the script compares; none of them holds a name."""


def poisoned(value: Any, key: str = "") -> Any:
    """The data of a page with hostile text in every name, file, line and reason of it."""
    if isinstance(value, dict):
        return {k: poisoned(v, k) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        if key == "ends":
            return [[f"{ref}{HOSTILE}", f"{ns}{HOSTILE}" if ns else "", kind] for ref, ns, kind in value]
        if key in ("connected", "open", "relations") or key in KEPT:
            return value
        if key == "ports":
            return [[f"{text}{HOSTILE}", protocol, port] for text, protocol, port in value]
        return [poisoned(v, key) for v in value]
    if isinstance(value, str) and key not in KEPT:
        return value + HOSTILE
    return value
