"""The inventory as files: what each one says and where, before reclass merges them.

Reclass reports one error at a time and without a line, keeps silent about a
misspelt top-level key, and crashes on a loop of classes. So the files are looked
at first, and what reclass then still refuses is traced to its file here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from .class_names import SUFFIXES, file_of, meant, name_of
from .source import Source, suggest


class InventoryFiles:
    """All targets and classes under one inventory folder, and what is wrong with them.

    `findings` are ready lines; while there are any, the inventory must not be
    given to reclass.
    """

    def __init__(self, folder: Path, read: Callable[[Path], Source] | None = None):
        """`read` may remember what a file said the last time; None: it is read."""
        self.folder = folder
        self.findings: list[str] = []
        self._read_file = read or _read
        self.targets = self._read("targets", lambda path: path.stem)
        self.classes = self._read("classes", name_of)
        self._check_classes()
        if not self.targets and not self.findings:
            self._find(f"{folder / 'targets'}: there is no cluster here. Add a file <cluster>.yml")

    def merged_into(self, target: str) -> list[Source]:
        """The files that make up a cluster, in the order reclass merges them: the last wins."""
        order: list[Source] = []
        seen: set[str] = set()

        def visit(source: Source, name: str) -> None:
            for child in self._included(source, name):
                if child not in seen:
                    seen.add(child)
                    visit(self.classes[child], child)
            order.append(source)

        if target in self.targets:
            visit(self.targets[target], "")
        return order

    def _find(self, line: str) -> None:
        self.findings.append(line)

    def _read(self, room: str, name_of: Callable[[Path], str]) -> dict[str, Source]:
        root = self.folder / room
        if not root.is_dir():
            self._find(f"{root}: no such folder. The inventory needs targets/ and classes/")
            return {}
        found: dict[str, Source] = {}
        for path in self._yaml_files(root):
            name = name_of(path.relative_to(root))
            if other := found.get(name):
                self._find(f"{path}: {other.path} has the name {name} too. Rename one of them")
                continue
            found[name] = self._read_file(path)
            self.findings += found[name].findings
        return found

    def _yaml_files(self, root: Path) -> list[Path]:
        """All that has the name of a YAML file, whatever it is."""

        def unreadable(error: OSError) -> None:
            self._find(f"{error.filename}: the folder cannot be read ({error.strerror}). Put it right, or remove it")

        return sorted(
            Path(folder, name)
            for folder, folders, files in os.walk(root, onerror=unreadable)
            for name in [*folders, *files]
            if name.endswith(SUFFIXES)
        )

    def _included(self, source: Source, name: str) -> Iterator[str]:
        """The classes that a file includes, `name` being its own; what only reclass can tell is left out."""
        for written, _ in source.classes:
            child = meant(written, name)
            if child in self.classes:
                yield child

    def _check_classes(self) -> None:
        for name, source in [*(("", source) for source in self.targets.values()), *self.classes.items()]:
            for written, line in source.classes:
                child = meant(written, name)
                if child is None or child in self.classes:
                    continue
                self._find(
                    f"{source.path}:{line}: classes: {written}: there is no such class "
                    f"({file_of(self.folder / 'classes', child)}). {suggest(child, self.classes)}"
                )
        for loop in self._loops():
            source = self.classes[loop[0]]
            line = next(line for written, line in source.classes if meant(written, loop[0]) == loop[1])
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
                for child in self._included(self.classes[name], name):
                    visit(child, [*trail, name])
                done.add(name)

        for name in sorted(self.classes):
            visit(name, [])
        return loops


def _read(path: Path) -> Source:
    # A compile of what has not changed needs no YAML.
    from .reading import read

    return read(path)
