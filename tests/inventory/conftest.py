"""Targets of this folder, rendered on top of the guide's cluster.

A copy of the inventory's classes holds every fixture as a target. In it, two classes
stand for the guide's cluster: `guide` is the whole of it, `guide-machines` all but the
profile, for fixtures that bring their own: one service where no more is needed,
because each costs time. Both are files of this folder, so that a fork may edit its
targets and profiles. `# without: CLASS` in a fixture gives it a profile of its own
name: the load test's, with that line deleted.
"""

from __future__ import annotations

import importlib
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

import pytest
from kapitan.inventory.backends.reclass_rs import ReclassRsInventory

from tests.compiled.tree import Tree, read

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
GUIDE, PROFILE = "dojot-100k", "load-test"
TOOLS = {"kapitan", "_kapitan_", "_reclass_"}


@dataclass(frozen=True)
class Fixture:
    """One target file. `said` holds what its comments state: keyword -> texts, in order."""

    name: str
    text: str
    said: dict[str, list[str]] = field(hash=False, compare=False)

    def __str__(self) -> str:
        return self.name


def fixtures(folder: str) -> list[Fixture]:
    """The target files of tests/inventory/`folder`, by name."""
    found = []
    for path in sorted((HERE / folder).glob("*.yml")):
        text = path.read_text(encoding="utf-8")
        said: dict[str, list[str]] = {}
        for keyword, value in re.findall(r"^# ([a-z]+): (.+)$", text, re.MULTILINE):
            said.setdefault(keyword, []).append(value)
        found.append(Fixture(path.stem, text, said))
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for folder in ("invalid", "valid"):
        if folder in metafunc.fixturenames:
            metafunc.parametrize(folder, fixtures(folder), ids=str, scope="session")


def write_inventory(folder: Path, targets: list[Fixture]) -> Path:
    """Make `folder`/inventory with these targets; returns its path."""
    inventory = folder / "inventory"
    classes = inventory / "classes"
    shutil.copytree(ROOT / "inventory" / "classes", classes)
    (inventory / "targets").mkdir()

    shutil.copy(HERE / "guide-machines.yml", classes)
    (classes / "guide.yml").write_text(f"classes: [guide-machines, profile.{PROFILE}]\n", encoding="utf-8")

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


Rendered = Callable[[str], tuple[dict[str, Any], Callable[[tuple[str, ...]], str]]]


def render(inventory: Path) -> Rendered:
    """Render all targets in one go; the answer gives load()'s arguments for each by name."""
    from components.cluster.origin import origin_of

    targets = ReclassRsInventory(str(inventory)).targets

    def arguments(name: str):
        plain = targets[name].parameters.model_dump(by_alias=True, exclude=TOOLS)
        parameters = {key: value for key, value in plain.items() if key not in TOOLS}
        return parameters, origin_of(inventory, name, targets[name].classes)

    return arguments


@pytest.fixture(scope="session")
def invalid_inventory(tmp_path_factory) -> Path:
    return write_inventory(tmp_path_factory.mktemp("invalid"), fixtures("invalid"))


@dataclass(frozen=True)
class Refusal:
    """What is said about one broken inventory, and the names of the rules that said it."""

    lines: tuple[str, ...]
    rules: frozenset[str]


@pytest.fixture(scope="session")
def refusals(invalid_inventory) -> dict[str, Refusal]:
    """The refusal of every invalid fixture; one that is accepted has no lines."""
    from components.cluster import InvalidInventory, references

    load_module = importlib.import_module("components.cluster.load")
    spoke: set[str] = set()

    def recorded(rule):
        def listening(subject):
            found = list(rule(subject))
            spoke.update([rule.__name__] if found else [])
            return found

        return listening

    arguments = render(invalid_inventory)
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        for place, name in ((references, "CHECKS"), (load_module, "STRUCTURE"), (load_module, "CAPACITY")):
            patch.setattr(place, name, tuple(recorded(rule) for rule in getattr(place, name)))
        for target in fixtures("invalid"):
            spoke.clear()
            lines: tuple[str, ...] = ()
            try:
                load_module.load(*arguments(target.name))
            except InvalidInventory as refusal:
                lines = refusal.lines
            found[target.name] = Refusal(lines, frozenset(spoke))
    return found


@dataclass(frozen=True)
class Variant:
    """One compiled fixture; `files` as if it had the guide's name, so that only the change shows."""

    tree: Tree
    files: dict[str, str]

    def changed(self, other: Variant) -> set[str]:
        """Names of files that are not the same in both, or only in one."""
        names = self.files.keys() | other.files.keys()
        return {name for name in names if self.files.get(name) != other.files.get(name)}


@pytest.fixture(scope="session")
def variants(tmp_path_factory) -> dict[str, Variant]:
    """Every valid fixture, compiled as `make compile` does it; beside them the guide's own cluster."""
    from components.cluster.kapitan import read_cluster
    from scripts import in_process

    folder = tmp_path_factory.mktemp("valid")
    targets = [*fixtures("valid"), Fixture(GUIDE, "classes: [guide]\n", {})]
    inventory = write_inventory(folder, targets)
    before = in_process.cached.args
    try:
        kapitan = in_process.Kapitan.read(inventory)
        found = {}
        for target in targets:
            kapitan.compile(target.name, folder)
            parameters = kapitan.inventory.targets[target.name].parameters.model_dump(by_alias=True)
            tree = read(folder / target.name, read_cluster(target.name, inventory), parameters)
            files = {path: text.replace(target.name, GUIDE) for path, text in tree.files.items()}
            found[target.name] = Variant(tree, files)
        return found
    finally:
        in_process.forget()
        in_process.cached.args = before


@pytest.fixture(scope="session")
def guide(variants) -> Variant:
    return variants[GUIDE]
