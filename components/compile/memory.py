"""What the last compile made of which files, so that the next one does only what is left to do.

Everything is known by its content: a cluster by a digest of all that it was made from (its files of the
inventory, the code, the locked packages, Python), its folder by a digest of what lies there now. No text of
a file is kept: a compile that cannot use its memory compiles, and a memory that is damaged is none.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from components.inventory import files_folder
from components.inventory.files import InventoryFiles
from components.inventory.plain_file import Unreadable, read_bytes
from components.inventory.source import Source

from .trees import digest_of_folder
from .written import NOTE

#: In the output; not committed.
MEMORY = ".remembered"
_FORMAT = 3
#: What makes a compile what it is, from the root of the repository, beside the inventory.
CODE = ("components", "scripts", "bootstrap")
SETTINGS = (".kapitan", "requirements.lock")
_OF_RECLASS = "reclass-config.yml"


@dataclass(frozen=True)
class Made:
    """A cluster's folder: `of` is all that it was made from, `tree` and `files` what it amounts to.

    `machines` are the addresses of its machines.
    """

    of: str
    tree: str
    files: int
    machines: tuple[str, ...]


class Memory:
    """Of the last compile that wrote this output; empty where it cannot be used."""

    def __init__(self, inventory: Path, output: Path):
        """The current folder must be the root of the repository."""
        self._inventory, self._output = inventory, output
        self._common = _digest_of_all(inventory)
        self._digests: dict[Path, str] = {}
        self._sources: dict[tuple[str, str], Source] = {}
        self._made: dict[str, Made] = {}
        #: All that the page of all clusters was made from, and what it amounts to.
        self._fleet: list[str] = []
        try:
            self._recall((output / MEMORY).read_bytes())
        except (OSError, ValueError, TypeError, LookupError, RecursionError):
            self._sources, self._made, self._fleet = {}, {}, []

    def source(self, path: Path) -> Source:
        """A file of the inventory, for InventoryFiles: as it was, where its content is the same."""
        try:
            content = _digest(read_bytes(path))
        except Unreadable as error:
            return Source(path, findings=(str(error),))
        self._digests[path] = content
        key = (self._name(path), content)
        if key not in self._sources:
            from components.inventory.reading import read

            found = read(path)
            if found.findings:
                return found
            self._sources[key] = found
        return self._sources[key]

    def keys(self, files: InventoryFiles, clusters: Iterable[str]) -> dict[str, str]:
        """A digest of all that each cluster is made from; `files` were read with source()."""
        shared = [self._common, _digest_of_files(self._inventory / "files")]
        for folder, folders, _ in os.walk(self._inventory / "contracts"):
            folders.sort()
            shared += [self._name(Path(folder)), _digest_of_files(Path(folder))]
        # Names that nothing refers to are refused, so that each class has a say for every cluster.
        shared += sorted({name for source in files.classes.values() for name in source.references})
        common = _digest(json.dumps(shared).encode())
        whole = [self._line(source.path) for source in files.classes.values()]
        classes: dict[tuple[str, ...], str] = {}
        found = {}
        for cluster in clusters:
            target = files.targets[cluster]
            included = tuple(name for name, _ in target.classes)
            if included not in classes:
                merged = files.merged_into(cluster)
                unknown = any("${" in name for source in merged for name, _ in source.classes)
                lines = whole if unknown else [self._line(source.path) for source in merged[:-1]]
                classes[included] = _digest("".join(lines).encode())
            found[cluster] = _digest(f"{common}{classes[included]}{cluster}\n{self._line(target.path)}".encode())
        return found

    def unchanged(self, keys: Mapping[str, str]) -> dict[str, int]:
        """Clusters whose folder is what would be compiled now, and the number of their files."""
        return {
            cluster: made.files
            for cluster, key in keys.items()
            if (made := self._made.get(cluster)) and made.of == key and made.tree == self._tree(cluster)
        }

    def machines(self) -> dict[str, tuple[str, ...]]:
        """Cluster -> addresses, of all clusters that are known."""
        return {name: each.machines for name, each in self._made.items()}

    def fleet(self, files: InventoryFiles, summaries: Mapping[str, bytes], page: bytes | None) -> list[str]:
        """A digest of all that the page of all clusters is made from, and one of the page."""
        whole = [self._common]
        for cluster, summary in summaries.items():
            whole += [cluster, _digest(summary), self._line(files.targets[cluster].path)]
        return [_digest(json.dumps(whole).encode()), _digest(page or b"")]

    def has_fleet(self, fleet: list[str]) -> bool:
        return self._fleet == fleet

    def write(self, bench: Path, touched: Collection[str], made: Mapping[str, Made], fleet: list[str]) -> None:
        """Of the clusters that were `made`, and of all that were not touched; the workshop has the note already."""
        known = {name: each for name, each in self._made.items() if name not in touched} | self._as_read(made)
        lines = [
            json.dumps({"format": _FORMAT, "of": self._common, "note": _digest_of(bench / NOTE)}),
            json.dumps(fleet),
        ]
        for path, content in self._digests.items():
            if source := self._sources.get((self._name(path), content)):
                lines.append(json.dumps([self._name(path), content, source.classes, sorted(source.references)]))
        lines.append("")
        lines += [json.dumps([name, each.of, each.tree, each.files, each.machines]) for name, each in known.items()]
        text = "".join(f"{line}\n" for line in lines).encode()
        (bench / MEMORY).write_bytes(text + _digest(text).encode())

    def _as_read(self, made: Mapping[str, Made]) -> dict[str, Made]:
        """Without those of whose files any was edited while they were compiled: nobody knows which text they got."""
        if _digest_of_all(self._inventory) != self._common:
            return {}
        files = InventoryFiles(self._inventory, self.source)
        now = self.keys(files, made.keys() & files.targets.keys())
        return {name: each for name, each in made.items() if now.get(name) == each.of}

    def _recall(self, content: bytes) -> None:
        text, _, check = content.rpartition(b"\n")
        text += b"\n"
        if check.decode() != _digest(text):
            return
        head, fleet, *lines = text.decode().split("\n")
        about = json.loads(head)
        if about != {"format": _FORMAT, "of": self._common, "note": _digest_of(self._output / NOTE)}:
            return
        self._fleet = json.loads(fleet)
        gap = lines.index("")
        for line in lines[:gap]:
            name, content_, classes, references = json.loads(line)
            path = self._inventory / name
            known = Source(path, tuple((written, number) for written, number in classes), frozenset(references))
            self._sources[name, content_] = known
        for line in filter(None, lines[gap:]):
            name, of, tree, files, machines = json.loads(line)
            self._made[name] = Made(of, tree, files, tuple(machines))

    def _tree(self, cluster: str) -> str | None:
        try:
            return digest_of_folder(self._output / cluster)
        except OSError:
            return None

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self._inventory))

    def _line(self, path: Path) -> str:
        return f"{self._name(path)}\0{self._digests[path]}\n"


def _digest_of_all(inventory: Path) -> str:
    """Of the code and its settings, the locked packages and Python."""
    found = [sys.version, sys.platform]
    for file in (*map(Path, SETTINGS), inventory / _OF_RECLASS):
        found.append(_digest(file.read_bytes()) if file.is_file() else "")
    for room in CODE:
        for folder, folders, names in os.walk(room):
            folders[:] = sorted(name for name in folders if name != "__pycache__")
            for name in sorted(names):
                path = os.path.join(folder, name)
                with open(path, "rb", buffering=0) as code:
                    found += [path, _digest(code.read())]
    return _digest(json.dumps(found).encode())


def _digest_of_files(folder: Path) -> str:
    """Of what containers are given as it is."""
    found = []
    for name in files_folder.names_in(folder):
        try:
            found += [name, _digest(read_bytes(folder / name))]
        except Unreadable as error:
            found += [name, str(error)]
    return _digest(json.dumps(found).encode())


def _digest_of(file: Path) -> str:
    whole = blake2b(digest_size=16)
    with file.open("rb") as stream:
        while part := stream.read(1 << 16):
            whole.update(part)
    return whole.hexdigest()


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=16).hexdigest()
