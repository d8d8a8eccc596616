"""/etc/hosts: our lines and no others."""

from __future__ import annotations

import pytest

from tests.platforms import one_platform

from .conftest import states, tree

pytestmark = one_platform

BEGIN, END = "# dojot nodes: begin\n", "# dojot nodes: end\n"
TEMPLATE = "etc/cloud/templates/hosts.debian.tmpl"


@pytest.fixture
def write(sandbox, text):
    """Only this part of `node`."""
    (sandbox.folder / "root/etc").mkdir()
    sandbox.write(text.replace('"step_${step//-/_}"\n', "write_hosts\n"))
    return lambda *options: sandbox.run("node", "--root", str(sandbox.folder / "root"), *options)


@pytest.fixture
def hosts(sandbox, write):
    return sandbox.folder / "root/etc/hosts"


def _block(cluster) -> str:
    rows = [(node.address, node.name) for node in cluster.nodes]
    rows.append((cluster.load_balancer.address, cluster.load_balancer.hosts[0].name))
    return BEGIN + "".join(f"{address} {name}\n" for address, name in rows) + END


@pytest.mark.parametrize(
    "before, others",
    [
        ("127.0.0.1 localhost\n", "127.0.0.1 localhost\n"),
        (
            f"127.0.0.1 localhost\n{BEGIN}10.1.1.1 old\n{END}10.2.2.2 printer\n",
            "127.0.0.1 localhost\n10.2.2.2 printer\n",
        ),
    ],
)
def test_other_lines_stay_and_the_former_file_too(write, hosts, cluster, before, others):
    hosts.write_text(before)
    assert states(write().stdout) == {"done"}
    assert hosts.read_text() == others + _block(cluster)
    assert hosts.with_name("hosts.previous").read_text() == before
    assert states(write().stdout) == {"skipped"}
    assert hosts.with_name("hosts.previous").read_text() == before


@pytest.mark.parametrize(
    "marks, said",
    [
        ("b..", "begin in line 2"),
        (".e.", "end in line 3"),
        ("e.b", "end in line 2, begin in line 4"),
        ("bbe", "begin in line 2, begin in line 3, end in line 4"),
        ("bee", "begin in line 2, end in line 3, end in line 4"),
        ("be.be", "begin in line 2, end in line 3, begin in line 5, end in line 6"),
    ],
)
def test_lost_marks_lose_no_line(sandbox, write, hosts, marks, said):
    lines = {"b": BEGIN, "e": END, ".": "10.2.2.2 printer\n"}
    hosts.write_text("127.0.0.1 localhost\n" + "".join(lines[mark] for mark in marks) + "10.3.3.3 last\n")
    before = tree(sandbox.folder / "root")
    done = write()
    assert (done.returncode, done.stdout) == (1, "")
    assert f"; it has {said}. Nothing was written" in done.stderr and str(hosts) in done.stderr
    assert tree(sandbox.folder / "root") == before


def test_what_cloud_init_makes_of_its_template_has_the_nodes(sandbox, write, hosts, cluster):
    """It writes /etc/hosts anew at boot, if it is told to manage it: from this file."""
    hosts.write_text("127.0.0.1 localhost\n")
    assert write().returncode == 0
    assert not (sandbox.folder / "root/etc/cloud").exists()
    template = sandbox.folder / "root" / TEMPLATE
    template.parent.mkdir(parents=True)
    template.write_text("## template:jinja\n127.0.1.1 {{fqdn}} {{hostname}}\n")
    assert write().returncode == 0
    assert template.read_text() == "## template:jinja\n127.0.1.1 {{fqdn}} {{hostname}}\n" + _block(cluster)
    assert states(write().stdout) == {"skipped"}
