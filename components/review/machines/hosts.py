"""The machines of a cluster, by name, as a compiled bootstrap.sh knows them."""

from __future__ import annotations

from .script import Script

#: Roles of nodes -> the places, as the heads of steps call them, that they are.
_PLACES = {"control-plane": ("every node", "control plane"), "worker": ("every node", "every worker")}
_BALANCER = "load balancer"


def nodes(script: Script) -> dict[str, str]:
    """Name -> role."""
    return {name: role for name, _, role, *_ in script.rows("NODES")}


def at(script: Script, place: str) -> tuple[str, ...]:
    """Names of the machines of a place; none where no machine is meant."""
    if place == _BALANCER:
        return tuple(filter(None, (script.values.get("LOAD_BALANCER_NAME"),)))
    return tuple(name for name, role in nodes(script).items() if place in _PLACES.get(role, ()))
