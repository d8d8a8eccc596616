"""A host whose load balancer follows, after `bootstrap.sh load-balancer`: what its service can do within its bounds."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

from components.cluster.types import GitSource
from components.haproxy.files import files
from components.kubeadm import script
from tests.bootstrap.conftest import states
from tests.engines.argocd.repository import Repository
from tests.engines.bootstrap.archive import Package, Renamed
from tests.engines.bootstrap.site import Site
from tests.engines.bootstrap.supplies import STAND_INS, system
from tests.engines.haproxy import adapted
from tests.engines.processes import until
from tests.engines.programs import installed
from tests.haproxy.configuration import CONFIG, SYSCTL
from tests.platforms import one_platform

pytestmark = one_platform

BRANCH = "main"
#: Where the host finds it.
PLACE = "/srv/repository.git"


def _haproxy(cluster):
    """Debian's HAProxy as the inventory's; this machine's Git and OpenSSH, which a real host's archive has."""
    package = cluster.platform.haproxy.package
    (debian,) = system()[1].glob(f"{package.name}_*.deb")
    git = {f"/usr/bin/{name}": installed("git") for name in ("git", "git-upload-pack")}
    return [
        Renamed(debian, package.name, package.version.replace("*", "0")),
        Package("git", "1:2", git),
        Package("openssh-client", "1:9", {"/usr/bin/ssh-keygen": installed("ssh-keygen")}),
    ]


class FollowSite(Site):
    """What this machine cannot do of the compiled files is left out, as in a rehearsal."""

    def carried(self) -> dict[str, str]:
        found = super().carried()
        for name, adapt in {CONFIG: adapted.configuration, SYSCTL: adapted.kernel_settings}.items():
            found[f"haproxy/{name}"] = adapt(found[f"haproxy/{name}"])
        return found


@pytest.fixture(scope="module")
def follow_site(_machine, cluster, compiled, tmp_path_factory):
    folder = tmp_path_factory.mktemp("follow")
    balancer = cluster.load_balancer
    follow = balancer.follow.model_copy(update={"enabled": True, "every": 3600})
    # The host itself answers for the Internet at 80 and 443.
    frontends = tuple(replace(one, listen=one.listen + 10_000) for one in balancer.frontends)
    changed = replace(
        cluster,
        load_balancer=replace(balancer, follow=follow, frontends=frontends),
        git=GitSource(f"file://{PLACE}", BRANCH, cluster.git.folder),
    )
    own = shutil.copytree(compiled, folder / "compiled")
    (own / "bootstrap" / "bootstrap.sh").write_text(script.script(changed), "utf-8")
    (own / "haproxy" / CONFIG).write_text(files(changed)[CONFIG], "utf-8")
    made = FollowSite(changed, own, folder / "site", replace(STAND_INS, haproxy=_haproxy))
    most = adapted.files_of_a_process()
    if balancer.open_files > most:
        limit = "LOAD_BALANCER_OPEN_FILES={}\n"
        made.supplies.exchanges[limit.format(balancer.open_files)] = (limit.format(most), "the machine's own limit")
    yield made
    made.close()


@pytest.fixture(scope="module")
def repository(follow_site, tmp_path_factory):
    """What the host carries, committed."""
    found = Repository(tmp_path_factory.mktemp("repository") / "work", BRANCH)
    for path, text in follow_site.carried().items():
        place = found.folder / follow_site.cluster.git.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")
    found.commit("as it is carried")
    return found


@pytest.fixture(scope="module")
def host(follow_site, cluster):
    balancer = cluster.load_balancer
    with follow_site.host(balancer.hosts[0].name, balancer.address) as found:
        yield found


def _push(repository: Repository, host) -> str:
    """The branch to where the host finds it; its commit."""
    host.run("git", "init", "--quiet", "--bare", PLACE)
    host.run(
        "git", f"--git-dir={PLACE}", "fast-import", "--quiet", "--force", input=repository.git("fast-export", BRANCH)
    )
    commit = repository.git("rev-parse", BRANCH).strip()
    assert host.run("git", f"--git-dir={PLACE}", "rev-parse", BRANCH).stdout.strip() == commit
    return commit


def _look(host) -> dict:
    """What the service has noted; it ends well where it had nothing against the commit."""
    done = host.run("systemctl", "start", "dojot-follow.service", check=False)
    state = json.loads(host.read("/var/lib/dojot/follow.json"))
    said = host.run("journalctl", "--no-pager", "-u", "dojot-follow", "-u", "haproxy").stdout
    assert (done.returncode == 0) == (state["result"] == "installed"), said
    return {**state, "said": said}


def test_the_service_follows(host, repository, cluster):
    done = host.step("load-balancer")
    assert done.returncode == 0, done.stdout + done.stderr
    assert states(host.step("load-balancer").stdout) == {"skipped"}
    assert host.run("systemctl", "is-active", "dojot-follow.timer").stdout == "active\n"
    assert "dojot-follow.service" in host.run("systemctl", "list-timers", "--all", "dojot-follow.timer").stdout
    assert _look(host)["result"] == "unreachable"

    commit = _push(repository, host)
    state = _look(host)
    assert (state["result"], state["installed"], state["step_due"]) == ("installed", commit, ""), state
    assert "has the haproxy.cfg of main\n" in host.step("verify").stdout
    config, worker = cluster.platform.haproxy.paths.config, _worker(host)

    path = repository.folder / cluster.git.folder / "haproxy" / CONFIG
    path.write_text(path.read_text("utf-8").replace("# HAProxy of", "# The HAProxy of"), "utf-8")
    repository.commit("another word")
    commit = _push(repository, host)
    state = _look(host)
    assert (state["result"], state["installed"]) == ("installed", commit), state["said"]
    assert host.read(config) == path.read_text("utf-8") and host.run("stat", "-c", "%a", config).stdout == "640\n"
    assert until(lambda: _worker(host) != worker, 10), "HAProxy was not reloaded"

    path.write_text(path.read_text("utf-8").replace("mode tcp", "mode udp"), "utf-8")
    repository.commit("not any configuration")
    _push(repository, host)
    state = _look(host)
    assert (state["result"], state["installed"]) == ("refused", commit), state
    done = host.step("verify")
    assert "failed: haproxy has the haproxy.cfg of main: " in done.stdout and "haproxy refuses " in done.stdout
    if exporter := cluster.load_balancer.node_exporter:
        metrics = host.run("curl", "--silent", "--fail", f"http://127.0.0.1:{exporter.port}/metrics").stdout
        assert "\ndojot_balancer_commit_refused 1\n" in metrics
    unknown = host.run("journalctl", "--no-pager", "--grep", "Unknown|Failed to parse", check=False).stdout
    assert "dojot-follow" not in unknown, unknown


def _worker(host) -> str:
    asked = "echo show info | socat - UNIX-CONNECT:/run/haproxy/admin.sock | sed -n 's/^Pid: //p'"
    return host.run("sh", "-c", asked).stdout.strip()
