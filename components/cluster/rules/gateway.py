"""What the API gateway is given: routes, and the plugins on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from components.inventory.finding import Finding, Path, listed, near, suggest

from ..input.container import ServiceAddress
from ..input.target import Inventory
from ..ports import doors
from ..types import Cluster
from ..uses import needs
from .calls import NO_DOOR
from .registry import Stage, rule


@rule(Stage.NAMES)
def routes(inventory: Inventory) -> Iterator[Finding]:
    """A route leads to a port that can be called, from a gateway that is there."""
    services = inventory.services
    for name, service in services.items():
        for route, entry in service.routes.items():
            path = ("services", name, "routes", route, "port")
            if entry.port not in service.ports:
                yield Finding(path, entry.port, f"{name} has no port of this name", suggest(entry.port, service.ports))
            elif not doors(service, entry.port):
                yield Finding(path, entry.port, NO_DOOR, f"Add the port to one of services.{name}.kubernetes_services")
    routed = [name for name, service in services.items() if service.routes]
    if routed and (inventory.gateway is None or inventory.gateway.service not in services):
        yield Finding(
            ("services", routed[0], "routes"),
            None,
            f"{listed(routed)} {'has' if len(routed) == 1 else 'have'} routes, and this cluster has no API gateway",
            "Add service.kong to the profile",
        )


@rule(Stage.NAMES)
def route_paths(inventory: Inventory) -> Iterator[Finding]:
    """Of two routes with the same path, Kong would take the one or the other."""
    owner: dict[str, str] = {}
    for name, service in inventory.services.items():
        for route, entry in service.routes.items():
            for number, path in enumerate(entry.paths):
                if path in owner:
                    yield Finding(
                        ("services", name, "routes", route, "paths", str(number)),
                        path,
                        f"route {owner[path]} has this path already, and one of the two would get no calls",
                        "Choose another",
                    )
                owner.setdefault(path, f"{route} of {name}")


@rule(Stage.NAMES)
def plugins_lead_somewhere(inventory: Inventory) -> Iterator[Finding]:
    """What a plugin of the gateway calls is a use of the gateway: it says so, or the way would be closed."""
    services, gateway = inventory.services, inventory.gateway.service if inventory.gateway else ""
    used = needs(services[gateway]) if gateway in services else {}
    for path, config in _plugins(inventory):
        for key, value in config.items():
            if not isinstance(value, ServiceAddress):
                continue
            service, port = value.service, value.port
            if service not in used or port not in used[service].ports:
                yield Finding(
                    (*path, key),
                    f"{service} {port}",
                    f"{gateway} does not use this port",
                    f"Add {service}: {{ports: [{port}], at_start: false}} to services.{gateway}.uses",
                )
            elif service in services and not doors(services[service], port):
                yield Finding((*path, key), f"{service} {port}", NO_DOOR, "Add the port to one of them")


@rule(Stage.NAMES)
def known_plugins(inventory: Inventory) -> Iterator[Finding]:
    """Kong refuses a route with a plugin that it does not have, at the sync and not before."""
    known = inventory.gateway.plugins if inventory.gateway else ()
    for path, _ in _plugins(inventory):
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


@rule(Stage.NAMES)
def encrypted_routes(inventory: Inventory) -> Iterator[Finding]:
    """Without certificates of its own, the gateway cannot speak to a service that asks for one."""
    if inventory.gateway is None or inventory.gateway.mutual_tls:
        return
    for name, service in inventory.services.items():
        for port in dict.fromkeys(route.port for route in service.routes.values()):
            if port in service.ports and service.ports[port].tls:
                yield Finding(
                    ("services", name, "ports", port, "tls"),
                    True,
                    f"routes lead to port {port} of {name}, and the gateway speaks TLS to services only with "
                    "gateway.mutual_tls",
                    "Write gateway.mutual_tls: true, or false here",
                )


@rule(Stage.STRUCTURE)
def the_balancer_is_known(cluster: Cluster) -> Iterator[Finding]:
    """Who says whose connection it is comes with an address by which the gateway knows the load balancer.

    What leaves a node for the pod of another has the node's address of the way there: with vxlan one of the pod
    network, with host-gw the node's own, which is in no network that the gateway believes.
    """
    if cluster.platform.pod_network.backend != "host-gw":
        return
    for gateway in cluster.services:
        proxied = any(port.exposure.proxied for port in gateway.exposed)
        if gateway.name == cluster.gateway and proxied and not gateway.keeps_source:
            title, nodes = gateway.title, listed([node.name for node in cluster.nodes_of(gateway)])
            yield Finding(
                ("gateway", "proxy_protocol"),
                True,
                f"with platform.pod_network.backend: host-gw, what one of {nodes} hands on to {title} on another has "
                f"that node's address, so {title} does not believe whose connection it is, and takes all clients for "
                "one",
                f"Write false, or backend: vxlan, or place {title} in a group of one node "
                f"(services.{gateway.name}.group)",
            )


def _plugins(inventory: Inventory) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Each plugin of a route, or of all that are authenticated, with its settings."""
    if inventory.gateway is None:
        return
    for plugin, config in inventory.gateway.authentication.items():
        yield ("gateway", "authentication", plugin), config
    for name, service in inventory.services.items():
        for route, entry in service.routes.items():
            for plugin, config in entry.plugins.items():
                yield ("services", name, "routes", route, "plugins", plugin), config
