"""Certificates of the control plane are renewed, by the step certificates (bootstrap/README.md, "Once a year")."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from tests.bootstrap.conftest import states
from tests.rehearsal.cluster import QUIET, RehearsedCluster
from tests.rehearsal.crowd import crowd, size

STEP = "certificates"
# Days: more than any of them has left.
_ALL = "--within=400"
_LOOK = "for path in /etc/kubernetes/pki/*.crt /etc/kubernetes/pki/etcd/*.crt; do echo $path $(sha256sum <$path); done"


def certificates_are_renewed(made: RehearsedCluster) -> None:
    """Devices and pods of workers do not notice; who talks to the API server goes on, and Secrets are as before."""
    if not states(said := made.step(made.master, STEP)) <= QUIET:
        made.report.fail(f"certificates are of today, and {STEP} says: {said}")
    before, secrets, pods = _files(made), made.secrets(), made.on_workers()
    moment = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    with crowd(made) as devices:
        made.step(made.master, STEP, _ALL)
        said = devices.ask("ping")
        if said["lost"] or said["answered"] < size(made):
            made.report.fail(
                f"certificates were renewed, and of {size(made)} sessions {said['answered']} are answered, "
                f"{said['lost']} had ended"
            )
    after = _files(made)
    kept = {path for path in before if before[path] == after.get(path)}
    authorities = {path for path in before if re.search(r"ca\.crt$", path)}
    if kept != authorities or before.keys() != after.keys():
        made.report.fail(f"certificates were renewed, and those of before are: {', '.join(sorted(kept))}")
    for pod in made.get("pods", "--namespace=kube-system", "--selector=tier=control-plane"):
        for one in pod["status"]["containerStatuses"]:
            started = one["state"].get("running", {}).get("startedAt", "")
            if started <= moment:
                made.report.fail(f"certificates were renewed, and {one['name']} runs since {started or 'never'}")
    if made.secrets() != secrets:
        made.report.fail("certificates were renewed, and Secrets are not those of before")
    if lost := sorted(name for name, one in pods.items() if made.on_workers().get(name) != one):
        made.report.fail(f"certificates were renewed, and pods were made or started anew: {', '.join(lost)}")
    copy = made.master.run("sha256sum", "/root/.kube/config", "/etc/kubernetes/admin.conf").stdout.split()
    if copy[0] != copy[2]:
        made.report.fail("certificates were renewed, and the administrator's kubeconfig is the one of before")
    if not states(said := made.step(made.master, STEP)) <= QUIET:
        made.report.fail(f"{STEP} again: {said}")


def _files(made: RehearsedCluster) -> dict[str, str]:
    """Path -> digest."""
    lines = made.master.run("sh", "-c", _LOOK).stdout.splitlines()
    return {line.split()[0]: line.split()[1] for line in lines}


RUNBOOKS = (certificates_are_renewed,)
