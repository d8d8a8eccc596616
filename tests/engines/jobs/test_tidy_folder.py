"""with-tidy-folder.sh in its compiled container: what a service leaves behind goes, what it works on stays."""

from __future__ import annotations

import pytest

from tests.engines.jobs.clusters import wherever_different
from tests.engines.jobs.pod import Pod

SCRIPT = "with-tidy-folder.sh"
pytestmark = wherever_different(SCRIPT, "env", "image")

# One image of long ago, one that is on its way, and a folder of somebody else's.
PROGRAM = """#!/bin/sh
[ "$1" = start ] || exit 9
mkdir /tmp/kept && : >/tmp/kept/new && : >/tmp/new.hex && : >/tmp/old.hex && touch -d @1600000000 /tmp/old.hex
for try in 1 2 3 4 5 6 7 8 9 10; do
  [ ! -e /tmp/old.hex ] && break
  sleep 0.5
done
cd /tmp && find . -type f | sort
exit 7
"""


@pytest.fixture
def pod(objects, secret_values, tmp_path):
    found = (
        one
        for one in objects
        if one["kind"] == "Deployment"
        and any(SCRIPT in word for word in one["spec"]["template"]["spec"]["containers"][0].get("command", ()))
    )
    workload = next(found, None) or pytest.skip("nobody in this cluster is started by it")
    program = tmp_path / "entrypoint.sh"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    return Pod(
        workload,
        objects,
        tmp_path / "pod",
        secret_values,
        image={"/usr/src/app/docker/entrypoint.sh": program},
        workdir="/usr/src/app",
    )


def test_old_files_go_and_new_ones_stay(pod):
    done = pod.run(environment={"PAUSE_SECONDS": "1"})
    assert done.stdout.split() == ["./kept/new", "./new.hex"], done.stderr
    assert done.returncode == 7, "the program's own end is the container's"


def test_without_a_folder_it_does_not_start(pod):
    done = pod.run(environment={"FOLDER": None})
    assert done.returncode not in (0, 7) and "FOLDER" in done.stderr
