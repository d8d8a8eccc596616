"""Dumps of a real PostgreSQL, made and filled by the compiled bootstrap's own functions in the compiled pod."""

from __future__ import annotations

import gzip
import subprocess

import pytest

from tests.engines.jobs.bootstrap import functions
from tests.engines.jobs.clusters import wherever_different
from tests.engines.jobs.passwords import recognisable
from tests.engines.jobs.postgres import Postgres, watched

pytestmark = wherever_different("init-db.sh")

# Of each kind that a service may have, in two schemas.
_TABLES = """
create type colour as enum ('red', 'green');
create table device (id serial primary key, name text not null, paint colour);
create table reading (device int references device on delete cascade, value double precision);
create view named as select name from device;
create function doubled(int) returns int language sql as 'select $1 * 2';
create schema later;
create table later.one (name text);
insert into device (name, paint) select 'device ' || n, 'red' from generate_series(1, 500) n;
insert into reading select n, n / 7.0 from generate_series(1, 500) n;
insert into later.one values ('line one
line | two \\ ''quoted''')
"""


@pytest.fixture(scope="module")
def server(objects, secret_values, tmp_path_factory):
    workload = next(one for one in objects if one["kind"] == "StatefulSet" and one["metadata"]["name"] == "postgres")
    found = Postgres(workload, objects, tmp_path_factory.mktemp("postgres"), secret_values)
    made = found.pod(secret_values).run(
        "bash", "/docker-entrypoint-initdb.d/init-db.sh", environment={"PGPASSWORD": found.password}
    )
    assert made.returncode == 0, made.stderr
    yield found
    found.stop()


@pytest.fixture
def function(cluster, server, secret_values, tmp_path):
    """Runs one of the script's functions."""
    return functions(cluster.name, server.pod(secret_values), tmp_path / "script")


@pytest.fixture
def database(server):
    """One that a service owns, with tables of that service."""
    name, owner = server.rows(
        "select datname, pg_get_userbyid(datdba) from pg_database where not datistemplate and datname <> 'postgres'"
    )[0]
    empty = f"drop schema public cascade; create schema public; grant all on schema public to {owner}"
    server.ask(f"drop schema if exists later cascade; {empty}", database=name)
    server.ask(f"set role {owner}; {_TABLES}", database=name)
    return name


def _content(server, database: str) -> str:
    """All that a dump by this machine's own program says, but for the token that is new in each."""
    done = subprocess.run(
        [
            *(server._programs / "pg_dump", "--no-password", "--host", server.address, "--port", str(server.port)),
            *("--username", server.user, "--inserts", database),
        ],
        env={"PGPASSWORD": server.password},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return "\n".join(line for line in done.stdout.splitlines() if "restrict " not in line)


def test_what_was_saved_is_there_again_and_nothing_else(server, database, function, tmp_path):
    before, around = _content(server, database), server.state()
    with watched({"password": recognisable(server.password)}) as seen:
        done = function("save_database", "postgres", tmp_path)
        assert done.returncode == 0, done.stderr
        server.ask(
            "drop table reading; update device set name = 'gone'; create table newer (x int);"
            "drop schema later cascade; create schema other; create type newer_type as enum ('a');"
            "create sequence alone; create function another() returns int language sql as 'select 1'",
            database=database,
        )
        assert _content(server, database) != before
        done = function("fill_database", "postgres", tmp_path)
        assert done.returncode == 0, done.stderr
    assert _content(server, database) == before
    assert server.state() == around
    assert not seen and recognisable(server.password) not in done.stdout + done.stderr


def test_whoever_is_connected_has_to_wait(server, database, function, tmp_path):
    assert function("save_database", "postgres", tmp_path).returncode == 0
    with subprocess.Popen(
        [
            *(server._programs / "psql", "--no-psqlrc", "--no-password", "--host", server.address),
            *("--port", str(server.port), "--username", server.user, "--dbname", database),
        ],
        env={"PGPASSWORD": server.password},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as client:
        client.stdin.write("begin; lock table device; select 'locked';\n")
        client.stdin.flush()
        while "locked" not in client.stdout.readline():
            pass
        done = function("fill_database", "postgres", tmp_path)
        client.stdin.close()
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("broken", ["cut off", "an error"])
def test_half_of_a_dump_changes_nothing(server, database, function, tmp_path, broken):
    """Even where gzip does not notice."""
    assert function("save_database", "postgres", tmp_path).returncode == 0
    path = tmp_path / "postgres" / f"{database}.sql.gz"
    text = gzip.decompress(path.read_bytes()).decode()
    half = text[: len(text) // 2]
    path.write_bytes(
        gzip.compress((text + "select nothing;\n").encode())
        if broken == "an error"
        else gzip.compress(half.encode())[:-9]
    )
    before = _content(server, database)
    assert function("fill_database", "postgres", tmp_path).returncode == 1
    assert _content(server, database) == before


def test_one_that_a_service_had_made_for_itself_is_made_again(server, database, function, tmp_path):
    ((owner,),) = server.rows(f"select pg_get_userbyid(datdba) from pg_database where datname = '{database}'")
    server.ask(f'create database "its-own" owner {owner}')
    server.ask("create table kept as select 1 as one", database="its-own")
    assert function("save_database", "postgres", tmp_path).returncode == 0
    server.ask('drop database "its-own"')
    done = function("fill_database", "postgres", tmp_path)
    assert done.returncode == 0, done.stderr
    assert server.rows("select one from kept", database="its-own") == [["1"]]
    assert server.rows("select pg_get_userbyid(datdba) from pg_database where datname = 'its-own'") == [[owner]]
    server.ask('drop database "its-own"')
