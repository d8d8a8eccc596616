"""What is known of images (images.yml), and the containers that run them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from tests.compiled.tree import Object, Tree
from tests.compiled.workloads import Workload, workloads


@cache
def facts() -> Mapping[str, Any]:
    return yaml.safe_load((Path(__file__).parent / "images.yml").read_text("utf-8"))


@dataclass(frozen=True)
class Running:
    """A container, and what is known of its image."""

    workload: Workload
    container: Object
    known: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.workload}: container {self.container['name']}"

    @property
    def command(self) -> str:
        return " ".join((*self.container.get("command", ()), *self.container.get("args", ())))

    def variable(self, name: str) -> str | None:
        return next((one.get("value") for one in self.container.get("env", ()) if one["name"] == name), None)

    @property
    def user(self) -> int:
        return self.container["securityContext"]["runAsUser"]

    def place(self, write: Mapping[str, Any]) -> str:
        """Where a path of the facts is for this container."""
        moved = self.variable(write["moved_by"]) if "moved_by" in write else None
        home = self.variable("HOME") or self.known.get("homes", {}).get(self.user, "/")
        return moved or re.sub("^~", home.rstrip("/"), write["path"])

    def volume(self, path: str) -> tuple[Object, Object] | None:
        """(mount, volume) of the innermost mount that covers a path; a claim's template counts as volume."""
        covering = [
            mount
            for mount in self.container.get("volumeMounts", ())
            if PurePosixPath(path).is_relative_to(mount["mountPath"])
        ]
        if not covering:
            return None
        mount = max(covering, key=lambda one: len(one["mountPath"]))
        named = {one["name"]: one for one in self.workload.spec.get("volumes", ())}
        return mount, named.get(mount["name"], {"persistentVolumeClaim": {}})

    def may_write(self, write: Mapping[str, Any]) -> bool:
        path = self.place(write)
        mounted = self.volume(path)
        if mounted:
            mount, volume = mounted
            return not mount.get("readOnly") and bool({"emptyDir", "persistentVolumeClaim"} & set(volume))
        context = self.container["securityContext"]
        if context.get("readOnlyRootFilesystem"):
            return False
        if self.variable(write.get("moved_by", "")):
            return self.user == 0  # what the facts say is of another place
        owner, _, group = write.get("owner", "0").partition(":")
        return write.get("anyone", False) or str(self.user) == owner or str(context["runAsGroup"]) == group


def running(tree: Tree) -> Iterator[Running]:
    """Every container whose image was read."""
    keys: dict[str, str] = {}
    for key, image in tree.parameters["release"]["images"].items():
        if key in facts()["read"]:
            keys[image] = key
    for workload in workloads(tree):
        for container in workload.containers:
            if container["image"] in keys:
                yield Running(workload, container, facts()["read"][keys[container["image"]]])
