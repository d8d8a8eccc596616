"""What needrestart, which Ubuntu's servers have, leaves alone after an update of libraries."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from components.kubeadm import script
from tests.changed import with_platform

from .conftest import states

FOLDER = "/etc/needrestart/conf.d"
# As needrestart 3.6 does: settings of its own first, then each file of the folder as Perl; a service
# that a pattern of override_rc fits is restarted only where the value says so, others always.
NEEDRESTART = r"""
use strict;
our %nrconf = (override_rc => {qr(^dbus) => 0, qr(^unattended-upgrades\.service$) => 0});
my $file = shift;
eval do { local (@ARGV, $/) = $file; <> };
die "Error parsing $file: $@" if $@;
SERVICE: foreach my $service (@ARGV) {
    foreach my $pattern (keys %{$nrconf{override_rc}}) {
        next SERVICE if $service =~ /$pattern/ && !$nrconf{override_rc}->{$pattern};
    }
    print "$service\n";
}
"""
OTHERS = [
    "ssh.service",
    "haproxy-exporter.service",
    "my-haproxy.service",
    "haproxyxservice",
    "containerd-shim.service",
    "kubelet2.service",
]


def _restarted(file, *services: str) -> list[str]:
    if not shutil.which("perl"):
        pytest.skip("Perl is not installed")
    done = subprocess.run(["perl", "-e", NEEDRESTART, str(file), *services], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.fixture
def leave(sandbox, cluster):
    """Run one line of the script, with or without needrestart in the inventory; the file that it writes."""

    def run(line: str, folder: str | None = FOLDER):
        text = script.script(with_platform(cluster, operating_system={"needrestart": folder}))
        sandbox.write(text.replace('"step_${step//-/_}"\n', line + "\n"))
        done = sandbox.run("node", "--root", str(sandbox.folder / "root"))
        assert done.returncode == 0, done.stderr
        return done, sandbox.folder / f"root{FOLDER}/dojot.conf"

    return run


def _line_of(text: str, function: str) -> str:
    """How the step itself calls it."""
    (line,) = [
        line.strip()
        for line in text[text.index(f"\n{function}() {{\n") :].partition("\n}\n")[0].splitlines()
        if "leave_running" in line
    ]
    return line


def test_a_load_balancer_keeps_its_sessions(leave, text):
    done, file = leave(_line_of(text, "step_load_balancer"))
    assert states(done.stdout) == {"done"}
    assert _restarted(file, "haproxy.service", *OTHERS) == OTHERS
    assert _restarted("/dev/null", "haproxy.service") == ["haproxy.service"]
    assert states(leave(_line_of(text, "step_load_balancer"))[0].stdout) == {"skipped"}


def test_a_node_keeps_its_runtime_and_its_kubelet(leave, text, cluster):
    _, file = leave(_line_of(text, "step_node"))
    services = {"kubelet", "containerd", cluster.platform.runtime.service}
    assert _restarted(file, *(f"{name}.service" for name in services), *OTHERS) == OTHERS


def test_a_system_without_it_gets_no_file(leave, text):
    done, file = leave(_line_of(text, "step_node"), folder=None)
    assert done.stdout == "" and not file.exists()


@pytest.mark.parametrize("step, before", [("step_node", "install_packages"), ("step_load_balancer", "add_repository")])
def test_it_is_written_before_the_first_package_comes(text, step, before):
    """apt calls needrestart after each installation."""
    body = text[text.index(f"\n{step}() {{\n") :].partition("\n}\n")[0]
    assert body.index("leave_running") < body.index(before)


def test_ubuntu_24_04_has_it(cluster):
    system = cluster.platform.operating_system
    assert system.needrestart == {"24.04": FOLDER}.get(system.version)
