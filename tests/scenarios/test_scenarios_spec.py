"""Every scenario through the reference evaluator alone: the verdicts in the files were derived by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.by_spec import OURS, wrong_rows
from tests.scenarios.reading import FOLDER, Scenario, decode, read, scenarios

ALL = scenarios()


@pytest.mark.parametrize("scenario", ALL, ids=[one.name for one in ALL])
def test_the_specification_gives_the_verdicts_derived_by_hand(scenario: Scenario) -> None:
    wrong = wrong_rows(OURS, scenario, scenario.decoded())
    assert not wrong, "\n" + "\n".join(wrong)


def test_the_scenarios_say_yes_and_no() -> None:
    for scenario in ALL:
        assert len({row.verdict for row in scenario.rows}) > 1 or scenario.name.startswith("np-25"), scenario.name


@pytest.mark.parametrize(
    "text",
    [
        "# t\n\n```yaml\na: 1\n```\n",
        "# t\n\n```yaml file=a.yaml\na: 1\n",
        "# t\n\n```yaml file=a.yaml\na: 1\n```\n",
        "# t\n\n```python\na\n```\n",
        "# t\n\n```verdicts\na/b c/d:80 TCP maybe\n```\n",
        "# t\n\n```verdicts\na/b c/d TCP allow\n```\n",
        "# t\n\n```verdicts\na/b c/d:80 TCP allow nad/a/n 4\n```\n",
        "# t\n\n```verdicts\na/b c/d:80 ICMP allow\n```\n",
        "# t\n\n```verdicts colour=red\na/b c/d:80 TCP allow\n```\n",
        "# t\n\n```verdicts cni=thalassa\na/b c/d:80 TCP allow\n```\n",
        "# t\n\n```verdicts cni=cilium:colour=red\na/b c/d:80 TCP allow\n```\n",
    ],
)
def test_a_file_out_of_format_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "np-99-x.md"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="np-99-x"):
        read(path)


def test_a_row_knows_its_line_and_its_options() -> None:
    scenario = read(FOLDER / "np-12-blocks-and-pod-addresses.md")
    lines = scenario.path.read_text(encoding="utf-8").splitlines()
    for row in scenario.rows:
        assert lines[row.line - 1].split()[-1] == row.verdict
        assert lines[row.line - 1].split()[0] == row.source
    assert scenario.rows[-1].pod_ranges == ("10.0.1.0/25", "10.0.1.128/25")


def test_manifests_decode_into_their_kinds() -> None:
    found = decode("kind: Node\nmetadata: {name: n}\n---\nkind: Pod\nmetadata: {name: p}\n")
    assert [(one.kind, one.namespace, one.name) for one in found] == [("Node", "", "n"), ("Pod", "default", "p")]
