"""Parts that the examples of codes about machines and networks are put together from."""

from __future__ import annotations

from typing import Final


def machine(
    interface: str = "{name: default, masquerade: {}}",
    network: str = "{name: default, pod: {}}",
    *,
    name: str = "web",
    namespace: str = "shop",
    labels: str = "{app: web}",
    annotations: str = "{}",
    more: str = "",
    own: str = "",
    cpu: str = "",
    strategy: str = "Halted",
) -> str:
    """A VirtualMachine, stopped unless `strategy` says otherwise: without an endpoint no policy is missed.

    `more` are further fields of its template's spec, `own` further metadata of the machine."""
    extra = "".join(f"      {line}\n" for line in more.splitlines())
    of_cpu = f"cpu: {cpu}, " if cpu else ""
    of_own = f", {own}" if own else ""
    return f"""\
apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata: {{name: {name}, namespace: {namespace}{of_own}}}
spec:
  runStrategy: {strategy}
  template:
    metadata: {{labels: {labels}, annotations: {annotations}}}
    spec:
      domain: {{{of_cpu}devices: {{interfaces: [{interface}]}}}}
      networks: [{network}]
{extra}"""


def kubevirt(configuration: str = "{}", status: str = "") -> str:
    """How KubeVirt is set up."""
    extra = f"status: {status}\n" if status else ""
    return f"""\
apiVersion: kubevirt.io/v1
kind: KubeVirt
metadata: {{name: kubevirt, namespace: kubevirt}}
spec:
  configuration: {configuration}
{extra}"""


def attachment(config: str, name: str = "lan", namespace: str = "shop", annotations: str = "") -> str:
    """A NetworkAttachmentDefinition with this CNI configuration, as JSON in one line."""
    extra = f", annotations: {annotations}" if annotations else ""
    return f"""\
apiVersion: k8s.cni.cncf.io/v1
kind: NetworkAttachmentDefinition
metadata: {{name: {name}, namespace: {namespace}{extra}}}
spec: {{config: '{config}'}}
"""


def namespace(name: str = "shop", labels: str = '{k8s.ovn.org/primary-user-defined-network: ""}') -> str:
    return f"""\
apiVersion: v1
kind: Namespace
metadata: {{name: {name}, labels: {labels}}}
"""


def user_network(
    spec: str = 'role: Primary, subnets: ["10.20.0.0/16"], ipam: {lifecycle: Persistent}',
    name: str = "tenant",
    namespace: str = "shop",
    topology: str = "Layer2",
) -> str:
    """A UserDefinedNetwork of one topology."""
    return f"""\
apiVersion: k8s.ovn.org/v1
kind: UserDefinedNetwork
metadata: {{name: {name}, namespace: {namespace}}}
spec: {{topology: {topology}, {topology.lower()}: {{{spec}}}}}
"""


BRIDGE: Final = '{"name": "lan", "type": "bridge", "bridge": "br1"}'
TWO: Final = "{name: default, masquerade: {}}, {name: lan, bridge: {}}"
TWO_NETWORKS: Final = "{name: default, pod: {}}, {name: lan, multus: {networkName: lan}}"
ON_TENANT: Final = "{name: default, binding: {name: l2bridge}}"
