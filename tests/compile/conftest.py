"""A small inventory of one's own, and the command over it."""

import shutil
from pathlib import Path

import pytest

from components.compile.trees import files_in
from scripts import compile as command
from tests.conftest import ROOT

CLUSTER, SECOND = "small", "small-too"
# One service is enough for every face to write something.
TARGET = """\
classes: [guide-machines, service.zookeeper]
parameters:
  cluster:
    domain: dojot.domain
"""


@pytest.fixture
def root(monkeypatch) -> Path:
    """The repository as current folder."""
    monkeypatch.chdir(ROOT)
    return ROOT


@pytest.fixture
def inventory(root, tmp_path) -> Path:
    """The repository's classes and contracts, and a small cluster of our own, to break."""
    folder = tmp_path / "inventory"
    for part in ("classes", "contracts"):
        shutil.copytree(ROOT / "inventory" / part, folder / part)
    shutil.copy(ROOT / "tests" / "inventory" / "guide-machines.yml", folder / "classes")
    (folder / "targets").mkdir()
    target(folder, CLUSTER).write_text(TARGET)
    return folder


def target(inventory: Path, name: str) -> Path:
    return inventory / "targets" / f"{name}.yml"


@pytest.fixture
def run(inventory, tmp_path, capsys):
    """Run the command over the copy; returns (exit code, stdout, stderr)."""

    def run(*arguments: str):
        capsys.readouterr()
        code = command.main(["--inventory", str(inventory), "--output", str(tmp_path / "compiled"), *arguments])
        return code, *capsys.readouterr()

    return run


def content(folder: Path) -> dict[str, bytes]:
    return {name: path.read_bytes() for name, path in files_in(folder).items()}


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)
