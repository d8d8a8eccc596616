"""The next release of Kubernetes, by the step upgrade, node by node (bootstrap/README.md, "A newer Kubernetes")."""

from __future__ import annotations

import time

from components.cluster.databases import databases
from scripts.engine_catalogue import builds, cache_folder
from tests.bootstrap.conftest import states
from tests.rehearsal import page
from tests.rehearsal.cluster import QUIET, RehearsedCluster
from tests.rehearsal.crowd import all_back, crowd, size
from tests.rehearsal.hosts import NodeHost
from tests.rehearsal.images import nodes
from tests.rehearsal.packages import REAL
from tests.rendered import ROOT

STEP = "upgrade"
_BACKUPS = "/srv/backup"
_BACK = 600


def an_upgrade_of_kubernetes(made: RehearsedCluster) -> None:
    """Devices do not notice that of the control plane; on a worker, its brokers' devices go to others or wait."""
    old = made.cluster.platform.kubernetes
    minor = f"1.{int(old.minor.partition('.')[2]) + 1}"
    release = f"kubernetes-{minor.replace('.', '-')}"
    programs = [one for one in builds().values() if one.minor == minor and {"kubeadm", "kubelet"} & one.programs.keys()]
    if not (ROOT / "inventory" / "classes" / "platform" / f"{release}.yml").is_file():
        made.report.figure("upgrade", f"not here: the inventory has no release behind {old.minor}")
        return
    if lacking := [one.name for one in programs if not one.complete()]:
        made.report.figure("upgrade", f"not here: make engines-install ARGS='{' '.join(lacking)}'")
        return
    # Without volumes, databases begin with nothing once their node is drained.
    backup = "" if made.cluster.disks else _backup(made)
    with made.report.stage("the next release is offered"):
        steps = page.edit(made, {}, [f"platform.{release}"])
        new = made.cluster.platform.kubernetes
        images = nodes.layouts(
            made.cluster, cache_folder() / "images", made.site.compiled / "bootstrap" / "pod-network.yml"
        )
        made.site.offer(made.cluster, REAL, images)
    named = {step.step: set(step.hosts) for step in steps}
    if named.get(STEP) != {node.name for node in made.cluster.nodes}:
        made.report.fail(f"{old.version} becomes {new.version}, and a review names {named}")
    _too_early(made)
    with crowd(made) as devices:
        _timed(made, made.master)
        said = devices.ask("ping")
        if said["lost"] or said["answered"] < size(made):
            made.report.fail(
                f"the control plane was upgraded, and of {size(made)} sessions {said['answered']} are answered, "
                f"{said['lost']} had ended"
            )
        page.merge(made, f"Kubernetes {new.version}")
        for worker in made.workers:
            _timed(made, worker)
            made.wait(lambda: not made.unready_nodes(), "nodes are not Ready", made.unready_nodes, _BACK)
        if backup:
            _restore(made, backup)
        made.recovered()
        all_back(made, devices, "all nodes were upgraded", _BACK)
    versions = {node["status"]["nodeInfo"]["kubeletVersion"] for node in made.get("nodes")}
    if versions != {new.version}:
        made.report.fail(f"kubelets are of {', '.join(sorted(versions))}, not all of {new.version}")
    for host in (made.master, *made.workers):
        if not states(said := made.step(host, STEP)) <= QUIET:
            made.report.fail(f"{STEP} on {host.name} again: {said}")


def _too_early(made: RehearsedCluster) -> None:
    """A worker before the control plane."""
    done = made.workers[0].step(STEP)
    if done.returncode != 1 or f"First, on {made.master.name}: bootstrap.sh {STEP}" not in done.stderr:
        made.report.fail(f"a worker is upgraded before the control plane: {done.stdout}{done.stderr}")


def _timed(made: RehearsedCluster, host: NodeHost) -> None:
    began = time.monotonic()
    made.step(host, STEP)
    made.report.figure(f"{STEP} of {host.name}", f"{time.monotonic() - began:.0f} s")


def _backup(made: RehearsedCluster) -> str:
    made.master.run("mkdir", "-p", _BACKUPS)
    made.step(made.master, "backup", f"--to={_BACKUPS}")
    return f"{_BACKUPS}/{sorted(made.master.run('ls', _BACKUPS).stdout.split())[-1]}"


def _restore(made: RehearsedCluster, backup: str) -> None:
    """Each database, into a server that has begun anew."""
    for service, _ in databases(made.cluster.services):
        rollout = ("rollout", "status", f"--namespace={service.namespace}", f"{service.kind.lower()}/{service.name}")
        made.kubectl(*rollout, f"--timeout={_BACK}s", timeout=_BACK + 30)
        words = ("restore", f"--from={backup}", f"--database={service.name}", f"--yes={made.cluster.name}")
        made.step(made.master, *words)


RUNBOOKS = (an_upgrade_of_kubernetes,)
