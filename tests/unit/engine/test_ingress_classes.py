"""Through which ingress controllers an Ingress is reached: those that serve its class, as far as the input says it.

After networking.k8s.io/v1 IngressClass and the flags of ingress-nginx (`GetIngressClass` in its store).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.engine.test_ways_in import HTTP, POD, V4, asked, front, twin

SERVICE = """\
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""
NGINX, TRAEFIK = "k8s.io/ingress-nginx", "traefik.io/ingress-controller"
ALB = "ingress.k8s.aws/alb"


def ingress(spec: str = "", meta: str = "") -> str:
    return f"""\
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: web, namespace: shop{meta}}}
spec: {{defaultBackend: {{service: {{name: web, port: {{number: 80}}}}}}{spec}}}
"""


def named(name: str) -> str:
    return ingress(f", ingressClassName: {name}")


def noted(name: str) -> str:
    return ingress(meta=f", annotations: {{kubernetes.io/ingress.class: {name}}}")


def klass(name: str, controller: str, default: str = "") -> str:
    more = f', annotations: {{ingressclass.kubernetes.io/is-default-class: "{default}"}}' if default else ""
    return f"""\
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {{name: {name}{more}}}
spec: {{controller: {controller}}}
"""


def controller(label: str = "ingress-nginx", args: str = "", name: str = "one") -> str:
    """One that outside reaches."""
    command = f", args: [{args}]" if args else ""
    return f"""\
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: edge}}
spec:
  selector: {{matchLabels: {{at: {name}}}}}
  template:
    metadata: {{labels: {{app.kubernetes.io/name: {label}, at: {name}}}}}
    spec: {{containers: [{{name: c, image: example/c:1{command}}}]}}
{front(HTTP, name=name)}"""


INNER = "k8s.io/inner"


@pytest.mark.parametrize(
    ("ingress_", "classes", "controllers", "verdict"),
    [
        # by the object of the class
        (named("x"), klass("x", NGINX), controller(), "allow"),
        (named("x"), klass("x", TRAEFIK), controller(), "undecided"),
        (named("x"), klass("x", ALB), controller(), "undecided"),
        (named("x"), klass("x", "example.com/own"), controller(), "undecided"),
        (named("x"), klass("x", TRAEFIK), controller("traefik"), "allow"),
        (named("x"), klass("x", ALB), controller("traefik"), "undecided"),
        (named("x"), klass("x", NGINX), controller("traefik"), "undecided"),
        (named("x"), klass("x", TRAEFIK), controller() + controller("traefik", name="two"), "allow"),
        (named("x"), klass("x", "nginx.org/ingress-controller"), controller("nginx-ingress"), "undecided"),
        # several of one project: only ingress-nginx says by its flags which it serves
        (named("x"), klass("x", TRAEFIK), controller("traefik") + controller("traefik", name="two"), "undecided"),
        (named("x"), klass("x", INNER), controller(args=f"--controller-class={INNER}"), "allow"),
        (named("x"), klass("x", INNER), controller(args=f'"--controller-class", "{INNER}"'), "allow"),
        (named("x"), klass("x", NGINX), controller(args=f"--controller-class={INNER}"), "undecided"),
        (named("x"), klass("x", INNER), controller(args="--controller-class=$(CLASS)"), "undecided"),
        (named("x"), klass("x", INNER), controller(args="--ingress-class=x, --ingress-class-by-name"), "allow"),
        (named("x"), klass("x", INNER), controller(args="--ingress-class=x"), "undecided"),
        # where the object is missing, and there are none or others
        (named("x"), "", controller(), "allow"),
        (named("nginx"), "", controller(), "allow"),
        (named("alb"), "", controller(), "undecided"),
        (named("traefik"), "", controller(), "undecided"),
        (named("x"), klass("other", NGINX), controller(), "undecided"),
        # by the annotation, which controllers compare with a name of their own
        (noted("nginx"), "", controller(), "allow"),
        (noted("nginx"), klass("nginx", TRAEFIK), controller(), "allow"),
        (noted("x"), klass("x", NGINX), controller(), "undecided"),
        (noted("x"), "", controller(args="--ingress-class=x"), "allow"),
        (noted("nginx"), "", controller(args="--ingress-class=x"), "undecided"),
        (noted("alb"), "", controller("traefik"), "undecided"),
        (noted("x"), "", controller("traefik"), "allow"),
        (noted("x"), klass("x", ALB), controller("traefik"), "undecided"),
        # without a class
        (ingress(), "", controller(), "allow"),
        (ingress(), klass("x", NGINX, "true"), controller(), "allow"),
        (ingress(), klass("x", ALB, "true"), controller(), "undecided"),
        (ingress(), klass("x", NGINX, "false"), controller(), "undecided"),
        (ingress(), klass("x", NGINX), controller(args="--watch-ingress-without-class=true"), "allow"),
        (ingress(), klass("x", NGINX), controller(args="--watch-ingress-without-class"), "allow"),
        (ingress(), klass("x", TRAEFIK), controller("traefik"), "allow"),
        (ingress(), klass("x", NGINX, "true") + klass("other", ALB, "true"), controller(), "undecided"),
        (ingress(), klass("x", NGINX, "true") + klass("other", NGINX, "true"), controller(), "allow"),
        (noted('""'), klass("x", ALB, "true"), controller(), "undecided"),
        # of a class that is not in the input, one that serves another controller's classes perhaps has nothing
        (named("nginx"), "", controller(args=f"--controller-class={INNER}"), "undecided"),
        # by the namespace that a controller watches
        (named("x"), klass("x", NGINX), controller(args="--watch-namespace=shop"), "allow"),
        (named("x"), klass("x", NGINX), controller(args="--watch-namespace="), "allow"),
        (named("x"), klass("x", NGINX), controller(args="--watch-namespace=other"), "undecided"),
        (named("x"), klass("x", NGINX), controller(args="--watch-namespace, $(POD_NAMESPACE)"), "undecided"),
        (named("x"), klass("x", NGINX), controller(args="--watch-namespace-selector=team=a"), "undecided"),
        (named("x"), klass("x", TRAEFIK), controller("traefik", "--watch-namespace=other"), "allow"),
        (ingress(), "", controller(args="--watch-namespace=other"), "undecided"),
        # one that is stored had no default class when it was made
        (ingress(meta=", uid: u"), klass("x", ALB, "true"), controller("traefik"), "allow"),
    ],
)
def test_an_ingress_is_reached_through_the_controllers_that_serve_its_class(
    tmp_path: Path, ingress_: str, classes: str, controllers: str, verdict: str
) -> None:
    made = twin(tmp_path, POD, SERVICE, ingress_, classes, controllers)
    assert asked(made, V4) == verdict
    assert [row.verdict for row in made.exposed() if row.service == "svc/shop/web"] == [verdict]


@pytest.mark.parametrize("inner", [f"--controller-class={INNER}", "--v=2"])
def test_two_controllers_of_one_project_are_told_apart_by_their_flags(tmp_path: Path, inner: str) -> None:
    """The class is that of the second controller, which outside does not reach; without its flag none serves it."""
    outer = controller()
    shut = controller(args=inner, name="two").replace("type: LoadBalancer", "type: ClusterIP")
    for line in ("  externalTrafficPolicy: Local\n", "  allocateLoadBalancerNodePorts: false\n"):
        shut = shut.replace(line, "")
    made = twin(tmp_path, POD, SERVICE, named("x"), klass("x", INNER), outer, shut)
    (way,) = made.why(V4, "svc/shop/web:80", changes=False).ways
    told = [step.text for step in way.steps if step.verdict == "undecided"]
    expected = "no Service in the input leads" if "class" in inner else f"IngressClass `x` is that of `{INNER}`"
    assert [expected in one for one in told] == [True]


@pytest.mark.parametrize(
    ("watched", "told"),
    [
        ("--watch-namespace=other", "in the input watch other namespaces (`--watch-namespace`)"),
        ("--watch-namespace-selector=team=a", "whether the controller (`--watch-namespace`) watches its namespace is"),
    ],
)
def test_of_two_controllers_that_which_watches_the_namespace_serves_it(tmp_path: Path, watched: str, told: str) -> None:
    here, elsewhere = controller(), controller(args=watched, name="two")
    alone = twin(tmp_path, POD, SERVICE, named("x"), klass("x", NGINX), elsewhere)
    (way,) = alone.why(V4, "svc/shop/web:80", changes=False).ways
    assert [told in step.text for step in way.steps if step.verdict == "undecided"] == [True]
    shut = here.replace("type: LoadBalancer", "type: ClusterIP")
    for line in ("  externalTrafficPolicy: Local\n", "  allocateLoadBalancerNodePorts: false\n"):
        shut = shut.replace(line, "")
    assert asked(twin(tmp_path, POD, SERVICE, named("x"), klass("x", NGINX), shut, elsewhere), V4) == "undecided"
    both = twin(tmp_path, POD, SERVICE, named("x"), klass("x", NGINX), here, elsewhere)
    assert asked(both, V4) == "allow"


def test_a_service_without_endpoints_is_reached_through_no_controller(tmp_path: Path) -> None:
    empty = SERVICE.replace("selector: {app: web}", "selector: {app: gone}")
    for more in ((), (controller(),), (klass("x", ALB),)):
        made = twin(tmp_path, POD, empty, named("x"), *more)
        assert [row.verdict for row in made.exposed() if row.service == "svc/shop/web"] == ["deny"]


def test_what_a_controller_that_perhaps_serves_a_class_is_refused_another_perhaps_is_not(tmp_path: Path) -> None:
    """As where no controller is in the input: one that is there and has nothing to do with the class shuts no way."""
    closed = "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: web, namespace: shop}\n"
    closed += "spec: {podSelector: {}, policyTypes: [Ingress]}\n"
    made = twin(tmp_path, POD, SERVICE, named("x"), klass("other", NGINX), controller(), closed)
    assert asked(made, V4) == "undecided"
    assert [row.verdict for row in made.exposed() if row.service == "svc/shop/web"] == ["undecided"]
    assert not [f for f in made.check().findings if f.code == "NW4104"], "whether it is the controller is not known"
    made = twin(tmp_path, POD, SERVICE, named("other"), klass("other", NGINX), controller(), closed)
    assert asked(made, V4) == "deny"
    second = controller("traefik", name="two")
    made = twin(tmp_path, POD, SERVICE, named("other"), klass("other", NGINX), controller(), second, closed)
    assert asked(made, V4) == "deny", "one surely serves it"
    assert [f.code for f in made.check().findings if f.code == "NW4104"] == ["NW4104"]


@pytest.mark.parametrize(
    ("document", "field"),
    [
        (klass("x", '""'), "spec.controller"),
        (klass("x", "nginx"), "spec.controller"),
        (klass("x", "k8s.io/"), "spec.controller"),
        (klass("x", "K8s.io/x"), "spec.controller"),
        (klass("x", f"k8s.io/{'x' * 244}"), "spec.controller"),
        (klass("x", "k8s.io/x, parameters: {name: p}"), "spec.parameters.kind"),
        (klass("x", "k8s.io/x, parameters: {kind: K, name: a/b}"), "spec.parameters.name"),
        (klass("x", "k8s.io/x, parameters: {kind: K, name: p, scope: All}"), "spec.parameters.scope"),
        (klass("x", "k8s.io/x, parameters: {kind: K, name: p, scope: Namespace}"), "spec.parameters.namespace"),
        (klass("x", "k8s.io/x, parameters: {kind: K, name: p, namespace: inner}"), "spec.parameters.namespace"),
        (
            ingress(", ingressClassName: x", ", annotations: {kubernetes.io/ingress.class: other}"),
            "metadata.annotations.kubernetes.io/ingress.class",
        ),
    ],
)
def test_what_the_api_server_refuses_of_classes_is_told(tmp_path: Path, document: str, field: str) -> None:
    made = twin(tmp_path, document)
    (told,) = made.diagnostics
    assert told.code == "NW1007"
    assert f"`{field}` " in told.title


@pytest.mark.parametrize(
    "document",
    [
        klass("x", "azure/application-gateway"),
        klass("x", f"k8s.io/{'x' * 243}"),
        klass("x", "k8s.io/x, parameters: {apiGroup: k.io, kind: K, name: p, scope: Namespace, namespace: inner}"),
        ingress(", ingressClassName: x", ", annotations: {kubernetes.io/ingress.class: x}"),
        ingress(", ingressClassName: x", ", uid: u, annotations: {kubernetes.io/ingress.class: other}"),
    ],
)
def test_what_it_takes_is_evaluated(tmp_path: Path, document: str) -> None:
    made = twin(tmp_path, document)
    assert made.accounting.evaluated == 1


def test_a_command_line_that_is_none_is_refused_where_it_is_read(tmp_path: Path) -> None:
    made = twin(tmp_path, controller(args="--ingress-class=x, 5"))
    assert [one.code for one in made.diagnostics if one.severity == "error"] == ["NW1007"]
