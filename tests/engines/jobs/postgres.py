"""A PostgreSQL server in the compiled container of the cluster, as its image's entrypoint makes it.

The image holds PostgreSQL 9.5, this machine a later one. Alike in both, and all that the
script relies on: roles, databases, their owners and privileges, md5 passwords (which 9.5
knows alone; being equal for equal passwords, they also show that a second run changes nothing).
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.engines.jobs.addresses import own_address
from tests.engines.jobs.pod import Object, Pod, Secrets
from tests.engines.processes import Process
from tests.engines.programs import installed

# Where Debian's and the image's psql look for the server.
SOCKETS = "/var/run/postgresql"
# As the image's entrypoint calls initdb. It trusts local connections; a test may want them to give a password, too.
_INITDB = (
    'umask 077; printf "%s" "$POSTGRES_PASSWORD" >/tmp/password && initdb --username="$POSTGRES_USER" '
    '--pwfile=/tmp/password --auth-host=md5 --auth-local="$1" --encoding=UTF8 --locale=C --no-sync'
)


class Postgres:
    """One server with an empty data directory; ends with `stop`."""

    def __init__(
        self, workload: Object, objects: Sequence[Object], folder: Path, secrets: Secrets, local: str = "md5"
    ) -> None:
        self._programs = installed("postgres").resolve().parent
        self.folder = folder
        self.sockets = folder / "sockets"
        self._data = folder / "data"
        for path in (self.sockets, self._data):
            path.mkdir(parents=True, mode=0o700)
        container = workload["spec"]["template"]["spec"]["containers"][0]
        self.port = container["ports"][0]["containerPort"]
        self.address = own_address(self.port)
        self._workload, self._objects, self._secrets = workload, objects, secrets
        self._count = 0
        server = self.pod(secrets)
        done = server.run("sh", "-c", _INITDB, "sh", local)
        assert done.returncode == 0, f"initdb failed:\n{done.stdout}{done.stderr}"
        environment = server.environment
        self.user, self.password = environment["POSTGRES_USER"], environment["POSTGRES_PASSWORD"]
        self._process = Process(
            "postgres",
            # Every statement in the log, and when one fails.
            server.command(
                "postgres",
                "-c",
                f"listen_addresses={self.address}",
                "-c",
                f"unix_socket_directories={SOCKETS}",
                "-c",
                "log_statement=all",
                "-c",
                "log_min_duration_statement=0",
                "-c",
                "fsync=off",
            ),
            folder,
            environment,
        )
        self._process.wait_until(lambda: self.ask("select 1", check=False).returncode == 0, "ready")

    def pod(self, secrets: Secrets, sockets: Path | None = None) -> Pod:
        """The compiled container with these Secrets, beside the server, or beside none (`sockets`)."""
        self._count += 1
        container = self._workload["spec"]["template"]["spec"]["containers"][0]
        mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
        # A claim, or scratch space in a cluster that keeps nothing.
        data = next(entry["value"] for entry in container["env"] if entry["name"] == "PGDATA")
        return Pod(
            self._workload,
            self._objects,
            self.folder / f"pod-{self._count}",
            secrets,
            claims={mounts[str(Path(data).parent)]: self._data, mounts[SOCKETS]: sockets or self.sockets},
            programs=[Path("/bin/bash"), Path("/usr/bin/printenv")],
            folders=[self._programs.parent, Path("/usr/share")],
            path=str(self._programs),
        )

    @property
    def log(self) -> str:
        return self._process.log.read_text("utf-8", "replace")

    def ask(
        self,
        statement: str,
        *,
        user: str | None = None,
        password: str | None = None,
        database: str = "postgres",
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run one statement over TCP, as a service does; as the superuser unless told otherwise."""
        done = subprocess.run(
            [
                self._programs / "psql",
                "--no-psqlrc",
                "--no-password",
                "--tuples-only",
                "--no-align",
                "--quiet",
                "--host",
                self.address,
                "--port",
                str(self.port),
                "--username",
                user or self.user,
                "--dbname",
                database,
                "--command",
                statement,
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            env={"PGPASSWORD": self.password if password is None else password},
        )
        assert not check or done.returncode == 0, f"{statement}: {done.stderr}"
        return done

    def rows(self, statement: str, **options: str) -> list[list[str]]:
        return [line.split("|") for line in self.ask(statement, **options).stdout.splitlines()]

    def state(self) -> str:
        """All roles with their passwords and rights, all databases with their owners and privileges."""
        roles = subprocess.run(
            [
                self._programs / "pg_dumpall",
                "--globals-only",
                "--no-password",
                "--host",
                self.address,
                "--port",
                str(self.port),
                "--username",
                self.user,
            ],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
            env={"PGPASSWORD": self.password},
        ).stdout
        # \restrict and \unrestrict bear a token that is new in every dump.
        kept = [line for line in roles.splitlines() if "restrict " not in line]
        databases = self.ask(
            "select oid, datname, datdba, datallowconn, datacl from pg_database order by datname"
        ).stdout
        return "\n".join([*kept, databases])

    def clear(self) -> None:
        """As after initdb: no databases and roles but the server's own."""
        for (name,) in self.rows(
            "select quote_ident(datname) from pg_database where not datistemplate and datname <> 'postgres'"
        ):
            self.ask(f"drop database {name}")
        for (name,) in self.rows(
            f"select quote_ident(rolname) from pg_roles where rolname !~ '^pg_' and rolname <> '{self.user}'"
        ):
            self.ask(f"drop role {name}")

    def stop(self) -> None:
        self._process.stop()


@contextmanager
def watched(texts: Mapping[str, str]) -> Iterator[set[str]]:
    """The names of those `texts` that stood on some process's command line while the block ran."""
    needles = {name: text.encode() for name, text in texts.items()}
    seen: set[str] = set()
    over = threading.Event()

    def look() -> None:
        # Often enough for programs that live for some milliseconds.
        while not over.wait(0.003):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    line = path.read_bytes()
                except OSError:
                    continue
                seen.update(name for name, needle in needles.items() if needle in line)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()
