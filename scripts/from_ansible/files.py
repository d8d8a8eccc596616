"""The YAML files of an Ansible inventory: values with the line that each was read from.

Ansible's own loader keeps the last of two equal keys and leaves vault values to be
decrypted later; here the first is a finding and the second stays closed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from components.inventory.plain_file import Unreadable, read_text
from components.inventory.yaml_file import compose, is_null

from .report import Report

VAULT = "$ANSIBLE_VAULT"
# What Ansible reads as YAML in group_vars and host_vars.
SUFFIXES = ("", ".yml", ".yaml", ".json")


@dataclass(frozen=True)
class Vault:
    """A value that ansible-vault encrypted."""


@dataclass(frozen=True)
class Tagged:
    """A value under a YAML tag that only a program knows."""

    tag: str


@dataclass
class Entry:
    """One value of a file. A map's value is {key: Entry}; `raw` is a scalar as it is written."""

    value: object
    place: str
    raw: str = ""
    children: dict[str, Entry] = field(default_factory=dict)

    @property
    def is_map(self) -> bool:
        return isinstance(self.value, dict)

    @property
    def is_empty(self) -> bool:
        return self.value is None


def read(path: Path, shown: str, report: Report) -> Entry:
    """The file as one Entry; an empty file is an empty map. Raises Unreadable."""
    text = read_text(path, shown).removeprefix("\ufeff")
    if text.startswith(VAULT):
        raise Unreadable(
            f"{shown}:1: ansible-vault encrypted the whole file. Decrypt it into a copy of the inventory "
            "(ansible-vault decrypt), and convert that"
        )
    root = compose(text, shown, tags=True)
    if root is None:
        return Entry({}, shown)
    if not isinstance(root, yaml.MappingNode) and not is_null(root):
        raise Unreadable(f"{shown}:{root.start_mark.line + 1}: the file must be a map of key: value lines")
    entry = _entry(root, shown, "", report)
    return Entry({}, shown) if entry.is_empty else entry


def leaves(entry: Entry, name: str = "") -> Iterator[tuple[str, Entry]]:
    """Every scalar or list below a map, with its dotted name."""
    if not entry.is_map:
        yield name, entry
    for key, child in entry.children.items():
        yield from leaves(child, f"{name}.{key}" if name else key)


def _entry(node: yaml.Node, shown: str, name: str, report: Report) -> Entry:
    place = f"{shown}:{node.start_mark.line + 1}"
    if isinstance(node, yaml.MappingNode):
        children: dict[str, Entry] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?"
            below = f"{name}.{key}" if name else key
            if key == "<<":
                raise Unreadable(
                    f"{shown}:{key_node.start_mark.line + 1}: {below}: merge keys are not read here. Write the keys out"
                )
            child = _entry(value_node, shown, below, report)
            child.place = f"{shown}:{key_node.start_mark.line + 1}"
            if key in children:
                report.finding(
                    child.place,
                    below,
                    f"the key is written twice, first at {children[key].place}; the last one counts, as for Ansible",
                    "Keep one of them",
                )
            children[key] = child
        return Entry({key: child.value for key, child in children.items()}, place, children=children)
    if isinstance(node, yaml.SequenceNode):
        return Entry([_entry(item, shown, name, report).value for item in node.value], place)
    if node.tag == "!vault" or node.tag == "!vault-encrypted" or node.value.startswith(VAULT):
        return Entry(Vault(), place)
    if node.tag == "!unsafe":
        return Entry(node.value, place, node.value)
    if not node.tag.startswith("tag:yaml.org,2002:"):
        return Entry(Tagged(node.tag), place)
    return Entry(_scalar(node), place, node.value)


def _scalar(node: yaml.Node) -> object:
    """A boolean, a number, null, or else the text as it is written (dates too)."""
    try:
        if node.tag.rpartition(":")[2] in ("bool", "int", "float", "null"):
            return yaml.constructor.SafeConstructor().construct_object(node)
    except (yaml.YAMLError, ValueError, LookupError):
        pass
    return node.value
