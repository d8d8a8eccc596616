"""leave, between a made-up API server and brokers that answer as VerneMQ 1.10 does (vmq_server_cli.erl)."""

from __future__ import annotations

import re
import socket
from contextlib import ExitStack
from dataclasses import replace

import pytest

from components.kubeadm import script
from tests.platforms import one_platform

from .conftest import new_sandbox, nodes_of, states

pytestmark = one_platform

# $STATE/pods: POD|NODE|Ready as the template makes it; $STATE/members: NAME|true or false; $STATE/closed: nodes that
# take no new pods; $STATE/says: what VerneMQ says in place of "Done". A pod that ends comes back on the node of
# $STATE/again.
KUBECTL = r"""
case $* in
  *--raw=/healthz*) ;;
  *' get pods '*) cat "$STATE/pods"; echo 'vernemq-k8s-plugins-5d8-2|verne-1|True' ;;
  *' get node '*unschedulable*) grep -qx -- "${*: -2:1}" "$STATE/closed" 2>/dev/null && printf true || true ;;
  *' get node verne-9 '*) ;;
  *' get node '*) echo node/one ;;
  *' cordon '*) echo "${*: -1}" >>"$STATE/closed" ;;
  *' cluster show '*)
    printf '{"table":[%s],"type":"table"}' \
      "$(sed 's/\(.*\)|\(.*\)/{"Node":"\1","Running":\2}/' "$STATE/members" | paste -sd ,)" ;;
  *' cluster leave '*)
    cat "$STATE/says" 2>/dev/null && exit
    name=$(sed 's/.* node=\([^ ]*\) .*/\1/' <<<"$*")
    sed -i "/^$name|/d" "$STATE/members"
    echo 'Migrated 3/3 queues and 7/7 messages'; echo Done ;;
  *' exec '*) while [[ $1 != -- ]]; do shift; done; shift; exec "$@" ;;
  *' delete pod '*)
    pod=$(sed 's/.* delete pod \([^ ]*\) .*/\1/' <<<"$*")
    sed -i "s/^$pod|.*/$pod|$(cat "$STATE/again" 2>/dev/null)|/" "$STATE/pods" ;;
esac
"""
HOST = "vernemq-k8s-service.dojot.svc.cluster.local"
# The load balancer, among this machine's own addresses.
BALANCER = "127.77.1.9"


@pytest.fixture
def box(cluster, tmp_path):
    here = tuple(replace(host, address=BALANCER) for host in cluster.load_balancer.hosts)
    text = script.script(replace(cluster, load_balancer=replace(cluster.load_balancer, hosts=here)))
    for name, value in {"LEAVE_PATIENCE": 8, "LEAVE_LOOK": 0}.items():
        text, found = re.subn(rf"\b{name}=[^ \n]+", f"{name}={value}", text)
        assert found == 1, name
    made = new_sandbox(tmp_path / "box", text)
    made.fake("kubectl", nodes_of(cluster) + KUBECTL)
    made.fake("sleep", "")
    (made.state / "pods").write_text("".join(f"vernemq-k8s-{n}|verne-{n + 1}|True\n" for n in range(3)))
    _members(made, 0, 1, 2)
    return made


def _members(box, *numbers: int, unseen: tuple[int, ...] = ()) -> None:
    lines = (f"vmq@vernemq-k8s-{n}.{HOST}|{str(n not in unseen).lower()}\n" for n in (*numbers, *unseen))
    (box.state / "members").write_text("".join(lines))


def _changes(box) -> list[str]:
    """What was told that changes something, by its first words."""
    found = (re.search(r" (cordon|cluster leave|delete pod) (\S+)(.*)", call) for call in box.calls)
    return [" ".join(one[0].split()) for one in found if one]


def test_the_last_broker_leaves_and_its_pod_does_not_come_back(box):
    done = box.run("leave", "--server", "verne-3")
    assert done.returncode == 0, done.stderr
    assert _changes(box) == [
        "cordon verne-3",
        f"cluster leave node=vmq@vernemq-k8s-2.{HOST} --kill_sessions --timeout=300",
        "delete pod vernemq-k8s-2 --grace-period=30",
    ]
    # Asked and told in another one's pod, the first.
    assert all(" exec vernemq-k8s-0 --container=vernemq -- vmq-admin " in call for call in box.calls if "admin" in call)
    assert states(done.stdout) == {"done", "ok"} and "Migrated 3/3 queues" in done.stderr
    assert "ok: the others do not know vernemq-k8s-2 any more\n" in done.stdout
    again = box.run("leave", "--server", "verne-3")
    assert (again.returncode, again.stdout) == (0, "skipped: verne-3 has no broker, and the others wait for none\n")
    assert len(_changes(box)) == 3


def test_several_leave_one_after_another(box):
    assert box.run("leave", "--server", "verne-3").returncode == 0
    done = box.run("leave", "--server", "verne-2")
    assert done.returncode == 0 and "ok: the others do not know vernemq-k8s-1 any more\n" in done.stdout, done.stderr
    done = box.run("leave", "--server", "verne-1")
    assert done.returncode == 1 and "no broker but that of verne-1 is Ready" in done.stderr


@pytest.mark.parametrize("at", ["cordon", "delete pod", "cluster leave"])
def test_killed_and_run_again_it_goes_on(box, at):
    path = box.folder / "bin" / "kubectl"
    body = path.read_text()
    path.write_text(body.replace("\ncase", f'\n[[ " $* " != *" {at} "* ]] || {{ kill -KILL $PPID; exit; }}\ncase', 1))
    assert box.run("leave", "--server", "verne-3").returncode != 0
    path.write_text(body)
    done = box.run("leave", "--server", "verne-3")
    assert done.returncode == 0 and "ok: the others do not know vernemq-k8s-2 any more\n" in done.stdout, done.stderr
    assert "vernemq-k8s-2|" not in (box.state / "members").read_text()


def test_dry_run_tells_all_and_does_nothing(box):
    done = box.run("leave", "--server", "verne-3", "--dry-run")
    assert done.returncode == 0 and states(done.stdout) == {"would"} and not _changes(box), done.stderr
    assert f"would: let vmq@vernemq-k8s-2.{HOST} leave\n" in done.stdout


def test_only_the_last_one_and_only_one_of_several(box):
    done = box.run("leave", "--server", "verne-1")
    assert done.returncode == 1 and "failed: on verne-1 is vernemq-k8s-0, and a merge with fewer brokers" in done.stderr
    (box.state / "pods").write_text("vernemq-k8s-0|verne-1|False\nvernemq-k8s-1|verne-2|True\n")
    done = box.run("leave", "--server", "verne-2")
    assert done.returncode == 1 and "no broker but that of verne-2 is Ready" in done.stderr
    assert box.run("leave").returncode == 2 and not _changes(box)


def test_the_number_counts_not_the_spelling(box):
    (box.state / "pods").write_text("".join(f"vernemq-k8s-{n}|verne-{n + 1}|True\n" for n in (0, 10, 9)))
    _members(box, 0, 9, 10)
    done = box.run("leave", "--server", "verne-10")
    assert done.returncode == 1 and "ends vernemq-k8s-10 first" in done.stderr


def test_another_one_that_is_missing_has_to_be_back_unless_forced(box):
    _members(box, 0, 2, unseen=(1,))
    done = box.run("leave", "--server", "verne-3")
    assert done.returncode == 1 and f"the others do not see vmq@vernemq-k8s-1.{HOST}: " in done.stderr
    assert not _changes(box)
    assert box.run("leave", "--server", "verne-3", "--force").returncode == 0


def test_sessions_of_the_load_balancer_are_drained_first_unless_forced(box):
    """Real connections, counted by the real script: those of others do not count."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.77.1.1", 0)))
        for address in (BALANCER, BALANCER, "127.77.1.8"):
            client = socket.create_connection(server.getsockname(), source_address=(address, 0))
            stack.enter_context(client)
            stack.enter_context(server.accept()[0])
        done = box.run("leave", "--server", "verne-3")
        assert done.returncode == 1 and "vernemq-k8s-2 has 2 sessions, which would all come back" in done.stderr
        assert "bootstrap.sh drain --server verne-3 --wait" in done.stderr and not _changes(box)
        assert box.run("leave", "--server", "verne-3", "--force").returncode == 0


def test_what_vernemq_says_in_place_of_done_is_a_failure(box):
    (box.state / "says").write_text("error, still online queues, check the logs, and retry!\n")
    done = box.run("leave", "--server", "verne-3")
    assert done.returncode == 1 and "has not left: error, still online queues" in done.stderr
    assert [change.partition(" ")[0] for change in _changes(box)] == ["cordon", "cluster"]
    (box.state / "says").unlink()
    done = box.run("leave", "--server", "verne-3")
    assert done.returncode == 0 and "skipped: node verne-3 takes no new pods\n" in done.stdout


def test_a_pod_that_finds_room_elsewhere_is_found(box):
    (box.state / "again").write_text("verne-4")
    done = box.run("leave", "--server", "verne-3")
    assert done.returncode == 1 and "vernemq-k8s-2 is on verne-4, and the others know none of its name" in done.stderr
    assert "kubectl cordon" in done.stderr


def test_one_that_joined_again_before_its_pod_ended_is_forgotten(box, cluster):
    again = f'echo "vmq@vernemq-k8s-2.{HOST}|false" >>"$STATE/members";'
    body = KUBECTL.replace("*' delete pod '*)", f"*' delete pod '*) {again}")
    box.fake("kubectl", nodes_of(cluster) + body)
    done = box.run("leave", "--server", "verne-3")
    assert done.returncode == 0, done.stderr
    assert [change.partition(" ")[0] for change in _changes(box)] == ["cordon", "cluster", "delete", "cluster"]


def test_one_that_ended_without_leaving_is_forgotten_by_force_alone(box):
    """After a merge too: its pod waits for a closed node, or is no more."""
    (box.state / "pods").write_text("vernemq-k8s-0|verne-1|True\nvernemq-k8s-1|verne-2|True\nvernemq-k8s-2||\n")
    _members(box, 0, 1, unseen=(2,))
    done = box.run("leave", "--server", "verne-3")
    assert done.returncode == 1 and f"the others wait for vmq@vernemq-k8s-2.{HOST}, which ended" in done.stderr
    assert "kubectl uncordon" in done.stderr and not _changes(box)
    assert box.run("leave", "--server", "verne-3", "--force").returncode == 0
    assert _changes(box) == [f"cluster leave node=vmq@vernemq-k8s-2.{HOST} --kill_sessions --timeout=300"]
    # One that is only away for a moment is not forgotten.
    _members(box, 0, unseen=(1,))
    assert "wait for none" in box.run("leave", "--server", "verne-3", "--force").stdout


def test_a_node_that_nobody_knows(box):
    done = box.run("leave", "--server", "verne-9")
    assert done.returncode == 1
    assert "the cluster has no node verne-9; brokers are on: verne-1 verne-2 verne-3" in done.stderr


def test_an_answer_that_is_none(box):
    (box.state / "members").write_text("")
    done = box.run("leave", "--server", "verne-3")
    assert done.returncode == 1 and 'names no member of its cluster, but: {"table":[],"type":"table"}' in done.stderr
