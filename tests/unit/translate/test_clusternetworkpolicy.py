"""AdminNetworkPolicies as ClusterNetworkPolicies: what is written, in which order, what is proven, what is left."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from netwright.dialects.adminpolicy.lower import lower_admin_policies
from netwright.questions.convert import Converted
from netwright.translate.priorities import placed
from netwright.translate.same_rules import same_rules
from tests.agreement import decode_all
from tests.laws.test_reach import twin

Object = dict[str, Any]
EVERYWHERE: Object = {"namespaces": {}}


def namespace(name: str, **labels: str) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def pod(where: str, name: str) -> Object:
    meta = {"name": name, "namespace": where, "labels": {"app": name}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": [{"name": "c", "image": "c"}]}}


CLUSTER = [
    namespace("shop", team="red"),
    namespace("bank", team="blue"),
    namespace("lab"),
    *(pod(*ref.split("/")) for ref in ("shop/web", "shop/api", "bank/db", "lab/tool")),
]


def policy(name: str, priority: int | None, *, kind: str = "AdminNetworkPolicy", **sides: Any) -> Object:
    spec: Object = {"subject": EVERYWHERE, **sides}
    if priority is not None:
        spec["priority"] = priority
    version = "v1alpha2" if kind == "ClusterNetworkPolicy" else "v1alpha1"
    return {
        "apiVersion": f"policy.networking.k8s.io/{version}",
        "kind": kind,
        "metadata": {"name": name},
        "spec": spec,
    }


def baseline(**sides: Any) -> Object:
    return policy("default", None, kind="BaselineAdminNetworkPolicy", **sides)


def held(name: str, tier: str, priority: int, **sides: Any) -> Object:
    return policy(name, priority, kind="ClusterNetworkPolicy", tier=tier, **sides)


def rule(action: str, *peers: Object, side: str = "from", **more: Any) -> Object:
    return {"action": action, side: list(peers) or [EVERYWHERE], **more}


def of_team(team: str) -> Object:
    return {"namespaces": {"matchLabels": {"team": team}}}


def convert(*policies: Object) -> Converted:
    return twin([*CLUSTER, *policies], ()).convert("clusternetworkpolicy")


def specs(found: Converted) -> dict[str, Object]:
    return {one.object["metadata"]["name"]: one.object["spec"] for one in found.objects}


def moves(listed: Any) -> set[tuple[str, str, str, str]]:
    return {(t.source, t.destination, t.allowed, t.denied) for t in listed}


def test_every_form_is_written() -> None:
    guard = policy(
        "guard",
        7,
        subject={"pods": {"namespaceSelector": {"matchLabels": {"team": "red"}}, "podSelector": {}}},
        ingress=[
            rule(
                "Deny",
                {"namespaces": {"namespaceSelector": {"matchLabels": {"team": "blue"}}}},
                {"pods": {"namespaces": {"namespaceSelector": {}}, "podSelector": {"matchLabels": {"app": "tool"}}}},
                name="first",
                ports=[
                    {"portNumber": {"port": 80}},
                    {"portNumber": {"protocol": "SCTP", "port": 9}},
                    {"portRange": {"protocol": "UDP", "start": 1, "end": 5}},
                    {"namedPort": "http"},
                ],
            )
        ],
        egress=[
            rule(
                "Allow",
                {"networks": ["10.0.0.0/8", "fd00::/8"]},
                {"nodes": {"matchExpressions": [{"key": "role", "operator": "NotIn", "values": ["db"]}]}},
                {"domainNames": ["*.example.com"]},
                side="to",
            ),
            rule("Pass", {"pods": {"podSelector": {"matchLabels": {"app": "db"}}}}, side="to"),
        ],
    )
    guard["metadata"] |= {
        "uid": "1",
        "labels": {"a": "b"},
        "annotations": {"owner": "net", "kubectl.kubernetes.io/last-applied-configuration": "{}"},
    }
    found = convert(guard)
    assert [one.object for one in found.objects] == [
        {
            "apiVersion": "policy.networking.k8s.io/v1alpha2",
            "kind": "ClusterNetworkPolicy",
            "metadata": {"name": "guard", "labels": {"a": "b"}, "annotations": {"owner": "net"}},
            "spec": {
                "tier": "Admin",
                "priority": 7,
                "subject": {"pods": {"namespaceSelector": {"matchLabels": {"team": "red"}}, "podSelector": {}}},
                "ingress": [
                    {
                        "name": "first",
                        "action": "Deny",
                        "from": [
                            {"namespaces": {"matchLabels": {"team": "blue"}}},
                            {"pods": {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "tool"}}}},
                        ],
                        "protocols": [
                            {"tcp": {"destinationPort": {"number": 80}}},
                            {"sctp": {"destinationPort": {"number": 9}}},
                            {"udp": {"destinationPort": {"range": {"start": 1, "end": 5}}}},
                            {"destinationNamedPort": "http"},
                        ],
                    }
                ],
                "egress": [
                    {
                        "action": "Accept",
                        "to": [
                            {"networks": ["10.0.0.0/8", "fd00::/8"]},
                            {"nodes": {"matchExpressions": [{"key": "role", "operator": "NotIn", "values": ["db"]}]}},
                            {"domainNames": ["*.example.com"]},
                        ],
                    },
                    {
                        "action": "Pass",
                        "to": [{"pods": {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "db"}}}}],
                    },
                ],
            },
        }
    ]
    assert (found.proof, found.answer, found.converted, found.with_residue, found.refused) == (
        "every cluster",
        0,
        3,
        0,
        0,
    )


def test_the_baseline_is_read_last_in_its_tier() -> None:
    found = convert(baseline(ingress=[rule("Deny")]), held("open", "Baseline", 20, ingress=[rule("Accept")]))
    assert [(s["tier"], s["priority"]) for s in specs(found).values()] == [("Baseline", 1000)]
    assert (found.proof, found.residues) == ("every cluster", ())
    assert [(one.kind, one.count) for one in found.left_alone] == [("ClusterNetworkPolicy", 1)]


def test_a_baseline_behind_the_last_priority_is_named() -> None:
    found = convert(baseline(ingress=[rule("Deny")]), held("open", "Baseline", 1000, ingress=[rule("Accept")]))
    assert [r.kind for r in found.residues] == ["no priority"]
    assert (found.proof, found.answer) == ("undecided", 4)
    assert {(t.source, t.destination, t.undecided) for t in found.turned} >= {("pod/bank/db", "pod/shop/web", "all")}


@pytest.mark.parametrize("names", [("b", "a"), ("a", "b")])
def test_a_tie_is_named_with_what_each_order_does(names: tuple[str, str]) -> None:
    one, other = names
    found = convert(
        policy(one, 5, subject=of_team("red"), ingress=[rule("Allow", of_team("blue"))]),
        policy(
            other,
            5,
            subject=of_team("red"),
            ingress=[rule("Deny", of_team("blue"), ports=[{"portNumber": {"port": 80}}])],
        ),
    )
    assert (found.proof, found.answer, found.with_residue) == ("every cluster", 4, 2)
    (tie,) = found.residues
    told = {choice.told: moves(choice.turned) for choice in tie.choices}
    ends = [("pod/bank/db", f"pod/shop/{name}") for name in ("api", "web")]
    assert told == {
        f"`{one}` first": {(*pair, "TCP 80", "") for pair in ends},
        f"`{other}` first": {(*pair, "", "TCP 80") for pair in ends},
    }


def test_policies_of_one_priority_that_do_the_same_tie_in_nothing() -> None:
    deny = [rule("Deny", of_team("blue"))]
    found = convert(
        policy("a", 5, ingress=deny), policy("b", 5, ingress=deny), policy("c", 5, egress=[rule("Allow", side="to")])
    )
    assert (found.residues, found.answer) == ((), 0)


def test_labels_that_are_compared_are_written_out() -> None:
    found = convert(
        policy(
            "tenants",
            5,
            ingress=[
                rule("Allow", {"namespaces": {"sameLabels": ["team"]}}),
                rule("Deny", {"namespaces": {"notSameLabels": ["team"]}}),
            ],
        )
    )
    made = specs(found)
    assert sorted(made) == ["tenants-1", "tenants-2", "tenants-3"]
    assert {s["priority"] for s in made.values()} == {5}
    last = made["tenants-3"]
    assert last["subject"]["namespaces"] == {
        "matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["blue", "red"]}]
    }
    assert [r["action"] for r in last["ingress"]] == ["Deny"]
    assert found.proof == "this cluster", "other clusters have other values"
    assert (found.with_residue, found.answer) == (2, 0)
    (residue,) = found.residues
    (choice,) = residue.choices
    assert ("pod/bank/db", "pod/shop/web", "all", "") in moves(choice.turned)
    assert ("pod/lab/tool", "pod/shop/web", "all", "") not in moves(choice.turned)


def test_too_many_values_are_refused_by_name() -> None:
    many = [namespace(f"ns-{n}", a=str(n % 30), b=str(n // 30)) for n in range(120)]
    peer = {"namespaces": {"sameLabels": ["a", "b"]}}
    made = policy("tenants", 5, ingress=[rule("Deny", of_team("red")), rule("Allow", peer)])
    found = twin([*CLUSTER, *many, made], ()).convert("clusternetworkpolicy")
    assert [(f.path, f.fate) for f in found.rules] == [("spec.ingress[0]", "converted"), ("spec.ingress[1]", "refused")]
    assert [len(s["ingress"]) for s in specs(found).values()] == [1]
    assert found.answer == 1


@pytest.mark.parametrize(("action", "fate", "answer"), [("Allow", "residue", 0), ("Deny", "refused", 1)])
def test_peers_of_a_newer_api(action: str, fate: str, answer: int) -> None:
    found = convert(policy("new", 5, ingress=[rule(action, {"services": {}}), rule("Pass")]))
    assert [f.fate for f in found.rules] == [fate, "converted"]
    assert found.answer == answer
    assert (found.proof == "differs") == (action == "Deny")
    assert all(choice.turned == found.turned for r in found.residues for choice in r.choices)


# --- lists that are too long ------------------------------------------------------------------------------------------


def test_long_lists_are_cut_and_say_the_same() -> None:
    peers = [{"pods": {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": f"a{n}"}}}} for n in range(60)]
    ports = [{"portNumber": {"port": 1000 + n}} for n in range(40)]
    rules = [rule("Deny" if n % 2 else "Allow", of_team(f"t{n}")) for n in range(60)]
    found = convert(
        policy("long", 5, ingress=[rule("Deny", *peers, ports=ports), *rules], egress=[rule("Deny", side="to")]),
        policy("next", 6, ingress=[rule("Deny")]),
        policy("last", 1000, ingress=[rule("Pass")]),
    )
    made = specs(found)
    assert {n: s["priority"] for n, s in made.items()} == {
        "long-1": 5,
        "long-2": 6,
        "long-3": 7,
        "next": 8,
        "last": 1000,
    }
    assert [len(made[f"long-{n}"]["ingress"]) for n in (1, 2, 3)] == [25, 25, 16]
    assert all(len(r["from"]) <= 25 and len(r.get("protocols", [])) <= 25 for s in made.values() for r in s["ingress"])
    assert (found.proof, found.residues, found.converted) == ("every cluster", (), 64)


def test_a_long_policy_goes_before_one_that_stays() -> None:
    rules = [rule("Deny" if n % 2 else "Allow", of_team(f"t{n}")) for n in range(60)]
    found = convert(policy("long", 5, ingress=rules), held("stays", "Admin", 6, ingress=[rule("Deny")]))
    assert [s["priority"] for s in specs(found).values()] == [3, 4, 5]
    assert found.proof == "every cluster"
    rules.append(rule("Allow", of_team("red")))
    first, second = (held(f"h{n}", "Admin", n, ingress=[rule("Deny", of_team(t))]) for n, t in ((0, "no"), (2, "red")))
    found = convert(policy("long", 1, ingress=rules), first, second)
    assert [r.kind for r in found.residues] == ["no priority"]
    assert (found.proof, found.answer) == ("differs", 1)
    assert ("pod/shop/web", "pod/bank/db", "", "all") in moves(found.turned)


@pytest.mark.parametrize(
    ("wanted", "fixed", "places"),
    [
        ({5: 1, 9: 1}, [], {5: 5, 9: 9}),
        ({5: 3, 6: 1}, [], {5: 5, 6: 8}),
        ({999: 3, 1000: 1}, [], {999: 997, 1000: 1000}),
        ({1001: 1}, [3, 999], {1001: 1000}),
        ({1001: 1}, [1000], None),
        ({4: 2, 5: 2}, [6], {4: 2, 5: 4}),
        ({4: 2}, [4], {4: 4}),
        ({4: 2}, [4, 5], None),
        ({0: 2}, [1], None),
    ],
)
def test_priorities(wanted: dict[int, int], fixed: list[int], places: dict[int, int] | None) -> None:
    assert placed(wanted, fixed) == places


# --- names ------------------------------------------------------------------------------------------------------------


def test_names_are_free_valid_and_kept() -> None:
    long = "a" * 253
    rules = [rule("Deny" if n % 2 else "Allow", of_team(f"t{n}")) for n in range(30)]
    found = convert(
        policy("default", 1, ingress=[rule("Deny")]),
        policy("open", 2, ingress=[rule("Deny")]),
        policy(long, 3, ingress=rules),
        baseline(ingress=[rule("Deny")]),
        held("open", "Admin", 900, ingress=[rule("Deny")]),
        held("open-admin", "Admin", 901, ingress=[rule("Deny")]),
    )
    assert [(one.made_of.split()[1][:9], one.object["metadata"]["name"]) for one in found.objects] == [
        ("default", "default"),
        ("open", "open-admin-2"),
        ("a" * 9, "a" * 251 + "-1"),
        ("a" * 9, "a" * 251 + "-2"),
        ("default", "default-baseline"),
    ]
    assert found.proof == "every cluster"


def test_the_order_of_the_input_changes_nothing() -> None:
    policies = [
        policy("b", 5, ingress=[rule("Allow", {"namespaces": {"sameLabels": ["team"]}})]),
        policy("a", 5, ingress=[rule("Deny", of_team("red"))]),
        baseline(ingress=[rule("Deny")]),
        held("b", "Admin", 5, ingress=[rule("Pass")]),
    ]
    one = twin([*CLUSTER, *policies], ()).convert("clusternetworkpolicy")
    other = twin([*policies[::-1], *CLUSTER[::-1]], ()).convert("clusternetworkpolicy")
    assert [o.object for o in one.objects] == [o.object for o in other.objects]
    assert one.proof == other.proof


# --- the proof --------------------------------------------------------------------------------------------------------


def lowered(policies: list[Object]) -> dict[str, Any]:
    objects = decode_all(policies)
    return {str(tier): rules for tier, rules in lower_admin_policies(objects, objects).items()}


def tampered(policies: list[Object]) -> list[tuple[str, list[Object]]]:
    """The policies with one thing wrong, in every way that a conversion could have it wrong."""
    out: list[tuple[str, list[Object]]] = []

    def wrong(what: str, change: Any) -> None:
        made = copy.deepcopy(policies)
        change(made)
        out.append((what, made))

    for p, one in enumerate(policies):
        for side, field in (("ingress", "from"), ("egress", "to")):
            for r, held_rule in enumerate(one["spec"].get(side, [])):
                wrong("a rule is gone", lambda m, p=p, side=side, r=r: m[p]["spec"][side].pop(r))
                other = "Pass" if held_rule["action"] != "Pass" else "Deny"
                wrong("an action", lambda m, p=p, side=side, r=r, o=other: m[p]["spec"][side][r].update(action=o))
                wrong("a peer more", lambda m, p=p, s=side, r=r, f=field: m[p]["spec"][s][r][f].append(of_team("x")))
                wrong(
                    "ports",
                    lambda m, p=p, side=side, r=r: m[p]["spec"][side][r].update(
                        protocols=[{"tcp": {"destinationPort": {"number": 1}}}]
                    ),
                )
                if r:
                    wrong("the order", lambda m, p=p, side=side: m[p]["spec"][side].reverse())
        wrong("the tier", lambda m, p=p: m[p]["spec"].update(tier="Baseline"))
        wrong("the subject", lambda m, p=p: m[p]["spec"].update(subject=of_team("red")))
        wrong("the priority", lambda m, p=p: m[p]["spec"].update(priority=1 if m[p]["spec"]["priority"] == 6 else 6))
    return out


def test_whatever_is_wrong_is_no_proof() -> None:
    before = [
        policy("a", 5, ingress=[rule("Allow", of_team("red")), rule("Deny", of_team("blue"))]),
        policy("b", 6, egress=[rule("Deny", side="to")], ingress=[rule("Deny", of_team("red"))]),
        policy("c", 6, ingress=[rule("Pass", of_team("red")), rule("Deny", of_team("red"))]),
        policy("d", 7, ingress=[rule("Allow", of_team("red"))], egress=[rule("Pass", side="to")]),
    ]
    after = [one.object for one in convert(*before).objects]
    assert same_rules(lowered(before), lowered(after))
    for what, made in tampered(after):
        assert not same_rules(lowered(before), lowered(made)), what


def test_what_was_not_read_is_no_proof_of_a_cluster() -> None:
    labels = policy("same", 5, ingress=[rule("Allow", {"namespaces": {"sameLabels": ["team"]}})])
    unread = {
        "apiVersion": "networking.gke.io/v1",
        "kind": "FQDNNetworkPolicy",
        "metadata": {"name": "x", "namespace": "shop"},
        "spec": {},
    }
    found = twin([*CLUSTER, labels, unread], ()).convert("clusternetworkpolicy")
    assert (found.proof, found.answer, len(found.open_because)) == ("undecided", 4, 1)


def test_policies_that_the_cni_does_not_read_begin_to_act() -> None:
    cilium = {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": {"name": "x", "namespace": "shop"},
        "spec": {"endpointSelector": {}, "ingress": [{"fromEndpoints": [{}]}]},
    }
    found = convert(policy("shut", 5, ingress=[rule("Deny")]), cilium)
    assert (found.proof, found.profile, found.answer) == ("every cluster", "upstream", 1)
    assert ("pod/shop/api", "pod/shop/web", "", "all") in moves(found.starts_to_act)


def test_nothing_to_convert() -> None:
    found = convert(held("x", "Admin", 5, ingress=[rule("Deny")]))
    assert (found.proof, found.answer, found.objects) == ("nothing", 0, ())
