"""Where in a cluster's files something is written, for the words about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

import yaml

from . import yaml_file
from .files import InventoryFiles
from .reading import entry
from .source import Source


def mentions(files: InventoryFiles, target: str, text: str) -> list[str]:
    """`file:line` of every scalar in the cluster's files that contains a text."""
    return [
        _line(source, node)
        for source in files.merged_into(target)
        for node in _scalars(yaml_file.remembered(source.path))
        if text in node.value
    ]


def setters(files: InventoryFiles, target: str, path: tuple[str, ...]) -> list[str]:
    """`file:line` of every file of the cluster that sets a parameter, in merge order."""
    return [place for place, _ in layers(files, target, path)]


def layers(files: InventoryFiles, target: str, path: tuple[str, ...]) -> list[tuple[str, str | None]]:
    """The same, each with the text that stands there; None for a map or a list."""
    return [
        (_line(source, found[0]), found[1].value if isinstance(found[1], yaml.ScalarNode) else None)
        for source in files.merged_into(target)
        if (found := _entry(source, path))
    ]


def near(files: InventoryFiles, target: str, parent: tuple[str, ...], name: str) -> tuple[str, str] | None:
    """Key under `parent` that `name` may have been misspelt as, and its `file:line`."""
    found: dict[str, str] = {}
    for source in files.merged_into(target):
        node = entry(yaml_file.remembered(source.path), "parameters")[1]
        for part in parent:
            node = entry(node, part)[1]
        if isinstance(node, yaml.MappingNode):
            found.update({key.value: _line(source, key) for key, _ in node.value})
    # What something refers to is meant as it is written.
    for key in list(found):
        if mentions(files, target, f"${{{':'.join((*parent, key))}}}"):
            del found[key]
    close = difflib.get_close_matches(name, found, n=1, cutoff=0.6)
    return (close[0], found[close[0]]) if close else None


def _line(source: Source, node: yaml.Node) -> str:
    return f"{source.path}:{node.start_mark.line + 1}"


def _entry(source: Source, path: tuple[str, ...]) -> tuple[yaml.Node, yaml.Node | None] | None:
    """The nodes of the key that sets a parameter and of its value, None if this file does not set it."""
    key, node = None, entry(yaml_file.remembered(source.path), "parameters")[1]
    for name in path:
        key, node = entry(node, name)
    return (key, node) if key else None


def _scalars(node: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _scalars(item)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _scalars(key)
            yield from _scalars(value)
