"""The API gateway: where it answers, and the plugins of its routes."""

from __future__ import annotations

import json

from components.cluster.types import Cluster, Plugin, Route, Service

from .markdown import code, codes

# The plugin that asks auth, and the image that brings it.
_PLUGIN, _IMAGE = "pepkong", "dojot/kong"


def entries(cluster: Cluster, service: Service) -> list[str]:
    """Where the load balancer answers for a service."""
    return [
        f"{'https' if port.tls or port.exposure.tls else 'http'}://{cluster.domain}:{port.exposure.listen}"
        for port in service.exposed
        if port.exposure.listen is not None
    ]


def plugins(route: Route) -> str:
    return "<br>".join(_plugin(plugin) for plugin in route.plugins)


def _plugin(found: Plugin) -> str:
    """Its name and its settings."""
    settings = codes(
        f"{key}: {value if isinstance(value, str) else json.dumps(value, sort_keys=True)}"
        for key, value in found.config.items()
    )
    return code(found.name) + (f" ({settings})" if settings else "")


def open_shell(cluster: Cluster, gateway: Service) -> str | None:
    """The plugin that lets people run commands, as long as the image is dojot's own, from whichever registry."""
    plugins = {plugin.name for service in cluster.services for route in service.routes for plugin in route.plugins}
    own = f"/{gateway.container.image}".endswith(f"/{_IMAGE}:{cluster.release}")
    return _PLUGIN if own and _PLUGIN in plugins else None
