"""admin-password.sh: the password that everyone knows does not outlive the first sync."""

from __future__ import annotations

import pytest

from tests.manifests.servers import run, serve

WANTED = "s3cr3tOfTheCluster"
READY = {"AUTH_ATTEMPTS": "3", "AUTH_PAUSE_SECONDS": "0", "ADMIN_USER": "admin", "ADMIN_PASSWORD": WANTED}


class Auth:
    """dojot's auth as far as the script knows it."""

    def __init__(self, password: str, update: int = 200):
        self.password, self.update = password, update

    def __call__(self, call):
        if call.path == "/":
            if call.body == {"username": "admin", "passwd": self.password}:
                return 200, {"login": {"user": {}}, "jwt": "tok.en"}
            return 401, {"message": "not authorized"}
        if call.path == "/password/update" and call.token == "tok.en" and self.update == 200:
            if call.body["oldpasswd"] != self.password:
                return 400, {}
            self.password = call.body["newpasswd"]
            return 200, {}
        return self.update, {}


@pytest.fixture
def change(tmp_path):
    def change(auth):
        with serve(auth) as server:
            done = run("admin-password.sh", tmp_path, AUTH_URL=server.url, **READY)
        assert WANTED not in done.stdout + done.stderr and "tok.en" not in done.stdout + done.stderr
        assert list(tmp_path.iterdir()) == [], "a temporary file was left behind"
        return done

    return change


def test_the_first_password_is_replaced(change):
    auth = Auth("admin")
    done = change(auth)
    assert (done.returncode, auth.password) == (0, WANTED), done.stderr
    assert done.stdout.startswith("done: ")


def test_a_second_run_changes_nothing(change):
    auth = Auth(WANTED, update=500)
    done = change(auth)
    assert (done.returncode, auth.password) == (0, WANTED), done.stderr
    assert done.stdout.startswith("skipped: ")


def test_an_unknown_password_fails_the_job(change):
    done = change(Auth("another"))
    assert done.returncode == 1 and "neither the first password nor the Secret's" in done.stderr


def test_a_refused_change_fails_the_job(change):
    auth = Auth("admin", update=403)
    done = change(auth)
    assert (done.returncode, auth.password) == (1, "admin")
    assert "status 403" in done.stderr


def test_a_change_without_effect_fails_the_job(change):
    def forgetful(call):
        return Auth("admin")(call)

    done = change(forgetful)
    assert done.returncode == 1 and "cannot log in" in done.stderr


def test_it_gives_up_after_the_attempts(change):
    done = change(lambda call: (503, {}))
    assert done.returncode == 1 and "after 3 attempts" in done.stderr
