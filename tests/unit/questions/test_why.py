"""`why`: the nearest rule and what differs, and changes that flip the verdict, proven again on files that hold them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

import netwright as nw
from netwright.base.errors import InternalError, UsageError
from netwright.questions.why import WhyAnswer
from netwright.questions.why.changes import Change
from netwright.render.narrated import why_narrated
from netwright.render.why_text import why_text
from netwright.render.words import Words

SHOP = Path(__file__).resolve().parents[3] / "examples" / "shop"
PODS = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web, tier: front}}
spec: {containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Pod
metadata: {name: batch, namespace: shop, labels: {app: batch}}
spec: {containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {containers: [{name: c, image: i, ports: [{containerPort: 5432}]}]}
"""
POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress:
    - from: [{namespaceSelector: {matchLabels: {team: far}}, podSelector: {matchLabels: {app: far, tier: far}}}]
      ports: [{port: 9999}]
    - from: [{podSelector: {matchLabels: {app: web}}}]
      ports: [{port: 5432}]
"""


@pytest.fixture(scope="module")
def shop() -> nw.Twin:
    return nw.load(str(SHOP))


def small(tmp_path: Path, policy: str = POLICY) -> nw.Twin:
    (tmp_path / "pods.yaml").write_text(PODS, encoding="utf-8")
    (tmp_path / "policy.yaml").write_text(policy, encoding="utf-8")
    return nw.load(str(tmp_path))


def test_a_label_that_differs(shop: nw.Twin) -> None:
    answer = shop.why("shop/web", "shop/db:5432")
    assert answer.verdict == "deny"
    [part] = answer.parts
    assert (part.egress.verdict, part.ingress.verdict) == ("allow", "deny")
    assert part.ingress.nearest is not None
    near = part.ingress.nearest
    assert (near.rule.namespace, near.rule.name, near.rule.rule) == ("shop", "db", 0)
    assert near.differs == ("it wants tier=frontend, here tier is `front-end`",)
    line = (SHOP / "shop" / "db.yaml").read_text(encoding="utf-8").splitlines()[near.rule.line - 1]
    assert line[near.rule.column - 1 :].startswith(("from:", "- from:"))
    assert near.rule.owner == "@data-team"


def test_an_allow_names_both_directions(shop: nw.Twin) -> None:
    answer = shop.why("shop/api", "shop/db:5432")
    assert answer.verdict == "allow"
    [part] = answer.parts
    assert {r.path for r in part.egress.rules} == {"spec.egress[0]"}
    assert {(r.name, r.path) for r in part.ingress.rules} == {("db", "spec.ingress[0]")}
    assert answer.judged >= 1


def test_the_port_that_differs(tmp_path: Path) -> None:
    [part] = small(tmp_path).why("shop/web", "shop/db:80").parts
    assert part.ingress.nearest is not None
    assert part.ingress.nearest.rule.rule == 1
    assert part.ingress.nearest.differs == ("it admits TCP 5432, not TCP 80",)


def test_not_isolated_is_said(tmp_path: Path) -> None:
    [part] = small(tmp_path).why("shop/web", "shop/db:5432").parts
    assert part.egress.verdict == "not isolated"
    assert part.ingress.verdict == "allow"


def test_without_a_port_those_that_are_served(tmp_path: Path) -> None:
    twin = small(tmp_path)
    answer = twin.why("shop/web", "shop/db")
    assert (answer.ports_asked, answer.verdict) == (("5432",), "allow")
    with pytest.raises(UsageError, match="says which TCP port it serves"):
        twin.why("shop/db", "shop/web")
    with pytest.raises(UsageError, match="has a port, which only the destination has"):
        twin.why("shop/web:80", "shop/db:80")


NAMED = """\
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec:
  containers:
    - {name: c, image: i, ports: [{name: dns, containerPort: 53, protocol: UDP}, {name: pg, containerPort: 5432}]}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec:
  selector: {app: db}
  ports: [{name: u, port: 53, protocol: UDP, targetPort: dns}, {name: t, port: 53, targetPort: dns}]
"""


def test_a_port_that_endpoints_have_for_another_protocol(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(NAMED, encoding="utf-8")
    twin = nw.load(str(tmp_path))
    assert twin.why("192.0.2.1", "shop/db:dns", protocol="UDP").verdict == "allow"
    with pytest.raises(UsageError, match="`pod/shop/db` has no TCP port named `dns`, but one of UDP") as refused:
        twin.why("192.0.2.1", "shop/db:dns")
    assert refused.value.help == "write the number, or one of `pg`"
    (tmp_path / "b.yaml").write_text(NAMED.partition("---")[0].replace("db", "web"), encoding="utf-8")
    answer = nw.load(str(tmp_path)).why("shop/web", "svc/shop/db:53")
    told = "svc/shop/db has no endpoints at its TCP port 53: none of its pods has a TCP port named `dns`"
    assert (answer.verdict, answer.note) == ("deny", told)


def test_icmp(tmp_path: Path) -> None:
    answer = small(tmp_path).why("shop/web", "shop/db", protocol="ICMP")
    assert answer.verdict == "undecided"
    assert [r.kind for r in answer.reasons] == ["ambiguous"]


def test_a_service_is_translated(shop: nw.Twin) -> None:
    answer = shop.why("shop/api", "svc/shop/db:5432")
    assert answer.verdict == "allow"
    assert answer.translation == ("sts/shop/db:5432",)


def test_a_client_behind_the_service_is_named_beside_the_others(tmp_path: Path) -> None:
    pods = "".join(
        f"---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop, labels: {{app: web}}}}\n"
        "spec: {containers: [{name: c, image: x}]}\n"
        for name in ("a", "b")
    )
    service = (
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\n"
        "spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}\n"
    )
    (tmp_path / "a.yaml").write_text(pods + service, encoding="utf-8")
    answer = nw.load(str(tmp_path)).why("shop/a", "svc/shop/web:80")
    assert (answer.verdict, answer.translation) == ("allow", ("pod/shop/b:8080",))
    assert answer.to_itself == ("pod/shop/a:8080",)
    told = "leads to pod/shop/b:8080, and to the client itself"
    assert f"svc/shop/web {told}" in "\n".join(why_text(answer, lambda _: (), Words(width=200), profile="p", last="e"))
    assert f"The Service {told}." in why_narrated(answer, profile="p", last="e")
    (tmp_path / "a.yaml").write_text(pods[: len(pods) // 2] + service, encoding="utf-8")
    alone = nw.load(str(tmp_path)).why("shop/a", "svc/shop/web:80")
    assert (alone.translation, alone.to_itself) == (("pod/shop/a:8080",), ())


def test_a_change_that_flips_each_packet_is_proposed_once(tmp_path: Path) -> None:
    backend = PODS.rpartition("---\n")[2].replace("app: db", "app: db, role: second").replace("name: db", "name: db2")
    service = (
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: db, namespace: shop}\n"
        "spec: {selector: {app: db}, ports: [{port: 5432}]}\n"
    )
    sent = (
        "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: out, namespace: shop}\n"
        "spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{podSelector: {}}]}]}\n"
    )
    taken = sent.replace("out,", "in,").replace("app: web", "role: second").replace("egress: [{to", "ingress: [{from")
    taken = taken.replace("Egress", "Ingress")
    (tmp_path / "a.yaml").write_text(f"{PODS}---\n{backend}{service}{sent}{taken}", encoding="utf-8")
    answer = nw.load(str(tmp_path)).why("shop/web", "svc/shop/db:5432")
    assert (answer.verdict, len(answer.parts)) == ("allow", 2)
    edits = [change.edits for change in answer.changes]
    assert ("NetworkPolicy shop/out: delete egress rule 0",) in edits
    assert len(set(edits)) == len(edits)


def test_where_one_end_denies_and_the_other_is_open_both_are_admitted(tmp_path: Path) -> None:
    head = "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: %s, namespace: shop}\nspec: "
    sent = head % "web" + "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress]}\n"
    admitted = "ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]"
    taken = head % "db" + "{podSelector: {matchLabels: {app: db}}, " + admitted + "}\n"
    (tmp_path / "a.yaml").write_text(PODS + sent + taken, encoding="utf-8")
    answer = nw.load(str(tmp_path)).why("shop/web", "shop/db:5432")
    assert (answer.verdict, answer.parts[0].ingress.verdict) == ("deny", "undecided")
    (change,) = answer.changes
    assert [edit.partition(":")[0] for edit in change.edits] == [
        "new NetworkPolicy shop/allow-web-to-db-egress",
        "new NetworkPolicy shop/allow-web-to-db",
    ]


@pytest.mark.parametrize(
    ("source", "destination"),
    [("shop/batch", "shop/db:5432"), ("shop/web", "shop/db:80"), ("203.0.113.7", "shop/db:5432")],
)
def test_opening_changes_flip_it_and_say_what_else_opens(tmp_path: Path, source: str, destination: str) -> None:
    twin = small(tmp_path)
    answer = twin.why(source, destination)
    assert answer.verdict == "deny"
    assert answer.changes
    assert all(change.flips_to == "allow" for change in answer.changes)
    sizes = [c.size for c in answer.changes]
    assert sizes == sorted(sizes), "fewest side effects first"
    assert all(not c.closes or "label" in " ".join(c.edits) for c in answer.changes)


def test_a_widened_rule_written_into_the_file_allows_it(tmp_path: Path) -> None:
    """What the change says, done by hand in the file, and asked again."""
    twin = small(tmp_path)
    widened = next(c for c in twin.why("shop/batch", "shop/db:5432").changes if "ingress rule 1" in c.edits[0])
    assert widened.edits == ("NetworkPolicy shop/db ingress rule 1: add app=batch to its `from`",)
    assert widened.places == (f"{tmp_path / 'policy.yaml'}:1:1",)
    assert (widened.opens, widened.closes) == ((), ())
    edited = POLICY.replace("{app: web}}}]", "{app: web}}}, {podSelector: {matchLabels: {app: batch}}}]")
    assert small(tmp_path, edited).why("shop/batch", "shop/db:5432").verdict == "allow"


def test_a_port_added_to_a_rule_opens_it_to_the_rules_other_peers(tmp_path: Path) -> None:
    policy = POLICY.replace("{app: web}}}]", "{app: web}}}, {podSelector: {matchLabels: {app: batch}}}]")
    answer = small(tmp_path, policy).why("shop/web", "shop/db:80")
    widened = next(c for c in answer.changes if "TCP 80" in c.edits[0] and "rule 1" in c.edits[0])
    assert [(c.source, c.destination, c.ports) for c in widened.opens] == [("pod/shop/batch", "pod/shop/db", "TCP 80")]


def test_closing_changes(tmp_path: Path) -> None:
    twin = small(tmp_path)
    answer = twin.why("shop/web", "shop/db:5432")
    assert answer.verdict == "allow"
    assert {c.flips_to for c in answer.changes} == {"deny"}
    dropped = next(c for c in answer.changes if "delete ingress rule 1" in c.edits[0])
    assert (dropped.opens, dropped.closes) == ((), ())
    without = POLICY.split("    - from: [{podSelector", maxsplit=1)[0]
    assert small(tmp_path, without).why("shop/web", "shop/db:5432").verdict == "deny"


def test_closing_what_nothing_isolates(tmp_path: Path) -> None:
    answer = small(tmp_path).why("shop/db", "shop/web:80")
    assert answer.verdict == "allow"
    texts = [" ".join(c.edits) for c in answer.changes]
    assert any("isolates app=web" in text and "ingress" in text for text in texts), texts


def verdicts(answer: WhyAnswer) -> set[str]:
    return {p.verdict for p in answer.parts}


def test_the_judges_are_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that answers wrongly prints no verdict: it is our bug."""
    from netwright.engine import inquire
    from netwright.engine.verdict import Outcome, Side

    twin = small(tmp_path)
    wrong = Outcome(False, True, "", Side(True, True), Side(False, False))
    monkeypatch.setattr(inquire, "outcome", lambda *_: wrong)
    with pytest.raises(InternalError, match="the engine says deny and the reference evaluator allow") as caught:
        twin.why("shop/web", "shop/db:5432")
    assert caught.value.exit_code == 70


def test_no_changes_where_none_are_wanted(tmp_path: Path) -> None:
    answer = small(tmp_path).why("shop/batch", "shop/db:5432", changes=False)
    assert answer.changes == ()
    assert verdicts(answer) == {"deny"}


def test_a_pod_and_itself(tmp_path: Path) -> None:
    answer = small(tmp_path).why("shop/db", "shop/db:5432")
    assert answer.verdict == "allow"
    assert [p.relation for p in answer.parts] == ["self"]
    assert answer.changes == ()


def test_deleting_the_last_egress_rule_writes_the_types(tmp_path: Path) -> None:
    """A policy that isolates for egress because it has an egress rule; the change says what keeps the isolation."""
    policy = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress: [{}]
  egress:
    - ports: [{port: 5432}]
"""
    answer = small(tmp_path, policy).why("shop/web", "shop/db:5432")
    [dropped] = [c for c in answer.changes if "delete egress rule 0" in c.edits[0]]
    assert "`policyTypes: [Ingress, Egress]`" in dropped.edits[0]
    without = policy.split("  egress:", maxsplit=1)[0]
    assert small(tmp_path, without).why("shop/web", "shop/db:5432").verdict == "allow"
    assert small(tmp_path, without + "  policyTypes: [Ingress, Egress]\n").why("shop/web", "shop/db:5432").verdict == (
        dropped.flips_to
    )


BLOCKED = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress:
    - from: [{ipBlock: {cidr: 10.1.0.0/16}}]
      ports: [{port: 5432}]
"""


@pytest.mark.parametrize(
    ("policy", "asked", "edit", "told"),
    [
        (BLOCKED, ("10.1.0.9", "shop/db:9999"), "ports", ["pod/shop/batch", "pod/shop/web"]),
        (BLOCKED, ("10.1.0.9", "shop/db:5432"), "delete", ["pod/shop/batch", "pod/shop/web"]),
    ],
    ids=["opens", "closes"],
)
def test_what_becomes_or_was_undecided_is_told(
    tmp_path: Path, policy: str, asked: tuple[str, str], edit: str, told: list[str]
) -> None:
    """A block that pods without a known address perhaps are in: a port more, and the rule no more."""
    answer = small(tmp_path, policy).why(*asked)
    change = next(c for c in answer.changes if edit in c.edits[0])
    perhaps = change.perhaps_opens if edit == "ports" else change.perhaps_closes
    assert [c.source for c in perhaps if c.source.startswith("pod/")] == told
    assert {c.destination for c in perhaps} == {"pod/shop/db"}
    assert not any(c.source.startswith("pod/") for c in (*change.opens, *change.closes))
    assert change.size == len(change.opens) + len(change.closes) + len(perhaps)


LABELLED = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress:
    - from: [{podSelector: {matchLabels: {tier: front}}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: SELECTOR
  template:
    metadata: {labels: {app: api, tier: back}}
    spec: {containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec:
  selector: SERVED
  ports: [{port: 80}]
"""


@pytest.mark.parametrize(
    ("selector", "served", "offered"),
    [
        ("{matchLabels: {app: api}}", "{app: api}", True),
        ("{matchLabels: {app: api}, matchExpressions: [{key: tier, operator: Exists}]}", "{app: api}", True),
        ("{matchLabels: {app: api, tier: back}}", "{app: api}", False),
        ("{matchExpressions: [{key: tier, operator: In, values: [back]}]}", "{app: api}", False),
        (
            "{matchLabels: {app: api}, matchExpressions: [{key: tier, operator: NotIn, values: [front]}]}",
            "{app: x}",
            False,
        ),
        ("{matchLabels: {app: api}}", "{app: api, tier: back}", False),
        ("{matchLabels: {app: api}}", "{app: api, tier: front}", False),
        ("{matchLabels: {app: api}}", "{app: x, tier: back}", True),
    ],
)
def test_a_label_is_changed_only_where_nothing_goes_by_it(
    tmp_path: Path, selector: str, served: str, offered: bool
) -> None:
    twin = small(tmp_path, LABELLED.replace("SELECTOR", selector).replace("SERVED", served))
    edits = [c.edits[0] for c in twin.why("shop/api", "shop/db:5432").changes]
    assert ("Deployment shop/api: set label tier=front on its pods" in edits) is offered


def test_a_policy_that_allows_and_denies_isolates_once(tmp_path: Path) -> None:
    twin = small(
        tmp_path,
        """\
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  endpointSelector: {matchLabels: {app: db}}
  ingress: [{fromEndpoints: [{matchLabels: {app: far}}]}]
  ingressDeny: [{fromEndpoints: [{matchLabels: {app: near}}]}]
""",
    )
    [part] = twin.why("shop/web", "shop/db:5432").parts
    assert [(c.name, c.path) for c in part.ingress.isolating] == [("db", "spec.endpointSelector")]


def test_a_label_on_a_pod_names_what_makes_the_next_one(tmp_path: Path) -> None:
    owner = "{apiVersion: apps/v1, kind: ReplicaSet, name: api-7c9, uid: u1, controller: true}"
    api = f"""\
---
apiVersion: v1
kind: Pod
metadata:
  name: api-7c9-x
  namespace: shop
  labels: {{app: api, pod-template-hash: 7c9}}
  ownerReferences: [{owner}]
spec: {{containers: [{{name: c, image: i}}]}}
"""
    twin = small(tmp_path, POLICY.replace("app: web", "tier: front") + api)
    edits = [c.edits[0] for c in twin.why("shop/api-7c9-x", "shop/db:5432").changes]
    assert (
        "Pod shop/api-7c9-x: set label tier=front, and in the pod template of deploy/shop/api, which makes the next one"
    ) in edits
    alone = [c.edits[0] for c in twin.why("shop/batch", "shop/db:5432").changes]
    assert "Pod shop/batch: set label tier=front" in alone


def test_a_protocol_without_ports_is_asked_without_one(tmp_path: Path) -> None:
    pods = [f"---\n{{apiVersion: v1, kind: Pod, metadata: {{name: {n}, namespace: a}}}}\n" for n in ("p", "q")]
    (tmp_path / "all.yaml").write_text("".join(pods), encoding="utf-8")
    twin = nw.load(str(tmp_path))
    assert twin.why("a/p", "a/q", protocol="47").verdict == "allow"
    with pytest.raises(nw.UsageError, match="protocol 47 has none"):
        twin.why("a/p", "a/q:80", protocol="47")


def test_two_rules_of_one_policy_are_widened_by_one_change(tmp_path: Path) -> None:
    both = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: all, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
  ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 80}]}]
  egress: [{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: 80}]}]
"""
    answer = small(tmp_path, both).why("shop/web", "shop/db:5432")
    [change] = [c for c in answer.changes if "policy.yaml" in "".join(c.places)]
    assert change.edits == (
        "NetworkPolicy shop/all egress rule 0: add TCP 5432 to its `ports`; "
        "NetworkPolicy shop/all ingress rule 0: add TCP 5432 to its `ports`",
    )
    assert change.flips_to == "allow"


def test_policies_of_another_cni_leave_both_judges_undecided(tmp_path: Path) -> None:
    cilium = (
        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: db, namespace: shop}\n"
        "spec: {endpointSelector: {matchLabels: {app: db}}, ingress: [{}]}\n"
    )
    small(tmp_path, cilium)
    for cni, verdict in (("", "deny"), ("cilium", "deny"), ("cilium:enable-policy=never", "allow")):
        assert nw.load(str(tmp_path), cni=cni).why("shop/web", "shop/db:5432").verdict == verdict
    answer = nw.load(str(tmp_path), cni="upstream").why("shop/web", "shop/db:5432")
    assert answer.verdict == "undecided"
    assert answer.reasons[0].reason == "CiliumNetworkPolicy `shop/db` is no policy of the profile `upstream`"


def test_the_nearest_rule_is_one_that_somebody_wrote(tmp_path: Path) -> None:
    """That Cilium admits a pod's own node stands in no file."""
    cilium = (
        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: db, namespace: shop}\n"
        "spec: {endpointSelector: {matchLabels: {app: db}}, ingress: [{}]}\n"
    )
    small(tmp_path, cilium)
    answer = nw.load(str(tmp_path), cni="cilium").why("shop/web", "shop/db:5432")
    assert answer.verdict == "deny"
    assert "allow-localhost" not in msgspec.json.encode(answer).decode()


def test_what_is_denied_anyway_is_no_reason_beside_one_that_is(tmp_path: Path) -> None:
    """Found by random clusters: a policy that perhaps isolates says nothing where another one surely does."""
    (tmp_path / "all.yaml").write_text(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\n"
        "spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}},"
        " spec: {containers: [{name: c, image: web:1}]}}}\n"
        "---\napiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: names}\n"
        "spec: {tier: Admin, priority: 1, subject: {namespaces: {}},"
        " egress: [{action: Accept, to: [{domainNames: [api.example.org]}]}]}\n"
        "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: perhaps, namespace: shop}\n"
        "spec: {podSelector: {matchLabels: {pod-template-hash: 6d5f8c}}, policyTypes: [Egress]}\n"
        "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: surely, namespace: shop}\n"
        "spec: {podSelector: {}, policyTypes: [Egress]}\n"
    )
    answer = nw.load(str(tmp_path)).why("shop/web", "203.0.113.9:443")
    assert (answer.verdict, [one.kind for one in answer.reasons]) == ("undecided", ["depends"])


def test_what_is_perhaps_said_beside_the_same_surely_is_no_reason(tmp_path: Path) -> None:
    """Found by random clusters: a rule perhaps allows what another one of its tier surely does."""
    (tmp_path / "all.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop, labels: {app: web}}\n"
        "spec: {containers: [{name: c, image: web:1}]}\n"
        "---\napiVersion: v1\nkind: Pod\nmetadata: {name: db, namespace: bank, labels: {app: db}}\n"
        "spec: {containers: [{name: c, image: db:1}]}\n"
        "---\napiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: pass}\n"
        "spec: {tier: Admin, priority: 1, subject: {namespaces: {}},"
        " egress: [{action: Pass, to: [{namespaces: {}}]}]}\n"
        "---\napiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: deny}\n"
        "spec: {tier: Admin, priority: 1, subject: {namespaces: {}},"
        " egress: [{action: Deny, to: [{namespaces: {}}]}]}\n"
        "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: surely, namespace: shop}\n"
        "spec: {podSelector: {}, policyTypes: [Egress], egress: [{}]}\n"
        "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: perhaps, namespace: shop}\n"
        "spec: {podSelector: {}, policyTypes: [Egress],"
        " egress: [{to: [{namespaceSelector: {matchLabels: {team: ghost}}}]}]}\n"
    )
    answer = nw.load(str(tmp_path)).why("shop/web", "bank/db:80")
    assert (answer.verdict, [one.kind for one in answer.reasons]) == ("undecided", ["ambiguous"])


# --- what is asked about, and what else -------------------------------------------------------------------------------


def pod(name: str, more: str = "", *, ports: str = "", spec: str = "", status: str = "") -> str:
    return f"""\
---
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: s, labels: {{app: {name.partition("-")[0]}{more}}}}}
spec: {{containers: [{{name: c, image: i, ports: [{ports}]}}]{spec}}}
status: {{{status}}}
"""


def policy(name: str, spec: str) -> str:
    head = f"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}, namespace: s}}\n"
    return f"{head}spec: {{podSelector: {{matchLabels: {{app: b}}}}, {spec}}}\n"


def asked(tmp_path: Path, text: str, source: str, destination: str) -> WhyAnswer:
    (tmp_path / "all.yaml").write_text(text, encoding="utf-8")
    return nw.load(str(tmp_path)).why(source, destination)


def told(change: Change) -> set[tuple[str, str, str, str]]:
    sides = {"opens": change.opens, "closes": change.closes}
    return {(which, c.source, c.destination, c.ports) for which, listed in sides.items() for c in listed}


def test_the_other_addresses_of_an_asked_one_are_told(tmp_path: Path) -> None:
    blocks = "{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16]}}"
    text = pod("b") + policy("p", f"policyTypes: [Egress], egress: [{{to: [{blocks}], ports: [{{port: 443}}]}}]")
    [deleting] = asked(tmp_path, text, "s/b", "8.8.8.8:443").changes
    assert ("closes", "pod/s/b", "internet", "TCP 443") in told(deleting)
    [deleting] = asked(tmp_path, text, "s/b", "internet:443").changes
    assert "internet" not in {c.destination for c in deleting.closes}


def test_the_other_pods_of_an_asked_one_are_told(tmp_path: Path) -> None:
    owner = (
        "---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: a, namespace: s, uid: u1}\nspec: {replicas: 2, "
        "serviceName: a, selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, "
        "spec: {containers: [{name: c, image: i}]}}}\n"
    )
    ref = "ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: a, uid: u1, controller: true}]"
    pods = "".join(pod(f"a-{i}").replace("labels:", f"{ref}, labels:") for i in (0, 1))
    text = owner + pods + pod("b") + policy("deny", "policyTypes: [Ingress]")
    changes = {c.edits: c for c in asked(tmp_path, text, "pod/s/a-0", "s/b:80").changes}
    opening = next(c for edits, c in changes.items() if "allow-a-to-b" in edits[0])
    assert told(opening) == {("opens", "sts/s/a", "pod/s/b", "TCP 80")}
    changes = {c.edits: c for c in asked(tmp_path, text, "sts/s/a", "s/b:80").changes}
    opening = next(c for edits, c in changes.items() if "allow-a-to-b" in edits[0])
    assert told(opening) == set()


def test_every_backend_that_is_asked_about_is_no_side_effect(tmp_path: Path) -> None:
    backends = pod("b-1", ", of: one") + pod("b-2", ", of: two")
    telling = policy("telling", "policyTypes: [Egress]").replace("app: b", "of: other")
    telling += "".join(
        policy(f"of-{of}", f"ingress: [{{ports: [{{port: {port}}}]}}]").replace("app: b", f"of: {of}")
        for of, port in (("one", 81), ("two", 82))
    )
    service = (
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: db, namespace: s}\n"
        "spec: {selector: {app: b}, ports: [{port: 80}]}\n"
    )
    answer = asked(tmp_path, pod("a") + backends + telling + service, "s/a", "svc/s/db:80")
    assert answer.verdict == "deny"
    for change in answer.changes:
        assert not {c for c in change.opens if c.source == "pod/s/a" and c.ports == "TCP 80"}, change


# --- several packets --------------------------------------------------------------------------------------------------


TWO_PORTS = "{containerPort: 80}, {containerPort: 443}"


def test_a_new_policy_admits_every_port_that_is_asked_about(tmp_path: Path) -> None:
    text = pod("a") + pod("b", ports=TWO_PORTS) + policy("deny", "policyTypes: [Ingress]")
    [opening] = asked(tmp_path, text, "s/a", "s/b").changes
    new = "new NetworkPolicy s/allow-a-to-b: app=b accepts TCP 80 from app=a; add TCP 443 to its `ports`"
    assert (opening.edits, opening.size) == ((new,), 0)


def test_the_rules_of_several_policies_go_together(tmp_path: Path) -> None:
    rules = [policy(f"p{port}", f"ingress: [{{ports: [{{port: {port}}}]}}]") for port in (80, 443)]
    answer = asked(tmp_path, pod("a") + pod("b", ports=TWO_PORTS) + "".join(rules), "s/a", "s/b")
    assert answer.verdict == "allow"
    both = ("NetworkPolicy s/p443: delete ingress rule 0", "NetworkPolicy s/p80: delete ingress rule 0")
    assert both in [tuple(sorted(c.edits)) for c in answer.changes]


def test_a_rule_is_widened_once_for_several_ports(tmp_path: Path) -> None:
    one = policy("p", "ingress: [{from: [{podSelector: {matchLabels: {app: x}}}], ports: [{port: 8080}]}]")
    answer = asked(tmp_path, pod("a") + pod("b", ports=TWO_PORTS) + one, "s/a", "s/b")
    assert answer.verdict == "deny"
    wide = "NetworkPolicy s/p ingress rule 0: add app=a to its `from` and add TCP 80 to its `ports`; "
    wide += "NetworkPolicy s/p ingress rule 0: add TCP 443 to its `ports`"
    assert (wide,) in [c.edits for c in answer.changes]


def test_backends_of_several_workloads_are_each_admitted(tmp_path: Path) -> None:
    backends = [pod(f"{name}-1", ", of: svc") for name in ("b", "c")]
    denied = policy("deny", "policyTypes: [Ingress]").replace("matchLabels: {app: b}", "matchLabels: {of: svc}")
    service = (
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: db, namespace: s}\n"
        "spec: {selector: {of: svc}, ports: [{port: 80}]}\n"
    )
    telling = policy("c", "policyTypes: [Egress]").replace("app: b", "app: c")
    text = pod("a") + "".join(backends) + denied + telling + service
    changes = asked(tmp_path, text, "s/a", "svc/s/db:80").changes
    assert [len(c.edits) for c in changes] == [2]
    assert {edit.split(":")[0] for edit in changes[0].edits} == {
        "new NetworkPolicy s/allow-a-to-b-1",
        "new NetworkPolicy s/allow-a-to-c-1",
    }


def test_both_families_of_a_pod_are_admitted(tmp_path: Path) -> None:
    both = "podIPs: [{ip: 10.0.0.%d}, {ip: 'fd00::%d'}]"
    text = pod("a", status=both % (1, 1)) + pod("b", ports=TWO_PORTS, status=both % (2, 2))
    changes = asked(tmp_path, text + policy("deny", "policyTypes: [Ingress]"), "s/a", "s/b").changes
    assert [c.size for c in changes] == [0]


# --- nodes ------------------------------------------------------------------------------------------------------------


NODES = "".join(
    f"---\napiVersion: v1\nkind: Node\nmetadata: {{name: n{i}}}\n"
    f"status: {{addresses: [{{type: InternalIP, address: 192.0.2.{i}}}, {{type: InternalIP, address: 'fd00::{i}'}}]}}\n"
    for i in (1, 2)
)
HOSTED = pod("agent", spec=", hostNetwork: true, nodeName: n1") + pod("b", spec=", nodeName: n2")


@pytest.mark.parametrize("source", ["s/agent", "node/n1"])
def test_a_node_is_admitted_by_its_address(tmp_path: Path, source: str) -> None:
    """Proven of one family and of both; a rule is widened by it as well."""
    text = NODES + HOSTED + policy("deny", "policyTypes: [Ingress]")
    changes = asked(tmp_path, text, source, "s/b:80").changes
    assert changes
    assert "from 192.0.2.1/32" in changes[0].edits[0]
    assert "add fd00::1/128" in changes[0].edits[0]
    admitting = policy("p", "ingress: [{from: [{podSelector: {matchLabels: {app: x}}}], ports: [{port: 80}]}]")
    twin = asked(
        tmp_path, NODES.replace(", {type: InternalIP, address: 'fd00::1'}", "") + HOSTED + admitting, source, "s/b:80"
    )
    assert ("NetworkPolicy s/p ingress rule 0: add 192.0.2.1/32 to its `from`",) in [c.edits for c in twin.changes]


def test_a_node_of_unknown_address_is_not_admitted_by_one(tmp_path: Path) -> None:
    text = pod("agent", spec=", hostNetwork: true") + pod("b") + policy("deny", "policyTypes: [Ingress]")
    assert asked(tmp_path, text, "s/agent", "s/b:80").changes == ()


def test_the_reference_evaluator_is_told_of_pods_that_show_further_ranges(tmp_path: Path) -> None:
    """Of another namespace, one has an address outside of the ranges of the Nodes: any pod may."""
    more = """\
---
{apiVersion: v1, kind: Node, metadata: {name: n1}, spec: {podCIDRs: [10.244.0.0/24]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: far, namespace: ops}, spec: {nodeName: n1, containers: [{name: c}]},
 status: {podIP: 192.168.7.7}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: range, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress: [{from: [{ipBlock: {cidr: 192.168.0.0/16}}]}]
"""
    (tmp_path / "a.yaml").write_text(PODS + more, encoding="utf-8")
    twin = nw.load(str(tmp_path))
    assert twin.why("shop/web", "shop/db:80").verdict == "undecided"
