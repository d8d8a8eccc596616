"""A HAProxy that a unit of systemd has started with too few open files for its next configuration, and is reloaded.

The virtual machine has no HAProxy of its own: it gets this machine's.
"""

from __future__ import annotations

import io
import re
import subprocess
import tarfile
from collections.abc import Iterator

import pytest

from tests.engines.processes import until
from tests.engines.programs import installed
from tests.engines.virtual_machine.machine import Machine

MEMORY = 512 << 20
FEW, MANY = 1_000, 8_000
# Two files a session, and some more.
LIMIT = 2 * FEW + 100
CONFIG = """global
    maxconn {}
defaults
    mode tcp
    timeout client 10s
    timeout server 10s
    timeout connect 5s
listen mqtt
    bind 127.0.0.1:1883
    server broker 127.0.0.1:1884
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory) -> Iterator[Machine]:
    haproxy = installed("haproxy")
    listed = subprocess.run(["ldd", haproxy], capture_output=True, text=True, check=True).stdout
    with Machine(tmp_path_factory.mktemp("machine"), MEMORY) as found:
        libraries = re.findall(r"=> (/\S+)", listed)
        there = found.sh(f"ls {' '.join(libraries)}", check=False).out.split()
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w:gz", dereference=True) as archive:
            for path in [str(haproxy), *(library for library in libraries if library not in there)]:
                archive.add(path)
        found.put("/srv/haproxy.tgz", content.getvalue())
        found.sh("tar --extract --gzip --file=/srv/haproxy.tgz --directory=/ && ldconfig")
        yield found


@pytest.mark.parametrize(
    ("forbidden", "expected"),
    [
        pytest.param("", 2 * MANY, id="as packages have it"),
        # It goes on as it was, and its master waits for a better configuration.
        pytest.param("~CAP_SYS_RESOURCE", LIMIT, id="a unit that may not"),
    ],
)
def test_a_reload_raises_the_limit_where_the_unit_lets_it(machine, forbidden, expected):
    """So the step looks at the newest worker, and restarts HAProxy only where that one has too few."""
    config = "/srv/haproxy.cfg"
    machine.put(config, CONFIG.format(FEW))
    machine.sh(
        f"systemd-run --quiet --unit=haproxy --property=LimitNOFILE={LIMIT} "
        f"{f'--property=CapabilityBoundingSet={forbidden}' if forbidden else ''} "
        f"{installed('haproxy')} -W -f {config}"
    )
    try:
        assert until(lambda: _workers(machine), 60)
        (before,) = _workers(machine)
        assert _limit(machine, before) == LIMIT
        machine.put(config, CONFIG.format(MANY))
        machine.sh("systemctl kill --signal=USR2 --kill-whom=main haproxy")
        log = "journalctl --unit=haproxy --output=cat --no-pager"
        done = "Loading failure" if forbidden else r"Former worker .* exited"
        assert until(lambda: re.search(done, machine.sh(log).out), 120), machine.sh(log).out
        (after,) = _workers(machine)
        assert (after == before) == bool(forbidden)
        assert _limit(machine, after) >= expected if not forbidden else _limit(machine, after) == expected
    finally:
        machine.sh("systemctl stop haproxy; systemctl reset-failed haproxy", check=False)


def _workers(machine: Machine) -> list[int]:
    master = machine.sh("systemctl show --property=MainPID --value haproxy").out.strip()
    return [int(pid) for pid in machine.sh(f"pgrep --parent {master}", check=False).out.split()]


def _limit(machine: Machine, pid: int) -> int:
    return int(machine.sh(f"grep '^Max open files' /proc/{pid}/limits").out.split()[3])
