"""Reading one file of the inventory: which classes it includes, what it refers to, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from . import yaml_file
from .source import Source, suggest
from .plain_file import Unreadable, read_text
from .yaml_file import is_null

TOP_LEVEL = ("classes", "parameters")
#: ${cluster:name}, but not \${NAME}; references inside references are left alone.
REFERENCE = re.compile(r"(?<!\\)\$\{([^${}]+)\}")
_COMMENT = re.compile(r"^ *#.*$", re.MULTILINE)
# Hexadecimal, octal, binary: nothing after this sees more than the number.
_OTHER_BASE = re.compile(r"[-+]?0(x[0-9a-fA-F]+|o[0-7]+|b[01]+)")
_NUMBER = re.compile(r"[-+]?[0-9]{19,}")
# What reclass can hold.
_SMALLEST, _LARGEST = -(2**63), 2**64 - 1


def read(path: Path) -> Source:
    """A file, judged by itself."""
    try:
        text = read_text(path)
        # Kept for the merge, and for words about what is wrong with it.
        root = yaml_file.remembered(path)
    except Unreadable as error:
        return Source(path, findings=(str(error),))
    findings = [f"{path}{rest}" for rest in _findings(root)]
    return Source(path, tuple(_classes(root)), references_in(text), tuple(findings))


def references_in(text: str) -> frozenset[str]:
    """The parameters that a file refers to: cluster:name of ${cluster:name}."""
    return frozenset(REFERENCE.findall(_COMMENT.sub("", text)))


def entry(node: yaml.Node | None, name: str) -> tuple[yaml.Node | None, yaml.Node | None]:
    """The key node and the value node of one entry of a map, or of one item of a list."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            # ~key replaces instead of merging, =key is constant.
            if str(key.value).lstrip("~=") == name:
                return key, value
    if isinstance(node, yaml.SequenceNode) and name.isdigit() and int(name) < len(node.value):
        return node.value[int(name)], node.value[int(name)]
    return None, None


def _findings(root: yaml.Node | None) -> Iterator[str]:
    """What stands after the name of the file: its line first."""
    if root is None:
        return
    if not isinstance(root, yaml.MappingNode):
        yield f"{_at(root)}: the file must be a map. Its keys are {' and '.join(TOP_LEVEL)}"
        return
    for key, value in root.value:
        if key.value not in TOP_LEVEL:
            # Reclass would drop the whole block without a word.
            yield f"{_at(key)}: {key.value}: unknown top-level key. {suggest(key.value, TOP_LEVEL)}"
        elif key.value == "parameters" and not (isinstance(value, yaml.MappingNode) or is_null(value)):
            yield f"{_at(key)}: parameters: must be a map. Write key: value lines"
        elif key.value == "classes" and not (is_null(value) or _is_list_of_names(value)):
            yield f"{_at(value)}: classes: must be a list of names. Write - name lines"
    yield from _value_findings(root, "")


def _value_findings(node: yaml.Node, path: str) -> Iterator[str]:
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _value_findings(item, f"{path}[{index}]")
    elif isinstance(node, yaml.ScalarNode):
        yield from _number_findings(node, path)
    else:
        lines: dict[str, int] = {}
        for key, value in node.value:
            name = str(key.value)
            here = f"{path}.{name}" if path else name
            if name in lines:
                yield f"{_at(key)}: {here}: the key is written twice, first in line {lines[name]}. Keep one of them"
            lines.setdefault(name, key.start_mark.line + 1)
            yield from _number_findings(key, here)
            yield from _value_findings(value, here)


def _number_findings(node: yaml.ScalarNode, path: str) -> Iterator[str]:
    if node.style:
        return
    if _OTHER_BASE.fullmatch(node.value):
        number = int(node.value, 0)
        yield (
            f"{_at(node)}: {path} = {node.value}: this is the number {number}. "
            f"Write {number}, or '{node.value}' with its quotes"
        )
    # Python refuses to read a number of more than 4,300 digits at all.
    elif _NUMBER.fullmatch(node.value) and (len(node.value) > 21 or not _SMALLEST <= int(node.value) <= _LARGEST):
        shown = node.value if len(node.value) <= 40 else f"{node.value[:37]}..."
        yield (
            f"{_at(node)}: {path} = {shown}: this number has more than 64 bits. "
            "Write a smaller one, or put it in quotes if it is a text"
        )


def _classes(root: yaml.Node | None) -> Iterator[tuple[str, int]]:
    node = entry(root, "classes")[1]
    if node is not None and _is_list_of_names(node):
        yield from ((item.value, item.start_mark.line + 1) for item in node.value)


def _is_list_of_names(node: yaml.Node) -> bool:
    return isinstance(node, yaml.SequenceNode) and all(isinstance(item, yaml.ScalarNode) for item in node.value)


def _at(node: yaml.Node) -> str:
    return f":{node.start_mark.line + 1}"
