"""Devices in the virtual machine's outside network: tests/engines/mqtt/load.py, given orders."""

from __future__ import annotations

import json
import shlex
import time
from typing import Any

from tests.engines.virtual_machine.agent import Silent
from tests.engines.virtual_machine.balancer import OUTSIDE, BalancerHost
from tests.conftest import ROOT

LOAD = ROOT / "tests" / "engines" / "mqtt" / "load.py"
# One address has some 14,000 ports that the kernel finds at once (every other of its default range).
PER_ADDRESS = 10_000


class Devices:
    """One load generator in the machine. Its sessions live until `leave`."""

    def __init__(self, host: BalancerHost, most: int) -> None:
        """For `most` sessions at once."""
        self._host, self._answers = host, 0
        addresses = [f"198.18.0.{number}" for number in range(1, most // PER_ADDRESS + 2)]
        balancer = host.cluster.load_balancer.address
        for address in addresses:
            host.sh(f"ip -n {OUTSIDE} addr replace {address}/32 dev outside; ip route replace {address} dev inside")
        host.put("/root/load.py", LOAD.read_bytes())
        host.sh("rm -f /root/orders /root/answers /root/load.err; mkfifo /root/orders")
        load = f"python3 /root/load.py --to {balancer}:{host.mqtt.listen} --from {','.join(addresses)}"
        # The writing end stays open as long as the load generator runs.
        host.sh(
            f"systemd-run --quiet --unit=devices --collect --property=LimitNOFILE=1048576 "
            f"--property=NetworkNamespacePath=/run/netns/{OUTSIDE} "
            f"bash -c {shlex.quote(f'exec {load} 3<>/root/orders </root/orders >/root/answers 2>/root/load.err')}"
        )

    def order(self, line: str, seconds: float = 600) -> dict[str, Any]:
        """Give an order of load.py and wait for its answer."""
        self._host.sh(f"timeout 10 bash -c {shlex.quote(f'echo {line} >/root/orders')}")
        self._answers += 1
        end = time.monotonic() + seconds
        while True:
            # Asked in the machine: each question costs the emulation more than the answer does.
            got = self._host.sh(
                f"for _ in {{1..20}}; do sed -n '{self._answers}p' /root/answers | grep . && break; sleep 0.5; done; true"
            ).out
            if got.endswith("}\n"):
                return json.loads(got)
            if time.monotonic() > end:
                break
        said = self._host.sh("cat /root/load.err; systemctl status devices --no-pager | head -20", check=False).out
        raise Silent(f"the devices did not finish `{line}` within {seconds:.0f} s\n{said}")

    def leave(self) -> None:
        """All at once, as when their network fails."""
        self._host.sh("systemctl kill --signal=KILL devices", check=False)
