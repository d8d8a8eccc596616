"""Entries that are switched off, and values that may be switched off in part."""

from __future__ import annotations

import pytest

from components.cluster import containers
from components.cluster.input.service import ServiceEntry
from components.cluster.input.switched import switched_off
from components.cluster.ports import offered

ENTRIES = {
    "env": {"value": "x"},
    "ports": {"number": 1},
    "secrets": {"key": "x"},
    "secret_files": {"mount": "/x"},
}


def _service(**keys) -> ServiceEntry:
    container = {
        "image": "a:1",
        "security": {"user": 1, "group": 1},
        "resources": {"requests": {"cpu": 1, "memory": "1Mi"}, "limits": {"memory": "1Mi"}},
    }
    if "sidecars" in keys:
        keys["sidecars"] = {name: {**container, **sidecar} for name, sidecar in keys["sidecars"].items()}
    return ServiceEntry.model_validate(
        {"title": "A", "kind": "Deployment", "group": "dojot", "replicas": 1, **container, **keys}
    )


@pytest.mark.parametrize("part", ENTRIES)
def test_what_is_off_is_gone(part):
    entry = ENTRIES[part]
    written = {"off": {**entry, "enabled": False}, "on": {**entry, "enabled": True}, "plain": entry}
    entries = getattr(_service(**{part: written}), part)
    assert set(entries) == {"on", "plain"} and switched_off(entries) == {"off"}


def test_sidecars_and_jobs_have_switches_too():
    service = _service(
        jobs={"migrate": {"when": "before", "command": ["a"], "env": {"A": {"value": "x", "enabled": False}}}},
        sidecars={"redis": {"ports": {"a": {"number": 1, "enabled": False}}}},
    )
    assert service.jobs["migrate"].env == {} and service.sidecars["redis"].ports == {}


def test_a_closed_port_is_offered_by_nobody():
    service = _service(
        ports={"http": {"number": 8000}, "https": {"number": 8443, "enabled": False}},
        kubernetes_services={"kong": {"ports": {"http": 80, "https": 443}}, "pods": {"headless": True}},
    )
    doors = service.kubernetes_services
    assert offered(service, doors["kong"]) == {"http": 80}
    assert offered(service, doors["pods"]) == {"http": 8000}


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
    assert containers._variable("NAME", _service(env={"NAME": written}).env["NAME"], None).value == said


def test_a_probe_speaks_as_its_port_does():
    entry = _service(
        ports={"http": {"number": 8080, "tls": True}, "health": {"number": 9000}},
        readiness={"httpGet": {"path": "/", "port": "http"}},
        liveness={"httpGet": {"path": "/", "port": "health"}},
        startup={"tcpSocket": {"port": "http"}},
    )
    probes = [containers._probe(probe, entry.ports) for probe in (entry.readiness, entry.liveness, entry.startup)]
    assert probes == [
        {"httpGet": {"path": "/", "port": 8080, "scheme": "HTTPS"}},
        {"httpGet": {"path": "/", "port": 9000}},
        {"tcpSocket": {"port": 8080}},
    ]
