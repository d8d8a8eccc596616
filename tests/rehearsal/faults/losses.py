"""Disks are lost, and what was saved is put back by the runbook (docs/operations.md)."""

from __future__ import annotations

from components.cluster.databases import POSTGRES, databases
from components.cluster.types import Service
from tests.rehearsal.cluster import RehearsedCluster
from tests.rehearsal.crowd import crowd, size

# On the control plane, and of another disk than what is lost.
_BACKUPS = "/srv/backup"
# All that makes it one. What a rehearsal has put beside kubeadm's files stays.
_ITS_DISK = (
    "rm -rf /var/lib/etcd/* /var/lib/kubelet/* /etc/dojot /root/.kube;"
    " find /etc/kubernetes -mindepth 1 -maxdepth 1 ! -name kubelet.conf.d -exec rm -rf {} +"
)
_STEP = 900


def a_database_is_lost(made: RehearsedCluster) -> None:
    """The directory of PostgreSQL is empty: a server begins anew, and what it held comes from the backup."""
    service = next((one for one, maker in databases(made.cluster.services) if maker == POSTGRES), None)
    if service is None:
        made.report.figure("a database is lost", "this cluster has no PostgreSQL")
        return
    database = next(
        line for line in _ask(made, service, "select datname from pg_database order by oid").split() if _is_ours(line)
    )
    _ask(made, service, "create table rehearsed as select 42 as kept", database)
    backup = _daily(made) if made.cluster.backup.enabled else _backup(made)
    for _, _, disk in (one for one in made.cluster.disks if one[0] == service):
        made.site.hosts[disk.node.name].run("sh", "-c", f"rm -rf {disk.host_path}/*")
    made.kubectl("delete", "pod", f"--namespace={service.namespace}", f"--selector=name={service.name}")
    made.ready(service.namespace, 300)
    if "rehearsed" in _ask(made, service, "select relname from pg_class", database):
        made.report.fail(f"{service.title} has begun anew, and holds what it held before")
    _step(made, "restore", f"--from={backup}", f"--database={service.name}", f"--yes={made.cluster.name}")
    if _ask(made, service, "select kept from rehearsed", database) != "42":
        made.report.fail(f"{service.title} was restored, and lacks what was saved")
    _ask(made, service, "drop table rehearsed", database)


def the_control_plane_is_lost(made: RehearsedCluster) -> None:
    """Its disk is a new one. Devices and pods of the workers do not notice, and Secrets can be read again."""
    backup, secrets, pods = _backup(made), _secrets(made), _on_workers(made)
    with crowd(made) as devices:
        # What is mounted there goes with its power.
        made.master.run("sh", "-c", _ITS_DISK, check=False)
        made.master.power_off()
        made.master.boot()
        made.master.run("sh", "-c", _ITS_DISK)
        for step in (
            ["node"],
            ["volumes"],
            ["restore", f"--from={backup}", f"--yes={made.cluster.name}"],
            ["control-plane"],
        ):
            _step(made, *step)
        made.wait(lambda: not made.unready_nodes(), "a node is not Ready", made.unready_nodes, 240)
        said = devices.ask("ping")
        if said["lost"] or said["answered"] < size(made):
            made.report.fail(
                f"the control plane was restored, and of {size(made)} sessions {said['answered']} are answered, "
                f"{said['lost']} had ended"
            )
    if _secrets(made) != secrets:
        made.report.fail("the control plane was restored, and Secrets are not those of before")
    if lost := sorted(name for name, started in pods.items() if _on_workers(made).get(name) != started):
        made.report.fail(f"the control plane was restored, and pods were made or started anew: {', '.join(lost)}")


def _daily(made: RehearsedCluster) -> str:
    """The folder of one that the timer's service has made, on a disk that is not the control plane's own."""
    folder = made.cluster.backup.folder
    made.master.run("mount", "--mkdir", "-t", "tmpfs", "tmpfs", folder)
    _step(made, "backup-timer")
    made.master.run("systemctl", "start", "dojot-backup.service", timeout=_STEP)
    return f"{folder}/{made.master.run('ls', folder).stdout.strip()}"


def _backup(made: RehearsedCluster) -> str:
    """Its folder on the control plane."""
    made.master.run("mkdir", "-p", _BACKUPS)
    _step(made, "backup", f"--to={_BACKUPS}")
    return f"{_BACKUPS}/{sorted(made.master.run('ls', _BACKUPS).stdout.split())[-1]}"


def _step(made: RehearsedCluster, *words: str) -> None:
    done = made.master.step(*words, timeout=_STEP)
    made.report.log(f"{made.master.name}-{words[0]}-of-losses", done.stdout + done.stderr)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stderr.rstrip().rpartition(chr(10))[2]}"


def _is_ours(database: str) -> bool:
    return database not in ("postgres", "template0", "template1")


def _ask(made: RehearsedCluster, service: Service, statement: str, database: str = "postgres") -> str:
    place = f"--namespace={service.namespace}", f"{service.kind.lower()}/{service.name}"
    script = 'exec psql --no-psqlrc -tA --username="$POSTGRES_USER" --dbname="$1" --command="$2"'
    return made.kubectl("exec", *place, "--", "sh", "-c", script, "psql", database, statement).strip()


def _secrets(made: RehearsedCluster) -> dict[str, object]:
    return {
        f"{one['metadata']['namespace']}/{one['metadata']['name']}": one.get("data")
        for one in made.get("secrets", "--all-namespaces")
        if one["type"] == "Opaque"
    }


def _on_workers(made: RehearsedCluster) -> dict[str, object]:
    """Pod of a worker -> its uid, and how often each of its containers was started again."""
    return {
        one["metadata"]["name"]: (
            one["metadata"]["uid"],
            [status["restartCount"] for status in one["status"].get("containerStatuses", ())],
        )
        for one in made.get("pods", "--all-namespaces", "--field-selector=status.phase=Running")
        if one["spec"]["nodeName"] != made.master.name
    }


FAULTS = (a_database_is_lost, the_control_plane_is_lost)
