"""A look at eight hosts over real SSH: what one has, none has, and who is away."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time

import pytest

from tests.engines.bootstrap.host import differences

# No API server answers here, and no HAProxy.
_HOSTS = "--only=hosts,inside"


@pytest.fixture(autouse=True)
def _as_new():
    """What is brought up stays so from one test to the next."""


@pytest.fixture(scope="module", autouse=True)
def _brought_up(site):
    site.forget()
    site.up()
    # Of no bring-up.
    site.hosts[site.cluster.control_plane.name].run("touch", "/var/lib/stand-in/certificates")
    yield
    site.forget()


def _json(site, *options, code=0):
    said = site.verify(_HOSTS, "--format=json", *options, code=code)
    return json.loads(said[said.index("{") :])


def test_a_cluster_as_it_should_be_gives_nothing_and_is_left_as_it_is(site):
    before = {name: host.snapshot() for name, host in site.hosts.items()}
    said = site.verify(_HOSTS)
    assert f"nothing found: {site.cluster.name} is as unknown says" in said, said
    for name, host in site.hosts.items():
        # The stand-in notes that it was asked.
        assert set(differences(before[name], host.snapshot())) <= {"var/lib/stand-in/begun"}, name
        assert _lent(host) == "", name


def test_a_step_that_would_change_something_is_named_with_its_host(site):
    host = site.hosts[site.cluster.workers[0].name]
    host.run("rm", "/var/lib/stand-in/volumes")
    try:
        (found,) = _json(site, code=1)["findings"]
    finally:
        host.run("touch", "/var/lib/stand-in/volumes")
    assert (found["where"], found["source"]) == (host.name, "hosts")
    assert f"--hosts {host.name} --only volumes" in found["do"]


def test_a_host_that_is_away_is_a_finding_and_the_others_are_looked_at(site):
    away, other = (site.hosts[node.name] for node in site.cluster.workers[:2])
    other.run("rm", "/var/lib/stand-in/node")
    away.power_off()
    try:
        found = _json(site, code=1)["findings"]
    finally:
        away.boot()
        other.run("touch", "/var/lib/stand-in/node")
    assert {(each["where"], each["what"]) for each in found} == {(away.name, "SSH"), (other.name, "node")}


def test_hosts_can_be_chosen(site):
    one, other = (site.hosts[node.name] for node in site.cluster.workers[:2])
    one.run("rm", "/var/lib/stand-in/node")
    try:
        assert not _json(site, f"--hosts={other.name}")["findings"]
        assert len(_json(site, f"--hosts={one.name}", code=1)["findings"]) == 1
    finally:
        one.run("touch", "/var/lib/stand-in/node")


def test_who_cannot_ask_the_api_server_says_so(site):
    said = site.verify("--only=objects,places", code=1)
    assert "the look at objects: " in said and "Traceback" not in said, said


def test_it_looks_again_until_it_is_interrupted(site, tmp_path):
    host = site.hosts[site.cluster.workers[0].name]
    metrics = tmp_path / "verify.prom"
    command = site.command(_HOSTS, "--watch=1", f"--metrics={metrics}", f"--hosts={host.name}", script="verify")
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        _until(lambda: metrics.exists() and "dojot_drift{" not in metrics.read_text())
        host.run("rm", "/var/lib/stand-in/node")
        _until(lambda: 'source="hosts",thing="node"} 1' in metrics.read_text())
        host.run("touch", "/var/lib/stand-in/node")
        _until(lambda: "dojot_drift{" not in metrics.read_text())
        os.killpg(process.pid, signal.SIGINT)
    finally:
        host.run("touch", "/var/lib/stand-in/node")
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 0 and "Traceback" not in said, said
    assert f" new: {host.name}: node: " in said and f" gone: {host.name}: node: " in said
    assert _lent(host) == ""


def _lent(host):
    return host.run("sh", "-c", "ls -d /tmp/dojot-* 2>/dev/null || true").stdout


def _until(wanted):
    end = time.monotonic() + 60
    while not wanted():
        assert time.monotonic() < end
        time.sleep(0.2)
