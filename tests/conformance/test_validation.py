"""The API server's rules: of every rule an object that it refuses, with the field it names, and one that it takes.

The rules are those of Kubernetes 1.36 on creation (`pkg/apis/{core,apps,batch,discovery,networking}/validation`).
"""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
import yaml

from netwright.base.spans import dotted
from netwright.dialects.k8s.decode import Invalid, decode
from netwright.dialects.k8s.objects import META_FIELDS
from netwright.dialects.k8s.validate_policy import loose_ranges
from netwright.model.document import Decoded, Document
from netwright.sources.account import Account
from netwright.sources.document_text import read_text
from netwright.sources.jsontext import WrittenMeta

Case = tuple[str, str, str]
"""A name for the case, the object or the part of it that varies (YAML), and the field that is refused ("" = taken)."""


def read(object_: dict[str, Any], *, as_json: bool = False) -> Decoded | Invalid:
    if as_json:
        return decode(read_json(object_))
    metadata = object_.get("metadata") or {}
    return decode(
        Document(
            place=None,
            api_version=object_["apiVersion"],
            kind=object_["kind"],
            namespace=metadata.get("namespace") or "",
            name=str(metadata.get("name") or ""),
            raw=object_,
        )
    )


def read_json(object_: dict[str, Any]) -> Document:
    """The object as the text of a file gives it."""
    account = Account()
    read_text(account, "shop.json", json.dumps(object_).encode(), in_chart=lambda: False)
    return account.documents[0]


def judge(object_: dict[str, Any], field: str) -> None:
    """The object is taken (`field` "") or refused at `field`, from a YAML tree and from JSON alike."""
    for as_json in (False, True):
        found = read(object_, as_json=as_json)
        if not field:
            assert isinstance(found, Decoded), found
        else:
            assert isinstance(found, Invalid), f"taken, though `{field}` is wrong"
            assert dotted(found.pointer) == field, found.message
            assert f"`{field}`" in found.message
            assert "\n" not in found.message
            assert not found.message.endswith(".")
            assert found.help


def cases(*rows: Case) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        ("text", "field"), [pytest.param(text, field, id=name) for name, text, field in rows]
    )


def policy(spec: str) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "p", "namespace": "shop"},
        "spec": yaml.safe_load(spec),
    }


# --- NetworkPolicy ----------------------------------------------------------------------------------------------------

POLICIES: tuple[Case, ...] = (
    ("smallest", "{}", ""),
    ("everything", "{podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{}], egress: [{}]}", ""),
    ("null-rule-is-the-empty-rule", "{podSelector: {}, ingress: [null]}", ""),
    ("types-one", "{podSelector: {}, policyTypes: [Egress]}", ""),
    ("types-twice-the-same", "{podSelector: {}, policyTypes: [Egress, Egress]}", ""),
    ("types-lower-case", "{podSelector: {}, policyTypes: [ingress]}", "spec.policyTypes[0]"),
    ("types-three", "{podSelector: {}, policyTypes: [Ingress, Egress, Ingress]}", "spec.policyTypes"),
    ("types-text", "{podSelector: {}, policyTypes: Ingress}", "spec.policyTypes"),
    ("unknown-field-of-spec", "{podselector: {}}", "spec.podselector"),
    ("unknown-field-of-rule", "{ingress: [{form: []}]}", "spec.ingress[0].form"),
    ("to-in-ingress", "{ingress: [{to: []}]}", "spec.ingress[0].to"),
    ("unknown-field-of-peer", "{ingress: [{from: [{podSelector: {}, name: x}]}]}", "spec.ingress[0].from[0].name"),
    ("unknown-field-of-selector", "{podSelector: {app: web}}", "spec.podSelector.app"),
    ("unknown-field-of-port", "{ingress: [{ports: [{number: 80}]}]}", "spec.ingress[0].ports[0].number"),
    ("rules-as-a-mapping", "{ingress: {from: []}}", "spec.ingress"),
    ("ports-as-a-mapping", "{ingress: [{ports: {port: 80}}]}", "spec.ingress[0].ports"),
    # ports
    ("port-number", "{ingress: [{ports: [{port: 1}, {port: 65535}]}]}", ""),
    ("port-zero", "{ingress: [{ports: [{port: 0}]}]}", "spec.ingress[0].ports[0].port"),
    ("port-negative", "{ingress: [{ports: [{port: -1}]}]}", "spec.ingress[0].ports[0].port"),
    ("port-too-high", "{egress: [{ports: [{port: 80}, {port: 65536}]}]}", "spec.egress[0].ports[1].port"),
    ("port-true", "{ingress: [{ports: [{port: true}]}]}", "spec.ingress[0].ports[0].port"),
    ("port-name", "{ingress: [{ports: [{port: http-8080}]}]}", ""),
    ("port-name-15", "{ingress: [{ports: [{port: abcdefghijklmno}]}]}", ""),
    ("port-name-16", "{ingress: [{ports: [{port: abcdefghijklmnop}]}]}", "spec.ingress[0].ports[0].port"),
    ("port-name-digits", "{ingress: [{ports: [{port: '80'}]}]}", "spec.ingress[0].ports[0].port"),
    ("port-name-upper", "{ingress: [{ports: [{port: HTTP}]}]}", "spec.ingress[0].ports[0].port"),
    ("port-name-two-dashes", "{ingress: [{ports: [{port: a--b}]}]}", "spec.ingress[0].ports[0].port"),
    ("port-name-ends-in-dash", "{ingress: [{ports: [{port: web-}]}]}", "spec.ingress[0].ports[0].port"),
    ("port-name-empty", "{ingress: [{ports: [{port: ''}]}]}", "spec.ingress[0].ports[0].port"),
    ("port-null-is-all", "{ingress: [{ports: [{port: null, protocol: UDP}]}]}", ""),
    ("port-entry-null", "{ingress: [{ports: [null]}]}", ""),
    ("protocols", "{ingress: [{ports: [{protocol: TCP}, {protocol: UDP}, {protocol: SCTP}]}]}", ""),
    ("protocol-lower-case", "{ingress: [{ports: [{protocol: tcp}]}]}", "spec.ingress[0].ports[0].protocol"),
    ("protocol-icmp", "{ingress: [{ports: [{protocol: ICMP}]}]}", "spec.ingress[0].ports[0].protocol"),
    ("protocol-empty", "{ingress: [{ports: [{protocol: ''}]}]}", "spec.ingress[0].ports[0].protocol"),
    ("range", "{ingress: [{ports: [{port: 8000, endPort: 9000}]}]}", ""),
    ("range-of-one", "{ingress: [{ports: [{port: 8000, endPort: 8000}]}]}", ""),
    ("range-backwards", "{ingress: [{ports: [{port: 9000, endPort: 8000}]}]}", "spec.ingress[0].ports[0].endPort"),
    ("range-too-high", "{ingress: [{ports: [{port: 9000, endPort: 70000}]}]}", "spec.ingress[0].ports[0].endPort"),
    ("range-from-a-name", "{ingress: [{ports: [{port: http, endPort: 90}]}]}", "spec.ingress[0].ports[0].endPort"),
    ("range-from-nothing", "{ingress: [{ports: [{endPort: 90}]}]}", "spec.ingress[0].ports[0].endPort"),
    ("range-to-text", "{ingress: [{ports: [{port: 1, endPort: '9'}]}]}", "spec.ingress[0].ports[0].endPort"),
    # peers
    ("peer-pods", "{ingress: [{from: [{podSelector: {}}]}]}", ""),
    ("peer-pods-of-namespaces", "{ingress: [{from: [{podSelector: {}, namespaceSelector: {}}]}]}", ""),
    ("peer-empty", "{ingress: [{from: [{}]}]}", "spec.ingress[0].from[0]"),
    ("peer-null", "{egress: [{to: [null]}]}", "spec.egress[0].to[0]"),
    (
        "peer-block-and-pods",
        "{egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}]}]}",
        "spec.egress[0].to[0]",
    ),
    (
        "peer-block-and-namespaces",
        "{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}, namespaceSelector: {}}]}]}",
        "spec.ingress[0].from[0]",
    ),
    # address ranges
    ("cidr-all", "{egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}, {ipBlock: {cidr: '::/0'}}]}]}", ""),
    ("cidr-not-canonical", "{egress: [{to: [{ipBlock: {cidr: '2001:DB8:0::/64'}}]}]}", ""),
    ("cidr-one", "{egress: [{to: [{ipBlock: {cidr: 10.0.0.1/32}}]}]}", ""),
    ("cidr-missing", "{egress: [{to: [{ipBlock: {}}]}]}", "spec.egress[0].to[0].ipBlock.cidr"),
    ("cidr-address", "{egress: [{to: [{ipBlock: {cidr: 10.0.0.1}}]}]}", "spec.egress[0].to[0].ipBlock.cidr"),
    ("cidr-33", "{egress: [{to: [{ipBlock: {cidr: 10.0.0.0/33}}]}]}", "spec.egress[0].to[0].ipBlock.cidr"),
    ("cidr-six-129", "{egress: [{to: [{ipBlock: {cidr: '::/129'}}]}]}", "spec.egress[0].to[0].ipBlock.cidr"),
    ("cidr-netmask", "{egress: [{to: [{ipBlock: {cidr: 10.0.0.0/255.0.0.0}}]}]}", "spec.egress[0].to[0].ipBlock.cidr"),
    ("cidr-256", "{egress: [{to: [{ipBlock: {cidr: 10.0.0.256/32}}]}]}", "spec.egress[0].to[0].ipBlock.cidr"),
    ("cidr-host-bits", "{egress: [{to: [{ipBlock: {cidr: 10.0.0.5/24}}]}]}", ""),
    ("cidr-leading-zero", "{egress: [{to: [{ipBlock: {cidr: 010.0.0.0/8}}]}]}", "spec.egress[0].to[0].ipBlock.cidr"),
    ("cidr-prefix-zero", "{egress: [{to: [{ipBlock: {cidr: 10.0.0.0/08}}]}]}", "spec.egress[0].to[0].ipBlock.cidr"),
    (
        "cidr-four-in-six",
        "{egress: [{to: [{ipBlock: {cidr: '::ffff:10.0.0.0/104'}}]}]}",
        "spec.egress[0].to[0].ipBlock.cidr",
    ),
    ("cidr-zone", "{egress: [{to: [{ipBlock: {cidr: 'fe80::%1/64'}}]}]}", "spec.egress[0].to[0].ipBlock.cidr"),
    ("cidr-space", "{egress: [{to: [{ipBlock: {cidr: '10.0.0.0/8 '}}]}]}", "spec.egress[0].to[0].ipBlock.cidr"),
    ("cidr-name", "{egress: [{to: [{ipBlock: {cidr: example.org}}]}]}", "spec.egress[0].to[0].ipBlock.cidr"),
    ("except", "{egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}]}]}", ""),
    ("except-six", "{egress: [{to: [{ipBlock: {cidr: '2001:db8::/32', except: ['2001:db8:1::/48']}}]}]}", ""),
    (
        "except-outside",
        "{egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16]}}]}]}",
        "spec.egress[0].to[0].ipBlock.except[0]",
    ),
    (
        "except-the-same",
        "{egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.0.0.0/8]}}]}]}",
        "spec.egress[0].to[0].ipBlock.except[1]",
    ),
    (
        "except-wider",
        "{egress: [{to: [{ipBlock: {cidr: 10.1.0.0/16, except: [10.0.0.0/8]}}]}]}",
        "spec.egress[0].to[0].ipBlock.except[0]",
    ),
    (
        "except-of-the-other-family",
        "{egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: ['2001:db8::/64']}}]}]}",
        "spec.egress[0].to[0].ipBlock.except[0]",
    ),
    (
        "except-not-a-range",
        "{egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0]}}]}]}",
        "spec.egress[0].to[0].ipBlock.except[0]",
    ),
    # selectors
    ("labels", "{podSelector: {matchLabels: {example.org/app: web-1.2_3, empty: '', none: null}}}", ""),
    ("label-value-63", "{podSelector: {matchLabels: {app: " + "a" * 63 + "}}}", ""),
    ("label-value-64", "{podSelector: {matchLabels: {app: " + "a" * 64 + "}}}", "spec.podSelector.matchLabels.app"),
    ("label-value-space", "{podSelector: {matchLabels: {app: a b}}}", "spec.podSelector.matchLabels.app"),
    ("label-value-dash", "{podSelector: {matchLabels: {app: web-}}}", "spec.podSelector.matchLabels.app"),
    ("label-value-line", '{podSelector: {matchLabels: {app: "web\\n"}}}', "spec.podSelector.matchLabels.app"),
    ("label-value-number", "{podSelector: {matchLabels: {app: 1}}}", "spec.podSelector.matchLabels.app"),
    ("label-value-true", "{podSelector: {matchLabels: {a: b, app: true}}}", "spec.podSelector.matchLabels.app"),
    ("label-key-empty", "{podSelector: {matchLabels: {'': x}}}", "spec.podSelector.matchLabels"),
    ("label-key-64", "{podSelector: {matchLabels: {" + "k" * 64 + ": x}}}", "spec.podSelector.matchLabels"),
    ("label-key-two-slashes", "{podSelector: {matchLabels: {a/b/c: x}}}", "spec.podSelector.matchLabels"),
    ("label-key-upper-prefix", "{podSelector: {matchLabels: {Example.org/app: x}}}", "spec.podSelector.matchLabels"),
    ("label-key-no-prefix", "{podSelector: {matchLabels: {/app: x}}}", "spec.podSelector.matchLabels"),
    (
        "operators",
        "{podSelector: {matchExpressions: [{key: a, operator: In, values: [x]},"
        " {key: a, operator: NotIn, values: [y, '']}, {key: b, operator: Exists},"
        " {key: c, operator: DoesNotExist, values: []}]}}",
        "",
    ),
    (
        "operator-unknown",
        "{podSelector: {matchExpressions: [{key: a, operator: Equals, values: [x]}]}}",
        "spec.podSelector.matchExpressions[0].operator",
    ),
    (
        "operator-missing",
        "{podSelector: {matchExpressions: [{key: a}]}}",
        "spec.podSelector.matchExpressions[0].operator",
    ),
    (
        "in-without-values",
        "{ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: a, operator: In}]}}]}]}",
        "spec.ingress[0].from[0].namespaceSelector.matchExpressions[0].values",
    ),
    (
        "exists-with-values",
        "{ingress: [{from: [{podSelector: {matchExpressions: [{key: a, operator: Exists, values: [x]}]}}]}]}",
        "spec.ingress[0].from[0].podSelector.matchExpressions[0].values",
    ),
    (
        "value-of-in",
        "{podSelector: {matchExpressions: [{key: a, operator: In, values: [x, 'y z']}]}}",
        "spec.podSelector.matchExpressions[0].values[1]",
    ),
    (
        "key-missing",
        "{podSelector: {matchExpressions: [{operator: Exists}]}}",
        "spec.podSelector.matchExpressions[0].key",
    ),
)


@cases(*POLICIES)
def test_network_policy(text: str, field: str) -> None:
    judge(policy(text), field)


def test_fields_at_the_top_of_a_policy() -> None:
    judge({**policy("{}"), "status": {}}, "")
    found = read({**policy("{}"), "Spec": {"podSelector": {}}})
    assert isinstance(found, Invalid)
    assert found.message == "`Spec` is not a field of the API"
    assert found.help == "did you mean `spec`?"


def test_host_bits_of_a_policy_are_cut_off_and_told() -> None:
    """Servers before 1.36 take them, and what is stored stays: the range is the same for every implementation."""
    block = "{ipBlock: {cidr: 10.0.0.5/24, except: [10.0.0.9/29, 10.0.0.64/28]}}"
    written = policy(f"{{ingress: [{{from: [{{podSelector: {{}}}}, {block}]}}], egress: [null, {{to: [{block}]}}]}}")
    found = read(written)
    assert not isinstance(found, Invalid)
    told = [(pointer[1:], text, str(network)) for pointer, text, network in loose_ranges(found.value.spec)]
    assert told == [
        (("ingress", 0, "from", 1, "ipBlock", "cidr"), "10.0.0.5/24", "10.0.0.0/24"),
        (("ingress", 0, "from", 1, "ipBlock", "except", 0), "10.0.0.9/29", "10.0.0.8/29"),
        (("egress", 1, "to", 0, "ipBlock", "cidr"), "10.0.0.5/24", "10.0.0.0/24"),
        (("egress", 1, "to", 0, "ipBlock", "except", 0), "10.0.0.9/29", "10.0.0.8/29"),
    ]
    zeros = policy("{egress: [{to: [{ipBlock: {cidr: 010.0.0.0/8}}]}]}")
    stored = {**zeros, "metadata": {**zeros["metadata"], "uid": "7b3e0f3e-0000-4000-8000-000000000001"}}
    judge(stored, "spec.egress[0].to[0].ipBlock.cidr")


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("010.0.0.0/8", True),
        ("10.0.0.000/32", True),
        ("10.0.0.0/08", True),
        ("::ffff:10.0.0.0/104", True),
        ("::ffff:010.0.0.0/0104", True),
        ("0256.0.0.0/8", False),
        ("010.0.0.0/033", False),
        ("010.0.0.0/", False),
        ("010.0.0/8", False),
        ("fe80::1%eth0/64", False),
        ("::ffff:10.0.0.0/129", False),
        ("nonsense", False),
    ],
)
def test_what_earlier_servers_took_is_told_apart(text: str, taken: bool) -> None:
    """They read addresses as Go did before 1.17 (`ParseCIDRSloppy` of k8s.io/utils), and refuse the rest."""
    for where in ("cidr", "except[0]"):
        around = "::/0" if ":" in text else "0.0.0.0/0"
        block = {"cidr": text} if where == "cidr" else {"cidr": around, "except": [text]}
        rule = {"to": [{"ipBlock": block}]}
        found = read({**policy("{}"), "spec": {"podSelector": {}, "egress": [rule]}})
        assert isinstance(found, Invalid)
        assert (dotted(found.pointer), found.once_taken) == (f"spec.egress[0].to[0].ipBlock.{where}", taken)


# --- metadata ---------------------------------------------------------------------------------------------------------

METADATA: tuple[Case, ...] = (
    ("plain", "Pod {name: web}", ""),
    ("subdomain", "Pod {name: web.shop.1}", ""),
    ("name-253", "Pod {name: " + "a" * 253 + "}", ""),
    ("name-254", "Pod {name: " + "a" * 254 + "}", "metadata.name"),
    ("name-missing", "Pod {labels: {}}", "metadata.name"),
    ("name-upper", "Pod {name: Web}", "metadata.name"),
    ("name-underscore", "Pod {name: my_web}", "metadata.name"),
    ("name-dash", "Pod {name: -web}", "metadata.name"),
    ("name-two-dots", "Pod {name: web..shop}", "metadata.name"),
    ("name-number", "Pod {name: 12}", "metadata.name"),
    ("name-letters-of-others", "Pod {name: wéb}", "metadata.name"),
    ("namespace", "Pod {name: web, namespace: shop-1}", ""),
    ("namespace-dot", "Pod {name: web, namespace: shop.eu}", "metadata.namespace"),
    ("namespace-64", "Pod {name: web, namespace: " + "n" * 64 + "}", "metadata.namespace"),
    ("labels-value", "Pod {name: web, labels: {a: 'x y'}}", "metadata.labels.a"),
    ("labels-number", "Pod {name: web, labels: {b: x, a: 1}}", "metadata.labels.a"),
    ("labels-key", "Pod {name: web, labels: {'a b': x}}", "metadata.labels"),
    ("labels-list", "Pod {name: web, labels: [a]}", "metadata.labels"),
    ("annotations", "Pod {name: web, annotations: {Example.Org/Key: 'any text, of any length'}}", ""),
    ("annotations-key", "Pod {name: web, annotations: {'a b': x}}", "metadata.annotations"),
    ("annotations-true", "Pod {name: web, annotations: {a: true}}", "metadata.annotations.a"),
    ("annotations-too-long", "Pod {name: web, annotations: {a: " + "x" * 262144 + "}}", "metadata.annotations"),
    ("generated", "Pod {generateName: web-}", ""),
    ("generated-nothing", "Pod {generateName: -}", "metadata.generateName"),
    ("generated-upper", "Pod {generateName: Web-}", "metadata.name"),
    ("namespaces-are-labels", "Namespace {name: shop}", ""),
    ("namespaces-have-no-dots", "Namespace {name: shop.eu}", "metadata.name"),
    ("service-accounts", "ServiceAccount {name: web.bot}", ""),
    ("service-accounts-upper", "ServiceAccount {name: Web}", "metadata.name"),
    ("nodes", "Node {name: node-1.example.org}", ""),
    ("nodes-upper", "Node {name: Node1}", "metadata.name"),
)


@cases(*METADATA)
def test_metadata(text: str, field: str) -> None:
    kind, _, metadata = text.partition(" ")
    object_: dict[str, Any] = {"apiVersion": "v1", "kind": kind, "metadata": yaml.safe_load(metadata)}
    if kind == "Pod":
        object_["spec"] = {"containers": [{"name": "c", "image": "example/web:1"}]}
    judge(object_, field)


# --- pods and what makes them -----------------------------------------------------------------------------------------

PODS: tuple[Case, ...] = (
    (
        "ports",
        "{containers: [{ports: [{containerPort: 80, name: http, protocol: TCP}, {containerPort: 53, protocol: UDP}]}]}",
        "",
    ),
    ("port-missing", "{containers: [{ports: [{name: http}]}]}", "spec.containers[0].ports[0].containerPort"),
    ("port-too-high", "{containers: [{ports: [{containerPort: 65536}]}]}", "spec.containers[0].ports[0].containerPort"),
    ("port-text", "{containers: [{ports: [{containerPort: '80'}]}]}", "spec.containers[0].ports[0].containerPort"),
    ("port-name", "{containers: [{ports: [{containerPort: 80, name: Web}]}]}", "spec.containers[0].ports[0].name"),
    (
        "port-name-twice-in-a-container",
        "{containers: [{ports: [{containerPort: 80, name: web}, {containerPort: 81, name: web}]}]}",
        "spec.containers[0].ports[1].name",
    ),
    (
        "port-name-in-two-containers",
        "{containers: [{ports: [{containerPort: 80, name: web}]}, {ports: [{containerPort: 81, name: web}]}]}",
        "",
    ),
    (
        "protocol",
        "{containers: [{ports: [{containerPort: 80, protocol: HTTP}]}]}",
        "spec.containers[0].ports[0].protocol",
    ),
    ("host-port", "{containers: [{ports: [{containerPort: 80, hostPort: 8080}]}]}", ""),
    (
        "host-port-too-high",
        "{containers: [{ports: [{containerPort: 80, hostPort: 80800}]}]}",
        "spec.containers[0].ports[0].hostPort",
    ),
    (
        "host-port-on-the-host-network",
        "{hostNetwork: true, containers: [{ports: [{containerPort: 80, hostPort: 8080}]}]}",
        "spec.containers[0].ports[0].hostPort",
    ),
    (
        "host-port-taken",
        "{containers: [{ports: [{containerPort: 80, hostPort: 80}]}, {ports: [{containerPort: 81, hostPort: 80}]}]}",
        "spec.containers[1].ports[0].hostPort",
    ),
    (
        "init-container",
        "{initContainers: [{ports: [{containerPort: 0}]}]}",
        "spec.initContainers[0].ports[0].containerPort",
    ),
    ("node", "{nodeName: Node_1}", "spec.nodeName"),
    ("account", "{serviceAccountName: my_bot}", "spec.serviceAccountName"),
    ("hostname", "{hostname: a.b}", "spec.hostname"),
    ("subdomain", "{hostname: a, subdomain: b.c}", "spec.subdomain"),
    ("names", "{hostname: a, subdomain: b, serviceAccountName: my-bot}", ""),
)


def _complete(spec: dict[str, Any]) -> dict[str, Any]:
    """A pod spec with the names and images that the cases leave out."""
    for side in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(side, ())):
            container.update(name=f"{side[0]}{index}", image="example/app:1")
    spec.setdefault("containers", [{"name": "c0", "image": "example/app:1"}])
    return spec


@cases(*PODS)
def test_pod(text: str, field: str) -> None:
    judge(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": _complete(yaml.safe_load(text))}, field
    )


def workload(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    """A workload around `spec`; the pods of its template are completed."""
    versions = {"ReplicationController": "v1", "Job": "batch/v1", "CronJob": "batch/v1"}
    holder = spec
    if kind == "CronJob":
        spec = {"schedule": "* * * * *", "jobTemplate": {"spec": spec}}
    if (template := holder.get("template")) is not None:
        template["spec"] = _complete(template.get("spec") or {})
        if kind in ("Job", "CronJob"):
            template["spec"]["restartPolicy"] = "Never"
    return {"apiVersion": versions.get(kind, "apps/v1"), "kind": kind, "metadata": {"name": "w"}, "spec": spec}


WEB = "template: {metadata: {labels: {app: web, tier: front}}}"

SELECTED: tuple[Case, ...] = (
    ("matches", "{selector: {matchLabels: {app: web}}, " + WEB + "}", ""),
    (
        "expressions",
        "{selector: {matchExpressions: [{key: app, operator: In, values: [web, x]}, {key: tier, operator: Exists},"
        " {key: app, operator: NotIn, values: [y]}, {key: other, operator: DoesNotExist}]}, " + WEB + "}",
        "",
    ),
    (
        "both",
        "{selector: {matchLabels: {app: web}, matchExpressions: [{key: tier, operator: Exists}]}, " + WEB + "}",
        "",
    ),
    ("missing", "{" + WEB + "}", "spec.selector"),
    ("empty", "{selector: {}, " + WEB + "}", "spec.selector"),
    ("of-nothing", "{selector: {matchLabels: {}}, " + WEB + "}", "spec.selector"),
    ("other-value", "{selector: {matchLabels: {app: db}}, " + WEB + "}", "spec.template.metadata.labels"),
    ("other-key", "{selector: {matchLabels: {app: web, name: web}}, " + WEB + "}", "spec.template.metadata.labels"),
    ("no-labels", "{selector: {matchLabels: {app: web}}, template: {}}", "spec.template.metadata.labels"),
    (
        "expression-fails",
        "{selector: {matchExpressions: [{key: tier, operator: DoesNotExist}]}, " + WEB + "}",
        "spec.template.metadata.labels",
    ),
    (
        "expression-unknown",
        "{selector: {matchExpressions: [{key: tier, operator: Has}]}, " + WEB + "}",
        "spec.selector.matchExpressions[0].operator",
    ),
    (
        "label-of-template",
        "{selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web, bad: 'a b'}}}}",
        "spec.template.metadata.labels.bad",
    ),
    ("plain-map", "{selector: {app: web}, " + WEB + "}", "spec.selector.app"),
    ("number", "{selector: {matchLabels: {app: 1}}, " + WEB + "}", "spec.selector.matchLabels.app"),
    (
        "port-of-template",
        "{selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{ports:"
        " [{containerPort: 99999}]}]}}}",
        "spec.template.spec.containers[0].ports[0].containerPort",
    ),
)


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"])
@cases(*SELECTED)
def test_workload_with_a_selector(kind: str, text: str, field: str) -> None:
    judge(workload(kind, yaml.safe_load(text)), field)


WORKLOADS: tuple[Case, ...] = (
    ("replicas-none", "Deployment {replicas: 0, selector: {matchLabels: {app: web}}, " + WEB + "}", ""),
    (
        "replicas-negative",
        "Deployment {replicas: -1, selector: {matchLabels: {app: web}}, " + WEB + "}",
        "spec.replicas",
    ),
    ("replicas-text", "Deployment {replicas: two, selector: {matchLabels: {app: web}}, " + WEB + "}", "spec.replicas"),
    ("daemons-counted", "DaemonSet {replicas: 0, selector: {matchLabels: {app: web}}, " + WEB + "}", "spec.replicas"),
    ("daemons-null", "DaemonSet {replicas: null, selector: {matchLabels: {app: web}}, " + WEB + "}", ""),
    ("job-counted", "Job {replicas: 2, " + WEB + "}", "spec.replicas"),
    ("set-service", "StatefulSet {serviceName: web, selector: {matchLabels: {app: web}}, " + WEB + "}", ""),
    (
        "set-service-dots",
        "StatefulSet {serviceName: web.eu, selector: {matchLabels: {app: web}}, " + WEB + "}",
        "spec.serviceName",
    ),
    ("rc-selector", "ReplicationController {selector: {app: web}, " + WEB + "}", ""),
    ("rc-takes-the-labels", "ReplicationController {" + WEB + "}", ""),
    ("rc-no-match", "ReplicationController {selector: {app: db}, " + WEB + "}", "spec.template.metadata.labels"),
    ("rc-number", "ReplicationController {selector: {app: 1}, " + WEB + "}", "spec.selector.app"),
    ("rc-no-labels", "ReplicationController {template: {}}", "spec.selector"),
    ("rc-no-template", "ReplicationController {selector: {app: web}}", "spec.template"),
    ("job", "Job {" + WEB + "}", ""),
    ("job-no-template", "Job {}", "spec.template"),
    ("annotations", "Job {template: {metadata: {annotations: {'a b': x}}}}", "spec.template.metadata.annotations"),
    ("job-labels", "Job {template: {metadata: {labels: {a: -}}}}", "spec.template.metadata.labels.a"),
    ("cron-job", "CronJob {" + WEB + "}", ""),
    ("cron-job-no-template", "CronJob {}", "spec.jobTemplate.spec.template"),
    (
        "cron-job-labels",
        "CronJob {template: {metadata: {labels: {a: -}}}}",
        "spec.jobTemplate.spec.template.metadata.labels.a",
    ),
    (
        "cron-job-selector",
        "CronJob {selector: {matchLabels: {app: web}}, " + WEB + "}",
        "spec.jobTemplate.spec.selector",
    ),
)


@cases(*WORKLOADS)
def test_workload(text: str, field: str) -> None:
    kind, _, spec = text.partition(" ")
    judge(workload(kind, yaml.safe_load(spec)), field)


METADATA = {
    "generateName": "p-",
    "labels": {"a": "b"},
    "annotations": {},
    "ownerReferences": [],
    "finalizers": ["example.com/f"],
    "uid": "7b3e0f3e-0000-4000-8000-000000000001",
    "resourceVersion": "1",
    "generation": 1,
    "creationTimestamp": None,
    "deletionTimestamp": None,
    "deletionGracePeriodSeconds": 30,
    "managedFields": [{"manager": "kubectl"}],
    "selfLink": "/x",
}


@pytest.mark.parametrize("kind", ["Namespace", "NetworkPolicy", "ServiceAccount"])
def test_metadata_has_the_fields_of_the_api(kind: str) -> None:
    group = "networking.k8s.io/" if kind == "NetworkPolicy" else ""
    judge({"apiVersion": f"{group}v1", "kind": kind, "metadata": {"name": "p", **METADATA}}, "")


@pytest.mark.parametrize(
    ("metadata", "near"),
    [
        ({"name": "p", "nmespace": "x"}, "did you mean `namespace`?"),
        ({"name": "p", "NameSpace": "x"}, "did you mean `namespace`?"),
        ({"nmae": "p"}, "did you mean `name`?"),
        ({"name": "p", "spec": {}}, "the fields that are written there are `name`, "),
        ({"name": "p", "namespace": "shop", "annotation": {"a": "b"}}, "did you mean `annotations`?"),
        ({"name": "p", "namespace": "shop", "labels": {"a": "b"}, "ownerReference": []}, "did you mean `ownerRef"),
    ],
)
def test_a_field_that_metadata_does_not_have(metadata: dict[str, Any], near: str) -> None:
    field = next(key for key in metadata if key not in ("name", "namespace", "labels"))
    object_ = {**policy("{podSelector: {}}"), "metadata": metadata}
    judge(object_, f"metadata.{field}")
    found = read(object_)
    assert isinstance(found, Invalid)
    assert found.help.startswith(near)


def test_fields_that_metadata_does_not_have_by_where_they_are_written() -> None:
    lost = {"metadata": {"name": "p", "lables": {"app": "web"}}, "spec": {"containers": [{"name": "c"}]}}
    judge({"apiVersion": "v1", "kind": "Pod", **lost}, "metadata.lables")
    for kind, field in (("Deployment", "spec.template"), ("CronJob", "spec.jobTemplate.spec.template")):
        selector = {} if kind == "CronJob" else {"selector": {"matchLabels": {"app": "web"}}}
        for name, help_text in (("anotations", "did you mean `annotations`?"), ("x", "the fields there are `name`, ")):
            metadata = {"labels": {"app": "web"}, "creationTimestamp": None, name: {}}
            object_ = workload(kind, {**selector, "template": {"metadata": metadata}})
            judge(object_, f"{field}.metadata.{name}")
            found = read(object_, as_json=True)
            assert isinstance(found, Invalid)
            assert found.help.startswith(help_text)


def test_one_object_of_a_list_in_json_has_a_field_that_metadata_does_not_have() -> None:
    fine = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    lost = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "shop", "annotation": {}}}
    account = Account()
    listed = {"apiVersion": "v1", "kind": "List", "metadata": {"continue": ""}, "items": [fine, lost, fine]}
    read_text(account, "shop.json", json.dumps(listed).encode(), in_chart=lambda: False)
    found = [decode(document) for document in account.documents]
    assert [type(one) for one in found] == [Decoded, Invalid, Decoded]
    assert isinstance(found[1], Invalid)
    assert found[1].place is not None
    assert (dotted(found[1].pointer), found[1].place.item) == ("metadata.annotation", ("items", 1))
    position = account.texts.position(found[1].place, found[1].pointer)
    assert position is not None
    assert json.dumps(listed)[: position.column - 1].endswith('"annotation": ')


def test_reading_texts_knows_the_fields_of_metadata_that_decoding_knows() -> None:
    assert tuple(field.encode_name for field in msgspec.structs.fields(WrittenMeta)) == (
        "name",
        "namespace",
        "generateName",
        *META_FIELDS[3:],
    )


@pytest.mark.parametrize(("kind", "field"), [("Deployment", ""), ("ReplicaSet", ""), ("StatefulSet", "metadata.name")])
def test_name_of_a_stateful_set_is_one_dns_label(kind: str, field: str) -> None:
    object_ = workload(kind, yaml.safe_load("{selector: {matchLabels: {app: web}}, " + WEB + "}"))
    judge({**object_, "metadata": {"name": "web.eu"}}, field)
    judge({**object_, "metadata": {"name": "web.eu", "uid": "7b3e0f3e-0000-4000-8000-000000000001"}}, "")


@pytest.mark.parametrize(("length", "field"), [(52, ""), (53, "metadata.name")])
def test_name_of_a_cron_job_leaves_room_for_its_jobs(length: int, field: str) -> None:
    judge({**workload("CronJob", yaml.safe_load("{" + WEB + "}")), "metadata": {"name": "c" * length}}, field)


# --- services ---------------------------------------------------------------------------------------------------------

SERVICES: tuple[Case, ...] = (
    ("plain", "{selector: {app: web}, ports: [{port: 80}]}", ""),
    ("no-ports", "{selector: {app: web}}", "spec.ports"),
    ("headless-no-ports", "{clusterIP: None, selector: {app: web}}", ""),
    ("external-name", "{type: ExternalName, externalName: db.example.org}", ""),
    ("external-name-dot", "{type: ExternalName, externalName: db.example.org.}", ""),
    ("external-name-missing", "{type: ExternalName}", "spec.externalName"),
    ("external-name-upper", "{type: ExternalName, externalName: DB_1}", "spec.externalName"),
    ("external-name-address", "{type: ExternalName, externalName: a.org, clusterIP: 10.0.0.1}", "spec.clusterIP"),
    ("external-name-family", "{type: ExternalName, externalName: a.org, ipFamilies: [IPv4]}", "spec.ipFamilies"),
    ("type", "{type: Loadbalancer, ports: [{port: 80}]}", "spec.type"),
    ("headless-node-port", "{type: NodePort, clusterIP: None, ports: [{port: 80}]}", "spec.clusterIP"),
    ("headless-balancer", "{type: LoadBalancer, clusterIP: None, ports: [{port: 80}]}", "spec.clusterIP"),
    ("two-named", "{ports: [{port: 80, name: a}, {port: 81, name: b}]}", ""),
    ("two-unnamed", "{ports: [{port: 80, name: a}, {port: 81}]}", "spec.ports[1].name"),
    ("two-of-one-name", "{ports: [{port: 80, name: a}, {port: 81, name: a}]}", "spec.ports[1].name"),
    ("two-of-one-number", "{ports: [{port: 80, name: a}, {port: 80, name: b}]}", "spec.ports[1].port"),
    ("one-number-two-protocols", "{ports: [{port: 53, name: a}, {port: 53, name: b, protocol: UDP}]}", ""),
    ("name-of-port", "{ports: [{port: 80, name: Web}]}", "spec.ports[0].name"),
    ("name-of-port-long", "{ports: [{port: 80, name: a-name-longer-than-fifteen}]}", ""),
    ("port-missing", "{ports: [{name: web}]}", "spec.ports[0].port"),
    ("port-too-high", "{ports: [{port: 65536}]}", "spec.ports[0].port"),
    ("protocol", "{ports: [{port: 80, protocol: udp}]}", "spec.ports[0].protocol"),
    ("target", "{ports: [{port: 80, targetPort: 8080, name: a}, {port: 81, targetPort: http, name: b}]}", ""),
    ("target-zero-is-the-port", "{ports: [{port: 80, targetPort: 0}]}", ""),
    ("target-too-high", "{ports: [{port: 80, targetPort: 99999}]}", "spec.ports[0].targetPort"),
    ("target-name", "{ports: [{port: 80, targetPort: '8080'}]}", "spec.ports[0].targetPort"),
    ("app-protocol", "{ports: [{port: 80, appProtocol: kubernetes.io/h2c}]}", ""),
    ("app-protocol-space", "{ports: [{port: 80, appProtocol: 'h 2'}]}", "spec.ports[0].appProtocol"),
    ("node-port", "{type: NodePort, ports: [{port: 80, nodePort: 30080}]}", ""),
    ("node-port-too-high", "{type: NodePort, ports: [{port: 80, nodePort: 70000}]}", "spec.ports[0].nodePort"),
    ("node-port-of-cluster-ip", "{ports: [{port: 80, nodePort: 30080}]}", "spec.ports[0].nodePort"),
    (
        "node-port-twice",
        "{type: NodePort, ports: [{port: 80, nodePort: 30080, name: a}, {port: 81, nodePort: 30080, name: b}]}",
        "spec.ports[1].nodePort",
    ),
    ("selector-value", "{selector: {app: 'a b'}, ports: [{port: 80}]}", "spec.selector.app"),
    ("selector-number", "{selector: {app: 1}, ports: [{port: 80}]}", "spec.selector.app"),
    (
        "selector-of-workloads",
        "{selector: {matchLabels: {app: web}}, ports: [{port: 80}]}",
        "spec.selector.matchLabels",
    ),
    ("cluster-ip", "{clusterIP: 10.96.0.10, ports: [{port: 80}]}", ""),
    ("cluster-ip-none-lower", "{clusterIP: none, ports: [{port: 80}]}", "spec.clusterIP"),
    ("cluster-ip-range", "{clusterIP: 10.96.0.0/24, ports: [{port: 80}]}", "spec.clusterIP"),
    (
        "cluster-ips",
        "{clusterIP: 10.96.0.1, clusterIPs: [10.96.0.1, 'fd00::1'], ipFamilies: [IPv4, IPv6], ports: [{port: 1}]}",
        "",
    ),
    ("cluster-ips-differ", "{clusterIP: 10.96.0.1, clusterIPs: [10.96.0.2], ports: [{port: 80}]}", "spec.clusterIPs"),
    (
        "cluster-ips-one-family",
        "{clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1, 10.0.0.2], ports: [{port: 1}]}",
        "spec.clusterIPs[1]",
    ),
    (
        "cluster-ips-three",
        "{clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1, 'fd00::1', 'fd00::2'], ports: [{port: 1}]}",
        "spec.clusterIPs[2]",
    ),
    (
        "cluster-ips-none-second",
        "{clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1, None], ports: [{port: 1}]}",
        "spec.clusterIPs[1]",
    ),
    ("families", "{ipFamilies: [IPv6], ports: [{port: 80}]}", ""),
    ("families-unknown", "{ipFamilies: [ipv6], ports: [{port: 80}]}", "spec.ipFamilies[0]"),
    ("families-twice", "{ipFamilies: [IPv6, IPv6], ports: [{port: 80}]}", "spec.ipFamilies[1]"),
    ("families-differ", "{clusterIP: 10.96.0.1, ipFamilies: [IPv6], ports: [{port: 80}]}", "spec.clusterIP"),
    (
        "external-ips",
        "{externalIPs: [192.0.2.1, '2001:db8::1'], externalTrafficPolicy: Local, ports: [{port: 80}]}",
        "",
    ),
    ("external-ips-name", "{externalIPs: [example.org], ports: [{port: 80}]}", "spec.externalIPs[0]"),
    ("external-ips-loopback", "{externalIPs: [192.0.2.1, 127.0.0.1], ports: [{port: 80}]}", "spec.externalIPs[1]"),
    ("external-ips-link-local", "{externalIPs: ['fe80::1'], ports: [{port: 80}]}", "spec.externalIPs[0]"),
    ("external-ips-zero", "{externalIPs: [010.0.0.1], ports: [{port: 80}]}", "spec.externalIPs[0]"),
    (
        "sources",
        "{type: LoadBalancer, loadBalancerSourceRanges: [192.0.2.0/24, ' 10.0.0.0/8 '], ports: [{port: 80}]}",
        "",
    ),
    (
        "sources-not-a-range",
        "{type: LoadBalancer, loadBalancerSourceRanges: [192.0.2.0/24, 192.0.2.1], ports: [{port: 80}]}",
        "spec.loadBalancerSourceRanges[1]",
    ),
    (
        "sources-of-node-port",
        "{type: NodePort, loadBalancerSourceRanges: [10.0.0.0/8], ports: [{port: 80}]}",
        "spec.loadBalancerSourceRanges",
    ),
    ("external-policy", "{type: NodePort, externalTrafficPolicy: Local, ports: [{port: 80}]}", ""),
    (
        "external-policy-unknown",
        "{type: NodePort, externalTrafficPolicy: local, ports: [{port: 80}]}",
        "spec.externalTrafficPolicy",
    ),
    (
        "external-policy-of-cluster-ip",
        "{externalTrafficPolicy: Local, ports: [{port: 80}]}",
        "spec.externalTrafficPolicy",
    ),
    ("internal-policy", "{internalTrafficPolicy: Local, ports: [{port: 80}]}", ""),
    ("internal-policy-unknown", "{internalTrafficPolicy: Node, ports: [{port: 80}]}", "spec.internalTrafficPolicy"),
)


@cases(*SERVICES)
def test_service(text: str, field: str) -> None:
    judge({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": yaml.safe_load(text)}, field)


@pytest.mark.parametrize(
    ("name", "field"), [("web", ""), ("1-web", ""), ("web.eu", "metadata.name"), ("w" * 64, "metadata.name")]
)
def test_name_of_a_service_is_one_dns_label(name: str, field: str) -> None:
    object_ = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {"ports": [{"port": 80}]}}
    judge(object_, field)


@pytest.mark.parametrize(
    ("type_", "ranges", "field"),
    [
        ("LoadBalancer", "192.0.2.0/24, 10.0.0.0/8", ""),
        ("LoadBalancer", "192.0.2.0", "metadata.annotations.service.beta.kubernetes.io/load-balancer-source-ranges"),
        ("ClusterIP", "192.0.2.0/24", "metadata.annotations.service.beta.kubernetes.io/load-balancer-source-ranges"),
    ],
)
def test_source_ranges_in_the_old_annotation(type_: str, ranges: str, field: str) -> None:
    metadata = {"name": "w", "annotations": {"service.beta.kubernetes.io/load-balancer-source-ranges": ranges}}
    judge(
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"type": type_, "ports": [{"port": 80}]}},
        field,
    )


# --- endpoint slices, ingresses, nodes --------------------------------------------------------------------------------

SLICES: tuple[Case, ...] = (
    (
        "plain",
        "{addressType: IPv4, endpoints: [{addresses: [10.0.0.1], nodeName: n1}], ports: [{port: 80, name: web}]}",
        "",
    ),
    ("six", "{addressType: IPv6, endpoints: [{addresses: ['2001:db8::1']}]}", ""),
    ("names", "{addressType: FQDN, endpoints: [{addresses: [db.example.org]}]}", ""),
    ("type-missing", "{endpoints: []}", "addressType"),
    ("type-unknown", "{addressType: ipv4, endpoints: []}", "addressType"),
    ("no-address", "{addressType: IPv4, endpoints: [{}]}", "endpoints[0].addresses"),
    (
        "many-addresses",
        "{addressType: IPv4, endpoints: [{addresses: [" + "10.0.0.1," * 101 + "]}]}",
        "endpoints[0].addresses",
    ),
    ("other-family", "{addressType: IPv4, endpoints: [{addresses: ['2001:db8::1']}]}", "endpoints[0].addresses[0]"),
    ("not-canonical", "{addressType: IPv6, endpoints: [{addresses: ['2001:DB8::1']}]}", "endpoints[0].addresses[0]"),
    ("loopback", "{addressType: IPv4, endpoints: [{addresses: [10.0.0.1, 127.0.0.1]}]}", "endpoints[0].addresses[1]"),
    ("one-part", "{addressType: FQDN, endpoints: [{addresses: [db]}]}", "endpoints[0].addresses[0]"),
    ("host-name", "{addressType: FQDN, endpoints: [{addresses: [a_b.org]}]}", "endpoints[0].addresses[0]"),
    ("node", "{addressType: IPv4, endpoints: [{addresses: [10.0.0.1], nodeName: N_1}]}", "endpoints[0].nodeName"),
    ("protocol", "{addressType: IPv4, endpoints: [], ports: [{port: 80, protocol: tcp}]}", "ports[0].protocol"),
    ("name-twice", "{addressType: IPv4, endpoints: [], ports: [{port: 80}, {port: 81}]}", "ports[1].name"),
    ("name", "{addressType: IPv4, endpoints: [], ports: [{port: 80, name: A}]}", "ports[0].name"),
)


@cases(*SLICES)
def test_endpoint_slice(text: str, field: str) -> None:
    judge(
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"name": "s"},
            **yaml.safe_load(text),
        },
        field,
    )


def test_a_port_that_cannot_exist_is_refused_though_the_server_does_not_look() -> None:
    object_ = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": {"name": "s"}}
    judge({**object_, "addressType": "IPv4", "endpoints": [], "ports": [{"port": 70000}]}, "ports[0].port")


BACKEND = "backend: {service: {name: web, port: {number: 80}}}"

INGRESSES: tuple[Case, ...] = (
    ("plain", "{rules: [{host: a.org, http: {paths: [{path: /, pathType: Prefix, " + BACKEND + "}]}}]}", ""),
    ("default", "{defaultBackend: {service: {name: web, port: {name: http}}}}", ""),
    ("resource", "{defaultBackend: {resource: {apiGroup: k8s.example.org, kind: Bucket, name: b}}}", ""),
    ("nothing", "{}", "spec"),
    (
        "no-backend",
        "{rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {}}]}}]}",
        "spec.rules[0].http.paths[0].backend",
    ),
    (
        "both-backends",
        "{defaultBackend: {resource: {kind: B, name: b}, service: {name: web, port: {number: 80}}}}",
        "spec.defaultBackend",
    ),
    (
        "no-path-type",
        "{rules: [{http: {paths: [{path: /, " + BACKEND + "}]}}]}",
        "spec.rules[0].http.paths[0].pathType",
    ),
    (
        "path-type",
        "{rules: [{http: {paths: [{path: /, pathType: prefix, " + BACKEND + "}]}}]}",
        "spec.rules[0].http.paths[0].pathType",
    ),
    (
        "path",
        "{rules: [{http: {paths: [{path: a, pathType: Exact, " + BACKEND + "}]}}]}",
        "spec.rules[0].http.paths[0].path",
    ),
    (
        "path-missing",
        "{rules: [{http: {paths: [{pathType: Exact, " + BACKEND + "}]}}]}",
        "spec.rules[0].http.paths[0].path",
    ),
    ("path-of-controller", "{rules: [{http: {paths: [{pathType: ImplementationSpecific, " + BACKEND + "}]}}]}", ""),
    (
        "path-dots",
        "{rules: [{http: {paths: [{path: /a/../b, pathType: Prefix, " + BACKEND + "}]}}]}",
        "spec.rules[0].http.paths[0].path",
    ),
    ("no-paths", "{rules: [{http: {paths: []}}]}", "spec.rules[0].http.paths"),
    ("wildcard", "{rules: [{host: '*.a.org', http: {paths: [{path: /, pathType: Prefix, " + BACKEND + "}]}}]}", ""),
    ("wildcard-inside", "{rules: [{host: a.*.org}]}", "spec.rules[0].host"),
    ("host-address", "{rules: [{host: 10.0.0.1}]}", "spec.rules[0].host"),
    ("host-port", "{rules: [{host: 'a.org:80'}]}", "spec.rules[0].host"),
    (
        "tls-host",
        "{defaultBackend: {service: {name: web, port: {number: 80}}}, tls: [{hosts: [a_b], secretName: s}]}",
        "spec.tls[0].hosts[0]",
    ),
    ("service-name", "{defaultBackend: {service: {port: {number: 80}}}}", "spec.defaultBackend.service.name"),
    ("service-port", "{defaultBackend: {service: {name: web}}}", "spec.defaultBackend.service.port"),
    (
        "service-port-both",
        "{defaultBackend: {service: {name: web, port: {name: a, number: 80}}}}",
        "spec.defaultBackend.service.port",
    ),
    (
        "service-port-number",
        "{defaultBackend: {service: {name: web, port: {number: 99999}}}}",
        "spec.defaultBackend.service.port.number",
    ),
    (
        "service-port-name",
        "{defaultBackend: {service: {name: web, port: {name: '80'}}}}",
        "spec.defaultBackend.service.port.name",
    ),
    (
        "class",
        "{ingressClassName: Nginx, defaultBackend: {service: {name: web, port: {number: 80}}}}",
        "spec.ingressClassName",
    ),
)


@cases(*INGRESSES)
def test_ingress(text: str, field: str) -> None:
    object_ = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "i"}}
    judge({**object_, "spec": yaml.safe_load(text)}, field)


NODES: tuple[Case, ...] = (
    ("none", "{}", ""),
    ("dual", "{podCIDR: 10.0.0.0/24, podCIDRs: [10.0.0.0/24, 'fd00::/64']}", ""),
    ("one", "{podCIDR: 10.0.0.0/24}", ""),
    ("one-not-a-range", "{podCIDR: 10.0.0.0}", "spec.podCIDR"),
    ("not-a-range", "{podCIDR: 10.0.0.0, podCIDRs: [10.0.0.0]}", "spec.podCIDRs[0]"),
    ("one-family", "{podCIDR: 10.0.0.0/24, podCIDRs: [10.0.0.0/24, 10.0.1.0/24]}", "spec.podCIDRs"),
)


@cases(*NODES)
def test_node(text: str, field: str) -> None:
    judge({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}, "spec": yaml.safe_load(text)}, field)


# --- versions ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "kind", "write"),
    [
        ("extensions/v1beta1", "Deployment", "apps/v1"),
        ("extensions/v1beta1", "NetworkPolicy", "networking.k8s.io/v1"),
        ("extensions/v1beta1", "Ingress", "networking.k8s.io/v1"),
        ("apps/v1beta2", "StatefulSet", "apps/v1"),
        ("networking.k8s.io/v1beta1", "Ingress", "networking.k8s.io/v1"),
        ("batch/v1beta1", "CronJob", "batch/v1"),
        ("discovery.k8s.io/v1beta1", "EndpointSlice", "discovery.k8s.io/v1"),
        ("apps/v2", "Deployment", "apps/v1"),
        ("v2", "Pod", "v1"),
    ],
)
def test_versions_that_are_served_no_more(version: str, kind: str, write: str) -> None:
    object_ = {"apiVersion": version, "kind": kind, "metadata": {"name": "x"}, "spec": {}}
    judge(object_, "apiVersion")
    found = read(object_)
    assert isinstance(found, Invalid)
    assert f"`apiVersion: {write}`" in found.help
    assert found.name == "x"
    assert found.namespace == "default"
