"""A whole cluster given up from one desk: from outside to inside, after its name, and never half of it unseen."""

from __future__ import annotations

import os
import signal

import pytest

from tests.engines.bootstrap.host import differences
from tests.engines.desk.conftest import states

FOLDER = "opt/dojot"


@pytest.fixture
def up(site):
    """A cluster that is there; one worker has data."""
    site.up()
    keeper = site.hosts[site.cluster.workers[0].name]
    keeper.run("touch", "/var/lib/stand-in/data")
    return keeper


def _yes(site) -> str:
    return f"--yes={site.cluster.name}"


def _removed(site) -> list[str]:
    """Hosts on which `remove` has begun."""
    return [name for name, host in site.hosts.items() if "remove" in host.begun()]


def _snapshots(site):
    return {name: host.snapshot() for name, host in site.hosts.items()}


def _unchanged(site, before) -> None:
    for name, host in site.hosts.items():
        assert differences(before[name], host.snapshot()) == [], name


def test_all_hosts_are_left_and_given_back(site, up):
    said = site.down(given=f"{site.cluster.name}\n")
    assert "What goes of" in said and "If so, type the name of the cluster: " in said
    assert f"{up.name}: directories of volumes stay, with all that is in them" in said
    assert "Only a backup brings them back" in said
    assert (up.files / "var/lib/stand-in/data").exists()
    for name, host in site.hosts.items():
        assert host.begun().count("remove") == 1, name
        assert not (host.files / FOLDER).exists() and not list(host.files.glob("tmp/dojot-*")), name
    again = site.down(_yes(site))
    assert states(again) == {"skipped"} and "nothing: no host has any of it left" in again
    assert not any((host.files / FOLDER).exists() for host in site.hosts.values())
    # What was given back can be taken again.
    assert "done" in states(site.up())
    for task in site.plan():
        assert site.hosts[task.host.name].begun().count(task.step.name) == 2, task.key


def test_first_the_load_balancer_last_the_control_plane(site, up):
    """Each is told when it begins and ends."""
    said = site.down(_yes(site))
    ours = said[said.rindex("steps on 8 hosts") :]
    at = {name: ours.index(f" {name} ") for name in site.hosts}
    balancer, master = site.cluster.load_balancer.hosts[0].name, site.cluster.control_plane.name
    ended = {name: ours.index(" done in ", ours.rindex(f" {name} ")) for name in site.hosts}
    for worker in site.cluster.workers:
        assert ended[balancer] < at[worker.name] < ended[worker.name] < at[master]
    assert max(at[worker.name] for worker in site.cluster.workers) < min(
        ended[worker.name] for worker in site.cluster.workers
    )


def test_data_go_when_somebody_says_so(site, up):
    said = site.down(_yes(site), "--data")
    assert f"{up.name}: remove /srv/data, with all that is in it" in said and " stay, with all" not in said
    assert not (up.files / "var/lib/stand-in/data").exists()


@pytest.mark.parametrize("given", ["dojot-lab\n", "", "yes\n"])
def test_another_name_changes_nothing(site, up, given):
    before = _snapshots(site)
    said = site.down(code=2, given=given or None)
    assert (
        f"the name of the cluster is {site.cluster.name}, not {given.strip() or 'empty'}: nothing was changed" in said
    )
    assert "another" in site.down("--yes=another", code=2)
    _unchanged(site, before)


def test_a_dry_run_changes_nothing(site, up):
    before = _snapshots(site)
    said = site.down("--dry-run", "--data")
    assert states(said) == {"would"} and f"{up.name}: remove /srv/data, with all that is in it" in said
    _unchanged(site, before)


def test_one_that_is_away_keeps_all_others_as_they_are(site, up):
    away = site.hosts[site.cluster.workers[1].name]
    away.power_off()
    try:
        said = site.down(_yes(site), code=1)
        assert f"{away.name}: {away.name} ({away.address}): " in said and "Nothing was changed." in said
        assert not _removed(site)
        others = ",".join(name for name in site.hosts if name != away.name)
        said = site.down(_yes(site), f"--hosts={others}")
        assert f"{away.name} ({away.address}) is left out, and stays as it is" in said
    finally:
        away.boot()
    assert _removed(site) == others.split(",")
    said = site.down(_yes(site), f"--hosts={away.name}")
    assert "remove" in away.begun() and not (away.files / FOLDER).exists()


def test_a_control_plane_that_is_gone_does_not_hold_back_the_last_host(site, up):
    master, last = site.hosts[site.cluster.control_plane.name], site.cluster.workers[0].name
    master.power_off()
    try:
        said = site.down(_yes(site), f"--hosts={last}")
    finally:
        master.boot()
    assert f"does not answer, so the lock is on {last}" in said and _removed(site) == [last]


def test_a_node_that_no_inventory_has_is_told_first(site, up):
    site.hosts[site.cluster.control_plane.name].run("touch", "/var/lib/stand-in/stranger")
    said = site.down(_yes(site), code=1)
    assert f"{site.cluster.control_plane.name}: the cluster has other nodes: stranger" in said
    assert "Nothing was changed." in said and not _removed(site)


def test_another_machine_and_another_clusters_are_left_alone(site, up):
    one, other = (site.hosts[node.name] for node in site.cluster.workers[:2])
    name = one.run("hostname").stdout.strip()
    one.run("hostname", other.name)
    try:
        said = site.down(_yes(site), code=1)
    finally:
        one.run("hostname", name)
    assert f"{one.name}: behind {one.address} answers {other.name}" in said and not _removed(site)
    one.run("mv", f"/{FOLDER}/{site.cluster.name}", f"/{FOLDER}/another")
    said = site.down(_yes(site), code=1)
    assert f"{one.name}: make up has brought it the files of another, and none of" in said and not _removed(site)


@pytest.mark.parametrize("at", ["load balancer", "worker", "control plane"])
def test_killed_anywhere_it_goes_on(site, up, at):
    for host in site.hosts.values():
        host.run("sh", "-c", "echo 0.5 >/var/lib/stand-in/slow")
    hosts = {
        "load balancer": site.cluster.load_balancer.hosts[0].name,
        "worker": site.cluster.workers[0].name,
        "control plane": site.cluster.control_plane.name,
    }
    process = site.start(_yes(site), script="down")
    try:
        site.when("remove", hosts[at])
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    site.down(_yes(site))
    assert sorted(_removed(site)) == sorted(site.hosts)
    assert states(site.down(_yes(site))) == {"skipped"}


def test_a_worker_that_fails_keeps_the_control_plane(site, up):
    up.run("touch", "/var/lib/stand-in/broken-remove")
    # Its dry run does not show it.
    said = site.down(_yes(site), code=1)
    assert f"failed: remove on {up.name}: it is broken: mend it" in said
    assert site.cluster.control_plane.name not in _removed(site)
    assert (up.files / FOLDER).exists(), "it has not left, and is gone on with"
    up.run("rm", "/var/lib/stand-in/broken-remove")
    said = site.down(_yes(site))
    assert sorted(_removed(site)) == sorted(site.hosts) and "skipped" in states(said)


def test_a_connection_that_is_cut_is_waited_for(site, up):
    up.run("sh", "-c", "echo 30 >/var/lib/stand-in/slow")
    process = site.start(_yes(site), script="down")
    try:
        site.when("remove", up.name)
        up.power_off()
        (up.files / "var/lib/stand-in/slow").unlink()
        up.boot()
    finally:
        said, _ = process.communicate(timeout=300)
    assert process.returncode == 0 and " held: " in said, said
    assert up.begun().count("remove") == 2 and not (up.files / FOLDER).exists()
