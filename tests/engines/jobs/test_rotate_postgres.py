"""A role of a real PostgreSQL gets a new password, by the compiled bootstrap's own function in the compiled pod."""

from __future__ import annotations

import pytest

from tests.compiled.bootstrap_values import table
from tests.conftest import ROOT
from tests.engines.jobs.bootstrap import functions
from tests.engines.jobs.clusters import wherever_different
from tests.engines.jobs.passwords import made_up, recognisable
from tests.engines.jobs.postgres import Postgres, watched

pytestmark = wherever_different("init-db.sh")


@pytest.fixture(scope="module")
def server(objects, secret_values, tmp_path_factory):
    """As it stands after its first start, with the roles of all services."""
    workload = next(one for one in objects if one["kind"] == "StatefulSet" and one["metadata"]["name"] == "postgres")
    found = Postgres(workload, objects, tmp_path_factory.mktemp("postgres"), secret_values, local="trust")
    made = found.pod(secret_values).run("bash", "/docker-entrypoint-initdb.d/init-db.sh")
    assert made.returncode == 0, made.stderr
    yield found
    found.stop()


@pytest.fixture(scope="module")
def rows(cluster):
    """Of the script's table: what PostgreSQL keeps."""
    script = "bootstrap/bootstrap.sh"
    text = (ROOT / "compiled" / cluster.name / script).read_text()
    found = [row for row in table({script: text}, "ROTATIONS") if row[2] == "postgres"]
    assert len(found) > 2
    return found


def _lets_in(server, user, password):
    return server.ask("select 1", user=user, password=password, check=False).returncode == 0


def test_the_new_password_lets_in_and_the_former_one_does_not(server, cluster, rows, secret_values, tmp_path):
    """The superuser's, too; the pod goes on with what it had at its start."""
    now = {secret: dict(values) for secret, values in secret_values.items()}
    for number, row in enumerate(rows):
        secret, key = row[0].partition("/")[2], row[1]
        user, former, new = now[secret]["user"], now[secret][key], made_up()
        known = {"user": user, key: new, f"{key}.former": former}
        run = functions(cluster.name, server.pod(secret_values), tmp_path / str(number), known)
        passwords = {"former": recognisable(former), "new": recognisable(new)}
        logged = len(server.log)
        with watched(passwords) as seen:
            # Twice: a run that was killed is followed by another.
            for _ in range(2):
                done = run("ask_keeper", "set", "|".join(row))
                assert done.returncode == 0, done.stderr
        now[secret][key] = new
        assert not seen
        assert not [name for name, text in passwords.items() if text in server.log[logged:] + done.stdout + done.stderr]
        assert not _lets_in(server, user, former), f"{user}: the former password lets in"
        for one in rows:
            values = now[one[0].partition("/")[2]]
            assert _lets_in(server, values["user"], values[one[1]]), f"{values['user']} is shut out"


def test_a_role_that_is_not_there_is_found_before(server, cluster, rows, secret_values, tmp_path):
    known = {"user": "nobody\"; '", "password": "x"}
    run = functions(cluster.name, server.pod(secret_values), tmp_path / "run", known)
    done = run("ask_keeper", "check", "|".join(rows[0]))
    assert done.returncode == 1 and "PostgreSQL has no role nobody" in done.stderr
