"""What is read of objects is what a snapshot keeps of them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import netwright
from netwright.model.ingress_controllers import PROJECTS
from netwright.model.outside_ports import AWS_CONTROLLER, AWS_SCHEME, INTERNAL_BALANCERS
from netwright.store import vocabulary as v
from netwright.store.fields import is_kept
from netwright.twin import OWNER_ANNOTATIONS

SOURCE = Path(netwright.__file__).parent
KEY = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]+/[A-Za-z0-9._-]*")
TALKED_OF = ("finding_codes", "glossary", "counterparts", "store", "render", "cli", "kube", "live_kinds", "differences")
"""Modules whose texts are for people, or that read no object."""
OTHERS = re.compile(
    r".*/v\d\w*"  # versions of APIs
    r"|(kubernetes\.io/(h2c|ws|wss|metadata\.name|service-name|hostname|os|arch))"  # protocols, labels
    r"|(statefulset|apps|batch|app|endpointslice|node-role|gateway\.networking|gateway\.envoyproxy|topology)\.?.*/.*"
    r"|(projectcalico\.org|io\.cilium\.[\w.]+|vm\.kubevirt\.io|vmi\.kubevirt\.io|gateway\.istio\.io)/.*"
    r"|kubevirt\.io/(created-by|nodeName)|istio\.io/(rev|use-waypoint|dataplane-mode)"
    r"|.*/(gateway-controller|kic-gateway-controller|gateway-operator)"
    r"|kubectl\.kubernetes\.io/last-applied-configuration"  # left out when rules are converted
    r"|ingresscontroller\.operator\.openshift\.io/.*|k8s\.ovn\.org/primary-user-defined-network"
)
"""Labels, versions, protocols and controllers."""


def test_every_annotation_that_the_code_reads_is_kept() -> None:
    read = {*OWNER_ANNOTATIONS, *INTERNAL_BALANCERS}
    for path in sorted(SOURCE.rglob("*.py")):
        if any(part in path.relative_to(SOURCE).with_suffix("").parts for part in TALKED_OF):
            continue
        tree = ast.parse(path.read_text())
        told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
                if KEY.fullmatch(node.value) and not OTHERS.fullmatch(node.value):
                    read.add(node.value)
    assert "k8s.v1.cni.cncf.io/networks" in read
    read -= {text for one in PROJECTS.values() for text in (*one.classes, *one.controllers)}
    handled = {*v.TEXT_NOTES, *v.WORD_NOTES, *v.PRESENT_NOTES, *v.JSON_NOTES, v.OPEN_PORTS, *INTERNAL_BALANCERS}
    handled |= {AWS_CONTROLLER, AWS_SCHEME, *OWNER_ANNOTATIONS}  # owners are left out
    redacted = sorted(key for key in read if key not in handled and not key.endswith("/"))
    assert redacted == [], "say in store/vocabulary.py how they are redacted"
    lost = sorted(key for key in read if not is_kept(key))
    assert lost == [], "keep them in store/fields.py, or say in OTHERS what they are"
