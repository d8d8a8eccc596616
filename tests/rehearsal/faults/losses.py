"""Disks are lost, and what was saved is put back by the runbook (docs/operations.md)."""

from __future__ import annotations

from components.cluster.databases import POSTGRES, databases
from components.cluster.types import Service
from tests.rehearsal.cluster import RehearsedCluster
from tests.rehearsal.crowd import crowd, size
from tests.rehearsal.hosts import NodeHost

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
    made.step(made.master, "restore", f"--from={backup}", f"--database={service.name}", f"--yes={made.cluster.name}")
    if _ask(made, service, "select kept from rehearsed", database) != "42":
        made.report.fail(f"{service.title} was restored, and lacks what was saved")
    _ask(made, service, "drop table rehearsed", database)


def the_control_plane_is_lost(made: RehearsedCluster) -> None:
    """Its disk is a new one. Devices and pods of the workers do not notice, and Secrets can be read again."""
    if made.other_masters:
        made.report.figure("the control plane is lost", "this cluster has several: each joins the others again")
        return
    backup, secrets, pods = _backup(made), made.secrets(), made.on_workers()
    with crowd(made) as devices:
        lose_its_disk(made.master)
        for step in (
            ["node"],
            ["volumes"],
            ["restore", f"--from={backup}", f"--yes={made.cluster.name}"],
            ["control-plane"],
        ):
            made.step(made.master, *step)
        made.wait(lambda: not made.unready_nodes(), "a node is not Ready", made.unready_nodes, 240)
        said = devices.ask("ping")
        if said["lost"] or said["answered"] < size(made):
            made.report.fail(
                f"the control plane was restored, and of {size(made)} sessions {said['answered']} are answered, "
                f"{said['lost']} had ended"
            )
    if made.secrets() != secrets:
        made.report.fail("the control plane was restored, and Secrets are not those of before")
    if lost := sorted(name for name, started in pods.items() if made.on_workers().get(name) != started):
        made.report.fail(f"the control plane was restored, and pods were made or started anew: {', '.join(lost)}")


def lose_its_disk(host: NodeHost) -> None:
    """It is there again, and no control plane any more."""
    # What is mounted there goes with its power.
    host.run("sh", "-c", _ITS_DISK, check=False)
    host.power_off()
    host.boot()
    host.run("sh", "-c", _ITS_DISK)


def _daily(made: RehearsedCluster) -> str:
    """The folder of one that the timer's service has made, on a disk that is not the control plane's own."""
    folder = made.cluster.backup.folder
    made.master.run("mount", "--mkdir", "-t", "tmpfs", "tmpfs", folder)
    made.step(made.master, "backup-timer")
    made.master.run("systemctl", "start", "dojot-backup.service", timeout=_STEP)
    return f"{folder}/{made.master.run('ls', folder).stdout.strip()}"


def _backup(made: RehearsedCluster) -> str:
    """Its folder on the control plane."""
    made.master.run("mkdir", "-p", _BACKUPS)
    made.step(made.master, "backup", f"--to={_BACKUPS}")
    return f"{_BACKUPS}/{sorted(made.master.run('ls', _BACKUPS).stdout.split())[-1]}"


def _is_ours(database: str) -> bool:
    return database not in ("postgres", "template0", "template1")


def _ask(made: RehearsedCluster, service: Service, statement: str, database: str = "postgres") -> str:
    place = f"--namespace={service.namespace}", f"{service.kind.lower()}/{service.name}"
    script = 'exec psql --no-psqlrc -tA --username="$POSTGRES_USER" --dbname="$1" --command="$2"'
    return made.kubectl("exec", *place, "--", "sh", "-c", script, "psql", database, statement).strip()


FAULTS = (a_database_is_lost, the_control_plane_is_lost)
