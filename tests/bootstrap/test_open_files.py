"""How many files a container may open: what `node` gives the runtime, and what `verify` finds in the brokers."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from components.kubeadm import script, values
from tests.bootstrap.conftest import nodes_of, states
from tests.changed import with_platform

MAIN = 'main "$@"\n'
WANTED, SYSTEMDS = 700, 300
# systemd with one service: a process that has the limit of the unit as it was last read.
SYSTEMCTL = rf"""
run() {{
  (ulimit -n "$(cat "$STATE/read" 2>/dev/null || echo {SYSTEMDS})"; sleep 60 >/dev/null 2>&1 & echo $! >"$STATE/pid")
}}
case "$*" in
  *is-active*) [[ -e $STATE/pid ]] ;;
  *MainPID*) cat "$STATE/pid" ;;
  *NeedDaemonReload*) [[ -e $STATE/stale ]] && echo yes || echo no ;;
  daemon-reload)
    rm -f "$STATE/stale"
    sed -n 's/^LimitNOFILE=//p' "$STATE"/root/etc/systemd/system/*.d/90-dojot.conf >"$STATE/read" ;;
  start*) run ;;
  restart*) kill "$(<"$STATE/pid")"; run ;;
esac"""
# The script's own functions, with files below $STATE/root; only packages are left out.
BODY = """
eval "$(declare -f write_file | sed '1s/write_file/write_here/')"
write_file() { write_here "$STATE/root$1" "${@:2}"; }
add_repository() { :; }
install_pinned() { :; }
SELF=([label]="$1")
install_runtime /etc/runtime.conf
"""


@pytest.fixture
def runtime(sandbox, cluster):
    """A host on which the runtime runs with the limit that systemd gives to all services."""
    _write(sandbox, cluster, {"open_files": WANTED})
    sandbox.fake("systemctl", SYSTEMCTL)
    subprocess.run(
        ["systemctl", "start"],
        env={**os.environ, "PATH": f"{sandbox.folder / 'bin'}:{os.environ['PATH']}", "STATE": str(sandbox.state)},
        check=True,
    )
    yield sandbox
    with suppress(ProcessLookupError):
        os.kill(int((sandbox.state / "pid").read_text()), signal.SIGKILL)


def _write(sandbox, cluster, runtime):
    changed = with_platform(cluster, runtime=runtime)
    sandbox.write(script.script(changed).removesuffix(MAIN) + BODY)


def _limit(sandbox) -> int:
    pid = int((sandbox.state / "pid").read_text())
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
    return int(next(line.split()[3] for line in lines if line.startswith("Max open files")))


def _restarts(done) -> list[str]:
    return [line for line in done.stdout.splitlines() if "restart service" in line]


def test_the_runtime_gets_its_limit_and_keeps_it(runtime, cluster):
    assert _limit(runtime) == SYSTEMDS
    done = runtime.run("no brokers here")
    assert done.returncode == 0, done.stderr
    (restarted,) = _restarts(done)
    assert restarted.startswith("done: ") and restarted.endswith("keep their old limit until they are made again")
    assert _limit(runtime) == WANTED
    (unit,) = (runtime.state / "root/etc/systemd/system").iterdir()
    assert unit.name == f"{cluster.platform.runtime.service}.service.d"
    before = runtime.calls
    again = runtime.run("no brokers here")
    assert (again.returncode, states(again.stdout)) == (0, {"skipped"}), again.stdout
    assert all(call.startswith(("systemctl is-", "systemctl show")) for call in runtime.calls[len(before) :])


@pytest.mark.parametrize("stale", [True, False], ids=["before systemd read it", "before the restart"])
def test_a_run_that_was_stopped_in_between_is_finished(runtime, stale):
    """The file is right already, and nothing else tells that the process is not."""
    runtime.run("any")
    process, path = int((runtime.state / "pid").read_text()), runtime.state / "read"
    if stale:
        path.unlink()
        (runtime.state / "stale").touch()
    subprocess.run(["prlimit", f"--pid={process}", f"--nofile={SYSTEMDS}:{WANTED}"], check=True)
    done = runtime.run("any")
    assert len(_restarts(done)) == 1 and ("read the unit files again" in done.stdout) == stale, done.stdout
    assert _limit(runtime) == WANTED
    assert states(runtime.run("any").stdout) == {"skipped"}


def test_more_than_systemd_may_open_itself_is_not_waited_for(runtime):
    runtime.run("any")
    awk = subprocess.run(["sh", "-c", "command -v awk"], capture_output=True, text=True, check=True).stdout.strip()
    runtime.fake("awk", f'if [[ ${{*: -1}} == /proc/1/limits ]]; then echo {SYSTEMDS}; else exec {awk} "$@"; fi')
    subprocess.run(["prlimit", f"--pid={int((runtime.state / 'pid').read_text())}", f"--nofile={SYSTEMDS}"], check=True)
    assert states(runtime.run("any").stdout) == {"skipped"}


def test_on_a_node_of_brokers_it_says_how_they_get_theirs(runtime, cluster):
    service = cluster.brokers
    if service is None:
        pytest.skip("a cluster without brokers")
    (restarted,) = _restarts(runtime.run(cluster.groups[service.group].label))
    command = restarted.partition("the brokers one by one with: ")[2]
    runtime.fake("kubectl", "exit 0")
    done = subprocess.run(
        ["sh", "-c", command],
        env={"PATH": f"{runtime.folder / 'bin'}:{os.environ['PATH']}", "STATE": str(runtime.state)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    name = f"vernemq-{service.spec.custom_resource.name}"
    assert [call for call in runtime.calls if call.startswith("kubectl")] == [
        f"kubectl --namespace={service.namespace} {words}"
        for number in range(service.replicas)
        for words in (f"delete pod {name}-{number}", f"rollout status statefulset/{name}")
    ]


def test_a_runtime_whose_own_unit_says_it_is_left_alone(runtime, cluster):
    _write(runtime, cluster, {"open_files": None})
    runtime.run("any")
    assert states(runtime.run("any").stdout) == {"skipped"}
    assert _limit(runtime) == SYSTEMDS and not (runtime.state / "root/etc/systemd").exists()


# An API server whose brokers run in a process namespace of their own: $STATE/POD holds phase and limit.
KUBECTL = r"""
pod=$(grep -oE ' (pod|exec) [^ ]+' <<<"$*" | head -n 1); pod=${pod##* }
case " $* " in
  *" --raw=/healthz "*) echo ok ;;
  *" get pod "*) sed -n 1p "$STATE/$pod" 2>/dev/null || true ;;
  *" exec "*)
    [[ $(sed -n 2p "$STATE/$pod") != refused ]] || exit 1
    while [[ $1 != -- ]]; do shift; done
    shift
    exec unshare --pid --fork --kill-child --mount-proc bash -c '
      (ulimit -n 100; exec sleep 30) &
      limit=$(sed -n 2p "$0")
      if [[ -n $limit ]]; then (ulimit -Sn "$limit"; exec "${0%/*}/beam.smp" 30) & fi
      while [[ -n $limit ]] && ! grep -qx beam.smp /proc/[0-9]*/comm; do sleep 0.02; done
      "$@"' "$STATE/$pod" busybox "$@" ;;
esac
"""


def test_verify_reads_the_limit_of_each_brokers_process(sandbox, cluster):
    if os.geteuid() != 0:
        pytest.skip("only root can make a process namespace")
    row = next(iter(values._brokers(cluster)), None)
    if row is None:
        pytest.skip("a cluster without brokers")
    namespace, name, _, label, _ = row.split("|")
    found = {
        "Running\n250\n": "ok",
        "Running\n249\n": (
            "failed: it may open 249. Run the step node on its node, then make the brokers' pods again: for pod in "
        ),
        "": "failed: it does not run (there is no such pod), so nobody can tell yet",
        "Pending\n": "failed: it does not run (Pending), so nobody can tell yet",
        "Running, not started\n": "failed: it does not run (Running, not started), so nobody can tell yet",
        "Running\nrefused\n": "failed: its container cannot be asked (kubectl exec, see above)",
        "Running\n": "failed: its container shows no process beam.smp, the Erlang VM: look at its log",
    }
    few = f"{namespace}|{name}|{len(found)}|{label}|250"
    sandbox.write(script.script(cluster).replace(f"'{row}'", f"'{few}'"))
    sandbox.fake("kubectl", nodes_of(cluster) + KUBECTL)
    sleep = subprocess.run(["sh", "-c", "command -v sleep"], capture_output=True, text=True, check=True).stdout.strip()
    (sandbox.state / "beam.smp").symlink_to(sleep)
    for number, state in enumerate(found):
        (sandbox.state / f"{name}-{number}").write_text(state)
    said = [line for line in sandbox.run("verify").stdout.splitlines() if "may open 250 files" in line]
    assert len(said) == len(found)
    for number, (line, wanted) in enumerate(zip(said, found.values(), strict=False)):
        word, _, because = wanted.partition(": ")
        assert line.startswith(
            f"{word}: broker {namespace}/{name}-{number} may open 250 files{because and f': {because}'}"
        )


def test_without_brokers_nothing_is_said_of_them(sandbox, cluster):
    sandbox.write(
        script.script(
            replace(
                cluster,
                services=tuple(service for service in cluster.services if service.kind != "VerneMQ"),
            )
        )
    )
    sandbox.fake(
        "kubectl", nodes_of(cluster) + 'case " $* " in *" --raw=/healthz "*) echo ok ;; *" exec "*) exit 1 ;; esac'
    )
    said = sandbox.run("verify").stdout
    assert f"the cluster is {cluster.name}" in said and "may open" not in said
