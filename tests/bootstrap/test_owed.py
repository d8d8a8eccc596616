"""A service whose files have changed is restarted: by the next run, where the first one was killed before that."""

from __future__ import annotations

import os
import re

import pytest

from .conftest import states

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="these steps run as root only")

MAIN = 'main "$@"\n'
# Every service is enabled and runs.
SYSTEMCTL = "exit 0"
# The script's own functions, with files below $STATE/root; only packages are left out.
BODY = """
eval "$(declare -f write_file | sed '1s/write_file/write_here/')"
write_file() { write_here "$STATE/root$1" "${@:2}"; }
eval "$(declare -f fetch | sed '1s/fetch/fetch_here/')"
fetch() { fetch_here "$1" "$2" "$STATE/root$3" "${@:4}"; }
download() { printf binary >"$2"; }
has_sha256() { [[ -f $1 && $(cat "$1") == binary ]]; }
add_repository() { :; }
install_packages() { :; }
install_pinned() { printf new >"$STATE/version"; }
installed_version() { cat "$STATE/version" 2>/dev/null || true; }
install_cni_plugins() { :; }
unit_is_stale() { return 1; }
set_node_ports() { :; }
BINARIES=('kubelet|https://files.example/kubelet|0')
NODE_EXPORTER_PACKAGE=prometheus-node-exporter
NODE_EXPORTER_PORT=9100
RUNTIME_OPEN_FILES=
"""
CASES = {
    "node-exporter": ("watch_host", "restart prometheus-node-exporter"),
    "haproxy": ('configure_haproxy "$STATE/haproxy.cfg"', "reload haproxy"),
    "runtime": ("install_runtime /etc/runtime.conf", "restart $RUNTIME_SERVICE"),
    "kubelet as a binary": ("install_kubernetes_binaries", "restart kubelet"),
    "kubelet as a package": ("install_kubernetes_packages", "restart kubelet"),
}


@pytest.fixture(params=CASES.values(), ids=CASES)
def killed(request, sandbox, cluster, text):
    """(Lines of a script that does the work; the command before which a run of it was killed)."""
    line, command = request.param
    command = f"systemctl {command.replace('$RUNTIME_SERVICE', cluster.platform.runtime.service)}"
    for name in ("BINARIES", "NODE_EXPORTER_PACKAGE", "NODE_EXPORTER_PORT", "RUNTIME_OPEN_FILES"):
        text = text.replace(f"readonly {name}=", f"{name}=")
    script = text.removesuffix(MAIN) + "declare -a KUBERNETES_PACKAGES BINARIES\n" + BODY
    sandbox.write(f"{script}{line}\n")
    sandbox.fake("systemctl", SYSTEMCTL)
    sandbox.fake("haproxy", "exit 0")
    (sandbox.state / "haproxy.cfg").write_text("global\n")
    sandbox.killed(command)
    assert command not in sandbox.calls
    return script, line, command


def test_what_a_killed_run_owed_the_next_one_does_once(sandbox, killed):
    _, _, command = killed
    done = sandbox.run()
    assert done.returncode == 0, done.stderr
    assert sandbox.calls.count(command) == 1 and "done" in states(done.stdout)
    assert states(sandbox.run().stdout) <= {"skipped"} and sandbox.calls.count(command) == 1
    assert not list((sandbox.host / "owed").iterdir())


def test_what_a_killed_run_owed_a_dry_run_says_once(sandbox, killed):
    """A reload is no restart beside it, which would end sessions."""
    script, line, command = killed
    sandbox.write(f"{script}OPTION[dry-run]=yes\n{line}\n")
    done = sandbox.run()
    verb, service = command.removeprefix("systemctl ").split()
    assert done.returncode == 0, done.stderr
    said = [each for each in done.stdout.splitlines() if re.match(rf"would: (reload|restart) .*{service}", each)]
    assert len(said) == 1 and said[0].startswith(f"would: {verb} "), done.stdout
    assert command not in sandbox.calls and list((sandbox.host / "owed").iterdir())
