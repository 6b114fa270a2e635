"""`check -o html` as a whole process, and how long the Chromium of the machine takes to open what it wrote."""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from bench.generate import Object, mix_file, write_json
from bench.measure import REPEATS, Report, Row, run
from bench.registry import bench

COMMAND = Path(sys.executable).parent / "netwright"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SPACES, PODS = 20, 15


@bench("html")
def html(quick: bool) -> Report:
    """The page of `check`: 300 workloads with 5,000 connections, and mixes up to 700 workloads."""
    report = Report()
    with tempfile.TemporaryDirectory(prefix="netwright-bench-") as folder:
        spaces = Path(folder, "spaces.json")
        write_json(_namespaces(), spaces)
        inputs = [(f"{SPACES * PODS} workloads, 5,000 connections", spaces)]
        if not quick:
            inputs += [(f"mix of {w} / {p}", mix_file(w, p)) for w, p in ((300, 150), (700, 350))]
        for what, manifests in inputs:
            out = Path(folder, "page.html")
            command = [COMMAND, "check", manifests, "-q", "-o", "html", "--out", out, "--force"]
            cost = run(command, repeats=1 if quick else REPEATS, outputs=[out], exit_codes=(0, 1))
            report.cost(what, cost, written_mb=5.0)
            if CHROMIUM is None:
                report.notes.append("no Chromium on this machine: opening was not measured")
                continue
            report.rows.append(
                Row(what=f"{what}: opens", measured=_opens(out, 1 if quick else REPEATS), unit="s", ceiling=2.0)
            )
    return report


def _namespaces() -> list[Object]:
    """Namespaces whose pods admit one another on one port and may go outside: 20 × 15 × 14 + 300 × 3 connections."""
    made: list[Object] = []
    for s in range(SPACES):
        where = f"team-{s:02}"
        made.append({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": where}})
        made.append(
            {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "NetworkPolicy",
                "metadata": {"name": "own", "namespace": where},
                "spec": {
                    "podSelector": {},
                    "policyTypes": ["Ingress"],
                    "ingress": [{"from": [{"podSelector": {}}], "ports": [{"port": 8080}]}],
                },
            }
        )
        for p in range(PODS):
            container = {"name": "main", "image": "app:1", "ports": [{"containerPort": 8080}]}
            meta = {"name": f"app-{p:02}", "namespace": where, "labels": {"app": f"app-{p:02}"}}
            made.append({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": [container]}})
    return made


def _opens(file: Path, repeats: int) -> float:
    """Median seconds from the request for a file to the end of its load event, the script's drawing within."""
    from playwright.sync_api import sync_playwright

    taken = []
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=flags)
        for _ in range(repeats):
            page = browser.new_page()
            page.goto(file.as_uri())
            taken.append(page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd") / 1000)
            page.close()
        browser.close()
    return statistics.median(taken)
