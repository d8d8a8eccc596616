"""Clusters of an inventory as make compile reads and renders them, inside this process."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from components.cluster import read
from components.cluster.types import Cluster
from components.compile import render, trees
from components.inventory.dot_kapitan import Output
from components.inventory.inventory import Inventory, Target

ROOT = Path(__file__).resolve().parent.parent


@lru_cache
def committed() -> Inventory:
    return Inventory.read(ROOT / "inventory")


@lru_cache
def target_of(name: str) -> Target:
    """What the committed inventory says about a cluster."""
    return committed().target(name)


@lru_cache
def cluster_of(name: str) -> Cluster:
    return read.cluster_of(target_of(name))


def files_of(target: Target) -> dict[str, bytes]:
    """All files of a cluster."""
    return render.files(read.cluster_of(target), target.faces, Output())


def write(target: Target, folder: Path) -> None:
    """Its files, as `folder`/<cluster>."""
    trees.write(folder / target.name, files_of(target))
