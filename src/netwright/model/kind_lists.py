"""The kinds people have in their clusters and what netwright does with each: read, irrelevant, or not read yet.

A row is (group, namespaced kinds, cluster-scoped kinds), names separated by spaces; `*` is every kind of the group that
is not listed itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from netwright.model.kinds import Kind

_Row = tuple[str, str, str]

_CALICO = ("crd.projectcalico.org", "projectcalico.org")
"""The groups of Calico's kinds: as they are stored, and as its API server serves them."""

_READ: tuple[_Row, ...] = (
    ("", "Pod ReplicationController Service ServiceAccount", "Namespace Node"),
    ("apps", "Deployment StatefulSet DaemonSet ReplicaSet", ""),
    ("batch", "Job CronJob", ""),
    ("discovery.k8s.io", "EndpointSlice", ""),
    ("networking.k8s.io", "Ingress", "IngressClass ServiceCIDR"),
    ("cilium.io", "", "CiliumCIDRGroup"),
    *(
        (
            group,
            "NetworkSet StagedNetworkPolicy StagedKubernetesNetworkPolicy",
            "GlobalNetworkSet Tier StagedGlobalNetworkPolicy Profile FelixConfiguration",
        )
        for group in _CALICO
    ),
    ("k8s.ovn.org", "EgressQoS", "EgressIP"),
    ("k8s.cni.cncf.io", "NetworkAttachmentDefinition IPAMClaim MultiNetworkPolicy", ""),
    ("nmstate.io", "", "NodeNetworkConfigurationPolicy NodeNetworkState"),
    ("sriovnetwork.openshift.io", "SriovNetwork SriovIBNetwork OVSNetwork SriovNetworkNodePolicy", ""),
    ("networkaddonsoperator.network.kubevirt.io", "", "NetworkAddonsConfig"),
    (
        "gateway.networking.k8s.io",
        "Gateway HTTPRoute GRPCRoute TCPRoute TLSRoute UDPRoute ReferenceGrant",
        "GatewayClass",
    ),
    ("route.openshift.io", "Route", ""),
    (
        "kubevirt.io",
        "VirtualMachine VirtualMachineInstance VirtualMachineInstanceReplicaSet VirtualMachineInstanceMigration "
        "KubeVirt",
        "",
    ),
    ("pool.kubevirt.io", "VirtualMachinePool", ""),
    # Served no more: read as far as to say which version to write.
    ("extensions", "Deployment DaemonSet ReplicaSet Ingress NetworkPolicy", ""),
)
_READ_POLICIES: tuple[_Row, ...] = (
    ("networking.k8s.io", "NetworkPolicy", ""),
    ("policy.networking.k8s.io", "", "AdminNetworkPolicy BaselineAdminNetworkPolicy ClusterNetworkPolicy"),
    ("cilium.io", "CiliumNetworkPolicy", ""),
    *((group, "NetworkPolicy", "") for group in _CALICO),
    ("k8s.ovn.org", "", "ClusterNetworkConnect"),
)
_READ_HOST_POLICIES: tuple[_Row, ...] = (
    ("cilium.io", "", "CiliumClusterwideNetworkPolicy"),
    *((group, "", "GlobalNetworkPolicy") for group in _CALICO),
)
# What can only take away, of nodes.
_READ_HOST_DENY: tuple[_Row, ...] = tuple((group, "", "HostEndpoint") for group in _CALICO)

# Objects of a kind that is else irrelevant, which are read by their name.
_NAMED: dict[tuple[str, str, str], Kind] = {
    ("", "ConfigMap", "cilium-config"): Kind(group="", name="ConfigMap", namespaced=True, reads="read"),
    ("", "ConfigMap", "kubemacpool-mac-range-config"): Kind(group="", name="ConfigMap", namespaced=True, reads="read"),
}
# What can only take away.
_READ_DENY: tuple[_Row, ...] = (
    ("security.istio.io", "AuthorizationPolicy PeerAuthentication RequestAuthentication", ""),
    ("networking.istio.io", "DestinationRule", ""),
    ("k8s.ovn.org", "EgressFirewall UserDefinedNetwork", "ClusterUserDefinedNetwork"),
)

# What does not change who may talk to whom, and brings no endpoint into the cluster.
_IRRELEVANT: tuple[_Row, ...] = (
    # Kubernetes
    (
        "",
        "ConfigMap Secret Event LimitRange ResourceQuota PersistentVolumeClaim PodTemplate Binding",
        "PersistentVolume ComponentStatus",
    ),
    ("admissionregistration.k8s.io", "", "*"),
    ("apiextensions.k8s.io", "", "*"),
    ("apiregistration.k8s.io", "", "*"),
    ("apps", "ControllerRevision", ""),
    ("apiserver.config.k8s.io", "*", ""),
    ("audit.k8s.io", "", "*"),
    ("authentication.k8s.io", "", "*"),
    ("authorization.k8s.io", "LocalSubjectAccessReview", "*"),
    ("autoscaling", "*", ""),
    ("autoscaling.k8s.io", "*", ""),
    ("autoscaling.x-k8s.io", "*", ""),
    ("certificates.k8s.io", "PodCertificateRequest", "*"),
    ("client.authentication.k8s.io", "", "*"),
    ("coordination.k8s.io", "*", ""),
    ("custom.metrics.k8s.io", "*", ""),
    ("events.k8s.io", "Event", ""),
    ("external.metrics.k8s.io", "*", ""),
    ("flowcontrol.apiserver.k8s.io", "", "*"),
    ("internal.apiserver.k8s.io", "", "*"),
    ("kubelet.config.k8s.io", "", "*"),
    ("kubeadm.k8s.io", "", "*"),
    ("metrics.k8s.io", "PodMetrics", "NodeMetrics"),
    ("networking.k8s.io", "", "IPAddress"),
    ("node.k8s.io", "", "RuntimeClass"),
    ("policy", "Eviction PodDisruptionBudget", "PodSecurityPolicy"),
    ("rbac.authorization.k8s.io", "Role RoleBinding", "ClusterRole ClusterRoleBinding"),
    ("resource.k8s.io", "ResourceClaim ResourceClaimTemplate", "*"),
    ("scheduling.k8s.io", "PodGroup Workload", "PriorityClass *"),
    ("scheduling.x-k8s.io", "*", ""),
    ("snapshot.storage.k8s.io", "VolumeSnapshot", "*"),
    ("groupsnapshot.storage.k8s.io", "VolumeGroupSnapshot", "*"),
    ("storage.k8s.io", "CSIStorageCapacity", "*"),
    ("storagemigration.k8s.io", "", "*"),
    ("secrets-store.csi.x-k8s.io", "*", ""),
    # admission, policy about objects
    ("kyverno.io", "*", "ClusterPolicy ClusterCleanupPolicy"),
    ("policies.kyverno.io", "*", ""),
    ("wgpolicyk8s.io", "PolicyReport", "ClusterPolicyReport"),
    ("templates.gatekeeper.sh", "", "*"),
    ("constraints.gatekeeper.sh", "", "*"),
    ("config.gatekeeper.sh", "", "*"),
    ("mutations.gatekeeper.sh", "", "*"),
    ("aquasecurity.github.io", "*", ""),
    # certificates, secrets
    ("cert-manager.io", "Certificate CertificateRequest Issuer", "ClusterIssuer"),
    ("acme.cert-manager.io", "*", ""),
    ("trust.cert-manager.io", "", "*"),
    ("external-secrets.io", "*", "ClusterSecretStore ClusterExternalSecret"),
    ("generators.external-secrets.io", "*", ""),
    ("bitnami.com", "SealedSecret", ""),
    ("secrets.hashicorp.com", "*", ""),
    ("isindir.github.com", "SopsSecret", ""),
    # observation
    ("monitoring.coreos.com", "ServiceMonitor PodMonitor Probe PrometheusRule ScrapeConfig AlertmanagerConfig", ""),
    (
        "operator.victoriametrics.com",
        "VMRule VMServiceScrape VMPodScrape VMProbe VMNodeScrape VMStaticScrape VMUser",
        "",
    ),
    ("grafana.integreatly.org", "GrafanaDashboard GrafanaDatasource GrafanaFolder GrafanaAlertRuleGroup", ""),
    ("opentelemetry.io", "Instrumentation", ""),
    ("telemetry.istio.io", "Telemetry", ""),
    ("logging.banzaicloud.io", "*", ""),
    # delivery, operators, cloud and cluster machinery
    (
        "argoproj.io",
        "Application ApplicationSet AppProject AnalysisTemplate WorkflowTemplate",
        "ClusterWorkflowTemplate",
    ),
    ("source.toolkit.fluxcd.io", "*", ""),
    ("kustomize.toolkit.fluxcd.io", "Kustomization", ""),
    ("helm.toolkit.fluxcd.io", "HelmRelease", ""),
    ("image.toolkit.fluxcd.io", "*", ""),
    ("notification.toolkit.fluxcd.io", "*", ""),
    ("helm.cattle.io", "*", ""),
    ("operators.coreos.com", "*", "Operator OLMConfig"),
    ("operator.tigera.io", "", "*"),
    ("config.openshift.io", "", "*"),
    ("operator.openshift.io", "*", ""),
    ("machineconfiguration.openshift.io", "", "*"),
    ("security.openshift.io", "", "*"),
    ("image.openshift.io", "*", ""),
    ("build.openshift.io", "*", ""),
    ("project.openshift.io", "", "*"),
    ("user.openshift.io", "", "*"),
    ("template.openshift.io", "*", ""),
    ("console.openshift.io", "", "*"),
    ("cluster.x-k8s.io", "*", ""),
    ("infrastructure.cluster.x-k8s.io", "*", ""),
    ("controlplane.cluster.x-k8s.io", "*", ""),
    ("bootstrap.cluster.x-k8s.io", "*", ""),
    ("kind.x-k8s.io", "", "*"),
    ("apiextensions.crossplane.io", "", "*"),
    ("pkg.crossplane.io", "", "*"),
    ("karpenter.sh", "", "*"),
    ("karpenter.k8s.aws", "", "*"),
    ("velero.io", "*", ""),
    ("nfd.k8s-sigs.io", "*", ""),
    ("nvidia.com", "", "*"),
    # batch and machine learning: queues, quotas and templates that make no pods
    (
        "kueue.x-k8s.io",
        "LocalQueue Workload",
        "ClusterQueue Cohort ResourceFlavor AdmissionCheck MultiKueueCluster MultiKueueConfig Topology "
        "ProvisioningRequestConfig WorkloadPriorityClass *",
    ),
    ("visibility.kueue.x-k8s.io", "*", ""),
    ("config.kueue.x-k8s.io", "", "Configuration"),
    ("scheduling.volcano.sh", "PodGroup", "Queue *"),
    ("bus.volcano.sh", "*", ""),
    ("nodeinfo.volcano.sh", "", "*"),
    ("topology.volcano.sh", "", "*"),
    ("scheduling.run.ai", "", "Queue *"),
    ("trainer.kubeflow.org", "TrainingRuntime", "ClusterTrainingRuntime"),
    ("tekton.dev", "Pipeline Task StepAction", "ClusterTask"),
    ("triggers.tekton.dev", "*", ""),
    ("flow.volcano.sh", "JobTemplate", ""),
    ("keda.sh", "ScaledObject TriggerAuthentication", "ClusterTriggerAuthentication"),
    # virtual machines: shapes, storage, plans
    (
        "instancetype.kubevirt.io",
        "VirtualMachineInstancetype VirtualMachinePreference",
        "VirtualMachineClusterInstancetype VirtualMachineClusterPreference",
    ),
    ("kubevirt.io", "VirtualMachineInstancePreset", ""),
    ("migrations.kubevirt.io", "", "MigrationPolicy"),
    ("snapshot.kubevirt.io", "*", ""),
    ("clone.kubevirt.io", "*", ""),
    ("cdi.kubevirt.io", "DataVolume DataSource DataImportCron", "StorageProfile CDI CDIConfig *"),
    ("hco.kubevirt.io", "*", ""),
    ("ssp.kubevirt.io", "*", ""),
    ("forklift.konveyor.io", "*", ""),
    ("networkaddonsoperator.network.kubevirt.io", "", "*"),
    ("nmstate.io", "", "NodeNetworkConfigurationEnactment NMState"),
    # storage
    ("longhorn.io", "*", ""),
    ("objectbucket.io", "*", ""),
    ("topolvm.io", "*", ""),
)

# Policies that allow and deny.
_POLICIES: tuple[_Row, ...] = (
    ("policy.networking.k8s.io", "", "*"),
    ("crd.antrea.io", "NetworkPolicy", ""),
    ("security.antrea.tanzu.vmware.com", "NetworkPolicy", ""),
    ("networking.gke.io", "FQDNNetworkPolicy", ""),
    ("networking.k8s.aws", "ApplicationNetworkPolicy", "ClusterNetworkPolicy"),
    ("crd.nsx.vmware.com", "SecurityPolicy", ""),
    ("nsx.vmware.com", "SecurityPolicy", ""),
)
# The same, whose subjects can be nodes and hostNetwork pods.
_HOST_POLICIES: tuple[_Row, ...] = (
    ("crd.antrea.io", "", "ClusterNetworkPolicy"),
    ("security.antrea.tanzu.vmware.com", "", "ClusterNetworkPolicy"),
)
# What can only take away: meshes (they act beside the cluster's policies), isolation of networks, egress firewalls.
_DENY: tuple[_Row, ...] = (
    ("networking.istio.io", "Sidecar EnvoyFilter", ""),
    ("extensions.istio.io", "WasmPlugin", ""),
    ("cilium.io", "CiliumEnvoyConfig", "CiliumClusterwideEnvoyConfig"),
    ("policy.linkerd.io", "Server AuthorizationPolicy ServerAuthorization HTTPLocalRateLimitPolicy *", ""),
    ("consul.hashicorp.com", "ServiceIntentions", ""),
    ("kuma.io", "MeshTrafficPermission MeshRateLimit MeshFaultInjection", "Mesh TrafficPermission"),
    ("network.openshift.io", "EgressNetworkPolicy", "NetNamespace"),
    ("kubeovn.io", "", "Subnet SecurityGroup Vpc"),
    ("vpcresources.k8s.aws", "SecurityGroupPolicy", ""),
    ("crd.antrea.io", "TrafficControl", ""),
)
# What belongs to the network but decides nothing between pods on their primary network.
_BESIDE: tuple[_Row, ...] = (
    # members, pools, status and settings of the CNIs
    (
        "cilium.io",
        "CiliumEndpoint CiliumLocalRedirectPolicy CiliumNodeConfig CiliumGatewayClassConfig",
        "CiliumNode CiliumIdentity CiliumEndpointSlice CiliumEgressGatewayPolicy "
        "CiliumLoadBalancerIPPool CiliumL2AnnouncementPolicy CiliumBGPPeeringPolicy CiliumBGPClusterConfig "
        "CiliumBGPPeerConfig CiliumBGPAdvertisement CiliumBGPNodeConfig CiliumBGPNodeConfigOverride CiliumPodIPPool "
        "CiliumVtepConfig CiliumExternalWorkload *",
    ),
    (
        "crd.projectcalico.org",
        "",
        "IPPool IPReservation IPAMBlock BlockAffinity IPAMHandle "
        "IPAMConfig BGPConfiguration BGPPeer BGPFilter ClusterInformation "
        "KubeControllersConfiguration CalicoNodeStatus *",
    ),
    (
        "projectcalico.org",
        "",
        "IPPool IPReservation BGPConfiguration BGPPeer BGPFilter ClusterInformation KubeControllersConfiguration "
        "CalicoNodeStatus *",
    ),
    ("crd.antrea.io", "Group", "ClusterGroup Tier Egress ExternalIPPool ExternalEntity ExternalNode Traceflow *"),
    (
        "k8s.ovn.org",
        "EgressService NetworkQoS",
        "AdminPolicyBasedExternalRoute RouteAdvertisements VTEP Uplink UplinkState *",
    ),
    ("kubeovn.io", "", "*"),
    ("network.openshift.io", "", "ClusterNetwork HostSubnet *"),
    ("crd.k8s.amazonaws.com", "", "ENIConfig *"),
    ("networking.k8s.aws", "PolicyEndpoint", "*"),
    ("vpcresources.k8s.aws", "", "CNINode *"),
    ("crd.nsx.vmware.com", "*", ""),
    ("nsx.vmware.com", "*", ""),
    # secondary networks
    ("k8s.cni.cncf.io", "*", ""),
    ("whereabouts.cni.cncf.io", "*", ""),
    ("nmstate.io", "", "*"),
    ("sriovnetwork.openshift.io", "*", ""),
    # announcements
    (
        "metallb.io",
        "IPAddressPool L2Advertisement BGPAdvertisement BGPPeer BFDProfile Community AddressPool ServiceL2Status "
        "ServiceBGPStatus MetalLB *",
        "",
    ),
    ("frrk8s.metallb.io", "FRRConfiguration *", "FRRNodeState"),
    ("kube-vip.io", "*", ""),
    ("externaldns.k8s.io", "DNSEndpoint", ""),
    # exposure and routing of requests
    ("", "Endpoints", ""),
    ("gateway.networking.k8s.io", "BackendTLSPolicy ListenerSet *", ""),
    ("gateway.networking.x-k8s.io", "*", ""),
    ("inference.networking.k8s.io", "InferencePool *", ""),
    ("inference.networking.x-k8s.io", "*", ""),
    ("gateway.envoyproxy.io", "*", ""),
    ("gateway.nginx.org", "*", ""),
    (
        "networking.istio.io",
        "Gateway VirtualService ServiceEntry WorkloadEntry WorkloadGroup ProxyConfig *",
        "",
    ),
    ("traefik.io", "IngressRoute IngressRouteTCP IngressRouteUDP Middleware *", ""),
    ("traefik.containo.us", "*", ""),
    ("projectcontour.io", "HTTPProxy *", ""),
    ("configuration.konghq.com", "*", ""),
    ("getambassador.io", "*", ""),
    ("k8s.nginx.org", "*", ""),
    ("networking.gke.io", "*", ""),
    ("cloud.google.com", "*", ""),
    ("elbv2.k8s.aws", "TargetGroupBinding", "IngressClassParams"),
    ("networking.internal.knative.dev", "*", ""),
    ("multicluster.x-k8s.io", "ServiceExport ServiceImport", ""),
    ("net.gke.io", "*", ""),
    ("submariner.io", "*", ""),
    ("tailscale.com", "", "*"),
    ("linkerd.io", "ServiceProfile", ""),
    ("consul.hashicorp.com", "*", ""),
    ("kuma.io", "*", ""),
    ("specs.smi-spec.io", "*", ""),
    ("split.smi-spec.io", "*", ""),
)
# What makes pods (or is a machine) that are not in the twin yet: their endpoints are missing, nothing else follows.
_MAKERS: tuple[_Row, ...] = (
    ("kubevirt.io", "*", ""),
    ("export.kubevirt.io", "VirtualMachineExport", ""),
    ("jobset.x-k8s.io", "JobSet", ""),
    ("leaderworkerset.x-k8s.io", "LeaderWorkerSet *", ""),
    ("disaggregatedset.x-k8s.io", "*", ""),
    ("agents.x-k8s.io", "Sandbox *", ""),
    ("ray.io", "RayCluster RayJob RayService RayCronJob *", ""),
    ("kubeflow.org", "MPIJob PyTorchJob TFJob XGBoostJob PaddleJob JAXJob Notebook *", ""),
    ("trainer.kubeflow.org", "TrainJob", ""),
    ("sparkoperator.k8s.io", "SparkApplication ScheduledSparkApplication *", ""),
    ("flink.apache.org", "FlinkDeployment *", ""),
    ("workload.codeflare.dev", "AppWrapper", ""),
    ("batch.volcano.sh", "Job *", ""),
    ("flow.volcano.sh", "JobFlow", ""),
    ("argoproj.io", "Rollout Workflow CronWorkflow AnalysisRun Experiment EventSource Sensor EventBus *", ""),
    ("tekton.dev", "PipelineRun TaskRun CustomRun *", ""),
    ("serving.knative.dev", "Service Configuration Revision Route *", ""),
    ("serving.kserve.io", "InferenceService *", ""),
    ("machinelearning.seldon.io", "SeldonDeployment", ""),
    ("apps.kruise.io", "CloneSet StatefulSet DaemonSet *", ""),
    ("apps.openshift.io", "DeploymentConfig", ""),
    ("keda.sh", "ScaledJob", ""),
    ("actions.github.com", "*", ""),
    ("actions.summerwind.dev", "*", ""),
    ("monitoring.coreos.com", "Prometheus PrometheusAgent Alertmanager ThanosRuler *", ""),
    ("operator.victoriametrics.com", "*", ""),
    ("grafana.integreatly.org", "Grafana *", ""),
    ("opentelemetry.io", "OpenTelemetryCollector *", ""),
    ("jaegertracing.io", "Jaeger", ""),
    ("kafka.strimzi.io", "Kafka KafkaNodePool KafkaConnect KafkaBridge KafkaMirrorMaker2 *", ""),
    ("postgresql.cnpg.io", "Cluster Pooler *", ""),
    ("acid.zalan.do", "postgresql *", ""),
    ("postgres-operator.crunchydata.com", "PostgresCluster *", ""),
    ("elasticsearch.k8s.elastic.co", "Elasticsearch", ""),
    ("kibana.k8s.elastic.co", "Kibana", ""),
    ("logstash.k8s.elastic.co", "Logstash", ""),
    ("beat.k8s.elastic.co", "Beat", ""),
    ("agent.k8s.elastic.co", "Agent", ""),
    ("apm.k8s.elastic.co", "ApmServer", ""),
    ("mongodbcommunity.mongodb.com", "MongoDBCommunity", ""),
    ("psmdb.percona.com", "*", ""),
    ("pxc.percona.com", "*", ""),
    ("redis.redis.opstreelabs.in", "*", ""),
    ("databases.spotahome.com", "RedisFailover", ""),
    ("rabbitmq.com", "RabbitmqCluster *", ""),
    ("minio.min.io", "Tenant", ""),
    ("k8ssandra.io", "*", ""),
    ("cassandra.datastax.com", "*", ""),
    ("scylla.scylladb.com", "*", ""),
    ("pingcap.com", "*", ""),
    ("zookeeper.pravega.io", "*", ""),
    ("ceph.rook.io", "*", ""),
    ("eventing.knative.dev", "*", ""),
    ("sources.knative.dev", "*", ""),
)


def _rows(
    rows: tuple[_Row, ...],
    reads: Literal["read", "irrelevant", "unread"],
    effect: Literal["none", "deny", "both"] = "none",
    hosts: bool = False,
) -> Iterator[Kind]:
    for group, namespaced, cluster in rows:
        for names, inside in ((namespaced, True), (cluster, False)):
            for name in names.split():
                yield Kind(group=group, name=name, namespaced=inside, reads=reads, effect=effect, hosts=hosts)


KINDS: tuple[Kind, ...] = (
    *_rows(_READ_POLICIES, "read", "both"),
    *_rows(_READ_HOST_POLICIES, "read", "both", hosts=True),
    *_rows(_READ_HOST_DENY, "read", "deny", hosts=True),
    *_rows(_READ_DENY, "read", "deny"),
    *_rows(_READ, "read"),
    *_rows(_IRRELEVANT, "irrelevant"),
    *_rows(_POLICIES, "unread", "both"),
    *_rows(_HOST_POLICIES, "unread", "both", hosts=True),
    *_rows(_DENY, "unread", "deny"),
    *_rows(_BESIDE, "unread"),
    *_rows(_MAKERS, "unread"),
)
"""Every listed kind, once."""

_BY_NAME: dict[tuple[str, str], Kind] = {(kind.group, kind.name): kind for kind in KINDS}
_MAKING = frozenset((kind.group, kind.name) for kind in _rows(_MAKERS, "unread"))


def find(group: str, name: str) -> Kind | None:
    """The kind of that group and name, else the group's `*`, else None: a kind in none of the lists.

    >>> find("cilium.io", "CiliumNetworkPolicy").effect
    'both'
    >>> find("example.org", "Widget") is None
    True
    """
    return _BY_NAME.get((group, name)) or _BY_NAME.get((group, "*"))


def changes_verdicts(name: str) -> bool:
    """Whether objects of a kind of that name, of whatever group, can touch the network.

    >>> changes_verdicts("Deployment"), changes_verdicts("ConfigMap"), changes_verdicts("Widget")
    (True, False, False)
    """
    return any(kind.name == name and kind.reads != "irrelevant" for kind in KINDS)


def names_of(group: str, kind: str) -> tuple[str, ...]:
    """The names by which objects of a kind are read that is else irrelevant.

    >>> names_of("", "ConfigMap")
    ('cilium-config', 'kubemacpool-mac-range-config')
    """
    return tuple(name for of, name_of_kind, name in _NAMED if (of, name_of_kind) == (group, kind))


def by_name(group: str, kind: str, name: str) -> Kind | None:
    """An object that is read for its name, though others of its kind do not touch the network.

    >>> by_name("", "ConfigMap", "cilium-config").reads
    'read'
    """
    return _NAMED.get((group, kind, name))


def makes_pods(group: str, name: str) -> bool:
    """Whether objects of a kind that is not read may bring pods: the kinds known to do so, and those in no list."""
    kind = find(group, name)
    return kind is None or (kind.group, kind.name) in _MAKING
