"""`bootstrap.sh backup-timer` on a host: under systemd's bounds, its service can do all that a backup needs."""

from __future__ import annotations

import pytest

from tests.bootstrap.conftest import nodes_of, states
from tests.platforms import each_platform

pytestmark = each_platform

# The cluster's answers: what etcd and the databases say in the tests of tests/bootstrap.
KUBECTL = r"""
case $* in
  *snapshot\ save*) echo objects >"${*: -1}" ;;
  *pg_database*) cat >/dev/null; echo 'one|owner' ;;
  *mongodump*) echo archive ;;
  *pg_dump*) echo '-- PostgreSQL database dump complete' ;;
  *psql*) cat >/dev/null; echo 'one|owner' ;;
esac
"""
_FILES = {
    "/etc/kubernetes/pki/ca.key": "a key\n",
    "/etc/kubernetes/apiserver/encryption.yml": "the key of Secrets\n",
    "/etc/kubernetes/admin.conf": "a kubeconfig\n",
    "/var/lib/etcd/member/db": "data\n",
}


@pytest.fixture
def host(site, cluster):
    node = cluster.control_plane
    with site.host(node.name, node.address) as found:
        for path, text in _FILES.items():
            found.put(path, text)
        found.put("/usr/local/bin/kubectl", f"#!/bin/bash\n{nodes_of(cluster)}{KUBECTL}")
        found.run("chmod", "755", "/usr/local/bin/kubectl")
        yield found


def test_the_service_makes_a_backup(host, cluster):
    if not cluster.backup.enabled:
        assert states(host.step("backup-timer").stdout) == {"skipped"}
        return
    folder = cluster.backup.folder
    done = host.step("backup-timer")
    assert done.returncode == 1 and f"there is no directory {folder}" in done.stderr
    host.run("mkdir", folder)
    done = host.step("backup-timer")
    assert done.returncode == 1 and "would be lost with it" in done.stderr
    host.run("mount", "--mkdir", "-t", "tmpfs", "tmpfs", folder)
    done = host.step("backup-timer")
    assert done.returncode == 0, done.stdout + done.stderr
    assert states(host.step("backup-timer").stdout) == {"skipped"}
    assert host.run("systemctl", "is-active", "dojot-backup.timer").stdout == "active\n"
    said = host.run("systemctl", "list-timers", "--all", "dojot-backup.timer").stdout
    assert "dojot-backup.service" in said
    started = host.run("systemctl", "start", "dojot-backup.service", check=False)
    assert started.returncode == 0, host.run("journalctl", "--no-pager", "-u", "dojot-backup").stdout
    (name,) = host.run("ls", folder).stdout.split()
    assert "file|" in host.run("cat", f"{folder}/{name}/manifest").stdout
    assert host.run("stat", "-c", "%a", f"{folder}/{name}").stdout == "700\n"
    assert "dojot_backup_timestamp_seconds " in host.run("cat", "/var/lib/dojot/metrics/backup.prom").stdout
    unknown = host.run("journalctl", "--no-pager", "--grep", "Unknown|Failed to parse", check=False).stdout
    assert "dojot-backup" not in unknown, unknown
