"""Outputs that cannot be written, and compiles that are ended: in words, and nothing is half done."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from components.compile import trees
from tests.compile.conftest import CLUSTER, SECOND, TARGET, append, content, target
from tests.conftest import ROOT


def test_a_file_in_its_place(run, tmp_path):
    (tmp_path / "compiled").write_text("mine")
    assert run()[::2] == (
        1,
        (
            f"{tmp_path / 'compiled'}: this is no folder, and the clusters' folders must lie in it. Move it away\n"
            "compile: 1 finding; nothing was written\n"
        ),
    )
    assert (tmp_path / "compiled").read_text() == "mine"


def test_a_link_that_leads_nowhere(run, tmp_path):
    (tmp_path / "compiled").symlink_to("nowhere")
    code, out, err = run()
    assert (code, out) == (1, "") and f"{tmp_path / 'compiled'}: this link leads nowhere (nowhere)." in err
    assert not (tmp_path / "nowhere").exists()


def test_a_link_to_a_folder_stays(run, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "compiled").symlink_to("elsewhere")
    assert run()[0] == 0
    assert (tmp_path / "compiled").is_symlink() and (tmp_path / "elsewhere" / CLUSTER).is_dir()


def test_a_folder_that_may_not_be_written(run, tmp_path, monkeypatch):
    def may_not(*_, **__):
        raise PermissionError(13, "Permission denied", "somewhere")

    (tmp_path / "compiled").mkdir()
    monkeypatch.setattr("tempfile.mkdtemp", may_not)
    code, _, err = run()
    assert code == 1 and f"{tmp_path / 'compiled'}: the folder cannot be written (Permission denied)." in err


def test_a_full_disk_in_a_worker(run, tmp_path, inventory, monkeypatch):
    run()
    before = content(tmp_path / "compiled")
    append(target(inventory, CLUSTER), "  repository: {revision: other}\n")

    def full(*_):
        raise OSError(28, "No space left on device", "new/file")

    monkeypatch.setattr(trees, "write", full)
    code, _, err = run()
    assert code == 1 and "No space left on device. Put that right, and compile again" in err and "bug" not in err
    assert content(tmp_path / "compiled") == before


MOUNTS = {
    "a small file system": ("mount -t tmpfs -o size=64k small {output}", 1, "No space left on device"),
    "another file system": ("mount -t tmpfs other {output}", 0, "all new"),
    "the same one, mounted": ("mount --bind {other} {output}", 0, "all new"),
    "read-only": ("mount --bind {other} {output} && mount -o remount,ro,bind {output}", 1, "Read-only file system"),
}


@pytest.mark.parametrize("kind", MOUNTS)
def test_mounts(kind, inventory, tmp_path):
    mount, code, said = MOUNTS[kind]
    output = tmp_path / "compiled"
    for folder in (output, tmp_path / "other"):
        folder.mkdir()
    command = f"{mount.format(output=output, other=tmp_path / 'other')} || exit 99; exec "
    command += f"{sys.executable} scripts/compile.py --inventory {inventory} --output {output}"
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    if not shutil.which("unshare") or subprocess.run([*unshare, "true"], capture_output=True).returncode:
        pytest.skip("no mounts of one's own on this machine")
    done = subprocess.run([*unshare, "sh", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=120)
    if done.returncode == 99:
        pytest.skip(f"this machine does not mount: {done.stderr}")
    assert done.returncode == code and said in done.stdout + done.stderr, done.stderr
    assert "Traceback" not in done.stderr and (tmp_path / "other" / CLUSTER).is_dir() == (
        kind == "the same one, mounted"
    )


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("after", [0.2, 0.8])
def test_an_end_at_any_moment(end, after, inventory, run, tmp_path):
    """Old or new, no worker stays, and what a kill leaves behind goes with the next compile."""
    run()
    old = content(tmp_path / "compiled" / CLUSTER)
    append(target(inventory, CLUSTER), "  repository: {revision: other}\n")
    target(inventory, SECOND).write_text(TARGET)
    command = [sys.executable, "scripts/compile.py", "--inventory", inventory, "--output", tmp_path / "compiled"]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True)
    time.sleep(after)
    # As Ctrl-C does, to all of them; the others only to the command.
    (os.killpg if end == signal.SIGINT else os.kill)(process.pid, end)
    _, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    for _ in range(100):
        if not _alive(process.pid):
            break
        time.sleep(0.1)
    assert not _alive(process.pid), "a worker has outlived the command"
    new = content(tmp_path / "compiled" / CLUSTER) != old
    assert new == (tmp_path / "compiled" / SECOND).is_dir() and (new or process.returncode)
    left = list(tmp_path.rglob(".compiled-*"))
    assert not left or end == signal.SIGKILL
    assert run()[0] == 0
    assert not list(tmp_path.rglob(".compiled-*")) and content(tmp_path / "compiled" / CLUSTER) != old


def test_an_end_between_two_clusters(inventory, run, tmp_path, monkeypatch):
    """Whoever still writes would fill the folder again while it is removed."""
    target(inventory, SECOND).write_text(TARGET)

    def interrupted(*_: object):
        raise KeyboardInterrupt

    def remove(folder: Path, **_: object) -> None:
        with pytest.raises(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)
        removed.append(folder)

    removed: list[Path] = []
    monkeypatch.setattr("scripts.compile.Made", interrupted)
    monkeypatch.setattr("components.compile.workshop.shutil.rmtree", remove)
    with pytest.raises(KeyboardInterrupt):
        run()
    assert removed


def _alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
