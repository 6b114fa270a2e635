"""Documents to typed objects: defaults, identity, and what is said where the API server would refuse."""

from __future__ import annotations

import copy
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netwright.base.spans import Place, dotted
from netwright.dialects.adminpolicy import decode as adminpolicy
from netwright.dialects.calico import decode as calico
from netwright.dialects.cilium import decode as cilium
from netwright.dialects.gateway import decode as gateway
from netwright.dialects.istio import decode as istio
from netwright.dialects.k8s import decode as module
from netwright.dialects.k8s import objects
from netwright.dialects.k8s.decode import Invalid, decode
from netwright.dialects.kubemacpool import decode as kubemacpool
from netwright.dialects.kubevirt import decode as kubevirt
from netwright.dialects.multus import decode as multus
from netwright.dialects.nmstate import decode as nmstate
from netwright.dialects.openshift import decode as openshift
from netwright.dialects.ovn import decode as ovn
from netwright.dialects.sriov import decode as sriov
from netwright.model.document import Decoded, Document
from netwright.model.kind_lists import KINDS, find
from netwright.sources.account import Account
from netwright.sources.document_text import read_text
from netwright.sources.positions import Span

PLACE = Place(file="shop.yaml", document=2)


def document(object_: Any, *, as_json: bool = False) -> Document:
    """As reading hands it over, of YAML and of JSON."""
    account = Account()
    if as_json:
        read_text(account, PLACE.file, json.dumps(object_).encode(), in_chart=lambda: False)
    else:
        account.texts.keep(PLACE.file, b"")
        account.add_tree(object_, PLACE.file, Span(json=False, start=0, end=0))
    return msgspec.structs.replace(account.documents[0], place=PLACE)


def kept(object_: dict[str, Any], **options: str) -> Decoded:
    found = decode(document(object_), **options)
    assert isinstance(found, Decoded), found
    return found


def refused(object_: dict[str, Any], *, as_json: bool = False) -> Invalid:
    found = decode(document(object_, as_json=as_json))
    assert isinstance(found, Invalid), found
    return found


def policy(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "p"}, "spec": spec}


def service(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec}


def controller(selector: dict[str, Any]) -> dict[str, Any]:
    spec = {"selector": selector, "template": {"metadata": {"labels": {"app": "b"}}}}
    return {"apiVersion": "v1", "kind": "ReplicationController", "metadata": {"name": "web"}, "spec": spec}


def test_a_namespaced_object_without_namespace_gets_the_default() -> None:
    assert kept(policy()).namespace == "default"
    assert kept(policy(), default_namespace="shop").namespace == "shop"
    assert (
        kept({**policy(), "metadata": {"name": "p", "namespace": "other"}}, default_namespace="shop").namespace
        == "other"
    )
    assert kept({**policy(), "metadata": {"name": "p", "namespace": ""}}, default_namespace="shop").namespace == "shop"


@pytest.mark.parametrize("kind", ["Namespace", "Node"])
def test_a_cluster_scoped_object_has_no_namespace(kind: str) -> None:
    object_ = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "x", "namespace": "shop"}}
    assert kept(object_, default_namespace="other").namespace == ""


def test_a_generated_name_is_its_prefix() -> None:
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"generateName": "load-"}, "spec": {"template": {}}}
    assert kept(job).name == "load"
    assert kept({**job, "metadata": {"generateName": "load-", "name": "mine"}}).name == "mine"


def test_an_object_carries_its_place_and_its_value() -> None:
    found = kept(policy(podSelector={"matchLabels": {"app": "web"}}))
    assert (found.kind, found.name, found.place) == ("NetworkPolicy", "p", PLACE)
    assert isinstance(found.value, objects.NetworkPolicy)
    assert found.value.spec == objects.NetworkPolicySpec(
        pod_selector=objects.LabelSelector(match_labels={"app": "web"})
    )


def test_a_refused_object_is_known_by_its_header() -> None:
    found = refused(service())
    assert (found.kind, found.namespace, found.name, found.place) == ("Service", "default", "web", PLACE)


@pytest.mark.parametrize(
    ("object_", "pointer", "message", "help_"),
    [
        (
            policy(ingress=[{"ports": "80"}]),
            "spec.ingress[0].ports",
            "`spec.ingress[0].ports` must be a list, found the text `80`",
            "correct the field",
        ),
        (
            policy(ingress=[{"ports": ""}]),
            "spec.ingress[0].ports",
            "`spec.ingress[0].ports` must be a list, found an empty text",
            "correct the field",
        ),
        (
            policy(ingress=[{"ports": [{"port": True}]}]),
            "spec.ingress[0].ports[0].port",
            "`spec.ingress[0].ports[0].port` must be a whole number or text, found `true`",
            "correct the field",
        ),
        (
            policy(podSelector=["app"]),
            "spec.podSelector",
            "`spec.podSelector` must be a mapping, found a list",
            "correct the field",
        ),
        (
            policy(podSelector={"matchLabels": {"a": "x", "b": None, "c": 1.5}}),
            "spec.podSelector.matchLabels.c",
            "`spec.podSelector.matchLabels.c` must be text, found `1.5`",
            "put the value in quotes",
        ),
        (
            policy(podSelector={"matchLabels": {"a": False}}),
            "spec.podSelector.matchLabels.a",
            "`spec.podSelector.matchLabels.a` must be text, found `false`",
            "put the value in quotes; without them YAML reads `n`, `no` and `off` as `false`",
        ),
        (
            controller(selector={"matchLabels": {"app": "b"}}),
            "spec.selector.matchLabels",
            "`spec.selector.matchLabels` is not there in a ReplicationController, whose selector is labels alone",
            "write the labels right below `selector`: `selector: {app: NAME}`",
        ),
        (
            controller(selector={"app": {"a": "b"}}),
            "spec.selector.app",
            "`spec.selector.app` must be text, found a mapping",
            "correct the field",
        ),
        (
            service(ports=[{"port": "80"}]),
            "spec.ports[0].port",
            "`spec.ports[0].port` must be a whole number, found the text `80`",
            "write the number without quotes",
        ),
        (
            policy(ingress=[{"fromm": []}]),
            "spec.ingress[0].fromm",
            "`spec.ingress[0].fromm` is not a field of the API",
            "did you mean `from`?",
        ),
        (
            policy(ingress=[{"podSelector": {}}]),
            "spec.ingress[0].podSelector",
            "`spec.ingress[0].podSelector` is not a field of the API",
            "the fields there are `from`, `ports`",
        ),
        (
            policy(ingress=[{"ports": [{"port": "80"}]}]),
            "spec.ingress[0].ports[0].port",
            "`spec.ingress[0].ports[0].port` is the text `80`; a port is a number, or a name of at most 15 lower case "
            "letters, digits and single `-`, at least one letter, no `-` at the ends",
            "write the number without quotes",
        ),
        (
            policy(ingress=[{"ports": [{"protocol": "tcp"}]}]),
            "spec.ingress[0].ports[0].protocol",
            "`spec.ingress[0].ports[0].protocol` is `tcp`; protocols are `TCP`, `UDP` and `SCTP`",
            "write `TCP`",
        ),
        (
            policy(egress=[{"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/16"]}}]}]),
            "spec.egress[0].to[0].ipBlock.except[0]",
            "`spec.egress[0].to[0].ipBlock.except[0]` is `11.0.0.0/16`, which is not strictly inside `cidr`, "
            "`10.0.0.0/8`",
            "correct the field",
        ),
    ],
)
def test_messages(object_: dict[str, Any], pointer: str, message: str, help_: str) -> None:
    for as_json in (False, True):
        found = refused(object_, as_json=as_json)
        assert (dotted(found.pointer), found.message, found.help) == (pointer, message, help_)


@pytest.mark.parametrize(
    ("kind", "fields", "pointer", "message"),
    [
        (
            "Pod",
            '"spec":{"x":1e400,"hostNetwork":1e400}',
            "spec.hostNetwork",
            "is `1e400`, a number beyond every range",
        ),
        (
            "Service",
            '"spec":{"ports":[{"port":-1e999}]}',
            "spec.ports[0].port",
            "is `-1e999`, a number beyond every range",
        ),
        ("Pod", '"metadata":{"name":"p","labels":{"a":"b","c":1e400}}', "metadata.labels.c", "is `1e400`, a number"),
        ("Pod", f'"spec":{{"hostNetwork":{"9" * 5000}}}', "spec.hostNetwork", f"is `{'9' * 77}...`, a number"),
        ("Pod", '"x":1e400,"spec":{"hostNetwork":3}', "spec.hostNetwork", "must be `true` or `false`, found `3`"),
    ],
)
def test_a_number_beyond_every_range_is_refused_at_its_field(
    kind: str, fields: str, pointer: str, message: str
) -> None:
    raw = f'{{"apiVersion":"v1","kind":"{kind}","metadata":{{"name":"p"}},{fields}}}'.encode()
    found = decode(Document(place=PLACE, api_version="v1", kind=kind, namespace="", name="p", raw=raw))
    assert isinstance(found, Invalid)
    assert dotted(found.pointer) == pointer
    assert found.message.startswith(f"`{pointer}` {message}")


@pytest.mark.parametrize(
    ("kind", "fields", "pointer"),
    [
        ("Pod", {"status": {"podIP": "10.0.0.999"}}, "status.podIP"),
        ("Pod", {"status": {"podIP": "10.0.0.0/8"}}, "status.podIP"),
        ("Pod", {"status": {"podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}, {"ip": "x"}]}}, "status.podIPs[1].ip"),
        ("Node", {"spec": {"podCIDR": "x", "podCIDRs": ["10.0.0.0/24"]}}, "spec.podCIDR"),
        ("Node", {"spec": {"podCIDR": "10.0.0.0/24", "podCIDRs": ["10.0.0.0"]}}, "spec.podCIDRs[0]"),
    ],
)
def test_an_address_that_is_none_is_refused_at_its_field(kind: str, fields: dict[str, Any], pointer: str) -> None:
    found = refused({"apiVersion": "v1", "kind": kind, "metadata": {"name": "x"}, **fields})
    assert dotted(found.pointer) == pointer
    good = {"Pod": {"status": {"podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}, {"ip": "2001:db8::1"}]}}}
    fine = good.get(kind, {"spec": {"podCIDR": "10.0.0.0/24", "podCIDRs": ["10.0.0.0/24", "2001:db8::/64"]}})
    kept({"apiVersion": "v1", "kind": kind, "metadata": {"name": "x"}, **fine})


def test_a_prefix_length_of_thousands_of_digits_is_refused() -> None:
    found = refused(policy(ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/" + "9" * 5000}}]}]))
    assert dotted(found.pointer) == "spec.ingress[0].from[0].ipBlock.cidr"


def test_the_text_of_the_user_cannot_break_a_line_or_a_terminal() -> None:
    found = refused(policy(podSelector={"matchLabels": {"app": "a\n\x1b[31mb\u2028"}}))
    assert found.message.startswith("`spec.podSelector.matchLabels.app` is `a\\n\\x1b[31mb\\u2028`; ")
    assert refused(policy(**{"a\nb": 1})).message == "`spec.a\\nb` is not a field of the API"
    long = refused(policy(policyTypes=["x" * 10_000]))
    assert len(long.message) < 300


def test_a_document_that_is_not_a_mapping_is_refused() -> None:
    whole = Document(place=None, api_version="v1", kind="Pod", namespace="", name="", raw=[1])
    found = decode(whole)
    assert isinstance(found, Invalid)
    assert found.message == "the object is a list"
    broken = Document(place=None, api_version="v1", kind="Pod", namespace="", name="", raw={1: "x", "metadata": {2: 3}})
    assert isinstance(decode(broken), Invalid)


def test_a_kind_that_is_not_read_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(KeyError):
        decode(document({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}))


# --- the lists of kinds -----------------------------------------------------------------------------------------------


def test_the_kinds_that_are_read_have_a_decoder_and_no_others() -> None:
    listed = {(kind.group, kind.name): kind.namespaced for kind in KINDS if kind.reads == "read"}
    readers = {key: read.namespaced for key, read in module._READS.items()}
    readers |= {("policy.networking.k8s.io", kind): read.namespaced for kind, read in adminpolicy._READS.items()}
    readers |= {("cilium.io", kind): read.namespaced for kind, read in cilium._READS.items()}
    readers |= {(version.partition("/")[0], kind): r.namespaced for (version, kind), r in calico._READS.items()}
    readers |= {(version.partition("/")[0], kind): read.namespaced for (version, kind), read in istio._READS.items()}
    readers |= {("k8s.ovn.org", kind): read.namespaced for kind, read in ovn._READS.items()}
    readers |= {("gateway.networking.k8s.io", kind): read.namespaced for kind, read in gateway._READS.items()}
    readers |= {("k8s.cni.cncf.io", kind): read.namespaced for kind, read in multus._READS.items()}
    readers |= {("route.openshift.io", kind): read.namespaced for kind, read in openshift._READS.items()}
    for dialect in (kubevirt, nmstate, sriov, kubemacpool):
        reads = {kind: read for kind, read in dialect._READS.items() if kind != "ConfigMap"}  # read by its name
        readers |= {(read.version.partition("/")[0], kind): read.namespaced for kind, read in reads.items()}
    moved = {("extensions", name): True for name in module._EXTENSIONS}
    assert listed == readers | moved


def test_every_kind_is_listed_once() -> None:
    names = [(kind.group, kind.name) for kind in KINDS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("group", "name", "reads", "effect", "namespaced", "hosts"),
    [
        ("", "Pod", "read", "none", True, False),
        ("", "ConfigMap", "irrelevant", "none", True, False),
        ("", "Endpoints", "unread", "none", True, False),
        ("policy.networking.k8s.io", "AdminNetworkPolicy", "read", "both", False, False),
        ("policy.networking.k8s.io", "SomethingNewer", "unread", "both", False, False),
        ("cilium.io", "CiliumNetworkPolicy", "read", "both", True, False),
        ("cilium.io", "CiliumClusterwideNetworkPolicy", "read", "both", False, True),
        ("projectcalico.org", "GlobalNetworkPolicy", "read", "both", False, True),
        ("projectcalico.org", "HostEndpoint", "read", "deny", False, True),
        ("crd.projectcalico.org", "NetworkPolicy", "read", "both", True, False),
        ("crd.antrea.io", "NetworkPolicy", "unread", "both", True, False),
        ("security.istio.io", "AuthorizationPolicy", "read", "deny", True, False),
        ("networking.istio.io", "Sidecar", "unread", "deny", True, False),
        ("k8s.ovn.org", "EgressFirewall", "read", "deny", True, False),
        ("k8s.ovn.org", "EgressIP", "read", "none", False, False),
        ("k8s.ovn.org", "ClusterNetworkConnect", "read", "both", False, False),
        ("k8s.ovn.org", "UserDefinedNetwork", "read", "deny", True, False),
        ("k8s.ovn.org", "ClusterUserDefinedNetwork", "read", "deny", False, False),
        ("k8s.cni.cncf.io", "NetworkAttachmentDefinition", "read", "none", True, False),
        ("k8s.cni.cncf.io", "MultiNetworkPolicy", "read", "none", True, False),
        ("gateway.networking.k8s.io", "HTTPRoute", "read", "none", True, False),
        ("gateway.networking.k8s.io", "GatewayClass", "read", "none", False, False),
        ("gateway.networking.k8s.io", "ListenerSet", "unread", "none", True, False),
        ("route.openshift.io", "Route", "read", "none", True, False),
        ("kubevirt.io", "VirtualMachine", "read", "none", True, False),
        ("rbac.authorization.k8s.io", "ClusterRole", "irrelevant", "none", False, False),
    ],
)
def test_what_is_said_of_a_kind(group: str, name: str, reads: str, effect: str, namespaced: bool, hosts: bool) -> None:
    kind = find(group, name)
    assert kind is not None
    assert (kind.reads, kind.effect, kind.namespaced, kind.hosts) == (reads, effect, namespaced, hosts)


def test_a_kind_of_nobody_is_in_no_list() -> None:
    assert find("example.org", "Widget") is None
    assert find("", "NetworkPolicy") is None


# --- any input --------------------------------------------------------------------------------------------------------

SEEDS: tuple[dict[str, Any], ...] = (
    policy(
        podSelector={
            "matchLabels": {"app": "web"},
            "matchExpressions": [{"key": "a", "operator": "In", "values": ["x"]}],
        },
        policyTypes=["Ingress"],
        ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}], "ports": [{"port": 80}]}],
        egress=[{"to": [{"namespaceSelector": {}}], "ports": [{"port": 80, "endPort": 90, "protocol": "TCP"}]}],
    ),
    service(selector={"app": "web"}, ports=[{"port": 80, "targetPort": "http"}], clusterIP="10.96.0.1"),
    {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "labels": {"app": "web"}, "annotations": {"a": "b"}},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "app", "operator": "Exists"}]},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 80, "name": "http"}]}]},
            },
        },
    },
)

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 70000),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(["", "a b", "None", "10.0.0.0/8", "10.0.0.1/8", "::/0", "TCP", "In", "web", "80", "a" * 64]),
    st.sampled_from([[], {}, [None], {"": ""}, {"a": 1}, [[]], [{}]]),
)


def pointers(value: Any, above: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in a tree below its root."""
    steps: list[str | int] = (
        list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    )
    return [place for step in steps for place in ((*above, step), *pointers(value[step], (*above, step)))]


@pytest.mark.parametrize("above", [("spec", "template"), ("spec", "jobTemplate", "spec", "template")])
def test_a_template_is_refused_alike_from_a_tree_and_from_json(above: tuple[str, ...]) -> None:
    kind, version = ("CronJob", "batch/v1") if len(above) > 2 else ("Job", "batch/v1")
    node: dict[str, Any] = {
        "metadata": {"lables": {"app": "web"}},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    }
    for step in reversed(above):
        node = {step: node}
    tree = {"apiVersion": version, "kind": kind, "metadata": {"name": "web", "namespace": "shop"}, **node}
    found = [decode(document(tree, as_json=as_json)) for as_json in (False, True)]
    assert isinstance(found[0], Invalid)
    assert found[0].help == "did you mean `labels`?"
    assert found[1] == found[0]


@given(st.sampled_from(SEEDS), st.data())
def test_any_value_anywhere_is_taken_or_refused_in_one_line(seed: dict[str, Any], data: st.DataObject) -> None:
    tree = copy.deepcopy(seed)
    place = data.draw(st.sampled_from([place for place in pointers(seed) if place[0] in ("metadata", "spec")]))
    node: Any = tree
    for step in place[:-1]:
        node = node[step]
    node[place[-1]] = data.draw(VALUES)
    found = [decode(document(tree, as_json=as_json)) for as_json in (False, True)]
    assert type(found[0]) is type(found[1])
    for one in found:
        if isinstance(one, Invalid):
            assert one.message.isprintable()
            assert one.help.isprintable()
            assert one.help
            assert one == found[0]
