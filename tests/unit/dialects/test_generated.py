"""Labels that controllers give: whose pods stand one by one, and what a value that is not known costs."""

from __future__ import annotations

import msgspec
import pytest

from netwright.base.errors import UnknownReference
from netwright.dialects.k8s.generated import MOST_ORDINALS, POD_NAME
from netwright.dialects.k8s.objects import ServicePort
from netwright.engine.compile import Network
from netwright.engine.inquire import Inquirer, Settled
from netwright.model.cluster import Cluster
from netwright.model.document import Decoded
from netwright.model.references import Directory
from netwright.profiles.compose import compose
from netwright.spec.services import endpoints
from tests.unit.spec.build import expression, pod, policy, replaced, select, service, workload

CLIENT = pod("client")


def ask(found: Cluster, source: str, destination: str, port: str = "80") -> Settled:
    inquirer = Inquirer(found, Network(found.columns, found.enforcers, found.families), Directory(found))
    return inquirer.ask(inquirer.directory.resolve(source), inquirer.directory.resolve(destination), 6, port)


def labelled(key: str, value: str) -> Decoded:
    return policy("p", expression(key, "In", value))


def test_pods_stand_one_by_one_only_where_a_selector_asks() -> None:
    db = workload("StatefulSet", "db", replicas=3)
    plain = compose([CLIENT, db, policy("p", select(app="db"))])
    assert [w.rows for w in plain.workloads] == [(0,), (1,)]
    apart = compose([CLIENT, db, labelled(POD_NAME, "db-1")])
    assert [w.rows for w in apart.workloads] == [(0,), (1, 2, 3)]
    assert apart.columns.names[1:] == ("db-0", "db-1", "db-2")
    assert apart.columns.single.all()
    assert ask(apart, "shop/client", "sts/shop/db").groups == "some"
    directory = Directory(apart)
    assert [directory.row_ref(row) for row in (1, 2)] == ["pod/shop/db-0", "pod/shop/db-1"]
    for ref in ("pod/shop/db-1", "shop/db-1", "sts/shop/db{pod=db-1}"):
        assert directory.resolve(ref).rows == (2,)


def test_a_pod_of_a_number_is_that_pod_alone_where_no_policy_tells_it_from_the_others() -> None:
    """Only the Service asks for the name: by pod each is printed, and read back, by itself."""
    named = service("first", ServicePort(port=80), selector={POD_NAME: "mail-0"})
    found = compose([CLIENT, workload("StatefulSet", "mail", replicas=2), named])
    directory = Inquirer(found, Network(found.columns, found.enforcers, found.families), Directory(found)).directory
    refs = [directory.row_ref(row) for row in (1, 2)]
    assert refs == ["pod/shop/mail-0", "pod/shop/mail-1"]
    assert [directory.resolve(ref).rows for ref in refs] == [(1,), (2,)]
    assert directory.resolve("sts/shop/mail{pod=mail-0}").rows == (1, 2)  # and those that are like it


def test_a_pod_of_the_input_keeps_its_name_beside_a_number() -> None:
    found = compose([workload("StatefulSet", "db", replicas=1), labelled(POD_NAME, "db-0"), pod("db-0")])
    directory = Directory(found)
    assert [directory.row_ref(row) for row in (0, 1)] == ["sts/shop/db{pod=db-0}", "pod/shop/db-0"]
    assert directory.resolve("pod/shop/db-0").rows == (1,)


def test_of_too_many_pods_none_is_told_apart() -> None:
    objects = [CLIENT, workload("StatefulSet", "db", replicas=MOST_ORDINALS + 1), labelled(POD_NAME, "db-1")]
    found = compose(objects)
    assert [w.rows for w in found.workloads] == [(0,), (1,)]
    assert any("sts/shop/db has more than 1000 replicas" in told for told in found.assumptions)
    settled = ask(found, "shop/client", "sts/shop/db")
    assert settled.verdict == "undecided"
    assert "NetworkPolicy `shop/p` compares `statefulset.kubernetes.io/pod-name`" in settled.reasons[0].text
    assert list(endpoints(objects)) == objects[:2]


@pytest.mark.parametrize(("operator", "count"), [("Exists", 2), ("DoesNotExist", 2), ("In", 3), ("NotIn", 3)])
def test_an_unknown_value_that_nothing_compares_makes_no_identity(operator: str, count: int) -> None:
    """Compared, pods of the rollout asked for, of an unknown one, and all others differ; else who has the label."""
    key = "pod-template-hash"
    pods = [CLIENT, *(pod(name, labels={"app": "client", key: name}) for name in ("abc", "def"))]
    template = workload("Deployment", "web", labels={"app": "client"})
    values = ("abc",) if operator in ("In", "NotIn") else ()
    found = compose([*pods, template, policy("p", expression(key, operator, *values))], pod_cidrs=("10.0.0.0/8",))
    network = Network(found.columns, found.enforcers, found.families)
    assert network.identities.count == count


@pytest.mark.parametrize("kind", ["Job", "CronJob"])
def test_of_what_is_suspended_it_is_said(kind: str) -> None:
    job = workload(kind, "backup")
    parked = replaced(job, spec=msgspec.structs.replace(job.value.spec, suspend=True))
    found = compose([CLIENT, parked])
    assert [w.ref for w in found.workloads] == ["pod/shop/client"]
    with pytest.raises(UnknownReference, match="not in the input") as error:
        Directory(found).resolve(f"{kind.lower()}/shop/backup")
    assert error.value.help.endswith("has no pods of its own: it is suspended")
