"""A Kubernetes release: what it is called, where it comes from, and what it can do."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field, model_validator

from ..entry import AtLeastOne, Entry, Map, Maybe, Wanted, one_of
from ..scalar import Scalar
from ..shapes import Image, Month, Sha256, Subnet, Switch, Url
from .audit import Audit
from .kubelet import Kubelet
from .packages import Download, PackageRepository, PinnedPackages


class StateMetrics(Entry):
    """The kube-state-metrics that knows this release."""

    wanted: ClassVar = (
        "the kube-state-metrics that knows this release: image, and the flag that names the resources it reads"
    )

    image: Image
    """its image"""
    resources_flag: Annotated[
        Literal["--collectors", "--resources"], Scalar("--collectors (to 1.9) or --resources (from 2.0)")
    ]
    """the flag that names the resources it reads"""


class Binaries(Entry):
    """The release's programs, as files."""

    wanted: ClassVar = "kubeadm, kubectl and kubelet, each with a url and a sha256"

    kubeadm: Download
    """kubeadm"""
    kubectl: Download
    """kubectl"""
    kubelet: Download
    """the kubelet"""


class CniPlugins(Entry):
    """The archive of CNI plugins."""

    wanted: ClassVar = "the archive of CNI plugins, with version, url and sha256"

    version: Annotated[str, Scalar("a release of the CNI plugins such as v0.8.6", pattern=r"v[0-9]+\.[0-9]+\.[0-9]+")]
    """its release"""
    url: Url
    """where it is"""
    sha256: Sha256
    """its checksum"""


class KubernetesPackages(Entry):
    """The release's programs, as packages."""

    wanted: ClassVar = "where the packages of Kubernetes come from, with repository, build and others"

    repository: PackageRepository
    """the apt repository"""
    build: Annotated[
        str,
        Scalar(
            "the build of kubeadm's, kubectl's and kubelet's packages in quotes, such as \"1.1\"",
            pattern=r"[0-9]+(\.[0-9]+)*",
        ),
    ]
    """the packages' build"""
    others: PinnedPackages
    """further packages, each with its version"""


class Kubernetes(Entry):
    """A Kubernetes release."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": ["binaries", "cni_plugins"], "properties": {"packages": False}},
                {"required": ["packages"], "properties": {"binaries": False, "cni_plugins": False}},
            ]
        }
    )
    wanted: ClassVar = "a Kubernetes release, with either binaries and cni_plugins or packages"

    version: Annotated[str, Scalar("a Kubernetes release such as v1.17.3", pattern=r"v1\.[0-9]+\.[0-9]+")]
    """the release"""
    supported_until: Maybe[Month] = None
    """the last month in which its project mends it"""
    minor: Annotated[str, Scalar('the minor release in quotes, such as "1.17"', pattern=r"1\.[0-9]+")]
    """the minor release"""
    json_schema: Annotated[
        str,
        Scalar(
            "the release of the JSON schemas that objects are checked against, such as 1.17.0",
            pattern=r"1\.[0-9]+\.[0-9]+",
        ),
    ] = Field(alias="schema")
    """the release of the JSON schemas that objects are checked against"""
    kubeadm_api: Annotated[
        Literal["kubeadm.k8s.io/v1beta2", "kubeadm.k8s.io/v1beta4"],
        Scalar("a kubeadm API that the kubeadm face writes, kubeadm.k8s.io/v1beta2 or kubeadm.k8s.io/v1beta4"),
    ]
    """the API of kubeadm's configuration"""
    kubeadm_arguments: Annotated[
        Literal["map", "list"],
        Scalar("how the kubeadm API writes the arguments of a component: map (to v1beta3) or list (from v1beta4)"),
    ]
    """how that API writes arguments"""
    api_versions: Annotated[
        Map[
            Annotated[str, Scalar("a Kubernetes kind", pattern="[A-Z][A-Za-z]+")],
            Annotated[
                str,
                Scalar("an API version such as policy/v1beta1", pattern=r"([a-z0-9.-]+/)?v[0-9]+((alpha|beta)[0-9]+)?"),
            ],
        ],
        Wanted("the API version of each kind that is not the same in every supported release"),
    ]
    """the API version of each kind that is not the same in every supported release"""
    same_node_routing: Annotated[
        Literal["topologyKeys", "internalTrafficPolicy"],
        Scalar("how a Service keeps to the pods of its own node: topologyKeys (to 1.20) or internalTrafficPolicy"),
    ]
    """how a Service keeps to the pods of its own node"""
    node_port_addresses: Annotated[
        Literal["primary", "list"],
        Scalar("how kube-proxy is told on which addresses NodePorts are: primary (the node's own, from 1.30) or list"),
    ]
    """how kube-proxy is told on which addresses NodePorts are"""
    pod_spread: Annotated[
        Literal["anti-affinity", "topology-spread"],
        Scalar("how pods are spread evenly: anti-affinity or topology-spread"),
    ]
    """how pods are spread evenly"""
    seccomp: Switch
    """whether pods name their seccomp profile"""
    startup_probes: Switch
    """whether there are startup probes"""
    pod_security: Annotated[
        Literal["none", "privileged", "baseline", "restricted"],
        Scalar(
            "the Pod Security Standard that the namespace enforces: privileged, baseline or restricted; "
            "none where the API server enforces none"
        ),
    ]
    """the Pod Security Standard that namespaces enforce"""
    feature_gates: Annotated[
        Map[Annotated[str, Scalar("a feature gate's name", pattern="[A-Z][A-Za-z0-9]+")], Switch],
        Wanted("feature gates set on every Kubernetes component"),
    ]
    """feature gates set on every Kubernetes component"""
    control_plane_label: Annotated[
        str,
        Scalar(
            "the label key of control-plane nodes, such as node-role.kubernetes.io/master",
            pattern="[a-z0-9.-]+/[a-z-]+",
        ),
    ]
    """label key of control-plane nodes"""
    control_plane_taint: Annotated[
        str,
        Scalar(
            "the taint key of control-plane nodes, such as node-role.kubernetes.io/master",
            pattern="[a-z0-9.-]+/[a-z-]+",
        ),
    ]
    """taint key of control-plane nodes"""
    state_metrics: StateMetrics
    """the kube-state-metrics that knows this release"""
    image_repository: Annotated[
        str,
        Scalar(
            "where the images of the control plane come from, such as registry.k8s.io",
            pattern=r"[a-z0-9][-a-z0-9.]*(:[0-9]+)?(/[-a-z0-9._]+)*",
        ),
    ]
    """where the images of the control plane come from"""
    pause_version: Maybe[
        Annotated[
            str,
            Scalar("the version of the pause image that kubeadm pulls, such as 3.10.2", pattern=r"[0-9]+(\.[0-9]+)+"),
        ]
    ] = None
    """version of the pause image that kubeadm pulls"""
    service_subnet: Subnet
    """network of the Services"""
    cgroup_driver: Annotated[
        Literal["systemd", "cgroupfs"],
        Scalar("the cgroup driver of the kubelet and of the container runtime, systemd or cgroupfs"),
    ]
    """cgroup driver of the kubelet and of the container runtime"""
    kubelet: Kubelet
    """the kubelet of every node"""
    kubelet_config_map: Annotated[
        str,
        Scalar("the ConfigMap with the kubelets' configuration, such as kubelet-config", pattern="[a-z0-9.-]+"),
    ]
    """kubeadm's ConfigMap with the configuration of the kubelets"""
    profiling: Switch
    """whether API server, controller manager and scheduler offer profiles of themselves"""
    # A map, since lists of two classes would be one.
    tls_cipher_suites: Annotated[
        Map[Annotated[str, Scalar("a cipher suite's name in Go", pattern="TLS_[A-Z0-9_]+")], Switch],
        AtLeastOne(),
        Wanted("cipher suites by their names in Go, each with true or false"),
    ]
    """cipher suites of TLS 1.2 that its servers agree to"""
    audit: Audit
    """the API server's log of requests"""
    secrets_encryption: Annotated[
        Literal["secretbox", "aescbc"],
        Scalar("how Secrets are encrypted in etcd, secretbox or aescbc"),
    ]
    """how Secrets are encrypted in etcd"""
    join_token_ttl: Annotated[str, Scalar("how long a join token lives, such as 30m", pattern="[1-9][0-9]*[mh]")]
    """how long a join token lives"""
    binaries: Maybe[Binaries] = None
    """the programs as files (then with cni_plugins)"""
    cni_plugins: Maybe[CniPlugins] = None
    """the archive of CNI plugins"""
    packages: Maybe[KubernetesPackages] = None
    """the programs as packages"""

    _one_source = model_validator(mode="after")(one_of(("binaries", "cni_plugins"), ("packages",)))
