"""The cluster's own kubeadm reads its configuration, on a host that `node` has made ready.

PREFLIGHT (kubeadm.py) names every check of kubeadm that cannot pass here, and why. All others have to.
"""

from __future__ import annotations

import re
from functools import partial

import pytest

from components.kubeadm import configs
from tests.engines.bootstrap.kubeadm import IGNORED, PREFLIGHT, accepts, complaints, joining
from tests.engines.bootstrap.site import COMPILED
from tests.platforms import each_platform

pytestmark = each_platform

INIT = f"--config={COMPILED}/bootstrap/kubeadm-init.yml"


@pytest.fixture(scope="module")
def master(ready, site, cluster):
    with site.host(cluster.control_plane.name, cluster.control_plane.address, on=ready.host) as host:
        done = host.step("node")
        assert done.returncode == 0, done.stderr
        yield host


def _kubeadm(host, *words):
    return host.run("timeout", 60, "kubeadm", *words, check=False)


def test_it_is_the_inventorys_release(master, cluster):
    assert _kubeadm(master, "version", "--output=short").stdout.strip() == cluster.platform.kubernetes.version


def test_a_node_becomes_another_one(master, cluster):
    """The host was a worker before: `node` has given it the control plane's name."""
    assert master.run("hostname").stdout.strip() == cluster.control_plane.name


@pytest.mark.parametrize("name", ["init", "join"])
def test_kubeadm_accepts_the_configuration(master, cluster, name):
    path = f"{COMPILED}/bootstrap/kubeadm-{name}.yml"
    if name == "join":
        path = "/tmp/join.yml"
        master.run("sh", "-c", f"cat >{path}", input=joining(cluster, "abcdef.0123456789abcdef", f"sha256:{'0' * 64}"))
    accepts(partial(_kubeadm, master), path, cluster)


def test_a_configuration_with_a_misspelt_field_is_not_accepted(master):
    text = master.run("cat", f"{COMPILED}/bootstrap/kubeadm-init.yml").stdout
    assert "clusterName" in text
    master.run("sh", "-c", "cat >/tmp/wrong.yml", input=text.replace("clusterName", "clusterNames"))
    done = _kubeadm(master, "config", "migrate", "--old-config=/tmp/wrong.yml")
    assert "unknown field" in done.stderr, done.stderr


def test_images_come_from_the_inventorys_registry(master, cluster):
    done = _kubeadm(master, "config", "images", "list", INIT)
    assert done.returncode == 0, done.stderr
    images = done.stdout.split()
    kubernetes = cluster.platform.kubernetes
    assert images and all(image.startswith(f"{kubernetes.image_repository}/") for image in images)
    for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy"):
        assert f"{kubernetes.image_repository}/{name}:{kubernetes.version}" in images
    if cluster.platform.runtime.sandbox_image:
        assert cluster.platform.runtime.sandbox_image in images, "containerd would pull a pause image of its own"


def test_only_what_a_runtime_would_answer_is_amiss(master):
    done = _kubeadm(master, "init", "--dry-run", INIT)
    found = complaints(done.stderr)
    assert done.returncode != 0 and "CRI" in found, f"a runtime answers here: nothing has to be ignored\n{done.stderr}"
    for check, complaint in found.items():
        assert re.search(PREFLIGHT.get(check, "(?!)"), complaint), f"{check}: {complaint}"


def test_init_would_make_the_control_plane(master, cluster):
    before = master.snapshot()
    done = _kubeadm(master, "init", "--dry-run", IGNORED, INIT)
    assert done.returncode == 0, done.stderr
    address, kubernetes = cluster.control_plane.address, cluster.platform.kubernetes
    assert "Your Kubernetes control-plane has initialized successfully!" in done.stdout
    for argument in (
        f"--advertise-address={address}",
        f"--secure-port={configs.API_PORT}",
        f"--service-cluster-ip-range={kubernetes.service_subnet}",
        f"--cluster-cidr={cluster.platform.pod_network.cidr}",
    ):
        assert argument in done.stdout, f"no component gets {argument}"
    for gate, on in kubernetes.feature_gates.items():
        assert f"{gate}={str(on).lower()}" in done.stdout
    assert f"cgroupDriver: {kubernetes.cgroup_driver}" in done.stdout
    assert f"node-ip={address}" in done.stdout
    changed = {name for name in before.keys() ^ master.snapshot().keys() if not name.startswith("etc/kubernetes/tmp")}
    assert changed <= {"etc/kubernetes"}, f"a dry run has left {changed}"
