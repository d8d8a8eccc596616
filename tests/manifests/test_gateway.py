"""The calls that make Kong's routes."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace

import pytest

from components.cluster.types import Plugin, Route
from components.manifests.gateway import calls

ROUTE = Route("things", "http://things:80/api", ("/things",), True, (), None)


@pytest.fixture
def sent(cluster):
    """Calls of a cluster that has only these routes: (path, body)."""

    def sent(*routes: Route) -> list[tuple[str, dict]]:
        services = [replace(service, routes=()) for service in cluster.services]
        services[0] = replace(services[0], routes=routes)
        lines = calls(replace(cluster, services=tuple(services))).splitlines()
        return [(line.split(" ", 1)[0], json.loads(line.split(" ", 1)[1])) for line in lines]

    return sent


def test_a_service_before_its_route(sent):
    assert sent(ROUTE) == [
        ("/services/things", {"url": "http://things:80/api"}),
        ("/services/things/routes/things_route", {"paths": ["/things"], "strip_path": True}),
    ]


def test_a_timeout_is_of_all_three_phases(sent):
    (_, body), *_ = sent(replace(ROUTE, timeout=300000))
    assert body == {
        "url": "http://things:80/api",
        "connect_timeout": 300000,
        "read_timeout": 300000,
        "write_timeout": 300000,
    }


def test_plugins_have_lasting_ids_of_their_own(sent):
    plugins = (Plugin("jwt", {}), Plugin("rate-limiting", {"minute": 5}))
    found = sent(replace(ROUTE, plugins=plugins))
    again = sent(replace(ROUTE, plugins=(plugins[0], Plugin("rate-limiting", {"minute": 6}))))
    paths = [path for path, _ in found[2:]]
    assert [body for _, body in found[2:]] == [{"name": "jwt"}, {"name": "rate-limiting", "config": {"minute": 5}}]
    assert len(set(paths)) == 2 and paths == [path for path, _ in again[2:]]
    for path in paths:
        assert path.startswith("/services/things/plugins/")
        uuid.UUID(path.rpartition("/")[2])
    other = sent(replace(ROUTE, name="others", plugins=plugins))
    assert not {path.rpartition("/")[2] for path, _ in other[2:]} & {path.rpartition("/")[2] for path in paths}


def test_no_route_no_call(sent):
    assert sent() == []
