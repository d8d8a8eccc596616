"""A cluster that was compiled before gets no release of Kubernetes to which kubeadm cannot bring it."""

import re
import shutil

import pytest

from components.compile import upgrades
from tests.compile.conftest import CLUSTER, append, content, target

VERSION = """\
  platform:
    kubernetes:
      version: {0}
      minor: "{1}"
      schema: {1}.0
"""
CONFIG = "bootstrap/kubeadm-init.yml"


def _choose(inventory, version: str) -> int:
    """The line that says it."""
    path = target(inventory, CLUSTER)
    path.write_text(path.read_text().partition("  platform:\n")[0])
    append(path, VERSION.format(version, version.removeprefix("v").rpartition(".")[0]))
    return next(number for number, line in enumerate(path.read_text().splitlines(), 1) if version in line)


@pytest.fixture
def compiled(run, tmp_path):
    """The cluster's folder, and the release in it."""
    assert run()[0] == 0
    folder = tmp_path / "compiled" / CLUSTER
    return folder, re.search("^kubernetesVersion: (.*)$", (folder / CONFIG).read_text(), re.M)[1]


def _other(version: str, minors: int, patches: int = 0) -> str:
    major, minor, patch = version.split(".")
    return f"{major}.{int(minor) + minors}.{int(patch) + patches}"


def test_one_minor_release_at_a_time(run, inventory, compiled):
    folder, old = compiled
    before, new = content(folder), _other(old, 2)
    line = _choose(inventory, new)
    for options in ([], ["--check"]):
        code, out, err = run(*options)
        assert (code, out) == (1, "")
        said = err.splitlines()[0]
        assert said.startswith(f"inventory/targets/{CLUSTER}.yml:{line}: platform.kubernetes.version = {new}: ")
        assert f"was compiled for {old}, and kubeadm upgrades by one minor release at a time. " in said
        assert f"First a release of {_other(old, 1).rpartition('.')[0]}, brought to every node; or delete " in said
        assert said.endswith(" [upgrades]")
    assert content(folder) == before


def test_never_back(run, inventory, compiled):
    folder, old = compiled
    before = content(folder)
    for new in (_other(old, -1), _other(old, 0, -1)):
        _choose(inventory, new)
        code, _, err = run()
        assert (
            code == 1 and f"compiled for {old}, and Kubernetes never goes back. Name {old} or a later one; or " in err
        )
    assert content(folder) == before


def test_the_next_ones(run, inventory, compiled):
    folder, old = compiled
    for new in (_other(old, 0, 1), _other(old, 1), _other(old, 2)):
        _choose(inventory, new)
        code, _, err = run()
        assert code == 0, err
        assert f"kubernetesVersion: {new}\n" in (folder / CONFIG).read_text()


def test_a_cluster_that_is_made_anew_may_have_any(run, inventory, compiled):
    """Also one of whose folder nobody can say which release it was made for."""
    folder, old = compiled
    _choose(inventory, _other(old, 2))
    shutil.rmtree(folder)
    assert run()[0] == 0
    _choose(inventory, old)
    (folder / CONFIG).write_text("kubernetesVersion: latest\n")
    assert run()[0] == 0


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("v1.36.5", "v1.36.5", None),
        ("v1.36.5", "v1.36.10", None),
        ("v1.9.9", "v1.10.0", None),
        ("v1.36.5", "v1.38.0", "one minor release"),
        ("v1.36.5", "v2.0.0", "one minor release"),
        ("v1.10.0", "v1.9.11", "never goes back"),
        ("v1.36.10", "v1.36.9", "never goes back"),
    ],
)
def test_releases_are_numbers(old, new, said):
    found = upgrades.hindrance(old, new)
    assert found is None if said is None else said in found
