"""What `upgrade` does to its own node, with a kubelet's rights alone, on the release's API server."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from components.kubeadm import script
from scripts.engine_catalogue import built
from tests.compiled.scheduler import HOST
from tests.engines.kubernetes.control_plane import ControlPlane
from tests.engines.kubernetes.nodes import nodes
from tests.engines.processes import until
from tests.engines.programs import control_plane
from tests.platforms import each_platform

pytestmark = each_platform

MAIN = 'main "$@"\n'


@pytest.fixture(scope="module")
def plane(cluster, tmp_path_factory):
    kubernetes = cluster.platform.kubernetes
    folder = tmp_path_factory.mktemp("own-node")
    with (
        ControlPlane(control_plane(kubernetes.minor), folder / "plane", feature_gates=kubernetes.feature_gates) as made,
        nodes(made, cluster),
    ):
        yield made


@pytest.fixture
def run(plane, cluster, tmp_path):
    """Functions of the compiled script, on the first worker: they find its kubelet's kubeconfig and nothing else."""
    node = cluster.workers[0].name
    config = plane.authority.kubeconfig(f"kubelet-{node}", plane.url, f"system:node:{node}", "system:nodes")
    text = script.script(cluster)
    for old, new in {
        "readonly KUBELET_CONF=/etc/kubernetes/kubelet.conf": f"readonly KUBELET_CONF={config}",
        "readonly OWED_FOLDER=/etc/dojot/owed": f"readonly OWED_FOLDER={tmp_path / 'owed'}",
        "readonly DRAIN_MOST=900 DRAIN_LOOK=5 DRAIN_TELL=60": "readonly DRAIN_MOST=10 DRAIN_LOOK=1 DRAIN_TELL=2",
    }.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    (tmp_path / "kubectl").symlink_to(built("kubectl", plane.build))

    def run(words: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "run.sh").write_text(text.replace(MAIN, f"SELF=([name]={node} [role]=worker)\n{words}\n"))
        return subprocess.run(
            ["bash", str(tmp_path / "run.sh")],
            capture_output=True,
            text=True,
            timeout=120,
            env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path)},
        )

    return run


def _workload(kind: str, name: str, node: str) -> dict:
    """A pod that has to be on this node."""
    labels = {"app": name}
    pod = {
        "nodeSelector": {HOST: node},
        "containers": [{"name": "one", "image": "registry.example/one:1"}],
        "terminationGracePeriodSeconds": 0,
    }
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def _apply(plane: ControlPlane, *objects: dict) -> None:
    plane.kubectl("apply", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}))


def _uids(plane: ControlPlane, name: str) -> set[str]:
    """Of those that run."""
    found = json.loads(plane.kubectl("get", "pods", f"--selector=app={name}", "--output=json").stdout)["items"]
    return {one["metadata"]["uid"] for one in found if one["status"].get("phase") == "Running"}


def _budget(cluster, name: str, spec: dict) -> dict:
    return {
        "apiVersion": cluster.platform.kubernetes.api_versions["PodDisruptionBudget"],
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {**spec, "selector": {"matchLabels": {"app": name}}},
    }


def test_a_node_cordons_empties_and_uncordons_itself(plane, cluster, run):
    """Pods of other nodes, of a DaemonSet and those that are done stay."""
    node, other = (one.name for one in cluster.workers[:2])
    assert run("own_kubelet").stdout == cluster.platform.kubernetes.version
    pods = [("Deployment", "goes", node), ("DaemonSet", "everywhere", node), ("Deployment", "elsewhere", other)]
    _apply(plane, *(_workload(*one) for one in pods), _budget(cluster, "goes", {"maxUnavailable": 1}))
    plane.kubectl("create", "job", "ended", "--image=registry.example/one:1")
    plane.kubectl("wait", "job/ended", "--for=condition=Complete", "--timeout=60s")
    assert until(lambda: all(_uids(plane, name) for _, name, _ in pods), 30)
    before = {name: _uids(plane, name) for _, name, _ in pods}

    assert run("need_owned_pods").returncode == 0
    done = run("cordon_node && evict_pods")
    assert done.returncode == 0 and "evicted: default/goes-" in done.stdout, done.stdout + done.stderr
    assert _node(plane, node)["unschedulable"] is True and not _uids(plane, "goes")
    done = run("uncordon_node")
    assert done.stdout == f"done: uncordon {node}\n", done.stderr
    assert "unschedulable" not in _node(plane, node)
    assert until(lambda: _uids(plane, "goes"), 30) and not _uids(plane, "goes") & before["goes"]
    for name in ("everywhere", "elsewhere"):
        assert _uids(plane, name) == before[name], name


def _node(plane: ControlPlane, name: str) -> dict:
    return json.loads(plane.kubectl("get", "node", name, "--output=json").stdout)["spec"]


def test_a_pod_that_nobody_makes_again_is_named(plane, cluster, run):
    alone = {"nodeName": cluster.workers[0].name, "containers": [{"name": "one", "image": "registry.example/one:1"}]}
    _apply(
        plane, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "alone", "namespace": "default"}, "spec": alone}
    )
    done = run("need_owned_pods")
    plane.kubectl("delete", "pod", "alone", "--grace-period=0")
    assert done.returncode == 1 and "once this node is drained: default/alone." in done.stderr


def test_a_budget_that_allows_nothing_is_the_reason_that_is_told(plane, cluster, run):
    _apply(
        plane,
        _workload("Deployment", "single", cluster.workers[0].name),
        _budget(cluster, "single", {"minAvailable": 1}),
    )
    assert until(lambda: len(_uids(plane, "single")) == 1, 30)
    before = _uids(plane, "single")
    done = run("evict_pods")
    assert done.returncode == 1 and "Last refusal: default/single-" in done.stderr, done.stderr
    assert "disruption budget" in done.stderr and _uids(plane, "single") == before
    plane.kubectl("delete", "deployment,poddisruptionbudget", "single")


def test_a_node_sees_no_other(plane, cluster, run):
    """Which is why a worker does not ask how they are, unless it is given more rights. Older releases let it look."""
    done = run("need_other_nodes v0.0.0")
    assert done.returncode == 0 and "this one may not see them" in done.stdout
    seen = run("node_kube get nodes --output=name")
    assert (seen.returncode == 0) == (cluster.platform.kubernetes.minor == "1.17"), seen.stderr
    # With the administrator's they are asked, each by name; a template that the release cannot read would end it.
    done = run(f"set_option kubeconfig {Path(plane.kubeconfig)}; need_other_nodes $KUBERNETES_VERSION")
    assert done.returncode == 0 and done.stderr == "", done.stderr
    cordoned = cluster.control_plane.name
    plane.kubectl("cordon", cordoned)
    done = run(f"set_option kubeconfig {Path(plane.kubeconfig)}; need_other_nodes $KUBERNETES_VERSION")
    plane.kubectl("uncordon", cordoned)
    assert done.returncode == 1 and f"node {cordoned} is cordoned" in done.stderr
