"""Writes docs/tour.md: a walk over examples/shop whose every output was printed by the commands themselves.

    python docs/tour.py            write the page
    python docs/tour.py --check    exit 1 with a diff where the page on disk differs

The seconds of an answer are shown as `0.xx`. A step whose exit code is not the one it names stops the writing. The page
runs as it stands: its blocks of `sh` and the commands of its `console`, one after the other in one shell in a clone.
"""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import NamedTuple

from shell import ROOT, block, run, workplace

PAGE = ROOT / "docs" / "tour.md"
QUERIES = "tour-queries.jsonl"
LIBRARY = """\
import netwright as nw

twin = nw.load("examples/shop")
answer = twin.why("shop/web", "shop/db:5432")
print(answer.verdict)
print(answer.parts[0].ingress.nearest.differs[0])
print(*(change.edits[0] for change in answer.changes), sep="\\n")
"""


FIRST = """\
PATH=$PWD/.venv/bin:$PATH
tour=$(mktemp -d) && cp -R examples docs/tour-queries.jsonl "$tour" && cd "$tour"
"""


class Step(NamedTuple):
    """`prose` comes before the command, `after` behind its output. `before` is run first and prints nothing."""

    title: str
    prose: str
    command: str
    code: int = 0
    after: str = ""
    before: str = ""


def writing(name: str, text: str) -> str:
    """The lines of shell that write a file."""
    return f"cat >{name} <<'END'\n{text}END\n"


STEPS = (
    Step(
        "The example",
        "`examples/shop` is a small cluster that this project wrote: a shop, its payments, an old system nobody dares "
        "to touch, and what every cluster has besides. Three things in it are wrong on purpose. `show workloads` "
        "lists what people deployed; ISOLATED says in which directions policies stand guard over it.",
        "netwright show workloads examples/shop",
        after="The last line of every answer counts, says how long it took, and what the exit code means. (The seconds "
        "differ from "
        "machine to machine, so they are left out here.)",
    ),
    Step(
        "Which policies act",
        "`show policies` says how many workloads each one selects. One of the three mistakes shows at once: "
        "`monitoring/ledger-metrics` selects nothing, because a NetworkPolicy acts in its own namespace only.",
        "netwright show policies examples/shop -n monitoring -n payments",
    ),
    Step(
        "Why is it denied?",
        "The shop's front end cannot reach its database, although somebody wrote a rule for it. `why` gives the "
        "verdict first, then what each side's policies say with file, line and owner, then the rule that came "
        "*nearest* and the one label that differs.",
        "netwright why shop/web shop/db:5432 -f examples/shop",
        1,
        after="Below stand the smallest changes that would flip the verdict. Each was made on a copy of the cluster "
        "and asked again, so what it opens besides is known and not guessed. Exit code 1 always and only means: the "
        "answer is no.",
    ),
    Step(
        "Why is it allowed?",
        "An allowed connection has its evidence too: one rule on the side of the sender, one on the side of the "
        "receiver. Without a port, `why` asks about the ports that the containers declare.",
        "netwright why shop/api shop/db -f examples/shop",
    ),
    Step(
        "Can the internet get in?",
        "`internet` is every public address outside the cluster. For a Service the answer is a chain: the load "
        "balancer's source ranges, what becomes of the client's address, then the policy at the pod.",
        "netwright why internet svc/ingress-nginx/controller:443 -f examples/shop",
        1,
        after="SOME: two ranges pass, the others do not. Something of what was asked is denied, hence exit code 1.",
    ),
    Step(
        "All ways in",
        "`show exposed` lists the [ways](reference/terms.md#way) from the internet to a workload, danger first: by "
        "node ports, load balancers and external IPs of Services, by Ingresses and routes of the Gateway API and of "
        "OpenShift, and past Services to what takes ports of its node. Another of the mistakes stands on top: "
        "`legacy/orders` listens on a port of every node, and no policy acts in its namespace.",
        "netwright show exposed examples/shop",
    ),
    Step(
        "And an address?",
        "Either end may be a bare address. The gateway may talk to card processors anywhere on port 443, but its rule "
        "excepts the address where clouds hand out credentials.",
        "netwright why payments/gateway 169.254.169.254:443 -f examples/shop --no-changes",
        1,
    ),
    Step(
        "What nobody can know",
        "NetworkPolicy speaks of TCP, UDP and SCTP and leaves open what happens to a ping. netwright does not guess: "
        "the third verdict is *undecided*, with its reason, and has an exit code of its own.",
        "netwright why shop/api shop/db --protocol icmp -f examples/shop",
        4,
    ),
    Step(
        "Who can reach the database?",
        "`reach` answers for all pairs; `--to` and `--from` narrow it to one end. A line with `?` is undecided: a pod "
        "always reaches its own node, and manifests do not say on which node the database runs.",
        "netwright reach examples/shop --to shop/db",
    ),
    Step(
        "Where does one port lead?",
        "`--port` asks about one service only: where may the front end connect on PostgreSQL's port? Nowhere for "
        "certain, and perhaps to its own node, because no policy keeps a pod from the node it runs on.",
        "netwright reach examples/shop --from shop/web --port 5432",
    ),
    Step(
        "What could an intruder reach?",
        "`--hops all` follows connections step by step over the ports that are served: who takes `shop/web` can go on "
        "to `shop/api`, and from there to the database. The other way leads through CoreDNS, which no policy holds "
        "back.",
        "netwright reach examples/shop --from shop/web --hops all",
    ),
    Step(
        "The same as data",
        "Everything comes as JSON with a schema, so that a script need not read prose. This prints the connections of "
        "one answer, one a line.",
        "netwright reach examples/shop --to shop/db -o json | "
        """python3 -c 'import json, sys; [print(c) for c in json.load(sys.stdin)["connections"]]'""",
        after="[The JSON page](reference/json.md) has what the fields are for and a compact form for thousands of "
        "workloads, [another one](reference/json-fields.md) each field in a line.",
    ),
    Step(
        "What is wrong?",
        "Nobody asks about every pair. `check` looks for what is dead, a trap or open to the world, and gives each "
        "finding its line, its owner and its cure. The three mistakes of the example are all here.",
        "netwright check examples/shop --fail-on warning",
        1,
        after="`netwright explain NW2003` shows a manifest with the mistake and the same cured. [Check a "
        "network](how/check.md) has the rest: a baseline for old repositories, what a team accepts until a day, pages "
        "and formats for pipelines.",
    ),
    Step(
        "What must stay true?",
        "An intent says it once, and every check proves it: here that the ledger stays inside, and that only three "
        "workloads reach the database.",
        "netwright check examples/shop --intents intents.yaml --show NW3106",
        before=writing(
            "intents.yaml",
            """\
- name: the ledger never reaches the internet
  deny: {from: payments/ledger, to: internet}
- name: who reaches the database
  only: {from: [shop/api, shop/db, cronjob/shop/db-backup], to: shop/db}
""",
        ),
        after="[Say what must hold](how/intents.md).",
    ),
    Step(
        "What would a change do?",
        "Mend the label that keeps the front end from its database, on a copy, and compare: `diff` names each "
        "connection that opens or closes and the line that did it. The exit code is 1 where anything differs, so that "
        "a pipeline can ask for a second look; `--fail-on` says what it is to stop for.",
        "netwright diff examples/shop mended",
        1,
        before="cp -R examples/shop mended\n"
        "sed 's/tier: front-end/tier: frontend/' examples/shop/shop/web.yaml >mended/shop/web.yaml\n",
        after="In a git clone, `netwright diff FOLDER` compares the folder with its last commit. [Read a "
        "diff](how/diff.md) has the rest.",
    ),
    Step(
        "Many questions at once",
        "A file of questions, one JSON object a line, is answered line by line in the same order: the form for a "
        f"pipeline. These five are in [`{QUERIES}`]({QUERIES}), of which you have a copy.",
        f"netwright eval examples/shop --queries {QUERIES} -o text",
    ),
    Step(
        "What a manifest does not say, you can",
        "This policy admits a range of addresses. Whether the client's address lies in it cannot be known from its "
        "manifest, so the verdict is undecided and names the flag that would settle it.",
        "netwright why default/client default/server:80 -f ranges.yaml",
        4,
        before=writing(
            "ranges.yaml",
            """\
{apiVersion: v1, kind: Pod, metadata: {name: client, namespace: default},
 spec: {containers: [{name: c, image: client:1}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: server, namespace: default, labels: {app: server}},
 spec: {containers: [{name: c, image: server:1, ports: [{containerPort: 80}]}]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: server, namespace: default}
spec:
  podSelector: {matchLabels: {app: server}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - ipBlock: {cidr: 10.244.0.0/16}
""",
        ),
    ),
    Step(
        "",
        "All pods of this cluster have addresses in 10.244.0.0/16. Said so, the same question has an answer.",
        "netwright why default/client default/server:80 -f ranges.yaml --pod-cidr 10.244.0.0/16 --no-changes",
    ),
    Step(
        "A broken file",
        "One document that cannot be parsed does not stop the others, and is not passed over either. It says `kind: "
        "NetworkPolicy` and `namespace: shop`, so verdicts in that namespace become undecided and all others stand.",
        "netwright reach broken --to legacy/mailer --port 25",
        3,
        before="cp -R examples/shop broken\n"
        + writing(
            "broken/half.yaml",
            """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  namespace: shop
  name: {half
""",
        ),
        after="Exit code 3 comes before all others but a wrong use: an answer from part of the input must not pass for "
        "one from all of it.",
    ),
)


def page() -> str:
    """The whole page. Raises RuntimeError for a step that ended with another exit code than it names."""
    out = [
        "<!-- written by docs/tour.py; do not edit -->\n",
        "# A tour in twenty minutes\n",
        "Every command on this page can be run as it stands, after `make demo` in a clone, and every output below was "
        "printed by the command above it. Begin with these two lines in the clone: they put netwright on your PATH and "
        "take what the page needs into a folder for temporary files, so that your clone stays as it is.\n",
        _shell(FIRST),
    ]
    with workplace() as folder:
        source = ROOT / "docs" / QUERIES
        (folder / QUERIES).write_bytes(source.read_bytes())
        for step in STEPS:
            if step.title:
                out.append(f"## {step.title}\n")
            out.append(step.prose + "\n")
            if step.before:
                _silent(step.before, folder)
                out.append(_shell(step.before))
            ran = run(step.command, folder)
            if ran.code != step.code:
                raise RuntimeError(f"`{step.command}` ended with exit code {ran.code}, not {step.code}:\n{ran.output}")
            out.append(block(step.command, ran) + "\n")
            if step.after:
                out.append(step.after + "\n")
        out.append("## From Python\n")
        out.append(
            "The command line is thin: the same questions can be asked from Python, and answers are objects with "
            "typed fields. [The library page](how/library.md) has more. Paste this into the "
            "`python3` that is now on your PATH:\n"
        )
        (folder / "tour.py").write_text(LIBRARY, encoding="utf-8")
        ran = run("python3 tour.py", folder)
        if ran.code:
            raise RuntimeError(f"the example of the library failed:\n{ran.output}")
        out.append(f"```python\n{LIBRARY}```\n")
        out.append(f"```text\n{ran.output}\n```\n")
    out.append(
        "Next: [your own manifests](start.md), [how to read an answer](how/read-an-answer.md), "
        "[what to do about undecided verdicts](how/undecided.md).\n"
    )
    return "\n".join(out)


def _silent(lines: str, folder: Path) -> None:
    ran = run(lines, folder)
    if ran.code or ran.output:
        raise RuntimeError(f"`{lines}` ended with exit code {ran.code}:\n{ran.output}")


def _shell(lines: str) -> str:
    return f"```sh\n{lines}```\n"


def differs(path: Path, text: str) -> str:
    """A diff between the file on disk and what it should hold; "" where there is none."""
    held = path.read_text(encoding="utf-8") if path.exists() else ""
    name = path.relative_to(ROOT).as_posix()
    lines = difflib.unified_diff(
        held.splitlines(), text.splitlines(), f"{name} on disk", f"{name} as generated", lineterm=""
    )
    return "\n".join(lines)


def main() -> int:
    text = page()
    found = differs(PAGE, text)
    if "--check" in sys.argv[1:]:
        if found:
            print(found)
        return 1 if found else 0
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
