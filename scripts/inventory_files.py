"""The inventory as files: what each one says and where, before reclass merges them.

Reclass reports one error at a time and without a line, keeps silent about a
misspelt top-level key, and crashes on a loop of classes. So the files are looked
at first, and what reclass then still refuses is traced to its file here.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

TOP_LEVEL = ("classes", "parameters")
# Hexadecimal, octal, binary: nothing after this sees more than the number.
_OTHER_BASE = re.compile(r"[-+]?0(x[0-9a-fA-F]+|o[0-7]+|b[01]+)")


@dataclass
class SourceFile:
    """One YAML file of the inventory: a target or a class, by the name reclass gives it."""

    name: str
    path: Path
    root: yaml.Node | None = None
    classes: list[tuple[str, int]] = field(default_factory=list)

    def line(self, node: yaml.Node | None = None) -> str:
        """`file:line` of a node, or the file alone."""
        return f"{self.path}:{node.start_mark.line + 1}" if node else str(self.path)

    def key(self, path: tuple[str, ...]) -> yaml.Node | None:
        """The node of the key that sets a parameter, None if this file does not set it."""
        key, node = None, _entry(self.root, "parameters")[1]
        for name in path:
            key, node = _entry(node, name)
        return key


class InventoryFiles:
    """All targets and classes under one inventory folder, and what is wrong with them.

    `findings` are ready lines; while there are any, the inventory must not be
    given to reclass.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.findings: list[str] = []
        self.targets = self._read("targets", lambda path: path.stem)
        self.classes = self._read("classes", _class_name)
        self._check_classes()
        if not self.targets and not self.findings:
            self._find(f"{folder / 'targets'}: there is no cluster here. Add a file <cluster>.yml")

    def merged_into(self, target: str) -> list[SourceFile]:
        """The files that make up a cluster, in the order reclass merges them: the last wins."""
        order: list[SourceFile] = []
        seen: set[str] = set()

        def visit(source: SourceFile) -> None:
            for name, _ in source.classes:
                if name in self.classes and name not in seen:
                    seen.add(name)
                    visit(self.classes[name])
            order.append(source)

        if target in self.targets:
            visit(self.targets[target])
        return order

    def mentions(self, target: str, text: str) -> list[str]:
        """`file:line` of every scalar in the cluster's files that contains a text."""
        return [
            source.line(node)
            for source in self.merged_into(target)
            for node in _scalars(source.root)
            if text in node.value
        ]

    def setters(self, target: str, path: tuple[str, ...]) -> list[str]:
        """`file:line` of every file of the cluster that sets a parameter, in merge order."""
        return [source.line(key) for source in self.merged_into(target) if (key := source.key(path))]

    def near(self, target: str, parent: tuple[str, ...], name: str) -> tuple[str, str] | None:
        """Key under `parent` that `name` may have been misspelt as, and its `file:line`."""
        found: dict[str, str] = {}
        for source in self.merged_into(target):
            node = _entry(source.root, "parameters")[1]
            for part in parent:
                node = _entry(node, part)[1]
            if isinstance(node, yaml.MappingNode):
                found.update({key.value: source.line(key) for key, _ in node.value})
        # What something refers to is meant as it is written.
        for key in list(found):
            if self.mentions(target, f"${{{':'.join((*parent, key))}}}"):
                del found[key]
        close = difflib.get_close_matches(name, found, n=1, cutoff=0.6)
        return (close[0], found[close[0]]) if close else None

    def _find(self, line: str) -> None:
        self.findings.append(line)

    def _read(self, room: str, name_of: Callable[[Path], str]) -> dict[str, SourceFile]:
        root = self.folder / room
        if not root.is_dir():
            self._find(f"{root}: no such folder. The inventory needs targets/ and classes/")
            return {}
        sources: dict[str, SourceFile] = {}
        for path in sorted(root.rglob("*")):
            if path.suffix not in (".yml", ".yaml") or not path.is_file():
                continue
            source = SourceFile(name_of(path.relative_to(root)), path)
            if other := sources.get(source.name):
                self._find(f"{path}: {other.path} has the name {source.name} too. Rename one of them")
                continue
            sources[source.name] = source
            self._parse(source)
        return sources

    def _parse(self, source: SourceFile) -> None:
        try:
            text = source.path.read_bytes().decode("utf-8")
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            self._find(f"{source.path}:{line}: the file is not UTF-8. Save it as UTF-8")
            return
        try:
            source.root = yaml.compose(text, Loader=Loader)
        except yaml.MarkedYAMLError as error:
            self._find(_yaml_error(source.path, text, error))
            return
        except yaml.YAMLError as error:
            self._find(f"{source.path}: not valid YAML: {' '.join(str(error).split())}")
            return
        if source.root is None:
            return
        if not isinstance(source.root, yaml.MappingNode):
            self._find(f"{source.line(source.root)}: the file must be a map. Its keys are {' and '.join(TOP_LEVEL)}")
            source.root = None
            return
        self._check_keys(source)
        self._check_entries(source, source.root)
        source.classes = self._class_list(source)

    def _check_keys(self, source: SourceFile) -> None:
        for key, value in source.root.value:
            if key.value not in TOP_LEVEL:
                # Reclass would drop the whole block without a word.
                self._find(f"{source.line(key)}: {key.value}: unknown top-level key. {_suggest(key.value, TOP_LEVEL)}")
            elif key.value == "parameters" and not _is_map_or_empty(value):
                self._find(f"{source.line(key)}: parameters: must be a map. Write key: value lines")

    def _check_entries(self, source: SourceFile, node: yaml.Node, path: str = "") -> None:
        if isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                self._check_entries(source, item, f"{path}[{index}]")
        if isinstance(node, yaml.ScalarNode) and not node.style and _OTHER_BASE.fullmatch(node.value):
            number = int(node.value, 0)
            self._find(
                f"{source.line(node)}: {path} = {node.value}: this is the number {number}. "
                f"Write {number}, or '{node.value}' with its quotes"
            )
        if not isinstance(node, yaml.MappingNode):
            return
        lines: dict[str, int] = {}
        for key, value in node.value:
            name = str(key.value)
            here = f"{path}.{name}" if path else name
            if name in lines:
                self._find(
                    f"{source.line(key)}: {here}: the key is written twice, first in line "
                    f"{lines[name]}. Keep one of them"
                )
            lines.setdefault(name, key.start_mark.line + 1)
            self._check_entries(source, value, here)

    def _class_list(self, source: SourceFile) -> list[tuple[str, int]]:
        node = _entry(source.root, "classes")[1]
        if node is None or _is_null(node):
            return []
        if not isinstance(node, yaml.SequenceNode) or not all(isinstance(item, yaml.ScalarNode) for item in node.value):
            self._find(f"{source.line(node)}: classes: must be a list of names. Write - name lines")
            return []
        return [(item.value, item.start_mark.line + 1) for item in node.value]

    def _check_classes(self) -> None:
        for source in [*self.targets.values(), *self.classes.values()]:
            for name, line in source.classes:
                # Names relative to the file, or made of a reference, are left to reclass.
                if name in self.classes or name.startswith(".") or "${" in name:
                    continue
                file = self.folder / "classes" / f"{name.replace('.', '/')}.yml"
                self._find(
                    f"{source.path}:{line}: classes: {name}: there is no such class ({file}). "
                    f"{_suggest(name, self.classes)}"
                )
        for loop in self._loops():
            source = self.classes[loop[0]]
            line = next(line for name, line in source.classes if name == loop[1])
            self._find(
                f"{source.path}:{line}: classes: {loop[1]}: the classes include one another in a "
                f"loop ({' > '.join(loop)}). Remove one of these lines"
            )

    def _loops(self) -> list[list[str]]:
        loops: list[list[str]] = []
        done: set[str] = set()

        def visit(name: str, trail: list[str]) -> None:
            if name in trail:
                loops.append([*trail[trail.index(name) :], name])
            elif name not in done:
                for child, _ in self.classes[name].classes:
                    if child in self.classes:
                        visit(child, [*trail, name])
                done.add(name)

        for name in sorted(self.classes):
            visit(name, [])
        return loops


def _class_name(path: Path) -> str:
    """The name of a class: dots for folders, `folder/init.yml` stands for the folder."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "init" and len(parts) > 1 else parts)


def _entry(node: yaml.Node | None, name: str) -> tuple[yaml.Node | None, yaml.Node | None]:
    """The key node and the value node of one entry of a map, or of one item of a list."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            # ~key replaces instead of merging, =key is constant.
            if str(key.value).lstrip("~=") == name:
                return key, value
    if isinstance(node, yaml.SequenceNode) and name.isdigit() and int(name) < len(node.value):
        return node.value[int(name)], node.value[int(name)]
    return None, None


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


def _is_null(node: yaml.Node) -> bool:
    return node.tag == "tag:yaml.org,2002:null"


def _is_map_or_empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.MappingNode) or _is_null(node)


def _suggest(name: str, known) -> str:
    if near := difflib.get_close_matches(name, list(known), n=1):
        return f"Did you mean {near[0]}?"
    if 0 < len(known) <= 5:
        return f"Known are {', '.join(known)}"
    return "Add the file, or remove the line"


def _yaml_error(path: Path, text: str, error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    begun = error.context_mark
    context = ""
    if error.context and begun and begun.line != mark.line:
        context = f" {error.context} that begins in line {begun.line + 1}"
    lines = text.splitlines()
    at = lines[mark.line] if mark.line < len(lines) else ""
    way_out = "Correct the syntax here or in the lines above"
    if "another document" in str(error.problem):
        return f"{path}:{mark.line + 1}: a second document begins here. Remove the --- line"
    if at[: mark.column + 1].strip(" ").startswith("\t"):
        way_out = "Indent with spaces, not with tabs"
    return f"{path}:{mark.line + 1}:{mark.column + 1}: not valid YAML: {error.problem}{context}. {way_out}"
