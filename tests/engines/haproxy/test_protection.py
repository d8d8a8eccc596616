"""What protects brokers: a frozen one is found out, a full one gets no more, a storm is braked."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import replace

import pytest

from tests.engines.clusters import balancers
from tests.engines.haproxy.broker import WHO
from tests.engines.mqtt.client import Unanswered
from tests.engines.processes import until

pytestmark = pytest.mark.parametrize("cluster", balancers(), indirect=True, scope="session")

PATIENCE = 2  # seconds that a check waits for its answer here, in place of the compiled ones
SLACK = 5  # seconds that this machine may take longer
EACH = 5  # sessions that a broker may have
RATE = 20  # new sessions a second


def _changed(cluster, *, check_timeout=None, **frontend):
    """The cluster with another answer time, and with other values for its listeners with devices."""
    balancer = cluster.load_balancer
    listeners = tuple(replace(one, **frontend) if one.devices else one for one in balancer.frontends)
    return replace(
        cluster,
        load_balancer=replace(balancer, frontends=listeners, check_timeout=check_timeout or balancer.check_timeout),
    )


def _broker_of(device) -> str:
    device.subscribe(WHO)
    return device.receive()[1].decode()


def _gets_in(laboratory, frontend) -> bool:
    with suppress(OSError, Unanswered), laboratory.connect(frontend, "next") as device:
        return device.alive()
    return False


def _lost_one(laboratory) -> str:
    return sorted(laboratory.brokers)[0]


def test_a_frozen_broker_is_found_out(cluster, variant, figures):
    """Its kernel goes on accepting connections; HAProxy asks for an answer, over TLS too."""
    laboratory = variant(_changed(cluster, check_timeout=PATIENCE))
    lost, balancer = _lost_one(laboratory), laboratory.balancer
    broker, longest = laboratory.brokers[lost], 3 * (PATIENCE + cluster.load_balancer.check_interval)
    with ExitStack() as stack:
        devices: dict[str, list] = {}
        for frontend in laboratory.device_frontends:
            for number in range(2 * len(frontend.servers)):
                device = stack.enter_context(laboratory.connect(frontend, f"{frontend.name}-{number}"))
                devices.setdefault(_broker_of(device), []).append(device)
        os.kill(broker.pid, signal.SIGSTOP)
        began = time.monotonic()
        try:
            for frontend in laboratory.device_frontends:
                down = balancer.becomes(frontend.name, {lost: "DOWN"}, longest + SLACK)
                assert down, f"{frontend.name}: {lost} is frozen, and HAProxy takes it for living"
            figures("a frozen broker is out after, s", time.monotonic() - began)
            assert all(device.ends_within(SLACK) is not None for device in devices[lost]), "its sessions hang"
            others = [device for name, held in devices.items() if name != lost for device in held]
            assert others == [] or all(device.alive() for device in others), "a session of another broker ended"
            for frontend in laboratory.device_frontends:
                for number in range(4 if others else 0):
                    with laboratory.connect(frontend, f"again-{number}") as device:
                        assert _broker_of(device) != lost
        finally:
            os.kill(broker.pid, signal.SIGCONT)
        for frontend in laboratory.device_frontends:
            assert balancer.becomes(frontend.name, {lost: "UP"}), (
                f"{frontend.name}: {lost} lives again, and is not used"
            )


def test_a_connection_alone_would_not_find_it_out(cluster, variant):
    """What the test above can find."""
    laboratory = variant(_changed(cluster, check_timeout=PATIENCE, check="tcp"))
    lost = _lost_one(laboratory)
    os.kill(laboratory.brokers[lost].pid, signal.SIGSTOP)
    try:
        for frontend in laboratory.device_frontends:
            assert not laboratory.balancer.becomes(
                frontend.name, {lost: "DOWN"}, 3 * cluster.load_balancer.check_interval + 2
            )
    finally:
        os.kill(laboratory.brokers[lost].pid, signal.SIGCONT)


def test_checks_leave_no_session(laboratory):
    """Every check is refused before it becomes one: nothing of it is with the broker a moment later."""
    time.sleep(2 * laboratory.cluster.load_balancer.check_interval)
    for broker in laboratory.brokers.values():
        assert broker.sessions() == [], f"{broker.host.name}: checks hold connections open"
        # One of them may be under way.
        assert until(lambda broker=broker: broker.clients() == 0, 10), f"{broker.host.name}: checks are sessions"


def test_full_brokers_refuse_and_live(cluster, variant):
    """One broker lost: the others take what they hold, and whoever finds no room is refused in time."""
    laboratory = variant(_changed(cluster, server_maxconn=EACH))
    frontend = laboratory.device_frontends[0]
    names = sorted(server.name for server in frontend.servers)
    lost, room = names[0], EACH * max(1, len(names) - 1)
    if len(names) > 1:
        laboratory.brokers[lost].kill()
        for found in laboratory.device_frontends:
            assert laboratory.balancer.becomes(found.name, {lost: "DOWN"})
    with ExitStack() as stack:
        devices = [stack.enter_context(laboratory.connect(frontend, f"in-{number}")) for number in range(room)]
        for number in range(3):
            began = time.monotonic()
            with pytest.raises((OSError, Unanswered)):
                laboratory.connect(frontend, f"out-{number}").close()
            assert time.monotonic() - began < cluster.load_balancer.connect_timeout + SLACK, "it waits for ever"
        assert all(device.alive() for device in devices), "those who were in are not any more"
        spread = Counter(_broker_of(device) for device in devices)
        assert set(spread.values()) == {EACH}, spread
        # Who leaves makes room for who tries again.
        devices[0].close()
        assert until(lambda: _gets_in(laboratory, frontend), PATIENCE + SLACK), "a place that is free is not given away"


def test_a_storm_is_braked(cluster, variant, figures):
    laboratory = variant(_changed(cluster, session_rate=RATE))
    frontend = next(one for one in laboratory.device_frontends if not laboratory.secure(one))
    sessions = 5 * RATE
    generator = laboratory.generator(cluster.load_balancer.address, frontend.listen, "--prefix", "storm")
    try:
        opened = generator.ask(f"ramp sessions={sessions} window={sessions}")
    finally:
        generator.stop()
    assert (opened["open"], opened["refused"]) == (sessions, 0), f"a storm is refused, not braked: {opened}"
    # The first second's worth is let in at once.
    assert opened["seconds"] > sessions / RATE - 2, opened
    figures(f"new sessions a second where {RATE} are allowed", opened["per_second"])
