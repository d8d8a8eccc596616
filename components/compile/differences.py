"""What targets write differently: of their own parameters and classes, never of what both get from the same class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import yaml

from components.inventory import yaml_file
from components.inventory.files import InventoryFiles
from components.inventory.reading import entry

#: More clusters than this are not compared: reading their targets would take longer than all else.
MOST = 20
# Each cluster has machines of its own.
_MACHINES = ("cluster", "nodes")
_CLASSES = "classes"


def differences(files: InventoryFiles, clusters: Sequence[str]) -> dict[str, dict[str, list[str]]] | None:
    """Key -> value as written -> clusters, of keys that not all have with one value; None where they are too many."""
    if len(clusters) > MOST:
        return None
    found: dict[str, dict[str, list[str]]] = {}
    for cluster in clusters:
        source = files.targets[cluster]
        written = [(_CLASSES, name) for name, _ in source.classes]
        written += _leaves(entry(yaml_file.remembered(source.path), "parameters")[1], ())
        for key, value in dict.fromkeys(written):
            found.setdefault(key, {}).setdefault(value, []).append(cluster)
    differing = {
        key: {value: owners for value, owners in values.items() if len(owners) < len(clusters)}
        for key, values in sorted(found.items(), key=lambda each: (each[0] != _CLASSES, each[0]))
    }
    return {key: values for key, values in differing.items() if values}


def _leaves(node: yaml.Node | None, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if path == _MACHINES:
        return
    if isinstance(node, yaml.MappingNode) and node.value:
        for key, below in node.value:
            yield from _leaves(below, (*path, str(key.value).lstrip("~=")))
    elif node is not None and path:
        yield ".".join(path), _text(node)


def _text(node: yaml.Node) -> str:
    """As it is written, on one line."""
    if isinstance(node, yaml.MappingNode):
        return "{" + ", ".join(f"{_text(key)}: {_text(below)}" for key, below in node.value) + "}"
    if isinstance(node, yaml.SequenceNode):
        return "[" + ", ".join(map(_text, node.value)) + "]"
    return " ".join(str(node.value).split())
