"""admin-password.sh in its compiled Job, against auth's API: nobody keeps the password that everyone knows."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from tests.engines.jobs.addresses import own_address
from tests.engines.jobs.auth_api import Auth
from tests.engines.jobs.clusters import wherever_different
from tests.engines.jobs.http_server import serving
from tests.engines.jobs.passwords import made_up, recognisable
from tests.engines.jobs.pod import Pod
from tests.engines.jobs.postgres import watched
from tests.engines.programs import installed

SCRIPT = "admin-password.sh"
FIRST = "admin"
pytestmark = wherever_different(SCRIPT)


@pytest.fixture
def change(job, objects, secret_values, tmp_path):
    """Run the job while `auth` serves; no password and no token may turn up where it can be read."""
    workload = job(SCRIPT)
    variables = {one["name"]: one for one in workload["spec"]["template"]["spec"]["containers"][0]["env"]}
    url = urlsplit(variables["AUTH_URL"]["value"])
    address = own_address(url.port)
    pod = Pod(
        workload, objects, tmp_path / "pod", secret_values, hosts={url.hostname: address}, programs=[installed("curl")]
    )

    def change(auth, answer=None, script=None, **environment):
        wanted = environment.get("ADMIN_PASSWORD", pod.environment["ADMIN_PASSWORD"]) or "no password"
        command = script or " ".join(pod.container["command"])
        with serving(answer or auth, address, url.port), watched({"the password": recognisable(wanted)}) as seen:
            done = pod.run(
                "sh",
                "-c",
                f"{command}; code=$?; ls -A /tmp >&2; exit $code",
                environment={"AUTH_ATTEMPTS": "3", "AUTH_PAUSE_SECONDS": "0", **environment},
            )
        assert not seen, "the password stood on a command line that every process may read"
        said = done.stdout + done.stderr
        assert recognisable(wanted) not in said and not any(token in said for token in auth.tokens)
        assert "tmp." not in done.stderr, "a temporary file was left behind"
        return done

    change.wanted = pod.environment["ADMIN_PASSWORD"]
    return change


def test_the_first_password_is_replaced_once(change):
    auth = Auth(FIRST)
    first, second = change(auth), change(auth)
    assert first.returncode == 0 and first.stdout.startswith("done: "), first.stderr
    assert second.returncode == 0 and second.stdout.startswith("skipped: "), second.stderr
    assert auth.passwords == [FIRST, change.wanted]


def test_an_unknown_password_fails_the_job(change):
    auth = Auth("somebody changed it")
    done = change(auth)
    assert done.returncode == 1 and "neither the first password nor the Secret's" in done.stderr
    assert auth.passwords == ["somebody changed it"]


@pytest.mark.parametrize(
    "password, words",
    [("q7Kz2Wd", "at least 8 characters"), (made_up() + "aaa", "easy to guess"), (made_up() + "321", "easy to guess")],
    # Made up passwords are no names for tests: each process makes up its own.
    ids=["short", "equal characters", "falling characters"],
)
def test_a_password_that_auth_refuses_fails_with_its_words(change, password, words):
    auth = Auth(FIRST)
    done = change(auth, ADMIN_PASSWORD=password)
    assert done.returncode == 1 and "status 400" in done.stderr and words in done.stderr
    assert auth.passwords == [FIRST]


def test_a_change_without_effect_fails_the_job(change):
    auth = Auth(FIRST)
    auth.forgetful = True
    done = change(auth)
    assert done.returncode == 1 and "cannot log in" in done.stderr


def test_it_waits_for_auth(change):
    auth, asked = Auth(FIRST), []

    def late(call):
        asked.append(call.path)
        auth.ready = len(asked) >= 3
        return auth(call)

    assert change(auth, late).returncode == 0 and auth.password == change.wanted


@pytest.mark.parametrize(
    "login", [1, 2, 3], ids=["with the wanted password", "with the first one", "to see the change"]
)
def test_an_answer_that_is_lost_at_a_login_is_asked_for_again(change, login):
    """auth restarts, say: that tells nothing of a password."""
    auth, logins = Auth(FIRST), []

    def losing(call):
        if call.path == "/":
            logins.append(call)
            auth.ready = len(logins) != login
        return auth(call)

    done = change(auth, losing)
    assert done.returncode == 0 and done.stdout.startswith("done: "), done.stderr
    assert auth.password == change.wanted and len(logins) == 4


def test_a_change_whose_answer_is_lost_counts_if_it_was_made(change):
    auth = Auth(FIRST)

    def losing(call):
        status, found = auth(call)
        return (502, {}) if call.path == "/password/update" else (status, found)

    done = change(auth, losing)
    assert done.returncode == 0 and done.stdout.startswith("done: "), done.stderr
    assert auth.password == change.wanted


def test_an_auth_that_goes_away_is_no_wrong_password(change):
    auth, logins = Auth(FIRST), []

    def leaving(call):
        logins.append(call)
        auth.ready = len(logins) == 1
        return auth(call)

    done = change(auth, leaving)
    assert done.returncode == 1 and "after 3 attempts" in done.stderr and "neither" not in done.stderr


def test_it_gives_up_after_the_attempts(change):
    auth = Auth(FIRST)
    auth.ready = False
    done = change(auth)
    assert done.returncode == 1 and "after 3 attempts" in done.stderr and "auth:" in done.stderr


@pytest.mark.parametrize("missing", ["AUTH_URL", "ADMIN_USER", "ADMIN_PASSWORD"])
def test_a_missing_variable_fails(change, missing):
    auth = Auth(FIRST)
    done = change(auth, **{missing: ""})
    assert done.returncode != 0 and missing in done.stderr and auth.password == FIRST


def test_a_careless_script_is_noticed(change):
    with pytest.raises(AssertionError, match="stood on a command line"):
        change(Auth(FIRST), script='sh -c "sleep 0.5; :" "$ADMIN_PASSWORD"')
