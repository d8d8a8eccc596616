"""The calls to Kong's admin API that make the cluster's routes, as a list of PUTs.

PUT with a fixed id creates or replaces, so the list can be sent again at any time.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

from components.cluster.types import Cluster, Plugin, Route

# Namespace of the plugins' ids (RFC 4122, version 5): any fixed UUID.
_IDS = uuid.UUID("5f0d5a52-9d0c-5c55-8f6b-1d8a6a0d9c11")


def calls(cluster: Cluster) -> str:
    """One call a line: the path of the admin API, a space, the JSON body."""
    lines = (
        f"{path} {json.dumps(body, sort_keys=True, separators=(',', ':'))}"
        for service in cluster.services
        for route in service.routes
        for path, body in _route_calls(route)
    )
    return "".join(f"{line}\n" for line in lines)


def _route_calls(route: Route) -> Iterator[tuple[str, dict[str, Any]]]:
    upstream: dict[str, Any] = {"url": route.url}
    if route.timeout is not None:
        upstream.update({f"{what}_timeout": route.timeout for what in ("connect", "read", "write")})
    yield f"/services/{route.name}", upstream
    yield (
        f"/services/{route.name}/routes/{route.name}_route",
        {"paths": list(route.paths), "strip_path": route.strip_path},
    )
    for plugin in route.plugins:
        yield f"/services/{route.name}/plugins/{_plugin_id(route, plugin)}", _plugin(plugin)


def _plugin_id(route: Route, plugin: Plugin) -> uuid.UUID:
    return uuid.uuid5(_IDS, f"{route.name}/{plugin.name}")


def _plugin(plugin: Plugin) -> dict[str, Any]:
    body: dict[str, Any] = {"name": plugin.name}
    if plugin.config:
        body["config"] = dict(plugin.config)
    return body
