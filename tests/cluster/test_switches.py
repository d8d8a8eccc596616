"""Entries that are switched off, and values that may be switched off in part."""

from __future__ import annotations

import pickle

import pytest

from components.cluster import containers
from components.cluster.switches import applied


def _applied(service):
    return applied({"services": {"kong": service}})["services"]["kong"]


@pytest.mark.parametrize("part", ["env", "ports", "secrets", "secret_files"])
def test_what_is_off_is_gone_and_the_word_with_it(part):
    service = {
        part: {"off": {"value": "x", "enabled": False}, "on": {"value": "x", "enabled": True}, "plain": {"value": "x"}}
    }
    before = pickle.dumps(service)
    assert _applied(service) == {part: {"on": {"value": "x"}, "plain": {"value": "x"}}}
    assert pickle.dumps(service) == before


def test_sidecars_and_jobs_have_switches_too():
    service = {
        "jobs": {"migrate": {"env": {"A": {"value": "x", "enabled": False}}}},
        "sidecars": {"redis": {"ports": {}}},
    }
    assert _applied(service) == {"jobs": {"migrate": {"env": {}}}, "sidecars": {"redis": {"ports": {}}}}


def test_a_closed_port_is_offered_by_nobody():
    service = {
        "ports": {"http": {"number": 8000}, "https": {"number": 8443, "enabled": False}},
        "kubernetes_services": {"kong": {"ports": {"http": 80, "https": 443}}, "pods": {"headless": True}},
    }
    assert _applied(service)["kubernetes_services"] == {"kong": {"ports": {"http": 80}}, "pods": {"headless": True}}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("x", "x"),
        (True, "true"),
        ({"value": 2, "enabled": True}, "2"),
        (["a", {"value": "b", "enabled": False}, {"value": "c", "enabled": True}], "a,c"),
    ],
)
def test_values(written, said):
    entry = _applied({"env": {"NAME": written}})
    assert containers._env("NAME", entry["env"]["NAME"], None).value == said


def test_a_probe_speaks_as_its_port_does():
    entry = {
        "ports": {"http": {"number": 8080, "tls": True}, "health": {"number": 9000}},
        "readiness": {"httpGet": {"path": "/", "port": "http"}},
        "liveness": {"httpGet": {"path": "/", "port": "health"}},
        "startup": {"tcpSocket": {"port": "http"}},
    }
    assert containers._probe(entry, "readiness") == {"httpGet": {"path": "/", "port": 8080, "scheme": "HTTPS"}}
    assert containers._probe(entry, "liveness") == {"httpGet": {"path": "/", "port": 9000}}
    assert containers._probe(entry, "startup") == {"tcpSocket": {"port": 8080}}
