"""Faults planted in a copy of the specification: the scenarios must find every one of them."""

from __future__ import annotations

import importlib
import importlib.util
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import netwright.spec
from netwright.model.document import Decoded
from tests.scenarios.by_spec import Spec, wrong_rows
from tests.scenarios.reading import Scenario, scenarios

HERE = Path(netwright.spec.__file__).parent

# (id, module, what stands there once, what the fault puts in its place)
FAULTS = [
    (
        "one-end-is-enough",
        "judge",
        "all(side.may_allow for side in told.sides)",
        "any(side.may_allow for side in told.sides)",
    ),
    ("a-denial-of-one-end-is-lost", "judge", "any(side.may_deny for side in told.sides)", "egress.may_deny"),
    ("last-rule-wins", "networkpolicy", "bool(allowing or perhaps) or", "bool(perhaps) or"),
    ("empty-egress-isolates", "networkpolicy", "if spec.egress else", "if spec.egress is not None else"),
    ("types-not-defaulted", "networkpolicy", 'else ("Ingress",)', "else ()"),
    ("selector-of-all-namespaces", "networkpolicy", " or policy.namespace != pod.namespace", ""),
    ("absent-namespaces-are-all", "networkpolicy", "other.namespace == namespace", "True"),
    ("peers-are-anded", "networkpolicy", 'if "yes" in found:', 'if set(found) == {"yes"}:'),
    (
        "peer-is-or",
        "networkpolicy",
        'if labelled == "no":',
        'if labelled == "no" and peer.namespace_selector is None:',
    ),
    ("labels-not-read-are-none", "ends", 'else "perhaps" if perhaps else "no"', 'else "no"'),
    (
        "labels-not-read-are-any",
        "labels",
        "return asked == len(expressions)",
        "return True or asked == len(expressions)",
    ),
    ("empty-from-is-nobody", "networkpolicy", "if not peers:", "if peers is None:"),
    ("empty-ports-are-none", "networkpolicy", "return not ports or any", "return ports is None or any"),
    ("udp-by-default", "networkpolicy", 'protocol = port.protocol or "TCP"', 'protocol = port.protocol or "UDP"'),
    ("protocols-mixed", "networkpolicy", "if PROTOCOLS.get(protocol) != packet.protocol:", "if packet.protocol == 1:"),
    ("range-without-its-end", "networkpolicy", "<= (port.end_port or port.port)", "< (port.end_port or port.port + 1)"),
    ("end-port-ignored", "networkpolicy", "(port.end_port or port.port)", "port.port"),
    ("names-of-the-source", "networkpolicy", "for one in packet.destination.ports", "for one in packet.source.ports"),
    ("names-of-any-protocol", "networkpolicy", '(one.protocol or "TCP") == protocol and', ""),
    ("icmp-is-denied", "networkpolicy", "may_deny, may_pass, reasons = True, True, (PROTOCOL,)", "pass"),
    ("no-own-node", "judge", 'relation = "own node"', 'relation = ""'),
    ("every-node-is-the-own", "judge", "elif packet.source.node == packet.destination.node:", "else:"),
    (
        "unknown-node-is-another",
        "judge",
        "if not packet.source.node or not packet.destination.node:",
        "if False:",
    ),
    ("cut-from-itself", "judge", "if same_pod or (src is dst", "if same_pod or (False"),
    ("twins-are-one", "judge", "isinstance(src.value, Pod)", "True"),
    ("hosts-are-selected", "networkpolicy", 'if other.kind != "pod" or', 'if other.kind == "address" or'),
    ("except-is-forgotten", "addresses", "[span(one) for one in excepts if one.version == family]", "[]"),
    ("perhaps-is-yes", "addresses", 'else "perhaps"', 'else "yes"'),
    ("perhaps-is-no", "addresses", 'else "perhaps"', 'else "no"'),
    ("pods-may-have-node-addresses", "addresses", "node_addresses(objects) + service_addresses", "service_addresses"),
    ("loopback-is-a-pod", "addresses", '"127.0.0.0/8", ', ""),
    ("families-mixed", "addresses", "if cidr.version != family:", "if False:"),
    ("not-in-needs-the-key", "labels", "else not listed", "else present and not listed"),
    ("does-not-exist-exists", "labels", "return not present", "return present"),
    ("one-expression-is-enough", "labels", "and all(_holds", "and any(_holds"),
    ("no-name-label", "ends", ', "kubernetes.io/metadata.name": name}', "}"),
    ("host-network-pods-are-pods", "ends", "if spec.host_network:", "if False:"),
    ("init-containers-forgotten", "ends", "in spec.init_containers or () if not one.is_sidecar", "in ()"),
    ("labels-of-the-object-only", "ends", "made = spec.template if spec else None", "made = None"),
    ("service-port-kept", "services", "return port.target_port or port.port", "return port.port"),
    ("names-not-resolved", "services", "return one.container_port", "return port.port"),
    ("ended-pods-serve", "services", 'value.status.phase in ("Succeeded", "Failed")', "False"),
    ("parked-workloads-serve", "controllers", "return spec.replicas != 0", "return True"),
    ("leaving-pods-serve", "services", "and not value.metadata.deletion_timestamp", ""),
    ("unready-serve", "services", "told is None or told.ready is not False", "True"),
    ("unready-pods-serve", "services", 'return not told or told[-1] == "True"', "return True"),
    ("unready-pods-are-never-published", "services", "(publishes_all or is_ready(one))", "is_ready(one)"),
    ("services-have-every-family", "services", "if family in own)", ")"),
    ("any-policy-is-single-stack", "services", 'policy != "SingleStack"', "False"),
    ("slices-have-every-family", "services", "if value.address_type is None:", "if True:"),
    (
        "hairpin-is-sure",
        "judge",
        'if relation == "self" and translated',
        'if relation == "none" and translated',
    ),
    ("hosts-have-hairpins", "judge", ' and translated and packet.source.kind == "pod"', " and translated"),
    ("every-backend-is-near", "services", 'spec.internal_traffic_policy != "Local" or', "True or"),
    ("unknown-nodes-are-far", "services", "if not node or not one.node", "if False"),
    ("unknown-nodes-are-one", "services", "if node and one.node == node", "if one.node == node"),
    ("headless-is-led", "services", "is_headless(service) or isinstance", "isinstance"),
    ("templates-beside-pods", "services", "or id(one) in standing", ""),
    ("suspended-jobs-serve", "controllers", "and not spec.suspend", ""),
    ("jobs-without-parallelism-serve", "controllers", "and spec.parallelism != 0", ""),
    ("done-jobs-serve", "controllers", "return not done and", "return"),
    ("suspended-cron-jobs-serve", "controllers", "return not (value.spec and value.spec.suspend)", "return True"),
    ("suspension-ends-jobs", "services", "isinstance(owners[0].value, CronJob) and", "False and"),
    ("ordinals-start-at-zero", "controllers", "(spec.ordinals.start or 0) if spec.ordinals else 0", "0"),
    ("deployments-have-no-hash", "controllers", 'return {"pod-template-hash": None}', "return {}"),
    (
        "cron-jobs-name-jobs",
        "controllers",
        'added[f"{prefix}job-name"] = name',
        'added[f"{prefix}job-name"] = thing.name',
    ),
    ("unknown-labels-match", "labels", 'return "perhaps" if values or open_ & pairs.keys() else "yes"', 'return "yes"'),
    ("unknown-labels-do-not", "labels", 'return "perhaps" if values or', 'return "no" if values or'),
    ("perhaps-isolated-is-not", "networkpolicy", "may_deny=may_isolate", "may_deny=False"),
    (
        "perhaps-admitted-is-not",
        "networkpolicy",
        "bool(allowing or perhaps) or may_allow_by_label",
        "bool(allowing or perhaps)",
    ),
    (
        "calico-names-before-orders",
        "calico_policies",
        "key=lambda one: (one.order, one.key)",
        "key=lambda one: one.key",
    ),
    ("calico-no-order-is-first", "calico_policies", "order=inf if spec.order is None", "order=0 if spec.order is None"),
    (
        "calico-ties-by-kind",
        "calico_policies",
        'return f"{policy.name}/{policy.namespace}/{kind}"',
        'return f"{kind}/{policy.name}"',
    ),
    ("calico-network-policies-first", "calico_policies", "KUBERNETES_ORDER = 1000.0", "KUBERNETES_ORDER = 100.0"),
    (
        "calico-untracked-for-pods",
        "calico_policies",
        "or is_of_hosts(spec):\n        return",
        "or False:\n        return",
    ),
    ("calico-peers-are-sets", "calico_policies", "[POD, *of_kubernetes(peer.pod_selector)]", "[]"),
    ("calico-unread-peers-are-none", "calico_policies", 'else ("deny", YES)', "else (action, NO)"),
    ("calico-not-selector-outside", "calico_rules", "and (own or entity.not_selector):", "and own:"),
    ("calico-families-mixed", "calico_rules", "for nets in (one.nets, one.not_nets)", "for nets in (one.nets,)"),
    ("calico-services-are-addresses", "calico_rules", "with_ports=not place.is_source", "with_ports=False"),
    ("calico-requests-are-sure", "calico_rules", 'matched("perhaps", HTTP_MATCH) if', "YES if"),
    ("calico-names-are-tcp", "calico_rules", "protocol in (None, one[1])", "protocol == one[1]"),
    ("calico-codes-forgotten", "calico_rules", "return fields.code is None or", "return True or"),
    ("calico-sets-have-names", "calico_rules", "YES if selector is None else selects", "YES or selects"),
    ("calico-global-is-all", "calico_selectors", '("global",): ("not", ("has", key))', '("global",): ("has", key)'),
    ("calico-absence-is-no", "calico_selectors", 'return YES if operator in ("!=", "not in") else NO', "return NO"),
    ("calico-negates-more", "calico_selectors", 'return ("not", _one(text))', 'return ("not", _both(text))'),
    ("calico-subjects-by-address", "calico_members", "return selects(node, self.labels)", "return self.selected(node)"),
    ("calico-accounts-are-read", "calico_members", "open_[OF_ACCOUNT] = SERVICE_ACCOUNT", "pass"),
    ("calico-tiers-by-name", "calico", "key=lambda name: (known[name][0], name)", "key=str"),
    ("calico-no-tier-is-none", "calico", "return _open(found, TIER) if", "return found if"),
    ("calico-ends-deny-all", "calico", 'if default == "Pass":', "if False:"),
    ("calico-profiles-deny", "calico", "may_allow = may_pass or any", "may_allow = any"),
    ("calico-own-node-is-held", "calico", 'if own and direction == "ingress":', "if False:"),
    ("calico-hosts-are-open", "calico", 'if action == "drop" and found.may_allow:', "if False:"),
    ("calico-one-configuration", "calico", 'for name in (f"node.{node}", "default"):', 'for name in ("default",):'),
    ("calico-any-node", "calico", "or one.node == end.node for one in found", "or True for one in found"),
]


NAME = "spec_with_a_fault"
Cases = list[tuple[Scenario, list[Decoded]]]
Plant = Callable[[str, str, str], Spec]


@pytest.fixture(scope="module")
def cases() -> Cases:
    return [(one, one.decoded()) for one in scenarios()]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package under another name. One for all faults, so that each compiles its own module only."""
    folder = tmp_path_factory.mktemp("faults") / NAME
    shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for path in folder.glob("*.py"):
        path.write_text(path.read_text(encoding="utf-8").replace("netwright.spec", NAME), encoding="utf-8")
    return folder


@pytest.fixture
def plant(package: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plant]:
    """Imports the copy anew, with something in one of its modules replaced until the test ends."""
    monkeypatch.syspath_prepend(str(package.parent))
    whole: dict[Path, str] = {}

    def written(path: Path, text: str) -> None:
        path.write_text(text, encoding="utf-8")
        Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)

    def planted(module: str, old: str, new: str) -> Spec:
        path = package / f"{module}.py"
        whole[path] = text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"`{old}` has to stand once in {path.name}"
        written(path, text.replace(old, new))
        judging = importlib.import_module(f"{NAME}.judge")
        serving = importlib.import_module(f"{NAME}.services")

        def judge(*ends: Any, **asked: Any) -> Any:
            return judging.judge(*ends, **{key: own(value) for key, value in asked.items()})

        return Spec(judge, serving.backends, serving.endpoints, serving.answering)

    yield planted
    for path, text in whole.items():
        written(path, text)
    for module in [one for one in sys.modules if one.partition(".")[0] == NAME]:
        del sys.modules[module]


def own(value: Any) -> Any:
    """Options of the specification as the copy's own; anything else as it is."""
    home, _, module = type(value).__module__.rpartition(".")
    if home != "netwright.spec":
        return value
    kind = getattr(importlib.import_module(f"{NAME}.{module}"), type(value).__name__)
    return kind(**msgspec.structs.asdict(value))


def found(spec: Spec, cases: Cases) -> str:
    """A scenario that the faulty copy gets wrong, or cannot answer at all; "" where there is none.

    It is the first to be asked of the next copy: few scenarios find most faults.
    """
    for place, (scenario, objects) in enumerate(cases):
        try:
            is_wrong = bool(wrong_rows(spec, scenario, objects))
        except Exception:
            is_wrong = True
        if is_wrong:
            cases.insert(0, cases.pop(place))
            return scenario.name
    return ""


def test_the_copy_without_a_fault_is_right(plant: Plant, cases: Cases) -> None:
    assert found(plant("judge", "def judge(", "def judge("), cases) == ""


@pytest.mark.parametrize(("module", "old", "new"), [one[1:] for one in FAULTS], ids=[one[0] for one in FAULTS])
def test_a_planted_fault_is_found(plant: Plant, cases: Cases, module: str, old: str, new: str) -> None:
    assert found(plant(module, old, new), cases)
