"""A load balancer that follows: its timer, its unit, what is told. What a look does, tests/engines/haproxy tries."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from dataclasses import replace

import pytest

from components.kubeadm import script
from tests.platforms import one_platform

from .conftest import new_sandbox, states

pytestmark = [one_platform, pytest.mark.skipif(os.geteuid() != 0, reason="these steps run as root only")]

MAIN = 'main "$@"\n'
# Of the units here; haproxy runs.
SYSTEMCTL = """case "$*" in
  is-*follow.timer) [[ -e $STATE/$1 ]] ;;
  enable*) touch "$STATE/is-enabled" ;;
  start*) touch "$STATE/is-active" ;;
  disable*) rm -f "$STATE/is-enabled" "$STATE/is-active" ;;
esac"""


def _script(cluster, **follow) -> str:
    balancer = cluster.load_balancer
    changed = balancer.follow.model_copy(update=follow)
    return script.script(replace(cluster, load_balancer=replace(balancer, follow=changed)))


@pytest.fixture
def box(cluster, tmp_path):
    """With a load balancer that follows each minute."""
    box = new_sandbox(tmp_path / "box", _script(cluster, enabled=True))
    box.fake("systemctl", SYSTEMCTL)
    box.fake("dpkg-query", 'printf "ii |1"')
    box.fake("hostname", f"echo {cluster.load_balancer.address}")
    return box


def _runs(box, shell: str) -> subprocess.CompletedProcess[str]:
    """These commands with the script's own functions."""
    text = box.text
    box.write(text.removesuffix(MAIN) + f"set_defaults\n{shell}\n")
    done = box.run()
    (box.folder / "bootstrap" / "bootstrap.sh").write_text(text)
    return done


def test_the_timer_is_set_up_kept_and_taken_away(box, cluster):
    done = _runs(box, "follow_by_timer")
    assert done.returncode == 0 and states(done.stdout) <= {"done", "skipped"}, done.stdout + done.stderr
    units = box.host / "units"
    assert "OnUnitInactiveSec=60s\n" in (units / "dojot-follow.timer").read_text()
    service = (units / "dojot-follow.service").read_text()
    assert f"ExecStart=/bin/bash {box.host}/copy/bootstrap.sh follow\n" in service
    # Whatever systemd lets it write to is there.
    (writable,) = [line for line in service.splitlines() if line.startswith("ReadWritePaths=")]
    config, *own = writable.partition("=")[2].split()
    assert config == os.path.dirname(cluster.platform.haproxy.paths.config)
    assert all(os.path.isdir(path) for path in own) and own == [str(box.host), str(box.host)]
    assert states(_runs(box, "follow_by_timer").stdout) == {"skipped"}

    box.write(_script(cluster, enabled=False))
    (box.host / "follow.git").mkdir()
    (box.host / "follow.json").touch()
    assert states(_runs(box, "follow_by_timer").stdout) == {"done"}
    assert "systemctl disable --now dojot-follow.timer dojot-follow.service" in box.calls
    left = {path.name for path in box.host.iterdir() if path.is_file() or any(path.iterdir())}
    assert not left, left
    assert states(_runs(box, "follow_by_timer").stdout) == {"skipped"}


def test_below_another_root_files_alone_are_made(box, tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    done = _runs(box, f"OPTION[root]={root}\nfollow_by_timer")
    assert done.returncode == 0 and not [call for call in box.calls if call.startswith("systemctl")], done.stderr
    assert (root / str(box.host / "units" / "dojot-follow.timer").lstrip("/")).is_file()
    assert not (box.host / "units").exists() and not (box.host / "metrics").exists()


def test_systemd_takes_the_units(box, tmp_path):
    """With little that they may do: systemd reckons from 0 (nothing) to 10."""
    if not (analyze := shutil.which("systemd-analyze")):
        pytest.skip("not run: there is no systemd-analyze")
    _runs(box, "follow_by_timer")
    for name in ("dojot-follow.service", "dojot-follow.timer"):
        shutil.copy(box.host / "units" / name, tmp_path)
    (box.host / "copy").mkdir(exist_ok=True)
    units = [str(tmp_path / name) for name in ("dojot-follow.service", "dojot-follow.timer")]
    done = subprocess.run([analyze, "verify", "--man=no", *units], capture_output=True, text=True)
    assert "dojot-follow" not in done.stderr and done.returncode == 0, done.stderr
    done = subprocess.run(
        [analyze, "security", "--offline=yes", "--threshold=40", units[0]], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_without_the_inventorys_word_nothing_is_followed(box, cluster):
    box.write(_script(cluster, enabled=False))
    done = box.run("follow")
    assert (done.returncode, done.stderr) == (
        1,
        "failed: this load balancer does not follow: load_balancer.follow.enabled is false\n",
    )
    assert not (box.host / "follow.git").exists()


def test_another_hosts_is_not_touched(box):
    box.fake("hostname", "echo 192.0.2.1")
    done = box.run("follow")
    assert done.returncode == 1 and "this host is no load balancer of" in done.stderr
    assert not (box.host / "follow.git").exists()


def test_a_second_look_does_not_wait(box):
    """Of two at once one is busy, as another run of the script is."""
    (box.host / "follow.git").mkdir()
    held = subprocess.Popen(["flock", str(box.host / "follow.git"), "sleep", "60"])
    try:
        while subprocess.run(["flock", "--nonblock", str(box.host / "follow.git"), "true"]).returncode == 0:
            time.sleep(0.05)
        done = box.run("follow")
    finally:
        held.kill()
        held.wait()
    assert done.returncode == 75 and "another look into the repository is at work" in done.stderr


def test_what_is_noted_can_be_read_by_all(box):
    words = r'haproxy says "no" to a\b, as	it is'
    done = _runs(
        box, f"note_look refused '{words}' 0123 '' '' 1 'a.conf, b.sh'; last_look words; echo; last_look step_due"
    )
    assert done.returncode == 0, done.stderr
    state = json.loads((box.host / "follow.json").read_text())
    seen = words.replace("\t", " ")
    assert (state["words"], state["refused"], state["followed"], state["installed"]) == (seen, 1, 0, "")
    assert done.stdout.split("\n")[::2] == [seen, "a.conf, b.sh"]
    assert (box.host / "follow.json").stat().st_mode & 0o777 == 0o644
    assert "\ndojot_balancer_step_due 1\n" in (box.host / "metrics" / "follow.prom").read_text()


@pytest.mark.parametrize(
    ("old", "new", "due"),
    [
        ("readonly HAPROXY_MAX_RELOADS=2", "readonly HAPROXY_MAX_RELOADS=3", True),
        ("  '{node}|{address}|", "  '{node}|192.0.2.94|", True),
        ("    report skipped 'haproxy runs with", "    report skipped 'HAProxy runs with", True),
        ("readonly KUBERNETES_VERSION=v1.36", "readonly KUBERNETES_VERSION=v1.37", False),
        ("  'dojot/postgres-secret|", "  'dojot/other-secret|", False),
        ("kind: ClusterConfiguration\n", "kind: AnotherConfiguration\n", False),
        ("", "", False),
    ],
)
def test_what_another_commit_changes_here_is_known(box, cluster, old, new, due):
    """Values and code of the script that this host has to do with."""
    node = cluster.workers[0]
    old, new = (text.format(node=node.name, address=node.address) for text in (old, new))
    for name in ("sysctl", "limits"):
        (box.host / name).write_text("as it is\n")
    assert old in box.text
    (box.host / "copy").mkdir()
    (box.host / "copy" / "bootstrap.sh").write_text(box.text)
    (box.host / "script").write_text(box.text.replace(old, new, 1) if old else box.text)
    text = re.sub(r"HAPROXY_SYSCTL=\S+", f"HAPROXY_SYSCTL={box.host}/sysctl", box.text)
    text = re.sub(r"HAPROXY_UNIT_LIMITS=\S+", f"HAPROXY_UNIT_LIMITS={box.host}/limits", text)
    (box.folder / "bootstrap" / "bootstrap.sh").write_text(f"{text.removesuffix(MAIN)}due_on_this_host {box.host}\n")
    done = box.run()
    assert (done.stdout, done.stderr) == ("bootstrap.sh" * due, "")


@pytest.mark.parametrize(
    ("look", "said"),
    [
        ("", "it has not looked yet: systemctl status"),
        ("note_look installed 'x is installed' 1 1 5 0 ''", ""),
        (
            "note_look refused 'x is not installed: it is broken' 1 0 5 1 ''",
            "x is not installed: it is broken (journal",
        ),
        ("note_look installed 'It changes more of this host' 1 1 5 0 a.conf", "It changes more of this host"),
        ("date() { echo 5; }; note_look installed x 1 1 5 0 ''; unset -f date", "its last look was "),
    ],
)
def test_verify_tells_how_it_stands(box, cluster, look, said):
    done = _runs(box, f"identify_balancer\n{look}\nverify_follow")
    (line,) = done.stdout.splitlines()
    what = f"{cluster.load_balancer.hosts[0].name} has the haproxy.cfg of {cluster.git.revision}"
    assert line.startswith(f"failed: {what}: {said}" if said else f"ok: {what}"), line
