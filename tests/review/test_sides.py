"""Both sides of a change come from Git as they were, and clusters that it does not reach are not compiled."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from components.review import side
from components.review.between import WrongUse, between
from components.review.types import Level
from tests.compile.conftest import TARGET
from tests.conftest import ROOT

CODE = ("components", "scripts", "bootstrap", ".kapitan", "requirements.lock")


@pytest.fixture
def clone(tmp_path, monkeypatch) -> Path:
    """A repository of its own with today's code (by link) and two small clusters, committed."""
    for part in ("classes", "contracts", "files"):
        shutil.copytree(ROOT / "inventory" / part, tmp_path / "inventory" / part)
    for file in ("reclass-config.yml",):
        if (ROOT / "inventory" / file).is_file():
            shutil.copy(ROOT / "inventory" / file, tmp_path / "inventory")
    shutil.copy(ROOT / "tests" / "inventory" / "guide-machines.yml", tmp_path / "inventory" / "classes")
    targets = tmp_path / "inventory" / "targets"
    targets.mkdir()
    for name in ("one", "two"):
        (targets / f"{name}.yml").write_text(TARGET)
    for part in CODE:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / part, tmp_path / part)
    (tmp_path / ".gitignore").write_text("__pycache__/\n")
    git(tmp_path, "init", "-q", "-b", "main")
    commit(tmp_path, "the beginning")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def git(folder: Path, *arguments: str) -> str:
    person = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    return subprocess.run(
        ["git", *person, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(folder: Path, message: str) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)


def edit(folder: Path, cluster: str, **parameters) -> None:
    path = folder / "inventory" / "targets" / f"{cluster}.yml"
    page = yaml.safe_load(path.read_text())
    page["parameters"] |= parameters
    path.write_text(yaml.safe_dump(page))


LARGER = {"services": {"zookeeper": {"volumes": {"zk-volume-data": {"size": "2Gi"}}}}}


def test_the_work_tree_is_compared_with_a_commit(clone):
    edit(clone, "one", **LARGER)
    found, messages = between(clone, "main", None)
    assert [(each.name, each.how) for each in found.clusters] == [("one", "changed")]
    assert found.others == ("two",)
    assert "PersistentVolume" in {change.identity.kind for change in found.clusters[0].objects}
    assert messages == []


def test_a_commit_is_compared_with_where_it_left_the_base(clone):
    git(clone, "checkout", "-q", "-b", "feature")
    edit(clone, "one", **LARGER)
    commit(clone, "larger\n\naccept: volume-shrunk x")
    git(clone, "checkout", "-q", "main")
    edit(clone, "two", **LARGER)
    commit(clone, "something else on main")
    found, messages = between(clone, "main", "feature")
    assert [each.name for each in found.clusters] == ["one"]
    assert messages == ["larger\n\naccept: volume-shrunk x\n"]
    assert found.base.startswith("main (")
    assert found.head.startswith("feature (")


def test_clusters_come_and_go(clone):
    git(clone, "mv", "inventory/targets/two.yml", "inventory/targets/three.yml")
    found, _ = between(clone, "main", None)
    assert {each.name: (each.how, each.level) for each in found.clusters} == {
        "three": ("added", Level.ATTENTION),
        "two": ("removed", Level.DANGER),
    }


def test_a_cluster_that_is_refused_is_told_with_the_paths_that_people_know(clone):
    edit(clone, "one", services={"zookeeper": {"replicas": 99}})
    commit(clone, "cannot be")
    found, _ = between(clone, "main~1", "main")
    assert [(each.name, each.how, each.level) for each in found.clusters] == [("one", "refused", Level.DANGER)]
    assert found.clusters[0].findings[0].startswith("inventory/classes/")
    # And back: there is nothing to compare with.
    edit(clone, "one", services={"zookeeper": {"replicas": 1}})
    back, _ = between(clone, "main", None)
    assert [(each.name, each.how, each.level) for each in back.clusters] == [("one", "added", Level.ATTENTION)]


def test_what_other_code_compiled_is_taken_as_it_was_committed(clone):
    """An edit of the compiler changes every cluster, and the base's compiled/ says from what."""
    for name in ("one", "two"):
        folder = clone / "compiled" / name / "manifests"
        folder.mkdir(parents=True)
        (folder / "old.yml").write_text("{kind: ConfigMap, metadata: {name: old}, data: {}}\n")
    commit(clone, "compiled by something else")
    (clone / "components" / "more.py").write_text("# A change of the code.\n")
    found, _ = between(clone, "main", None)
    assert [each.name for each in found.clusters] == ["one", "two"]
    for each in found.clusters:
        assert "ConfigMap/old" in [str(change.identity) for change in each.objects if change.how == "removed"]


def test_clusters_that_are_made_of_the_same_are_not_compiled(clone, monkeypatch):
    asked = []
    whole = side.Side.compiled
    monkeypatch.setattr(side.Side, "compiled", lambda self, name: (asked.append(name), whole(self, name))[1])
    monkeypatch.setattr("components.review.review.spread", lambda work, names: (work(name) for name in names))
    edit(clone, "one", **LARGER)
    between(clone, "main", None)
    assert asked == ["one", "one"]


@pytest.mark.parametrize(
    ("base", "words"),
    [("nobody", "nobody: this clone has no such commit"), ("0" * 40, "this clone has no such commit")],
)
def test_what_cannot_be_compared(clone, base, words):
    with pytest.raises(WrongUse, match=words):
        between(clone, base, None)


def test_without_a_common_commit(clone):
    git(clone, "checkout", "-q", "--orphan", "other")
    commit(clone, "another beginning")
    with pytest.raises(WrongUse, match="share no commit"):
        between(clone, "main", "other")


def test_a_folder_that_is_no_clone(tmp_path):
    with pytest.raises(WrongUse, match="no clone of a Git repository"):
        between(tmp_path, "main", None)


def test_an_inventory_that_cannot_be_read_is_told_as_a_whole(clone):
    (clone / "inventory" / "targets" / "one.yml").write_text("a: [\n")
    found, _ = between(clone, "main", None)
    assert [(each.how, each.level) for each in found.clusters] == [("refused", Level.DANGER)]
    assert found.clusters[0].findings[0].startswith("inventory/targets/one.yml")
