"""The guide's own files of Ansible (guide/), to convert as they are or after a change."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

import tests.conftest
import tests.scripts.conftest
from scripts.from_ansible import command
from scripts.from_ansible.convert import Conversion
from scripts.from_ansible.inventory import find_hosts, read_inventory
from scripts.from_ansible.judge import Workshop
from scripts.from_ansible.kubectl import Listing
from scripts.from_ansible.machines import convert_machines
from scripts.from_ansible.node_groups import Groups
from scripts.from_ansible.report import Report
from scripts.from_ansible.target import text as target_text
from tests.inventory.targets import GUIDE, write_inventory

# Fixtures of tests/ that count here as well.
_at_root = tests.conftest._at_root
root = tests.scripts.conftest.root

HERE = Path(__file__).parent
NO_LISTING = Listing()
NODES = HERE / "guide-nodes.txt"
CLASSES = ["cluster", "platform.guide", "hardware.guide", "release.v0-6-0", "scale.guide", "profile.load-test"]
#: What the guide says in commands and not in files, and the address that it leaves open.
OPTIONS = ("--tags", "100k", "--nodes", str(NODES), "--load-balancer", "192.168.0.17")
#: Classes in which an operator states values of his own.
EDITED = ("cluster", "hardware/guide", "load_balancer", "nodeports", "repository", "scale/guide")
HOSTS, DOJOT, SERVICES = "hosts.yaml", "group_vars/all/dojot.yaml", "group_vars/all/services.yaml"


@dataclass(frozen=True)
class Ansible:
    """A copy of the guide's files."""

    folder: Path

    def change(self, file: str, old: str, new: str) -> None:
        path = self.folder / file
        before = path.read_text("utf-8")
        assert before.count(old) == 1, f"{file} has {before.count(old)} times {old!r}"
        path.write_text(before.replace(old, new), "utf-8")

    def add(self, text: str, file: str = DOJOT) -> None:
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((path.read_text("utf-8") if path.exists() else "") + text, "utf-8")

    def place(self, file: str, text: str) -> str:
        """FILE:LINE of the last line that begins with a text."""
        lines = (self.folder / file).read_text("utf-8").splitlines()
        return f"{self.folder / file}:{max(n for n, line in enumerate(lines, 1) if line.strip().startswith(text))}"


@pytest.fixture
def ansible(tmp_path) -> Ansible:
    shutil.copytree(HERE / "guide", tmp_path / "ansible")
    return Ansible(tmp_path / "ansible")


@pytest.fixture(scope="session")
def inventory(tmp_path_factory) -> Path:
    """The classes, with the guide's profile and values, and the guide's cluster as a target.

    A target states what differs from its classes. So what becomes of the guide's files can
    be told only where the classes say what the guide says, whatever a fork has made of them.
    """
    inventory = write_inventory(tmp_path_factory.mktemp("from-ansible"), [GUIDE])
    guide = yaml.safe_load((inventory / "classes" / "guide-machines.yml").read_text("utf-8"))["parameters"]
    for name in EDITED:
        path = inventory / "classes" / f"{name}.yml"
        content = yaml.safe_load(path.read_text("utf-8"))
        _set(content["parameters"], guide)
        path.write_text(yaml.safe_dump(content), "utf-8")
    return inventory


def _set(parameters: dict[str, Any], values: dict[str, Any]) -> None:
    """Give parameters other values; what is not there stays away."""
    for key in parameters.keys() & values.keys():
        if isinstance(values[key], dict):
            _set(parameters[key], values[key])
        else:
            parameters[key] = values[key]


@pytest.fixture
def run(ansible, inventory, capsys, monkeypatch, root):
    """Run the command over the files; returns (exit code, stdout, stderr)."""

    def run(*arguments: str, name: str = "converted"):
        capsys.readouterr()
        code = command.main([name, str(ansible.folder), "--inventory", str(inventory), *arguments])
        return code, *capsys.readouterr()

    yield run
    (inventory / "targets" / "converted.yml").unlink(missing_ok=True)


@pytest.fixture(scope="session")
def parameters(inventory) -> dict[str, Any]:
    """What the classes of the guide's cluster say."""
    folder = Path.cwd()
    os.chdir(command.ROOT)
    try:
        with Workshop(inventory) as workshop:
            bare = target_text(CLASSES, [], ("haproxy", "192.0.2.1"), {"cluster.domain": "dojot.domain"}, [])
            return workshop.parameters("bare", bare)
    finally:
        os.chdir(folder)


@pytest.fixture
def convert(ansible, parameters):
    """The variables alone, without the compiler: what they turn into, and what is said about them."""

    def convert(classes: list[str] = CLASSES) -> Conversion:
        report = Report()
        conversion = Conversion(read_inventory(find_hosts(ansible.folder), report), parameters, classes, report)
        conversion.run()
        return conversion

    return convert


@pytest.fixture
def machines(ansible, parameters):
    """The hosts alone; returns the Machines and the Report."""

    def machines(listing: Listing = NO_LISTING, balancer: str | None = "192.168.0.17", **told: str):
        report = Report()
        groups = Groups(
            {name: group["label"] for name, group in parameters["node_groups"].items()},
            {name: service["group"] for name, service in parameters["services"].items() if "group" in service},
        )
        found = read_inventory(find_hosts(ansible.folder), report)
        return convert_machines(found, groups, report, listing, told, balancer), report

    return machines
