"""Breaks of tests/compiled/checks/pod_network.py."""

from tests.compiled.bootstrap_values import EMBEDDED
from tests.compiled.breaking import breaks
from tests.compiled.checks.pod_network import the_pod_network_has_what_it_needs
from tests.compiled.tree import Object, Tree


def _object(tree: Tree, kind: str, name: str) -> Object:
    found = tree.documents[EMBEDDED["POD_NETWORK"]]
    (entry,) = (one for one in found if (one["kind"], one["metadata"]["name"]) == (kind, name))
    return entry


def _pod(tree: Tree, name: str) -> Object:
    return _object(tree, "DaemonSet", name)["spec"]["template"]["spec"]


@breaks(the_pod_network_has_what_it_needs, "rules: nobody asked for secrets")
def a_right_more(tree: Tree) -> str:
    _object(tree, "ClusterRole", "flannel")["rules"].append(
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}
    )
    return "flannel"


@breaks(the_pod_network_has_what_it_needs, "Backend: Type: is 'udp'")
def another_backend(tree: Tree) -> str:
    data = _object(tree, "ConfigMap", "flannel-config")["data"]
    data["net-conf.json"] = data["net-conf.json"].replace("vxlan", "udp")
    return "flannel-config"


@breaks(the_pod_network_has_what_it_needs, "checksum/config")
def pods_that_do_not_see_new_files(tree: Tree) -> str:
    _object(tree, "DaemonSet", "flannel")["spec"]["template"]["metadata"]["annotations"]["checksum/config"] = "0"
    return "flannel"


@breaks(the_pod_network_has_what_it_needs, "privileged")
def a_privileged_container(tree: Tree) -> str:
    _pod(tree, "kube-router")["containers"][0]["securityContext"]["privileged"] = True
    return "kube-router"


@breaks(the_pod_network_has_what_it_needs, "/lib/modules")
def modules_that_it_may_write(tree: Tree) -> str:
    for mount in _pod(tree, "kube-router")["containers"][0]["volumeMounts"]:
        mount.pop("readOnly", None)
    return "kube-router"


@breaks(the_pod_network_has_what_it_needs, "nobody asked for volumes")
def a_volume_that_nobody_mounts(tree: Tree) -> str:
    _pod(tree, "flannel")["volumes"].append({"name": "other", "hostPath": {"path": "/"}})
    return "flannel"


@breaks(the_pod_network_has_what_it_needs, "there is none")
def an_account_that_is_lost(tree: Tree) -> str:
    _object(tree, "ServiceAccount", "kube-router")["metadata"]["name"] = "other"
    return "ServiceAccount kube-router"


@breaks(the_pod_network_has_what_it_needs, "nobody asked for it")
def an_object_more(tree: Tree) -> str:
    tree.documents[EMBEDDED["POD_NETWORK"]].append({"kind": "Secret", "metadata": {"name": "other"}})
    return "Secret other"
