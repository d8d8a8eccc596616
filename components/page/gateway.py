"""Routes of the API gateway."""

from __future__ import annotations

import json

from components.cluster.types import Cluster, Plugin, Service

from .markdown import code, codes, link, note, section, table
from .operator import ROOT
from .words import seconds

_MILLISECONDS = 1000
# The plugin that asks auth, and the image that brings it.
_PLUGIN, _IMAGE = "pepkong", "dojot/kong"


def section_of(cluster: Cluster) -> str:
    """The section; empty for a cluster without routes."""
    rows = [
        (
            code(route.name),
            "<br>".join(code(path) for path in route.paths),
            code(route.url),
            "yes" if route.strip_path else "no",
            "<br>".join(_plugin(plugin) for plugin in route.plugins),
            seconds(route.timeout / _MILLISECONDS) if route.timeout else "",
        )
        for service in cluster.services
        for route in service.routes
    ]
    if not rows or cluster.gateway is None:
        return ""
    gateway = cluster.service(cluster.gateway)
    return section(
        "API gateway",
        f"{gateway.title} answers {_entries(cluster, gateway)}. *Strip*: the part of the path that matched is taken "
        "off before the request goes on.",
        table(("Route", "Paths", "Leads to", "Strip", "Plugins", ">Timeout"), rows),
        _shell(cluster, gateway),
    )


def _shell(cluster: Cluster, gateway: Service) -> str:
    """What dojot's own image lets through, as long as it is that image, from whichever registry."""
    image = gateway.container.image
    plugins = {plugin.name for service in cluster.services for route in service.routes for plugin in route.plugins}
    if _PLUGIN not in plugins or not f"/{image}".endswith(f"/{_IMAGE}:{cluster.release}"):
        return ""
    return note(
        "CAUTION",
        f"Whoever holds a valid token can run commands in the container of {gateway.title}: the plugin {code(_PLUGIN)} of "
        f"{code(image)} hands the path of each call to a shell. The gateway's database, and in it the keys of all tokens, are "
        f"within reach from there. Until the image is {link('a patched one', f'{ROOT}/docs/patched-kong.md')}, give tokens to those "
        "only whom you trust that far.",
    )


def _entries(cluster: Cluster, gateway: Service) -> str:
    ports = [f"{cluster.domain}:{port.exposure.listen}" for port in gateway.exposed if port.exposure.listen is not None]
    return f"at {codes(ports)}" if ports else "inside the cluster only"


def _plugin(plugin: Plugin) -> str:
    settings = codes(
        f"{key}: {value if isinstance(value, str) else json.dumps(value, sort_keys=True)}"
        for key, value in plugin.config.items()
    )
    return code(plugin.name) + (f" ({settings})" if settings else "")
