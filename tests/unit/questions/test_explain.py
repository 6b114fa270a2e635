"""The manual: every word leads somewhere, both ways, and what is not known is not guessed."""

from __future__ import annotations

import re

import pytest

from netwright.base.diagnostics import INPUT_CODES
from netwright.base.errors import UnknownReference
from netwright.model.counterparts import COUNTERPARTS
from netwright.model.glossary import TERMS
from netwright.model.machine_rules import MachineRule, machine_rules
from netwright.model.machine_terms import MACHINE_WORDS
from netwright.profiles.cilium import OPTIONS
from netwright.profiles.differences import DIFFERENCES
from netwright.profiles.known import NAMES as ALL_PROFILES
from netwright.profiles.known import profile_of
from netwright.questions.explain import PROFILES, Page, contents, explain
from netwright.render.explain_text import pages_text
from netwright.render.words import Words

DESIGN = """
endpoint, interface, network, identity, workload, enforcer, profile, tier, rule, end, guard, obligation, verdict, allow,
deny, undecided, isolated, connection, exposed, blast radius, tenant, finding, intent,
snapshot, flow, wave, state, kept,
advertisement, next hop, share, bus bandwidth, iteration, tail, reference
"""
ANSWERS = """
egress, ingress, direction, some, groups, open, nearest, way, when, covered, owner, own node, self, backend, unread,
not read, assumption, assumptions, judged, changes, opens, closes, evaluated, irrelevant, not_understood, invalid,
unreadable, source ranges, conditions, translation
"""
FIELDS = """
policyTypes, podSelector, namespaceSelector, ipBlock, except, endPort, named port, targetPort, nodePort, hostNetwork,
externalTrafficPolicy, loadBalancerSourceRanges
"""
VMWARE = """
port group, dvSwitch, vmkernel port, DFW rule, security group, segment, Tier-1 gateway, TEP, vMotion, VLAN trunk,
distributed port, NSX tag, context profile, edge node, load balancer VIP, ESXi host, cluster, vCenter, resource pool,
vApp, VMware Tools, snapshot, MAC learning, promiscuous mode, datastore, DRS, vSphere HA, HA, vNIC type, VMXNET3,
template, port mirroring, affinity rule, maintenance mode, host profile, private VLAN, NIOC, VM network, distributed
switch, uplink, teaming, forged transmits, VMkernel adapter, T1 gateway, T0 gateway, DFW section, vMotion network,
vmnic, vSwitch0, vmk0, native VLAN, hot add, MAC address, notify switches, NetFlow, NAT, DHCP server, IP pool,
load balancer, overlay segment, logical router, transport node, micro-segmentation, network extension, IDS/IPS,
DNS forwarder
"""
OURS = """
NetworkAttachmentDefinition, UserDefinedNetwork, ClusterUserDefinedNetwork, ClusterNetworkConnect, MultiNetworkPolicy,
IPAMClaim, NodeNetworkConfigurationPolicy, NodeNetworkState, SriovNetwork, SriovNetworkNodePolicy, NetworkAddonsConfig,
KubeVirt, VirtualMachine, VirtualMachineInstance, VirtualMachineInstanceMigration, VirtualMachineInstanceReplicaSet,
VirtualMachinePool, EgressIP, EgressFirewall, EgressQoS, NetworkPolicy, ClusterNetworkPolicy, Service, ServiceCIDR,
Ingress, Namespace, Node, network, interface, kept, isolated, tier, rule, workload, endpoint, snapshot
"""


def listed(words: str) -> list[str]:
    return [word.strip() for word in words.split(",")]


def about(asked: str, what: str) -> Page:
    (page,) = [p for p in explain(asked) if p.about == what]
    return page


@pytest.mark.parametrize("word", listed(DESIGN))
def test_every_word_of_the_design_is_explained_in_a_few_sentences(word: str) -> None:
    page = about(word, "term")
    assert 80 < len(page.text) < 400


@pytest.mark.parametrize("word", listed(ANSWERS) + listed(FIELDS))
def test_the_words_of_answers_and_the_fields_of_kinds_are_explained(word: str) -> None:
    page = about(word, "term")
    assert 80 < len(page.text) < 400


@pytest.mark.parametrize("word", [*listed(FIELDS), "egress", "ingress"])
def test_what_is_said_of_a_field_names_the_type_that_has_it(word: str) -> None:
    assert re.search(r"\(`\S*v1` [A-Z]\w+(, [A-Z]\w+)*\)", about(word, "term").text)


@pytest.mark.parametrize("word", listed(VMWARE))
def test_words_of_vsphere_and_nsx_have_a_page(word: str) -> None:
    assert explain(word)


def test_there_are_more_than_twenty_counterparts_of_both_worlds() -> None:
    found = contents()
    assert len(found.vsphere) + len(found.nsx) == len(COUNTERPARTS) > 20
    assert len(found.vsphere) >= 20
    assert len(found.nsx) >= 10


def test_no_word_of_another_world_stands_for_two_things() -> None:
    words = [w.lower() for c in COUNTERPARTS for w in (c.word, *c.aliases)]
    assert sorted({w for w in words if words.count(w) > 1}) == []


@pytest.mark.parametrize("asked", ["*", "*.cilium.io"])
def test_what_stands_for_all_kinds_of_a_group_is_none_itself(asked: str) -> None:
    with pytest.raises(UnknownReference, match=re.escape(f"`{asked}` is not a code, kind or term")):
        explain(asked)


@pytest.mark.parametrize("counterpart", COUNTERPARTS, ids=lambda c: c.word)
def test_the_way_back_is_found(counterpart: object) -> None:
    """Each word here that a counterpart names has a page, and this page names the counterpart."""
    for word in counterpart.here:  # type: ignore[attr-defined]
        pages = explain(word)
        told = [t for p in pages for s in p.sections if s.heading == f"in {counterpart.world}" for t in s.texts]  # type: ignore[attr-defined]
        assert any(counterpart.word in t.split(", ") for t in told), word  # type: ignore[attr-defined]


@pytest.mark.parametrize("word", [*(word for word, *_ in MACHINE_WORDS), *listed(OURS)])
def test_words_of_machines_and_networks_lead_to_another_world_and_back(word: str) -> None:
    """Each has a word of vSphere or NSX, and that word's page names this one."""
    worlds = ("in vSphere", "in NSX")
    there = {
        each
        for page in explain(word)
        for section in page.sections
        if section.heading in worlds
        for text in section.texts
        for each in text.split(", ")
    }
    assert there, f"nobody who knows vSphere or NSX is led to `{word}`"
    for each in there:
        assert word.casefold() in [here.casefold() for here in about(each, "counterpart").see]


@pytest.mark.parametrize("rule", machine_rules(), ids=lambda rule: rule.rule)
def test_a_code_names_the_rules_that_it_tells(rule: MachineRule) -> None:
    for code in (*rule.codes, *(("NW1007",) if rule.refused else ())):
        texts = [text for section in about(code, "code").sections if section.is_list for text in section.texts]
        assert any(text.startswith(f"{rule.rule}: {rule.says}") for text in texts)


def test_every_see_also_leads_to_a_page() -> None:
    for term in TERMS:
        for word in term.see:
            assert explain(word), (term.word, word)


def test_no_two_terms_answer_to_one_word() -> None:
    words = [w.casefold() for t in TERMS for w in (t.word, *t.aliases)]
    assert len(words) == len(set(words))


@pytest.mark.parametrize("code", INPUT_CODES, ids=lambda c: c.code)
def test_every_code_has_its_page_in_any_case(code: object) -> None:
    page = about(code.code.lower(), "code")  # type: ignore[attr-defined]
    assert page.text == code.explanation  # type: ignore[attr-defined]
    assert page.sections[0].texts == (code.help,)  # type: ignore[attr-defined]


@pytest.mark.parametrize("asked", ["NetworkPolicy", "networkpolicies", "netpol", "netpols", "NETWORKPOLICY"])
def test_kinds_are_read_as_kubectl_reads_them(asked: str) -> None:
    page = about(asked, "kind")
    assert page.topic == "NetworkPolicy"
    assert "read and evaluated" in page.text
    assert len(next(s for s in page.sections if s.heading == "rules of thumb").texts) >= 8
    assert any("projectcalico.org" in t for s in page.sections for t in s.texts)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("FQDNNetworkPolicy", "it can allow and deny"),
        ("ClusterNetworkPolicy.crd.antrea.io", "nodes and hostNetwork pods too"),
        ("WasmPlugin", "it can only deny"),
        ("ConfigMap", "known not to touch the network"),
        ("NetworkPolicy.crd.antrea.io", "not read yet"),
        ("Egress.crd.antrea.io", "changes no verdict"),
        ("Anything.longhorn.io", "known not to touch the network"),
    ],
)
def test_the_lists_of_kinds_are_told(asked: str, told: str) -> None:
    assert told in about(asked, "kind").text


def test_profiles_are_those_that_exist() -> None:
    assert tuple(p.name for p in PROFILES) == ALL_PROFILES
    page = about("cni:upstream", "profile")
    assert page.sections[0].texts == PROFILES[0].assumptions
    assert "ICMP" in page.sections[1].texts[0]


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("blast radus", "blast radius"),
        ("NW10007", "NW1007"),
        ("NetwrokPolicy", "NetworkPolicy"),
        ("port grup", "port group"),
    ],
)
def test_a_slip_is_answered_with_what_was_meant(asked: str, meant: str) -> None:
    with pytest.raises(UnknownReference) as caught:
        explain(asked)
    assert f"`{meant}`" in caught.value.help


def test_nonsense_is_not_guessed() -> None:
    with pytest.raises(UnknownReference) as caught:
        explain("qqqqzzzz")
    assert "did you mean" not in caught.value.help


@pytest.mark.parametrize("name", ALL_PROFILES)
def test_a_profile_has_all_its_differences_and_tells_them_in_lines_of_80(name: str) -> None:
    page = about(f"cni:{name}", "profile")
    assert page.differences == tuple(one for one in DIFFERENCES if name in one.says)
    lines = list(pages_text([page], Words()))
    assert max(map(len, lines)) <= 80
    told = " ".join(" ".join(lines).split())
    for one in page.differences:
        assert f"{one.title} {name} {one.says[name]}" in re.sub(r" {2,}", " ", told)


def test_the_options_of_cilium_are_listed_with_their_values() -> None:
    page = about("cni:cilium", "profile")
    (told,) = [section for section in page.sections if section.heading.startswith("options")]
    assert [text.partition(":")[0] for text in told.texts] == [f"`{option.name}`" for option in OPTIONS]
    for option in OPTIONS:
        for value in option.values:
            name = f"cilium:{option.name}={value}"
            assert profile_of(name).name == name
        if len(option.values) > 1:  # else it is a name, and any may be
            with pytest.raises(ValueError, match=option.name):
                profile_of(f"cilium:{option.name}=no-such-value")


@pytest.mark.parametrize("kind", ["NetworkPolicy.projectcalico.org", "gnp"])
def test_kinds_of_calico_have_rules_of_thumb(kind: str) -> None:
    page = about(kind, "kind")
    assert "read and evaluated" in page.text
    (rules,) = [section for section in page.sections if section.heading == "rules of thumb"]
    assert len(rules.texts) >= 4


@pytest.mark.parametrize(
    "kind", ["Gateway.gateway.networking.k8s.io", "HTTPRoute", "Route", "refgrant", "EgressFirewall"]
)
def test_ways_in_and_firewalls_have_rules_of_thumb(kind: str) -> None:
    page = about(kind, "kind")
    assert "read and evaluated" in page.text
    (rules,) = [section for section in page.sections if section.heading == "rules of thumb"]
    assert len(rules.texts) >= 2


@pytest.mark.parametrize("kind", ["CiliumNetworkPolicy", "ccnp", "CiliumCIDRGroup"])
def test_kinds_of_cilium_have_rules_of_thumb(kind: str) -> None:
    page = about(kind, "kind")
    assert "read and evaluated" in page.text
    assert any(section.heading == "rules of thumb" for section in page.sections)


@pytest.mark.parametrize("word", ["hostPort", "hostNetwork"])
def test_what_a_pod_takes_of_its_node_has_a_page(word: str) -> None:
    page = about(word, "term")
    assert "node" in page.text
