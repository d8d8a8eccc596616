"""A broker's processes are killed."""

from __future__ import annotations

import os
import signal

from tests.engines.processes import until
from tests.rehearsal.cluster import RehearsedCluster
from tests.rehearsal.crowd import all_back, crowd
from tests.rehearsal.pods import processes_of

# Seconds. The others take a lost broker's devices at once; a single one has to start first.
_TO_OTHERS, _TO_ITSELF = 30, 180


def a_broker_is_killed(made: RehearsedCluster) -> None:
    brokers = made.cluster.brokers
    assert brokers, "this cluster has no brokers"
    (pod, *_) = made.brokers()
    with crowd(made) as devices:
        for process in processes_of(pod["metadata"]["uid"]):
            os.kill(process, signal.SIGKILL)
        if not until(lambda: devices.ask("state")["lost"] > 0, 30, pause=0.1):
            made.report.fail("a broker was killed, and no device noticed")
        seconds = _TO_OTHERS if brokers.replicas > 1 else _TO_ITSELF
        all_back(made, devices, "a broker is killed", seconds)


FAULTS = (a_broker_is_killed,)
