"""A running load balancer."""

from __future__ import annotations

import pytest

from components.haproxy.files import files
from tests.engines.haproxy import adapted
from tests.engines.haproxy.laboratory import Laboratory
from tests.haproxy.configuration import CONFIG, SYSCTL


@pytest.fixture(scope="session")
def texts(compiled) -> dict[str, str]:
    """The committed files of the HAProxy host."""
    return {path.name: path.read_text("utf-8") for path in (compiled / "haproxy").iterdir()}


@pytest.fixture(scope="session")
def laboratory(cluster, texts, tmp_path_factory):
    """The committed configuration at work; every test leaves all its servers up."""
    config, kernel = adapted.on_this_machine(texts[CONFIG]), adapted.kernel_settings(texts[SYSCTL])
    with Laboratory(cluster, config, kernel, tmp_path_factory.mktemp("haproxy")) as found:
        yield found


@pytest.fixture(scope="session")
def plain(laboratory, cluster, texts, tmp_path_factory):
    """A laboratory with a device listener whose brokers speak MQTT without TLS, and that listener."""
    found = [frontend for frontend in laboratory.device_frontends if not laboratory.secure(frontend)]
    if found:
        yield laboratory, found[0]
        return
    config, kernel = adapted.on_this_machine(texts[CONFIG]), adapted.kernel_settings(texts[SYSCTL])
    with Laboratory(cluster, config, kernel, tmp_path_factory.mktemp("plain"), tls=False) as other:
        yield other, other.device_frontends[0]


@pytest.fixture
def variant(cluster, tmp_path):
    """A function: a changed Cluster -> its configuration at work, until the test ends."""
    running = []

    def start(changed):
        made = files(changed)
        folder = tmp_path / str(len(running))
        folder.mkdir()
        found = Laboratory(
            changed, adapted.on_this_machine(made[CONFIG]), adapted.kernel_settings(made[SYSCTL]), folder
        )
        running.append(found)
        return found.__enter__()

    yield start
    for found in running:
        found.__exit__()
