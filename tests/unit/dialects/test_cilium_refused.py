"""What Cilium 1.20.2 and its CRDs refuse: at which field, in which words, and what is said to write instead."""

from __future__ import annotations

import pytest

from netwright.base.spans import dotted
from tests.unit.dialects.cilium_objects import (
    DNS,
    HTTP,
    LISTENER,
    Tree,
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

# --- refused forms ----------------------------------------------------------------------------------------------------

IN = "spec.ingress[0]"
OUT = "spec.egress[0]"
PORTS = f"{OUT}.toPorts[0]"
PEER = f"{IN}.fromEndpoints[0]"

REFUSED: list[tuple[str, Tree, str]] = [
    # the policy and its rules
    ("`spec` is missing", policy(), "spec"),
    ("`spec` is missing", policy(spec=None, specs=None), "spec"),
    ("`metadata.name` is missing", {**pods(ingress=[{}]), "metadata": {}}, "metadata.name"),
    ("has no entry in", pods(), "spec"),
    ("has no entry in", pods(ingress=[], egress=None), "spec"),
    (
        "has no entry in",
        policy(specs=[{"endpointSelector": {}, "ingress": [{}]}, {"endpointSelector": {}}]),
        "specs[1]",
    ),
    ("must be a mapping, found nothing", policy(specs=[None]), "specs[0]"),
    ("is missing; a rule has `endpointSelector`", policy({"ingress": [{}]}), "spec.endpointSelector"),
    (
        "is missing; a rule has `endpointSelector` or `nodeSelector`",
        policy({"endpointSelector": None, "ingress": [{}]}, kind="CiliumClusterwideNetworkPolicy"),
        "spec.endpointSelector",
    ),
    ("has `endpointSelector` and `nodeSelector`", pods(nodeSelector={}, ingress=[{}]), "spec"),
    ("only a CiliumClusterwideNetworkPolicy", policy({"nodeSelector": {}, "ingress": [{}]}), "spec.nodeSelector"),
    ("is not a field of the API", pods(ingres=[{}]), "spec.ingres"),
    ("must be a mapping, found nothing", pods(ingress=[None]), IN),
    ("is missing; a label has a key", pods(ingress=[{}], labels=[{"value": "x"}]), "spec.labels[0].key"),
    ("must be a mapping", pods(ingress=[{}], labels=["a=b"]), "spec.labels[0]"),
    (
        "must be `true` or `false`",
        pods(ingress=[{}], enableDefaultDeny={"ingress": 1}),
        "spec.enableDefaultDeny.ingress",
    ),
    ("at most 32 characters", pods(ingress=[{}], log={"value": "x" * 33}), "spec.log.value"),
    ("all of them printable", pods(ingress=[{}], log={"value": "a\tb"}), "spec.log.value"),
    ("the modes are", pods(ingress=[{"authentication": {"mode": "on"}}]), f"{IN}.authentication.mode"),
    ("is missing; the modes", pods(egress=[{"authentication": {}}]), f"{OUT}.authentication.mode"),
    ("is not a field", pods(ingressDeny=[{"authentication": {}}]), "spec.ingressDeny[0].authentication"),
    # selectors
    ("has the key `a:b:c`", selecting(matchLabels={"a:b:c": ""}), f"{PEER}.matchLabels"),
    ("has the key `:a`", selecting(matchLabels={":a": ""}), f"{PEER}.matchLabels"),
    ("has the key `-a`", selecting(matchLabels={"k8s:-a": ""}), f"{PEER}.matchLabels"),
    ("is `a b`; the value of a label is", selecting(matchLabels={"a": "a b"}), f"{PEER}.matchLabels.a"),
    ("has no value", selecting(matchLabels={"a": None}), f"{PEER}.matchLabels.a"),
    ("must be text, found `1`", selecting(matchLabels={"a": 1}), f"{PEER}.matchLabels.a"),
    ("is not a field of the API", selecting(app="web"), f"{PEER}.app"),
    (
        "is `in`; the operators are",
        selecting(matchExpressions=[{"key": "a", "operator": "in", "values": ["x"]}]),
        f"{PEER}.matchExpressions[0].operator",
    ),
    (
        "needs at least one value",
        selecting(matchExpressions=[{"key": "a", "operator": "In"}]),
        f"{PEER}.matchExpressions[0].values",
    ),
    (
        "takes none",
        selecting(matchExpressions=[{"key": "a", "operator": "Exists", "values": ["x"]}]),
        f"{PEER}.matchExpressions[0].values",
    ),
    (
        "is `a b`; the value of a label is",
        selecting(matchExpressions=[{"key": "a", "operator": "In", "values": ["x", "a b"]}]),
        f"{PEER}.matchExpressions[0].values[1]",
    ),
    (
        "is empty; a value is text",
        selecting(matchExpressions=[{"key": "a", "operator": "In", "values": [None]}]),
        f"{PEER}.matchExpressions[0].values[0]",
    ),
    ("is missing", selecting(matchExpressions=[{"operator": "Exists"}]), f"{PEER}.matchExpressions[0].key"),
    (
        "has the key `a/b/c`",
        selecting(matchExpressions=[{"key": "a/b/c", "operator": "Exists"}]),
        f"{PEER}.matchExpressions[0].key",
    ),
    ("is empty; a requirement", selecting(matchExpressions=[None]), f"{PEER}.matchExpressions[0]"),
    ("must be a mapping, found nothing", pods(ingress=[{"fromEndpoints": [None]}]), PEER),
    (
        "the value of a label is",
        policy({"endpointSelector": {"matchLabels": {"a": "-"}}, "ingress": [{}]}),
        "spec.endpointSelector.matchLabels.a",
    ),
    (
        "has the key",
        policy({"nodeSelector": {"matchLabels": {"": "x"}}, "ingress": [{}]}, kind="CiliumClusterwideNetworkPolicy"),
        "spec.nodeSelector.matchLabels",
    ),
    # forms of peers
    ("has `fromEndpoints` and `fromEntities`", pods(ingress=[{"fromEndpoints": [{}], "fromEntities": ["all"]}]), IN),
    ("has `fromCIDR` and `fromCIDRSet`", pods(ingress=[{"fromCIDR": ["::/0"], "fromCIDRSet": [{"cidr": "::/0"}]}]), IN),
    (
        "has `fromNodes` and `fromGroups`",
        pods(ingressDeny=[{"fromGroups": [{}], "fromNodes": [{}]}]),
        "spec.ingressDeny[0]",
    ),
    ("has `toCIDR` and `toFQDNs`", pods(egress=[{"toFQDNs": [{"matchName": "a"}], "toCIDR": ["::/0"]}]), OUT),
    (
        "has `toEndpoints` and `toServices`",
        pods(egressDeny=[{"toEndpoints": [{}], "toServices": [{}]}]),
        "spec.egressDeny[0]",
    ),
    ("removed in Cilium 1.19", pods(ingress=[{"fromRequires": [{"matchLabels": {}}]}]), f"{IN}.fromRequires"),
    ("removed in Cilium 1.19", pods(egressDeny=[{"toRequires": ["x"]}]), "spec.egressDeny[0].toRequires"),
    ("is not a field", pods(egressDeny=[{"toFQDNs": [{"matchName": "a"}]}]), "spec.egressDeny[0].toFQDNs"),
    ("the entities are", pods(ingress=[{"fromEntities": ["all", "World"]}]), f"{IN}.fromEntities[1]"),
    ("the entities are", pods(egress=[{"toEntities": ["world-ipv4"]}]), f"{OUT}.toEntities[0]"),
    # ranges
    ("is the address `10.0.0.1`", pods(ingress=[{"fromCIDR": ["10.0.0.1"]}]), f"{IN}.fromCIDR[0]"),
    ("not a range", pods(egress=[{"toCIDR": ["::/0", "10.0.0.0/33"]}]), f"{OUT}.toCIDR[1]"),
    ("leading zeros", pods(egress=[{"toCIDR": ["010.0.0.0/8"]}]), f"{OUT}.toCIDR[0]"),
    ("not a range", pods(egress=[{"toCIDR": [""]}]), f"{OUT}.toCIDR[0]"),
    ("IPv4 written as IPv6", pods(egress=[{"toCIDR": ["::ffff:10.0.0.0/104"]}]), f"{OUT}.toCIDR[0]"),
    ("is empty; an entry has one of `cidr`", pods(egress=[{"toCIDRSet": [{}]}]), f"{OUT}.toCIDRSet[0]"),
    (
        "has `cidr` and `cidrGroupRef`",
        pods(egress=[{"toCIDRSet": [{"cidr": "::/0", "cidrGroupRef": "g"}]}]),
        f"{OUT}.toCIDRSet[0]",
    ),
    ("a name is made of", pods(egress=[{"toCIDRSet": [{"cidrGroupRef": "G"}]}]), f"{OUT}.toCIDRSet[0].cidrGroupRef"),
    (
        "the operators are",
        pods(egress=[{"toCIDRSet": [{"cidrGroupSelector": {"matchExpressions": [{"key": "a", "operator": "Is"}]}}]}]),
        f"{OUT}.toCIDRSet[0].cidrGroupSelector.matchExpressions[0].operator",
    ),
    (
        "is not inside `cidr`, `10.0.0.0/8`",
        pods(egress=[{"toCIDRSet": [{"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16", "11.0.0.0/16"]}]}]),
        f"{OUT}.toCIDRSet[0].except[1]",
    ),
    (
        "is not inside `cidr`",
        pods(ingress=[{"fromCIDRSet": [{"cidr": "10.0.0.0/8", "except": ["10.0.0.0/7"]}]}]),
        f"{IN}.fromCIDRSet[0].except[0]",
    ),
    (
        "is not inside `cidr`",
        pods(ingress=[{"fromCIDRSet": [{"cidr": "0.0.0.0/0", "except": ["::/0"]}]}]),
        f"{IN}.fromCIDRSet[0].except[0]",
    ),
    (
        "not a range",
        pods(egress=[{"toCIDRSet": [{"cidrGroupRef": "g", "except": ["x"]}]}]),
        f"{OUT}.toCIDRSet[0].except[0]",
    ),
    # services and names
    (
        "is missing",
        pods(egress=[{"toServices": [{"k8sServiceSelector": {"namespace": "n"}}]}]),
        f"{OUT}.toServices[0].k8sServiceSelector.selector",
    ),
    (
        "the operators are",
        pods(
            egress=[
                {
                    "toServices": [
                        {"k8sServiceSelector": {"selector": {"matchExpressions": [{"key": "a", "operator": ""}]}}}
                    ]
                }
            ]
        ),
        f"{OUT}.toServices[0].k8sServiceSelector.selector.matchExpressions[0].operator",
    ),
    ("is empty; an entry has `matchName`", pods(egress=[{"toFQDNs": [{}]}]), f"{OUT}.toFQDNs[0]"),
    (
        "has `matchName` and `matchPattern`",
        pods(egress=[{"toFQDNs": [{"matchName": "a", "matchPattern": ""}]}]),
        f"{OUT}.toFQDNs[0]",
    ),
    ("is `*.a`", pods(egress=[{"toFQDNs": [{"matchName": "*.a"}]}]), f"{OUT}.toFQDNs[0].matchName"),
    ("is `a..b`", pods(egress=[{"toFQDNs": [{"matchPattern": "a..b"}]}]), f"{OUT}.toFQDNs[0].matchPattern"),
    ("255 characters", pods(egress=[{"toFQDNs": [{"matchName": "x" * 256}]}]), f"{OUT}.toFQDNs[0].matchName"),
    # ports
    ("must be text, found `80`", port(port=80), f"{PORTS}.ports[0].port"),
    ("is ``; a port is", port(port=""), f"{PORTS}.ports[0].port"),
    ("the protocols are", port(port="80", protocol="tcp"), f"{PORTS}.ports[0].protocol"),
    ("the protocols are", port(port="8", protocol="ICMP"), f"{PORTS}.ports[0].protocol"),
    ("ports are 0 to 65535", port(port="80", endPort=65536), f"{PORTS}.ports[0].endPort"),
    ("ports are 0 to 65535", port(port="80", endPort=-1), f"{PORTS}.ports[0].endPort"),
    ("has no ports", port(port="1", protocol="VRRP"), f"{PORTS}.ports[0].port"),
    ("has no ports", port(port="00", protocol="AH"), f"{PORTS}.ports[0].port"),
    ("has 41 entries", to_ports(ports=[{"port": "1"}] * 41), f"{PORTS}.ports"),
    ("has 41 entries", to_ports("egressDeny", ports=[{"port": "1"}] * 41), "spec.egressDeny[0].toPorts[0].ports"),
    ("is not a field", to_ports("ingressDeny", rules=HTTP), "spec.ingressDeny[0].toPorts[0].rules"),
    # ICMP
    ("stands beside `toPorts`", pods(ingress=[{"toPorts": [{}], "icmps": [{}]}]), f"{IN}.icmps"),
    ("stands beside `toPorts`", pods(egressDeny=[{"toPorts": [{}], "icmps": [{}]}]), "spec.egressDeny[0].icmps"),
    ("has 41 entries", pods(egress=[{"icmps": [{"fields": [{"type": 1}] * 41}]}]), f"{OUT}.icmps[0].fields"),
    (
        "the families are",
        pods(egress=[{"icmps": [{"fields": [{"type": 8, "family": "ipv4"}]}]}]),
        f"{OUT}.icmps[0].fields[0].family",
    ),
    ("is missing", pods(egress=[{"icmps": [{"fields": [{"family": "IPv4"}]}]}]), f"{OUT}.icmps[0].fields[0].type"),
    ("is `256`", pods(egress=[{"icmps": [{"fields": [{"type": 256}]}]}]), f"{OUT}.icmps[0].fields[0].type"),
    ("is `-1`", pods(egress=[{"icmps": [{"fields": [{"type": -1}]}]}]), f"{OUT}.icmps[0].fields[0].type"),
    ("is `08`", pods(egress=[{"icmps": [{"fields": [{"type": "08"}]}]}]), f"{OUT}.icmps[0].fields[0].type"),
    # requests
    ("is empty; it has `http` or `dns`", to_ports(rules={}), f"{PORTS}.rules"),
    ("has `http` and `dns`", to_ports(rules={"http": [], "dns": []}), f"{PORTS}.rules"),
    ("removed in Cilium 1.20", to_ports(rules={"kafka": [{"topic": "t"}]}), f"{PORTS}.rules.kafka"),
    ("removed in Cilium 1.20", to_ports(rules={"l7proto": "x", "l7": [{}]}), f"{PORTS}.rules.l7proto"),
    ("removed in Cilium 1.20", to_ports(rules={"l7": [{}]}), f"{PORTS}.rules.l7"),
    ("is missing, which is ANY", to_ports(ports=[{"port": "80"}], rules=HTTP), f"{PORTS}.ports[0].protocol"),
    (
        "is `UDP`; rules of HTTP",
        to_ports(ports=[{"port": "80", "protocol": "TCP"}, {"port": "81", "protocol": "UDP"}], rules=HTTP),
        f"{PORTS}.ports[1].protocol",
    ),
    ("every port", to_ports(ports=[{"port": "0", "protocol": "TCP"}], rules=HTTP), f"{PORTS}.ports[0].port"),
    ("every port", to_ports(ports=[{"port": "0"}], rules=DNS), f"{PORTS}.ports[0].port"),
    ("need their port", to_ports(ports=[], rules=DNS), f"{PORTS}.ports"),
    ("makes a range", to_ports(ports=[{"port": "53", "endPort": 54}], rules=DNS), f"{PORTS}.ports[0].endPort"),
    ("only egress rules look at DNS", to_ports("ingress", rules=DNS), f"{IN}.toPorts[0].rules.dns"),
    ("is `a b`", to_ports(rules={"dns": [{"matchName": "a b"}]}), f"{PORTS}.rules.dns[0].matchName"),
    (
        "those look at DNS only",
        nodes(ingress=[{"toPorts": [{"ports": [{"port": "80", "protocol": "TCP"}], "rules": HTTP}]}]),
        f"{IN}.toPorts[0].rules.http",
    ),
    (
        "those look at DNS only",
        nodes(egress=[{"toPorts": [{"ports": [{"port": "80", "protocol": "TCP"}], "rules": HTTP}]}]),
        f"{PORTS}.rules.http",
    ),
    (
        "is missing; it names a header",
        to_ports(rules={"http": [{"headerMatches": [{}]}]}),
        f"{PORTS}.rules.http[0].headerMatches[0].name",
    ),
    (
        "the actions are",
        to_ports(rules={"http": [{"headerMatches": [{"name": "X", "mismatch": "log"}]}]}),
        f"{PORTS}.rules.http[0].headerMatches[0].mismatch",
    ),
    (
        "is missing",
        to_ports(rules={"http": [{"headerMatches": [{"name": "X", "secret": {"name": ""}}]}]}),
        f"{PORTS}.rules.http[0].headerMatches[0].secret.name",
    ),
    # TLS and listeners
    ("is empty", to_ports(serverNames=[]), f"{PORTS}.serverNames"),
    ("lists one entry twice", to_ports(serverNames=["a", "a"]), f"{PORTS}.serverNames"),
    ("is ``", to_ports(serverNames=["a", ""]), f"{PORTS}.serverNames[1]"),
    ("without `terminatingTLS`", to_ports(serverNames=["a"], rules=HTTP), f"{PORTS}.serverNames"),
    ("is missing", to_ports(terminatingTLS={}), f"{PORTS}.terminatingTLS.secret"),
    ("is missing", to_ports(originatingTLS={"secret": {}}), f"{PORTS}.originatingTLS.secret.name"),
    ("only an egress rule", to_ports("ingress", listener=LISTENER), f"{IN}.toPorts[0].listener"),
    ("stands beside `rules`", to_ports(listener=LISTENER, rules=HTTP), f"{PORTS}.listener"),
    ("is missing", to_ports(listener={"name": "l"}), f"{PORTS}.listener.envoyConfig.name"),
    ("is missing", to_ports(listener={"envoyConfig": {"name": "c"}}), f"{PORTS}.listener.name"),
    (
        "the kinds are",
        to_ports(listener={"name": "l", "envoyConfig": {"name": "c", "kind": "Envoy"}}),
        f"{PORTS}.listener.envoyConfig.kind",
    ),
    ("priorities are 1 to 100", to_ports(listener={**LISTENER, "priority": 0}), f"{PORTS}.listener.priority"),
    # groups of ranges
    ("is missing", {**group(), "spec": None}, "spec"),
    ("is missing", {**group(), "spec": {}}, "spec.externalCIDRs"),
    ("is the address", group("::/0", "10.0.0.1"), "spec.externalCIDRs[1]"),
    ("must be text, found nothing", group(None), "spec.externalCIDRs[0]"),
    ("a name is made of", {**group(), "metadata": {"name": "G"}}, "metadata.name"),
]


@pytest.mark.parametrize(("message", "object_", "pointer"), REFUSED, ids=[f"{at} {what}" for what, _, at in REFUSED])
def test_refused(message: str, object_: Tree, pointer: str) -> None:
    found = refused(object_)
    assert dotted(found.pointer) == pointer
    assert message in found.message
    assert found.help


def test_what_to_write_instead_is_said() -> None:
    expression = {"key": "a", "operator": "notin", "values": ["x"]}
    assert refused(selecting(matchExpressions=[expression])).help == "write `NotIn`"
    assert refused(port(port="80", protocol="udp")).help == "write `UDP`"
    assert refused(port(port="8", protocol="ICMP")).help == "write the types under `icmps`"
    assert refused(pods(ingress=[{"fromCIDR": ["10.0.0.1"]}])).help == "write `10.0.0.1/32`"
    assert refused(pods(ingress=[{"fromCIDR": ["2001:db8::1"]}])).help == "write `2001:db8::1/128`"
    assert refused(pods(ingress=[{"fromEndpoint": []}])).help == "did you mean `fromEndpoints`?"


# --- regular expressions ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        *("/a", "GET|PUT", "^/x(y|z)+$", "[a-z]*", "a{2,3}?", "(?i)x", "(?i:x)", r"\d+\.", "a??", r"\Qa*(\E", "[]a]"),
        *("[^]]", "[[:alpha:]]+", "^*", "()", "a{,2}", "{", "}", "]", "(?P<n>a)", r"\12", "[(]", "[*]", "é*"),
    ],
)
def test_regular_expressions_of_go_are_taken(text: str) -> None:
    kept(to_ports(rules={"http": [{"path": text, "method": text, "host": "*("}]}))


@pytest.mark.parametrize(
    "text",
    [
        *(
            "*",
            "a**",
            "(",
            "[",
            "a\\",
            "(?=a)",
            r"\1",
            r"\8",
            "a)",
            "a)(",
            "a{3,2}",
            "a{1001}",
            "|*",
            "(*)",
            "+a",
            "a{2}{3}",
        ),
        *("(?!a)", "(?<=a)", "[]", "[^]", "(?i)*", "a*+", "(?", "(?>a)", "[[:alpha:]"),
    ],
)
@pytest.mark.parametrize("field", ["path", "method"])
def test_what_go_does_not_take_as_a_regular_expression_is_refused(field: str, text: str) -> None:
    found = refused(to_ports(rules={"http": [{}, {field: text}]}))
    assert dotted(found.pointer) == f"spec.egress[0].toPorts[0].rules.http[1].{field}"
    assert "no regular expression: " in found.message
