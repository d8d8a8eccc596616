"""Whom the stand-in for Kong takes a client for."""

from __future__ import annotations

import pytest

from tests.rehearsal.images.serve.kong import listens, proxied

HEADER = b"PROXY TCP4 198.51.100.7 192.168.0.11 4711 30001\r\n"


@pytest.fixture(autouse=True)
def trusting(monkeypatch):
    monkeypatch.setenv("KONG_REAL_IP_HEADER", "proxy_protocol")
    monkeypatch.setenv("KONG_NGINX_PROXY_SET_REAL_IP_FROM", "192.168.0.17")


@pytest.mark.parametrize(
    "header, peer, client",
    [
        pytest.param(HEADER, "192.168.0.17", "198.51.100.7", id="who is trusted is believed"),
        pytest.param(HEADER, "192.168.0.16", "192.168.0.16", id="nobody else is"),
        pytest.param(b"PROXY UNKNOWN\r\n", "192.168.0.17", "192.168.0.17", id="a check of HAProxy's own"),
        pytest.param(b"GET / HTTP/1.1\r\n", "192.168.0.17", None, id="without a header"),
        pytest.param(HEADER.rstrip(), "192.168.0.17", None, id="half a header"),
    ],
)
def test_the_client(header, peer, client):
    assert proxied(header, peer) == client


def test_another_header_is_not_this_one(monkeypatch):
    monkeypatch.setenv("KONG_REAL_IP_HEADER", "X-Real-IP")
    assert proxied(HEADER, "192.168.0.17") == "192.168.0.17"


def test_entries(monkeypatch):
    monkeypatch.setenv("KONG_PROXY_LISTEN", "0.0.0.0:8000, 0.0.0.0:8010 proxy_protocol")
    assert list(listens("KONG_PROXY_LISTEN")) == [(("0.0.0.0", 8000), []), (("0.0.0.0", 8010), ["proxy_protocol"])]
