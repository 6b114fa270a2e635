"""What the twin tells about the objects it has read."""

from __future__ import annotations

from pathlib import Path

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
