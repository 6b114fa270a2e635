"""The sizes of policy maps, counted by hand from what Cilium writes into them."""

from __future__ import annotations

from io import BytesIO

import pytest

import netwright as nw
from netwright.profiles.cilium_maps import ORDER, EndpointMap, IdentityCounts, policy_maps
from netwright.profiles.cilium_maps.mapstate import prefixes_of
from netwright.profiles.cilium_maps.rules import FQDNS
from netwright.profiles.known import profile_of

HOST = 1
"""The own node, which every isolated endpoint admits."""
EVERYBODY = 5
"""Everybody is written as five aggregates."""


def pod(name: str, labels: str, extra: str = "", ports: str = "") -> str:
    return f"""\
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: shop, labels: {{{labels}}}}}
spec: {{{extra}containers: [{{name: c, image: i, ports: [{ports}]}}]}}
"""


PODS = (pod("web", "app: web"), pod("web-2", "app: web"), pod("api", "app: api"), pod("db", "app: db"))
SHOP = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {team: red}}\n"


def policy(rules: str, selector: str = "{app: web}", kind: str = "CiliumNetworkPolicy") -> str:
    lines = "\n".join(f"  {line}" for line in rules.strip().splitlines())
    return f"""\
apiVersion: cilium.io/v2
kind: {kind}
metadata: {{name: p, namespace: shop}}
spec:
  endpointSelector: {{matchLabels: {selector}}}
{lines}
"""


def predicted(*manifests: str, cni: str = "cilium") -> tuple[dict[str, EndpointMap], IdentityCounts]:
    twin = nw.load("-", stdin=BytesIO("---\n".join((SHOP, *manifests)).encode()), cni=cni)
    assert not twin.diagnostics
    found = policy_maps(twin.cluster)
    return {one.name: one for one in found.endpoints}, found.identities


def web(*manifests: str, cni: str = "cilium") -> EndpointMap:
    return predicted(*manifests, cni=cni)[0]["pod/shop/web"]


def sizes(one: EndpointMap) -> tuple[int, int]:
    return one.ingress, one.egress


def test_whom_nothing_selects_admits_everybody_both_ways() -> None:
    assert sizes(web(*PODS)) == (EVERYBODY, EVERYBODY)


@pytest.mark.parametrize(("mode", "size"), [("always", (0, 0)), ("never", (5, 5))])
def test_enforcement_of_whom_no_policy_selects(mode: str, size: tuple[int, int]) -> None:
    assert sizes(web(*PODS, cni=f"cilium:enable-policy={mode}")) == size


def test_a_range_of_ports_is_as_many_entries_as_it_has_prefixes() -> None:
    rules = "ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: '8000', endPort: 8100, protocol: TCP}]}]}]"
    # 8000-8063, 8064-8095, 8096-8099, 8100: four prefixes; three identities (both pods of web are one)
    one = web(*PODS, policy(rules))
    assert sizes(one) == (4 * 3 + HOST, EVERYBODY)
    assert (one.peers, one.exact) == (4, True)


@pytest.mark.parametrize(
    ("first", "last", "count"), [(80, 80, 1), (0, 65535, 1), (1, 65534, 30), (1024, 65535, 6), (80, 443, 8)]
)
def test_prefixes_are_the_fewest_that_cover_exactly_the_range(first: int, last: int, count: int) -> None:
    found = list(prefixes_of(first, last))
    assert len(found) == count
    assert sum(1 << (16 - length) for _, length in found) == last - first + 1


def test_a_protocol_that_is_left_out_is_three() -> None:
    rules = "ingress: [{fromEndpoints: [{matchLabels: {app: db}}], toPorts: [{ports: [{port: '80'}]}]}]"
    assert web(*PODS, policy(rules)).ingress == 3 + HOST


def test_a_denial_of_all_ports_leaves_no_entry_of_what_it_covers() -> None:
    allow = "ingress: [{fromEndpoints: [{matchLabels: {app: db}}], toPorts: [{ports: [{port: '80', protocol: TCP}]}]}]"
    deny = "ingressDeny: [{fromEndpoints: [{matchLabels: {app: db}}]}]"
    assert web(*PODS, policy(allow)).ingress == 1 + HOST
    assert web(*PODS, policy(f"{allow}\n{deny}")).ingress == 1 + HOST
    assert web(*PODS, policy("ingressDeny: [{fromEntities: [all]}]\n" + allow)).ingress == EVERYBODY


def test_a_denial_of_one_port_stands_beside_a_broader_allow() -> None:
    rules = """\
ingress: [{fromEndpoints: [{matchLabels: {app: db}}]}]
ingressDeny: [{fromEndpoints: [{matchLabels: {app: db}}], toPorts: [{ports: [{port: '80', protocol: TCP}]}]}]
"""
    assert web(*PODS, policy(rules)).ingress == 2 + HOST


def test_an_allow_of_everybody_on_a_port_covers_that_of_one() -> None:
    rules = """\
ingress:
  - {toPorts: [{ports: [{port: '80', protocol: TCP}]}]}
  - {fromEndpoints: [{}], toPorts: [{ports: [{port: '80', protocol: TCP}]}]}
"""
    assert web(*PODS, policy(rules)).ingress == EVERYBODY + HOST


def test_requests_make_an_entry_of_their_own_beside_everybody() -> None:
    rules = """\
ingress:
  - {toPorts: [{ports: [{port: '80', protocol: TCP}]}]}
  - fromEndpoints: [{matchLabels: {app: db}}]
    toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: [{method: GET}]}}]
"""
    assert web(*PODS, policy(rules)).ingress == EVERYBODY + 1 + HOST


@pytest.mark.parametrize("turned", [False, True])
def test_requests_on_a_range_cover_a_plain_port_in_it(turned: bool) -> None:
    plain = "  - {fromEndpoints: [{matchLabels: {app: db}}], toPorts: [{ports: [{port: '80', protocol: TCP}]}]}"
    asked = """\
  - fromEndpoints: [{matchLabels: {app: db}}]
    toPorts: [{ports: [{port: '80', endPort: 81, protocol: TCP}], rules: {http: [{method: GET}]}}]"""
    rules = "\n".join(("ingress:", *((asked, plain) if turned else (plain, asked))))
    assert web(*PODS, policy(rules)).ingress == 1 + HOST


def test_what_does_not_isolate_admits_everybody_besides() -> None:
    rules = "enableDefaultDeny: {ingress: false}\ningressDeny: [{fromEndpoints: [{matchLabels: {app: db}}]}]"
    assert web(*PODS, policy(rules)).ingress == EVERYBODY + 1


def test_types_of_icmp_are_entries() -> None:
    rules = "ingress: [{fromEndpoints: [{matchLabels: {app: db}}], icmps: [{fields: [{type: 8}, {type: 11}]}]}]"
    assert web(*PODS, policy(rules)).ingress == 2 + HOST


def test_the_node_is_not_admitted_where_policy_says() -> None:
    rules = "ingress: [{fromEndpoints: [{matchLabels: {app: db}}]}]"
    assert web(*PODS, policy(rules), cni="cilium:allow-localhost=policy").ingress == 1


# --- ranges --------------------


def test_every_range_that_a_policy_names_is_an_identity_an_exception_too() -> None:
    rules = "egress: [{toCIDRSet: [{cidr: 10.0.0.0/8, except: [10.1.0.0/16]}]}]"
    maps, identities = predicted(*PODS, policy(rules))
    assert maps["pod/shop/web"].egress == 1
    assert (identities.ranges, identities.pods) == (2, 3)


def test_a_range_selects_the_ranges_in_it() -> None:
    rules = "egress: [{toCIDR: [10.0.0.0/8]}, {toCIDR: [10.1.0.0/16, 10.1.2.0/24, 192.0.2.0/24]}]"
    maps, identities = predicted(*PODS, policy(rules))
    assert maps["pod/shop/web"].egress == identities.ranges == 4


def test_everything_is_the_outside_and_every_range_that_is_named() -> None:
    rules = "egress: [{toCIDR: [0.0.0.0/0]}, {toCIDR: [192.0.2.0/24, 198.51.100.0/24]}]"
    maps, identities = predicted(*PODS, policy(rules))
    assert maps["pod/shop/web"].egress == 3
    assert identities.ranges == 2


def test_the_ranges_of_a_group_share_one_identity() -> None:
    group = """\
apiVersion: cilium.io/v2
kind: CiliumCIDRGroup
metadata: {name: partners}
spec: {externalCIDRs: [192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24]}
"""
    maps, identities = predicted(*PODS, group, policy("egress: [{toCIDRSet: [{cidrGroupRef: partners}]}]"))
    assert maps["pod/shop/web"].egress == 1
    assert identities.ranges == 1


# --- names of ports, identities --------------------


def test_the_names_of_ports_are_part_of_an_identity() -> None:
    both = [pod("a", "app: a", ports="{name: http, containerPort: 80}"), pod("b", "app: a")]
    assert predicted(*both, policy("ingress: [{}]"))[1].pods == 2


def test_a_name_is_looked_up_at_whoever_is_reached() -> None:
    there = pod("web", "app: web", ports="{name: http, containerPort: 8080}")
    rules = "ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: NAME, protocol: TCP}]}]}]"
    assert web(there, *PODS[2:], policy(rules.replace("NAME", "http"))).ingress == 3 + HOST
    assert web(there, *PODS[2:], policy(rules.replace("NAME", "sql"))).ingress == HOST
    out = "egress: [{toEndpoints: [{}], toPorts: [{ports: [{port: http, protocol: TCP}]}]}]"
    assert web(there, *PODS[2:], policy(out)).egress == 1


@pytest.mark.parametrize(
    ("label", "identities"),
    [("pod-template-hash", 1), ("statefulset.kubernetes.io/pod-name", 1), ("session", 2), ("app.kubernetes.io/x", 2)],
)
def test_labels_that_the_filter_drops_make_no_identity(label: str, identities: int) -> None:
    pods = [pod(name, f"app: a, {label}: {name}") for name in ("one", "two")]
    assert predicted(*pods, policy("ingress: [{}]"))[1].pods == identities


def test_service_accounts_make_identities() -> None:
    pods = [pod("one", "app: a"), pod("two", "app: a", extra="serviceAccountName: teller, ")]
    assert predicted(*pods, policy("ingress: [{}]"))[1].pods == 2


# --- what is not known --------------------


def test_names_of_the_outside_leave_a_lower_bound() -> None:
    one = web(*PODS, policy("egress: [{toFQDNs: [{matchName: example.org}]}, {toCIDR: [192.0.2.0/24]}]"))
    assert (one.egress, one.exact, one.why_not) == (1, False, (FQDNS,))


def test_a_cron_job_whose_runs_have_identities_is_not_exact_where_it_is_selected() -> None:
    cron = """\
apiVersion: batch/v1
kind: CronJob
metadata: {name: backup, namespace: shop}
spec:
  schedule: "@daily"
  jobTemplate:
    spec:
      template:
        metadata: {labels: {app: backup}}
        spec: {restartPolicy: Never, containers: [{name: c, image: i}]}
"""
    rules = "ingress: [{fromEndpoints: [{matchLabels: {app: %s}}]}]"
    assert not web(*PODS, cron, policy(rules % "backup")).exact
    assert web(*PODS, cron, policy(rules % "db")).exact


def test_contradicting_rules_have_no_policy() -> None:
    rules = """\
ingress:
  - {fromEndpoints: [{matchLabels: {app: db}}], authentication: {mode: required}}
  - {fromEndpoints: [{matchLabels: {app: db}}], authentication: {mode: disabled}}
"""
    one = web(*PODS, policy(rules))
    assert not one.exact
    assert "authentication" in one.why_not[0]


def test_where_rules_pass_on_the_order_of_a_map_can_count() -> None:
    admin = """\
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: pass}
spec:
  tier: Admin
  priority: 1
  subject: {namespaces: {}}
  ingress: [{action: Pass, from: [{namespaces: {matchLabels: {team: red}}}]}]
"""
    allow = "ingress: [{fromEndpoints: [{matchLabels: {app: db}}]}]"
    one = web(*PODS, admin, policy(allow))
    # what is passed on is kept beside the verdict; the rest is denied by a rule of its own
    assert one.exact or one.why_not == (ORDER,)
    assert one.ingress == 3 + HOST + EVERYBODY


def test_the_limit_is_an_option() -> None:
    assert (
        policy_maps(nw.load("-", stdin=BytesIO(SHOP.encode()), cni="cilium:bpf-policy-map-max=1024").cluster).limit
        == 1024
    )
    with pytest.raises(ValueError, match="number of entries"):
        profile_of("cilium:bpf-policy-map-max=lots")
