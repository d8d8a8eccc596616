"""What the API gateway is given: routes, and the plugins on them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..finding import Finding, Path, listed, near, suggest
from ..ports import doors
from ..uses import is_address, needs
from .calls import NO_DOOR


def routes(parameters: dict[str, Any]) -> Iterator[Finding]:
    services = parameters["services"]
    gateway = parameters.get("gateway", {}).get("service")
    for name, service in services.items():
        for route, entry in service.get("routes", {}).items():
            path = ("services", name, "routes", route)
            if entry["port"] not in service.get("ports", {}):
                yield Finding(
                    (*path, "port"),
                    entry["port"],
                    f"{name} has no port of this name",
                    suggest(entry["port"], service.get("ports", {})),
                )
            elif not doors(service, entry["port"]):
                yield Finding(
                    (*path, "port"),
                    entry["port"],
                    NO_DOOR,
                    f"Add the port to one of services.{name}.kubernetes_services",
                )
    routed = [name for name, service in services.items() if service.get("routes")]
    if routed and gateway not in services:
        yield Finding(
            ("services", routed[0], "routes"),
            None,
            f"{listed(routed)} {'has' if len(routed) == 1 else 'have'} routes, and this cluster has no API gateway",
            "Add service.kong to the profile",
        )


def route_paths(parameters: dict[str, Any]) -> Iterator[Finding]:
    """Of two routes with the same path, Kong would take the one or the other."""
    owner: dict[str, str] = {}
    for name, service in parameters["services"].items():
        for route, entry in service.get("routes", {}).items():
            for number, path in enumerate(entry["paths"]):
                if path in owner:
                    yield Finding(
                        ("services", name, "routes", route, "paths", str(number)),
                        path,
                        f"route {owner[path]} has this path already, and one of the two would get no calls",
                        "Choose another",
                    )
                owner.setdefault(path, f"{route} of {name}")


def plugins_lead_somewhere(parameters: dict[str, Any]) -> Iterator[Finding]:
    """What a plugin of the gateway calls is a use of the gateway: it says so, or the way would be closed."""
    services, gateway = parameters["services"], parameters.get("gateway", {}).get("service")
    used = needs(services.get(gateway, {}))
    for path, config in _plugins(parameters):
        for key, value in config.items():
            if not is_address(value):
                continue
            service, port = value["service"], value.get("port")
            if service not in used or port not in used[service].ports:
                yield Finding(
                    (*path, key),
                    f"{service} {port}",
                    f"{gateway} does not use this port",
                    f"Add {service}: {{ports: [{port}], at_start: false}} to services.{gateway}.uses",
                )
            elif service in services and not doors(services[service], port):
                yield Finding((*path, key), f"{service} {port}", NO_DOOR, "Add the port to one of them")


def known_plugins(parameters: dict[str, Any]) -> Iterator[Finding]:
    """Kong refuses a route with a plugin that it does not have, at the sync and not before."""
    known = parameters.get("gateway", {}).get("plugins", ())
    for path, _ in _plugins(parameters):
        if path[-1] not in known:
            guess = near(path[-1], known)
            yield Finding(
                path,
                None,
                "the gateway's image has no plugin of this name",
                f"Did you mean {guess}?"
                if guess
                else f"Take it out, or add {path[-1]} to gateway.plugins if your image has it",
            )


def _plugins(parameters: dict[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Each plugin of a route, or of all that are authenticated, with its settings."""
    gateway = parameters.get("gateway")
    if gateway is None:
        return
    holders: list[tuple[Path, dict[str, Any]]] = [(("gateway", "authentication"), gateway["authentication"])]
    holders += [
        (("services", name, "routes", route, "plugins"), entry.get("plugins", {}))
        for name, service in parameters["services"].items()
        for route, entry in service.get("routes", {}).items()
    ]
    for path, plugins in holders:
        for plugin, config in plugins.items():
            yield (*path, plugin), config
