"""HAProxy itself accepts what was compiled, and people can read it."""

from __future__ import annotations

import re
import subprocess

import pytest

from components.haproxy.files import files
from tests.engines.haproxy import adapted
from tests.engines.programs import installed


@pytest.fixture(scope="module")
def texts(cluster):
    return files(cluster)


def test_haproxy_accepts_each_compiled_file_without_a_warning(cluster, compiled, tmp_path):
    # Where Kubernetes chooses the NodePorts, the bootstrap sets these variables.
    chosen = {frontend.variable: "31000" for frontend in cluster.load_balancer.frontends if frontend.node_port is None}
    for host in cluster.load_balancer.hosts:
        file = tmp_path / f"{host.name}.cfg"
        file.write_text(adapted.with_certificate((compiled / "haproxy" / file.name).read_text("utf-8")), "utf-8")
        done = subprocess.run(
            [installed("haproxy"), "-c", "-f", str(file)],
            env=chosen,
            capture_output=True,
            text=True,
            timeout=60,
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0, said
        assert "WARNING" not in said and "Warnings were found" not in said, said


def test_texts_name_their_cluster_and_fit_a_page(cluster, texts):
    for name, text in texts.items():
        assert cluster.name in text.splitlines()[0], name
        assert text.endswith("\n") and not text.endswith("\n\n"), name
        assert all(line == line.rstrip() for line in text.splitlines()), name
        # Generated paragraphs stay readable: only server lines, and the bytes that a check sends, may be long.
        long = (" source ", " send-binary ")
        assert all(len(line) <= 110 or any(word in line for word in long) for line in text.splitlines()), name


def test_a_host_may_track_both_sides_of_every_session_and_as_many_that_have_ended(cluster, texts):
    (number,) = re.findall(r"^# net\.netfilter\.nf_conntrack_max = (\d+)$", texts["99-dojot-haproxy.conf"], re.M)
    sessions = sum(frontend.maxconn for frontend in cluster.load_balancer.frontends)
    assert int(number) == 2 * 2 * sessions


def test_same_cluster_same_bytes(cluster, texts):
    assert files(cluster) == texts
