"""Breaks of tests/compiled/checks/hosts.py."""

from tests.compiled.bootstrap_values import EMBEDDED, SCRIPT
from tests.compiled.breaking import breaks
from tests.compiled.checks import hosts
from tests.compiled.tree import Absent, Tree

_INIT, _JOIN = EMBEDDED["KUBEADM_INIT"], EMBEDDED["KUBEADM_JOIN"]


def _edit(tree: Tree, file: str, old: str, new: str) -> str:
    if old not in tree.files[file]:
        raise Absent(f"{file} has no {old!r}")
    tree.files[file] = tree.files[file].replace(old, new, 1)
    return ""


@breaks(hosts.the_kernel_is_set_as_the_inventory_says, "SYSCTL_CONF")
def pods_that_are_not_routed(tree: Tree) -> str:
    return _edit(tree, SCRIPT, "net.ipv4.ip_forward = 1", "net.ipv4.ip_forward = 0")


@breaks(hosts.the_runtime_shares_with_the_kubelet, "SystemdCgroup: is False")
def another_cgroup_driver_of_containerd(tree: Tree) -> str:
    return _edit(tree, SCRIPT, "SystemdCgroup = true", "SystemdCgroup = false") or "containerd"


@breaks(hosts.the_runtime_shares_with_the_kubelet, "lacks max-size")
def logs_without_a_bound(tree: Tree) -> str:
    return _edit(tree, SCRIPT, '"max-file": "3",\n    "max-size": "50m"', '"max-file": "3"') or "docker"


@breaks(hosts.kubeadm_is_told_what_the_inventory_says, "podSubnet: is '10.0.0.0/16'")
def another_network_of_pods(tree: Tree) -> str:
    cidr = tree.parameters["platform"]["pod_network"]["cidr"]
    return _edit(tree, _INIT, f"podSubnet: {cidr}", "podSubnet: 10.0.0.0/16")


@breaks(hosts.kubeadm_is_told_what_the_inventory_says, "lacks apiServer")
def gates_that_are_not_told(tree: Tree) -> str:
    return _edit(tree, _INIT, "\napiServer:", "\napiServers:")


@breaks(hosts.kubeadm_is_told_what_the_inventory_says, "/etc/kubernetes/apiserver/encryption.yml")
def secrets_in_plain_text(tree: Tree) -> str:
    return _edit(tree, _INIT, "/etc/kubernetes/apiserver/encryption.yml", "/etc/kubernetes/apiserver/none.yml")


@breaks(hosts.the_audit_policy_is_the_inventorys, "AUDIT_POLICY: rules")
def a_log_of_what_is_in_secrets(tree: Tree) -> str:
    return _edit(tree, EMBEDDED["AUDIT_POLICY"], "- level: Metadata", "- level: RequestResponse")


@breaks(hosts.kubeadm_is_told_what_the_inventory_says, "KUBEADM_JOIN: JoinConfiguration: nodeRegistration")
def a_worker_without_its_label(tree: Tree) -> str:
    return _edit(tree, _JOIN, "=@LABEL@", "=")


@breaks(hosts.kubeadm_is_told_what_the_inventory_says, "two documents are of the same kind")
def a_document_twice(tree: Tree) -> str:
    tree.files[_JOIN] += "---\n" + tree.files[_JOIN]
    return ""


@breaks(hosts.kubeadm_is_told_what_the_inventory_says, "KubeletConfiguration: systemReserved: memory")
def a_reserve_that_pods_may_have(tree: Tree) -> str:
    return _edit(tree, _INIT, "  memory: 284Mi\n", "  memory: 1Mi\n")


@breaks(hosts.kubeadm_is_told_what_the_inventory_says, "KubeProxyConfiguration: conntrack: min")
def a_narrow_table_of_connections(tree: Tree) -> str:
    return _edit(tree, _INIT, "conntrack:\n  min: 1", "conntrack:\n  min: 9")
