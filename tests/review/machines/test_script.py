"""The script is read as bash and the checks of compiled/ read it."""

from __future__ import annotations

import subprocess

import pytest

from components.review.machines.script import parse
from tests.changes.compiled import CLUSTERS
from tests.compiled.bootstrap_values import SCRIPT, values_of

from .edits import compiled


@pytest.mark.parametrize("name", CLUSTERS)
def test_values_and_tables_are_those_that_the_checks_find(name):
    text = compiled(name)[SCRIPT].decode()
    script, values = parse(text), values_of(text)
    assert script.values == {**values.scalars, **values.texts}
    assert {**script.tables, **script.heads} == {table: tuple(rows) for table, rows in values.tables.items()}


@pytest.mark.parametrize("name", CLUSTERS[:1])
def test_functions_and_variables_are_those_that_bash_finds(name):
    text = compiled(name)[SCRIPT].decode()
    shell = text.removesuffix('main "$@"\n') + "compgen -A function; echo; compgen -v\n"
    # Longer than one argument of a program may be.
    done = subprocess.run(
        ["bash"], input=shell, capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin"}
    )
    named, _, variables = done.stdout.partition("\n\n")
    script = parse(text)
    assert sorted(script.functions) == sorted(named.split())
    of_bash = subprocess.run(
        ["bash", "-c", "compgen -v"], capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin"}
    )
    known = {*script.values, *script.tables, *script.heads, *script.constants}
    assert (
        set(variables.split()) - set(of_bash.stdout.split()) - {"BASH_EXECUTION_STRING", "REPLY", "PIPESTATUS"} <= known
    )


def test_a_comment_and_what_is_only_said_change_nothing():
    text = """
f() {
  # why
  change "make $A" make "$B"
  [[ -n $C ]] || fail "no $A, see $(g "$A")"
}
"""
    assert parse(text) == parse(text.replace("# why", "# how").replace("$A", "$D").replace("no ", "not "))
    assert parse(text) != parse(text.replace("$B", "$D"))
    assert parse(text) != parse(text.replace("$C", "$D"))


def test_a_here_document_is_no_code():
    """Its lines that look like a comment, or like the end, belong to what is written."""
    text = "f() {\n  cat <<END\n# kept\n}\nEND\n  true\n}\ng() {\n  true\n}\n"
    script = parse(text)
    assert script.functions == {"f": "  cat <<END\n# kept\n}\nEND\n  true", "g": "  true"}
