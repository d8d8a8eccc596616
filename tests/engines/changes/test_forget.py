"""Two machines are lost for good and others named in their place: the step forget, on real API servers and controllers.

`dojot` has volumes of sets and of Deployments, whose claims Argo CD brings; `verne-3` has a broker's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bootstrap.conftest import Sandbox, new_sandbox, states
from tests.changes.compiled import CLUSTERS, objects, tree
from tests.compiled.tree import Object, Tree
from tests.engines.changes.trial import apply
from tests.engines.kubernetes import sync
from tests.engines.kubernetes.conftest import Running, options_of
from tests.engines.kubernetes.control_plane import ControlPlane
from tests.engines.kubernetes.nodes import add, lose, nodes
from tests.engines.programs import built, control_plane

LOST = {"dojot": "dojot-b", "verne-3": "verne-33"}
_HEALTHY = ("Deployment", "PersistentVolumeClaim", "StatefulSet")
# The real one. $STATE/kill has words of a command at which the run is killed.
_KUBECTL = """
[[ ! -s $STATE/kill || " $* " != *" $(cat "$STATE/kill") "* ]] || {{ kill -KILL "$PPID"; exit; }}
exec {program} "$@"
"""


@pytest.fixture(scope="module", params=CLUSTERS)
def running(request, tmp_path_factory) -> Iterator[Running]:
    """The cluster before, of this file alone."""
    found = tree(request.param)
    kubernetes = found.cluster.platform.kubernetes
    with (
        ControlPlane(
            control_plane(kubernetes.minor),
            tmp_path_factory.mktemp(request.param) / "plane",
            service_subnet=kubernetes.service_subnet,
            feature_gates=kubernetes.feature_gates,
        ) as plane,
        nodes(plane, found.cluster),
    ):
        options = options_of(found)
        yield Running(found, plane, options, sync.sync(plane, found, *options))


def test_machines_are_forgotten_and_others_have_their_volumes(running, request, tmp_path):
    name, plane = request.node.callspec.params["running"], running.plane
    after = tree(name, _edit(running.tree))
    assert not running.complaints
    claims = _uids(running)
    box = _box(tmp_path, running, after)
    old = _box(tmp_path / "old", running, running.tree)
    for lost in LOST:
        lose(plane, lost)
    done = _forget(old, "dojot")
    assert done.returncode == 1 and "the inventory of dojot-100k has dojot: take it out there" in done.stderr
    done = _forget(box, "kafka-9")
    assert done.returncode == 0 and done.stdout.startswith("skipped: nothing in the cluster is of kafka-9"), done.stderr

    add(plane, after.cluster, list(LOST.values()))
    done = _forget(box, "dojot")
    assert done.returncode == 1 and "does not have these PersistentVolumes of the inventory yet: " in done.stderr
    _merge(running, after)
    assert claims == _uids(running), "the merge alone makes no claim anew"

    for at in ("delete node", "delete pod", "delete persistentvolume"):
        (box.state / "kill").write_text(at)
        done = _forget(box, "dojot")
        assert done.returncode < 0, f"{at}: {done.stdout}{done.stderr}"
    (box.state / "kill").write_text("")
    for lost in LOST:
        done = _forget(box, lost)
        assert done.returncode == 0 and states(done.stdout) <= {"done", "ok"}, done.stdout + done.stderr
    # Argo CD's next look.
    _merge(running, after)
    sync.await_health(plane, [one for one in objects(after).values() if one["kind"] in _HEALTHY], "what was lost")

    wanted = {disk.persistent_volume for _, _, disk in after.cluster.disks}
    volumes = {one["metadata"]["name"]: one["status"]["phase"] for one in _all(running, "persistentvolumes")}
    assert volumes == dict.fromkeys(wanted, "Bound")
    assert {one["metadata"]["name"] for one in _all(running, "nodes")} == {node.name for node in after.cluster.nodes}
    where = {pod["spec"].get("nodeName") for pod in _all(running, "pods", "--all-namespaces")}
    assert where <= {node.name for node in after.cluster.nodes}
    kept = {f"{s.namespace}/{d.claim}" for s, _, d in running.tree.cluster.disks if d.node.name not in LOST}
    assert {key: uid for key, uid in _uids(running).items() if claims[key] == uid} == {key: claims[key] for key in kept}
    for lost in LOST:
        assert _forget(box, lost).stdout.startswith(f"skipped: nothing in the cluster is of {lost}; its nodes are: ")


def _edit(before: Tree) -> dict[str, object]:
    """Others of the same groups, at new addresses and at the same places of the list."""
    edit: dict[str, object] = {}
    for number, node in enumerate(before.cluster.nodes):
        if new := LOST.get(node.name):
            edit[f"cluster.nodes.{node.name}"] = None
            edit[f"cluster.nodes.{new}"] = {"address": f"192.168.0.{100 + number}", "group": node.group}
    return edit


def _box(folder: Path, running: Running, found: Tree) -> Sandbox:
    """Where the compiled script finds this cluster."""
    box = new_sandbox(folder / "box", found.files["bootstrap/bootstrap.sh"])
    box.fake("kubectl", _KUBECTL.format(program=built("kubectl", running.plane.build)))
    (box.folder / "kubeconfig").symlink_to(running.plane.kubeconfig)
    return box


def _forget(box: Sandbox, name: str):
    return box.run("forget", f"--gone={name}", "--yes=dojot-100k", f"--kubeconfig={box.folder / 'kubeconfig'}")


def _merge(running: Running, after: Tree) -> None:
    """All that Argo CD brings; a warning is no failure."""
    found = [one for one in objects(after).values() if one["kind"] != "Job"]
    said = apply(running, found)
    assert not [line for line in said if not line.startswith("Warning: ")]


def _all(running: Running, kind: str, *words: str) -> list[Object]:
    return json.loads(running.plane.kubectl("get", kind, *words, "--output=json").stdout)["items"]


def _uids(running: Running) -> dict[str, str]:
    """Claim -> which one of its name it is."""
    return {
        f"{one['metadata']['namespace']}/{one['metadata']['name']}": one["metadata"]["uid"]
        for one in _all(running, "persistentvolumeclaims", "--all-namespaces")
    }
