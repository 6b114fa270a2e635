"""What becomes of every document of the corpora, counted by hand.

A document is an object after `List` kinds are taken apart, or else a document of YAML that is not only comments; after
`...` one may begin without `---` (YAML 1.2.2, 9.2). A document whose object comes again later is still one that was
evaluated. The numbers were counted with PyYAML and grep, kind by kind; the objects of kinds that are read were put
before the validation code of the API server of Kubernetes 1.36.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import netwright

# folder: (evaluated, irrelevant, not understood, invalid, unreadable)
ACCOUNTS: dict[str, tuple[int, int, int, int, int]] = {
    # 53 NetworkPolicies (14 of them in one NetworkPolicyList), 36 Deployments, 36 Services, 12 Pods and 10 Namespaces
    # in three Lists, 7 ServiceAccounts, 6 Routes; 9 ConfigMaps, 4 bindings of roles.
    "acs-demos": (160, 13, 0, 0, 0),
    # 4 Services, 4 ServiceAccounts, 6 Deployments, 1 Gateway, 9 HTTPRoutes; 2 Gateways and 2 VirtualServices of Istio.
    "bookinfo": (24, 0, 4, 0, 0),
    "calico": (0, 68, 0, 0, 0),  # CustomResourceDefinitions
    # 3 ServiceAccounts, 2 Pods, 1 Service, 33 policies; 9 definitions; one policy without `apiVersion` (it is written
    # `apiversion`); 5 policies that are refused, and the Deployment of demo-pods.yaml.
    "cilium": (39, 9, 1, 6, 0),
    "forklift": (0, 14, 0, 0, 0),
    "frr-k8s": (0, 5, 12, 0, 0),  # 4 definitions, 1 Secret; 12 FRRConfigurations
    # 11 Namespaces, 26 Gateways, 4 GatewayClasses, 51 HTTPRoutes, 7 GRPCRoutes, 4 TCPRoutes, 4 TLSRoutes, 3 UDPRoutes,
    # 3 ReferenceGrants; 23 definitions, 2 admission policies, their bindings; 2 BackendTLSPolicies, 2 ListenerSets, 1
    # kustomization.
    "gateway-api": (113, 27, 5, 0, 0),
    "ipamclaims": (0, 1, 0, 0, 0),
    "istio-authz": (42, 0, 0, 0, 0),  # AuthorizationPolicies
    # 3 ServiceAccounts, 1 Service; 31 JobSets, a Prometheus and a Workflow make pods that are not read.
    "jobset": (4, 27, 33, 0, 0),
    # 2 Ingresses, 4 ServiceAccounts, a Gateway, an HTTPRoute; 17 ConfigMaps, 12 of RBAC, 6 Queues; 37 RayClusters, 19
    # RayJobs.
    "kuberay": (8, 35, 56, 0, 0),
    # 37 machines, one replica set and one pool of them and one migration among these; 5 shapes and preferences, 1
    # MigrationPolicy, 1 preset, 2 PriorityClasses, 1 claim template.
    "kubevirt": (37, 10, 0, 0, 0),
    # 5 Services, 4 NetworkPolicies, 1 DaemonSet, 11 NetworkAttachmentDefinitions, 5 VirtualMachines, 4 instances; 2
    # ConfigMaps; one `Kubevirt`, which is no kind. Refused are partial examples: 10 machines without a name, 2 without
    # a run strategy, 2 without a spec (interfaces.yaml writes `template` beside it), and the two of nad_reference.yaml,
    # cut off by `...` after `kind:`, whose other parts are three documents that are no objects. Broken: three documents
    # of interfaces.yaml.
    "kubevirt-guide": (30, 2, 4, 16, 3),
    "kubevirt-labs": (4, 0, 0, 0, 0),  # 3 VirtualMachines, one of them of `kubevirt.io/v1alpha3`; a Service
    # 17 Jobs (12 with `generateName` only), 3 Pods, 2 Deployments, 1 each of StatefulSet, CronJob, Namespace.
    "kueue": (25, 101, 24, 0, 0),
    "lws": (7, 6, 12, 0, 0),  # 6 Services, 1 ServiceAccount; 12 LeaderWorkerSets
    "metallb": (4, 10, 26, 0, 0),  # 2 Deployments, 2 Services; 26 pools, peers and advertisements
    "multi-networkpolicy": (0, 1, 0, 0, 0),
    "multus": (10, 12, 0, 0, 0),  # 3 DaemonSets, 3 ServiceAccounts, 2 Pods, 2 NetworkAttachmentDefinitions
    # 2 NetworkPolicies, 1 Deployment, 1 Pod, 11 admin policies (4 of the user stories, 7 of the demonstrations); 2
    # definitions; 2 kustomizations, their 2 configurations. Broken: `{key: "tenant"; operator: Exists}` in
    # user-story-4-v1.yaml and user-story-4-v2.yaml.
    "network-policy-api": (15, 2, 4, 0, 2),
    "nmstate": (18, 4, 0, 0, 0),  # a NodeNetworkConfigurationPolicy a file; 4 definitions
    "nsx": (0, 0, 8, 0, 0),  # exports of an NSX manager: JSON, but no Kubernetes objects
    "online-boutique": (
        48,
        0,
        1,
        0,
        0,
    ),  # 12 Deployments, 12 Services, 11 ServiceAccounts, 13 NetworkPolicies; 1 Component
    # 4 NetworkPolicies, 3 Pods, 2 Namespaces, 2 EgressQoS (one after the other), an EgressFirewall, an EgressIP, 4
    # NetworkAttachmentDefinitions, a MultiNetworkPolicy, 7 ClusterUserDefinedNetworks (`blue` three times), a
    # ClusterNetworkConnect; 6 RouteAdvertisements, 4 FRRConfigurations, 4 of other kinds.
    "ovn-kubernetes": (26, 13, 13, 0, 0),
    "policy-recipes": (15, 0, 0, 0, 0),  # 14 files; the eleventh has two
    "sock-shop": (43, 0, 0, 0, 0),  # 14 Deployments, 14 Services, 13 NetworkPolicies, its Namespace twice
    "sriov": (0, 7, 0, 0, 0),
    "trainer": (0, 15, 9, 0, 0),  # 11 runtimes, 4 definitions; 5 TrainJobs, 4 kustomizations
    "volcano": (0, 2, 0, 0, 0),
}


def test_every_folder_is_counted(corpora: Path) -> None:
    assert {folder.name for folder in corpora.iterdir() if folder.is_dir()} == set(ACCOUNTS)


@pytest.mark.parametrize("folder", ACCOUNTS)
def test_accounting(corpora: Path, folder: str) -> None:
    found = netwright.load([str(corpora / folder)]).accounting
    assert (
        found.evaluated,
        found.irrelevant,
        found.not_understood,
        found.invalid,
        found.unreadable,
    ) == ACCOUNTS[folder]


def test_broken_documents_are_named(corpora: Path) -> None:
    """Each with the line on which the parser gives up."""
    broken = [one for one in netwright.load([str(corpora)]).diagnostics if one.code == "NW1001"]
    assert sorted((Path(one.file).name, one.line) for one in broken) == [
        ("interfaces.yaml", 65),  # ` ...` is no end of a document, being indented
        ("interfaces.yaml", 110),
        ("interfaces.yaml", 155),
        ("user-story-4-v1.yaml", 11),  # `;` in a flow mapping
        ("user-story-4-v2.yaml", 10),
    ]


def test_the_refused_objects_are_named(corpora: Path) -> None:
    told = [one for one in netwright.load([str(corpora)]).diagnostics if one.code == "NW1007"]
    refused = [one for one in told if "kubevirt-guide" not in one.file]
    assert sorted((Path(one.file).name, one.line) for one in refused) == [
        ("demo-pods.yaml", 16),  # a Deployment of `extensions/v1beta1`, which no server serves
        ("egress-default-deny.yaml", 6),  # `egress:` without a value is no section, and there is no other
        ("http.yaml", 16),  # `HTTP` in place of `http`
        ("kafka.yaml", 20),  # rules for Kafka, which Cilium 1.20 has no more
        ("l3_l4_combined.yaml", 12),  # `role` beside `matchLabels`, for want of an indent
        ("or-statement.yaml", 11),  # the operator `in`
    ]
    (deployment,) = [one for one in refused if Path(one.file).name == "demo-pods.yaml"]
    assert "`default/leia-deployment`" in deployment.title
    assert deployment.help == "write `apiVersion: apps/v1`"


def test_partial_examples_of_machines_are_named(corpora: Path) -> None:
    refused = [one for one in netwright.load(str(corpora / "kubevirt-guide")).diagnostics if one.code == "NW1007"]
    found = Counter((Path(one.file).name, one.title.partition(": ")[2].partition(";")[0]) for one in refused)
    assert found == {
        ("interfaces_and_networks.yaml", "`metadata.name` is missing"): 10,
        ("interfaces_and_networks.yaml", "`spec.runStrategy` is missing"): 2,
        ("interfaces.yaml", "`spec` is missing"): 2,
        ("nad_reference.yaml", "`metadata.name` is missing"): 2,
    }


# Cilium's examples file by file; each one that is not listed is one policy, which is evaluated.
EXAMPLES = {
    "kubernetes/namespace/isolate-namespaces": (2, 0, 0, 0, 0),
    "kubernetes/serviceaccount/demo-pods": (6, 0, 0, 1, 0),  # 3 ServiceAccounts, 1 Service, 2 Pods; the Deployment
    "l3/entities/from_nodes": (0, 0, 1, 0, 0),
    "l3/egress-default-deny/egress-default-deny": (0, 0, 0, 1, 0),
    "l3/match-expressions/or-statement": (0, 0, 0, 1, 0),
    "l4/l3_l4_combined": (0, 0, 0, 1, 0),
    "l7/http/http": (0, 0, 0, 1, 0),
    "l7/kafka/kafka": (0, 0, 0, 1, 0),
}


def test_examples_of_cilium(corpora: Path) -> None:
    folder = corpora / "cilium" / "examples" / "policies"
    found = {}
    for path in folder.rglob("*.yaml"):
        told = netwright.load(str(path)).accounting
        name = path.relative_to(folder).with_suffix("").as_posix()
        found[name] = (told.evaluated, told.irrelevant, told.not_understood, told.invalid, told.unreadable)
    assert len(found) == 39
    assert found.keys() >= EXAMPLES.keys()
    assert found == {name: EXAMPLES.get(name, (1, 0, 0, 0, 0)) for name in found}
    assert sum(one[0] for one in found.values()) == 39
