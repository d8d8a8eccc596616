"""postgres-init.sh: databases and roles from the environment; passwords on no command line and in no output."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.manifests.servers import FILES

# Notes its arguments and its input; says that what $EXISTING lists is there already.
PSQL = """\
#!/bin/bash
{ printf '%s\\n' "$*"; cat; } | tee -a "$NOTES" >"$NOTES.last"
[ -z "${FAILS:-}" ] || exit 3
if grep -q 'select 1 from' "$NOTES.last"; then
  for there in ${EXISTING:-}; do
    ! grep -q -- "=$there\\b" "$NOTES.last" || echo 1
  done
fi
"""
TWO = {
    "POSTGRES_USER": "postgres", "DATABASES": "2",
    "DATABASE_1_NAME": "kong", "DATABASE_1_USER": "kong_user", "DATABASE_1_PASSWORD": "s3cr3t-one",
    "DATABASE_1_CREATEDB": "false",
    "DATABASE_2_NAME": "auth", "DATABASE_2_USER": "auth_user", "DATABASE_2_PASSWORD": "s3cr3t'two",
    "DATABASE_2_CREATEDB": "true",
}


@pytest.fixture
def initialise(tmp_path):
    (tmp_path / "psql").write_text(PSQL)
    (tmp_path / "psql").chmod(0o755)
    notes = tmp_path / "notes"

    def initialise(environment):
        notes.write_text("")
        done = subprocess.run(
            ["bash", str(FILES / "postgres-init.sh")], capture_output=True, text=True, timeout=30,
            env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "NOTES": str(notes), **environment},
        )
        said = done.stdout + done.stderr + notes.read_text()
        assert "s3cr3t" not in said, "a password left the environment"
        return done, notes.read_text()

    return initialise


def test_every_database_gets_its_role(initialise):
    done, notes = initialise(TWO)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines()] == [
        "database kong: ready, owned by kong_user", "database auth: ready, owned by auth_user",
    ]
    assert notes.count('create role :"user" login;') == 2
    assert notes.count('create database :"name" owner :"user";') == 2
    # The password is fetched by psql itself, from the environment that it inherits.
    assert "`printenv DATABASE_1_PASSWORD`" in notes and "`printenv DATABASE_2_PASSWORD`" in notes
    assert "revoke all on database" in notes


def test_only_who_may_create_databases(initialise):
    _, notes = initialise(TWO)
    alter = [line for line in notes.splitlines() if line.startswith("alter role")]
    assert ["nocreatedb" in line for line in alter] == [True, False]


def test_what_is_there_is_not_made_again(initialise):
    done, notes = initialise({**TWO, "EXISTING": "kong kong_user"})
    assert done.returncode == 0, done.stderr
    assert notes.count("create role") == 1 and notes.count("create database") == 1
    assert notes.count("alter role") == 2


@pytest.mark.parametrize("missing", ["DATABASES", "DATABASE_2_NAME", "DATABASE_1_USER", "DATABASE_2_PASSWORD"])
def test_a_missing_variable_fails(initialise, missing):
    done, _ = initialise({name: value for name, value in TWO.items() if name != missing})
    assert done.returncode != 0 and missing in done.stderr


def test_a_failing_statement_fails_the_script(initialise):
    done, _ = initialise({**TWO, "FAILS": "yes"})
    assert done.returncode != 0
