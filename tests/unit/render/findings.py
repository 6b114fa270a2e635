"""Findings made by hand, and names that no face may obey."""

from __future__ import annotations

from typing import Any, Final

from netwright.model.account import Accounting, Provenance
from netwright.model.finding import Finding, Mark
from netwright.model.finding_codes import finding_codes
from netwright.questions.check import Checked
from netwright.questions.check.intents import IntentAnswer, Witness
from netwright.render.repository import Repository

HERE: Final = Repository(root="/repo", here="/repo/deploy")
BROKEN: Final = "kind: NetworkPolicy\nmetadata: {namespace: ops, name: {half\n"
DEAD: Final = next(code.fails for code in finding_codes() if code.code == "NW2201")
HOSTILE: Final = (
    "@octocat/team",
    "a`b",
    "``` @octocat",
    "|x|",
    "</details><script>alert(1)</script>",
    "<!-- x",
    "--> y",
    "[x](https://evil.example)",
    "![x](https://evil.example/p.png)",
    "https://evil.example @octocat",
    "octo/repo#1 #2",
    "x\n::error::y",
    "::stop-commands::x",
    "100%0A,a:b",
    "a\x00\x1b[31m\x0b\ufffe\ud800b",
    "]]>&amp;\"'",
    "=cmd()",
    "\u202egnp",
)


def finding(**more: Any) -> Finding:
    given: dict[str, Any] = {
        "code": "NW2201",
        "severity": "error",
        "title": "ingress rules of `shop/web` do nothing",
        "kind": "NetworkPolicy",
        "namespace": "shop",
        "name": "web",
        "path": "spec.ingress",
        "file": "web.yaml",
        "line": 8,
        "column": 5,
        "fingerprint": "0" * 32,
    }
    return Finding(**(given | more))


def hostile(name: str) -> Finding:
    """A finding whose every word holds the name."""
    return finding(
        title=f"no pod has `{name}`",
        namespace=name,
        name=name,
        file=f"{name}.yaml",
        effect=f"nothing is admitted to `{name}`",
        help=f"mend {name}",
        owner=name,
    )


def checked(*found: Finding, **more: Any) -> Checked:
    counts = {s: sum(f.severity == s and f.state == "new" for f in found) for s in ("error", "warning", "info")}
    states = {s: sum(f.state == s for f in found) for s in ("new", "known", "accepted")}
    given: dict[str, Any] = {"isolation": (), "counts": counts, "states": states}
    return Checked(findings=tuple(found), **(given | more))


def intent(verdict: str, **more: Any) -> IntentAnswer:
    rule = Mark(kind="NetworkPolicy", namespace="shop", name="db", path="spec", label="rule 0", file="db.yaml", line=7)
    witness = Witness(
        source="deploy/shop/web",
        destination="sts/shop/db",
        ports="TCP 5432",
        family=4,
        rules=(rule,),
        why="netwright why shop/web shop/db:5432",
    )
    given: dict[str, Any] = {
        "name": "the shop's database is private",
        "verb": "deny",
        "verdict": verdict,
        "severity": "error",
        "reason": "the audit of spring",
        "told": "`deploy/shop/web` may connect to `sts/shop/db`",
        "witness": witness,
        "file": "intents.yaml",
        "line": 3,
    }
    return IntentAnswer(**(given | more))


def provenance() -> Provenance:
    return Provenance(version="1.2.3", inputs=(), documents=Accounting(), profile="upstream", assumptions=())
