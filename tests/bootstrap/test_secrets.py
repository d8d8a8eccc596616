"""Secrets: made once, made up well, and never seen."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace

import pytest

from components.cluster.types import PROVIDED, RANDOM
from components.kubeadm import script, values
from tests.changed import with_spec
from tests.conftest import ROOT

from .conftest import nodes_of, states

# A server that keeps each Secret as the text that it was sent.
KUBECTL = r"""
case " $* " in
  *" --raw=/healthz "*) echo ok ;;
  *" get namespace "*) [[ ! -e $STATE/namespace ]] || cat "$STATE/namespace" ;;
  *" create namespace "*) echo "namespace/${*: -1}" >"$STATE/namespace" ;;
  *" get secret "*)
    name=$(grep -oE 'get secret [^ ]+' <<<"$*"); name=${name##* }
    [[ -e $STATE/secret.$name ]] || exit 0
    case $* in
      *output=yaml*) cat "$STATE/secret.$name" ;;
      *) echo secret; sed -nE "s/^  '([^']+)': .*/key \1/p" "$STATE/secret.$name" ;;
    esac ;;
  *" create --filename=- "* | *" replace --filename=- "*)
    text=$(cat); name=$(sed -n 's/^  name: //p' <<<"$text")
    printf '%s\n' "$text" >"$STATE/secret.$name" ;;
  *) exit 1 ;;
esac
"""


@pytest.fixture
def box(sandbox, cluster):
    sandbox.fake("kubectl", nodes_of(cluster) + KUBECTL)
    return sandbox


def _stored(box):
    return {
        (path.name.removeprefix("secret."), key): value
        for path in box.state.glob("secret.*")
        for key, value in re.findall(r"^  '([^']+)': '(.*)'$", path.read_text(), re.M)
    }


def _wanted(cluster):
    return {
        (secret, key): value
        for service in cluster.services
        for secret, keys in service.secrets.items()
        for key, value in keys.items()
        if value != PROVIDED
    }


def _provide(box, cluster):
    """Put the Secrets in place that people bring."""
    for service in cluster.services:
        for secret, keys in service.secrets.items():
            if PROVIDED in keys.values():
                (box.state / f"secret.{secret}").write_text("".join(f"  '{key}': brought\n" for key in keys))


def test_missing_ones_are_made_once_and_never_shown(box, cluster):
    _provide(box, cluster)
    first = box.run("secrets")
    assert first.returncode == 0, first.stderr
    stored, wanted = _stored(box), _wanted(cluster)
    assert stored.keys() == wanted.keys()
    lengths = {place: int(value[6:] or 32) for place, value in wanted.items() if value.startswith("random")}
    made_up = [stored[place] for place in lengths]
    assert len(set(made_up)) == len(made_up) > 0
    assert all(re.fullmatch(rf"[A-Za-z0-9]{{{length}}}", stored[place]) for place, length in lengths.items())
    assert all(stored[place] == value for place, value in wanted.items() if place not in lengths)

    # One key is lost: the second run adds that one and leaves all others.
    secret, key = next(iter(lengths))
    path = box.state / f"secret.{secret}"
    path.write_text("".join(line for line in path.read_text().splitlines(True) if f"'{key}'" not in line))
    second = box.run("secrets")
    again = _stored(box)
    assert f"done: add to Secret {secret}: {key}\n" in second.stdout
    assert second.stdout.count("done: ") == 1
    assert {place: value for place, value in again.items() if place != (secret, key)} == {
        place: value for place, value in stored.items() if place != (secret, key)
    }

    third = box.run("secrets")
    assert (third.returncode, states(third.stdout)) == (0, {"skipped"})
    seen = "".join(run.stdout + run.stderr for run in (first, second, third)) + "\n".join(box.calls)
    for value in [*made_up, again[secret, key]]:
        assert value not in seen
    assert not any(call.split()[2:3] == ["apply"] for call in box.calls), "apply keeps a copy of the values"


def test_who_brings_a_secret_is_asked_for_it(box, cluster):
    brought = with_spec(
        cluster.services[0], secrets={"mail": {"password": PROVIDED, "user": PROVIDED}, "own": {"key": RANDOM}}
    )
    box.write(script.script(replace(cluster, services=(brought,))))
    files = "--from-file=password=FILE --from-file=user=FILE"
    command = f"kubectl --namespace={cluster.namespace} create secret generic mail {files}"
    planned = box.run("secrets", "--dry-run")
    assert planned.returncode == 0
    assert f"would: ask for Secret mail, which you provide: {command}\n" in planned.stdout
    done = box.run("secrets")
    assert done.returncode == 1 and f"you provide it: {command}\n" in done.stderr
    # The others are made before it says so, and this one is never made up.
    assert _stored(box).keys() == {("own", "key")}

    (box.state / "secret.mail").write_text("  'password': 'x'\n")
    assert box.run("secrets").returncode == 1
    (box.state / "secret.mail").write_text("  'password': 'x'\n  'user': 'y'\n")
    again = box.run("secrets")
    assert (again.returncode, states(again.stdout)) == (0, {"skipped"})
    assert not any("create secret" in call or "secret.mail" in call for call in box.calls)


def test_without_a_cluster_it_fails_and_says_where_to_go(box):
    box.fake("kubectl", "exit 1")
    done = box.run("secrets")
    assert done.returncode == 1
    assert done.stderr.startswith("failed: no cluster answers") and "--kubeconfig" in done.stderr


def _in_part(script):
    """What a line of shell prints, with the functions of the step at hand."""
    done = subprocess.run(
        ["bash", "-c", f"source bootstrap/lib/random-text.sh; {script}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "text, run",
    [
        ("aaa", True),
        ("xabcx", True),
        ("9 321", True),
        ("XYZ", True),
        ("x111", True),
        ("aab", False),
        ("acegi", False),
        ("aabbcc", False),
        ("121212", False),
        ("a", False),
        ("89AB", False),
    ],
)
def test_runs_that_auth_refuses_are_seen(text, run):
    assert _in_part(f"if has_run '{text}'; then echo yes; fi") == ("yes\n" if run else "")


def test_a_text_with_a_run_is_made_again():
    texts = ["Ab" * 14 + "xabc", "too short", "Zq" * 15 + "Z7"]
    fake = (
        'list=$(mktemp); printf "%s\\n" ' + " ".join(f"'{text}'" for text in texts) + ' >"$list"; '
        'head() { command head -n 1 "$list"; sed -i 1d "$list"; }; '
    )
    assert _in_part(f'{fake} random_text; rm "$list"') == texts[-1]


def test_a_text_has_the_length_that_is_asked_for():
    assert re.fullmatch(r"[A-Za-z0-9]{16}", _in_part("random_text 16"))
    assert re.fullmatch(r"[A-Za-z0-9]{32}", _in_part("random_text"))


def test_a_length_of_the_inventory_reaches_the_script(cluster):
    service = with_spec(cluster.services[0], secrets={"a-secret": {"key": "random 16", "other": "random"}})
    block = values.block(replace(cluster, services=(service,)))
    assert f"'{service.namespace}/a-secret|key|random|16'" in block
    assert f"'{service.namespace}/a-secret|other|random|'" in block


def test_a_secret_that_opens_registries_is_asked_for_by_its_type():
    """A kubelet reads no other."""
    part = "readonly SECRETS=('dojot/registry|.dockerconfigjson|provided|'); "
    libraries = "source bootstrap/lib/tables.sh; source bootstrap/lib/secrets.sh; "
    assert _in_part(f"{libraries}{part}how_to_provide dojot/registry") == (
        "kubectl --namespace=dojot create secret generic registry --from-file=.dockerconfigjson=FILE "
        "--type=kubernetes.io/dockerconfigjson"
    )
