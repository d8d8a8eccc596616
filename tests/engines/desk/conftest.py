"""Eight hosts with a real sshd on one LAN, and a person who brings them up, or gives them up, from its router.

Here the desk is tried, not the steps: of bootstrap.sh there is a stand-in that keeps to what a step says, ends with
and takes. With the real one a whole cluster is brought up by the rehearsal (--from-one-desk).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from components.desk.hosts import hosts
from components.desk.plan import of_the_plan, tasks
from components.desk.progress import State
from components.kubeadm import steps
from tests.engines.bootstrap.host import Host
from tests.engines.bootstrap.sshd import Keys
from tests.engines.bootstrap.supplies import system
from tests.engines.processes import until
from tests.inventory.targets import GUIDE, write_inventory
from tests.rehearsal.hosts import Lan

ROOT = Path(__file__).resolve().parents[3]
# A secret that the stand-in of join-token makes, and worker demands.
TOKEN = "abcdef.0123456789abcdef"
STAND_IN = f"""#!/bin/bash
# bootstrap.sh STEP [OPTION...]: each step is done once, and takes $STATE/slow seconds. What `remove` takes back is each
# step that was done, and with --data the file $STATE/data.
set -euo pipefail
STATE=/var/lib/stand-in
step=$1
shift
dry='' join='' whole='' yes='' data=''
while (($#)); do
  case $1 in
    --dry-run) dry=yes ;;
    --whole) whole=yes ;;
    --data) data=yes ;;
    --yes=*) yes=${{1#*=}} ;;
    --force) ;;
    --join-file) join=$2 && shift ;;
  esac
  shift
done
say() {{ printf '%s: %s\\n' "$1" "$2"; }}
if [[ -z $dry ]]; then
  mkdir -p "$STATE"
  exec 9</run/lock
  flock --nonblock 9 || {{ say failed 'another run of this script is at work on this host' >&2; exit 75; }}
  echo "$step" >>"$STATE/begun"
  if [[ -e $STATE/slow ]]; then sleep "$(<"$STATE/slow")"; fi
fi
if [[ -e $STATE/broken-$step && -z $dry ]]; then
  say failed "it is broken: mend it" >&2
  exit 1
elif [[ $step == join-token && -z $dry ]]; then
  (umask 077; echo 'token {TOKEN}' >/run/dojot-join)
  say done 'write /run/dojot-join'
elif [[ $step == remove ]]; then
  [[ -n $whole && $yes == {GUIDE.name} ]] || {{ say failed 'which cluster?' >&2; exit 1; }}
  found=$(ls "$STATE" 2>/dev/null | grep -vxE 'begun|slow|broken-.*|data|stranger') || true
  if [[ -e $STATE/stranger ]]; then
    say would 'refuse: the cluster has other nodes: stranger'
    exit 0
  fi
  for one in $found; do
    if [[ -n $dry ]]; then
      say would "take back $one"
    else
      rm "$STATE/$one"
      say done "take back $one"
    fi
  done
  if [[ ! -e $STATE/data ]]; then
    say skipped 'no directory of a volume is here'
  elif [[ -z $data ]]; then
    say skipped 'directories of volumes stay, with all that is in them (--data removes them): /srv/data'
  elif [[ -n $dry ]]; then
    say would 'remove /srv/data, with all that is in it'
  else
    rm "$STATE/data"
    say done 'remove /srv/data, with all that is in it'
  fi
elif [[ $step == verify || $step == synced ]]; then
  say ok "$step"
elif [[ -e $STATE/$step ]]; then
  say skipped "$step"
elif [[ -n $dry ]]; then
  say would "$step"
else
  if [[ $step == worker ]]; then
    [[ $join == - && $(cat) == 'token {TOKEN}' ]] || {{ say failed 'no token' >&2; exit 1; }}
  elif [[ $step == join-done ]]; then
    rm -f /run/dojot-join
  fi
  touch "$STATE/$step"
  say done "$step"
fi
"""


class DeskHost(Host):
    """On the LAN."""

    lan: Lan

    def _connect(self) -> None:
        assert self.address
        self.lan.plug(self._init, self.address)

    def begun(self) -> list[str]:
        """The steps that have begun here, in their order."""
        path = self.files / "var/lib/stand-in/begun"
        return path.read_text().split() if path.exists() else []


class Site:
    """All hosts of a cluster, by name; `up` is the command, as their administrator types it."""

    def __init__(self, cluster, folder: Path, stack: ExitStack) -> None:
        self.cluster, self.folder = cluster, folder
        # A repository of its own, with the guide's cluster whatever a fork has.
        self.repository = folder / "repository"
        self.repository.mkdir()
        for name in ("scripts", "components", "bootstrap", ".kapitan"):
            place = self.repository / name
            (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, place)
        shutil.copytree(write_inventory(folder / "made", [GUIDE]), self.repository / "inventory")
        self.lan = stack.enter_context(Lan(folder, "192.168.0.254", cluster.platform.kubernetes.service_subnet))
        self.keys = Keys(folder / "keys")
        self.compiled = folder / "compiled"
        for name, text in {"bootstrap/bootstrap.sh": STAND_IN, "haproxy/haproxy.cfg": "# of HAProxy\n"}.items():
            path = self.compiled / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.hosts: dict[str, DeskHost] = {}
        for host in hosts(cluster):
            made = DeskHost(host.name, folder / host.name, [system()[0]], host.address)
            made.lan = self.lan
            self.dress(made)
            self.hosts[host.name] = made
        for made in self.hosts.values():
            stack.enter_context(made)
        self.keys.know({name: made.address or "" for name, made in self.hosts.items()})

    def dress(self, host: Host) -> None:
        wanted = self.cluster.platform.operating_system
        host.write("etc/os-release", f'ID={wanted.name}\nVERSION_ID="{wanted.version}"\n')
        host.write("etc/hostname", "fresh\n")
        # No name of the Internet is found, and none is needed: see --force.
        host.write("etc/resolv.conf", "nameserver 192.0.2.1\noptions timeout:1 attempts:1\n")
        self.keys.dress(host)

    def command(self, *options: str, script: str = "up") -> list[str]:
        return self.lan.command(
            # Who runs tests in the background has Ctrl-C ignored, by them and by all that they start.
            *("env", "--default-signal=INT", "-C", self.repository, "PYTHONUNBUFFERED=1", f"HOME={self.folder}"),
            *(sys.executable, self.repository / "scripts" / f"{script}.py", self.cluster.name),
            f"--ssh-config={self.keys.config}",
            f"--compiled={self.compiled}",
            *([] if script == "verify" else [f"--logs={self.folder / 'logs'}"]),
            # No package can be reached here.
            *(["--force"] if script == "up" else []),
            *options,
        )

    def up(self, *options: str, code: int = 0, given: str | None = None) -> str:
        return self.said(*options, code=code, given=given)

    def down(self, *options: str, code: int = 0, given: str | None = None) -> str:
        return self.said(*options, code=code, given=given, script="down")

    def verify(self, *options: str, code: int = 0) -> str:
        return self.said(*options, code=code, given=None, script="verify")

    def said(self, *options: str, code: int, given: str | None, script: str = "up") -> str:
        """Both ways; AssertionError where it ends otherwise."""
        done = subprocess.run(
            self.command(*options, script=script),
            input=given,
            stdin=None if given else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            # Without a terminal, who asks for a password reads it from standard input.
            start_new_session=True,
        )
        assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def start(self, *options: str, script: str = "up") -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*options, script=script),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def plan(self):
        """The tasks of the whole."""
        return tasks(of_the_plan(steps.read().steps, set()), hosts(self.cluster))

    def when(self, step: str, name: str = "") -> None:
        """Wait until a step has begun somewhere, or on this host."""
        hosts = [self.hosts[name]] if name else self.hosts.values()
        until(lambda: any(step in host.begun() for host in hosts), 120, pause=0.05)

    def forget(self) -> None:
        """All hosts are as new."""
        for host in self.hosts.values():
            host.run("sh", "-c", "rm -rf /var/lib/stand-in /opt/dojot /run/dojot-join")


def states(said: str) -> set[str]:
    """How tasks have ended, where nobody watches."""
    words = "|".join(state.value for state in State if state.ended)
    return set(re.findall(rf"^ *\d+:\d\d +\S+ +\S+ +({words})\b", said, re.M))


@pytest.fixture(autouse=True)
def _as_new(site):
    site.forget()


@pytest.fixture(scope="module")
def site(guide_cluster, tmp_path_factory):
    if os.geteuid() != 0:
        pytest.skip("hosts in namespaces of their own need root")
    with ExitStack() as stack:
        yield Site(guide_cluster, tmp_path_factory.mktemp("desk"), stack)
