"""What kubeadm and the pod network get with other values than the committed clusters have (tests/compiled/checks)."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace

import pytest

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
    assert "eature" not in text


@pytest.mark.parametrize("addresses", [1, 20, 30])
def test_no_number_of_cores_makes_a_nodes_table_too_small(cluster, addresses):
    """Many source addresses, from each of which a broker may have as many sessions as there are ports."""
    balancer = cluster.load_balancer
    hosts = [replace(host, source_addresses=("192.0.2.1",) * (addresses - 1)) for host in balancer.hosts]
    many = {"maxconn": 9_000_000, "server_maxconn": 9_000_000}
    frontends = [replace(one, **(many if one.devices else {})) for one in balancer.frontends]
    cluster = replace(cluster, load_balancer=replace(balancer, hosts=tuple(hosts), frontends=tuple(frontends)))
    told = _by_kind(configs.init_documents(cluster))["KubeProxyConfiguration"]["conntrack"]
    sources = sum(len(host.sources) for host in hosts) * balancer.source_ports_per_line
    entries = sources * sum(one.devices for one in frontends)
    assert told["min"] > entries
    # kube-proxy of 1.36 goes by cores first, and then no further than this.
    assert 1024 * told.get("maxPerCore", 1) < told["min"] and ("maxPerCore" in told) == (told["min"] > 2**20)


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


def test_the_join_template_leaves_each_blank_once(cluster):
    text = files(cluster)["kubeadm-join.yml"]
    assert [text.count(blank) for blank in configs.JOIN_PLACEHOLDERS] == [1] * len(configs.JOIN_PLACEHOLDERS)


def test_a_worker_registers_with_its_label(cluster):
    join = configs.join_documents(cluster)[0]
    labels = arguments(join["nodeRegistration"]["kubeletExtraArgs"])["node-labels"]
    assert labels == f"{cluster.group_label}=@LABEL@"
    # The kubelet may not give itself labels of these domains.
    assert not cluster.group_label.partition("/")[0].endswith(("kubernetes.io", "k8s.io"))


def _daemons(cluster):
    return {
        found["metadata"]["name"]: found["spec"]["template"]["spec"]
        for found in pod_network.documents(cluster)
        if found["kind"] == "DaemonSet"
    }


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
