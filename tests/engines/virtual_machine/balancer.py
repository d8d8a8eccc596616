"""The load balancer's host as a virtual machine: the compiled script makes it one.

The host has HAProxy and nothing else. Brokers and devices live in a network namespace of their
own, behind a veth pair: they are other hosts, whose sockets take no ports of this one.
"""

from __future__ import annotations

import platform
import re
from pathlib import Path
from typing import Any

from components.cluster.types import Cluster
from components.haproxy.files import files
from components.kubeadm import script
from tests.changed import with_platform
from tests.conftest import ROOT
from tests.engines.processes import until
from tests.engines.virtual_machine import archives
from tests.engines.virtual_machine.agent import Done
from tests.engines.virtual_machine.archives import KeyServer
from tests.engines.virtual_machine.machine import HOST, OWN, Machine

FOLDER = "/srv/compiled"
OUTSIDE = "outside"  # the network namespace of brokers and devices
# Values of bootstrap.sh that a machine of this distribution cannot have as compiled: the script
# is for the platform's Ubuntu, and HAProxy comes from an archive for that.
EXCHANGED = {"OS_NAME", "OS_VERSION", "HAPROXY_PACKAGES", "HAPROXY_REPOSITORY"}


def exchanged(cluster: Cluster, keys: KeyServer) -> Cluster:
    """The cluster on this distribution: its own archive with security updates in place of HAProxy's."""
    release = platform.freedesktop_os_release()
    system = {"name": release["ID"], "version": release["VERSION_ID"]}
    archive = archives.security(archives.own())
    haproxy: dict[str, Any] = {
        "package": {"version": archives.haproxy_line()},
        "repository": {
            "url": archive.url,
            "suite": archive.suite,
            "component": archive.component,
            "key": {"url": keys.url, "fingerprint": archives.signer(archive)},
        },
    }
    return with_platform(cluster, operating_system=system, haproxy=haproxy)


def values(text: str) -> dict[str, str]:
    """The values at the head of a script, by name; `""` holds all the rest of it."""
    found = dict(re.findall(r"^readonly (\w+)=(\((?:\n  .*)*\n\)|.*)$", text, re.MULTILINE))
    rest = re.sub(r"^readonly (\w+)=(\((?:\n  .*)*\n\)|.*)$", "", text, flags=re.MULTILINE)
    return {**found, "": rest}


class BalancerHost(Machine):
    """The load balancer's host, with the compiled folder in FOLDER and its neighbours outside."""

    def __init__(self, cluster: Cluster, folder: Path, keys: KeyServer, memory: int) -> None:
        super().__init__(folder, memory)
        self.cluster, self._keys = cluster, keys
        self.compiled = ROOT / "compiled" / cluster.name
        self.script = script.script(exchanged(cluster, keys))
        self.mqtt = next(found for found in cluster.load_balancer.frontends if found.devices)

    def __enter__(self) -> BalancerHost:
        super().__enter__()
        try:
            self._prepare()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _prepare(self) -> None:
        balancer = self.cluster.load_balancer
        brokers = [server.address for server in self.mqtt.servers]
        self.sh(f"""set -e
            ip addr add {OWN} dev eth0; ip link set eth0 up; ip route add default via {HOST}
            ip netns add {OUTSIDE}
            ip link add inside type veth peer name outside netns {OUTSIDE}
            ip addr add {balancer.address}/24 dev inside; ip link set inside up
            ip -n {OUTSIDE} link set lo up; ip -n {OUTSIDE} link set outside up
            for address in {" ".join(brokers)}; do ip -n {OUTSIDE} addr add "$address/24" dev outside; done
        """)
        # HAProxy's archive comes with the script.
        others = [found for found in archives.own() if found != archives.security(archives.own())]
        self.sh("rm -rf /etc/apt/sources.list.d/*")
        self.put("/etc/apt/sources.list", "".join(f"{found}\n" for found in others))
        self.put("/etc/apt/apt.conf.d/90settings", archives.settings())
        self.put("/usr/local/share/ca-certificates/keys.crt", self._keys.authority)
        self.put(f"{FOLDER}/bootstrap/bootstrap.sh", self.script)
        self.compile(files(self.cluster))

    def compile(self, texts: dict[str, str]) -> None:
        """Put the load balancer's compiled files in place, as a pull of the repository would."""
        for name, text in texts.items():
            self.put(f"{FOLDER}/haproxy/{name}", text)

    def step(self, *options: str, seconds: float = 900, check: bool = True) -> Done:
        """Run the step `load-balancer`."""
        line = f"bash {FOLDER}/bootstrap/bootstrap.sh load-balancer {' '.join(options)}"
        return self.sh(line, seconds=seconds, check=check)

    def start_brokers(self) -> None:
        """A broker on each server of the MQTT listener, until HAProxy sees them all."""
        for server in self.mqtt.servers:
            self.start_broker(server.name)
        assert until(lambda: set(self.states().values()) == {"UP"}, 60), f"HAProxy sees its brokers as {self.states()}"

    def start_broker(self, name: str) -> None:
        server = next(found for found in self.mqtt.servers if found.name == name)
        self.put(
            f"/srv/{name}.conf",
            (
                f"listener {server.port} {server.address}\nallow_anonymous true\nmax_connections -1\n"
                "persistence false\nlog_dest none\nset_tcp_nodelay true\n"
            ),
        )
        self.sh(
            f"systemd-run --quiet --unit=broker-{name} --property=LimitNOFILE=1048576 "
            f"--property=NetworkNamespacePath=/run/netns/{OUTSIDE} mosquitto -c /srv/{name}.conf"
        )

    def stop_broker(self, name: str) -> None:
        self.sh(f"systemctl kill --signal=KILL broker-{name}")

    def states(self) -> dict[str, str]:
        """Broker -> UP or DOWN, as HAProxy's own table says."""
        table = (
            self.sh(
                "python3 -c 'import urllib.request as u; print(u.urlopen(\"http://127.0.0.1:"
                f"{self.cluster.load_balancer.stats_port}/;csv\", timeout=20).read().decode())'"
            )
            .out.lstrip("# ")
            .splitlines()
        )
        head = table[0].split(",")
        rows = [dict(zip(head, line.split(","), strict=False)) for line in table[1:] if line]
        checks = f"{self.mqtt.name}-checks"
        return {
            row["svname"]: row["status"].split()[0]
            for row in rows
            if row["pxname"] == checks and row["svname"] != "BACKEND"
        }

    def workers(self) -> list[int]:
        """Process ids of HAProxy's workers, the newest last."""
        master = self.sh("systemctl show --property=MainPID --value haproxy").out.strip()
        return sorted(int(pid) for pid in self.sh(f"pgrep --parent {master}", check=False).out.split())
