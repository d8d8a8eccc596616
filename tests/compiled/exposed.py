"""The ports that lead in from outside, read from the inventory's parameters without the model."""

from __future__ import annotations

from typing import Any, Iterator

from tests.compiled.tree import Tree


def exposed(tree: Tree) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(service, port name, port) of the inventory for every exposed port that is switched on."""
    for service, entry in tree.parameters["services"].items():
        for name, port in entry.get("ports", {}).items():
            if "expose" in port and port.get("enabled", True):
                yield service, name, port
