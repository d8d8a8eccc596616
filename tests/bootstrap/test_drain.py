"""drain and undrain on the load balancer's host, between a made-up HAProxy and a made-up kernel."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import replace

import pytest

from components.cluster.types import Cluster
from components.haproxy.files import files, lines
from components.kubeadm import script
from tests.haproxy.configuration import CONFIG, sections
from tests.platforms import one_platform

from .conftest import new_sandbox, states

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="these steps run as root only")

# HAProxy: its servers are lines of $STATE/servers; weights and states of the command change them. $STATE/refuses is its
# answer to whatever changes something.
SOCAT = r"""
[[ ! -e $STATE/silent ]] || exit 1
read -r command
printf '%s\n' "$command" >>"$STATE/told"
read -r word what place value <<<"$command"
case $command in
  'show servers state') printf '1\n# be_id be_name ...\n'; cat "$STATE/servers" ;;
  'set '*) cat "$STATE/refuses" 2>/dev/null && exit
    [[ $what != server ]] || { place=${place%% *}; value=-; }
    awk -v place="$place" -v value="$value" '{
      if ($2 "/" $4 == place) { if (value == "-") $7 = 0; else $8 = value } print }' "$STATE/servers" >"$STATE/new"
    mv "$STATE/new" "$STATE/servers" ;;
esac
echo"""
# The kernel: as many sessions as the next line of $STATE/left says.
SS = r"""
left=$(head -n 1 "$STATE/left"); [[ $(wc -l <"$STATE/left") == 1 ]] || sed -i 1d "$STATE/left"
for ((at = 0; at < left; at++)); do echo "0 0 192.0.2.1:1 192.0.2.2:2"; done"""


@pytest.fixture
def balancer(cluster, tmp_path):
    return _box(cluster, tmp_path)


def _box(cluster, tmp_path):
    """The first load balancer's host, with what the step load-balancer has installed."""
    own = cluster.load_balancer.hosts[0]
    text, host = script.script(cluster), tmp_path / "box" / "host"
    for name, value in {
        "HAPROXY_CONFIG": host / CONFIG,
        "HAPROXY_ADMIN_SOCKET": host / "admin.sock",
        "SESSIONS_LOOK": 0,
        "SESSIONS_TELL": 0,
        "SESSIONS_GRACE": 0,
        "SESSION_LIFETIME": 2,
    }.items():
        text, found = re.subn(rf"\b{name}=[^ \n]+", f"{name}={value}", text)
        assert found == 1, name
    box = new_sandbox(tmp_path / "box", text)
    box.fake("hostname", f"echo {cluster.load_balancer.address}")
    box.fake("socat", SOCAT)
    box.fake("ss", SS)
    (box.host / CONFIG).write_text(files(cluster)[CONFIG])
    (box.host / CONFIG).chmod(0o640)
    (box.state / "left").write_text("7\n")
    devices = {frontend.name for frontend in cluster.load_balancer.frontends if frontend.devices}
    rows = [
        f"{number} {name} {place} {line} {server.address} 2 0 1 1 5 6 3 4 6 0 0 0 - {server.port} - 0 0 - - 0"
        for number, frontend in enumerate(cluster.load_balancer.frontends)
        for name in (f"{frontend.name}-checks", frontend.name)
        for place, server in enumerate(frontend.servers)
        for line in ([one for one, *_ in lines(own, server, 1)] if name in devices else [server.name])
    ]
    (box.state / "servers").write_text("".join(f"{row}\n" for row in rows))
    return box


def _listeners(cluster: Cluster, server: str) -> list[str]:
    return [one.name for one in cluster.load_balancer.frontends if server in {found.name for found in one.servers}]


def _broker(cluster: Cluster) -> str:
    """One of several."""
    return next(one.servers[0].name for one in cluster.load_balancer.frontends if one.devices and len(one.servers) > 2)


def _weights(box) -> dict[str, set[str]]:
    """Section -> its servers with weight 0, in the configuration of the host."""
    return {
        section.name: {line[0] for line in section.values("server") if line[-2:] == ("weight", "0")}
        for section in sections((box.host / CONFIG).read_text())
    }


def _told(box) -> list[str]:
    path = box.state / "told"
    return [line for line in path.read_text().splitlines() if line.startswith("set ")] if path.exists() else []


@one_platform
def test_a_server_is_drained_everywhere_once_and_back(balancer, cluster):
    out, before = _broker(cluster), (balancer.host / CONFIG).read_text()
    listeners = _listeners(cluster, out)
    done = balancer.run("drain", "--server", out)
    assert done.returncode == 0, done.stderr
    assert states(done.stdout) == {"done", "ok"} and f"ok: {out} has 7 sessions left" in done.stdout
    assert f"kubectl drain {out} " in done.stdout and f"bootstrap.sh undrain --server {out}\n" in done.stdout
    assert _told(balancer) == [f"set weight {name}/{out} 0" for name in listeners]
    assert {name for name, servers in _weights(balancer).items() if servers == {out}} >= set(listeners)
    assert all(servers <= {out} for servers in _weights(balancer).values())
    # The kernel was asked about this server's ends alone.
    (asked,) = [call for call in balancer.calls if call.startswith("ss ")]
    ends = {
        f"dst = {server.address}:{server.port}"
        for one in cluster.load_balancer.frontends
        for server in one.servers
        if server.name == out
    }
    assert set(re.findall(r"dst = \S+", asked)) == ends

    done = balancer.run("drain", "--server", out)
    assert states(done.stdout) == {"skipped", "ok"} and len(_told(balancer)) == len(listeners)

    done = balancer.run("undrain", "--server", out)
    assert done.returncode == 0, done.stderr
    assert f"ok: {out} gets new sessions\n" in done.stdout and (balancer.host / CONFIG).read_text() == before
    assert _told(balancer)[len(listeners) :] == [
        line for name in listeners for line in (f"set server {name}/{out} state ready", f"set weight {name}/{out} 1")
    ]
    assert states(balancer.run("undrain", "--server", out).stdout) == {"skipped", "ok"}


@one_platform
def test_all_lines_of_a_server_are_drained_and_the_other_load_balancers_are_named(cluster, tmp_path):
    (first,) = cluster.load_balancer.hosts
    hosts = (
        replace(first, source_addresses=("192.168.0.27",)),
        replace(first, name="haproxy-2", address="192.168.0.18"),
    )
    several = replace(cluster, load_balancer=replace(cluster.load_balancer, hosts=hosts))
    box, out = _box(several, tmp_path), _broker(cluster)
    done = box.run("drain", "--server", out)
    assert done.returncode == 0, done.stderr
    (asked,) = [call for call in box.calls if call.startswith("ss ")]
    assert "Drain and undrain it on haproxy-2 as well\n" in done.stdout
    for frontend in cluster.load_balancer.frontends:
        names = [out, f"{out}.2"] if frontend.devices else [out]
        wanted = [f"set weight {frontend.name}/{name} 0" for name in names if out in {s.name for s in frontend.servers}]
        assert [told for told in _told(box) if f" {frontend.name}/" in told] == wanted
        assert not wanted or _weights(box)[frontend.name] == set(names)
    assert len(asked.split("dst = ")) - 1 == len(_listeners(cluster, out))
    done = box.run("undrain", "--server", out)
    assert f"ok: {out} gets new sessions\n" in done.stdout and not any(_weights(box).values())


@one_platform
def test_a_run_that_broke_off_is_made_up_for(balancer, cluster):
    """The configuration says it already, the running process does not."""
    out = _broker(cluster)
    listeners = _listeners(cluster, out)
    (balancer.state / "refuses").write_text("No such server.\n")
    done = balancer.run("drain", "--server", out)
    assert done.returncode == 1 and f'HAProxy refuses "set weight {listeners[0]}/{out} 0": No such' in done.stderr
    assert out in set().union(*_weights(balancer).values())
    (balancer.state / "refuses").unlink()
    done = balancer.run("drain", "--server", out)
    assert done.returncode == 0 and [f"done: drain {out} in {name}" for name in listeners] == [
        line for line in done.stdout.splitlines() if line.startswith("done: ")
    ]


@one_platform
def test_it_waits_until_no_session_is_left(balancer, cluster):
    out = _broker(cluster)
    (balancer.state / "left").write_text("5\n3\n0\n")
    done = balancer.run("drain", "--server", out, "--wait")
    assert done.returncode == 0, done.stderr
    assert f"{out} has 3 sessions left after " in done.stderr and f"ok: {out} has no session left\n" in done.stdout
    (balancer.state / "left").write_text("5\n")
    done = balancer.run("drain", "--server", out, "--wait")
    assert done.returncode == 1 and f"failed: {out} still has 5 sessions after " in done.stderr
    assert "It stays drained" in done.stderr


@one_platform
def test_nothing_is_changed_where_it_cannot_be(balancer, cluster):
    out, before = _broker(cluster), (balancer.host / CONFIG).read_text()
    assert balancer.run("drain").returncode == balancer.run("undrain").returncode == 2
    done = balancer.run("drain", "--server", "nobody")
    names = sorted({server.name for one in cluster.load_balancer.frontends for server in one.servers})
    assert (done.returncode, done.stderr) == (1, f"failed: HAProxy has no server nobody, but: {' '.join(names)}\n")
    balancer.fake("hostname", "echo 192.0.2.77")
    done = balancer.run("drain", "--server", out)
    assert done.returncode == 1 and f"this host is no load balancer of {cluster.name}" in done.stderr
    balancer.fake("hostname", f"echo {cluster.load_balancer.address}")
    (balancer.state / "silent").touch()
    done = balancer.run("drain", "--server", out)
    assert done.returncode == 1 and "HAProxy does not answer at " in done.stderr
    (balancer.state / "silent").unlink()
    (balancer.host / CONFIG).rename(balancer.host / "away")
    done = balancer.run("drain", "--server", out)
    assert done.returncode == 1 and f"{CONFIG} is missing" in done.stderr and not (balancer.host / CONFIG).exists()
    (balancer.host / "away").rename(balancer.host / CONFIG)
    assert (balancer.host / CONFIG).read_text() == before and not _told(balancer)


@one_platform
def test_dry_run_says_what_it_would_do(balancer, cluster):
    out, before = _broker(cluster), (balancer.host / CONFIG).read_text()
    for options, also in ((), {"ok"}), (("--wait",), set()):
        done = balancer.run("drain", "--server", out, "--dry-run", *options)
        assert done.returncode == 0 and f"would: drain {out} in " in done.stdout, done.stderr
        assert states(done.stdout) == {"would", *also} and "stays drained" not in done.stdout
    assert states(balancer.run("undrain", "--server", out, "--dry-run").stdout) == {"skipped"}
    assert (balancer.host / CONFIG).read_text() == before and not _told(balancer)


@one_platform
@pytest.mark.parametrize("column, value, said", [(5, "0", "down"), (6, "1", "down"), (7, "0", "drained")])
def test_a_second_server_is_not_taken_out_unless_forced(balancer, cluster, column, value, said):
    out, *others = next(
        [server.name for server in one.servers]
        for one in cluster.load_balancer.frontends
        if one.devices and len(one.servers) > 2
    )
    _change(balancer, others[0], column, value)
    done = balancer.run("drain", "--server", out)
    assert done.returncode == 1 and f"{others[0]} ({said} in " in done.stderr and "is out already" in done.stderr
    for other in others[1:]:
        _change(balancer, other, column, value)
    done = balancer.run("drain", "--server", out)
    assert done.returncode == 1 and "no other server of " in done.stderr and "clients would be refused" in done.stderr
    assert not _told(balancer)
    assert "would: refuse: " in balancer.run("drain", "--server", out, "--dry-run").stdout
    assert balancer.run("drain", "--server", out, "--force").returncode == 0 and _told(balancer)


def _change(box, server: str, column: int, value: str) -> None:
    lines = [line.split() for line in (box.state / "servers").read_text().splitlines()]
    for line in lines:
        if line[3] == server:
            line[column] = value
    (box.state / "servers").write_text("".join(" ".join(line) + "\n" for line in lines))


@one_platform
def test_a_server_that_is_down_comes_back_with_its_check(balancer, cluster):
    out = _broker(cluster)
    balancer.run("drain", "--server", out)
    _change(balancer, out, 5, "0")
    done = balancer.run("undrain", "--server", out)
    assert f"ok: {out} gets new sessions once its health check passes: it is down now\n" in done.stdout


@one_platform
def test_verify_on_the_load_balancer_names_who_gets_no_new_sessions(balancer, cluster):
    out = _broker(cluster)
    balancer.fake("kubectl", "exit 1")
    assert f"ok: server {out} gets new sessions\n" in balancer.run("verify").stdout
    balancer.run("drain", "--server", out)
    done = balancer.run("verify")
    assert done.returncode == 1 and f"failed: server {out} gets new sessions: drained in " in done.stdout
    assert done.stdout.count(f"server {out} ") == 1 and f"undrain --server {out}\n" in done.stdout
    (balancer.state / "silent").touch()
    assert "failed: HAProxy says which servers get new sessions: nobody answers" in balancer.run("verify").stdout
    balancer.fake("hostname", "echo 192.0.2.77")
    assert "new sessions" not in balancer.run("verify").stdout


@one_platform
def test_verify_on_the_load_balancer_does_without_kubectl(balancer, cluster):
    path = f"{balancer.folder / 'bin'}:/usr/sbin:/usr/bin:/sbin:/bin"
    if shutil.which("kubectl", path=path):
        pytest.skip("this system has kubectl")
    skipped = f"skipped: what is in the cluster: {cluster.load_balancer.hosts[0].name} has no kubectl\n"
    said = balancer.run("verify", PATH=path).stdout
    assert skipped in said and "the cluster answers" not in said
    balancer.fake("hostname", "echo 192.0.2.77")
    said = balancer.run("verify", PATH=path).stdout
    assert skipped not in said and "failed: the cluster answers" in said


MAIN = 'main "$@"\n'
# $1 is the new configuration; everything runs and is enabled, and ends as the kernel's process list says.
CONFIGURE = 'OPTION[force]=${2-}\nconfigure_haproxy "$1"\n'


@pytest.fixture
def configure(balancer, cluster):
    """A function: a changed load balancer's configuration, installed as the step load-balancer does it."""
    balancer.write(balancer.text.removesuffix(MAIN) + CONFIGURE)
    balancer.fake("systemctl", "[[ $1 != show ]] || echo 400; exit 0")
    balancer.fake("haproxy", "exit 0")
    balancer.fake("ps", 'cat "$STATE/workers"')
    (balancer.state / "workers").write_text(" 401 500\n")

    def run(timeout: int, *force: str):
        changed = replace(cluster, load_balancer=replace(cluster.load_balancer, session_timeout=timeout))
        path = balancer.folder / CONFIG
        path.write_text(files(changed)[CONFIG])
        return balancer.run(str(path), *force)

    return run


@one_platform
def test_a_new_configuration_leaves_drained_servers_drained(balancer, cluster, configure):
    out = _broker(cluster)
    text = (balancer.host / CONFIG).read_text()
    (balancer.host / CONFIG).write_text(
        re.sub(rf"^(    server ({out}|gone) .*)$", r"\1 weight 0", f"{text}    server gone 192.0.2.9:1\n", flags=re.M)
    )
    done = configure(4000)
    assert done.returncode == 0 and f"skipped: drained servers stay drained: {out} (see undrain)\n" in done.stdout
    assert "timeout client 4000s" in (balancer.host / CONFIG).read_text()
    drained = {name for name, servers in _weights(balancer).items() if servers == {out}}
    assert drained >= set(_listeners(cluster, out))
    assert "done: reload haproxy\n" in done.stdout
    assert states(configure(4000).stdout) == {"skipped"}


@one_platform
def test_a_reload_that_would_end_an_old_process_is_refused_unless_forced(balancer, cluster, configure):
    """The processes by their age: 401 is the oldest, and was replaced 60 s ago."""
    allowed, lifetime = cluster.load_balancer.max_reloads, cluster.load_balancer.hard_stop_after
    workers = [" 401 500", *(f" {402 + number} {60 - number}" for number in range(allowed))]
    (balancer.state / "workers").write_text("".join(f"{line}\n" for line in workers[:-1]))
    assert "done: reload haproxy\n" in configure(4000).stdout

    (balancer.state / "workers").write_text("".join(f"{line}\n" for line in workers))
    balancer.fake("ss", 'for pid in 401 401 402; do echo "0 0 a:1 b:2 users:((\\"haproxy\\",pid=$pid,fd=9))"; done')
    before, calls = (balancer.host / CONFIG).read_text(), len(balancer.calls)
    done = configure(5000)
    said = (
        f"failed: {allowed} old processes of haproxy still hold sessions, no more than "
        "platform.haproxy.max_reloads allows: a reload would end the oldest (process 401) and drop its 2 sessions. "
        f"It ends by itself in {lifetime - 60} s at the latest: run this step again then. Nothing was changed; "
        "--force does it all the same\n"
    )
    assert (done.returncode, done.stderr) == (1, said)
    assert (balancer.host / CONFIG).read_text() == before
    assert "systemctl reload haproxy" not in balancer.calls[calls:]
    assert states(configure(4000).stdout) == {"skipped"}
    done = configure(5000, "yes")
    assert done.returncode == 0 and "done: reload haproxy\n" in done.stdout
