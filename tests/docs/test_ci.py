"""The recipes of docs/how/ci.md: their YAML has the shape that its reader wants, and their commands really run."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from tests.unit.render.sarif_shape import wrong

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/how/ci.md").read_text(encoding="utf-8")
RECIPES = {
    name: yaml.safe_load(text)
    for name, text in re.findall(r'^```yaml title="([^"]+)"\n(.*?)^```$', PAGE, re.MULTILINE | re.DOTALL)
}
GITHUB, GITLAB, LOCAL = ".github/workflows/netwright.yaml", ".gitlab-ci.yml", ".pre-commit-config.yaml"
INSTALL = "python -m pip install netwright"
DEAD = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: dead, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
    - from: [{podSelector: {}}]
      ports: [{port: nowhere}]
"""
EXPRESSIONS = {"github.token": "t0ken", "github.event.pull_request.number": "7"}
GH = """\
#!/bin/sh
# Stands for GitHub's own program: keeps what it was asked, and knows the comment whose number is in `comment`.
[ "$GH_TOKEN" = t0ken ] || exit 4
printf '%s\\n' "$*" >> "$CALLS/calls"
case "$*" in *--paginate*) cat "$CALLS/comment" 2>/dev/null || true ;; *body=@*) cp "${*##*@}" "$CALLS/body" ;; esac
"""


class Here:
    """A git repository with the example as `manifests/`, checked out as the merge of a branch, and programs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "repo"
        self.calls = folder / "calls"
        self.summary = folder / "summary.md"
        programs = folder / "programs"
        for made in (self.calls, programs):
            made.mkdir()
        line = f"exec '{sys.executable}' -c 'from netwright.cli.main import main; main()' \"$@\""
        for name, text in (("netwright", f"#!/bin/sh\n{line}\n"), ("gh", GH)):
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        self.environment = {
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "src"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": str(folder),
            "CALLS": str(self.calls),
            "GITHUB_REPOSITORY": "octo/shop",
            "GITHUB_STEP_SUMMARY": str(self.summary),
        }
        shutil.copytree(ROOT / "examples/shop", self.folder / "manifests")
        self.git("init", "-q", "-b", "main")
        self.commit("one")

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=n", "-c", "user.email=n@example.com", "-c", "commit.gpgsign=false")
        done = subprocess.run(["git", *who, *arguments], cwd=self.folder, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-qm", message)

    def change(self, *, bad: bool) -> None:
        """A branch with a change, and HEAD the merge of it into main, as a pull request is checked out."""
        self.git("checkout", "-q", "-b", "change")
        if bad:
            (self.folder / "manifests/dead.yaml").write_text(DEAD)
            mailer = self.folder / "manifests/legacy/mailer.yaml"
            text = mailer.read_text()
            mailer.write_text(text.replace("\n  ports:\n", "\n  type: LoadBalancer\n  ports:\n", 1))
            assert mailer.read_text() != text
        else:
            (self.folder / "manifests/README.md").write_text("words\n")
        self.commit("two")
        self.git("checkout", "-q", "--detach", "main")
        self.git("merge", "-q", "--no-ff", "-m", "merged", "change")

    def run(self, script: str, **more: str) -> subprocess.CompletedProcess[str]:
        """As a runner does: bash that stops at the first failure."""
        return subprocess.run(
            ["bash", "-e", "-c", script],
            cwd=self.folder,
            env=self.environment | more,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )


@pytest.fixture
def here(tmp_path: Path) -> Here:
    return Here(tmp_path)


# --- the shape --------------------------------------------------------------------------------------------------------


def test_the_page_has_the_three_recipes() -> None:
    assert list(RECIPES) == [GITHUB, GITLAB, LOCAL]


def test_the_shape_of_the_workflow() -> None:
    workflow = RECIPES[GITHUB]
    assert set(workflow) == {"name", True, "permissions", "jobs"}  # YAML 1.1 reads `on` as true, GitHub does not
    assert set(workflow[True]) == {"pull_request", "push"}, "never pull_request_target: it runs a stranger's branch"
    assert workflow["permissions"] == {"contents": "read"}
    (job,) = workflow["jobs"].values()
    assert set(job) == {"runs-on", "timeout-minutes", "permissions", "steps"}
    assert job["permissions"] == {
        "contents": "read",
        "actions": "read",
        "security-events": "write",
        "pull-requests": "write",
    }
    for step in job["steps"]:
        assert set(step) <= {"name", "uses", "with", "if", "env", "run"}
        assert ("uses" in step) != ("run" in step)
        if "uses" in step:
            assert re.fullmatch(r"(actions|github)/[\w/-]+@v\d+", step["uses"]), "pinned by its major version"
        # what GitHub puts into a script before the shell reads it could hold a command
        assert "${{" not in step.get("run", "")
    assert job["steps"][0]["with"]["fetch-depth"] >= 2, "HEAD^1 must be there"
    (upload,) = [step for step in job["steps"] if "upload-sarif" in step.get("uses", "")]
    scripts = " ".join(step.get("run", "") for step in job["steps"])
    assert f"--out {upload['with']['sarif_file']}" in scripts


def test_the_shape_of_the_gitlab_job() -> None:
    (job,) = RECIPES[GITLAB].values()
    assert set(job) == {"image", "rules", "variables", "before_script", "script", "artifacts"}
    assert job["before_script"] == [INSTALL]
    assert job["artifacts"]["when"] == "always", "a job that fails is the one whose report is wanted"
    written = [job["artifacts"]["reports"]["junit"], *job["artifacts"]["paths"]]
    assert [name for name in written if not any(f"--out {name}" in line for line in job["script"])] == []
    assert all(isinstance(value, str) for value in job["variables"].values())


def hooks(name: str) -> list[dict[str, Any]]:
    if name == LOCAL:
        (repository,) = RECIPES[LOCAL]["repos"]
        assert repository["repo"] == "local"
        return list(repository["hooks"])
    return list(yaml.safe_load((ROOT / name).read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", [LOCAL, ".pre-commit-hooks.yaml"])
def test_the_shape_of_the_hooks(name: str) -> None:
    known = {"id", "name", "description", "entry", "language", "files", "pass_filenames", "require_serial"}
    for hook in hooks(name):
        assert {"id", "name", "entry", "language"} <= set(hook) <= known
        assert hook["language"] == ("system" if name == LOCAL else "python")
        assert hook["pass_filenames"] is False, "policies act together: the folder is read whole"
        assert re.search(hook["files"], "manifests/shop/web.yaml")
        assert not re.search(hook["files"], "README.md")
    assert [hook["id"] for hook in hooks(name)] == ["netwright-check", "netwright-diff"]


# --- the commands -----------------------------------------------------------------------------------------------------


def ran(here: Here) -> dict[str, int]:
    """The steps of the workflow in their order, each run as it stands; their exit codes by name."""
    (job,) = RECIPES[GITHUB]["jobs"].values()
    codes = {}
    for step in job["steps"]:
        if "run" not in step or step["run"] == INSTALL:
            continue
        given = {
            name: re.sub(r"\$\{\{ (.*?) \}\}", lambda found: EXPRESSIONS[found[1]], value)
            for name, value in step.get("env", {}).items()
        }
        done = here.run(step["run"], **given)
        assert "Traceback" not in done.stderr
        codes[step["name"]] = done.returncode
        if "-o github" in step["run"]:
            *commands, last = done.stdout.splitlines()
            assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in commands)
            assert last.startswith("netwright ")
    return codes


@pytest.mark.e2e
@pytest.mark.parametrize("bad", [True, False])
def test_the_workflow_runs(here: Here, bad: bool) -> None:
    here.change(bad=bad)
    assert ran(here) == {
        "Code scanning": 0,
        "Summary": 0,
        "What the pull request opens and closes": 0,
        "Comment": 0,
        "Gate": int(bad),
        "No new way in from the internet": int(bad),
    }
    log = json.loads((here.folder / "netwright.sarif").read_text(encoding="utf-8"))
    assert list(wrong(log)) == []
    placed = {
        result["ruleId"]: result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for result in log["runs"][0]["results"]
    }
    assert placed.get("NW2104") == ("manifests/dead.yaml" if bad else None)
    assert here.summary.read_text(encoding="utf-8").startswith("<!-- netwright:check -->\n## netwright check passed")
    comment = (here.folder / "diff.md").read_text(encoding="utf-8")
    assert ("EXPOSED" in comment) == bad
    assert (here.calls / "body").read_text(encoding="utf-8") == comment
    assert (here.calls / "calls").read_text().splitlines()[-1] == (
        "api --method POST repos/octo/shop/issues/7/comments -F body=@diff.md"
    )


@pytest.mark.e2e
def test_a_comment_that_is_there_is_replaced(here: Here) -> None:
    here.change(bad=True)
    (here.calls / "comment").write_text("4711\n4712\n")
    assert ran(here)["Comment"] == 0
    asked, done = (here.calls / "calls").read_text().splitlines()
    assert asked.startswith("api --paginate repos/octo/shop/issues/7/comments --jq ")
    assert '"<!-- netwright:diff -->"' in asked
    assert done == "api --method PATCH repos/octo/shop/issues/comments/4711 -F body=@diff.md"


@pytest.mark.e2e
def test_the_comment_is_chosen_by_its_first_line(here: Here) -> None:
    """The filter itself, where jq is at hand; `gh` has the same language built in."""
    if shutil.which("jq") is None:
        pytest.skip("there is no jq")
    (job,) = RECIPES[GITHUB]["jobs"].values()
    (script,) = [step["run"] for step in job["steps"] if "gh api" in step.get("run", "")]
    (chosen,) = re.findall(r"mine='(.*)'", script)
    marker = "<!-- netwright:diff -->\n## x"
    comments = [
        {"id": 1, "user": {"type": "User"}, "body": marker},
        {"id": 2, "user": {"type": "Bot"}, "body": f"see {marker}"},
        {"id": 3, "user": {"type": "Bot"}, "body": marker},
    ]
    done = subprocess.run(["jq", chosen], input=json.dumps(comments), capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["3"]


@pytest.mark.e2e
@pytest.mark.parametrize("bad", [True, False])
def test_the_gitlab_job_runs(here: Here, bad: bool) -> None:
    here.change(bad=bad)
    (job,) = RECIPES[GITLAB].values()
    base = here.git("rev-parse", "main")
    codes = [here.run(line, CI_MERGE_REQUEST_DIFF_BASE_SHA=base).returncode for line in job["script"]]
    assert codes == [0, int(bad)]
    report = ElementTree.parse(here.folder / job["artifacts"]["reports"]["junit"]).getroot()
    failed = [case.attrib for case in report.iter("testcase") if case.find("failure") is not None]
    assert [case["file"] for case in failed] == ["manifests/dead.yaml"] * bad
    for name in job["artifacts"]["paths"]:
        assert (here.folder / name).read_text(encoding="utf-8").startswith("<!-- netwright:diff -->\n")


@pytest.mark.e2e
@pytest.mark.parametrize("bad", [True, False])
@pytest.mark.parametrize("name", [LOCAL, ".pre-commit-hooks.yaml"])
def test_the_hooks_run(here: Here, name: str, bad: bool) -> None:
    """As pre-commit does: what is staged lies in the folder, the last commit is what was before."""
    here.change(bad=bad)
    here.git("reset", "-q", "--soft", "HEAD^1")
    folder = "" if name == LOCAL else " manifests/"  # what `args` adds
    codes = [here.run(f"{hook['entry']}{folder}").returncode for hook in hooks(name)]
    assert codes == [int(bad), int(bad)]


def test_every_format_is_told_of() -> None:
    from netwright.cli.gate_formats import CHECK_FORMATS, DIFF_FORMATS

    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", PAGE, re.MULTILINE))

    def of(verb: str) -> set[str]:
        return {name for name, told in rows.items() if f"`{verb}`" in told or told == "both"}

    assert of("check") == {*CHECK_FORMATS, "json"}
    assert of("diff") == {*DIFF_FORMATS, "json"}
