"""The pod network: flannel carries packets, kube-router enforces NetworkPolicies.

Flags and permissions are those that flannel (v0.13.0, v0.28.9) and kube-router (v1.1.1,
v2.11.1) need in these roles, from their sources: flannel reads its own pod and every
node and patches its node's status; kube-router as a firewall only watches pods, policies
and namespaces (and keeps idle watches on services, their endpoints and nodes). Neither
is privileged: both get the two network capabilities and nothing else.

The runtime's own seccomp profile takes nothing from them. It admits netlink and raw
sockets (the kernel asks for the two capabilities), and what it keeps for holders of
SYS_ADMIN, SYS_MODULE or BPF, such as mount, setns and bpf, they may not do anyway:
contrib/seccomp/seccomp_default.go of containerd 2.3, under which a VXLAN device, routes,
iptables of both kinds and ipset were made with these two capabilities.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from components.cluster.input.platform import Kubernetes, PodNetwork
from components.cluster.input.platform.pod_network import AgentResources, NetworkPolicyAgent
from components.cluster.types import Cluster

NAMESPACE = "kube-system"  # where system-node-critical pods are at home
_HEALTH_PORT = 20244
_CAPABILITIES = ["NET_ADMIN", "NET_RAW"]

# kind in the platform class -> API group and resource of the permission
_ENDPOINTS = {"Endpoints": ("", "endpoints"), "EndpointSlice": ("discovery.k8s.io", "endpointslices")}

# iptables in every container takes turns with kube-proxy by this lock.
_XTABLES_LOCK = {"name": "xtables-lock", "hostPath": {"path": "/run/xtables.lock", "type": "FileOrCreate"}}


def documents(cluster: Cluster) -> list[dict[str, Any]]:
    """Every object of the pod network, in the order in which they are applied."""
    network, kubernetes = cluster.platform.pod_network, cluster.platform.kubernetes
    return [*_flannel(network, kubernetes), *_kube_router(network.policy, kubernetes)]


def _flannel(network: PodNetwork, kubernetes: Kubernetes) -> list[dict[str, Any]]:
    name = "flannel"
    config = {
        "cni-conf.json": _json(
            {
                "name": "cbr0",
                "cniVersion": "0.3.1",
                "plugins": [
                    {"type": "flannel", "delegate": {"hairpinMode": True, "isDefaultGateway": True}},
                    {"type": "portmap", "capabilities": {"portMappings": True}},
                ],
            }
        ),
        "net-conf.json": _json({"Network": network.cidr, "Backend": {"Type": network.backend}}),
    }
    install = {
        "name": "install-cni",
        "image": network.image,
        "command": ["cp"],
        "args": ["-f", "/etc/kube-flannel/cni-conf.json", "/etc/cni/net.d/10-flannel.conflist"],
        "resources": _resources(network.resources),
        "securityContext": _security([]),
        "volumeMounts": [
            {"name": "cni", "mountPath": "/etc/cni/net.d"},
            {"name": "config", "mountPath": "/etc/kube-flannel"},
        ],
    }
    daemon = {
        "name": name,
        "image": network.image,
        "command": ["/opt/bin/flanneld"],
        # The interface that has the node's address in the inventory, whatever its name.
        "args": ["--ip-masq", "--kube-subnet-mgr", "--iface=$(HOST_IP)"],
        "env": [
            _field("POD_NAME", "metadata.name"),
            _field("POD_NAMESPACE", "metadata.namespace"),
            _field("HOST_IP", "status.hostIP"),
        ],
        "resources": _resources(network.resources),
        "securityContext": _security(_CAPABILITIES),
        "volumeMounts": [
            {"name": "run", "mountPath": "/run/flannel"},
            {"name": "config", "mountPath": "/etc/kube-flannel"},
            {"name": "xtables-lock", "mountPath": "/run/xtables.lock"},
        ],
    }
    volumes = [
        {"name": "run", "hostPath": {"path": "/run/flannel", "type": "DirectoryOrCreate"}},
        {"name": "cni", "hostPath": {"path": "/etc/cni/net.d", "type": "DirectoryOrCreate"}},
        {"name": "config", "configMap": {"name": f"{name}-config"}},
        _XTABLES_LOCK,
    ]
    starts = [install]
    if network.cni_plugin_image:
        starts.insert(0, _install_plugin(network))
        volumes.append({"name": "cni-plugins", "hostPath": {"path": "/opt/cni/bin", "type": "DirectoryOrCreate"}})
    rules = [
        _rule("", ["pods"], ["get"]),
        _rule("", ["nodes"], ["get", "list", "watch"]),
        _rule("", ["nodes/status"], ["patch"]),
    ]
    return [
        *_access(name, rules),
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"{name}-config", "namespace": NAMESPACE, "labels": _labels(name)},
            "data": config,
        },
        # flanneld reads its files only at start: the checksum rolls it when they change.
        _daemon_set(name, kubernetes, starts, [daemon], volumes, {"checksum/config": _checksum(config)}),
    ]


def _install_plugin(network: PodNetwork) -> dict[str, Any]:
    return {
        "name": "install-cni-plugin",
        "image": network.cni_plugin_image,
        "command": ["cp"],
        "args": ["-f", "/flannel", "/opt/cni/bin/flannel"],
        "resources": _resources(network.resources),
        "securityContext": _security([]),
        "volumeMounts": [{"name": "cni-plugins", "mountPath": "/opt/cni/bin"}],
    }


def _kube_router(policy: NetworkPolicyAgent, kubernetes: Kubernetes) -> list[dict[str, Any]]:
    name = "kube-router"
    daemon = {
        "name": name,
        "image": policy.image,
        "args": [
            "--run-firewall=true",
            "--run-router=false",
            "--run-service-proxy=false",
            "--enable-cni=false",
            f"--health-port={_HEALTH_PORT}",
            f"--service-cluster-ip-range={kubernetes.service_subnet}",
        ],
        "env": [_field("NODE_NAME", "spec.nodeName")],
        "livenessProbe": {
            "httpGet": {"path": "/healthz", "port": _HEALTH_PORT},
            "initialDelaySeconds": 20,
            "periodSeconds": 10,
        },
        "resources": _resources(policy.resources),
        "securityContext": _security(_CAPABILITIES),
        "volumeMounts": [
            {"name": "modules", "mountPath": "/lib/modules", "readOnly": True},
            {"name": "xtables-lock", "mountPath": "/run/xtables.lock"},
        ],
    }
    volumes = [
        {"name": "modules", "hostPath": {"path": "/lib/modules", "type": "Directory"}},
        _XTABLES_LOCK,
    ]
    group, endpoints = _ENDPOINTS[policy.endpoints]
    rules = [
        _rule("", ["namespaces", "pods", "services"], ["list", "watch"]),
        _rule(group, [endpoints], ["list", "watch"]),
        _rule("", ["nodes"], ["get", "list", "watch"]),
        _rule("networking.k8s.io", ["networkpolicies"], ["list", "watch"]),
    ]
    return [*_access(name, rules), _daemon_set(name, kubernetes, [], [daemon], volumes, {})]


def _access(name: str, rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    group = "rbac.authorization.k8s.io"
    return [
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": name, "namespace": NAMESPACE, "labels": _labels(name)},
        },
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRole",
            "metadata": {"name": name, "labels": _labels(name)},
            "rules": rules,
        },
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name, "labels": _labels(name)},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": NAMESPACE}],
        },
    ]


def _daemon_set(
    name: str,
    kubernetes: Kubernetes,
    init: list[dict[str, Any]],
    containers: list[dict[str, Any]],
    volumes: list[dict[str, Any]],
    annotations: dict[str, str],
) -> dict[str, Any]:
    pod: dict[str, Any] = {
        "serviceAccountName": name,
        "priorityClassName": "system-node-critical",
        "hostNetwork": True,
        "nodeSelector": {"kubernetes.io/os": "linux"},
        # Every node needs its network before anything else, tainted ones too.
        "tolerations": [
            {"operator": "Exists", "effect": "NoSchedule"},
            {"operator": "Exists", "effect": "NoExecute"},
        ],
        **({"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}} if kubernetes.seccomp else {}),
        **({"initContainers": init} if init else {}),
        "containers": containers,
        "volumes": volumes,
    }
    metadata: dict[str, Any] = {"labels": _labels(name)}
    if annotations:
        metadata["annotations"] = annotations
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": _labels(name)},
        "spec": {"selector": {"matchLabels": _labels(name)}, "template": {"metadata": metadata, "spec": pod}},
    }


def _labels(name: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": name}


def _rule(group: str, resources: list[str], verbs: list[str]) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": resources, "verbs": verbs}


def _field(name: str, path: str) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}


def _resources(entry: AgentResources) -> dict[str, Any]:
    return entry.model_dump()


def _security(capabilities: list[str]) -> dict[str, Any]:
    # Root without any capability but these: iptables and ipset need no more.
    added = {"add": list(capabilities)} if capabilities else {}
    return {"allowPrivilegeEscalation": False, "capabilities": {**added, "drop": ["ALL"]}}


def _json(value: Any) -> str:
    return json.dumps(value, indent=2) + "\n"


def _checksum(config: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()
