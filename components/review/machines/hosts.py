"""The machines of a cluster, by name, as a compiled bootstrap.sh knows them."""

from __future__ import annotations

from collections.abc import Iterator

from components.kubeadm.steps import OTHER_CONTROL_PLANES

from .script import Script

#: Roles -> the places, as the heads of steps call them, that a machine is.
_PLACES = {
    "control-plane": ("every node", "every control plane", "control plane"),
    "another": ("every node", "every control plane", OTHER_CONTROL_PLANES),
    "worker": ("every node", "every worker"),
    "load-balancer": ("load balancer",),
}
#: Of the script: machines, with name, address and role first.
TABLES = ("NODES", "LOAD_BALANCERS")


def rows(script: Script) -> Iterator[list[str]]:
    """Of every machine."""
    for table in TABLES:
        yield from script.rows(table)
    # A script of the time with one load balancer has it in values of its own.
    if only := script.values.get("LOAD_BALANCER_NAME"):
        yield [only, script.values.get("LOAD_BALANCER_ADDRESS", ""), "load-balancer"]


def roles(script: Script) -> dict[str, str]:
    """Name -> role, of every machine."""
    return {name: role for name, _, role, *_ in rows(script)}


def nodes(script: Script) -> dict[str, str]:
    """Name -> role."""
    return {name: role for name, _, role, *_ in script.rows("NODES")}


def at(script: Script, place: str) -> tuple[str, ...]:
    """Names of the machines of a place; none where no machine is meant."""
    # Scripts of a time with one control plane do not have the table.
    others = {name for name, *_ in script.rows("OTHER_CONTROL_PLANES")}
    return tuple(
        name for name, role in roles(script).items() if place in _PLACES.get("another" if name in others else role, ())
    )
