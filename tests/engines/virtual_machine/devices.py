"""Devices in the virtual machine's outside network: tests/engines/mqtt/load.py, given orders."""

from __future__ import annotations

import json
import shlex
from typing import Any

from tests.conftest import ROOT
from tests.engines.virtual_machine.agent import Silent
from tests.engines.virtual_machine.balancer import OUTSIDE, BalancerHost

LOAD = ROOT / "tests" / "engines" / "mqtt" / "load.py"
# One address has some 14,000 ports that the kernel finds at once (every other of its default range).
PER_ADDRESS = 10_000


class Devices:
    """One load generator in the machine. Its sessions live until `leave`."""

    def __init__(self, host: BalancerHost, most: int) -> None:
        """For `most` sessions at once."""
        self._host = host
        addresses = [f"198.18.0.{number}" for number in range(1, most // PER_ADDRESS + 2)]
        balancer = host.cluster.load_balancer.address
        for address in addresses:
            host.sh(f"ip -n {OUTSIDE} addr replace {address}/32 dev outside; ip route replace {address} dev inside")
        host.put("/srv/load.py", LOAD.read_bytes())
        host.sh("rm -f /srv/orders /srv/answers; mkfifo /srv/orders /srv/answers")
        load = f"python3 /srv/load.py --to {balancer}:{host.mqtt.listen} --from {','.join(addresses)}"
        # Both ends of both pipes stay open as long as the load generator runs.
        host.sh(
            f"systemd-run --quiet --unit=devices --collect --property=LimitNOFILE=1048576 "
            f"--property=NetworkNamespacePath=/run/netns/{OUTSIDE} "
            f"bash -c {shlex.quote(f'exec {load} 3<>/srv/orders 4<>/srv/answers </srv/orders >/srv/answers')}"
        )

    def order(self, line: str, seconds: float = 600) -> dict[str, Any]:
        """Give an order of load.py and wait for its answer."""
        # One command, and no asking in between: what emulation makes dear is starting programs.
        done = self._host.sh(
            f"echo {shlex.quote(line)} >/srv/orders && read -r -t {seconds:.0f} answer </srv/answers && "
            "printf '%s' \"$answer\"",
            seconds=seconds + 60,
            check=False,
        )
        if done.code == 0:
            return json.loads(done.out)
        said = self._host.sh("journalctl --unit=devices --no-pager | tail -20", check=False).out
        raise Silent(f"the devices did not finish `{line}` within {seconds:.0f} s\n{said}")

    def leave(self) -> None:
        """All at once, as when their network fails."""
        self._host.sh("systemctl kill --signal=KILL devices", check=False)
