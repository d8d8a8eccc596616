"""Kong's compiled start command: the log that pepkong writes cannot grow."""

from __future__ import annotations

import pytest

from tests.conftest import CLUSTERS
from tests.engines.jobs.pod import Pod

# One will do: the command is written once, in Kong's class.
pytestmark = pytest.mark.parametrize("cluster", CLUSTERS[:1], indirect=True, scope="session")
# As pepkong writes (plugins/pepkong/kong/plugins/pepkong/utils.lua), and what is in the folder then.
APPEND = 'i=0; while [ $i -lt 100 ]; do echo "Linha 11 - Inicio de access.run()"  >> /tmp/lualogs.txt; i=$((i+1)); done'
ENTRYPOINT = f'#!/bin/sh\necho "started with: $*"\n{APPEND}\ncat /tmp/* | wc -c\n'


@pytest.fixture
def pod(tmp_path, objects, secret_values):
    found = (one for one in objects if one["kind"] == "Deployment" and one["metadata"]["name"] == "kong")
    workload = next(found, None) or pytest.skip("the cluster has no Kong")
    entrypoint = tmp_path / "docker-entrypoint.sh"
    entrypoint.write_text(ENTRYPOINT)
    entrypoint.chmod(0o755)
    certificates = tmp_path / "certificates"
    certificates.mkdir()
    return Pod(
        workload,
        objects,
        tmp_path / "pod",
        secret_values,
        claims={"kong": certificates},
        image={"/docker-entrypoint.sh": entrypoint},
    )


def test_what_pepkong_writes_is_gone(pod):
    done = pod.run()
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["started with: kong docker-start", "0"]


def test_a_log_of_an_earlier_start_goes(pod):
    """The folder outlives a container that ends by itself."""
    done = pod.run("sh", "-c", f'{APPEND}; exec {pod.container["command"][0]} -c "$0"', pod.container["command"][2])
    assert done.returncode == 0 and done.stdout.splitlines()[-1] == "0", done.stderr


def test_without_the_command_the_log_grows(pod):
    done = pod.run("/docker-entrypoint.sh", "kong", "docker-start")
    assert int(done.stdout.splitlines()[-1]) > 1000
