"""The kubeadm configuration of the control plane and of a joining worker.

Facts: the kubeadm v1beta2 and v1beta4, kubelet v1beta1 and kube-proxy v1alpha1 APIs
of Kubernetes 1.17 and 1.36; which of them a cluster has, its platform class says. No
credential is written here: kubeadm makes its own, and the join template leaves the
token out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.cluster.conntrack import MOST_BY_CORES, conntrack_min
from components.cluster.firewall import API_PORT
from components.cluster.quantity import binary
from components.cluster.reserve import system_reserved
from components.cluster.types import Cluster, Node

from . import api_server, runtimes

# What a node puts into these texts: by itself (its name, address and group label), and from a join file.
JOIN_PLACEHOLDERS = (_NODE := "@NODE@", _ADDRESS := "@ADDRESS@", _LABEL := "@LABEL@", "@TOKEN@", "@CA_HASH@")
CONTROL_PLANE_PLACEHOLDERS = (_NODE, _ADDRESS, "@TOKEN@", "@CA_HASH@", "@CERTIFICATE_KEY@")


def endpoint(cluster: Cluster) -> str:
    """Where the API server answers, `address:port`."""
    return f"{cluster.api_host}:{API_PORT}"


def init_documents(cluster: Cluster) -> list[dict[str, Any]]:
    """The documents that `kubeadm init` reads, and later its phases, on each control plane: of several, with
    placeholders in place of its name and address."""
    kubernetes = cluster.platform.kubernetes
    one, several = cluster.control_plane, len(cluster.control_planes) > 1
    name, address = (_NODE, _ADDRESS) if several else (one.name, one.address)
    gates = dict(sorted(kubernetes.feature_gates.items()))
    feature_gates = {"featureGates": gates} if gates else {}
    return [
        {
            "apiVersion": kubernetes.kubeadm_api,
            "kind": "InitConfiguration",
            # kubeadm always makes a token; this one is never shown nor used, and
            # dies at once. The `join-token` step makes the one that counts.
            "bootstrapTokens": [{"ttl": "1m0s"}],
            "localAPIEndpoint": _local_endpoint(address),
            "nodeRegistration": _control_plane_registration(cluster, name, address),
        },
        {
            "apiVersion": kubernetes.kubeadm_api,
            "kind": "ClusterConfiguration",
            "clusterName": cluster.name,
            "kubernetesVersion": kubernetes.version,
            "imageRepository": kubernetes.image_repository,
            "controlPlaneEndpoint": endpoint(cluster),
            "networking": {
                "podSubnet": cluster.platform.pod_network.cidr,
                "serviceSubnet": kubernetes.service_subnet,
            },
            **_components(cluster, gates),
        },
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "cgroupDriver": kubernetes.cgroup_driver,
            "failSwapOn": True,
            **_reserved(cluster),
            **_pods_are_held_to(cluster),
            "tlsCipherSuites": _suites(cluster),
            **runtimes.kubelet_settings(cluster),
            **feature_gates,
        },
        {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "mode": "iptables",
            "nodePortAddresses": _node_port_addresses(cluster),
            "conntrack": _conntrack(cluster),
            **feature_gates,
        },
    ]


def join_documents(cluster: Cluster) -> list[dict[str, Any]]:
    """The document that `kubeadm join` reads, with JOIN_PLACEHOLDERS in place of what a node adds.

    The kubelet registers with the group label, so that no pod is ever placed on a
    node whose label is still missing. Its own admission rules allow that: they
    keep only the labels of the kubernetes.io and k8s.io domains for themselves.
    """
    labels = {"node-labels": f"{cluster.group_label}={_LABEL}"}
    return [_join(cluster, _registration(cluster, _NODE, _ADDRESS, labels))]


def join_control_plane_documents(cluster: Cluster) -> list[dict[str, Any]]:
    """The document that `kubeadm join` reads on a control plane beside the first, with CONTROL_PLANE_PLACEHOLDERS."""
    joining = _join(cluster, _control_plane_registration(cluster, _NODE, _ADDRESS))
    own = {"certificateKey": "@CERTIFICATE_KEY@", "localAPIEndpoint": _local_endpoint(_ADDRESS)}
    return [{**joining, "controlPlane": own}]


def _join(cluster: Cluster, registration: dict[str, Any]) -> dict[str, Any]:
    token = {"apiServerEndpoint": endpoint(cluster), "token": "@TOKEN@", "caCertHashes": ["@CA_HASH@"]}
    return {
        "apiVersion": cluster.platform.kubernetes.kubeadm_api,
        "kind": "JoinConfiguration",
        "nodeRegistration": registration,
        "discovery": {"bootstrapToken": token},
    }


def group_label(cluster: Cluster, node: Node) -> str:
    """The value of the group label on `node`."""
    return cluster.groups[node.group].label


def _components(cluster: Cluster, gates: Mapping[str, bool]) -> dict[str, Any]:
    """The programs of the control plane, each with what kubeadm does not tell it by itself."""
    kubernetes = cluster.platform.kubernetes
    suites = ",".join(_suites(cluster))
    each = {
        **({"feature-gates": _gates(gates)} if gates else {}),
        "profiling": str(kubernetes.profiling).lower(),
        "tls-cipher-suites": suites,
    }
    return {
        "apiServer": {
            "extraArgs": _arguments(cluster, {**each, **api_server.arguments(cluster)}),
            "extraVolumes": api_server.volumes(cluster),
            **_certificate_names(cluster),
        },
        "controllerManager": {"extraArgs": _arguments(cluster, each)},
        "scheduler": {"extraArgs": _arguments(cluster, each)},
        "etcd": {"local": {"extraArgs": _arguments(cluster, {"cipher-suites": suites})}},
    }


def _node_port_addresses(cluster: Cluster) -> list[str]:
    """Those of the inventory, and no other that a host may have: each node finds its own among them."""
    if cluster.platform.kubernetes.node_port_addresses == "primary":
        return ["primary"]
    return [f"{node.address}/32" for node in cluster.nodes]


def _conntrack(cluster: Cluster) -> dict[str, int]:
    least = conntrack_min(cluster)
    # One for each core, so that no number of cores makes kube-proxy stop below the least.
    return {"min": least, **({"maxPerCore": 1} if least > MOST_BY_CORES else {})}


def _suites(cluster: Cluster) -> list[str]:
    return [name for name, on in cluster.platform.kubernetes.tls_cipher_suites.items() if on]


def _pods_are_held_to(cluster: Cluster) -> dict[str, Any]:
    kubelet = cluster.platform.kubernetes.kubelet
    return {
        "podPidsLimit": kubelet.pod_pids_limit,
        "protectKernelDefaults": kubelet.protect_kernel_defaults,
        # A release that does not have the field would refuse the whole file.
        **({"seccompDefault": True} if kubelet.seccomp_default else {}),
    }


def _reserved(cluster: Cluster) -> dict[str, Any]:
    """What the kubelet keeps of its node: the rules reckon with the same sums (reserve.py)."""
    kept, free = system_reserved(cluster), cluster.platform.kubernetes.kubelet.eviction
    return {
        # One for all nodes. The kubelet only subtracts it: nothing is ended for using more of it.
        "systemReserved": {
            "cpu": f"{kept.cpu}m",
            "ephemeral-storage": binary(kept.disk),
            "memory": binary(kept.memory),
        },
        # A map that states one signal takes the defaults of the others away.
        "evictionHard": {
            "imagefs.available": binary(free.imagefs),
            "memory.available": binary(free.memory),
            "nodefs.available": binary(free.nodefs),
            "nodefs.inodesFree": free.inodes,
        },
    }


def _certificate_names(cluster: Cluster) -> dict[str, Any]:
    """Of several: by which each may be asked, beside its own address and the endpoint, which kubeadm adds."""
    if len(cluster.control_planes) == 1:
        return {}
    return {"certSANs": [node.address for node in cluster.control_planes]}


def _local_endpoint(address: str) -> dict[str, Any]:
    return {"advertiseAddress": address, "bindPort": API_PORT}


def _control_plane_registration(cluster: Cluster, name: str, address: str) -> dict[str, Any]:
    taint = {"key": cluster.platform.kubernetes.control_plane_taint, "effect": "NoSchedule"}
    return {**_registration(cluster, name, address, {}), "taints": [taint]}


def _registration(cluster: Cluster, name: str, address: str, arguments: Mapping[str, str]) -> dict[str, Any]:
    # node-ip: on a host with several networks the kubelet would choose by itself.
    return {
        "name": name,
        "criSocket": cluster.platform.runtime.cri_socket,
        "kubeletExtraArgs": _arguments(cluster, {"node-ip": address, **arguments}),
    }


def _arguments(cluster: Cluster, arguments: Mapping[str, str]) -> dict[str, str] | list[dict[str, str]]:
    """A component's command line as the release's kubeadm API writes it."""
    if cluster.platform.kubernetes.kubeadm_arguments == "map":
        return dict(arguments)
    return [{"name": name, "value": value} for name, value in arguments.items()]


def _gates(gates: Mapping[str, bool]) -> str:
    return ",".join(f"{name}={str(value).lower()}" for name, value in gates.items())
