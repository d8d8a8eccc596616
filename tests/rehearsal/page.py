"""The cluster's page edited while it runs, as operators do: compiled, copied to the hosts, merged."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from components.cluster.read import cluster_of
from components.inventory.inventory import Inventory
from components.review.compare import reviewed
from components.review.side import Compiled
from components.review.types import HostStep
from tests.changes.compiled import set_at
from tests.engines.bootstrap.site import COMPILED
from tests.rehearsal.cluster import RehearsedCluster
from tests.rehearsal.hosts import NodeHost
from tests.rendered import ROOT, files_of, write


def edit(made: RehearsedCluster, changes: Mapping[str, Any], classes: Sequence[str] = ()) -> tuple[HostStep, ...]:
    """From now on the cluster is that of the committed page with these changes; nothing of it is merged yet.

    `changes` maps paths below `parameters` to values, `classes` come behind the page's own. Every host has the new
    compiled folder. Returns the steps that a review names. Raises Refused or InvalidInventory.
    """
    before = Compiled(
        {
            str(path.relative_to(made.site.compiled)): path.read_bytes()
            for path in made.site.compiled.rglob("*")
            if path.is_file()
        },
        made.cluster,
    )
    folder = made.site.folder / "page"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "inventory", folder / "inventory")
    path = folder / "inventory" / "targets" / f"{made.cluster.name}.yml"
    page = yaml.safe_load(path.read_text("utf-8"))
    page["classes"] += classes
    for place, value in changes.items():
        set_at(page["parameters"], place.split("."), value)
    path.write_text(yaml.safe_dump(page, sort_keys=False), "utf-8")
    target = Inventory.read(folder / "inventory").target(made.cluster.name)
    write(target, folder / "compiled")
    made.cluster = made.site.cluster = cluster_of(target)
    made.site.compiled = folder / "compiled" / made.cluster.name
    for host in made.site.hosts.values():
        copy(made, host)
    return reviewed(made.cluster.name, before, Compiled(files_of(target), made.cluster)).steps


def copy(made: RehearsedCluster, host: NodeHost) -> None:
    """The compiled folder, onto a host that runs."""
    for path, text in made.site.carried().items():
        host.put(f"{COMPILED}/{path}", text)


def merge(made: RehearsedCluster, what: str) -> None:
    """Into the repository that Argo CD follows, and it has looked."""
    made.repository.put(made.site.compiled, f"compiled/{made.cluster.name}")
    made.repository.commit(what)
    made.asked_anew()
