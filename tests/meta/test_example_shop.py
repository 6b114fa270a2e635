"""What `examples/shop/README.md` says of its cluster is so; the verdicts were derived by hand from the manifests."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.scenarios.by_spec import OURS, wrong_rows
from tests.scenarios.reading import read

INTENDED = """
203.0.113.9               shop/web:8080               TCP  deny
ingress-nginx/controller  svc/shop/web:80             TCP  allow
legacy/orders             svc/shop/web:80             TCP  deny
shop/web                  svc/shop/api:80             TCP  allow
shop/web                  shop/api:9102               TCP  deny
shop/web                  svc/payments/gateway:443    TCP  deny
shop/api                  svc/payments/gateway:443    TCP  allow
shop/api                  shop/cart:6379              TCP  allow
shop/api                  svc/kube-system/kube-dns:53 UDP  allow
shop/cart                 shop/db:5432                TCP  deny
shop/cart                 svc/kube-system/kube-dns:53 TCP  allow
shop/db                   shop/db:5432                TCP  allow
payments/gateway          svc/payments/ledger:9090    TCP  allow
payments/gateway          payments/ledger:9102        TCP  deny
payments/gateway          192.0.2.200:443             TCP  allow
payments/gateway          192.0.2.200:80              TCP  deny
payments/gateway          169.254.169.254:443         TCP  deny
payments/gateway          10.20.0.11:443              TCP  deny
payments/gateway          legacy/orders:443           TCP  deny
payments/ledger           192.0.2.200:443             TCP  deny
monitoring/prometheus     shop/api:9102               TCP  allow
monitoring/prometheus     monitoring/node-exporter:9100 TCP allow
# A pod reaches its own node whatever policies say, and where the pods run is not in the manifests.
shop/web                  monitoring/node-exporter:9100 TCP undecided
"""
MISTAKES = {
    "a label that nearly matches": """
shop/web                  shop/db:5432                TCP  deny
shop/api                  shop/db:5432                TCP  allow
""",
    "a policy in the wrong namespace": """
monitoring/prometheus     payments/ledger:9102        TCP  deny
""",
    "a namespace without any policy": """
203.0.113.9               legacy/orders:8080          TCP  allow
monitoring/prometheus     legacy/orders:8080          TCP  allow
ingress-nginx/controller  legacy/mailer:25            TCP  allow
node/node-1               legacy/toolbox:22           TCP  allow
legacy/toolbox            monitoring/prometheus:9090  TCP  allow
legacy/toolbox            192.0.2.200:25              TCP  allow
shop/web                  legacy/mailer:25            TCP  deny
""",
}
CORRECTIONS = {
    "a label that nearly matches": (
        ("tier: frontend", "tier: front-end"),
        "shop/web shop/db:5432 TCP allow",
    ),
    "a policy in the wrong namespace": (
        ("name: ledger-metrics\n  namespace: monitoring", "name: ledger-metrics\n  namespace: payments"),
        "monitoring/prometheus payments/ledger:9102 TCP allow",
    ),
}


@pytest.fixture
def manifests(root: Path) -> str:
    files = sorted((root / "examples" / "shop").rglob("*.yaml"))
    assert len(files) > 12
    texts = [text for file in files for text in file.read_text(encoding="utf-8").split("\n---\n")]
    # The plain reader of the scenarios knows only the kinds that the reference evaluators use.
    return "\n---\n".join(text for text in texts if "kind: IngressClass" not in text)


def wrong(tmp_path: Path, manifests: str, verdicts: str) -> list[str]:
    file = tmp_path / "shop.md"
    file.write_text(
        f"# shop\n\n```yaml file=shop.yaml\n{manifests}```\n\n```verdicts\n{verdicts}```\n", encoding="utf-8"
    )
    scenario = read(file)
    return wrong_rows(OURS, scenario, scenario.decoded())


def test_what_the_teams_intended_holds(manifests: str, tmp_path: Path) -> None:
    assert wrong(tmp_path, manifests, INTENDED) == []


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_there(manifests: str, tmp_path: Path, root: Path, mistake: str) -> None:
    assert mistake in (root / "examples" / "shop" / "README.md").read_text(encoding="utf-8").lower()
    assert wrong(tmp_path, manifests, MISTAKES[mistake]) == []


@pytest.mark.parametrize("mistake", CORRECTIONS)
def test_correcting_a_mistake_changes_the_answer(manifests: str, tmp_path: Path, mistake: str) -> None:
    (old, new), verdict = CORRECTIONS[mistake]
    assert manifests.count(old) == 1
    assert wrong(tmp_path, manifests, verdict + "\n") != []
    assert wrong(tmp_path, manifests.replace(old, new), verdict + "\n") == []


def test_the_readme_names_every_workload(manifests: str, root: Path) -> None:
    text = (root / "examples" / "shop" / "README.md").read_text(encoding="utf-8")
    kinds = {"Deployment", "StatefulSet", "DaemonSet", "CronJob", "Pod"}
    names = [one["metadata"]["name"] for one in yaml.safe_load_all(manifests) if one and one["kind"] in kinds]
    assert len(names) >= 12
    assert [name for name in names if f"`{name}`" not in text and name != "controller"] == []
