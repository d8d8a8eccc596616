"""More sessions of each broker than one address has ports: HAProxy connects from several."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from tests.engines.clusters import balancers

pytestmark = pytest.mark.parametrize("cluster", balancers(), indirect=True, scope="session")

# Few ports of each address, so that few sessions are more than one has.
FIRST, LAST = 20_000, 20_099
MORE = ("198.18.7.1", "198.18.7.2")
EACH = (1 + len(MORE)) * (LAST - FIRST + 1)


@pytest.fixture
def laboratory(cluster, variant):
    balancer = cluster.load_balancer
    (host,) = balancer.hosts
    frontends = tuple(replace(one, server_maxconn=EACH) if one.devices else one for one in balancer.frontends)
    changed = replace(
        balancer,
        hosts=(replace(host, source_addresses=MORE),),
        source_ports=(FIRST, LAST),
        frontends=frontends,
    )
    return variant(replace(cluster, load_balancer=changed))


def test_sessions_are_shared_by_the_addresses(laboratory, figures):
    cluster = laboratory.cluster
    frontend = next(one for one in laboratory.device_frontends if not laboratory.secure(one))
    names = [server.name for server in frontend.servers]
    # Room for all of them when one broker is lost.
    sessions = max(1, len(names) - 1) * EACH - 30
    assert sessions > len(names) * (LAST - FIRST + 1), "one address would do"
    generator = laboratory.generator(
        cluster.load_balancer.address, frontend.listen, "--prefix", "many", "--keepalive", "600", "--reconnect"
    )
    try:
        opened = generator.ask(f"ramp sessions={sessions}")
        assert (opened["open"], opened["refused"]) == (sessions, 0), opened
        assert generator.ask("ping")["answered"] == sessions
        sources = dict.fromkeys((cluster.load_balancer.address, *MORE), 0)
        for server in frontend.servers:
            peers = laboratory.network.hosts[server.name].established(server.port)
            # Checks come from a port of the kernel's own choice.
            ours = [(address, port) for address, port in peers if FIRST <= port <= LAST]
            assert len(ours) == len(set(ours)) and {address for address, _ in ours} == set(sources), ours
            assert max(Counter(address for address, _ in ours).values()) <= LAST - FIRST + 1
            for address, _ in ours:
                sources[address] += 1
        assert sum(sources.values()) == sessions, sources
        if len(names) > 1:
            lost = names[0]
            laboratory.brokers[lost].kill()
            lines = dict.fromkeys((lost, *(f"{lost}.{number + 2}" for number in range(len(MORE)))), "DOWN")
            assert laboratory.balancer.becomes(frontend.name, lines), "a line does not follow its server's check"
            answer = generator.ask("settle seconds=30")
            assert generator.ask("ping")["answered"] == sessions, f"not all devices of {lost} are back: {answer}"
        figures(f"sessions of {len(names)} servers with {LAST - FIRST + 1} ports of {len(sources)} addresses", sessions)
    finally:
        generator.stop()
