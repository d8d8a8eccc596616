"""Each check fails when what it guards is broken: in the cluster, or in the text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from components.haproxy.files import files
from tests.haproxy import checks
from tests.haproxy.checks import CONFIG, LIMITS, SYSCTL, listening
from tests.platforms import each_platform


def _devices(cluster):
    return next(port for port, (_, found) in listening(cluster).items() if found.expose.devices)


def _edit(name, old, new):
    """An edit of one text; the old words must be there."""

    def apply(cluster, texts):
        assert old in texts[name], old
        return {**texts, name: texts[name].replace(old, new)}

    return apply


def _balancer(**changes):
    """The face of a cluster whose load balancer differs."""

    def apply(cluster, texts):
        return files(replace(cluster, load_balancer=replace(cluster.load_balancer, **changes)))

    return apply


def _frontends(change):
    def apply(cluster, texts):
        frontends = tuple(change(frontend) for frontend in cluster.load_balancer.frontends)
        return _balancer(frontends=tuple(frontend for frontend in frontends if frontend))(cluster, texts)

    return apply


def _metrics(old, new):
    """An edit of the listener for Prometheus, where there is one."""

    def apply(cluster, texts):
        if not cluster.load_balancer.metrics_readers:
            pytest.skip("nobody reads metrics over the network here")
        return _edit(CONFIG, old, new)(cluster, texts)

    return apply


def _without(text_line):
    return _edit(CONFIG, text_line, "# ")


BREAKS = [
    (checks.every_exposed_port_has_its_listener, _frontends(lambda frontend: None if frontend.devices else frontend)),
    (
        checks.servers_are_the_groups_nodes,
        _frontends(lambda frontend: replace(frontend, servers=frontend.servers[:-1]) if frontend.devices else frontend),
    ),
    (
        checks.servers_are_the_groups_nodes,
        _frontends(
            lambda frontend: replace(
                frontend, servers=tuple(replace(server, port=(server.port or 30000) + 1) for server in frontend.servers)
            )
        ),
    ),
    (checks.every_server_is_checked, _without("on-marked-down shutdown-sessions")),
    (checks.every_server_is_checked, _edit(CONFIG, "default-server check ", "default-server ")),
    (checks.device_servers_have_source_ports, _balancer(source_ports=(1024, 65535))),
    (checks.device_servers_have_source_ports, _balancer(source_ports=(65500, 65535))),
    (checks.device_servers_have_source_ports, _balancer(address="192.0.2.1")),
    (checks.own_ports_are_reserved, _balancer(reserved_ports=(80,))),
    (checks.limits_carry_every_session, _balancer(maxconn=1000)),
    (checks.limits_carry_every_session, _balancer(open_files=100)),
    (checks.limits_carry_every_session, _frontends(lambda frontend: replace(frontend, maxconn=5000))),
    (checks.limits_carry_every_session, _edit(SYSCTL, "fs.nr_open = ", "fs.nr_open = 1 #")),
    (checks.limits_carry_every_session, _edit(LIMITS, "LimitNOFILE=", "LimitNOFILE=9000000")),
    (checks.timeouts_suit_the_devices, _balancer(session_timeout=300)),
    (checks.timeouts_suit_the_devices, _balancer(hard_stop_after=60)),
    (checks.timeouts_suit_the_devices, _edit(CONFIG, "timeout server ", "timeout server 9")),
    (checks.it_logs, _without("log global")),
    (checks.it_logs, _without("option tcplog")),
    (checks.nothing_private_is_open, _edit(CONFIG, "bind 127.0.0.1:", "bind :")),
    (checks.nothing_private_is_open, _edit(CONFIG, "mode 600", "mode 666")),
    (checks.nothing_private_is_open, _metrics("tcp-request connection reject", "tcp-request connection accept")),
    (checks.nothing_private_is_open, _metrics("unless { src ", "unless { src 0.0.0.0/0 ")),
    (checks.nothing_private_is_open, _metrics("http-request deny", "http-request allow")),
    (checks.limits_are_left_to_haproxy, _edit(CONFIG, "global\n", "global\n    ulimit-n 65536\n")),
]


@each_platform
@pytest.mark.parametrize(
    ("check", "broken"), BREAKS, ids=[f"{number}-{check.__name__}" for number, (check, _) in enumerate(BREAKS)]
)
def test_check_notices(check, broken, cluster):
    if not any(frontend.devices for frontend in cluster.load_balancer.frontends):
        pytest.skip("no device calls this load balancer")
    sound = files(cluster)
    check(cluster, sound)
    texts = broken(cluster, sound)
    assert texts != sound
    with pytest.raises((AssertionError, ValueError)):
        check(cluster, texts)


def test_every_check_has_a_break():
    assert {check for check, _ in BREAKS} == set(checks.CHECKS)


def test_the_guide_has_device_listeners(guide_cluster):
    """Otherwise the checks about devices would pass over nothing."""
    assert _devices(guide_cluster)
