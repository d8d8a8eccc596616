"""Every class of a Kubernetes release, whether a cluster has it or not: its own kubeadm reads what it makes."""

from __future__ import annotations

import re
import subprocess

import pytest

from components.cluster import load
from components.kubeadm import configs
from components.render import yaml_documents
from scripts.engine_catalogue import Missing
from scripts.engine_catalogue import built as there
from tests.bootstrap.conftest import with_three_control_planes
from tests.conftest import CLUSTERS, ROOT
from tests.engines.bootstrap.kubeadm import accepts, joining, joining_control_plane
from tests.engines.bootstrap.supplies import kubernetes_build
from tests.engines.programs import built
from tests.inventory.targets import Fixture, renderer, write_inventory
from tests.rendered import cluster_of

_PLATFORMS = ROOT / "inventory" / "classes" / "platform"


@pytest.fixture(scope="module", params=sorted(path.stem for path in _PLATFORMS.glob("kubernetes-*.yml")))
def cluster(request, tmp_path_factory):
    """The guide's machines: on the guide's platform where that has the release, else on today's with this class."""
    release = f"platform.{request.param}"
    machines = "guide" if f"- {release}\n" in (_PLATFORMS / "guide.yml").read_text("utf-8") else "today"
    target = Fixture("dojot-100k", f"classes: [{machines}, {release}]\n")
    return load(*renderer(write_inventory(tmp_path_factory.mktemp(request.param), [target]))(target.name))


@pytest.fixture
def kubeadm(cluster):
    build = kubernetes_build(cluster)
    if cluster.platform.kubernetes.minor not in {cluster_of(name).platform.kubernetes.minor for name in CLUSTERS}:
        try:
            there("kubeadm", build)
        except Missing:
            pytest.skip(f"no cluster has this release (make engines-install ARGS={build} builds its kubeadm)")
    program = built("kubeadm", build)

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([program, *words], capture_output=True, text=True, timeout=60)

    return run


def test_it_is_of_the_classs_line(kubeadm, cluster):
    said = kubeadm("version", "--output=short").stdout.strip()
    assert said.startswith(f"v{cluster.platform.kubernetes.minor}.")


@pytest.mark.parametrize("name", ["init", "join"])
def test_kubeadm_accepts_what_the_class_makes(kubeadm, cluster, tmp_path, name):
    made = {
        "init": yaml_documents(configs.init_documents(cluster)),
        "join": joining(cluster, "abcdef.0123456789abcdef", f"sha256:{'0' * 64}"),
    }
    path = tmp_path / f"{name}.yml"
    path.write_text(made[name], "utf-8")
    accepts(kubeadm, str(path), cluster)


def test_kubeadm_accepts_what_another_control_plane_joins_with(kubeadm, cluster, tmp_path):
    three = with_three_control_planes(cluster)
    node, path = three.control_planes[-1], tmp_path / "join.yml"
    path.write_text(joining_control_plane(three, "abcdef.0123456789abcdef", f"sha256:{'0' * 64}", "ab" * 32), "utf-8")
    accepts(kubeadm, str(path), three)
    text = yaml_documents(configs.init_documents(three))
    path.write_text(text.replace("@NODE@", node.name).replace("@ADDRESS@", node.address), "utf-8")
    accepts(kubeadm, str(path), three)


def test_every_api_server_has_a_certificate_for_the_name_of_all(kubeadm, cluster, tmp_path):
    """By which nodes find it, and for the addresses of the others, by which people do."""
    three = with_three_control_planes(cluster)
    node, path = three.control_planes[1], tmp_path / "init.yml"
    text = yaml_documents(configs.init_documents(three)).replace("@NODE@", node.name).replace("@ADDRESS@", node.address)
    marked = "kind: ClusterConfiguration\n"
    path.write_text(text.replace(marked, f"{marked}certificatesDir: {tmp_path}/pki\n"), "utf-8")
    done = kubeadm("init", "phase", "certs", "all", f"--config={path}")
    (said,) = re.findall(r"apiserver serving cert is signed for DNS names \[(.*)\] and IPs \[(.*)\]", done.stdout)
    assert three.api_host in said[0].split()
    assert {one.address for one in three.control_planes} < set(said[1].split())


def test_its_pause_image_is_the_one_that_kubeadm_pulls(kubeadm, cluster, tmp_path):
    pause = cluster.platform.kubernetes.pause_version
    if pause is None:
        pytest.skip("this release's runtime brings its own")
    path = tmp_path / "init.yml"
    path.write_text(yaml_documents(configs.init_documents(cluster)), "utf-8")
    images = kubeadm("config", "images", "list", f"--config={path}").stdout.split()
    assert f"{cluster.platform.kubernetes.image_repository}/pause:{pause}" in images
