"""Well-known ports that are not meant for whoever is outside, and the marks of load balancers that are not outside.

Numbers after IANA's Service Name and Transport Protocol Port Number Registry and the projects' own documentation;
annotations after the documentation of the clouds' load balancer controllers.
"""

from __future__ import annotations

from typing import Final

from netwright.base.services import TCP, UDP

DATA_PORTS: Final[dict[tuple[int, int], str]] = {
    (TCP, 1433): "SQL Server",
    (TCP, 1521): "Oracle Database",
    (TCP, 2181): "ZooKeeper",
    (TCP, 2375): "Docker's API without TLS",
    (TCP, 2379): "etcd",
    (TCP, 2380): "etcd's peers",
    (TCP, 3306): "MySQL",
    (TCP, 5432): "PostgreSQL",
    (TCP, 5984): "CouchDB",
    (TCP, 6379): "Redis",
    (TCP, 9042): "Cassandra",
    (TCP, 9200): "Elasticsearch",
    (TCP, 9300): "Elasticsearch's peers",
    (TCP, 10250): "the kubelet",
    (TCP, 10255): "the kubelet, without authentication",
    (TCP, 11211): "memcached",
    (UDP, 11211): "memcached",
    (TCP, 26257): "CockroachDB",
    (TCP, 27017): "MongoDB",
}
"""Databases, caches and the control plane, by protocol and port."""
LOGIN_PORTS: Final[dict[tuple[int, int], str]] = {
    (TCP, 22): "SSH",
    (TCP, 23): "Telnet",
    (TCP, 3389): "RDP",
    (UDP, 3389): "RDP",
    (TCP, 5900): "VNC",
    (TCP, 5985): "WinRM",
    (TCP, 5986): "WinRM",
}
"""Remote login, by protocol and port."""
INTERNAL_BALANCERS: Final[dict[str, tuple[str, ...]]] = {
    "service.beta.kubernetes.io/aws-load-balancer-internal": (),
    "service.beta.kubernetes.io/aws-load-balancer-scheme": ("internal",),
    "service.beta.kubernetes.io/azure-load-balancer-internal": ("true",),
    "networking.gke.io/load-balancer-type": ("internal",),
    "cloud.google.com/load-balancer-type": ("internal",),
    "service.beta.kubernetes.io/oci-load-balancer-internal": ("true",),
    "oci-network-load-balancer.oraclecloud.com/internal": ("true",),
    "service.beta.kubernetes.io/openstack-internal-load-balancer": ("true",),
    "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type": ("intranet",),
    "service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type": ("private",),
    "service.kubernetes.io/qcloud-loadbalancer-internal-subnetid": (),
    "load-balancer.hetzner.cloud/disable-public-network": ("true",),
}
"""Annotations that make a load balancer one inside the private network, with the values that do; none given: every
value but an empty one and `false`."""
AWS_CONTROLLER: Final = "service.beta.kubernetes.io/aws-load-balancer-type"
AWS_SCHEME: Final = "service.beta.kubernetes.io/aws-load-balancer-scheme"
"""With the first as `external` or `nlb-ip` AWS' own controller serves the Service, and makes it internal unless the
second says `internet-facing`."""


def is_internal(annotations: dict[str, str | None]) -> bool:
    """Whether annotations make a Service's load balancer one inside the private network."""
    for key, values in INTERNAL_BALANCERS.items():
        value = (annotations.get(key) or "").lower()
        if value in values or (not values and value not in ("", "false")):
            return True
    return annotations.get(AWS_CONTROLLER) in ("external", "nlb-ip") and annotations.get(AWS_SCHEME) is None
