"""A cluster brought up from one desk, by `make up`, and given up by `make down`: over SSH, to hosts that let it in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.engines.bootstrap.site import COMPILED
from tests.engines.bootstrap.sshd import Keys
from tests.rehearsal import adapted, traces
from tests.rehearsal.cluster import RehearsedCluster, Stuck

ROOT = Path(__file__).resolve().parents[2]
# Seconds.
_LONGEST, _PAUSE = 3600, 2
# Steps that need nothing of Argo CD's.
_NODES = ("node", "volumes", "control-plane", "join-token", "worker", "join-done", "labels", "secrets", "load-balancer")


class Desk:
    """Whoever runs scripts/up.py and scripts/down.py, at the router of the LAN."""

    def __init__(self, made: RehearsedCluster, keys: Keys) -> None:
        self._made, self._keys = made, keys
        # As a rehearsal needs them (differences.yml), where `make up` takes those of the repository.
        self._compiled = made.site.folder / "of-the-desk"
        shutil.copytree(made.master.files / COMPILED.lstrip("/"), self._compiled)
        keys.know({name: host.address or "" for name, host in made.site.hosts.items()})

    def run(self, script: str, *options: str) -> str:
        """What it said; Stuck where it does not end with 0."""
        logs = self._made.report.logs / "desk"
        command: Sequence[object] = (
            sys.executable,
            ROOT / "scripts" / f"{script}.py",
            self._made.cluster.name,
            f"--ssh-config={self._keys.config}",
            f"--compiled={self._compiled}",
            f"--logs={logs}",
            *options,
        )
        with open(self._made.report.logs / f"{script}.log", "a+", encoding="utf-8") as said:
            said.write(f"$ {script} {' '.join(options)}\n")
            said.flush()
            began, end = said.tell(), time.monotonic() + _LONGEST
            process = subprocess.Popen(
                self._made.site.at_the_router(*command), stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT
            )
            while process.poll() is None and time.monotonic() < end:
                self._made.look()
                time.sleep(_PAUSE)
            process.kill()
            process.wait()
            said.seek(began)
            text = said.read()
        if process.returncode:
            raise Stuck(f"{script} {' '.join(options)}: exit code {process.returncode}\n{text[-2000:]}")
        return text


def bring_up(made: RehearsedCluster, keys: Keys, nodes_only: bool) -> Desk:
    """From bare hosts to a cluster that `verify` finds nothing in; `nodes_only`: without what Argo CD brings."""
    made.site.keys = keys
    made.boot()
    desk = Desk(made, keys)
    if made.cluster.backup.enabled:
        # Whoever has the machine mounts a directory of another one there.
        made.master.run("mkdir", "--parents", made.cluster.backup.folder)
    force = _too_few_processors(made)
    with made.report.stage("up, as far as an API server"):
        desk.run("up", *force, "--only=node", "--only=volumes", "--only=control-plane")
    # What differs here, and has to be there before pods are.
    made.apply(*adapted.objects(made.cluster, made.site.authority))
    only = [f"--only={step}" for step in _NODES] if nodes_only else []
    with made.report.stage("up"):
        desk.run("up", *force, *only)
    with made.report.stage("up, again"):
        said = desk.run("up", *force, *only)
        for line in said.splitlines():
            if " done in " in line:
                made.report.fail(f"up again: {line.strip()}")
    return desk


def _too_few_processors(made: RehearsedCluster) -> list[str]:
    """All hosts have those of this machine (differences.yml), and `make up` refuses those that lack some."""
    most = max((node.hardware.cpu for node in made.cluster.nodes if node.hardware), default=0)
    return ["--force"] if most > 1000 * (os.cpu_count() or 1) else []


def give_up(made: RehearsedCluster, desk: Desk) -> None:
    """From a cluster at work to hosts on which nothing of it is left, and nothing runs."""
    asked = f"--yes={made.cluster.name}"
    with made.report.stage("down, as a dry run"):
        desk.run("down", "--dry-run")
        if made.unready_nodes():
            made.report.fail("a dry run of down, and a node is not Ready")
    with made.report.stage("down"):
        desk.run("down", asked)
    for host in made.site.hosts.values():
        if found := traces.left_on(host):
            made.report.fail(f"{host.name} has left, and has still: {found}")
    with made.report.stage("down, again"):
        for line in desk.run("down", asked).splitlines():
            if " done in " in line:
                made.report.fail(f"down again: {line.strip()}")
