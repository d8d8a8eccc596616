"""The bootstrap takes a server out of a running HAProxy and back, and counts its reloads."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import replace

import pytest

from components.haproxy.files import files
from tests.engines.clusters import balancers
from tests.engines.haproxy import adapted
from tests.engines.haproxy.broker import WHO
from tests.engines.haproxy.operator import Operator
from tests.engines.mqtt.client import Unanswered
from tests.engines.processes import until
from tests.haproxy.configuration import CONFIG

pytestmark = pytest.mark.parametrize("cluster", balancers(), indirect=True, scope="session")


@pytest.fixture
def laboratory(cluster, variant):
    """One of its own, since its HAProxy is reloaded."""
    return variant(cluster)


@pytest.fixture
def operator(laboratory, tmp_path):
    return Operator(laboratory, tmp_path / "operator")


def _broker_of(device) -> str:
    device.subscribe(WHO)
    return device.receive()[1].decode()


def _gets_in(laboratory, frontend) -> bool:
    with suppress(OSError, Unanswered), laboratory.connect(frontend, "next") as device:
        return device.alive()
    return False


def _ramp(laboratory, frontend, stack: ExitStack, name: str) -> dict:
    """Two sessions a server: device -> its broker."""
    devices = (
        stack.enter_context(laboratory.connect(frontend, f"{name}-{number}"))
        for number in range(2 * len(frontend.servers))
    )
    return {device: _broker_of(device) for device in devices}


def _later(cluster, seconds: int) -> str:
    """Another configuration, as this machine can run it."""
    balancer = cluster.load_balancer
    changed = replace(cluster, load_balancer=replace(balancer, session_timeout=balancer.session_timeout + seconds))
    return adapted.on_this_machine(files(changed)[CONFIG])


def test_a_drained_broker_keeps_its_sessions_and_gets_no_new_ones(laboratory, operator, cluster):
    frontend, balancer = laboratory.device_frontends[0], laboratory.balancer
    names = sorted(server.name for server in frontend.servers)
    if len(names) == 1:
        pytest.skip("devices have one broker")
    out, before = names[0], balancer.config.read_text("utf-8")
    with ExitStack() as stack:
        devices = _ramp(laboratory, frontend, stack, "old")
        assert set(devices.values()) == set(names)
        done = operator("drain", "--server", out)
        assert done.returncode == 0, done.stdout + done.stderr
        for found in laboratory.device_frontends:
            assert f"done: drain {out} in {found.name}\n" in done.stdout
            assert balancer.drained(found.name) == {out}
        assert f"ok: {out} has 2 sessions left" in done.stdout

        def holds(name: str) -> None:
            assert all(device.alive() for device in devices), f"{name}: a session has ended"
            assert out not in _ramp(laboratory, frontend, stack, name).values(), f"{name}: {out} gets new sessions"

        holds("drained")
        assert "would: drain" not in operator("drain", "--server", out, "--dry-run").stdout
        # By whom HAProxy is reloaded does not matter.
        balancer.reload()
        assert balancer.drained(frontend.name) == {out}
        holds("reloaded")
        done = operator.takes(_later(cluster, 60))
        assert f"drained servers stay drained: {out} " in done.stdout, done.stdout + done.stderr
        assert balancer.drained(frontend.name) == {out}
        holds("with another configuration")

        # Sessions that an old process has count as well.
        done = operator("drain", "--server", out)
        assert done.returncode == 0 and f"skipped: {out} is drained in {frontend.name}\n" in done.stdout
        assert f"ok: {out} has 2 sessions left" in done.stdout
        done = operator("drain", "--server", out, "--wait")
        assert done.returncode == 1 and f"{out} still has 2 sessions after " in done.stderr, done.stderr
        for device, broker in devices.items():
            if broker == out:
                device.close()
        # HAProxy 2.0 takes its time (timeout client-fin).
        assert until(lambda: not laboratory.brokers[out].sessions(), 60)
        done = operator("drain", "--server", out, "--wait")
        assert done.returncode == 0 and f"ok: {out} has no session left\n" in done.stdout, done.stderr

        done = operator("undrain", "--server", out)
        assert done.returncode == 0 and f"ok: {out} gets new sessions\n" in done.stdout, done.stdout + done.stderr
        for found in laboratory.device_frontends:
            assert not balancer.drained(found.name)
        assert out in _ramp(laboratory, frontend, stack, "back").values()
        assert {line.partition(":")[0] for line in operator("undrain", "--server", out).stdout.splitlines()} == {
            "skipped",
            "ok",
        }
        assert balancer.config.read_text("utf-8") == _later(cluster, 60) != before
    balancer.reload()
    assert not balancer.drained(frontend.name)


def test_who_drained_it_at_the_socket_is_undone_too(laboratory, operator):
    frontend = laboratory.device_frontends[0]
    out = frontend.servers[0].name
    laboratory.balancer.tell(f"set server {frontend.name}/{out} state drain")
    assert laboratory.balancer.becomes(frontend.name, {out: "DRAIN"})
    done = operator("undrain", "--server", out)
    assert done.returncode == 0, done.stderr
    assert laboratory.balancer.becomes(frontend.name, {out: "UP"})


def test_the_last_server_and_a_second_one_are_refused_unless_forced(laboratory, operator):
    frontend, balancer = laboratory.device_frontends[0], laboratory.balancer
    first, *others = (server.name for server in frontend.servers)
    if others:
        assert operator("drain", "--server", first).returncode == 0
    second = others[0] if others else first
    before = balancer.config.read_text("utf-8")
    done = operator("drain", "--server", second)
    assert done.returncode == 1, done.stdout
    if len(others) == 1 or not others:
        assert "takes new sessions: clients would be refused. Nothing was changed; --force" in done.stderr
    else:
        assert f"{first} (drained in {frontend.name})" in done.stderr and "is out already" in done.stderr
    assert balancer.config.read_text("utf-8") == before
    assert second not in balancer.drained(frontend.name)
    assert operator("drain", "--server", second, "--force").returncode == 0
    assert second in balancer.drained(frontend.name)
    for name in others[1:]:
        assert operator("drain", "--server", name, "--force").returncode == 0
    assert not _gets_in(laboratory, frontend)
    assert operator("undrain", "--server", first).returncode == 0
    assert until(lambda: _gets_in(laboratory, frontend), 15)


def test_verify_tells_of_a_drained_server(laboratory, operator):
    frontend = laboratory.device_frontends[0]
    out = frontend.servers[0].name
    assert f"ok: server {out} gets new sessions\n" in operator("verify").stdout
    operator("drain", "--server", out, "--force")
    done = operator("verify")
    assert done.returncode == 1
    assert f"failed: server {out} gets new sessions: drained in {frontend.name}" in done.stdout
    assert f"bootstrap.sh undrain --server {out}\n" in done.stdout


def test_a_reload_that_would_drop_sessions_is_refused_unless_forced(laboratory, operator, cluster):
    """HAProxy itself ends the oldest process, as the refusal says."""
    frontend, balancer = laboratory.device_frontends[0], laboratory.balancer
    allowed = cluster.load_balancer.max_reloads
    with ExitStack() as stack:
        held = []
        for number in range(allowed):
            held.append(_ramp(laboratory, frontend, stack, f"before-{number}"))
            done = operator.takes(_later(cluster, 60 * (number + 1)))
            assert done.returncode == 0 and "done: reload haproxy\n" in done.stdout, done.stdout + done.stderr
        held.append(_ramp(laboratory, frontend, stack, "last"))
        assert len(balancer.workers()) == allowed + 1
        assert all(device.alive() for devices in held for device in devices), "an allowed reload has ended a session"

        before = balancer.config.read_text("utf-8")
        done = operator.takes(_later(cluster, 6000))
        assert done.returncode == 1, done.stdout
        assert (
            f"{allowed} old processes of haproxy still hold sessions" in done.stderr
            and f"drop its {len(held[0])} sessions" in done.stderr
            and "Nothing was changed; --force" in done.stderr
        ), done.stderr
        assert balancer.config.read_text("utf-8") == before and len(balancer.workers()) == allowed + 1
        assert all(device.alive() for devices in held for device in devices)
        # The same configuration needs no reload.
        assert operator.takes(before).returncode == 0

        done = operator.takes(_later(cluster, 6000), force=True)
        assert done.returncode == 0 and "done: reload haproxy\n" in done.stdout, done.stdout + done.stderr
        assert all(device.ends_within(15) is not None for device in held[0]), "HAProxy has not ended the oldest"
        assert all(device.alive() for devices in held[1:] for device in devices)


def test_what_haproxy_cannot_start_with_goes_back(laboratory, cluster, tmp_path):
    """`haproxy -c` binds no address; and HAProxy counts a reload that has failed."""
    operator = Operator(laboratory, tmp_path / "operator", values={"HAPROXY_RELOADED": 3})
    frontend, balancer = laboratory.device_frontends[0], laboratory.balancer
    before, worker = balancer.config.read_text("utf-8"), balancer.worker
    with laboratory.connect(frontend, "one") as device:
        elsewhere = _later(cluster, 60).replace(f"bind :{frontend.listen}\n", f"bind 203.0.113.9:{frontend.listen}\n")
        for number in range(cluster.load_balancer.max_reloads + 1):
            done = operator.takes(elsewhere)
            assert done.returncode == 1 and "done: reload haproxy" not in done.stdout, done.stdout + done.stderr
            full = number == cluster.load_balancer.max_reloads
            said = f"and {number} reloads since then have failed" if full else "HAProxy could not start with it"
            assert said in done.stderr, done.stderr
            assert (balancer.config.read_text("utf-8"), balancer.worker) == (before, worker)
        assert device.alive()
