"""The benches' inputs are what they claim, and the measurements measure the command and nothing else."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from bench import measure
from bench.__main__ import Over, at_pace, told
from bench.generate import admin_policies, columns, describe, edit, mix, mix_file, write_json, write_yaml


def policies(manifests: list[dict[str, object]]) -> list[dict[str, object]]:
    return [o for o in manifests if o["kind"] == "NetworkPolicy"]


def test_a_mix_has_what_was_asked_for() -> None:
    manifests = mix(200, 100, 7)
    assert mix(200, 100, 7) == manifests != mix(200, 100, 8)
    counted = describe(manifests)
    assert counted["Deployments"] == counted["Services"] == counted["labels of one workload only"] == 200
    assert counted["Namespaces"] == 10
    assert counted["NetworkPolicies"] == 100
    assert counted["default deny"] == 5
    assert 400 <= counted["pods"] <= 800
    assert 25 <= counted["with egress"] <= 50
    forms = ("pods", "namespaces", "pods of namespaces", "ipBlock", "ipBlock with except")
    wanted = [f"peers {form}" for form in forms]
    wanted += [f"ports {form}" for form in ("numeric", "named", "range", "protocol only", "TCP", "UDP", "SCTP")]
    wanted += [f"expressions {operator}" for operator in ("In", "NotIn", "DoesNotExist")]
    assert {name for name in wanted if not counted.get(name)} == set()


def test_both_forms_of_a_mix_read_back_the_same(tmp_path: Path) -> None:
    manifests = mix(60, 30, 3)
    write_json(manifests, tmp_path / "mix.json")
    write_yaml(manifests, tmp_path / "mix.yaml")
    assert json.loads((tmp_path / "mix.json").read_text())["items"] == manifests
    assert list(yaml.safe_load_all((tmp_path / "mix.yaml").read_text())) == manifests


def test_scalars_that_yaml_would_misread_are_quoted(tmp_path: Path) -> None:
    texts = ["true", "No", "null", "~", "1", "1e3", "0x1f", "1:30", "a: b", "a #b", "- a", "", " a", "*a", "&a", "é\n", "2026-01-02", ".5", "y"]  # fmt: skip # noqa: E501
    odd = [{"kind": "Odd", "texts": texts, "map": dict.fromkeys(texts), "rest": [1, 1.5, True, None, {}, [], [[1], [2]]]}]  # fmt: skip # noqa: E501
    write_yaml(odd, tmp_path / "odd.yaml")
    assert list(yaml.safe_load_all((tmp_path / "odd.yaml").read_text())) == odd


def test_inputs_are_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = mix_file(20, 10)
    assert path.is_relative_to(tmp_path / "netwright" / "bench")
    path.write_text("kept")
    assert mix_file(20, 10).read_text() == "kept"
    assert mix_file(20, 10, seed=2).read_text() != "kept"
    assert [p.suffix for p in path.parent.iterdir()] == [".json", ".json"]


@pytest.mark.parametrize("naming", ["old", "new"])
def test_an_edit_touches_one_policy(naming: str) -> None:
    manifests = mix(60, 30, 3)
    before = json.dumps(manifests)
    known = {json.dumps(part) for o in policies(manifests) for part in leaves(o["spec"])}
    for seed in range(60):
        after = edit(manifests, seed, naming)  # type: ignore[arg-type]
        assert json.dumps(manifests) == before, "the input is left alone"
        assert after != manifests
        old = {json.dumps(o) for o in manifests}
        new = [o for o in after if json.dumps(o) not in old]
        assert len(new) <= 1
        assert sum(a is b for a in after for b in manifests) >= len(manifests) - 1
        fresh = {json.dumps(part) for o in new for part in leaves(o["spec"])} - known
        assert bool(fresh) == (naming == "new"), (seed, fresh)


def leaves(value: object) -> list[object]:
    """Every scalar of a value with its key: what an edit can name."""
    if isinstance(value, dict):
        return [[key, leaf] for key, inner in value.items() for leaf in leaves(inner)]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in leaves(inner)]
    return [value]


def test_columns_are_consistent() -> None:
    made = columns(20_000, 40, 400, 5)
    again = columns(20_000, 40, 400, 5)
    assert np.array_equal(made.label_ids, again.label_ids)
    assert made.policies == again.policies
    assert made.n == 20_000
    assert len(made.policies) == 400
    assert len(np.unique(made.address)) == made.n
    keys = [key for key, _ in made.labels]
    assert keys == sorted(keys)
    assert len(set(made.labels)) == len(made.labels)
    assert made.label_offsets[-1] == len(made.label_ids)
    assert made.label_ids.min() >= 0
    assert made.label_ids.max() < len(made.labels)
    named = 0
    for pod in range(0, made.n, 7):
        ids = made.label_ids[made.label_offsets[pod] : made.label_offsets[pod + 1]]
        assert (np.diff(ids) > 0).all()
        labels = made.labels_of(pod)
        assert len(labels) == len(ids), "one value a key"
        name = made.workloads[made.workload[pod]]
        assert name == f"{made.namespaces[made.namespace[pod]]}/{labels['app']}"
        named += labels.get("statefulset.kubernetes.io/pod-name") == f"pod-{pod:07}"
        assert labels.get("version", "v1") in ("v1", "v2", "v3")
        assert labels.get("tier", "edge") in ("edge", "front", "middle", "back", "data")
    assert 0.08 < named / (made.n / 7) < 0.12
    assert made.address[3] >> 8 == (10 << 16) + made.node[3]
    versions = {(made.workload[p], made.labels_of(p).get("version")) for p in range(0, made.n, 3)}
    assert len(versions) > len(np.unique(made.workload[::3])), "some workloads are in a rollout"


def test_admin_policies_have_their_shape() -> None:
    made = admin_policies(columns(2_000, 10, 20, 5), 1, count=6, rules=4)
    assert len({p["priority"] for p in made}) == 6
    assert {p["tier"] for p in made} == {"Admin", "Baseline"}
    assert all(len(p["ingress"]) == len(p["egress"]) == 4 for p in made)
    assert {r["action"] for p in made for r in p["egress"]} == {"Accept", "Deny", "Pass"}


# --- measurements -----------------------------------------------------------------------------------------------------


def test_memory_is_the_commands_own() -> None:
    """Linux hands a process's peak through exec; a bench that holds a large input must not be measured with it."""
    ballast = bytearray(b"x") * 200_000_000
    idle = measure.run([sys.executable, "-I", "-S", "-c", "pass"], repeats=1)
    busy = measure.run([sys.executable, "-I", "-S", "-c", "x = bytearray(b'x') * 150_000_000"], repeats=1)
    assert len(ballast) == 200_000_000
    assert idle.peak_mb < 100
    assert busy.peak_mb > 150


def test_what_children_used_and_what_was_written_count(tmp_path: Path) -> None:
    burn = "import time\nwhile time.process_time() < 0.3: sum(range(1000))"  # CPU seconds, whatever the clock says
    program = f"import subprocess, sys; print('x' * 999); subprocess.run([sys.executable, '-c', {burn!r}])"
    file = tmp_path / "out"
    file.write_text("12345")
    cost = measure.run([sys.executable, "-c", program], repeats=1, outputs=[file])
    assert cost.cpu_s >= 0.3
    assert cost.written_bytes == 1005


def test_the_reference_stands_beside(tmp_path: Path) -> None:
    path = tmp_path / "some.json"
    path.write_text(json.dumps(list(range(200_000))))
    cost = measure.run([sys.executable, "-c", "pass"], repeats=1, manifests=path)
    assert cost.reference_s > 0
    assert cost.loads_s is not None
    assert cost.loads_s > 0


def test_a_command_that_fails_is_not_a_measurement() -> None:
    with pytest.raises(measure.CommandFailed, match=r"exit code 3: .*out of order"):
        measure.run(
            [sys.executable, "-c", "import sys; print('out of order', file=sys.stderr); sys.exit(3)"], repeats=1
        )
    assert measure.run([sys.executable, "-c", "import sys; sys.exit(3)"], repeats=1, exit_codes=(0, 3)).cpu_s > 0
    with pytest.raises(measure.CommandFailed, match="could not be started"):
        measure.run(["/nowhere/at-all"], repeats=1)


def test_the_table_marks_what_is_over() -> None:
    rows = [
        measure.Row(what="slow", measured=3.0, unit="CPU s", ceiling=2.0, loops=9.0),
        measure.Row(what="fast", measured=1.0, unit="CPU s", ceiling=2.0),
        measure.Row(what="told", measured=1234.0, unit="MB"),
    ]
    lines = measure.table(rows).splitlines()
    assert lines[2].split() == ["slow", "2", "CPU", "s", "3", "CPU", "s", "1.50", "9.00", "over"]
    assert lines[3].split() == ["fast", "2", "CPU", "s", "1", "CPU", "s", "0.50", "ok"]
    assert lines[4].split() == ["told", "1,234", "MB"]
    assert [row.over for row in rows] == [True, False, False]


def test_the_pace_is_that_of_the_start_that_grew_the_least() -> None:
    now = measure.Pace(loop_s=0.6, starts_s={"bare interpreter": 0.0165, "import numpy": 0.146})
    assert now.times == pytest.approx(1.5)
    assert now.loop_there_s == pytest.approx(0.4)
    assert str(now).startswith("pace: bare interpreter 16 CPU ms (11), import numpy 146 CPU ms (73)")


def test_a_pace_is_measured() -> None:
    now = measure.pace(1)
    assert now.loop_s > 0
    assert min(now.starts_s.values()) > 0
    assert now.starts_s.keys() == measure.SET_AT.keys()


def test_what_is_over_is_told_apart_from_a_slow_machine() -> None:
    rows = [
        measure.Row(what="slow", measured=1.2, unit="CPU s", ceiling=1.0, loops=2.0),
        measure.Row(what="wrong", measured=3.0, unit="CPU s", ceiling=1.0, loops=5.0),
        measure.Row(what="ratio", measured=1.1, unit="times", ceiling=1.0),
        measure.Row(what="warm", measured=6.0, unit="CPU ms", ceiling=5.0),
    ]
    over = [Over(row, at_pace(row, 0.6, 0.4)) for row in rows]
    assert [one.at_pace for one in over] == [pytest.approx(0.8), pytest.approx(2.0), None, pytest.approx(4.0)]
    assert list(told(over)) == [
        "over its ceiling:",
        "  wrong: 3 of 1 CPU s; 2 at the pace at which it was set",
        "  ratio: 1.1 of 1 times",
        "over its ceiling only because the machine is slow now:",
        "  slow: 1.2 of 1 CPU s; 0.8 at the pace at which it was set",
        "  warm: 6 of 5 CPU ms; 4 at the pace at which it was set",
    ]
    assert next(told(over[:1])) == "every ceiling held at the pace at which it was set"
    assert list(told([])) == ["every ceiling held"]
