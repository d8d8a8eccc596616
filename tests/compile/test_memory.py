"""What is remembered makes a compile faster, never different; each thing that it is known by is changed here."""

import json
import shutil
from pathlib import Path

import pytest

from components.compile import memory as module
from components.compile.memory import MEMORY
from components.compile.run import outcomes
from components.compile.written import NOTE
from scripts import compile as command
from tests.compile.conftest import CLUSTER, SECOND, TARGET, append, content, target


@pytest.fixture
def compiled_again(run, monkeypatch):
    """Runs the command; returns the clusters that were not known from before."""

    def compiled_again(*arguments: str) -> list[str]:
        asked: list[str] = []

        def listening(files, clusters, *rest):
            asked.extend(clusters)
            return outcomes(files, clusters, *rest)

        monkeypatch.setattr("components.compile.run.outcomes", listening)
        assert run(*arguments)[0] == 0
        return asked

    return compiled_again


@pytest.fixture
def two(inventory, compiled_again):
    """Two clusters, compiled."""
    target(inventory, SECOND).write_text(TARGET)
    assert compiled_again() == [CLUSTER, SECOND]
    return inventory


def test_nothing_is_done_twice(two, compiled_again, run, tmp_path):
    before = {path: path.stat().st_ino for path in (tmp_path / "compiled").rglob("*")}
    assert compiled_again() == []
    count = len(content(tmp_path / "compiled" / CLUSTER))
    assert run()[1].splitlines() == [f"{name}: {count} files, all unchanged" for name in (CLUSTER, SECOND)]
    assert {path: path.stat().st_ino for path in (tmp_path / "compiled").rglob("*")} == before


def test_one_target(two, compiled_again):
    append(target(two, SECOND), "    # edited\n")
    assert compiled_again() == [SECOND]
    assert compiled_again() == []


def test_a_class_of_all(two, compiled_again):
    append(two / "classes" / "nodeports.yml", "# edited\n")
    assert compiled_again() == [CLUSTER, SECOND]


def test_a_class_of_none(two, compiled_again):
    append(two / "classes" / "service" / "gui.yml", "# edited\n")
    assert compiled_again() == []


def test_a_reference_in_a_class_of_none(two, run):
    """It is what makes names of the release known."""
    append(two / "classes" / "release" / "v0-6-0.yml", "      mine: example.org/mine:1\n")
    (two / "classes" / "mine.yml").write_text("parameters: {x: '${release:images:mine}'}\n")
    assert run()[0] == 0
    (two / "classes" / "mine.yml").write_text("parameters: {x: 1}\n")
    code, _, err = run()
    assert code == 1 and "release.images.mine" in err


def test_a_file_of_containers(two, compiled_again):
    (two / "files").mkdir()
    (two / "files" / "new.sh").write_text("1")
    assert compiled_again() == [CLUSTER, SECOND]
    (two / "files" / "new.sh").write_text("2")
    assert compiled_again() == [CLUSTER, SECOND]


def test_settings_of_reclass(two, compiled_again):
    (two / "reclass-config.yml").write_text("allow_none_override: true\n")
    assert compiled_again() == [CLUSTER, SECOND]


def test_what_lies_in_the_output(two, compiled_again, tmp_path):
    page = tmp_path / "compiled" / SECOND / "README.md"
    text = page.read_bytes()
    append(page, "by hand\n")
    assert compiled_again() == [SECOND] and page.read_bytes() == text
    page.unlink()
    assert compiled_again() == [SECOND] and page.read_bytes() == text
    page.chmod(0o755)
    assert compiled_again() == [SECOND] and not page.stat().st_mode & 0o111
    shutil.move(page, page.with_name("there"))
    page.symlink_to("there")
    (tmp_path / "compiled" / NOTE).open("a").write(f"{SECOND}/there\n")
    assert compiled_again() == [CLUSTER, SECOND] and not page.is_symlink()
    shutil.rmtree(tmp_path / "compiled" / CLUSTER)
    assert compiled_again() == [CLUSTER]


@pytest.mark.parametrize("room", ["components", "scripts", "bootstrap"])
def test_code(two, compiled_again, room, monkeypatch, tmp_path):
    for name in (*module.CODE, *module.SETTINGS):
        (tmp_path / name).symlink_to(Path(name).resolve())
    monkeypatch.setattr(module, "CODE", (str(tmp_path / room),))
    assert compiled_again() == [CLUSTER, SECOND]
    assert compiled_again() == []
    (tmp_path / room).unlink()
    (tmp_path / room / "new").mkdir(parents=True)
    (tmp_path / room / "new" / "file").write_text("")
    assert compiled_again() == [CLUSTER, SECOND]
    (tmp_path / room / "new" / "file").write_text("edited")
    assert compiled_again() == [CLUSTER, SECOND]


def test_packages_and_python(two, compiled_again, monkeypatch, tmp_path):
    for change in (
        lambda: monkeypatch.setattr(module, "SETTINGS", (str(tmp_path / "lock"),)),
        lambda: (tmp_path / "lock").write_text("another"),
        lambda: monkeypatch.setattr(module.sys, "version", "4.0"),
        lambda: monkeypatch.setattr(module, "_FORMAT", 99),
    ):
        change()
        assert compiled_again() == [CLUSTER, SECOND]
        assert compiled_again() == []


def test_one_cluster_alone_leaves_what_is_known_of_the_others(two, compiled_again):
    append(target(two, SECOND), "    # edited\n")
    assert compiled_again(SECOND) == [SECOND]
    assert compiled_again() == []


def test_a_removed_cluster_is_forgotten(two, compiled_again, tmp_path):
    target(two, SECOND).unlink()
    assert compiled_again() == []
    assert SECOND not in (tmp_path / "compiled" / MEMORY).read_text()
    assert not (tmp_path / "compiled" / SECOND).exists()


def test_a_lost_note_of_what_was_written_is_made_again(two, compiled_again, tmp_path):
    note = (tmp_path / "compiled" / NOTE).read_bytes()
    (tmp_path / "compiled" / NOTE).unlink()
    assert compiled_again() == [CLUSTER, SECOND]
    assert (tmp_path / "compiled" / NOTE).read_bytes() == note


def test_a_damaged_memory_is_none(two, compiled_again, tmp_path):
    file = tmp_path / "compiled" / MEMORY
    whole = file.read_bytes()
    middle = len(whole) // 2
    for damaged in (
        b"",
        whole[:middle],
        whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
    ):
        file.write_bytes(damaged)
        assert compiled_again() == [CLUSTER, SECOND]
        assert file.read_bytes() == whole
    file.unlink()
    file.mkdir()
    assert command.main(["--inventory", str(two), "--output", str(file.parent)]) == 1


def test_a_memory_of_another_kind_is_none(two, compiled_again, tmp_path):
    """Whoever wrote it knew how to."""
    file = tmp_path / "compiled" / MEMORY
    for lines in ([[]], [{}, ""], None):
        text = "".join(f"{json.dumps(line) if line != '' else ''}\n" for line in lines or [7]).encode()
        file.write_bytes(text + module._digest(text).encode())
        assert compiled_again() == [CLUSTER, SECOND]


def test_an_edit_that_is_taken_back_is_compiled_again(two, run, compiled_again, monkeypatch, tmp_path):
    """The cluster was made from what was there in between."""
    page = target(two, SECOND)
    append(page, "    # edited\n")
    text = page.read_text()

    def meanwhile(*arguments):
        append(page, "  scale: {devices: 90000}\n")
        return outcomes(*arguments)

    monkeypatch.setattr("components.compile.run.outcomes", meanwhile)
    assert run(SECOND)[0] == 0
    page.write_text(text)
    assert compiled_again() == [SECOND]


def test_what_was_edited_meanwhile_is_not_remembered(two, compiled_again, monkeypatch):
    """Nobody knows which of the two texts the cluster was made from."""
    append(target(two, SECOND), "    # edited\n")
    run_job = module.InventoryFiles

    def and_edited(*arguments):
        monkeypatch.setattr(module, "InventoryFiles", run_job)
        append(target(two, SECOND), "    # and edited again\n")
        return run_job(*arguments)

    monkeypatch.setattr(module, "InventoryFiles", and_edited)
    assert compiled_again() == [SECOND]
    assert compiled_again() == [SECOND]
    assert compiled_again() == []


def test_a_check_does_not_ask_it(two, run, tmp_path, monkeypatch):
    monkeypatch.setattr(module.Memory, "__init__", None)
    assert run("--check")[0] == 0


def test_it_changes_nothing(two, run, tmp_path):
    """A compile from nothing has the same bytes."""
    append(target(two, SECOND), "  scale:\n    devices: 90000\n")
    assert run()[0] == 0
    with_memory = content(tmp_path / "compiled")
    (tmp_path / "compiled" / MEMORY).unlink()
    shutil.rmtree(tmp_path / "compiled" / SECOND)
    assert run()[0] == 0
    assert content(tmp_path / "compiled") == with_memory
