"""What kubeadm and the pod network are given."""

from __future__ import annotations

import json
import tomllib

import pytest
import yaml

from components.kubeadm import configs, pod_network, runtimes
from components.kubeadm.files import files
from tests.changed import with_platform

from .conftest import arguments


def _by_kind(documents):
    return {document["kind"]: document for document in documents}


def _with(cluster, part, **values):
    """The cluster with other values in one part of its platform."""
    return with_platform(cluster, **{part: values})


@pytest.mark.parametrize("gates", [None, {"SomeGate": True, "OtherGate": False}])
def test_every_component_has_the_feature_gates(cluster, gates):
    if gates is not None:
        cluster = _with(cluster, "kubernetes", feature_gates=gates)
    gates = cluster.platform.kubernetes.feature_gates
    documents = _by_kind(configs.init_documents(cluster))
    for component in ("apiServer", "controllerManager", "scheduler"):
        found = documents["ClusterConfiguration"].get(component, {}).get("extraArgs", {})
        written = arguments(found).get("feature-gates", "")
        pairs = dict(pair.split("=") for pair in written.split(",") if pair)
        assert pairs == {name: str(value).lower() for name, value in gates.items()}
    assert documents["KubeletConfiguration"].get("featureGates", {}) == gates
    assert documents["KubeProxyConfiguration"].get("featureGates", {}) == gates


def test_without_feature_gates_nothing_speaks_of_them(cluster):
    text = json.dumps(configs.init_documents(_with(cluster, "kubernetes", feature_gates={})))
    assert "eature" not in text and "extraArgs" not in text.replace("kubeletExtraArgs", "")


def test_arguments_have_the_form_of_the_api(cluster):
    form = {"kubeadm.k8s.io/v1beta2": dict, "kubeadm.k8s.io/v1beta4": list}
    for found in (configs.init_documents(cluster)[0], configs.join_documents(cluster)[0]):
        assert isinstance(found["nodeRegistration"]["kubeletExtraArgs"], form[found["apiVersion"]])


def _cgroup_driver(cluster) -> str:
    """What the runtime's own configuration says, read as the runtime reads it."""
    text = runtimes.config(cluster)
    if cluster.platform.runtime.name == "docker":
        (option,) = json.loads(text)["exec-opts"]
        return option.removeprefix("native.cgroupdriver=")
    runc = tomllib.loads(text)["plugins"]["io.containerd.cri.v1.runtime"]["containerd"]["runtimes"]["runc"]
    return "systemd" if runc["options"]["SystemdCgroup"] else "cgroupfs"


@pytest.mark.parametrize("driver", ["systemd", "cgroupfs"])
def test_kubelet_and_runtime_share_the_cgroup_driver(cluster, driver):
    cluster = _with(cluster, "kubernetes", cgroup_driver=driver)
    kubelet = _by_kind(configs.init_documents(cluster))["KubeletConfiguration"]
    assert kubelet["cgroupDriver"] == _cgroup_driver(cluster) == driver


def test_logs_of_containers_are_bounded_in_one_place(cluster):
    cluster = _with(cluster, "runtime", log={"max_size": "7Mi", "max_files": 4})
    kubelet = _by_kind(configs.init_documents(cluster))["KubeletConfiguration"]
    found = {key: kubelet.get(key) for key in ("containerLogMaxSize", "containerLogMaxFiles")}
    if cluster.platform.runtime.name == "docker":
        assert set(found.values()) == {None}
        assert json.loads(runtimes.config(cluster))["log-opts"] == {"max-size": "7m", "max-file": "4"}
    else:
        assert found == {"containerLogMaxSize": "7Mi", "containerLogMaxFiles": 4}


def test_containerd_pins_the_pause_image_of_kubeadm(cluster):
    if cluster.platform.runtime.name != "containerd":
        assert cluster.platform.runtime.sandbox_image is None
        return
    kubernetes = cluster.platform.kubernetes
    images = tomllib.loads(runtimes.config(cluster))["plugins"]["io.containerd.cri.v1.images"]
    pause = f"{kubernetes.image_repository}/pause:{kubernetes.pause_version}"
    assert images["pinned_images"]["sandbox"] == pause


def test_kubeadm_and_flannel_share_the_pod_network(cluster):
    networking = _by_kind(configs.init_documents(cluster))["ClusterConfiguration"]["networking"]
    config = next(o for o in pod_network.documents(cluster) if o["kind"] == "ConfigMap")
    assert yaml.safe_load(config["data"]["net-conf.json"])["Network"] == networking["podSubnet"]


def test_no_token_is_written(cluster):
    tokens = _by_kind(configs.init_documents(cluster))["InitConfiguration"]["bootstrapTokens"]
    assert tokens == [{"ttl": "1m0s"}]


def test_the_join_template_leaves_each_blank_once(cluster):
    text = files(cluster)["kubeadm-join.yml"]
    assert [text.count(blank) for blank in configs.JOIN_PLACEHOLDERS] == [1] * len(configs.JOIN_PLACEHOLDERS)


def test_a_worker_registers_with_its_label(cluster):
    join = configs.join_documents(cluster)[0]
    labels = arguments(join["nodeRegistration"]["kubeletExtraArgs"])["node-labels"]
    assert labels == f"{cluster.group_label}=@LABEL@"
    # The kubelet may not give itself labels of these domains.
    assert not cluster.group_label.partition("/")[0].endswith(("kubernetes.io", "k8s.io"))


def test_pod_network_has_no_more_rights_than_it_needs(cluster):
    for found in pod_network.documents(cluster):
        for rule in found.get("rules", []):
            assert "*" not in rule["verbs"] + rule["resources"] + rule["apiGroups"]
            assert "secrets" not in rule["resources"]
        if found["kind"] == "DaemonSet":
            spec = found["spec"]["template"]["spec"]
            for container in spec.get("initContainers", []) + spec["containers"]:
                security = container["securityContext"]
                assert security["capabilities"]["drop"] == ["ALL"]
                assert security["allowPrivilegeEscalation"] is False
                assert ":" in container["image"] and container["resources"]["limits"]["memory"]


def _daemons(cluster):
    return {
        found["metadata"]["name"]: found["spec"]["template"]["spec"]
        for found in pod_network.documents(cluster)
        if found["kind"] == "DaemonSet"
    }


def test_every_mount_of_the_pod_network_has_its_volume(cluster):
    for spec in _daemons(cluster).values():
        mounted = {
            mount["name"]
            for container in spec.get("initContainers", []) + spec["containers"]
            for mount in container["volumeMounts"]
        }
        assert mounted == {volume["name"] for volume in spec["volumes"]}


def test_flannels_plugin_comes_from_one_place(cluster):
    """From the archive of a release that has no packages, or from an image: the packages lack it."""
    installers = [container["name"] for container in _daemons(cluster)["flannel"]["initContainers"]]
    assert ("install-cni-plugin" in installers) == (cluster.platform.kubernetes.cni_plugins is None)


@pytest.mark.parametrize(
    "kind, group, resource", [("Endpoints", "", "endpoints"), ("EndpointSlice", "discovery.k8s.io", "endpointslices")]
)
def test_the_firewall_watches_endpoints_as_its_release_does(cluster, kind, group, resource):
    documents = pod_network.documents(_with(cluster, "pod_network", policy={"endpoints": kind}))
    role = next(o for o in documents if o["kind"] == "ClusterRole" and o["metadata"]["name"] == "kube-router")
    found = [
        (entry, name)
        for rule in role["rules"]
        for entry in rule["apiGroups"]
        for name in rule["resources"]
        if name.startswith("endpoint")
    ]
    assert found == [(group, resource)]


def test_the_reviewers_files_are_the_embedded_ones(cluster, text):
    for name, content in files(cluster).items():
        if name.endswith(".yml"):
            assert content in text
