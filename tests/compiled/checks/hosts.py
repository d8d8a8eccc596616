"""What the bootstrap hands to programs of the hosts: kernel, container runtime, kubeadm, kubelet, kube-proxy."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from typing import Any

import yaml

from components.cluster.quantity import millicores, size
from tests.compiled import reckoned
from tests.compiled.bootstrap_values import EMBEDDED, SCRIPT, values_of
from tests.compiled.compare import differences
from tests.compiled.tree import Tree

_API_PORT = 6443
# Where the plugins of containerd 2 (configuration 3) keep what is theirs.
_IMAGES, _CRI = "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime"
# Kubernetes' own sysctl.go and the kubelet's container_manager_linux.go.
_PROTECTED = {
    "vm.overcommit_memory": 1,
    "vm.panic_on_oom": 0,
    "kernel.panic": 10,
    "kernel.panic_on_oops": 1,
    "kernel.keys.root_maxkeys": 1000000,
    "kernel.keys.root_maxbytes": 25 * 1000000,
}


def _texts(tree: Tree) -> dict[str, str]:
    return values_of(tree.files[SCRIPT]).texts


def the_kernel_is_set_as_the_inventory_says(tree: Tree) -> list[str]:
    """A line `name = value` a setting, as sysctl reads them; with those without which this kubelet does not start."""
    there = [line.split(" = ") for line in _texts(tree)["SYSCTL_CONF"].splitlines()]
    platform = tree.parameters["platform"]
    wanted = dict(platform["operating_system"]["sysctl"])
    if platform["kubernetes"]["kubelet"]["protect_kernel_defaults"]:
        wanted |= _PROTECTED
    return list(differences(sorted(there), sorted([name, str(value)] for name, value in wanted.items()), "SYSCTL_CONF"))


def the_runtime_shares_with_the_kubelet(tree: Tree) -> list[str]:
    """Its own configuration: the kubelet's cgroup driver, the bounds of logs that it keeps itself, the pause image."""
    platform, text = tree.parameters["platform"], _texts(tree)["RUNTIME_CONFIG"]
    runtime, driver = platform["runtime"], platform["kubernetes"]["cgroup_driver"]
    where = f"the configuration of {runtime['name']}"
    if runtime["name"] == "containerd":
        wanted: dict[str, Any] = {
            "version": 3,
            "plugins": {
                _IMAGES: {"pinned_images": {"sandbox": runtime["sandbox_image"]}},
                _CRI: {
                    "containerd": {
                        "runtimes": {
                            "runc": {
                                "runtime_type": "io.containerd.runc.v2",
                                "options": {"SystemdCgroup": driver == "systemd"},
                            }
                        }
                    }
                },
            },
        }
        if "mirror" in runtime:
            wanted["plugins"][_IMAGES]["registry"] = {"config_path": "/etc/containerd/certs.d"}
        return list(differences(tomllib.loads(text), wanted, where))
    sizes = {"Ki": "k", "Mi": "m", "Gi": "g"}
    number, unit = runtime["log"]["max_size"][:-2], runtime["log"]["max_size"][-2:]
    wanted = {
        "exec-opts": [f"native.cgroupdriver={driver}"],
        # Containers outlive a restart of the daemon.
        "live-restore": True,
        "log-driver": "json-file",
        "log-opts": {"max-file": str(runtime["log"]["max_files"]), "max-size": number + sizes[unit]},
        "storage-driver": "overlay2",
    }
    if "mirror" in runtime:
        wanted["registry-mirrors"] = [runtime["mirror"]]
    return list(differences(json.loads(text), wanted, where))


def kubeadm_is_told_what_the_inventory_says(tree: Tree) -> list[str]:
    """Every document of `kubeadm init` and `kubeadm join`, key by key."""
    found = []
    policy = values_of(tree.files[SCRIPT]).scalars["AUDIT_POLICY_FILE"]
    texts = {"KUBEADM_INIT": _init(tree.parameters, policy), "KUBEADM_JOIN": _join(tree.parameters)}
    if len(reckoned.nodes_of(tree.parameters, reckoned.CONTROL_PLANE)) > 1:
        texts["KUBEADM_JOIN_CONTROL_PLANE"] = _join_control_plane(tree.parameters)
    for name, wanted in texts.items():
        documents = list(yaml.load_all(tree.files.get(EMBEDDED[name], ""), Loader=yaml.CSafeLoader))
        there = {document.pop("kind", None): document for document in documents}
        if len(there) != len(documents):
            found.append(f"{name}: two documents are of the same kind")
        found += differences(there, wanted, name)
    return found


def _init(parameters: Mapping[str, Any], policy: str) -> dict[str, Any]:
    """`policy` is the audit policy's file, whose name is the script's."""
    kubernetes = parameters["platform"]["kubernetes"]
    kubelet = kubernetes["kubelet"]
    gates = kubernetes["feature_gates"]
    feature_gates = {"featureGates": gates} if gates else {}
    spoken = ",".join(f"{name}={str(gates[name]).lower()}" for name in sorted(gates))
    (name, address), *others = reckoned.nodes_of(parameters, reckoned.CONTROL_PLANE).items()
    if others:
        # Each of several puts its own in.
        name, address = "@NODE@", "@ADDRESS@"
    log = parameters["platform"]["runtime"]["log"]
    # Docker bounds its logs by itself.
    own_logs = parameters["platform"]["runtime"]["name"] == "docker"
    return {
        "InitConfiguration": {
            "apiVersion": kubernetes["kubeadm_api"],
            # The token that kubeadm always makes dies at once.
            "bootstrapTokens": [{"ttl": "1m0s"}],
            "localAPIEndpoint": {"advertiseAddress": address, "bindPort": _API_PORT},
            "nodeRegistration": _of_control_plane(parameters, name, address),
        },
        "ClusterConfiguration": {
            "apiVersion": kubernetes["kubeadm_api"],
            "clusterName": parameters["cluster"]["name"],
            "kubernetesVersion": kubernetes["version"],
            "imageRepository": kubernetes["image_repository"],
            "controlPlaneEndpoint": f"{reckoned.api_host(parameters)}:{_API_PORT}",
            "networking": {
                "podSubnet": parameters["platform"]["pod_network"]["cidr"],
                "serviceSubnet": kubernetes["service_subnet"],
            },
            **_components(parameters, {"feature-gates": spoken} if gates else {}, policy),
        },
        "KubeletConfiguration": {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "cgroupDriver": kubernetes["cgroup_driver"],
            "failSwapOn": True,
            **_kept(parameters),
            "podPidsLimit": kubelet["pod_pids_limit"],
            "protectKernelDefaults": kubelet["protect_kernel_defaults"],
            **({"seccompDefault": True} if kubelet["seccomp_default"] else {}),
            "tlsCipherSuites": [name for name, agreed in kubernetes["tls_cipher_suites"].items() if agreed],
            **({} if own_logs else {"containerLogMaxFiles": log["max_files"], "containerLogMaxSize": log["max_size"]}),
            **feature_gates,
        },
        "KubeProxyConfiguration": {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            # flannel and kube-router work with iptables.
            "mode": "iptables",
            # On no other address than each node's own.
            "nodePortAddresses": ["primary"]
            if kubernetes["node_port_addresses"] == "primary"
            else [f"{node['address']}/32" for node in parameters["cluster"]["nodes"].values()],
            "conntrack": _conntrack(parameters),
            **feature_gates,
        },
    }


def _conntrack(parameters: Mapping[str, Any]) -> dict[str, int]:
    least = reckoned.tracked_connections(parameters)
    # Beyond what kube-proxy of 1.36 allows by cores, they must not count.
    return {"min": least, "maxPerCore": 1} if least > 2**20 else {"min": least}


def _components(parameters: Mapping[str, Any], gates: Mapping[str, str], policy: str) -> dict[str, Any]:
    kubernetes = parameters["platform"]["kubernetes"]
    audit = kubernetes["audit"]
    suites = ",".join(name for name, agreed in kubernetes["tls_cipher_suites"].items() if agreed)
    each = {**gates, "profiling": str(kubernetes["profiling"]).lower(), "tls-cipher-suites": suites}
    folder = policy.rpartition("/")[0]
    logged = {
        "audit-policy-file": policy,
        "audit-log-path": f"{audit['folder']}/audit.log",
        "audit-log-maxage": str(audit["max_age"]),
        "audit-log-maxbackup": str(audit["max_backups"]),
        "audit-log-maxsize": str(audit["max_size"]),
        "encryption-provider-config": f"{folder}/encryption.yml",
    }
    addresses = list(reckoned.nodes_of(parameters, reckoned.CONTROL_PLANE).values())
    names = {"certSANs": addresses} if len(addresses) > 1 else {}
    mounts = {"apiserver": (folder, True), "audit": (audit["folder"], False)}
    return {
        "apiServer": {
            "extraArgs": _arguments(parameters, {**each, **logged}),
            "extraVolumes": [
                {"name": name, "hostPath": path, "mountPath": path, "readOnly": closed, "pathType": "DirectoryOrCreate"}
                for name, (path, closed) in mounts.items()
            ],
            **names,
        },
        **{name: {"extraArgs": _arguments(parameters, each)} for name in ("controllerManager", "scheduler")},
        "etcd": {"local": {"extraArgs": _arguments(parameters, {"cipher-suites": suites})}},
    }


def the_audit_policy_is_the_inventorys(tree: Tree) -> list[str]:
    """Rule by rule in the inventory's order, then its level for all that no rule fits."""
    audit = tree.parameters["platform"]["kubernetes"]["audit"]
    wanted = [_audit_rule(rule) for rule in audit["rules"].values()]
    policy = {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [*wanted, {"level": audit["default"]}],
    }
    return list(differences(yaml.safe_load(tree.files[EMBEDDED["AUDIT_POLICY"]]), policy, "AUDIT_POLICY"))


def _audit_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    """`resources` names each with its group behind the first point; Kubernetes wants the groups, and theirs."""
    names = {"groups": "userGroups", "paths": "nonResourceURLs"}
    said = {names.get(key, key): value for key, value in rule.items() if value and key != "resources"}
    groups: dict[str, list[str]] = {}
    for each in rule.get("resources", ()):
        groups.setdefault(each[each.find(".") + 1 :] if "." in each else "", []).append(each.split(".")[0])
    if groups:
        said["resources"] = [{"group": group, "resources": found} for group, found in groups.items()]
    return said


def _kept(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The reserve, less what the pod network's own pods request and what the kubelet keeps free."""
    free = parameters["platform"]["kubernetes"]["kubelet"]["eviction"]
    network = parameters["platform"]["pod_network"]
    agents = [agent["resources"]["requests"] for agent in (network, network["policy"])]
    reserve = {kind: _number(kind, amount) for kind, amount in parameters["reserve"].items()}
    for agent in agents:
        for kind, amount in agent.items():
            reserve[kind] -= _number(kind, amount)
    reserve["memory"] -= size(free["memory"])
    reserve["disk"] -= size(free["nodefs"])
    names = {"cpu": "cpu", "memory": "memory", "disk": "ephemeral-storage"}
    return {
        "systemReserved": {names[kind]: _quantity(kind, amount) for kind, amount in reserve.items()},
        "evictionHard": {
            "memory.available": _quantity("memory", size(free["memory"])),
            "nodefs.available": _quantity("disk", size(free["nodefs"])),
            "imagefs.available": _quantity("disk", size(free["imagefs"])),
            "nodefs.inodesFree": free["inodes"],
        },
    }


def _number(kind: str, amount: object) -> int:
    return millicores(amount) if kind == "cpu" else size(amount)


def _quantity(kind: str, number: int) -> str:
    if kind == "cpu":
        return f"{number}m"
    unit = next((power for power in (40, 30, 20, 10) if number % 2**power == 0), 0)
    return f"{number >> unit}{ {40: 'Ti', 30: 'Gi', 20: 'Mi', 10: 'Ki', 0: ''}[unit] }"


def _join(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """With a blank for each value that the `worker` step fills in on the node that joins."""
    arguments = {"node-ip": "@ADDRESS@", "node-labels": f"{parameters['cluster']['group_label']}=@LABEL@"}
    return _joining(parameters, _registration(parameters, "@NODE@", arguments))


def _join_control_plane(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """What the step join-control-plane fills in."""
    own = {
        "certificateKey": "@CERTIFICATE_KEY@",
        "localAPIEndpoint": {"advertiseAddress": "@ADDRESS@", "bindPort": _API_PORT},
    }
    return _joining(parameters, _of_control_plane(parameters, "@NODE@", "@ADDRESS@"), controlPlane=own)


def _joining(parameters: Mapping[str, Any], registration: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "JoinConfiguration": {
            "apiVersion": parameters["platform"]["kubernetes"]["kubeadm_api"],
            "nodeRegistration": registration,
            "discovery": {
                "bootstrapToken": {
                    "apiServerEndpoint": f"{reckoned.api_host(parameters)}:{_API_PORT}",
                    "token": "@TOKEN@",
                    "caCertHashes": ["@CA_HASH@"],
                }
            },
            **more,
        }
    }


def _of_control_plane(parameters: Mapping[str, Any], name: str, address: str) -> dict[str, Any]:
    """Without a label of a group, and closed to pods that do not say they tolerate it."""
    taint = {"key": parameters["platform"]["kubernetes"]["control_plane_taint"], "effect": "NoSchedule"}
    return {**_registration(parameters, name, {"node-ip": address}), "taints": [taint]}


def _registration(parameters: Mapping[str, Any], name: str, arguments: Mapping[str, str]) -> dict[str, Any]:
    socket = parameters["platform"]["runtime"]["cri_socket"]
    return {"name": name, "criSocket": socket, "kubeletExtraArgs": _arguments(parameters, arguments)}


def _arguments(parameters: Mapping[str, Any], arguments: Mapping[str, str]) -> Any:
    """v1beta4 made a list of what had been a map."""
    if parameters["platform"]["kubernetes"]["kubeadm_api"] in ("kubeadm.k8s.io/v1beta2", "kubeadm.k8s.io/v1beta3"):
        return dict(arguments)
    return [{"name": name, "value": value} for name, value in arguments.items()]


CHECKS = (
    the_kernel_is_set_as_the_inventory_says,
    the_runtime_shares_with_the_kubelet,
    kubeadm_is_told_what_the_inventory_says,
    the_audit_policy_is_the_inventorys,
)
