"""postgres-init.sh on a PostgreSQL server, in the compiled container."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.conftest import ROOT
from tests.engines.jobs.clusters import wherever_different
from tests.engines.jobs.passwords import made_up, recognisable
from tests.engines.jobs.postgres import Postgres, watched
from tests.rendered import target_of

SCRIPT = "postgres-init.sh"
MAINTENANCE = ["postgres", "template0", "template1"]
# Its name in the container.
pytestmark = wherever_different("init-db.sh")


@dataclass(frozen=True)
class Wanted:
    """A service's database, as its inventory class asks for it."""

    service: str
    secret: str
    database: str
    user: str
    may_create: bool


@pytest.fixture(scope="module")
def source(cluster):
    """The service that runs the script, and the path of the script in its container."""
    for service in cluster.services:
        for file in service.files:
            if file.source == SCRIPT:
                return service.name, f"{file.mount}/{file.name}"
    pytest.skip(f"{cluster.name} has no service that runs {SCRIPT}")


@pytest.fixture(scope="module")
def server(source, objects, secret_values, tmp_path_factory):
    workload = next(
        found for found in objects if found["kind"] == "StatefulSet" and found["metadata"]["name"] == source[0]
    )
    found = Postgres(workload, objects, tmp_path_factory.mktemp("postgres"), secret_values)
    yield found
    found.stop()


@pytest.fixture
def empty(server):
    server.clear()
    return server


@pytest.fixture(scope="module")
def wanted(cluster, source, secret_values):
    """What the inventory says, past the model."""
    services = target_of(cluster.name).parameters["services"]
    found = [
        Wanted(
            name,
            database["secret"],
            database["name"],
            secret_values[database["secret"]]["user"],
            database.get("create_databases", False),
        )
        for name, service in services.items()
        for database in [service.get("database")]
        if database and database["server"] == source[0]
    ]
    assert found, "no service asks for a database"
    return found


@pytest.fixture
def initialise(server, source, secret_values):
    """Run the script as the image's entrypoint does; no password may turn up where it can be read."""

    def initialise(secrets=secret_values, sockets=None, script=None, **environment):
        pod = server.pod(secrets, sockets)
        variables = {"PGPASSWORD": server.password, **environment}
        passwords = {
            name: recognisable(value)
            for name, value in {**pod.environment, **variables}.items()
            if "PASSWORD" in name and value
        }
        logged = len(server.log)
        with watched(passwords) as seen:
            done = pod.run(*(["bash", "-c", script] if script else [source[1]]), environment=variables)
        assert not seen, f"on a command line that every process may read: {', '.join(sorted(seen))}"
        for name, text in passwords.items():
            assert text not in done.stdout + done.stderr, f"{name} was printed"
            assert text not in server.log[logged:], f"{name} stands in the server's log"
        return done

    return initialise


def test_every_service_gets_its_database(empty, initialise, wanted, secret_values):
    done = initialise()
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == sorted(
        f"database {one.database}: ready, owned by {one.user}" for one in wanted
    )
    # Owners and rights; no other database, no other role, no superuser.
    names = ", ".join(f"'{name}'" for name in MAINTENANCE)
    assert empty.rows(
        f"select datname, pg_get_userbyid(datdba) from pg_database where datname not in ({names}) order by 1"
    ) == sorted([one.database, one.user] for one in wanted)
    assert empty.rows(
        "select rolname, rolcanlogin, rolcreatedb, rolsuper, rolcreaterole, rolreplication, rolbypassrls from pg_roles "
        f"where rolname !~ '^pg_' and rolname <> '{empty.user}' order by 1"
    ) == sorted([one.user, "t", "t" if one.may_create else "f", "f", "f", "f", "f"] for one in wanted)
    for one in wanted:
        password = secret_values[one.secret]["password"]
        mine = {"user": one.user, "password": password, "database": one.database}
        assert empty.ask("create table of_mine (id int); insert into of_mine values (1)", **mine).returncode == 0
        refused = empty.ask("select 1", user=one.user, password="another", database=one.database, check=False)
        assert refused.returncode and "password authentication failed" in refused.stderr, (
            f"{one.service}: any password will do"
        )
        for other in wanted:
            if other.database != one.database:
                refused = empty.ask("select 1", check=False, **{**mine, "database": other.database})
                assert refused.returncode and "permission denied for database" in refused.stderr, (
                    f"{one.service} may connect to {other.database} of {other.service}"
                )
        made = empty.ask(f"create database made_by_{one.database}", check=False, **mine)
        assert (made.returncode == 0) == one.may_create, f"{one.service}: {made.stderr or 'may create databases'}"


def test_a_second_run_changes_nothing(empty, initialise, wanted, secret_values):
    assert initialise().returncode == 0
    one = wanted[0]
    mine = {"user": one.user, "password": secret_values[one.secret]["password"], "database": one.database}
    empty.ask("create table kept (id int); insert into kept values (42)", **mine)
    before = empty.state()
    assert all(f"CREATE ROLE {found.user};" in before for found in wanted), "the dump of roles shows none of them"
    done = initialise()
    assert done.returncode == 0, done.stderr
    assert empty.state() == before
    assert empty.rows("select id from kept", **mine) == [["42"]]


def test_databases_of_services_that_come_later(empty, initialise, wanted, secret_values):
    """The runbook "From load test to full": the server runs, and the pod has more of them now."""
    assert initialise(DATABASES="1").returncode == 0
    (first,) = (one for one in wanted if empty.rows(f"select 1 from pg_database where datname = '{one.database}'"))
    mine = {"user": first.user, "password": secret_values[first.secret]["password"], "database": first.database}
    empty.ask("create table kept (id int); insert into kept values (42)", **mine)
    done = initialise(script="bash /docker-entrypoint-initdb.d/init-db.sh")
    assert done.returncode == 0, done.stderr
    for one in wanted:
        password = secret_values[one.secret]["password"]
        assert empty.ask("select 1", user=one.user, password=password, database=one.database).returncode == 0
    assert empty.rows("select id from kept", **mine) == [["42"]]


def test_a_new_password_replaces_the_old_one(empty, initialise, wanted, secret_values):
    assert initialise().returncode == 0
    changed = {**secret_values, wanted[0].secret: {**secret_values[wanted[0].secret], "password": made_up()}}
    assert initialise(changed).returncode == 0
    for one in wanted:
        for secrets in (secret_values, changed):
            password = secrets[one.secret]["password"]
            done = empty.ask("select 1", user=one.user, password=password, database=one.database, check=False)
            assert (done.returncode == 0) == (password == changed[one.secret]["password"]), (
                f"{one.service}: {done.stderr or 'the old password still lets in'}"
            )


def test_names_are_quoted(empty, initialise, wanted):
    """Quotes, blanks and statements in a name make that name and nothing else."""
    database, user, password = (
        "a\"b c'd; drop database postgres; --",
        "o'x\"y; alter role postgres nologin; --",
        made_up(),
    )
    done = initialise(DATABASE_1_NAME=database, DATABASE_1_USER=user, DATABASE_1_PASSWORD=password)
    assert done.returncode == 0, done.stderr
    assert [database, user] in empty.rows("select datname, pg_get_userbyid(datdba) from pg_database")
    assert empty.ask("select 1", user=user, password=password, database=database).returncode == 0
    assert len(empty.rows("select 1 from pg_database")) == len(wanted) + len(MAINTENANCE)


@pytest.mark.parametrize("missing", ["DATABASES", "DATABASE_1_NAME", "DATABASE_1_USER", "DATABASE_1_PASSWORD"])
def test_a_missing_variable_fails(empty, initialise, missing):
    before = empty.state()
    done = initialise(**{missing: None})
    assert done.returncode != 0 and missing in done.stderr and "set" in done.stderr.splitlines()[-1]
    assert empty.state() == before


def test_a_password_that_cannot_be_read_out_is_not_taken_for_an_empty_one(empty, initialise, source):
    """psql goes on with no password where the command that prints it fails."""
    done = initialise(script=f"printenv() {{ return 1; }}; export -f printenv; {source[1]}")
    assert done.returncode and "ready" not in done.stdout


@pytest.mark.parametrize(
    "password, words", [("another", "password authentication failed"), (None, "no password supplied")]
)
def test_a_server_that_refuses_the_superuser_fails(empty, initialise, password, words):
    before = empty.state()
    done = initialise(PGPASSWORD=password)
    assert done.returncode != 0 and words in done.stderr, done.stderr
    assert empty.state() == before


def test_a_server_that_is_down_fails(initialise, tmp_path):
    done = initialise(sockets=tmp_path)
    assert done.returncode != 0 and "No such file or directory" in done.stderr and "ready" not in done.stdout


def test_a_statement_that_fails_ends_the_script(empty, initialise):
    done = initialise(DATABASE_1_USER="pg_reserved")
    assert done.returncode != 0 and 'role name "pg_reserved" is reserved' in done.stderr
    assert not done.stdout and len(empty.rows("select 1 from pg_database")) == len(MAINTENANCE)


@pytest.mark.parametrize(
    "before, after, words",
    [
        (
            'create role :"user" login;\'',
            'create role :"user" login; select pg_sleep(0.5)\' --set password="${!password_var}"',
            "on a command line",
        ),
        ("set log_statement = 'none';", "", "stands in the server's log"),
        ("set log_min_duration_statement = -1;", "", "stands in the server's log"),
        ('echo "database', 'echo "${!password_var}', "was printed"),
    ],
)
def test_a_careless_script_is_noticed(empty, initialise, before, after, words):
    script = (ROOT / "inventory" / "files" / SCRIPT).read_text("utf-8")
    assert before in script
    with pytest.raises(AssertionError, match=words):
        initialise(script=script.replace(before, after))
