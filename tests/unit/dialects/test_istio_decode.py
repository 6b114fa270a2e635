"""What istiod and the CRDs take and refuse, and what the decoded policies say of themselves."""

from __future__ import annotations

from typing import Any

import pytest

from netwright.dialects.istio.decode import decode
from netwright.dialects.istio.objects import AuthorizationPolicy, DestinationRule, PeerAuthentication
from netwright.dialects.k8s.decode import Invalid
from netwright.model.document import Decoded, Document


def read(kind: str, spec: Any, version: str = "security.istio.io/v1", annotations: dict[str, str] | None = None) -> Any:
    meta = {"name": "one", "namespace": "shop"} | ({"annotations": annotations} if annotations else {})
    tree = {"apiVersion": version, "kind": kind, "metadata": meta, "spec": spec}
    return decode(Document(place=None, api_version=version, kind=kind, namespace="shop", name="one", raw=tree))


def policy(spec: Any, **more: Any) -> Any:
    return read("AuthorizationPolicy", spec, **more)


@pytest.mark.parametrize("version", ["security.istio.io/v1", "security.istio.io/v1beta1"])
@pytest.mark.parametrize("kind", ["AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication"])
def test_both_versions_are_read(kind: str, version: str) -> None:
    found = read(kind, {}, version)
    assert isinstance(found, Decoded)
    assert (found.kind, found.namespace, found.name) == (kind, "shop", "one")


def test_another_version_is_refused() -> None:
    found = policy({}, version="security.istio.io/v1alpha1")
    assert isinstance(found, Invalid)
    assert "security.istio.io/v1" in found.help


def test_what_is_left_out_is_allow_with_no_rule() -> None:
    found: AuthorizationPolicy = policy({}).value
    assert found.action == "ALLOW"
    assert found.spec is not None
    assert found.spec.rules is None


@pytest.mark.parametrize(("text", "watched"), [("true", True), ("T", True), ("1", True), ("yes", False), ("0", False)])
def test_dry_run_is_a_truth_value_of_go(text: str, watched: bool) -> None:
    found: AuthorizationPolicy = policy({"rules": [{}]}, annotations={"istio.io/dry-run": text}).value
    assert found.is_dry_run is watched


SOURCE = {"principals": ["cluster.local/ns/shop/sa/web"]}


@pytest.mark.parametrize(
    ("spec", "at"),
    [
        ({"action": "DENY"}, ("spec", "rules")),
        ({"action": "PERMIT"}, ("spec", "action")),
        ({"action": "CUSTOM", "rules": [{}]}, ("spec", "provider", "name")),
        ({"rules": [{}], "provider": {"name": "x"}}, ("spec", "provider")),
        ({"selector": {}, "targetRef": {"kind": "Service", "name": "x"}}, ("spec",)),
        ({"targetRef": {"kind": "Pod", "name": "x"}}, ("spec", "targetRef")),
        ({"selector": {"matchLabels": {"app": "we*"}}}, ("spec", "selector", "matchLabels", "app")),
        ({"rules": [{"from": []}]}, ("spec", "rules", 0, "from")),
        ({"rules": [{"from": [{}]}]}, ("spec", "rules", 0, "from", 0, "source")),
        ({"rules": [{"from": [{"source": {}}]}]}, ("spec", "rules", 0, "from", 0, "source")),
        ({"rules": [{"to": [{"operation": {"ports": ["http"]}}]}]}, (*("spec", "rules", 0, "to", 0), "operation")),
        ({"rules": [{"when": [{"key": "source.ip"}]}]}, ("spec", "rules", 0, "when", 0)),
        ({"rules": [{"when": [{"key": "source.pod", "values": ["a"]}]}]}, ("spec", "rules", 0, "when", 0, "key")),
        ({"rules": [{"when": [{"key": "source.ip", "values": ["10.0.0.0/40"]}]}]}, ("spec", "rules", 0, "when", 0)),
        (
            {"action": "CUSTOM", "provider": {"name": "x"}, "rules": [{"from": [{"source": SOURCE}]}]},
            ("spec", "rules", 0, "from", 0, "source", "principals"),
        ),
        (
            {"rules": [{"from": [{"source": SOURCE | {"serviceAccounts": ["web"]}}]}]},
            ("spec", "rules", 0, "from", 0, "source"),
        ),
        ({"rules": [{"to": [{"operation": {"paths": ["/a/{b}/{*}"]}}]}]}, ("spec", "rules", 0, "to", 0, "operation")),
        ({"rules": [{"to": [{"operation": {"path": ["/a"]}}]}]}, ("spec", "rules", 0, "to", 0, "operation")),
    ],
)
def test_what_is_refused(spec: Any, at: tuple[str | int, ...]) -> None:
    found = policy(spec)
    assert isinstance(found, Invalid)
    assert found.pointer[: len(at)] == at


@pytest.mark.parametrize(
    "spec",
    [
        {"action": "DENY", "rules": []},
        {"action": "CUSTOM", "provider": {"name": "x"}, "rules": [{"to": [{"operation": {"paths": ["/a"]}}]}]},
        {"rules": [{"from": [{"source": {"serviceAccounts": ["shop/web", "web"]}}]}]},
        {"rules": [{"to": [{"operation": {"paths": ["/a/{*}/b", "/{**}/c", "/x*", "*/y"]}}]}]},
        {"rules": [{"when": [{"key": "request.headers[x-id]", "notValues": ["a*"]}]}]},
        {"targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "waypoint"}]},
        {"targetRefs": [{"group": "", "kind": "Service", "name": "web"}], "rules": [{}]},
    ],
)
def test_what_is_taken(spec: Any) -> None:
    assert isinstance(policy(spec), Decoded)


@pytest.mark.parametrize(
    ("spec", "at"),
    [
        ({"mtls": {"mode": "strict"}}, ("spec", "mtls", "mode")),
        ({"portLevelMtls": {"80": {"mode": "STRICT"}}}, ("spec", "portLevelMtls")),
        (
            {"selector": {"matchLabels": {"a": "b"}}, "portLevelMtls": {"0": {"mode": "STRICT"}}},
            ("spec", "portLevelMtls", "0"),
        ),
    ],
)
def test_what_is_refused_of_peer_authentications(spec: Any, at: tuple[str | int, ...]) -> None:
    found = read("PeerAuthentication", spec)
    assert isinstance(found, Invalid)
    assert found.pointer == at


def test_ports_of_peer_authentications_are_numbers_as_text() -> None:
    found = read(
        "PeerAuthentication", {"selector": {"matchLabels": {"a": "b"}}, "portLevelMtls": {"8080": {"mode": "DISABLE"}}}
    )
    value: PeerAuthentication = found.value
    assert value.spec is not None
    assert value.spec.port_level_mtls is not None
    assert {port: mode.mode for port, mode in value.spec.port_level_mtls.items() if mode} == {"8080": "DISABLE"}


@pytest.mark.parametrize("version", ["v1", "v1beta1", "v1alpha3"])
def test_of_destination_rules_every_mode_of_tls_is_read(version: str) -> None:
    spec = {
        "host": "web",
        "trafficPolicy": {"loadBalancer": {"simple": "RANDOM"}, "portLevelSettings": [{"tls": {"mode": "SIMPLE"}}]},
        "subsets": [{"name": "v1", "trafficPolicy": {"tls": {}}}],
    }
    found: DestinationRule = read("DestinationRule", spec, f"networking.istio.io/{version}").value
    assert found.spec is not None
    assert found.spec.tls_modes == {"SIMPLE", "DISABLE"}
