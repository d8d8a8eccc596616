"""A fork, edited as README says: each edit compiles and shows, and afterwards the fork's own `make test` is green.

The whole suite judges all edits at once, because a minute for each of them would tell nothing more: a test that is
tied to one value is red whatever else is edited. It judges two forks, which also differ in what is unlike the
committed clusters: brokers that are not full, a single target, which has another name.
"""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.engines.commands.conftest import ENVIRONMENT, commit, git


@dataclass(frozen=True)
class Edit:
    """What README says one edits, its file below inventory/, the text and what takes its place, and what shows it."""

    name: str
    file: str
    old: str
    new: str
    shows: str

    def __str__(self) -> str:
        return f"{self.name}={self.shows}"


PAGE = "targets/dojot-100k-current.yml"
URL = Edit(
    "repository.url",
    "classes/repository.yml",
    "https://git.example.org/dojot/",
    "https://git.acme.com/iot/",
    "repoURL: https://git.acme.com/iot/",
)
DEVICES = Edit("scale.devices", "classes/scale/guide.yml", "devices: 100000", "devices: 150000", "150,000")
EDITS = [
    URL,
    DEVICES,
    Edit(
        "release.images",
        "classes/release/v0-6-0.yml",
        "registry.example.org/dojot/vmq-bundle:78e9d65",
        "registry.acme.com/iot/vmq-bundle:1",
        "bundlerImage: registry.acme.com/iot/vmq-bundle:1",
    ),
    Edit(
        "release.images",
        "classes/release/v0-6-0.yml",
        "kong: dojot/kong:${release:version}",
        "kong: registry.acme.com/iot/kong:1",
        "image: registry.acme.com/iot/kong:1",
    ),
    Edit("cluster.domain", PAGE, "dojot.domain", "iot.acme.com", "iot.acme.com"),
    Edit("cluster.nodes.<host>.address", PAGE, "192.168.0.14", "10.20.0.14", "10.20.0.14"),
    Edit("load_balancers.<host>.address", PAGE, "192.168.0.17", "10.20.0.5", "10.20.0.5"),
    Edit("nodeports", "classes/nodeports.yml", "30001", "31001", "nodePort: 31001"),
    Edit("nodeports", "classes/nodeports.yml", "mqtt: 30004", "mqtt: 31004", "192.168.0.14:31004"),
    Edit("load_balancer.listen", "classes/load_balancer.yml", "apigw: 443\n", "apigw: 8088\n", "bind :8088"),
    Edit("load_balancer.listen", "classes/load_balancer.yml", "mqtt: 1883", "mqtt: 1884", "bind :1884"),
    Edit("volumes.root", "classes/cluster.yml", "root: /mnt/data", "root: /srv/dojot", "path: /srv/dojot"),
]
#: What README's steps say; its table of values has the others.
STEPS = {"repository.url", "release.images", "cluster.domain"}
# Fewer devices, without another node: brokers that are not full.
FEWER = replace(DEVICES, new="devices: 90000")
# Its fixtures are targets of their own, with values of their own; the other fork has shown that it keeps to them.
KNOWS_NO_TARGET = "--ignore=tests/inventory"
_MORE_NODES = re.compile(
    r"^inventory/(targets/\S+\.yml):.* Add (.+) under cluster\.nodes,(?: each)? with group: (\w+)", re.M
)


@pytest.fixture
def fork(clone) -> Path:
    if URL.old not in (clone / "inventory" / URL.file).read_text("utf-8"):
        pytest.skip("this repository is a fork already: what these tests are about, its own `make test` says")
    return clone


def test_readme_names_these_edits():
    table = (ROOT / "README.md").read_text("utf-8").partition("| To change | Edit |\n")[2].partition("\n\n")[0]
    named = {name for row in table.splitlines() for name in re.findall(r"`([a-z_]+(?:\.[a-z_<>]+)*)`", row)}
    assert named and named | STEPS == {edit.name for edit in EDITS}


@pytest.mark.parametrize("edit", EDITS, ids=str)
def test_an_edit_compiles_and_shows(fork, edit):
    make([edit], fork)
    compile_it(fork)
    changes = git(fork, "diff", "--", "compiled")
    assert [line for line in changes.splitlines() if line.startswith("+") and edit.shows in line], changes


def test_all_edits_at_once(fork):
    make(EDITS, fork)
    judge(fork)


def test_one_target_of_its_own(fork):
    make([FEWER if edit is DEVICES else edit for edit in EDITS], fork)
    page = fork / "inventory" / PAGE
    page.rename(page.with_name("acme.yml"))
    for example in page.parent.glob("dojot-*.yml"):
        example.unlink()
    judge(fork, KNOWS_NO_TARGET)
    listed = run(fork, "scripts/install_engines.py", "--list")
    assert listed.returncode == 0, listed.stderr


def make(edits: list[Edit], fork: Path) -> None:
    for edit in edits:
        path = fork / "inventory" / edit.file
        text = path.read_text("utf-8")
        assert text.count(edit.old) == 1, f"{edit.file} has {text.count(edit.old)} times {edit.old!r}"
        path.write_text(text.replace(edit.old, edit.new), "utf-8")


def compile_it(fork: Path) -> None:
    """With the nodes that a refusal asks for."""
    done = run(fork, "scripts/compile.py")
    if wanted := _MORE_NODES.findall(done.stderr):
        for target, names, group in wanted:
            path = fork / "inventory" / target
            lines = [
                f"      {name}: {{address: 10.20.1.{number}, group: {group}}}\n"
                for number, name in enumerate(re.split(r", | and ", names), start=1)
            ]
            path.write_text(path.read_text("utf-8").replace("    nodes:\n", f"    nodes:\n{''.join(lines)}"), "utf-8")
        done = run(fork, "scripts/compile.py")
    assert done.returncode == 0, done.stderr


def judge(fork: Path, *options: str) -> None:
    """Compile, commit, and run the tests as `make test` does."""
    compile_it(fork)
    commit(fork)
    done = run(fork, "-m", "pytest", "--ignore=tests/engines", "-n", "0", "-q", "-p", "no:cacheprovider", *options)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr
    assert git(fork, "status", "--porcelain") == ""


def run(fork: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=fork, env=ENVIRONMENT, capture_output=True, text=True)
