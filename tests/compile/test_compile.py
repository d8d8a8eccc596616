"""The command: exit codes, what it says, and that compiled/ is replaced whole or not at all."""

from pathlib import Path

import pytest
import yaml

from components.inventory.merging import merged
from tests.compile.conftest import CLUSTER, SECOND, TARGET, append, content, target


def leftovers(folder: Path) -> list[Path]:
    return list(folder.glob(".compiled-*"))


def test_a_new_cluster_is_all_new(run, tmp_path):
    code, out, _ = run()
    assert code == 0
    page, files = out.splitlines()
    assert page == f"{tmp_path / 'compiled' / 'README.md'}: new"
    assert files.startswith(f"{CLUSTER}: ") and files.endswith(" files, all new")
    assert {name.partition("/")[0] for name in content(tmp_path / "compiled" / CLUSTER)} == {
        "README.md",
        "argocd",
        "bootstrap",
        "cluster.svg",
        "haproxy",
        "manifests",
        "summary.json",
    }
    assert not leftovers(tmp_path)


def test_a_second_compile_changes_nothing(run, tmp_path):
    run()
    inode = (tmp_path / "compiled" / CLUSTER).stat().st_ino
    code, out, _ = run()
    assert code == 0 and "all unchanged" in out
    assert (tmp_path / "compiled" / CLUSTER).stat().st_ino == inode


def test_says_which_files_changed(run, tmp_path):
    run()
    edited, lost = sorted((tmp_path / "compiled" / CLUSTER).rglob("*.yml"))[:2]
    append(edited, "# by hand\n")
    lost.unlink()
    code, out, _ = run()
    assert code == 0
    assert f"{CLUSTER}: 2 files changed, " in out
    assert f"  ~ {edited.parent.name}/{edited.name}" in out and f"  + {lost.parent.name}/{lost.name}" in out


def test_check_lists_what_is_stale_and_writes_nothing(run, tmp_path):
    run()
    assert run("--check")[0] == 0
    stale = tmp_path / "compiled" / CLUSTER / "extra.txt"
    stale.write_text("")
    code, out, err = run("--check")
    assert code == 1
    assert out == f"- {stale}\n"
    assert "Run make compile" in err
    assert stale.exists()


def test_a_full_compile_removes_the_folder_of_a_removed_cluster(run, inventory, tmp_path):
    target(inventory, SECOND).write_text(TARGET)
    assert run()[0] == 0
    assert (tmp_path / "compiled" / SECOND).is_dir()
    target(inventory, SECOND).unlink()
    assert run("--check")[0] == 1
    assert run(CLUSTER)[0] == 0
    assert (tmp_path / "compiled" / SECOND).is_dir()
    code, out, _ = run()
    assert code == 0 and f"{SECOND}: removed, " in out
    assert not (tmp_path / "compiled" / SECOND).exists()


def test_what_a_compile_no_longer_writes_is_removed(run, inventory, tmp_path):
    """Without Git too: it knows what it wrote."""
    gone = tmp_path / "compiled" / CLUSTER / "manifests" / "mongodb.yml"
    target(inventory, CLUSTER).write_text(TARGET.replace("zookeeper", "mongodb"))
    run()
    assert gone.is_file()
    target(inventory, CLUSTER).write_text(TARGET)
    code, out, _ = run()
    assert code == 0 and "  - manifests/mongodb.yml\n" in out and not gone.exists()


def test_files_of_somebodys_own_stop_a_compile(run, tmp_path):
    """All of them are named; as long as they are there, nothing is written."""
    run()
    output = tmp_path / "compiled"
    append(output / CLUSTER / "README.md", "stale\n")
    (output / "old").mkdir()
    mine = [output / CLUSTER / f"{number}.yml" for number in range(20)] + [
        output / "notes.txt",
        output / "old" / "link",
    ]
    for file in mine[:-1]:
        file.write_text("mine")
    mine[-1].symlink_to(mine[0])
    before = content(output)
    code, out, err = run()
    assert (code, out) == (1, "")
    assert err.splitlines()[:-1] == sorted(f"{file}: no compile wrote this file, and it is not in Git" for file in mine)
    assert f"22 files of {output} would be deleted for good; nothing was written. Move them" in err
    assert content(output) == before and not leftovers(tmp_path)
    for file in mine:
        file.unlink()
    assert run()[0] == 0


def test_a_file_beside_the_clusters_stops_a_full_compile_alone(run, tmp_path):
    run()
    (tmp_path / "compiled" / "notes.txt").write_text("mine")
    assert run(CLUSTER)[0] == 0
    assert run()[0] == 1


def test_only_the_named_clusters_are_written(run, inventory, tmp_path):
    target(inventory, SECOND).write_text(TARGET)
    assert run(SECOND)[0] == 0
    assert [path.name for path in (tmp_path / "compiled").iterdir() if path.is_dir()] == [SECOND]


def test_progress_of_several_clusters(run, inventory):
    target(inventory, SECOND).write_text(TARGET)
    _, _, err = run()
    assert err.startswith(f"[1/2] {CLUSTER} ... ") and f"\n[2/2] {SECOND} ... " in err


def test_an_unknown_cluster_is_wrong_use(run, tmp_path):
    code, _, err = run("dojot-1k")
    assert code == 2
    assert f"no such cluster: dojot-1k. The inventory has: {CLUSTER}" in err
    assert not (tmp_path / "compiled").exists()


def test_findings_of_the_model_leave_everything_as_it_was(run, inventory, tmp_path):
    run()
    before = content(tmp_path / "compiled")
    append(target(inventory, CLUSTER), "  sclae:\n    devices: 5\n")
    code, out, err = run()
    assert (code, out) == (1, "")
    assert f"targets/{CLUSTER}.yml:" in err and "sclae" in err
    assert err.endswith("compile: 1 finding; nothing was written\n")
    assert content(tmp_path / "compiled") == before
    assert not leftovers(tmp_path)


def test_machines_that_are_missing_can_be_pasted(run, inventory):
    """What is printed, put below parameters as it is, is accepted."""
    page = target(inventory, CLUSTER)
    append(page, "    nodes: {kafka: {group: dojot}}\n")
    code, _, err = run()
    assert code == 1 and "cluster.nodes: group kafka has no nodes" in err
    _, _, block = err.partition(", to paste below parameters (addresses are a proposal):\n\n")
    both = merged([yaml.safe_load(page.read_text("utf-8")), {"parameters": yaml.safe_load(block)}])
    page.write_text(yaml.safe_dump(both, sort_keys=False), "utf-8")
    code, _, err = run()
    assert code == 0, err


def test_findings_of_the_files_leave_everything_as_it_was(run, inventory, tmp_path):
    append(target(inventory, CLUSTER), "parametres: {}\n")
    code, _, err = run()
    assert code == 1 and "Did you mean parameters?" in err
    assert not (tmp_path / "compiled").exists()


@pytest.mark.parametrize("debug", [False, True])
def test_a_failing_face_is_named_and_nothing_is_written(run, inventory, monkeypatch, tmp_path, debug):
    run()
    before = content(tmp_path / "compiled")
    append(target(inventory, CLUSTER), "    # edited\n")
    monkeypatch.setattr("components.haproxy.files.files", _fail)
    code, _, err = run(*["--debug"] * debug)
    assert code == 1
    assert "ValueError: out of paint: this is a bug in the face" in err
    assert "components/" in err
    assert ("Traceback" in err) == debug
    assert content(tmp_path / "compiled") == before
    assert not leftovers(tmp_path)


def test_a_failing_model_is_named(run, monkeypatch):
    monkeypatch.setattr("components.cluster.read.cluster_of", _fail)
    code, _, err = run()
    assert code == 1
    assert err.startswith(f"components/cluster: {CLUSTER}: ValueError: out of paint")
    assert "Traceback" not in err


def test_an_interrupt_cleans_up(run, inventory, monkeypatch, tmp_path):
    run()
    before = content(tmp_path / "compiled")
    append(target(inventory, CLUSTER), "    # edited\n")

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("components.compile.progress.Progress.done", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run()
    assert content(tmp_path / "compiled") == before
    assert not leftovers(tmp_path)


def test_a_foreign_folder_is_not_overwritten(run, tmp_path):
    precious = tmp_path / "compiled-elsewhere" / "photo.jpg"
    precious.parent.mkdir()
    precious.write_text("")
    code, _, err = run("--output", str(precious.parent))
    assert code == 2 and "photo.jpg" in err
    assert precious.exists()


def _fail(*_):
    raise ValueError("out of paint")
