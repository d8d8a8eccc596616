"""What is switched off is not there: entries with `enabled: false` go before anything else reads them.

Works on parameters that fit the schema, which says where `enabled` may stand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Maps of a service, sidecar or job whose entries may be switched off.
_SWITCHED = ("env", "ports", "secrets", "secret_files")
#: Maps of a service whose entries are made as the service is.
_INNER = ("sidecars", "jobs")


def applied(parameters: dict[str, Any]) -> dict[str, Any]:
    """`parameters` without what is switched off, and without the word."""
    return {**parameters, "services": {name: _service(entry) for name, entry in parameters["services"].items()}}


def _service(entry: Mapping[str, Any]) -> dict[str, Any]:
    found = _container(entry)
    for part in _INNER:
        if part in entry:
            found[part] = {name: _container(inner) for name, inner in entry[part].items()}
    # A Kubernetes Service offers no port that its pods do not open.
    closed = entry.get("ports", {}).keys() - found.get("ports", {}).keys()
    if closed and "kubernetes_services" in entry:
        found["kubernetes_services"] = {
            name: _without(door, closed) for name, door in entry["kubernetes_services"].items()
        }
    return found


def _container(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _kept(value) if key in _SWITCHED else value for key, value in entry.items()}


def _kept(entries: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: [_plain(item) for item in entry if _is_on(item)] if isinstance(entry, list) else _plain(entry)
        for name, entry in entries.items()
        if _is_on(entry)
    }


def _is_on(entry: Any) -> bool:
    return not isinstance(entry, dict) or entry.get("enabled", True)


def _plain(entry: Any) -> Any:
    if not isinstance(entry, dict):
        return entry
    return {key: value for key, value in entry.items() if key != "enabled"}


def _without(door: Mapping[str, Any], closed: set[str]) -> dict[str, Any]:
    if "ports" not in door:
        return dict(door)
    return {**door, "ports": {name: number for name, number in door["ports"].items() if name not in closed}}
