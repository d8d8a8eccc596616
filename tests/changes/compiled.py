"""Changes of an inventory (edits.yml), and what is compiled before and after each."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from components.cluster.read import cluster_of
from components.inventory.inventory import Inventory, Target
from components.review.side import Compiled
from tests.compiled.tree import Object, Tree, documents
from tests.compiled.workloads import workloads
from tests.engines.kubernetes.brokers import made_by_the_operator
from tests.inventory.targets import GUIDE, PROFILE, write_inventory
from tests.rendered import files_of

EDITS = Path(__file__).with_name("edits.yml")
#: The guide's machines, on its platform and on today's.
CLUSTERS = ("guide", "today")
#: All services, watched: for what the others have not.
FULL = "full"
_FULL_CLASSES = (
    *("today-machines", "hardware.full", "profile.full", "profile.influxdb", "profile.gui-v2", "scale.full"),
    "service.iotagent-lwm2m",
)
#: Kind, namespace and name of an object; in which file it is, and where, is of no interest.
Key = tuple[str, str, str]
_HOOK = "argocd.argoproj.io/hook"


@dataclass(frozen=True)
class Edit:
    """One change that people make in the page of a running cluster; edits.yml says what its fields mean."""

    name: str
    edit: Mapping[str, Any]
    cluster: str | None = None
    refused: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    restarts: tuple[str, ...] = ()
    says: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name

    @property
    def clusters(self) -> tuple[str, ...]:
        """Names of the clusters that it is made in."""
        return (self.cluster,) if self.cluster else CLUSTERS


def edits() -> list[Edit]:
    """All of edits.yml, in its order. TypeError for a field that no edit has."""
    found = yaml.safe_load(EDITS.read_text("utf-8"))
    return [
        Edit(**{key: tuple(value) if isinstance(value, list) else value for key, value in one.items()}) for one in found
    ]


def tree(cluster: str, edit: Mapping[str, Any] | None = None) -> Tree:
    """What is compiled for one of CLUSTERS, or FULL, once `edit` is made in its page, with its objects.

    `edit` maps paths below `parameters` (keys with dots between them) to values; null takes out what is there.
    `classes` maps classes of the page to those that come in their place.
    Raises Refused or InvalidInventory for an inventory that is refused, KeyError where nothing is there to take out.
    """
    target = _target(cluster, edit)
    files = {path: content.decode() for path, content in files_of(target).items()}
    return Tree(cluster_of(target), target.parameters, files, documents(files))


def side(cluster: str, edit: Mapping[str, Any] | None = None) -> Compiled:
    """The same as one side of a review."""
    target = _target(cluster, edit)
    return Compiled(files_of(target), cluster_of(target))


def side_of(found: Tree) -> Compiled:
    """The same, of what is compiled already."""
    return Compiled({path: text.encode() for path, text in found.files.items()}, found.cluster)


def _target(cluster: str, edit: Mapping[str, Any] | None) -> Target:
    inventory = Path(_folder(os.getpid()).name) / "inventory"
    page = _page(cluster, inventory)
    changes = dict(edit or {})
    others = changes.pop("classes", {})
    page["classes"] = [others.get(name, name) for name in page["classes"]]
    for path, value in changes.items():
        # A later path may lead into it.
        set_at(page["parameters"], path.split("."), deepcopy(value))
    # Of one name, because that is in what is compiled.
    (inventory / "targets" / f"{GUIDE.name}.yml").write_text(yaml.safe_dump(page, sort_keys=False), "utf-8")
    return Inventory.read(inventory).target(GUIDE.name)


@cache
def _folder(_process: int) -> tempfile.TemporaryDirectory[str]:
    """The inventory is written once for each process: its classes are then read once."""
    folder = tempfile.TemporaryDirectory(prefix="changes-")
    write_inventory(Path(folder.name), [])
    return folder


def _page(cluster: str, inventory: Path) -> dict[str, Any]:
    if cluster == FULL:
        return {"classes": list(_FULL_CLASSES), "parameters": {}}
    page = yaml.safe_load((inventory / "classes" / f"{cluster}-machines.yml").read_text("utf-8"))
    page["classes"].append(f"profile.{PROFILE}")
    return page


def set_at(parameters: dict[str, Any], path: list[str], value: Any) -> None:
    """`value` at this place; None takes out what is there, or raises KeyError."""
    *parents, last = path
    for name in parents:
        parameters = parameters.setdefault(name, {})
    if value is None:
        del parameters[last]
    else:
        parameters[last] = value


def compiled(cluster: str, edit: Mapping[str, Any] | None = None) -> dict[str, bytes]:
    """The same as files: path -> content."""
    return {path: text.encode() for path, text in tree(cluster, edit).files.items()}


def objects(found: Tree) -> dict[Key, Object]:
    """What Argo CD applies (but hooks, which it deletes first), and what the operator makes of the brokers."""
    everything = [one for _, one in found.manifests if _HOOK not in one["metadata"].get("annotations", {})]
    for workload in workloads(found):
        if workload.kind == "VerneMQ":
            everything += made_by_the_operator(workload)
    return {(one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]): one for one in everything}


def changed_objects(before: Tree, after: Tree) -> list[Object]:
    """Objects of `after` that `before` does not have so."""
    old = objects(before)
    return [one for key, one in objects(after).items() if one != old.get(key)]
