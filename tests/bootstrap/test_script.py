"""The assembled script as text: sound shell, true values, nothing secret."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace

import pytest

from components.kubeadm import steps, values
from components.kubeadm.files import files
from tests.changed import with_spec


def test_bash_can_read_it(text):
    done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_shellcheck_knows_no_exceptions(text):
    """`make check` runs it over every compiled script; here is what would silence it."""
    assert "shellcheck disable" not in text


def test_same_cluster_same_bytes(cluster, text):
    assert files(cluster)["bootstrap.sh"] == text


def test_every_part_is_in_it_once(text):
    files = sorted(path for room in ("lib", "steps") for path in (steps.FOLDER / room).iterdir())
    assert len(files) > 20
    marks = re.findall(r"^# ---- (\S+)$", text, re.M)
    assert marks == [path.stem for path in sorted(files, key=lambda path: (path.parent.name, path))]
    for path in files:
        assert path.read_text("utf-8").partition("\n\n")[2] in text


def test_no_function_takes_the_place_of_another(text):
    """The last one of a name would silently be everybody's."""
    names = re.findall(r"^([a-z][a-z0-9_]*)\(\)", text, re.M)
    assert len(names) > 200 and {name for name in names if names.count(name) > 1} == set()


def test_holds_no_credential(cluster, text):
    assert not re.search(r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b", text), "a join token"
    assert "PRIVATE KEY" not in text
    for service in cluster.services:
        for secret, keys in service.secrets.items():
            for key, value in keys.items():
                if value == "random":
                    assert f"'{service.namespace}/{secret}|{key}|random|'" in text


@pytest.mark.parametrize("value", ["it's", "$(touch /nowhere) `id`", "a|b\\c", 'say "x" & {y}', "*"])
def test_any_value_arrives_as_it_is(cluster, value):
    service = with_spec(cluster.services[0], secrets={"a-secret": {"key": value}})
    block = values.block(replace(cluster, services=(service,)))
    shell = 'IFS="|" read -r _ _ kind value <<<"${SECRETS[0]}"; printf "%s=%s" "$kind" "$value"'
    done = subprocess.run(["bash", "-c", f"{block}\n{shell}"], capture_output=True, text=True, check=True)
    assert done.stdout == f"literal={value}"
