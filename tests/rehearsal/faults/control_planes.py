"""One of several control planes is away, or has lost its disk: the others go on, and it joins them again."""

from __future__ import annotations

import time

from tests.rehearsal.cluster import RehearsedCluster
from tests.rehearsal.faults.hosts import without_power
from tests.rehearsal.faults.losses import lose_its_disk
from tests.rehearsal.hosts import NodeHost

# Seconds: until another API server takes a change, how long the others are watched, until the lost one is back.
_TAKEN, _WATCHED, _BACK = 60, 120, 300


def each_control_plane_is_off_once(made: RehearsedCluster) -> None:
    """The API goes on, and every other node stays Ready."""
    for host in _each(made):
        with without_power(host):
            _goes_on_without(made, host)
        _are_whole(made)


def each_control_plane_loses_its_disk(made: RehearsedCluster) -> None:
    """By docs/availability.md: the first one, too, joins again, and Secrets are those of before."""
    secrets = made.secrets()
    for host in _each(made):
        lose_its_disk(host)
        member = next(other for other in _each(made) if other != host)
        for step in ("node", "volumes"):
            made.step(host, step)
        made.step(member, "join-key", f"--lost={host.name}", f"--yes={made.cluster.name}")
        made.join(member, host)
        made.step(member, "join-done")
        _are_whole(made)
    if made.secrets() != secrets:
        made.report.fail("control planes have joined again, and Secrets are not those of before")


def _goes_on_without(made: RehearsedCluster, lost: NodeHost) -> None:
    began = time.monotonic()
    made.wait(lambda: _takes_a_change(made), "no API server takes a change", lambda: [lost.name], _TAKEN)
    made.report.figure(f"{lost.name} is off", f"a change is taken after {time.monotonic() - began:.0f} s")
    unready: set[str] = set()
    while time.monotonic() < began + _WATCHED:
        unready |= set(made.unready_nodes()) - {lost.name}
        time.sleep(2)
    if lost.name not in made.unready_nodes():
        made.report.fail(f"{lost.name} has no power, and after {_WATCHED} s its node counts as Ready")
    if unready:
        made.report.fail(f"{lost.name} was off, and these nodes were not Ready meanwhile: {sorted(unready)}")
    found = _wrong(made)
    if len(found) != 2 or not all(f" on {lost.name} " in line for line in found):
        made.report.fail(f"{lost.name} is off, and verify says of control planes: {found or 'nothing'}")


def _are_whole(made: RehearsedCluster) -> None:
    # One that starts forbids everything for a moment, until it has read who may what.
    made.wait(made.answers, "the API server does not answer", lambda: [made.master.name], _BACK)
    made.wait(lambda: not made.unready_nodes(), "a node is not Ready", made.unready_nodes, _BACK)
    made.wait(lambda: not _wrong(made), "of the control planes", lambda: _wrong(made), _BACK)


def _each(made: RehearsedCluster) -> list[NodeHost]:
    """None where there is only one."""
    return [made.master, *made.other_masters] if made.other_masters else []


def _takes_a_change(made: RehearsedCluster) -> bool:
    change = ("annotate", "namespace", "kube-system", f"rehearsed={time.time()}", "--overwrite")
    return "annotated" in made.kubectl(*change, "--request-timeout=5s", check=False)


def _wrong(made: RehearsedCluster) -> list[str]:
    """What the step verify has to say of control planes."""
    host = next(one for one in _each(made) if one.has_power)
    lines = host.step("verify", timeout=300).stdout.splitlines()
    about = ("failed: the API server on ", "failed: etcd's member on ")
    return [line.removeprefix("failed: ") for line in lines if line.startswith(about)]


FAULTS = (each_control_plane_is_off_once, each_control_plane_loses_its_disk)
