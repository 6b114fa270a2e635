"""`diff` as text: order, words beside signs, folding, causes told once."""

from __future__ import annotations

import pytest

from netwright.model.account import Accounting, Provenance
from netwright.questions.diff import Diffed, Moved, Unsettled
from netwright.questions.diff.objects import FieldChange, ObjectChange
from netwright.questions.diff.ways import ExposureChange
from netwright.render.compared import Compared
from netwright.render.diff_text import GROUPS, diff_text
from netwright.render.words import Words

FIELD = FieldChange(path="spec.type", old="ClusterIP", new="LoadBalancer")
SERVICE = ObjectChange(
    kind="Service", namespace="shop", name="api", change="changed", fields=(FIELD,), after="b/svc.yaml:9:3"
)
POLICY = ObjectChange(kind="NetworkPolicy", namespace="shop", name="db", change="removed", before="a/np.yaml:1:1")
WAY = ExposureChange(
    service="svc/shop/api",
    port=443,
    protocol="TCP",
    via="LoadBalancer",
    entry="",
    workloads=("deploy/shop/api",),
    was="",
    now="allow",
    wider=True,
    because=(0,),
)


def opened(source: str, destination: str, ports: str = "TCP 80", because: tuple[int, ...] = (1,)) -> Moved:
    return Moved(
        source=source, destination=destination, was="none", now=ports, opened=ports, closed="", because=because
    )


def closed(source: str, destination: str, ports: str = "TCP 80", because: tuple[int, ...] = (1,)) -> Moved:
    return Moved(
        source=source, destination=destination, was=ports, now="none", opened="", closed=ports, because=because
    )


def diffed(**more: object) -> Diffed:
    empty: dict[str, object] = {name: () for name in Diffed.__struct_fields__ if name not in ("pairs", "because")}
    return Diffed(**{**empty, "because": (SERVICE, POLICY), "pairs": 12, **more})  # type: ignore[arg-type]


def text(found: Diffed, *, everything: bool = False, workloads: tuple[str, ...] = (), utf8: bool = True) -> list[str]:
    words = Words(utf8=utf8, width=80)
    return list(diff_text([compared(found, workloads=workloads)], words, everything=everything, last="0.10 s"))


def compared(found: Diffed, name: str = "", **more: object) -> Compared:
    rests_on = Provenance(version="1", inputs=(), documents=Accounting(), profile="upstream", assumptions=())
    both: dict[str, object] = {
        "before": rests_on,
        "after": rests_on,
        "only_in": "",
        "workloads": (),
        "exit_reasons": (),
    }
    return Compared(name=name, found=found, **{**both, **more})  # type: ignore[arg-type]


def test_danger_stands_first_and_every_sign_has_its_word() -> None:
    changed = Moved(
        source="a/b", destination="c/d", was="TCP 1", now="TCP 2", opened="TCP 2", closed="TCP 1", because=(1,)
    )
    unsure = Unsettled(source="a/b", destination="c/d", ports="TCP 9", was="deny", now="undecided", because=(1,))
    lines = text(
        diffed(
            exposed=(WAY,),
            opened=(opened("a/b", "c/d"), opened("internet", "c/d", "TCP 7")),
            closed=(closed("c/d", "a/b"),),
            changed=(changed,),
            undecided=(unsure,),
        )
    )
    heads = [line for line in lines if line[0] in "!+-~?"]
    assert [tuple(line.split()[:2]) for line in heads] == [
        ("!", "EXPOSED"),
        ("+", "opened"),
        ("+", "opened"),
        ("-", "closed"),
        ("~", "changed"),
        ("?", "undecided"),
    ]
    assert "internet" in heads[1], "what the internet gains stands before the rest"
    assert "was TCP 1, now TCP 2" in heads[4]
    assert "(was denied, now undecided)" in heads[5]
    joined = " ".join(" ".join(lines[-2:]).split())
    assert (
        "1 exposed · 2 opened · 1 closed · 1 changed (1 opens more) · 1 undecided · 12 pairs compared · 0.10 s"
        in joined
    )


def test_a_cause_is_told_in_full_once() -> None:
    lines = text(diffed(opened=(opened("a/b", "c/d"), opened("e/f", "c/d", "TCP 2"))))
    assert [line.strip() for line in lines if "because" in line] == [
        "because NetworkPolicy shop/db was removed  a/np.yaml:1:1",
        "because of NetworkPolicy shop/db (above)",
    ]


def test_a_field_shows_what_it_was_and_is() -> None:
    lines = text(diffed(exposed=(WAY,)))
    assert "            because Service shop/api was changed  b/svc.yaml:9:3" in lines
    assert "              spec.type: ClusterIP → LoadBalancer" in lines
    assert "              spec.type: ClusterIP -> LoadBalancer" in text(diffed(exposed=(WAY,)), utf8=False)


def test_what_no_object_caused_says_so() -> None:
    assert any("no single object" in line for line in text(diffed(opened=(opened("a/b", "c/d", because=()),))))


@pytest.mark.parametrize("everything", [False, True])
def test_all_workloads_of_a_namespace_are_named_by_it(everything: bool) -> None:
    shop = tuple(f"deploy/shop/{name}" for name in "abcd")
    others = tuple(f"deploy/ops/{name}" for name in "xy")
    found = diffed(opened=tuple(opened(s, "deploy/pay/db") for s in (*shop, others[0])))
    lines = text(found, everything=everything, workloads=(*shop, *others, "deploy/pay/db"))
    whole = "all 4 workloads of shop, deploy/ops/x → deploy/pay/db  TCP 80"
    named = "deploy/shop/a, deploy/shop/b, deploy/shop/c, deploy/shop/d, deploy/ops/x"
    told = " ".join(line.strip() for line in lines)
    assert (whole in told, named in told) == (not everything, everything)
    assert ("--all names every end" in lines) == (not everything)


def test_single_pods_that_may_all_reach_each_other_are_one_group() -> None:
    pods = [f"pod/shop/{name}" for name in "abc"]
    found = diffed(opened=tuple(opened(s, d) for s in pods for d in pods if s != d))
    (head,) = [line for line in text(found) if line.startswith("+")]
    assert "pod/shop/a, pod/shop/b, pod/shop/c → pod/shop/a, pod/shop/b," in head
    assert "not with itself" in " ".join(text(found))


def test_two_way_pairs_keep_their_ends() -> None:
    found = diffed(opened=(opened("pod/s/a", "pod/s/b"), opened("pod/s/c", "pod/s/b"), opened("pod/s/b", "pod/s/a")))
    heads = [line.split(None, 2)[2] for line in text(found) if line.startswith("+")]
    assert sorted(heads) == ["pod/s/a, pod/s/c → pod/s/b  TCP 80", "pod/s/b → pod/s/a  TCP 80"]


@pytest.mark.parametrize("everything", [False, True])
def test_many_groups_fold_and_say_how_to_unfold(everything: bool) -> None:
    found = diffed(opened=tuple(opened("a/b", f"c/d{i}", f"TCP {i}") for i in range(1, GROUPS + 2)))
    lines = text(found, everything=everything)
    assert sum(line.startswith("+") for line in lines) == GROUPS + everything
    assert any(line.startswith("… and 1 group more: --all") for line in lines) == (not everything)


def test_nothing_different_is_said_and_quiet_changes_are_counted() -> None:
    lines = text(diffed(because=(), without_effect=(SERVICE,), quiet_files=("x.yaml", "y.yaml")))
    assert lines[:3] == [
        "no connection was opened, closed or changed",
        "1 object changed without effect on connections: Service shop/api",
        "2 files changed text but not traffic: x.yaml, y.yaml",
    ]


def test_names_from_the_input_cannot_steer_a_terminal() -> None:
    evil = ObjectChange(kind="Pod", namespace="a", name="\x1b[31mred", change="added", after="\x1b]0;t.yaml:1:1")
    lines = text(diffed(opened=(opened("a/b\x1b[2J", "c/d", because=(0,)),), because=(evil,), quiet_files=("\x1b[m",)))
    assert not any("\x1b" in line for line in lines)
