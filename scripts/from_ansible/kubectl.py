"""Nodes as kubectl shows them: names, labels and, with -o wide, addresses.

Read are `kubectl get nodes -o wide --show-labels` (with or without -o wide), the same
with `-o json`, and the commands `kubectl label nodes NAME KEY=VALUE`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from .hosts import host_name
from .inventory import Machine

_ADDRESS = re.compile(r"\d{1,3}(\.\d{1,3}){3}")
_COMMAND = re.compile(r"^\s*(?:[$#>]\s*)?(?:sudo\s+)?kubectl\s+label\s+nodes?\s+")
_ROLES = {"master", "control-plane"}


@dataclass(frozen=True)
class Node:
    """One node of the running cluster; `label` is the value of the group label, None without one."""

    name: str
    line: int
    label: str | None = None
    address: str | None = None
    control_plane: bool = False


@dataclass(frozen=True)
class Listing:
    """The nodes that a file lists."""

    file: str = ""
    nodes: tuple[Node, ...] = ()

    def node_of(self, machine: Machine) -> Node | None:
        names = (machine.name, host_name(machine.name))
        return next((node for node in self.nodes if node.address == machine.address or node.name in names), None)

    def place(self, node: Node) -> str:
        return f"{self.file}:{node.line}"


def nodes(text: str, group_label: str) -> list[Node]:
    """The nodes of a listing. Raises ValueError with the reason where there is none."""
    if text.lstrip().startswith("{"):
        return _from_json(text, group_label)
    found: dict[str, Node] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        words = _COMMAND.sub("", line).split()
        if not words or words[0] == "NAME" or words[0].startswith("#"):
            continue
        labels = dict(part.partition("=")[::2] for word in words[1:] if "=" in word for part in word.split(","))
        address = next((word for word in words[1:] if _ADDRESS.fullmatch(word)), None)
        roles = set(words[2].split(",")) if len(words) > 2 else set()
        old = found.get(words[0])
        found[words[0]] = Node(
            words[0],
            number,
            labels.get(group_label, old.label if old else None),
            address or (old.address if old else None),
            bool(roles & _ROLES) or bool(old and old.control_plane),
        )
    if not any(node.label or node.address for node in found.values()):
        raise ValueError("there is no node with a label or an address in it")
    return list(found.values())


def _from_json(text: str, group_label: str) -> list[Node]:
    try:
        items = json.loads(text)["items"]
        return [
            Node(
                item["metadata"]["name"],
                1,
                item["metadata"].get("labels", {}).get(group_label),
                next(
                    (entry["address"] for entry in item["status"]["addresses"] if entry["type"] == "InternalIP"), None
                ),
                any(f"node-role.kubernetes.io/{role}" in item["metadata"].get("labels", {}) for role in _ROLES),
            )
            for item in items
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError("it is no list of nodes as kubectl get nodes -o json gives it") from error
