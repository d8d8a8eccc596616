"""Two HAProxies and an address that keepalived gives to one of them: one is lost, and its devices are on the other."""

from __future__ import annotations

import os
import signal
import time
from contextlib import ExitStack
from dataclasses import replace

import pytest

from components.cluster.types import Keepalived
from components.haproxy.files import files
from tests.engines.clusters import balancers
from tests.engines.haproxy import adapted
from tests.engines.haproxy.balancer import Balancer
from tests.engines.processes import Process, until
from tests.engines.programs import installed

pytestmark = pytest.mark.parametrize("cluster", balancers(), indirect=True, scope="session")

SHARED, OTHER = "198.18.7.100", ("haproxy-2", "198.18.7.18")
# Seconds: two failed looks, each of two seconds and its timeout, then VRRP's own three.
PATIENCE = 20


@pytest.fixture
def pair(cluster, variant, tmp_path):
    """The laboratory with its HAProxy, the second one, and keepalived on both hosts."""
    installed("keepalived"), installed("curl")
    balancer = cluster.load_balancer
    (first,) = balancer.hosts
    second = replace(first, name=OTHER[0], address=OTHER[1])
    changed = replace(
        cluster,
        load_balancer=replace(balancer, hosts=(first, second), keepalived=Keepalived(SHARED, "eth0", None)),
    )
    made = files(changed)
    laboratory = variant(changed)
    laboratory.network.add_host(*OTHER)
    with ExitStack() as stack:
        folder = tmp_path / "second"
        folder.mkdir()
        host = laboratory.network.hosts[second.name]
        config = adapted.on_this_machine(made[f"{second.name}.cfg"])
        other = Balancer(host, config, balancer.stats_port, cluster.platform.haproxy, folder)
        stack.callback(other.stop)
        other.start()
        for each in (first, second):
            own = tmp_path / f"keepalived-{each.name}"
            own.mkdir()
            (own / "keepalived.conf").write_text(made[f"{each.name}.keepalived.conf"])
            words = ("--dont-fork", "--log-console", "--use-file", own / "keepalived.conf")
            pids = [f"--{name}={own / name}" for name in ("pid", "vrrp_pid", "checkers_pid")]
            command = laboratory.network.hosts[each.name].command(installed("keepalived"), *words, *pids, "--vrrp")
            process = Process(f"keepalived-{each.name}", command, own)
            stack.callback(process.stop)
            # Nobody gives the address back, so whoever is first has it.
            assert until(lambda: _has_it(laboratory, first.name), PATIENCE), "nobody has the address"
        yield laboratory


def _has_it(laboratory, name: str) -> bool:
    return SHARED in laboratory.network.addresses(name)


def test_devices_of_a_lost_load_balancer_are_on_the_other(pair, figures):
    laboratory = pair
    first = laboratory.cluster.load_balancer.hosts[0].name
    frontend = next(one for one in laboratory.device_frontends if not laboratory.secure(one))
    assert _has_it(laboratory, first) and not _has_it(laboratory, OTHER[0]), "both have the address"
    beside = laboratory.generator(OTHER[1], frontend.listen, "--prefix", "beside")
    devices = laboratory.generator(SHARED, frontend.listen, "--prefix", "shared", "--reconnect")
    try:
        assert beside.ask("ramp sessions=50")["open"] == 50
        assert devices.ask("ramp sessions=200")["open"] == 200
        for pid in (*laboratory.balancer.workers(), laboratory.balancer.master):
            os.kill(pid, signal.SIGKILL)
        began = time.monotonic()
        assert until(lambda: _has_it(laboratory, OTHER[0]), PATIENCE), "the other one does not take the address"
        assert not _has_it(laboratory, first), "both have the address"
        assert until(lambda: devices.ask("settle seconds=5")["open"] == 200, PATIENCE), "devices are not back"
        took = time.monotonic() - began
        assert devices.ask("ping")["answered"] == 200
        stayed = beside.ask("ping")
        assert (stayed["answered"], stayed["lost"]) == (50, 0), "sessions of the other load balancer ended"
        figures("a load balancer killed: its devices are back on the other after, s", took)
    finally:
        beside.stop()
        devices.stop()
