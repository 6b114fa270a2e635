"""Policies and address groups of cilium.io: what is taken and what of it is kept.

The verdicts are those of Cilium 1.20.2: of its CRDs (nulls dropped, unknown fields refused) and of `Parse`.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import netwright.dialects
from netwright.base.spans import dotted
from netwright.dialects.cilium.decode import decode
from netwright.dialects.cilium.objects import CiliumCIDRGroup, CiliumNetworkPolicy, ICMPField, PortProtocol
from netwright.dialects.cilium.validate import needed_options, rules_of
from netwright.dialects.k8s.decode import Invalid
from netwright.dialects.k8s.objects import LabelSelector, Requirement
from netwright.model.document import Decoded
from netwright.sources.reading import read
from tests.unit.dialects.cilium_objects import (
    DNS,
    HTTP,
    LISTENER,
    PLACE,
    TLS,
    Tree,
    document,
    entry,
    group,
    kept,
    nodes,
    pods,
    policy,
    port,
    refused,
    selecting,
    to_ports,
)

# --- identity ---------------------------------------------------------------------------------------------------------


def test_a_policy_lives_in_a_namespace_and_a_clusterwide_one_does_not() -> None:
    found = kept(pods(ingress=[{}]))
    assert (found.kind, found.namespace, found.name, found.place) == ("CiliumNetworkPolicy", "default", "p", PLACE)
    named = {**pods(ingress=[{}]), "metadata": {"name": "p", "namespace": "shop"}}
    assert kept(named).namespace == "shop"
    wide = kept({**nodes(ingress=[{}]), "metadata": {"name": "p", "namespace": "shop"}})
    assert (wide.kind, wide.namespace) == ("CiliumClusterwideNetworkPolicy", "")
    assert isinstance(wide.value, CiliumNetworkPolicy)


@pytest.mark.parametrize("version", ["cilium.io/v2", "cilium.io/v2alpha1"])
def test_a_group_of_ranges_is_read_in_both_versions(version: str) -> None:
    found = kept(group("10.0.0.0/8", "2001:db8::1/128", version=version))
    assert (found.kind, found.namespace, found.name) == ("CiliumCIDRGroup", "", "g")
    assert isinstance(found.value, CiliumCIDRGroup)
    assert found.value.spec is not None
    assert found.value.spec.external_cidrs == ("10.0.0.0/8", "2001:db8::1/128")
    assert kept(group(version=version)).value.spec.external_cidrs == ()


@pytest.mark.parametrize("kind", ["CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "CiliumCIDRGroup"])
def test_another_version_is_refused(kind: str) -> None:
    found = refused({"apiVersion": "cilium.io/v1", "kind": kind, "metadata": {"name": "x"}})
    assert dotted(found.pointer) == "apiVersion"
    assert found.help == "write `apiVersion: cilium.io/v2`"


def test_the_dialects_know_these_kinds_of_the_group_and_no_others() -> None:
    assert isinstance(netwright.dialects.decode(document(pods(ingress=[{}]))), Decoded)
    with pytest.raises(KeyError):
        netwright.dialects.decode(document({"apiVersion": "cilium.io/v2", "kind": "CiliumNode"}))


# --- what is kept as it is written ------------------------------------------------------------------------------------


def test_an_empty_list_is_not_an_absent_one_and_null_is() -> None:
    lists = ("fromEndpoints", "fromCIDR", "fromCIDRSet", "fromEntities", "fromGroups", "fromNodes", "toPorts", "icmps")
    fields = ("from_endpoints", "from_cidr", "from_cidr_set", "from_entities", "from_groups", "from_nodes")
    empty = entry(pods(ingress=[{key: [] for key in lists}]))
    absent = entry(pods(ingress=[{}]))
    null = entry(pods(ingress=[dict.fromkeys(lists)]))
    for field in (*fields, "to_ports", "icmps"):
        assert getattr(empty, field) == ()
        assert getattr(absent, field) is None
    assert null == absent
    egress = kept(pods(egress=[{"toFQDNs": [], "toServices": []}, {}], ingress=[])).value.spec
    assert [(one.to_fqdns, one.to_services) for one in egress.egress] == [((), ()), (None, None)]
    assert (egress.ingress, egress.ingress_deny) == ((), None)


def test_selectors_keep_their_keys() -> None:
    labels = {"app": "web", "any:org": "x", "k8s:io.kubernetes.pod.namespace": "shop", "reserved:host": ""}
    expression = {"key": "k8s:io.cilium.k8s.namespace.labels.a.b/team", "operator": "In", "values": ["a", ""]}
    rule = entry(selecting(matchLabels=labels, matchExpressions=[expression]))
    assert rule.from_endpoints == (
        LabelSelector(
            match_labels=labels,
            match_expressions=(
                Requirement(key="k8s:io.cilium.k8s.namespace.labels.a.b/team", operator="In", values=("a", "")),
            ),
        ),
    )
    assert entry(selecting()).from_endpoints == (LabelSelector(),)


def test_spec_comes_before_specs() -> None:
    one, two = {"endpointSelector": {}, "ingress": [{}]}, {"endpointSelector": {}, "egressDeny": [{}]}
    found = kept(policy(one, specs=[two, one])).value
    assert [at for _, at in rules_of(found)] == [("spec",), ("specs", 0), ("specs", 1)]
    assert [bool(rule.ingress) for rule, _ in rules_of(found)] == [True, False, True]
    assert list(rules_of(kept(policy(specs=[])).value)) == []


def test_every_field_of_an_entry_is_decoded() -> None:
    secret = {"secret": {"name": "s", "namespace": "n"}, "trustedCA": "a", "certificate": "b", "privateKey": "c"}
    header = {"name": "X", "value": "v", "mismatch": "LOG", "secret": {"name": "s"}}
    http = {"path": "/a", "method": "GET", "host": "h", "headers": ["A: b"], "headerMatches": [header]}
    tls = {"terminatingTLS": secret, "originatingTLS": secret, "serverNames": ["a.b"], "rules": {"http": [http]}}
    rule = kept(
        pods(
            ingress=[{"fromEntities": ["world"], "authentication": {"mode": "required"}}],
            egress=[{"toPorts": [{"ports": [{"port": "80", "endPort": 90, "protocol": "TCP"}], **tls}]}],
            labels=[{"key": "k", "value": "v", "source": "s"}],
            enableDefaultDeny={"ingress": False, "egress": True},
            description="text",
            log={"value": "x"},
        )
    ).value.spec
    assert (rule.ingress[0].from_entities, rule.ingress[0].authentication.mode) == (("world",), "required")
    assert (rule.labels[0].key, rule.labels[0].value, rule.labels[0].source) == ("k", "v", "s")
    assert (rule.enable_default_deny.ingress, rule.enable_default_deny.egress) == (False, True)
    assert (rule.description, rule.log.value) == ("text", "x")
    ports = rule.egress[0].to_ports[0]
    assert ports.ports == (PortProtocol(port="80", end_port=90, protocol="TCP"),)
    for context in (ports.terminating_tls, ports.originating_tls):
        assert (context.secret.name, context.secret.namespace) == ("s", "n")
        assert (context.trusted_ca, context.certificate, context.private_key) == ("a", "b", "c")
    assert ports.server_names == ("a.b",)
    (request,) = ports.rules.http
    assert (request.path, request.method, request.host, request.headers) == ("/a", "GET", "h", ("A: b",))
    (match,) = request.header_matches
    assert (match.name, match.value, match.mismatch, match.secret.name) == ("X", "v", "LOG", "s")


@pytest.mark.parametrize(
    ("text", "name", "number"),
    [
        ("80", None, 80),
        ("0", None, 0),
        ("00", None, 0),
        ("65535", None, 65535),
        ("65536", None, None),
        ("010", None, 8),  # octal, as Go reads literals
        ("080", None, None),
        ("1_000", None, 1000),
        ("1__0", None, None),
        ("0x_10", None, 16),
        ("0x10", "0x10", None),  # a service name has a letter
        ("HTTP", "http", None),
        ("a--b", None, None),
        ("x" * 15, "x" * 15, None),
        ("x" * 16, None, None),
        ("80\n", None, None),
        ("٨٠", None, None),
        ("9" * 5000, None, None),
    ],
)
def test_how_the_text_of_a_port_is_read(text: str, name: str | None, number: int | None) -> None:
    found = PortProtocol(port=text)
    assert (found.name, found.number) == (name, number)
    if (name, number) == (None, None):
        assert dotted(refused(port(port=text)).pointer) == "spec.egress[0].toPorts[0].ports[0].port"
    else:
        kept(port(port=text))


@pytest.mark.parametrize(
    ("family", "type_", "number"),
    [
        (None, 8, 8),
        ("IPv4", "EchoRequest", 8),
        ("IPv4", "Echo", 8),
        ("IPv6", "EchoRequest", 128),
        ("IPv6", "PacketTooBig", 2),
        (None, "255", 255),
        ("IPv4", "PacketTooBig", None),
        ("IPv6", "Echo", None),
        (None, "ExtendedEchoReply", None),  # in Cilium's table, but not in the pattern of its CRD
        (None, "²", None),
    ],
)
def test_icmp_types_by_number_and_by_name(family: str | None, type_: int | str, number: int | None) -> None:
    assert ICMPField(family=family, type=type_).number == number
    object_ = pods(egress=[{"icmps": [{"fields": [{"family": family, "type": type_}]}]}])
    if number is None:
        assert dotted(refused(object_).pointer) == "spec.egress[0].icmps[0].fields[0].type"
    else:
        assert kept(object_).value.spec.egress[0].icmps[0].fields[0].type == type_


def test_the_options_without_which_the_agent_refuses_a_policy_are_named() -> None:
    found = kept(
        policy(
            {
                "endpointSelector": {},
                "ingress": [{"fromNodes": [{}]}, {"toPorts": [{"ports": [{"port": "80"}, {"protocol": "VRRP"}]}]}],
                "egressDeny": [{"toNodes": [{}], "toPorts": [{"ports": [{"port": "0", "protocol": "GRE"}]}]}],
            },
            specs=[{"endpointSelector": {}, "ingress": [{"fromNodes": []}]}],
        )
    )
    assert [(dotted(at), option) for at, option in needed_options(found.value)] == [
        ("spec.ingress[0].fromNodes", "enable-node-selector-labels"),
        ("spec.ingress[1].toPorts[0].ports[1]", "enable-extended-ip-protocols"),
        ("spec.egressDeny[0].toNodes", "enable-node-selector-labels"),
    ]


# --- accepted forms ---------------------------------------------------------------------------------------------------

ACCEPTED: dict[str, Tree] = {
    "an entry of nothing": pods(ingress=[{}], egress=[{}], ingressDeny=[{}], egressDeny=[{}]),
    "one empty side beside another": pods(ingress=[], egress=[{}]),
    "nodes": nodes(ingress=[{"fromEntities": ["cluster"]}]),
    "pods of all namespaces": policy({"endpointSelector": {}, "ingress": [{}]}, kind="CiliumClusterwideNetworkPolicy"),
    "no rule in specs": policy(specs=[]),
    "a description beside the spec": policy({"endpointSelector": {}, "ingress": [{}]}, description="text"),
    "a status": policy({"endpointSelector": {}, "ingress": [{}]}, status={"conditions": [{"type": "Valid"}]}),
    "all entities": pods(
        egress=[
            {
                "toEntities": [
                    *("all", "world", "cluster", "cluster-mesh", "host", "init", "ingress", "unmanaged"),
                    *("remote-node", "health", "none", "kube-apiserver"),
                ]
            }
        ]
    ),
    "ranges with bits beyond the prefix": pods(ingress=[{"fromCIDR": ["10.1.2.3/8", "2001:db8::1/32"]}]),
    "an exception as large as its range": pods(
        ingressDeny=[{"fromCIDRSet": [{"cidr": "10.0.0.0/8", "except": ["10.0.0.0/8", "10.1.0.0/16"]}]}]
    ),
    "groups of ranges": pods(
        egress=[{"toCIDRSet": [{"cidrGroupRef": "g", "except": ["10.0.0.0/8"]}, {"cidrGroupSelector": {}}]}]
    ),
    "groups of a cloud": pods(
        egressDeny=[{"toGroups": [{}, {"aws": {"labels": {"a": "b"}, "securityGroupsIds": ["sg-1"], "region": "r"}}]}]
    ),
    "services with ports": pods(
        egress=[
            {
                "toServices": [{}, {"k8sService": {"serviceName": "s", "namespace": "n"}}],
                "toPorts": [{"ports": [{"port": "80"}]}],
            }
        ]
    ),
    "services by labels nobody can have": pods(
        egressDeny=[{"toServices": [{"k8sServiceSelector": {"selector": {"matchLabels": {"a b": "c"}}}}]}]
    ),
    "names with ports": pods(egress=[{"toFQDNs": [{"matchName": "a.b."}], "toPorts": [{"ports": [{"port": "443"}]}]}]),
    "patterns of names": pods(egress=[{"toFQDNs": [{"matchPattern": "**.a.b"}, {"matchPattern": "a*_1.b"}]}]),
    "an empty form of peers beside another": pods(egress=[{"toFQDNs": [{"matchName": "a"}], "toCIDR": []}]),
    "fromRequires without entries": pods(ingress=[{"fromRequires": []}], egress=[{"toRequires": []}]),
    "forty ports": to_ports(ports=[{"port": str(number)} for number in range(1, 41)]),
    "an endPort below its port": port(port="80", endPort=79),
    "an endPort beside a name": port(port="http", endPort=90),
    "a protocol without ports": pods(
        ingress=[{"toPorts": [{"ports": [{"protocol": "VRRP"}, {"port": "0", "protocol": "ESP"}]}]}]
    ),
    "a name beside a protocol without ports": port(port="http", protocol="GRE"),
    "requests": to_ports("ingress", rules=HTTP),
    "requests over no port": to_ports(ports=[], rules=HTTP),
    "rules of no request": to_ports("ingress", ports=[{"port": "0", "protocol": "UDP"}], rules={"http": []}),
    "names that may be looked up": to_ports(ports=[{"port": "53", "endPort": 53}, {"port": "dns"}], rules=DNS),
    "no name that may be looked up, on ingress": to_ports("ingress", rules={"dns": []}),
    "names that nodes may look up": nodes(egress=[{"toPorts": [{"ports": [{"port": "53"}], "rules": DNS}]}]),
    "names of TLS": to_ports(serverNames=["a.b", "*.a.b"]),
    "names of TLS and requests, decrypted": to_ports(serverNames=["a"], terminatingTLS=TLS, rules=HTTP),
    "a listener": to_ports(listener={**LISTENER, "priority": 100}),
    "a listener beside rules of nothing": to_ports(listener=LISTENER, rules={"http": []}),
    "ICMP": pods(ingressDeny=[{"icmps": [{}, {"fields": []}, {"fields": [{"type": 0}] * 40}]}]),
    "ICMP beside an empty list of ports": pods(egress=[{"toPorts": [], "icmps": [{"fields": [{"type": "8"}]}]}]),
}


@pytest.mark.parametrize("object_", ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(object_: Tree) -> None:
    kept(object_)


# --- the examples of the project --------------------------------------------------------------------------------------

# Old forms, and mistakes, that Cilium 1.20 or its CRDs do not take: the file and the field.
NOT_TAKEN = {
    "egress-default-deny.yaml": "spec",  # `egress:` is null, so that the rule has no entry
    "or-statement.yaml": "spec.ingress[0].fromEndpoints[0].matchExpressions[0].operator",  # `in`
    "l3_l4_combined.yaml": "spec.ingress[0].fromEndpoints[0].role",  # stands beside `matchLabels`
    "http.yaml": "spec.ingress[0].toPorts[0].rules.HTTP",  # in capitals
    "kafka.yaml": "spec.ingress[0].toPorts[0].rules.kafka",  # removed in 1.20
}


@pytest.mark.corpora
def test_the_examples_of_the_project_are_read(corpora: Path) -> None:
    """All but those, and from_nodes.yaml, which has no `apiVersion` (it is written `apiversion`)."""
    documents = [one for one in read([str(corpora / "cilium" / "examples")]).documents if one.group == "cilium.io"]
    found = [decode(one) for one in documents]
    wrong = [one for one in found if isinstance(one, Invalid)]
    assert len(found) == 38
    assert {Path(one.place.file).name: dotted(one.pointer) for one in wrong if one.place} == NOT_TAKEN
    assert len(wrong) == len(NOT_TAKEN)


# --- any input --------------------------------------------------------------------------------------------------------

SEED = policy(
    {
        "endpointSelector": {"matchLabels": {"k8s:app": "web"}},
        "ingress": [
            {"fromEndpoints": [{"matchExpressions": [{"key": "a", "operator": "In", "values": ["x"]}]}]},
            {
                "fromCIDRSet": [{"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}],
                "toPorts": [{"ports": [{"port": "80"}]}],
            },
            {"toPorts": [{"ports": [{"port": "80", "protocol": "TCP", "endPort": 90}], "rules": HTTP}]},
        ],
        "egressDeny": [{"icmps": [{"fields": [{"type": "Echo", "family": "IPv4"}]}], "toEntities": ["world"]}],
        "egress": [
            {"toFQDNs": [{"matchName": "a.b"}]},
            {"toServices": [{"k8sServiceSelector": {"selector": {}, "namespace": "n"}}]},
            {"toPorts": [{"ports": [{"port": "53"}], "rules": DNS, "listener": None, "terminatingTLS": TLS}]},
        ],
    }
)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.text(alphabet="()[]{}*+?|\\^-:Q1,i<=!", max_size=12),
    st.sampled_from([[], {}, [None], {"": ""}, {"a": 1}, [[]], [{}], "TCP", "0", "a:b", "::/0", "all"]),
)


def pointers(value: Any, above: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in a tree below its root."""
    steps: list[str | int] = (
        list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    )
    return [place for step in steps for place in ((*above, step), *pointers(value[step], (*above, step)))]


@given(st.sampled_from([place for place in pointers(SEED) if place[0] == "spec"]), VALUES)
def test_any_value_anywhere_is_taken_or_refused_in_one_line(place: tuple[str | int, ...], value: Any) -> None:
    tree = copy.deepcopy(SEED)
    node: Any = tree
    for step in place[:-1]:
        node = node[step]
    node[place[-1]] = value
    found = [decode(document(tree, as_json=as_json)) for as_json in (False, True)]
    assert type(found[0]) is type(found[1])
    for one in found:
        if isinstance(one, Invalid):
            assert one.message.isprintable()
            assert one.help.isprintable()
            assert one == found[0]
