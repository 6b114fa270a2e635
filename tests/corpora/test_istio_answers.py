"""Answers about the inputs of Istio's tests of its translation to Envoy, each with workloads that it could be about.

What an input means was written by hand from the documents, before anything ran, and put beside Istio's own output. The
workloads `httpbin` are behind ports of HTTP, `tcpbin` behind ports of TCP; both are selected by `app: httpbin, version:
v1`. Client addresses are known.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import netwright
from tests.scenarios.by_spec import OURS, wrong_rows
from tests.scenarios.reading import Scenario, read
from tests.scenarios.test_scenarios_engine import query

FOLDER = "istio-authz/pilot/pkg/security/authz/builder/testdata"


def pod(name: str, address: str, labels: str = "", account: str = "default", containers: str = "") -> str:
    namespace, _, own = name.partition("/")
    return (
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {own}, namespace: {namespace}, labels: {{{labels}}}}}\n"
        f"spec: {{serviceAccountName: {account}, containers: [{containers or '{name: c, image: example/c:1}'}]}}\n"
        f"status: {{podIP: {address}, podIPs: [{{ip: {address}}}]}}\n"
    )


def namespace(name: str, injection: str) -> str:
    return f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{istio-injection: {injection}}}}}\n"


def service(name: str, protocol: str) -> str:
    numbers = (80, 90, 8080, 9000, 9090)
    ports = ", ".join(f"{{name: {protocol}-{number}, port: {number}}}" for number in numbers)
    return (
        f"apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: foo}}\n"
        f"spec: {{selector: {{serves: {name}}}, ports: [{ports}]}}\n"
    )


PROXY = "{name: istio-proxy, image: example/proxy:1}"
CLUSTER = "---\n".join(
    (
        *(namespace(name, "enabled") for name in ("foo", "bar", "ns-1", "ns-2", "my-ns")),
        namespace("outside", "disabled"),
        pod("foo/httpbin", "10.0.0.1", "app: httpbin, version: v1, serves: httpbin", "httpbin"),
        pod("foo/tcpbin", "10.0.0.2", "app: httpbin, version: v1, serves: tcpbin", "tcpbin"),
        pod("foo/other", "10.0.0.3", "app: other, serves: other", "other"),
        pod("foo/sa-only", "10.0.0.4", "app: client", "sa-only"),
        pod("foo/sa-not-only", "10.0.0.5", "app: client", "sa-not-only"),
        pod("bar/client", "10.0.1.1", "app: client", "client"),
        pod("ns-1/client", "10.0.2.1", "app: client", "client"),
        pod("ns-2/client", "10.0.3.1", "app: client", "client"),
        pod("my-ns/my-sa", "10.0.4.1", "app: client", "my-sa"),
        pod("my-ns/my-sa-not", "10.0.4.2", "app: client", "my-sa-not"),
        pod("istio-system/gate", "10.0.5.1", "app: gate", "gate", PROXY),
        pod("outside/bare", "10.0.6.1", "app: client", "client"),
        service("httpbin", "http"),
        service("tcpbin", "tcp"),
        service("other", "http"),
    )
)

EVERYONE = """
bar/client    foo/httpbin:80    TCP  {0}
outside/bare  foo/httpbin:80    TCP  {0}
192.0.2.1     foo/httpbin:9999  TCP  {0}
bar/client    foo/tcpbin:80     TCP  {0}
outside/bare  foo/tcpbin:80     TCP  {0}
"""
NOT_SELECTED = """
bar/client    foo/other:80      TCP  allow
outside/bare  foo/other:80      TCP  allow
"""
NO_REQUESTS_OF_TCP = """
bar/client    foo/httpbin:80    TCP  undecided
outside/bare  foo/httpbin:80    TCP  undecided
bar/client    foo/httpbin:9999  TCP  undecided  # no Service declares the port
bar/client    foo/tcpbin:80     TCP  deny
"""

EXAMPLES = {
    "http/allow-empty-rule": EVERYONE.format("allow") + NOT_SELECTED,
    # The second rule wants a principal and excepts every one: it never matches.
    "http/allow-full-rule": """
        foo/sa-only      foo/httpbin:80  TCP  allow
        my-ns/my-sa      foo/httpbin:80  TCP  allow
        my-ns/my-sa      foo/tcpbin:80   TCP  allow
        my-ns/my-sa-not  foo/httpbin:80  TCP  deny
        foo/sa-not-only  foo/httpbin:80  TCP  deny
        bar/client       foo/httpbin:80  TCP  deny
        outside/bare     foo/httpbin:80  TCP  deny
        10.10.10.10      foo/httpbin:91  TCP  deny
        bar/client       foo/other:80    TCP  allow
    """,
    "http/allow-host-before-111": EVERYONE.format("deny") + NOT_SELECTED,  # every host is excepted
    "http/allow-nil-rule": EVERYONE.format("deny") + NOT_SELECTED,
    "http/allow-path": EVERYONE.format("deny") + NOT_SELECTED,  # every path is excepted
    "http/audit-full-rule": EVERYONE.format("allow") + NOT_SELECTED,
    # Two extensions: what the rules match is refused, at a port of TCP everything.
    "http/custom-bad-multiple-providers": """
        bar/client    foo/httpbin:80  TCP  undecided
        outside/bare  foo/httpbin:80  TCP  undecided
        bar/client    foo/tcpbin:80   TCP  deny
        bar/client    foo/other:80    TCP  allow
    """,
    "http/custom-simple-http": """
        bar/client    foo/httpbin:80  TCP  undecided
        outside/bare  foo/httpbin:80  TCP  undecided
        bar/client    foo/tcpbin:80   TCP  undecided
        bar/client    foo/other:80    TCP  allow
    """,
    "http/deny-and-allow": EVERYONE.format("deny") + NOT_SELECTED.replace("allow", "deny"),  # nobody is called `allow`
    "http/deny-empty-rule": EVERYONE.format("deny") + NOT_SELECTED,
    "http/dry-run-allow": EVERYONE.format("allow") + NOT_SELECTED,
    "http/dry-run-allow-and-deny": EVERYONE.format("allow") + NOT_SELECTED,
    "http/dry-run-mix": NO_REQUESTS_OF_TCP + NOT_SELECTED,
    "http/multiple-policies": """
        bar/client    foo/httpbin:80    TCP  allow
        outside/bare  foo/httpbin:90    TCP  allow
        bar/client    foo/httpbin:8080  TCP  undecided
        1.2.3.4       foo/httpbin:8080  TCP  allow
        5.6.7.9       foo/httpbin:9999  TCP  allow
        5.6.8.9       foo/httpbin:9999  TCP  undecided
        bar/client    foo/tcpbin:8080   TCP  deny
        bar/client    foo/tcpbin:90     TCP  allow
        1.2.3.4       foo/tcpbin:8080   TCP  allow
        outside/bare  foo/other:8080    TCP  undecided
        outside/bare  foo/other:80      TCP  allow
    """,
    "http/simple-policy-multiple-td-aliases": EVERYONE.format("deny") + NOT_SELECTED,
    "http/simple-policy-principal-with-wildcard": """
        bar/client    foo/httpbin:80  TCP  allow
        bar/client    foo/tcpbin:80   TCP  allow
        outside/bare  foo/httpbin:80  TCP  deny
        192.0.2.1     foo/tcpbin:80   TCP  deny
        outside/bare  foo/other:80    TCP  allow
    """,
    "http/simple-policy-td-aliases": EVERYONE.format("deny") + NOT_SELECTED,
    "http/single-policy": EVERYONE.format("deny") + NOT_SELECTED,
    "http/td-aliases-source-principal": """
        istio-system/gate  foo/httpbin:80  TCP  allow
        bar/client         foo/httpbin:80  TCP  deny
        outside/bare       foo/httpbin:80  TCP  deny
        bar/client         foo/other:80    TCP  allow
    """,
    # Who proves nothing is of no trust domain, so of none that is excepted.
    "http/trust-domains": EVERYONE.format("allow") + NOT_SELECTED,
    "tcp/allow-both-http-tcp": """
        ns-1/client   foo/tcpbin:80     TCP  allow
        ns-1/client   foo/tcpbin:8080   TCP  deny
        ns-2/client   foo/tcpbin:9090   TCP  deny
        bar/client    foo/tcpbin:80     TCP  deny
        outside/bare  foo/tcpbin:80     TCP  deny
        ns-1/client   foo/httpbin:80    TCP  allow
        ns-1/client   foo/httpbin:8080  TCP  undecided
        ns-2/client   foo/httpbin:9090  TCP  undecided
        outside/bare  foo/httpbin:80    TCP  undecided  # with a token
    """,
    "tcp/allow-only-http": NO_REQUESTS_OF_TCP + "ns-1/client foo/tcpbin:80 TCP deny\n",
    "tcp/audit-both-http-tcp": EVERYONE.format("allow") + NOT_SELECTED,
    # Without its method the first rule is about everything.
    "tcp/custom-both-http-tcp": EVERYONE.format("undecided") + "bar/client foo/httpbin:53 UDP allow\n",
    "tcp/custom-only-http": EVERYONE.format("undecided") + NOT_SELECTED,
    "tcp/deny-both-http-tcp": """
        bar/client    foo/tcpbin:8080   TCP  deny       # without its method a rule is about everything
        outside/bare  foo/tcpbin:9999   TCP  undecided  # no Service declares the port
        bar/client    foo/httpbin:80    TCP  deny       # the condition on the port
        bar/client    foo/httpbin:8080  TCP  undecided
        bar/client    foo/tcpbin:8080   UDP  allow
    """,
    "tcp/dry-run-mix": """
        bar/client    foo/tcpbin:9000   TCP  allow
        outside/bare  foo/tcpbin:9000   TCP  allow
        bar/client    foo/tcpbin:80     TCP  deny
        bar/client    foo/httpbin:9000  TCP  allow
        bar/client    foo/httpbin:80    TCP  deny
        bar/client    foo/other:80      TCP  allow
    """,
}


def scenario(corpora: Path, folder: Path, example: str) -> Scenario:
    policies = (corpora / FOLDER / f"{example}-in.yaml").read_text(encoding="utf-8")
    path = folder / "example.md"
    parts = [f"# {example}"]
    parts += [f"```yaml file={name}.yaml\n{text}\n```" for name, text in (("policies", policies), ("pods", CLUSTER))]
    path.write_text("\n\n".join((*parts, f"```verdicts\n{EXAMPLES[example]}\n```\n")), encoding="utf-8")
    return read(path)


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_specification_reads_an_input_as_a_person_does(corpora: Path, tmp_path: Path, example: str) -> None:
    case = scenario(corpora, tmp_path, example)
    wrong = wrong_rows(OURS, case, case.decoded())
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_product_reads_an_input_as_a_person_does(corpora: Path, tmp_path: Path, example: str) -> None:
    case = scenario(corpora, tmp_path, example)
    folder = tmp_path / "manifests"
    folder.mkdir()
    case.write(folder)
    answers = netwright.load(str(folder)).eval([query(row) for row in case.rows])
    assert [(row.text, one.verdict) for row, one in zip(case.rows, answers, strict=True)] == [
        (row.text, row.verdict) for row in case.rows
    ]


def test_every_input_is_asked(corpora: Path) -> None:
    found = {path.relative_to(corpora / FOLDER).as_posix() for path in (corpora / FOLDER).rglob("*-in.yaml")}
    assert found == {f"{example}-in.yaml" for example in EXAMPLES}
