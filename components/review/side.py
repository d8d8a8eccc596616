"""One side of a change: the work tree, or a commit, with the inventory as files and the way to each cluster."""

from __future__ import annotations

import contextlib
import io
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from git import Commit, GitCommandError, Repo

from components.cluster import InvalidInventory, read
from components.cluster.types import Cluster
from components.compile import render
from components.compile.memory import CODE, SETTINGS, Memory
from components.inventory import dot_kapitan
from components.inventory.files import InventoryFiles
from components.inventory.inventory import INVENTORY, Inventory
from components.inventory.refused import Refused

COMPILED = "compiled"
# The parts of a tree that a compile depends on, beside the inventory.
_CODE = (*CODE, *SETTINGS)


@dataclass(frozen=True)
class Compiled:
    """A cluster on one side. Without `files` it is not there, or refused, and `findings` says why.

    `cluster` is None where the present code cannot read that inventory; `findings` says why then, too.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    cluster: Cluster | None = None
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Side:
    """`committed` has the files of compiled/ by cluster where other code made them; else they are compiled.

    `keys` has a digest of all that a cluster is made of, by cluster: the same digest, the same cluster.
    """

    label: str
    inventory: Path
    files: InventoryFiles
    keys: Mapping[str, str]
    committed: Mapping[str, Mapping[str, bytes]] | None

    @property
    def refused(self) -> bool:
        """Can no cluster be read?"""
        return bool(self.files.findings)

    @property
    def clusters(self) -> frozenset[str]:
        return frozenset(self.files.targets) | frozenset(self.committed or ())

    def compiled(self, name: str) -> Compiled:
        """A cluster of this side. Raises FaceFailed."""
        stored = (self.committed or {}).get(name, {})
        if name not in self.files.targets:
            return Compiled(stored, findings=("it has no target in the inventory",) if stored else ())
        try:
            target = Inventory.of(self.files).target(name)
            faces = target.faces
            cluster = read.cluster_of(target)
        except (InvalidInventory, Refused) as refusal:
            return Compiled(stored, findings=tuple(self.named(line) for line in refusal.lines))
        if self.committed is not None:
            return Compiled(stored, cluster)
        return Compiled(render.files(cluster, faces, dot_kapitan.output()), cluster)

    def named(self, line: str) -> str:
        """A finding with the paths that its reader knows."""
        return line.replace(f"{self.inventory}/", f"{INVENTORY}/")


def of_work_tree() -> Side:
    """What the inventory says now, committed or not. The current folder must be the root of the repository."""
    files, keys = read_inventory(INVENTORY)
    return Side("the work tree", INVENTORY, files, keys, None)


@contextlib.contextmanager
def of_commit(repo: Repo, commit: Commit, label: str, scratch: Path) -> Iterator[Side]:
    """A commit's side, its inventory written into `scratch`. Its compiled/ is taken where its code is not today's."""
    folder = scratch / commit.hexsha
    _extract(repo, commit, str(INVENTORY), folder)
    files, keys = read_inventory(folder / INVENTORY)
    side = Side(label, folder / INVENTORY, files, keys, None)
    yield side if _same_code(repo, commit) else replace(side, committed=_committed(repo, commit))


def read_inventory(inventory: Path) -> tuple[InventoryFiles, dict[str, str]]:
    """An inventory's files, and the keys of its clusters; none while its files have findings."""
    memory = Memory(inventory, inventory / "no output")
    files = InventoryFiles(inventory, memory.source)
    return files, {} if files.findings else memory.keys(files, files.targets)


def _same_code(repo: Repo, commit: Commit) -> bool:
    """Has the work tree the commit's code, and nothing beside it?"""
    try:
        repo.git.diff("--quiet", commit.hexsha, "--", *_CODE)
    except GitCommandError:
        return False
    return not repo.git.ls_files("--others", "--exclude-standard", "--", *_CODE)


def _committed(repo: Repo, commit: Commit) -> dict[str, dict[str, bytes]]:
    found: dict[str, dict[str, bytes]] = {}
    with _archive(repo, commit, COMPILED) as archive:
        for member in archive or ():
            parts = Path(member.name).parts
            stream = archive.extractfile(member) if archive and member.isfile() else None
            # Files beside the clusters' folders are a compile's own.
            if stream and len(parts) > 2:
                found.setdefault(parts[1], {})["/".join(parts[2:])] = stream.read()
    return found


def _extract(repo: Repo, commit: Commit, path: str, folder: Path) -> None:
    with _archive(repo, commit, path) as archive:
        if archive:
            archive.extractall(folder, filter="data")


@contextlib.contextmanager
def _archive(repo: Repo, commit: Commit, path: str) -> Iterator[tarfile.TarFile | None]:
    """A folder of a commit; None where it has none."""
    try:
        # Attributes of the work tree have no say in what a commit holds.
        content = repo.git.archive(commit.hexsha, path, format="tar", stdout_as_string=False)
    except GitCommandError:
        yield None
        return
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        yield archive
