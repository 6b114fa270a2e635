"""The law of `--watch`: each answer is, byte for byte, that of a command begun anew on the objects of that time."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

import pytest

from netwright.cli.main import run
from netwright.model.document import Reading
from netwright.profiles.alike import read_alike
from netwright.sources.kube.discovery import Resource
from netwright.sources.kube.held import Change, Held
from tests.makers import MAKERS, Object

Key = tuple[str, str, str]
EDITS = 7
ANSWERS = (("check",), ("reach", "--form", "classes"), ("reach", "--by", "pod"))


def resource_of(one: Object) -> Resource:
    group, _, version = one["apiVersion"].rpartition("/")
    kind = one["kind"]
    return Resource(group=group, version=version, kind=kind, plural=kind.lower() + "s", namespaced=True)


def key_of(one: Object) -> Key:
    return one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]


class Followed:
    """Stands for a cluster that is followed: its objects at first, then changes."""

    def __init__(
        self, resources: Sequence[Resource], first: Sequence[Object], later: Sequence[Sequence[Change]]
    ) -> None:
        self._held, self._later = Held("kube:test", read_alike), later
        for resource in resources:
            self._held.fill(resource, [json.dumps(one).encode() for one in first if resource_of(one) == resource])

    def reading(self) -> Reading:
        return self._held.reading()

    def changes(self) -> Iterator[list[str]]:
        for changes in self._later:
            told = [name for change in changes for name in self._held.take(change)]
            if told:
                yield told

    def close(self) -> None:
        pass


class Edits:
    """Random changes of objects, and what the objects are after each."""

    def __init__(self, maker: Callable[[int], list[Object]], seed: int) -> None:
        self.dice = random.Random(f"edits {seed}")
        self.objects = {key_of(one): one for one in maker(seed)}
        self.spare = [one for one in maker(seed + 10_000) if one["kind"] == "NetworkPolicy"]
        self.states = [list(self.objects.values())]
        self.changes: list[list[Change]] = []
        while len(self.changes) < EDITS:
            made = [self._change() for _ in range(self.dice.choice([1, 1, 1, 2, 3]))]
            self.changes.append([change for change in made if change is not None])
            self.states.append(list(self.objects.values()))

    def _change(self) -> Change | None:
        policies = [one for one in self.objects.values() if one["kind"] == "NetworkPolicy"]
        what = self.dice.choice(["edit", "edit", "swap", "new", "gone", "touch", "labels", "lost", "listed"])
        if what in ("edit", "swap", "gone") and policies:
            one = copy.deepcopy(self.dice.choice(policies))
            if what == "gone":
                return self._gone(one)
            source = self.dice.choice(self.spare or policies) if what == "swap" else self.dice.choice(policies)
            return self._put(one | {"spec": copy.deepcopy(source["spec"])})
        if what == "new" and (self.spare or policies):
            one = copy.deepcopy(self.dice.choice(self.spare or policies))
            one["metadata"] |= {
                "name": f"new-{len(self.changes)}",
                "namespace": self.dice.choice([k[1] for k in self.objects if k[1]]),
            }
            return self._put(one)
        one = copy.deepcopy(self.dice.choice(list(self.objects.values())))
        if what == "touch":
            one["metadata"]["resourceVersion"] = str(1000 + len(self.changes))
            return self._put(one)
        if what == "labels":
            other = self.dice.choice(list(self.objects.values()))
            one["metadata"]["labels"] = copy.deepcopy(other["metadata"].get("labels") or {})
            return self._put(one)
        if what == "lost":
            return self._gone(one)
        if what == "listed":
            mine = [o for o in self.objects.values() if resource_of(o) == resource_of(one)]
            return Change(resource_of(one), "BEGUN", tuple(json.dumps(o).encode() for o in reversed(mine)))
        return None

    def _put(self, one: Object) -> Change:
        self.objects[key_of(one)] = one
        return Change(resource_of(one), "MODIFIED", (json.dumps(one).encode(),))

    def _gone(self, one: Object) -> Change:
        del self.objects[key_of(one)]
        return Change(resource_of(one), "DELETED", (json.dumps(one).encode(),))


@pytest.fixture
def told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[[Followed, Sequence[str]], list[str]]:
    """The documents that a command writes while it follows, one a line."""
    # Garbage is collected after each answer, which here would walk whatever all the tests before have left.
    monkeypatch.setattr("netwright.cli.watch.gc.collect", lambda: 0)

    def ask(followed: Followed, verb: Sequence[str]) -> list[str]:
        monkeypatch.setattr("netwright.sources.kube.watch.Followed", lambda source, access, alike: followed)
        code = run([*verb, "-f", "kube:", "--watch", "-o", "json", "-q"])
        said = capsys.readouterr()
        assert code in (0, 1, 3, 4), said.err
        return said.out.splitlines()

    return ask


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("made_by", MAKERS)
def test_each_answer_is_that_of_a_command_begun_anew(
    told: Callable[[Followed, Sequence[str]], list[str]], seed: int, made_by: str, number: int
) -> None:
    edits = Edits(MAKERS[made_by], seed % 10**6 + number)
    changed = {change.resource for changes in edits.changes for change in changes}
    resources = sorted(changed | {resource_of(one) for one in edits.states[0]})
    for verb in ANSWERS:
        watched = told(Followed(resources, edits.states[0], edits.changes), verb)
        fresh = [told(Followed(resources, state, ()), verb)[0] for state in edits.states]
        assert told_apart(watched) == told_apart(fresh), verb


def told_apart(answers: Sequence[str]) -> list[str]:
    """The answers without those that differ from the one before in the digest of the objects alone."""

    def said(answer: str) -> Object:
        read: Object = json.loads(answer)
        for given in read["inputs"]:
            del given["digest"]
        return read

    return [next(same) for _, same in groupby(answers, said)]


def _policy(name: str, spec: Object) -> Object:
    meta = {"name": name, "namespace": "a"}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": spec}


def _deployment(name: str) -> Object:
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    meta = {"name": name, "namespace": "a"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": meta,
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": template},
    }


PLAIN = [_deployment("web"), _deployment("db"), _policy("some", {"podSelector": {"matchLabels": {"app": "web"}}})]
PRIMARY = {
    "apiVersion": "k8s.ovn.org/v1",
    "kind": "UserDefinedNetwork",
    "metadata": {"name": "own", "namespace": "a"},
    "spec": {"topology": "Layer3", "layer3": {"role": "Primary", "subnets": [{"cidr": "10.9.0.0/16"}]}},
}
LABELLED = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "a", "labels": {"k8s.ovn.org/primary-user-defined-network": ""}},
}


@pytest.mark.parametrize(
    ("objects", "spec"),
    [
        pytest.param(PLAIN, {"podSelector": {"matchLabels": {"pod-template-hash": "1"}}}, id="labels of controllers"),
        pytest.param(
            PLAIN,
            {"podSelector": {}, "egress": [{"to": [{"ipBlock": {"cidr": "2001:db8::/32"}}]}]},
            id="families that only policies name",
        ),
        pytest.param(
            [*PLAIN, PRIMARY, LABELLED],
            {"podSelector": {}, "ingress": [{"from": [{"ipBlock": {"cidr": "2001:db8::/32"}}]}]},
            id="primary networks",
        ),
    ],
)
@pytest.mark.parametrize("verb", ANSWERS)
def test_what_more_than_policies_hangs_on_a_policy(
    told: Callable[[Followed, Sequence[str]], list[str]], objects: list[Object], spec: Object, verb: Sequence[str]
) -> None:
    """Endpoints, families and networks are worked out again where a policy changes them, and again when it is gone."""
    policy = _policy("more", spec)
    resources = sorted({resource_of(one) for one in objects})
    item = json.dumps(policy).encode()
    later = [[Change(resource_of(policy), kind, (item,))] for kind in ("ADDED", "DELETED")]
    without, with_ = (told(Followed(resources, some, ()), verb)[0] for some in (objects, [*objects, policy]))
    assert with_ != without
    assert told(Followed(resources, objects, later), verb) == [without, with_, without]
