"""What kubeadm and the pod network are given."""

from __future__ import annotations

import yaml

from components.kubeadm import configs, pod_network, script


def _by_kind(documents):
    return {document["kind"]: document for document in documents}


def test_every_component_has_the_feature_gates(cluster):
    gates = cluster.platform.kubernetes["feature_gates"]
    documents = _by_kind(configs.init_documents(cluster))
    for component in ("apiServer", "controllerManager", "scheduler"):
        written = documents["ClusterConfiguration"][component].get("extraArgs", {}).get("feature-gates", "")
        pairs = dict(pair.split("=") for pair in written.split(",") if pair)
        assert pairs == {name: str(value).lower() for name, value in gates.items()}
    assert documents["KubeletConfiguration"]["featureGates"] == gates
    assert documents["KubeProxyConfiguration"]["featureGates"] == gates


def test_kubelet_and_runtime_share_the_cgroup_driver(cluster):
    driver = _by_kind(configs.init_documents(cluster))["KubeletConfiguration"]["cgroupDriver"]
    assert f"native.cgroupdriver={driver}" in configs.daemon_json(cluster)["exec-opts"]


def test_kubeadm_and_flannel_share_the_pod_network(cluster):
    networking = _by_kind(configs.init_documents(cluster))["ClusterConfiguration"]["networking"]
    config = next(o for o in pod_network.documents(cluster) if o["kind"] == "ConfigMap")
    assert yaml.safe_load(config["data"]["net-conf.json"])["Network"] == networking["podSubnet"]


def test_no_token_is_written(cluster):
    tokens = _by_kind(configs.init_documents(cluster))["InitConfiguration"]["bootstrapTokens"]
    assert tokens == [{"ttl": "1m0s"}]


def test_the_join_template_leaves_each_blank_once(cluster):
    text = script.files(cluster)["kubeadm-join.yml"]
    assert [text.count(blank) for blank in configs.JOIN_PLACEHOLDERS] == [1] * len(configs.JOIN_PLACEHOLDERS)


def test_a_worker_registers_with_its_label(cluster):
    join = configs.join_documents(cluster)[0]
    labels = join["nodeRegistration"]["kubeletExtraArgs"]["node-labels"]
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


def test_the_reviewers_files_are_the_embedded_ones(cluster, text):
    for name, content in script.files(cluster).items():
        if name.endswith(".yml"):
            assert content in text
