"""A broker's processes are killed."""

from __future__ import annotations

import os
import signal
from contextlib import suppress

from tests.rehearsal.cluster import RehearsedCluster
from tests.rehearsal.crowd import all_back, crowd, noticed
from tests.rehearsal.pods import processes_of

# Seconds. The others take a lost broker's devices at once; a single one has to start first.
_TO_OTHERS, _TO_ITSELF = 30, 180


def a_broker_is_killed(made: RehearsedCluster) -> None:
    brokers = made.cluster.brokers
    assert brokers, "this cluster has no brokers"
    (pod, *_) = made.brokers()
    with crowd(made) as devices:
        for process in processes_of(pod["metadata"]["uid"]):
            # The first of a container takes the others along.
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        lost = noticed(made, devices, "a broker is killed", 30)
        seconds = _TO_OTHERS if brokers.replicas > 1 else _TO_ITSELF
        all_back(made, devices, "a broker is killed", seconds, lost)


FAULTS = (a_broker_is_killed,)
