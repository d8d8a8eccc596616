"""Kong knows clients by their own addresses, through the real HAProxy: a limit for one is none for another."""

from __future__ import annotations

import socket
from collections import Counter
from http.client import HTTPConnection

import pytest

from components.cluster.load import load
from tests.conftest import ROOT
from tests.engines.clusters import balancers
from tests.engines.haproxy.gateway import CALLER, LOGIN, LOGINS
from tests.haproxy.configuration import CONFIG
from tests.inventory.targets import renderer

pytestmark = pytest.mark.parametrize("cluster", balancers(), indirect=True, scope="session")


def _gateway(laboratory):
    return next(one for one in laboratory.frontends if one.service == laboratory.cluster.gateway)


def _log_in(host, address, port, before=b"", tls=None):
    """(Status, whom the gateway took it for) of one log-in; `before` is sent ahead of it, `tls` spoken after that."""
    with host.inside():
        connection = HTTPConnection(address, port, timeout=15)
        connection.connect()
        connection.sock.sendall(before)
        if tls:
            connection.sock = tls.wrap_socket(connection.sock)
    connection.request("GET", LOGIN, headers={"X-Forwarded-For": "203.0.113.1", "X-Real-IP": "203.0.113.1"})
    answer = connection.getresponse()
    connection.close()
    return answer.status, answer.getheader(CALLER)


@pytest.fixture
def fresh(cluster, variant):
    """A laboratory in which nobody has logged in yet."""
    return variant(cluster)


def test_each_client_has_a_limit_of_its_own(fresh, cluster, texts):
    frontend = _gateway(fresh)
    assert frontend.proxy_protocol and "send-proxy" in texts[CONFIG], "the compiled HAProxy tells Kong nobody's address"
    door = cluster.load_balancer.address, frontend.listen
    tls = fresh.tls(frontend)
    spent = [_log_in(fresh.device, *door, tls=tls) for _ in range(2 * LOGINS)]
    assert Counter(status for status, _ in spent) == {200: LOGINS, 429: LOGINS}
    assert {caller for _, caller in spent} == {fresh.device.address}
    assert _log_in(fresh.client, *door, tls=tls) == (200, fresh.client.address), (
        "what one client spent, another one lacks"
    )


def test_without_the_switch_all_would_share_one(cluster, variant):
    """What the test above can find."""
    parameters, origin = renderer(ROOT / "inventory")(cluster.name)
    parameters["gateway"]["proxy_protocol"] = False
    for port in parameters["services"]["kong"]["ports"].values():
        port.get("expose", {}).get("proxy_protocol", {})["enabled"] = False
    for name in ("KONG_REAL_IP_HEADER", "KONG_NGINX_PROXY_SET_REAL_IP_FROM"):
        parameters["services"]["kong"]["env"][name]["enabled"] = False
    laboratory = variant(load(parameters, origin))
    door, tls = (cluster.load_balancer.address, _gateway(laboratory).listen), laboratory.tls(_gateway(laboratory))
    callers = [_log_in(laboratory.device, *door, tls=tls)[1] for _ in range(LOGINS)]
    assert callers == [cluster.load_balancer.address] * LOGINS
    assert _log_in(laboratory.client, *door, tls=tls) == (429, cluster.load_balancer.address)


def test_nobody_else_is_believed(fresh):
    """Who calls the NodePort itself may say what he likes, and is taken for who he is."""
    frontend = _gateway(fresh)
    server, caller = frontend.servers[0], fresh.client
    forged = f"PROXY TCP4 203.0.113.1 {server.address} 40000 {server.port}\r\n".encode()
    assert _log_in(caller, server.address, server.port, forged) == (200, caller.address)
    with caller.inside(), socket.create_connection((server.address, server.port), timeout=15) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert plain.recv(4096) == b"", "an answer to somebody who does not speak the PROXY protocol"
