"""Findings about Istio's policies: where they are not told; those about NetworkPolicies are not about a mesh."""

from __future__ import annotations

from io import BytesIO

import pytest

import netwright as nw
from netwright.model.finding_codes.istio_identities import STRICT, source
from netwright.model.finding_codes.istio_policies import IN_AMBIENT, IN_MESH, SQL, TO_WEB, by, policy
from netwright.model.finding_codes.manifests import DB, DENY, OUT, WEB, manifest

PROXY = WEB.replace("[{name: web", "[{name: istio-proxy, image: proxy}, {name: web")


def codes(*parts: str, cni: str = "") -> set[str]:
    twin = nw.load("-", stdin=BytesIO(manifest(*parts).encode()), cni=cni)
    return {f.code for f in twin.check().findings if f.code.startswith(("NW27", "NW212"))}


@pytest.mark.parametrize(
    "parts",
    [
        # pods may be in another input
        (policy("rules: [{}]", app="web"),),
        # whether the pods are in the mesh is not known
        (WEB, DB, DENY, policy(by("methods: [GET], ports: ['5432']"), app="db"), SQL),
        # a proxy among the containers is one, whatever the labels
        (IN_MESH.replace("enabled", "disabled"), PROXY, DENY, policy("rules: [{}]", app="web")),
        # a policy that is only watched
        (IN_MESH, WEB, DB, DENY, policy("action: DENY, rules: [{}]").replace("only,", "only, annotations: {DRY},")),
        # the field is not read on TCP, and the ports are not declared TCP
        (IN_MESH, WEB, DB, DENY, policy(by("methods: [DELETE]", "DENY"), app="db")),
        # plaintext is refused
        (IN_MESH, WEB, DB, DENY, policy(source("namespaces: [dev]", "DENY")), STRICT),
        # a mesh that denies what a NetworkPolicy admits is no mistake of the NetworkPolicy
        (IN_MESH, WEB, DB, DENY, OUT, TO_WEB, policy("rules: []"), policy(by("ports: ['1']"), "more")),
    ],
)
def test_what_is_not_determined_is_not_told(parts: tuple[str, ...]) -> None:
    assert codes(*[part.replace("DRY", 'istio.io/dry-run: "true"') for part in parts]) == set()


def test_without_a_mesh_nothing_is_said_of_its_policies() -> None:
    assert codes(IN_MESH, WEB, DB, DENY, policy("action: DENY, rules: [{}]"), cni="upstream:mesh=none") == set()


def test_the_tunnel_is_told_once_for_a_policy_and_not_as_a_refusal() -> None:
    assert codes(IN_AMBIENT, WEB, DB, DENY, OUT, TO_WEB) == {"NW2701"}
