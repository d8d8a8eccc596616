"""A Secret gets new values: where they are kept, in the cluster, and in the pods that read them."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import sys

import pytest

from components.cluster import load
from components.kubeadm import script
from tests.engines.jobs.auth_api import Auth
from tests.engines.jobs.http_server import serving
from tests.inventory.targets import FULL, Fixture, renderer, write_inventory

from . import rotating
from .conftest import new_sandbox, nodes_of, states

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="MongoDB's shell is played by node")

_MAIL = "parameters: {email: {enabled: true, host: mail.example.org, user: dojot@example.org}}\n"
# The server has the roles for which there is a file, each with its password.
PSQL = r"""
for word in "$@"; do case $word in --set=user=*) role=$STATE/role.${word##*=} ;; esac; done
said=$(cat)
case $said in
  'select 1 from pg_roles where rolname'*) [[ ! -e $role ]] || echo 1 ;;
  *'password `printenv WANTED`'*"alter role :\"user\" encrypted password :'password';") printenv WANTED >"$role" ;;
  *) exit 3 ;;
esac"""
# What the shell of MongoDB has, before what it is told.
MONGO = r"""
[[ $* == '--quiet admin' ]] || exit 3
{ cat <<'END'
const quit = process.exit, file = process.env.STATE + '/mongo', fs = require('fs');
let who = '';
const db = {
  auth(user, password) {
    who = user === 'mongodb' && fs.readFileSync(file, 'utf8').trim() === password ? user : '';
    if (!who) console.log('Error: Authentication failed.');
    return who ? 1 : 0;
  },
  changeUserPassword(user, password) {
    if (who !== user) throw 'not authorized';
    fs.writeFileSync(file, password + '\n');
  },
};
END
  cat
} | node -"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """One with all services, and with a Secret that people bring."""
    target = Fixture(FULL.name, FULL.text + _MAIL)
    return load(*renderer(write_inventory(tmp_path_factory.mktemp("full"), [target]))(FULL.name))


@pytest.fixture
def auth():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    found = Auth("admin-Former-1")
    with serving(found, "127.0.0.1", port):
        yield found, port


@pytest.fixture
def box(tmp_path, cluster, auth):
    """All Secrets have values, and programs and pods have these."""
    text = script.script(cluster)
    assert text.count("deployment/auth|5000'") == 1
    box = new_sandbox(tmp_path / "box", text.replace("deployment/auth|5000'", f"deployment/auth|{auth[1]}'"))
    secrets = {
        f"{owner.namespace}/{name}": {
            key: f"{name}-{key}-former" if value.partition(" ")[0] in ("random", "provided") else value
            for key, value in keys.items()
        }
        for owner in cluster.services
        for name, keys in owner.secrets.items()
    }
    secrets["dojot/dojot-admin-secret"]["password"] = auth[0].password
    made = {
        "secrets": secrets,
        "pods": [_pod(service, number, secrets) for service in cluster.services for number in range(2)],
        "environment": {
            "POSTGRES_USER": "postgres",
            "POSTGRES_PASSWORD": "of the start",
            "MONGO_INITDB_ROOT_PASSWORD": 'of "the" start\\',
        },
        "started": [],
        "broken": [],
        "changes": 0,
        "stop": 0,
    }
    (box.state / "cluster.json").write_text(json.dumps(made))
    for place in ("auth", "devm", "kong", "postgres", "postgres-exporter"):
        values = secrets.get(f"dojot/{place}-secret", {})
        (box.state / f"role.{values['user']}").write_text(values["password"] + "\n")
    (box.state / "mongo").write_text(secrets["dojot/mongodb-secret"]["password"] + "\n")
    box.fake("kubectl", nodes_of(cluster) + f'exec {sys.executable} {rotating.__file__} "$@"')
    box.fake("psql", PSQL)
    box.fake("mongo", MONGO)
    return box


def _pod(service, number, secrets):
    read = {one.secret for container in service.containers for one in container.env if one.secret}
    read |= {one.secret for container in service.containers for one in container.secret_files}
    kind = "statefulset" if service.kind == "VerneMQ" else service.kind.lower()
    return {
        "name": f"{service.pods_prefix}-{number}",
        "namespace": service.namespace,
        "workload": f"{kind}/{service.pods_prefix}",
        "labels": dict(service.pod_labels),
        "read": {place: secrets[place] for name in read if (place := f"{service.namespace}/{name}") in secrets},
    }


def _made(box):
    return json.loads((box.state / "cluster.json").read_text())


def _put(box, **changes):
    (box.state / "cluster.json").write_text(json.dumps(_made(box) | changes))


def _rotate(box, cluster, name, *options):
    return box.run("rotate", "--secret", name, "--yes", cluster.name, *options)


def _role(box, name):
    return (box.state / f"role.{name}").read_text().strip()


def _read(box, workload, place):
    """What all pods of a workload have of a Secret, without what it holds for a while."""
    found = [
        {key: value for key, value in pod["read"][place].items() if not key.endswith(".former")}
        for pod in _made(box)["pods"]
        if pod["workload"] == workload
    ]
    assert found and all(one == found[0] for one in found)
    return found[0]


def test_a_role_of_postgresql_and_who_reads_it(box, cluster):
    before = _made(box)["secrets"]
    done = _rotate(box, cluster, "kong-secret")
    assert (done.returncode, states(done.stdout)) == (0, {"done", "ok"}), done.stdout + done.stderr
    after = _made(box)
    new = after["secrets"]["dojot/kong-secret"]
    assert new == before["dojot/kong-secret"] | {"password": new["password"]}
    assert new["password"] != before["dojot/kong-secret"]["password"] and len(new["password"]) == 32
    assert _role(box, "kong") == new["password"] and _read(box, "deployment/kong", "dojot/kong-secret") == new
    # Nobody else is touched, the server least of all.
    assert after["started"] == ["deployment/kong"]
    assert {place for place, values in after["secrets"].items() if values != before[place]} == {"dojot/kong-secret"}
    assert _role(box, "auth") == "auth-secret-password-former"
    seen = done.stdout + done.stderr + "\n".join(box.calls)
    assert new["password"] not in seen and before["dojot/kong-secret"]["password"] not in seen
    # Again is another time, not the same one.
    assert _rotate(box, cluster, "dojot/kong-secret").returncode == 0
    assert _role(box, "kong") not in (new["password"], before["dojot/kong-secret"]["password"])


def test_who_keeps_it_does_not_start_anew(box, cluster):
    done = _rotate(box, cluster, "postgres-secret")
    assert done.returncode == 0 and _made(box)["started"] == []
    assert _role(box, "postgres") == _made(box)["secrets"]["dojot/postgres-secret"]["password"]


def test_a_user_of_mongodb(box, cluster):
    done = _rotate(box, cluster, "mongodb-secret")
    assert done.returncode == 0, done.stderr
    new = _made(box)["secrets"]["dojot/mongodb-secret"]
    assert (box.state / "mongo").read_text().strip() == new["password"] and new.keys() == {"user", "password"}
    started = _made(box)["started"]
    waves = {f"{one.kind.lower()}/{one.name}": one.wave for one in cluster.services}
    assert "deployment/x509-identity-mgmt" in started and "statefulset/mongodb" not in started
    assert [waves[one] for one in started] == sorted(waves[one] for one in started)


def test_one_of_dojots_users(box, cluster, auth):
    done = _rotate(box, cluster, "dojot-admin-secret")
    assert done.returncode == 0, done.stderr
    assert auth[0].password == _made(box)["secrets"]["dojot/dojot-admin-secret"]["password"] != "admin-Former-1"


def test_brokers_have_one_cookie(box, cluster):
    asked = box.run("rotate", "--secret", "vernemq-secret")
    assert asked.returncode == 1 and "each session of a device with them" in asked.stderr and not _made(box)["changes"]
    done = _rotate(box, cluster, "vernemq-secret")
    assert done.returncode == 0, done.stderr
    assert _made(box)["started"] == [["vernemq-k8s-0", "vernemq-k8s-1"]]
    new = _made(box)["secrets"]["dojot/vernemq-secret"]
    assert (
        _read(box, "statefulset/vernemq-k8s", "dojot/vernemq-secret")
        == new
        != {"cookie": "vernemq-secret-cookie-former"}
    )


def test_what_encrypts_stays(box, cluster):
    done = _rotate(box, cluster, "devm-secret")
    assert done.returncode == 0 and "skipped: crypto_iv of Secret devm-secret stays: pre-shared keys" in done.stdout
    new = _made(box)["secrets"]["dojot/devm-secret"]
    assert {key for key, value in new.items() if not value.endswith("-former")} == {"user", "password"}
    assert _role(box, "devm") == new["password"]
    assert _made(box)["started"] == ["deployment/device-manager", "deployment/backstage"]


@pytest.mark.parametrize(
    "name, words",
    [
        ("influxdb-secret", "Secret influxdb-secret has no value that this step makes anew"),
        ("kafka2ftp-secret", "kafka2ftp-secret has no value"),
        ("auth-email-secret", "create secret generic auth-email-secret --from-file=password=FILE --dry-run=client"),
    ],
)
def test_what_is_not_its_own_is_refused_with_the_way(box, cluster, name, words):
    before = _made(box)
    done = _rotate(box, cluster, name)
    assert done.returncode == 1 and words in done.stderr and _made(box) == before
    # Once somebody has changed it.
    done = _rotate(box, cluster, name, "--restart")
    assert done.returncode == 0 and len(_made(box)["started"]) >= 1
    assert _made(box)["secrets"] == before["secrets"]


# What is looked at before counts as well; then labels, the Secret, who keeps it, pods, and the Secret again.
_STOPS = [
    *(("auth-secret", number) for number in range(1, 7)),
    *(("vernemq-secret", number) for number in range(1, 4)),
    *(("mongodb-secret", number) for number in (7, 8, 10)),
    *(("dojot-admin-secret", number) for number in (2, 3)),
]


@pytest.mark.parametrize("name, number", _STOPS)
def test_wherever_it_is_killed_the_next_run_ends_well(box, cluster, auth, name, number):
    place, before = f"dojot/{name}", _made(box)["secrets"][f"dojot/{name}"]
    _put(box, stop=number)
    process = box.start("rotate", "--secret", name, "--yes", cluster.name)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    _put(box, stop=0)
    between = _made(box)["secrets"][place]
    done = _rotate(box, cluster, name)
    assert done.returncode == 0, done.stdout + done.stderr
    new = _made(box)["secrets"][place]
    assert new.keys() == before.keys() and not set(new.values()) & {v for k, v in before.items() if k != "user"}
    # A value that programs may have already is the one that stays.
    if between.keys() - before.keys():
        assert {key: between[key] for key in before} == new
    readers = [
        workload
        for workload in {pod["workload"] for pod in _made(box)["pods"] if place in pod["read"]}
        if workload not in ("statefulset/postgres", "statefulset/mongodb")
    ]
    assert all(_read(box, workload, place) == new for workload in readers)
    kept = {
        "mongodb-secret": lambda: (box.state / "mongo").read_text().strip(),
        "dojot-admin-secret": lambda: auth[0].password,
        "auth-secret": lambda: _role(box, "auth"),
    }
    assert name not in kept or kept[name]() == new["password"]


@pytest.mark.parametrize(
    "name, spoil, words",
    [
        ("kong-secret", lambda box, auth: (box.state / "role.kong").unlink(), "PostgreSQL has no role kong"),
        (
            "mongodb-secret",
            lambda box, auth: (box.state / "mongo").write_text("another\n"),
            "MongoDB does not let mongodb in",
        ),
        ("dojot-admin-secret", lambda box, auth: auth[0].passwords.append("another"), "auth does not let admin in"),
    ],
)
def test_where_the_secret_does_not_let_in_nothing_is_changed(box, cluster, auth, name, spoil, words):
    before = _made(box)["secrets"]
    spoil(box, auth)
    done = _rotate(box, cluster, name)
    assert done.returncode == 1 and words in done.stderr and "as it is" in done.stderr.splitlines()[-1]
    assert _made(box)["secrets"] == before and not _made(box)["started"]


def test_the_password_of_a_pods_start_lets_in_as_well(box, cluster):
    """The Secret was restored from a backup, MongoDB was not."""
    (box.state / "mongo").write_text('of "the" start\\\n')
    done = _rotate(box, cluster, "mongodb-secret")
    assert done.returncode == 0, done.stderr
    assert (box.state / "mongo").read_text().strip() == _made(box)["secrets"]["dojot/mongodb-secret"]["password"]


def test_a_pod_that_does_not_come_back_is_told_with_what_to_do(box, cluster):
    _put(box, broken=["deployment/kong"])
    done = _rotate(box, cluster, "kong-secret")
    assert done.returncode == 1 and "deployment/kong does not run yet" in done.stderr
    assert "former values are in Secret kong-secret too, under their keys with .former" in done.stderr
    assert _made(box)["secrets"]["dojot/kong-secret"]["password.former"] == "kong-secret-password-former"
    _put(box, broken=[])
    done = _rotate(box, cluster, "kong-secret")
    assert done.returncode == 0 and "password.former" not in _made(box)["secrets"]["dojot/kong-secret"]
    assert _made(box)["started"] == ["deployment/kong"]


def test_it_says_first_what_it_would_do(box, cluster):
    before = _made(box)
    done = box.run("rotate", "--secret", "mongodb-secret", "--dry-run")
    assert (done.returncode, states(done.stdout)) == (0, {"skipped", "would"}), done.stderr
    assert "would: give Secret mongodb-secret new values: password\n" in done.stdout
    assert "would: start deployment/x509-identity-mgmt anew\n" in done.stdout and _made(box) == before


@pytest.mark.parametrize(
    "options, code, words", [((), 2, "which Secret?"), (("--secret", "kong"), 1, "no Secret kong, but: ")]
)
def test_it_is_told_which(box, options, code, words):
    done = box.run("rotate", *options)
    assert done.returncode == code and words in done.stderr


def test_another_name_is_no_word(box, cluster):
    done = box.run("rotate", "--secret", "kong-secret", "--yes", "another")
    assert done.returncode == 1 and f"the name of the cluster is {cluster.name}" in done.stderr
    assert not _made(box)["changes"]


def test_one_that_is_missing_is_made_first(box, cluster):
    secrets = _made(box)["secrets"]
    del secrets["dojot/kong-secret"]
    _put(box, secrets=secrets)
    done = _rotate(box, cluster, "kong-secret")
    assert done.returncode == 1 and "run the step secrets first" in done.stderr
