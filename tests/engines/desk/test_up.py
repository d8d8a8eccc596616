"""A whole cluster from one desk, over real SSH: in order, once, whatever happens on the way."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from tests.engines.bootstrap.host import differences
from tests.engines.desk.conftest import TOKEN, states


def _all_done(site) -> None:
    for task in site.plan():
        assert task.step.name in site.hosts[task.host.name].begun(), task.key


def test_everything_once_and_in_order(site):
    said = site.up()
    assert states(said) == {"done", "skipped"} and "failed" not in said
    for name, host in site.hosts.items():
        assert host.begun() == [task.step.name for task in site.plan() if task.host.name == name]
    # A second run finds all as it should be, and needs no token.
    again = site.up()
    assert states(again) == {"skipped"}, again
    assert site.hosts[site.cluster.control_plane.name].begun().count("join-token") == 1
    assert "files of the cluster: on all hosts already" in again


def test_the_token_is_nowhere(site):
    seen = []

    def watch():
        while not over.is_set():
            for path in os.listdir("/proc"):
                if path.isdigit():
                    try:
                        with open(f"/proc/{path}/cmdline", "rb") as file:
                            seen.append(TOKEN.encode() in file.read())
                    except OSError:
                        continue
            time.sleep(0.05)

    over = threading.Event()
    thread = threading.Thread(target=watch)
    thread.start()
    try:
        said = site.up()
    finally:
        over.set()
        thread.join()
    assert seen and not any(seen), "a command line has it"
    assert TOKEN not in said
    for path in (site.folder / "logs").rglob("*"):
        assert TOKEN not in path.read_text() and path.stat().st_mode & 0o077 == 0
    for host in site.hosts.values():
        # The stand-in itself knows it.
        script = f"grep -rlsF {TOKEN} /run /tmp /var /etc /home /root || true"
        assert host.run("sh", "-c", script).stdout == "", host.name


def test_a_dry_run_changes_nothing(site):
    before = {name: host.snapshot() for name, host in site.hosts.items()}
    said = site.up("--dry-run")
    assert states(said) == {"would", "skipped"}, said
    for name, host in site.hosts.items():
        assert differences(before[name], host.snapshot()) == [], name


def test_a_choice_of_steps_and_hosts(site):
    first, second = (node.name for node in site.cluster.workers[:2])
    site.up("--only=node", f"--hosts={first},{second}")
    assert {name: host.begun() for name, host in site.hosts.items() if host.begun()} == {
        first: ["node"],
        second: ["node"],
    }
    assert "there is no step nodes, but: node, " in site.up("--only=nodes", code=2)


def test_a_failure_stops_what_needs_it_and_nothing_else(site):
    broken = site.cluster.workers[0].name
    site.hosts[broken].run("sh", "-c", "mkdir -p /var/lib/stand-in && touch /var/lib/stand-in/broken-volumes")
    said = site.up(code=1)
    assert f"failed: volumes on {broken}: it is broken: mend it" in said
    other, master = site.cluster.workers[1].name, site.cluster.control_plane.name
    assert "worker" in site.hosts[other].begun(), "the others join"
    assert "join-done" not in site.hosts[master].begun(), "one is missing still"
    site.hosts[broken].run("rm", "/var/lib/stand-in/broken-volumes")
    site.up()
    _all_done(site)


STEPS = ("node", "volumes", "control-plane", "join-token", "worker", "join-done", "labels", "argocd", "load-balancer")


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_it_goes_on(site, step):
    for host in site.hosts.values():
        host.run("sh", "-c", "mkdir -p /var/lib/stand-in && echo 0.5 >/var/lib/stand-in/slow")
    process = site.start()
    try:
        site.when(step)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    site.up()
    _all_done(site)
    assert states(site.up()) == {"skipped"}


def test_interrupted_it_says_so_and_goes_on_later(site):
    for host in site.hosts.values():
        host.run("sh", "-c", "mkdir -p /var/lib/stand-in && echo 2 >/var/lib/stand-in/slow")
    process = site.start()
    try:
        site.when("volumes")
        # Ctrl-C: the terminal sends it to all that is in the foreground.
        os.killpg(process.pid, signal.SIGINT)
    finally:
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in said, said
    assert "interrupted. What runs on the hosts goes on to its end" in said
    site.up()
    _all_done(site)


def test_a_host_that_is_away_is_named_and_nothing_is_changed(site):
    host = site.hosts[site.cluster.workers[0].name]
    host.power_off()
    try:
        said = site.up(code=1)
    finally:
        host.boot()
    assert f"{host.name}: {host.name} ({host.address}): " in said and "Nothing was changed." in said
    assert not any(each.begun() for each in site.hosts.values())


def test_a_key_that_is_not_the_known_one_is_refused(site):
    host = site.hosts[site.cluster.workers[0].name]
    known = site.keys.known.read_text()
    other = next(line for line in known.splitlines() if not line.startswith(f"{host.address} "))
    wrong = [
        f"{host.address} {other.partition(' ')[2]}" if line.startswith(f"{host.address} ") else line
        for line in known.splitlines()
    ]
    site.keys.known.write_text("\n".join(wrong) + "\n")
    try:
        said = site.up(code=1)
    finally:
        site.keys.known.write_text(known)
    assert f"{host.name}: " in said and "its host key is not the known one" in said
    assert not any(each.begun() for each in site.hosts.values())


def test_a_slow_host_holds_up_only_who_waits_for_it(site):
    slow, quick = (site.hosts[node.name] for node in site.cluster.workers[:2])
    slow.run("sh", "-c", "mkdir -p /var/lib/stand-in && echo 4 >/var/lib/stand-in/slow")
    process = site.start()
    try:
        site.when("volumes")
        time.sleep(1)
        assert "volumes" in quick.begun() and "volumes" not in slow.begun()
    finally:
        said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said
    _all_done(site)


def test_a_host_that_boots_again_on_the_way_is_waited_for(site):
    host = site.hosts[site.cluster.workers[0].name]
    host.run("sh", "-c", "mkdir -p /var/lib/stand-in && echo 30 >/var/lib/stand-in/slow")
    process = site.start()
    try:
        end = time.monotonic() + 60
        while "node" not in host.begun() and time.monotonic() < end:
            time.sleep(0.05)
        host.power_off()
        (host.files / "var/lib/stand-in/slow").unlink()
        host.boot()
    finally:
        said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said
    assert " held: " in said and host.begun().count("node") == 2
    _all_done(site)


def test_two_people_do_not_work_at_once(site):
    for host in site.hosts.values():
        host.run("sh", "-c", "mkdir -p /var/lib/stand-in && echo 2 >/var/lib/stand-in/slow")
    process = site.start()
    try:
        site.when("node")
        said = site.up(code=1)
    finally:
        first, _ = process.communicate(timeout=300)
    assert "somebody else is at work on this cluster: " in said and " since 20" in said
    assert process.returncode == 0, first


def test_the_machine_behind_an_address_is_looked_at(site):
    one, other = (site.hosts[node.name] for node in site.cluster.workers[:2])
    one.run("hostname", other.name)
    try:
        said = site.up(code=1)
    finally:
        one.run("hostname", "fresh")
    assert f"{one.name}: behind {one.address} answers {other.name}" in said
    assert not any(each.begun() for each in site.hosts.values())
    number = other.run("cat", "/etc/machine-id").stdout
    own = one.run("cat", "/etc/machine-id").stdout
    one.run("sh", "-c", "cat >/etc/machine-id", input=number)
    try:
        said = site.up(code=1)
    finally:
        one.run("sh", "-c", "cat >/etc/machine-id", input=own)
    assert "have the same /etc/machine-id" in said


@pytest.mark.parametrize("rule, given", [("NOPASSWD: ALL", None), ("ALL", "so-secret\n")])
def test_who_logs_in_need_not_be_root(site, rule, given):
    """sudo with a password: that one is asked for once, and is nowhere else."""
    for host in site.hosts.values():
        script = (
            "id ops 2>/dev/null || useradd --create-home --shell /bin/bash ops; echo ops:so-secret | chpasswd;"
            " install -d -m 0700 -o ops ~ops/.ssh; install -m 0600 -o ops /root/.ssh/authorized_keys ~ops/.ssh/;"
            f" echo 'ops ALL=(ALL) {rule}' >/etc/sudoers.d/ops; mkdir -p /var/lib/stand-in"
        )
        host.run("sh", "-c", script)
    config = site.keys.config.with_name(f"ops-{len(rule)}")
    config.write_text(site.keys.config.read_text().replace("User root", "User ops"))
    options = (f"--ssh-config={config}", *(["--ask-sudo-password"] if given else []))
    if given:
        assert "sudo wants a password: --ask-sudo-password" in site.up(options[0], code=1)
        assert "sudo wants a password" in site.up(*options, code=1, given="another\n")
        assert not any(host.begun() for host in site.hosts.values())
    said = site.up(*options, given=given)
    _all_done(site)
    assert "so-secret" not in said + "".join(path.read_text() for path in (site.folder / "logs").rglob("*"))
