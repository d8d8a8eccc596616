"""Secrets get new values by the runbook (docs/operations.md): who kept the former ones refuses them afterwards."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path

from components.cluster.databases import POSTGRES, databases
from components.cluster.mongodb import MONGODB
from components.cluster.rotation import AUTH, NEVER, rotations
from components.cluster.types import RANDOM, Service
from tests.rehearsal.checks.devices import a_message_makes_the_whole_way
from tests.rehearsal.cluster import RehearsedCluster
from tests.rehearsal.crowd import all_back, crowd
from tests.rehearsal.pods import processes_of

_STEP = 900
# Seconds until all devices of a broker that starts anew are back.
_BACK = 240


def rotate_every_secret(made: RehearsedCluster) -> None:
    """One after the other but the brokers' own; no session of a device ends."""
    with crowd(made) as devices:
        for owner, secret in _rotated(made):
            if owner == made.cluster.brokers:
                continue
            _rotate(made, owner, secret)
            if lost := devices.ask("ping")["lost"]:
                made.report.fail(f"{secret} was rotated, and {lost} sessions of devices ended")
    a_message_makes_the_whole_way(made)


def rotate_a_cookie_of_all_brokers(made: RehearsedCluster) -> None:
    """All end at once, with every session; the devices are back once they have started."""
    with crowd(made) as devices:
        for owner, secret in _rotated(made):
            if owner == made.cluster.brokers:
                _rotate(made, owner, secret)
                all_back(made, devices, f"{secret} was rotated", _BACK)
    a_message_makes_the_whole_way(made)


def rotate_a_secret_once_cut_off(made: RehearsedCluster) -> None:
    """The step is killed when the Secret is another one and PostgreSQL may not be; the next run goes on."""
    owner, secret = next(
        (owner, secret)
        for owner, secret in _rotated(made)
        if owner.spec.database and owner.spec.database.secret == secret
    )
    options = (f"--secret={secret}", f"--yes={made.cluster.name}")
    cut = made.master.step_until("rotate", *options, says="done: give Secret", timeout=_STEP)
    assert cut.killed, f"it was done before it could be killed: {cut.output}"
    new = _values(made, owner, secret)["password"]
    done = made.master.step("verify", timeout=300)
    if f"rotate --secret {secret}" not in done.stdout:
        made.report.fail(f"verify does not find that the rotation of {secret} was cut off")
    made.step(made.master, "rotate", f"--secret={secret}", f"--yes={made.cluster.name}")
    if _values(made, owner, secret)["password"] != new:
        made.report.fail(f"the second run has given {secret} another value, which nobody may have")
    _looked_at(made, owner, secret, {}, _values(made, owner, secret))


def _rotated(made: RehearsedCluster) -> list[tuple[Service, str]]:
    """(Who declares it, Secret) of each that has a key with a new value."""
    services = made.cluster.services
    return [
        (owner, secret)
        for owner in services
        for secret in sorted(owner.secrets)
        if any(each.how != NEVER for each in rotations(services, owner, secret))
    ]


def _rotate(made: RehearsedCluster, owner: Service, secret: str) -> None:
    before, began = _values(made, owner, secret), time.monotonic()
    made.step(made.master, "rotate", f"--secret={secret}", f"--yes={made.cluster.name}")
    made.report.figure(f"rotate {secret}", f"{time.monotonic() - began:.0f} s")
    after = _values(made, owner, secret)
    stay = {each.key for each in rotations(made.cluster.services, owner, secret) if each.how == NEVER}
    wanted = {key for key, value in owner.secrets[secret].items() if value.partition(" ")[0] == RANDOM} - stay
    if (found := {key for key in before if before[key] != after.get(key)}) != wanted or after.keys() != before.keys():
        made.report.fail(f"{secret} has new values of {found}, not of {wanted}; its keys are {', '.join(after)}")
    _looked_at(made, owner, secret, before, after)


def _looked_at(
    made: RehearsedCluster, owner: Service, secret: str, before: dict[str, str], after: dict[str, str]
) -> None:
    """Who keeps a value, and every process that has read one."""
    for server in (service for service, maker in databases(made.cluster.services) if maker == POSTGRES):
        database = owner.spec.database
        if owner != server and not (database and database.secret == secret):
            continue
        for values, wanted in ((before, False), (after, True)):
            if values and _lets_in(made, server, values["user"], values["password"]) != wanted:
                made.report.fail(f"{server.title} {'refuses' if wanted else 'takes'} the password {secret} had")
    for values, wanted in ((before, False), (after, True)):
        for opens, rotation in ((_opens_mongodb, MONGODB), (_opens_auth, AUTH)):
            for each in rotations(made.cluster.services, owner, secret):
                if values and each.how == rotation and opens(made, each.keeper, values) != wanted:
                    made.report.fail(
                        f"{each.keeper.title} {'refuses' if wanted else 'takes'} the password {secret} had"
                    )
    keepers = {service.name for service, _ in databases(made.cluster.services)}
    for pod in made.get("pods", f"--namespace={owner.namespace}", "--field-selector=status.phase=Running"):
        labels = pod["metadata"].get("labels", {})
        if labels.get("name") in keepers or pod["metadata"].get("deletionTimestamp"):
            continue
        asked = {
            (one["name"], one["valueFrom"]["secretKeyRef"]["key"])
            for container in pod["spec"]["containers"]
            for one in container.get("env", ())
            if one.get("valueFrom", {}).get("secretKeyRef", {}).get("name") == secret
        }
        found = b"\0".join(_environment(process) for process in processes_of(pod["metadata"]["uid"]))
        for variable, key in asked:
            if f"{variable}={after[key]}".encode() not in found:
                made.report.fail(f"{pod['metadata']['name']} has not the new {key} of {secret}")


def _environment(process: int) -> bytes:
    try:
        return (Path("/proc") / str(process) / "environ").read_bytes()
    except OSError:
        return b""


def _lets_in(made: RehearsedCluster, server: Service, user: str, password: str) -> bool:
    """From the pod's own address, as a service comes; local connections are trusted."""
    script = (
        'read -r PGPASSWORD; export PGPASSWORD; psql --no-psqlrc -tA --host="$(hostname -i)" --username="$1" '
        '--dbname=postgres --command="select 1" 2>&1'
    )
    said = _said(made, server, password + "\n", "sh", "-c", script, "sh", user)
    # A role may not use this database, which it is told only once it is let in.
    return said.strip() == "1" or "permission denied" in said


def _opens_mongodb(made: RehearsedCluster, server: Service, values: dict[str, str]) -> bool:
    script = 'mongodump --username="$1" --authenticationDatabase=admin --archive >/dev/null && echo saved'
    return "saved" in _said(made, server, values["password"] + "\n", "sh", "-c", script, "sh", values["user"])


def _opens_auth(made: RehearsedCluster, auth: Service, values: dict[str, str]) -> bool:
    script = (
        'wget -q -O - --header="Content-Type: application/json" --post-data="$(cat)" '
        f"http://127.0.0.1:{auth.container.ports[0].number}/"
    )
    login = json.dumps({"username": values["user"], "passwd": values["password"]})
    return "jwt" in _said(made, auth, login, "sh", "-c", script)


def _said(made: RehearsedCluster, service: Service, given: str, *words: str) -> str:
    place = f"--namespace={service.namespace}", f"{service.kind.lower()}/{service.name}", f"--container={service.name}"
    return made.kubectl("exec", "--stdin", *place, "--", *words, input=given, check=False)


def _values(made: RehearsedCluster, owner: Service, secret: str) -> dict[str, str]:
    (found,) = [
        one for one in made.get("secrets", f"--namespace={owner.namespace}") if one["metadata"]["name"] == secret
    ]
    return {key: base64.b64decode(value).decode() for key, value in found["data"].items()}


RUNBOOKS = (rotate_every_secret, rotate_a_cookie_of_all_brokers, rotate_a_secret_once_cut_off)
