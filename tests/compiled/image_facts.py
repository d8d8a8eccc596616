"""The contracts of inventory/contracts, read without the model, and the containers that run their images."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from tests.compiled.tree import Object, Tree
from tests.compiled.workloads import Workload, broker_config, workloads

FOLDER = Path(__file__).resolve().parents[2] / "inventory/contracts"


@cache
def contract(name: str) -> Mapping[str, Any]:
    """The facts of a file, with those of the files that it is like."""
    own = yaml.safe_load((FOLDER / f"{name}.yml").read_text("utf-8"))
    whole = dict(contract(own["like"])) if "like" in own else {}
    for key, value in own.items():
        before = whole.get(key)
        if isinstance(before, dict) and isinstance(value, dict):
            whole[key] = before | value
        else:
            whole[key] = before + value if isinstance(before, list) and isinstance(value, list) else value
    return whole


def contract_of(image: str) -> Mapping[str, Any] | None:
    """By the longest end of an image's name that has a file; None where its tag was not read."""
    name, tag = image.split("@", 1) if "@" in image else image.rsplit(":", 1)
    parts = name.split("/")
    for start in range(len(parts)):
        for end in (f"@{tag}", ""):
            file = "/".join(parts[start:]) + end
            if (FOLDER / f"{file}.yml").is_file():
                known = contract(file)
                return known if tag in known["tags"] and "unread" not in known else None
    return None


@dataclass(frozen=True)
class Running:
    """A container, and what is known of its image."""

    workload: Workload
    container: Object
    known: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.workload}: container {self.container['name']}"

    @property
    def main(self) -> bool:
        """It runs on, and by the image's own program."""
        return self.workload.runs_on

    @property
    def command(self) -> str:
        return " ".join((*self.container.get("command", ()), *self.container.get("args", ())))

    @property
    def env(self) -> list[Object]:
        return self.container.get("env", [])

    def variable(self, name: str | None) -> str | None:
        return next((one.get("value") for one in self.env if one["name"] == name), None)

    def has(self, name: str) -> bool:
        return any(one["name"] == name for one in self.env)

    @property
    def user(self) -> int:
        return self.container["securityContext"]["runAsUser"]

    def reads(self, name: str) -> bool:
        """Whether the image says that it reads a variable."""
        read = self.known.get("variables", {}).values()
        return any(fnmatchcase(name, known) for names in read for known in names)

    def place(self, write: Mapping[str, Any]) -> str:
        """Where a path of the facts is for this container."""
        home = self.variable("HOME") or self.known.get("homes", {}).get(self.user, "/")
        return self.variable(write.get("moved_by")) or re.sub("^~", home.rstrip("/"), write["path"])

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
        mounted = self.volume(self.place(write))
        if mounted:
            mount, volume = mounted
            return not mount.get("readOnly") and bool({"emptyDir", "persistentVolumeClaim"} & set(volume))
        context = self.container["securityContext"]
        if context.get("readOnlyRootFilesystem"):
            return False
        if self.variable(write.get("moved_by")):
            return self.user == 0  # what the facts say is of another place
        owner, _, group = write.get("owner", "0:0").partition(":")
        theirs = write.get("group_writes") and str(context["runAsGroup"]) == group
        return bool(write.get("anyone") or str(self.user) == owner or theirs)

    def opened(self) -> set[int]:
        """Every number that anything which may move a port speaks of, and the defaults of what nothing moves."""
        found: set[int] = set()
        for opening in self.known.get("opens", ()):
            texts = [self.variable(opening.get("variable"))]
            texts += re.findall(rf"{re.escape(opening.get('argument', chr(0)))}[= ](\S+)", self.command)
            if "setting" in opening:
                texts += [broker_config(self.workload.found), str(self.workload.found["spec"].get("config"))]
            told = [text for text in texts if text]
            found |= {int(number) for text in told for number in re.findall(r"\d+", text)}
            if not told and "port" in opening:
                found.add(opening["port"])
        return found


def running(tree: Tree) -> Iterator[Running]:
    """Every container whose image was read."""
    for workload in workloads(tree):
        for container in workload.containers:
            if (known := contract_of(container["image"])) is not None:
                yield Running(workload, container, known)
