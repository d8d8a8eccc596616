"""Ports, and the objects that carry a name of the inventory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..finding import Finding, Path, suggest
from ..ports import PORT_PROBES, PROBES


def ports(parameters: dict[str, Any]) -> Iterator[Finding]:
    for name, service in parameters["services"].items():
        ports = service.get("ports", {})
        for dns_name, entry in service.get("kubernetes_services", {}).items():
            path = ("services", name, "kubernetes_services", dns_name)
            if entry.get("headless", False) == ("ports" in entry):
                yield Finding(
                    path,
                    None,
                    "a Service states its ports, and a headless one has those of its pods",
                    "Take one of ports and headless out" if "ports" in entry else "Add ports, or headless: true",
                )
            for port in entry.get("ports", ()):
                if port not in ports:
                    yield Finding(
                        (*path, "ports", port),
                        None,
                        f"{name} has no port of this name",
                        suggest(port, ports),
                    )
        exposed = [port for port, entry in ports.items() if "expose" in entry]
        if exposed and "external_service" not in service:
            yield Finding(
                ("services", name, "external_service"),
                None,
                f"{', '.join(exposed)} of {name} is exposed, so its NodePort Service needs a name",
                "Add external_service",
            )


def probes(parameters: dict[str, Any]) -> Iterator[Finding]:
    for name, service in parameters["services"].items():
        holders = [(("services", name), service)]
        holders += [
            (("services", name, "sidecars", inner), sidecar) for inner, sidecar in service.get("sidecars", {}).items()
        ]
        for path, holder in holders:
            ports = holder.get("ports", {})
            for probe in PROBES:
                for handler in PORT_PROBES:
                    port = holder.get(probe, {}).get(handler, {}).get("port")
                    if port is not None and port not in ports:
                        yield Finding(
                            (*path, probe, handler, "port"),
                            port,
                            f"{path[-1]} has no port of this name",
                            suggest(port, ports),
                        )


def metrics(parameters: dict[str, Any]) -> Iterator[Finding]:
    """Metrics are asked of a port that is open."""
    for name, service in parameters["services"].items():
        port = service.get("metrics", {}).get("port")
        if port is not None and port not in service.get("ports", {}):
            yield Finding(
                ("services", name, "metrics", "port"),
                port,
                f"{name} has no port of this name",
                suggest(port, service.get("ports", {})),
            )


def names(parameters: dict[str, Any]) -> Iterator[Finding]:
    """Objects and routes are declared by one service each: a second one would overwrite the first."""
    owner: dict[tuple[str, str], str] = {}
    for user, path, kind, name in _declared(parameters["services"]):
        if (kind, name) in owner:
            yield Finding(path, None, f"{owner[kind, name]} has a {kind} {name} already", "Choose another name")
        owner.setdefault((kind, name), user)


def _declared(services: dict[str, Any]) -> Iterator[tuple[str, Path, str, str]]:
    for name, service in services.items():
        path = ("services", name)
        for key, kind in (("kubernetes_services", "Service"), ("secrets", "Secret"), ("routes", "route")):
            for inner in service.get(key, {}):
                yield name, (*path, key, inner), kind, inner
        for key, kind in (("external_service", "Service"), ("service_account", "ServiceAccount")):
            if key in service:
                yield name, (*path, key), kind, service[key]
