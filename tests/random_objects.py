"""Random namespaces, nodes, workloads, pods and services of a small cluster."""

from __future__ import annotations

import ipaddress

from tests.random_parts import (
    API,
    CONTROLLER_LABELS,
    KEYS,
    KINDS,
    NAME_LABEL,
    OUTSIDE,
    POD_HOSTS,
    PORT_NAMES,
    PORTS,
    SOURCE_RANGES,
    TEAMS,
    VALUES,
    Dice,
    Labels,
    Object,
    Pod,
    Service,
    node_address,
    node_range,
    owner_reference,
)


class Objects(Dice):
    """Namespaces, nodes, workloads with their pods, and services."""

    def namespace(self, name: str) -> list[Object]:
        labels = {}
        if self.chance(0.7):
            labels["team"] = self.pick(TEAMS)
        if self.chance(0.5):
            labels["env"] = self.pick(VALUES["env"])
        if not self.dump and self.chance(0.2):
            return []  # created by other means: it exists, with nothing but its own label
        if self.dump or self.chance(0.3):
            # The API server writes this label whatever the manifest says.
            labels[NAME_LABEL] = name if self.dump or self.chance(0.9) else "elsewhere"
        return [
            {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": name, **({"labels": labels} if labels else {})},
            }
        ]

    def node(self, index: int, name: str) -> Object:
        addresses = [{"type": "InternalIP", "address": node_address(index, family)} for family in self.families]
        spec: Object = {}
        if self.node_ranges:
            ranges = [node_range(index, family) for family in self.families]
            spec = {"podCIDR": ranges[0], "podCIDRs": ranges}
        status = {"addresses": [*addresses, {"type": "Hostname", "address": name}]}
        return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "spec": spec, "status": status}

    def labels(self) -> Labels:
        """Labels of a pod; seldom none at all."""
        keys = [
            key for key in KEYS if self.chance({"app": 0.9, "tier": 0.6, "env": 0.5, "version": 0.4}.get(key, 0.15))
        ]
        return {key: self.pick(VALUES[key]) for key in keys}

    def pod_spec(self, host: bool) -> Object:
        containers: list[Object] = []
        used: list[tuple[int, str]] = []
        for i in range(self.pick((1, 1, 1, 2, 2))):
            container: Object = {"name": f"c{i}", "image": "example.org/app:1"}
            if ports := self.container_ports(used, host):
                container["ports"] = ports
            containers.append(container)
        spec: Object = {"containers": containers}
        if self.chance(0.2):
            setup: Object = {"name": "setup", "image": "example.org/setup:1"}
            if self.chance(0.5):
                setup["restartPolicy"] = "Always"  # a sidecar
            if ports := self.container_ports(used, host):
                setup["ports"] = ports
            spec["initContainers"] = [setup]
        if host:
            spec["hostNetwork"] = True
        return spec

    def container_ports(self, used: list[tuple[int, str]], host: bool) -> list[Object]:
        """Ports of one container: names are unique in it, (number, protocol) in the pod."""
        ports: list[Object] = []
        names = self.some(PORT_NAMES, 0, 3)
        for name in names:
            protocol = self.pick(("TCP", "TCP", "TCP", "UDP", "UDP" if name == "dns" else "TCP", "SCTP"))
            number = self.pick(PORTS[:11])
            if (number, protocol) in used:
                continue
            used.append((number, protocol))
            port: Object = {"containerPort": number, "name": name, "protocol": protocol}
            if protocol == "TCP" and not self.dump and self.chance(0.7):
                del port["protocol"]
            if self.chance(0.15):
                del port["name"]
            if host and self.dump:
                port["hostPort"] = number
            elif not host and self.chance(0.06):
                port["hostPort"] = 20000 + number
                if self.chance(0.2):
                    port["hostIP"] = self.pick(("0.0.0.0", "127.0.0.1", "192.168.0.10"))
            ports.append(port)
        return ports

    def workload(self, namespace: str, name: str) -> list[Object]:
        kind = self.pick(KINDS)
        host = self.chance(0.1)
        labels = self.labels()
        if kind not in ("Pod", "Job", "CronJob") and not labels:
            labels = {"app": self.pick(VALUES["app"])}
        spec = self.pod_spec(host)
        if kind == "Pod":
            return self.bare_pod(namespace, name, labels, spec)
        if kind in ("Job", "CronJob"):
            spec["restartPolicy"] = "Never"
        replicas = 0 if kind not in ("DaemonSet", "Job", "CronJob") and self.chance(0.06) else self.pick((1, 1, 2, 3))
        # A sibling of the selector's key keeps the template valid whatever else differs between revisions.
        selector = dict(list(labels.items())[:1])
        template = {"metadata": {"labels": dict(labels)} if labels else {}, "spec": spec}
        owner = self.owner(kind, namespace, name, replicas, selector, template)
        if not self.dump:
            addresses = dict.fromkeys(self.families, "")
            asked = replicas > 0
            if kind == "StatefulSet" and self.chance(0.2):
                owner["spec"]["ordinals"] = {"start": self.pick((1, 5))}
            if kind in ("Job", "CronJob") and self.chance(0.4):
                self.put_to_rest(owner)
                asked = False
            self.pods.append(Pod(namespace, name, kind, labels, spec, addresses=addresses, asked=asked, host=host))
            return [owner]
        return [owner, *self.owned(owner, replicas, labels, selector, spec)]

    def put_to_rest(self, job: Object) -> None:
        """A Job or CronJob that has no pods now."""
        how = self.pick(("suspend", "Complete", "Failed", "parallelism")) if job["kind"] == "Job" else "suspend"
        if how == "suspend":
            job["spec"]["suspend"] = True
        elif how == "parallelism":
            job["spec"]["parallelism"] = 0
        else:
            job["status"] = {"conditions": [{"type": how, "status": "True"}]}

    def owner(self, kind: str, namespace: str, name: str, replicas: int, selector: Labels, template: Object) -> Object:
        spec: Object = {"template": template}
        if kind == "CronJob":
            spec = {"schedule": "*/5 * * * *", "jobTemplate": {"spec": {"template": template}}}
        elif kind == "ReplicationController":
            spec["selector"] = selector
        elif kind != "Job":
            spec["selector"] = {"matchLabels": selector}
        if kind == "StatefulSet":
            spec["serviceName"] = name
        if kind not in ("DaemonSet", "Job", "CronJob") and (replicas != 1 or self.chance(0.5)):
            spec["replicas"] = replicas
        return {"apiVersion": API[kind], "kind": kind, "metadata": self.meta(namespace, name), "spec": spec}

    def bare_pod(self, namespace: str, name: str, labels: Labels, spec: Object) -> list[Object]:
        status: Object = {}
        node = self.pick(self.node_names) if self.dump or self.chance(0.3) else ""
        live = not self.chance(0.08)
        if self.dump or self.chance(0.35):
            known = self.dump or self.chance(0.8)
            phase = "Running" if live else self.pick(("Succeeded", "Failed"))
            return [self.pod(namespace, name, labels, spec, phase=phase, node=node, known=known, owner=None)]
        if not live:
            status = {"status": {"phase": "Succeeded"}}
        if node:
            spec["nodeName"] = node
        host = bool(spec.get("hostNetwork"))
        known_now = self.host_addresses(node) if host else dict.fromkeys(self.families, "")
        self.pods.append(Pod(namespace, name, "Pod", labels, spec, node, known_now, live, host))
        meta = self.meta(namespace, name, labels=dict(labels))
        return [{"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec, **status}]

    def host_addresses(self, node: str) -> dict[int, str]:
        if node and (self.dump or self.node_objects):
            return {family: node_address(self.node_names.index(node), family) for family in self.families}
        return dict.fromkeys(self.families, "")

    def pod(
        self,
        namespace: str,
        name: str,
        labels: Labels,
        spec: Object,
        *,
        phase: str,
        node: str,
        known: bool,
        owner: Object | None,
    ) -> Object:
        """A pod as the API server prints it: node, phase, addresses."""
        spec = {**spec}
        if node:
            spec["nodeName"] = node
        host = bool(spec.get("hostNetwork"))
        status: Object = {"phase": phase}
        addresses = dict.fromkeys(self.families, "")
        if host:
            addresses = self.host_addresses(node)
        elif known:
            families = self.families if len(self.families) == 1 or self.chance(0.85) else self.families[:1]
            addresses = {family: self.free_address(node, family) for family in families}
            if phase in ("Succeeded", "Failed") and self.chance(0.5):
                live = [pod for pod in self.pods if pod.asked and not pod.host and all(pod.addresses.values())]
                if live:  # the address of a finished pod is given to another
                    addresses = dict(self.pick(live).addresses)
        if all(addresses.values()):
            given = list(addresses.values())
            status["podIP"] = given[0]
            if self.dump or len(given) > 1:
                status["podIPs"] = [{"ip": ip} for ip in given]
        if host and self.dump:
            status["hostIP"] = next(iter(addresses.values()))
        if self.dump and self.chance(0.8):
            is_ready = phase == "Running" and not self.chance(0.1)
            status["conditions"] = [
                {"type": "Ready", "status": "True" if is_ready else self.pick(("False", "Unknown"))}
            ]
        meta = self.meta(namespace, name, labels=dict(labels), ownerReferences=[owner] if owner else None)
        asked = phase not in ("Succeeded", "Failed")
        if asked and owner is not None and self.chance(0.02):
            meta["deletionTimestamp"] = "2026-01-02T04:00:00Z"
            meta["deletionGracePeriodSeconds"] = 30
            asked = False
        self.pods.append(Pod(namespace, name, "Pod", labels, spec, node, addresses, asked, host))
        return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec, "status": status}

    def free_address(self, node: str, family: int) -> str:
        index = self.node_names.index(node) if node else 0
        base = int(ipaddress.ip_network(node_range(index, family)).network_address)
        hosts = list(POD_HOSTS)
        self.rng.shuffle(hosts)
        for host in [*hosts, *range(2, 255)]:
            address = str((ipaddress.IPv4Address if family == 4 else ipaddress.IPv6Address)(base + host))
            if address not in self.taken:
                self.taken.append(address)
                return address
        raise AssertionError("a node's range holds more pods than a cluster has")

    def owned(self, top: Object, replicas: int, labels: Labels, selector: Labels, spec: Object) -> list[Object]:
        """The pods of an owner in a dump, with what stands between them."""
        kind, name, namespace = top["kind"], top["metadata"]["name"], top["metadata"]["namespace"]
        made: list[Object] = []
        first = len(self.pods)
        if kind == "Deployment":
            revisions = [("6d5f8c", dict(labels), replicas)]
            if self.chance(0.35):
                older = {**labels, "version": "v1" if labels.get("version") == "v2" else "v2"}
                older.update(selector)
                revisions.append(("5b9c7d", older, self.pick((0, 1)) if replicas else 0))
            for suffix, revision, count in revisions:
                full = {**revision, "pod-template-hash": suffix}
                template = {"metadata": {"labels": full}, "spec": spec}
                match = {**selector, "pod-template-hash": suffix}
                middle = self.owner("ReplicaSet", namespace, f"{name}-{suffix}", count, match, template)
                middle["spec"]["replicas"] = count
                middle["metadata"]["ownerReferences"] = [owner_reference("Deployment", namespace, name)]
                made.append(middle)
                made += self.siblings(
                    "ReplicaSet", f"{name}-{suffix}", namespace, full, spec, count, f"{name}-{suffix}-"
                )
        elif kind == "CronJob":
            full = {**labels, "batch.kubernetes.io/job-name": f"{name}-2890"}
            if self.chance(0.3):
                top["spec"]["suspend"] = True
            middle = self.owner("Job", namespace, f"{name}-2890", 1, {}, {"metadata": {"labels": full}, "spec": spec})
            middle["metadata"]["ownerReferences"] = [owner_reference("CronJob", namespace, name)]
            made += [middle, *self.siblings("Job", f"{name}-2890", namespace, full, spec, 1, f"{name}-2890-")]
        elif kind == "StatefulSet":
            for i in range(replicas):
                full = {
                    **labels,
                    "apps.kubernetes.io/pod-index": str(i),
                    "statefulset.kubernetes.io/pod-name": f"{name}-{i}",
                }
                made += self.siblings(kind, name, namespace, full, spec, 1, "", exact=f"{name}-{i}")
        else:
            count = len(self.node_names) if kind == "DaemonSet" else replicas
            made += self.siblings(kind, name, namespace, labels, spec, count, f"{name}-", spread=kind == "DaemonSet")
        mine = self.pods[first:]
        if any(pod.asked for pod in mine):
            families = [family for family in self.families if all(family in pod.addresses for pod in mine)]
            group = Pod(
                namespace,
                name,
                kind,
                labels,
                spec,
                addresses=dict.fromkeys(families, ""),
                host=bool(spec.get("hostNetwork")),
            )
            self.pods.append(group)
        return made

    def siblings(
        self, kind: str, owner: str, namespace: str, labels: Labels, spec: Object, count: int, prefix: str, *,
        exact: str = "", spread: bool = False,
    ) -> list[Object]:  # fmt: skip
        made = []
        for i in range(count):
            node = self.node_names[i] if spread else self.pick(self.node_names)
            phase = "Succeeded" if kind == "Job" and self.chance(0.3) else "Running"
            if kind == "ReplicaSet" and self.chance(0.03):
                phase = "Pending"
            name = exact or f"{prefix}{'abcdefgh'[i]}x{i}"
            known = phase != "Pending"
            reference = owner_reference(kind, namespace, owner)
            made.append(self.pod(namespace, name, labels, spec, phase=phase, node=node, known=known, owner=reference))
        return made

    def service(self, index: int) -> list[Object]:
        target = self.pick(self.pods)
        namespace, name = target.namespace, f"svc-{index}"
        form = self.pick(
            ("cluster",) * 6 + ("headless", "headless", "sliced", "bare", "external", "node", "balancer", "balancer")
        )
        if form == "external":
            name_of = "db.example.com"
            if self.services and self.chance(0.7):
                other = self.pick(self.services)
                name_of = f"{other.name}.{other.namespace}.svc.cluster.local{self.pick(('', '.'))}"
            spec: Object = {"type": "ExternalName", "externalName": name_of}
            self.services.append(Service(namespace, name, spec))
            return [{"apiVersion": "v1", "kind": "Service", "metadata": self.meta(namespace, name), "spec": spec}]
        declared = target.ports()
        ports: list[Object] = []
        for i in range(self.pick((1, 1, 2))):
            protocol = "TCP"
            to: int | str | None = None
            if declared and self.chance(0.8):
                port = self.pick(declared)
                protocol = port.get("protocol", "TCP")
                to = port["name"] if "name" in port and self.chance(0.5) else port["containerPort"]
            entry: Object = {"name": f"p{i}", "port": self.pick((80, 443, 5432, 7000)) + i, "protocol": protocol}
            if to is not None:
                entry["targetPort"] = to
            if form == "node" or (form == "balancer" and self.chance(0.6)):
                entry["nodePort"] = 30000 + 10 * index + i
            ports.append(entry)
        spec = {"ports": ports}
        if form in ("sliced", "bare"):
            for entry in ports:
                entry.pop("targetPort", None)
        elif target.labels:
            spec["selector"] = dict(self.some(list(target.labels.items()), 1, 2))
        if "selector" in spec and target.kind in CONTROLLER_LABELS and self.chance(0.15):
            key, value = self.controller_label(target)
            spec["selector"][key] = value
        if form == "headless":
            spec["clusterIP"] = "None"
        elif self.dump:
            address = f"10.96.0.{20 + index}" if self.families[0] == 4 else f"fd00:10:96::{20 + index}"
            spec.update(clusterIP=address, clusterIPs=[address])
        if form in ("node", "balancer"):
            spec["type"] = "NodePort" if form == "node" else "LoadBalancer"
            if self.chance(0.7):
                spec["externalTrafficPolicy"] = self.pick(("Cluster", "Local"))
            if form == "balancer" and self.chance(0.3):
                spec["allocateLoadBalancerNodePorts"] = self.chance(0.4)
            if form == "balancer" and self.chance(0.5):
                spec["loadBalancerSourceRanges"] = [self.pick(SOURCE_RANGES[self.families[0]])]
        if self.chance(0.3):
            spec["internalTrafficPolicy"] = self.pick(("Local", "Local", "Cluster"))
        if ("selector" in spec or form == "sliced") and self.chance(0.2):
            spec["publishNotReadyAddresses"] = True
        self.service_families(spec)
        made: list[Object] = [
            {"apiVersion": "v1", "kind": "Service", "metadata": self.meta(namespace, name), "spec": spec}
        ]
        outer = self.outer_addresses(index, made[0]) if form in ("cluster", "node", "balancer") else []
        if form == "sliced":
            made.append(self.slice(namespace, name, ports))
            for entry in made[-1]["endpoints"] if "publishNotReadyAddresses" in spec else ():
                entry["conditions"] = {"ready": False}  # beside one that counts no citations are compared
        self.services.append(Service(namespace, name, spec, form == "sliced", outer))
        return made

    def outer_addresses(self, index: int, service: Object) -> list[str]:
        """Gives the Service addresses outside: its own, and those of its load balancer where there is one."""
        found: list[str] = []
        if service["spec"].get("type") == "LoadBalancer" and self.chance(0.6):
            found = [f"198.18.0.{index + 1}" if self.families[0] == 4 else f"2001:2::{index + 1}"]
            mode = {"ipMode": self.pick(("VIP", "Proxy"))} if self.chance(0.3) else {}
            service["status"] = {"loadBalancer": {"ingress": [{"ip": found[0], **mode}]}}
        if self.chance(0.15):
            found.append(f"198.18.1.{index + 1}" if self.families[0] == 4 else f"2001:2::1:{index + 1}")
            service["spec"]["externalIPs"] = found[-1:]
        return found

    def service_families(self, spec: Object) -> None:
        """Families that the Service may have: those of a cluster IP that is given, or any of the cluster's."""
        if not self.chance(0.5):
            return
        given = [f"IPv{self.families[0]}"] if "clusterIPs" in spec else [f"IPv{self.pick(self.families)}"]
        spec["ipFamilies"] = given
        policy = self.pick(("", "SingleStack", "PreferDualStack"))
        if policy:
            spec["ipFamilyPolicy"] = policy
        if policy == "PreferDualStack" and "clusterIPs" in spec and len(self.families) == 2 and self.chance(0.5):
            spec["clusterIPs"].append("fd00:10:96::" + spec["clusterIP"].rpartition(".")[2])
            spec["ipFamilies"] = ["IPv4", "IPv6"]

    def slice(self, namespace: str, service: str, ports: list[Object]) -> Object:
        family = self.families[0]
        known = [pod.addresses[family] for pod in self.pods if pod.addresses.get(family) and not pod.host and pod.asked]
        addresses = self.some([*known, *OUTSIDE[family][:5]], 1, 3)
        entries: list[Object] = [{"addresses": [address], "conditions": {"ready": True}} for address in addresses]
        for entry in entries:
            if self.chance(0.5):
                entry["nodeName"] = self.pick(self.node_names)
            named = [p for p in self.pods if p.kind == "Pod" and entry["addresses"][0] == p.addresses.get(family)]
            if named and self.chance(0.5):
                pod = self.pick(named)  # one that has ended may have had the address before
                entry["targetRef"] = {"kind": "Pod", "namespace": pod.namespace, "name": pod.name}
            if self.chance(0.15):
                entry["conditions"] = {"ready": False}
                if self.chance(0.5):
                    entry["conditions"].update(serving=self.chance(0.7), terminating=True)
        names = self.chance(0.1)
        if names:
            entries = [{"addresses": ["db.example.com"]}]
        return {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": self.meta(namespace, f"{service}-x1", labels={"kubernetes.io/service-name": service}),
            "addressType": "FQDN" if names else f"IPv{family}",
            "endpoints": entries,
            "ports": [
                {
                    "name": f"other-{p['name']}" if self.chance(0.1) else p["name"],
                    "protocol": p["protocol"],
                    **({} if self.chance(0.08) else {"port": self.pick(PORTS[:11])}),
                }
                for p in ports
            ],
        }
