"""Targets of this folder, rendered on top of the guide's cluster.

A copy of the inventory's classes holds the fixtures as targets. In it, two classes
stand for the guide's cluster: `guide` is the whole of it, `guide-machines` all but the
profile, for fixtures that bring their own: one service where no more is needed,
because each costs time. (`today` and `today-machines` differ by the platform.) All are files of this folder, so that a fork may edit its
targets and profiles. `# without: CLASS` in a fixture gives it a profile of its own
name: the load test's, with that line deleted.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from components.cluster import load
from components.cluster.types import Cluster
from components.inventory.inventory import Inventory
from components.inventory.origin import Origin

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
PROFILE = "load-test"


@dataclass(frozen=True)
class Fixture:
    """One target file. `said` holds what its comments state: keyword -> texts, in order."""

    name: str
    text: str
    said: dict[str, list[str]] = field(default_factory=dict, hash=False, compare=False)

    def __str__(self) -> str:
        return self.name


GUIDE = Fixture("dojot-100k", "classes: [guide]\n")
#: The same machines on today's platform.
TODAY = Fixture("dojot-100k-current", "classes: [today]\n")
#: The guide's cluster, watched, as its profile has it.
WATCHED = Fixture(
    "dojot-100k",
    "classes: [guide, monitoring, service.kafka-exporter, service.postgres-exporter]\n"
    "parameters: {backup: {enabled: true}, load_balancer: {follow: {enabled: true}}, "
    "platform: {operating_system: {node_exporter: {package: prometheus-node-exporter, port: 9100}}}}\n",
)
#: All services.
FULL = Fixture(
    "dojot-full", "classes: [today-machines, hardware.full, profile.full, profile.influxdb, profile.gui-v2, scale.full]\n"
)


def fixtures(folder: str) -> list[Fixture]:
    """The target files of tests/inventory/`folder`, by name."""
    return [fixture(path) for path in sorted((HERE / folder).glob("*.yml"))]


def fixture(path: Path) -> Fixture:
    text = path.read_text(encoding="utf-8")
    said: dict[str, list[str]] = {}
    for keyword, value in re.findall(r"^# ([a-z]+): (.+)$", text, re.MULTILINE):
        said.setdefault(keyword, []).append(value)
    return Fixture(path.stem, text, said)


def write_inventory(folder: Path, targets: list[Fixture]) -> Path:
    """Make `folder`/inventory with these targets; returns its path."""
    inventory = folder / "inventory"
    classes = inventory / "classes"
    for part in ("classes", "contracts", "files"):
        shutil.copytree(ROOT / "inventory" / part, inventory / part)
    shutil.copytree(HERE / "files", inventory / "files", dirs_exist_ok=True)
    (inventory / "targets").mkdir()

    machines = (HERE / "guide-machines.yml").read_text(encoding="utf-8")
    assert machines.count("platform.guide\n") == 1
    for name, platform in (("guide", "guide"), ("today", "current")):
        text = machines.replace("platform.guide\n", f"platform.{platform}\n")
        (classes / f"{name}-machines.yml").write_text(text, encoding="utf-8")
        (classes / f"{name}.yml").write_text(f"classes: [{name}-machines, profile.{PROFILE}]\n", encoding="utf-8")

    profile = (HERE / "profile.yml").read_text(encoding="utf-8")
    (classes / "profile" / f"{PROFILE}.yml").write_text(profile, encoding="utf-8")
    for target in targets:
        (inventory / "targets" / f"{target.name}.yml").write_text(target.text, encoding="utf-8")
        shorter = profile
        for name in target.said.get("without", ()):
            assert shorter.count(f"  - {name}\n") == 1, f"{target.name}: the profile has no {name}"
            shorter = shorter.replace(f"  - {name}\n", "")
        if shorter is not profile:
            (classes / "profile" / f"{target.name}.yml").write_text(shorter, encoding="utf-8")
    return inventory


def renderer(inventory: Path) -> Callable[[str], tuple[dict[str, Any], Origin]]:
    """A function from a target's name to load()'s arguments; it renders that target only."""
    found = Inventory.read(inventory)

    def arguments(name: str) -> tuple[dict[str, Any], Origin]:
        target = found.target(name)
        return target.parameters, target.origin

    return arguments


def watched_cluster() -> Cluster:
    with tempfile.TemporaryDirectory() as folder:
        return load(*renderer(write_inventory(Path(folder), [WATCHED]))(WATCHED.name))
