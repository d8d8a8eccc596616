"""Switches that need something else once they are on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..finding import Finding


def email(parameters: dict[str, Any]) -> Iterator[Finding]:
    """auth sends no mail without a server and a name to log in with."""
    entry = parameters.get("email", {"enabled": False})
    if not entry["enabled"]:
        return
    for key, what in (("host", "the mail server's name"), ("user", "the name to log in with")):
        if not entry[key]:
            yield Finding(
                ("email", key),
                None,
                "e-mail is switched on and this has no value",
                f"Write {what}, or email.enabled: false",
            )


def encrypted_routes(parameters: dict[str, Any]) -> Iterator[Finding]:
    """Without certificates of its own, the gateway cannot speak to a service that asks for one."""
    if parameters.get("gateway", {}).get("mutual_tls", True):
        return
    for name, service in parameters["services"].items():
        ports = service.get("ports", {})
        for port in dict.fromkeys(route["port"] for route in service.get("routes", {}).values()):
            if ports.get(port, {}).get("tls"):
                yield Finding(
                    ("services", name, "ports", port, "tls"),
                    True,
                    f"routes lead to port {port} of {name}, and the gateway speaks TLS to services only with "
                    "gateway.mutual_tls",
                    "Write gateway.mutual_tls: true, or false here",
                )
