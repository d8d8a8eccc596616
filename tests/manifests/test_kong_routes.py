"""kong-routes.sh: every refusal fails the job, and a second run changes nothing."""

from __future__ import annotations

import pytest

from tests.manifests.servers import run, serve

CALLS = """\
/services/one {"url":"http://one:80"}
/services/one/routes/one_route {"paths":["/device/(.*)/latest"],"strip_path":false}
/services/one/plugins/08e43f3a {"name":"rate limiting"}
"""
READY = {"KONG_ATTEMPTS": "3", "KONG_PAUSE_SECONDS": "0"}


@pytest.fixture
def calls(tmp_path):
    path = tmp_path / "kong-calls.txt"
    path.write_text(CALLS)
    return str(path)


def accept(call):
    return 200, {}


def test_every_call_is_sent_in_order_and_again(calls, tmp_path):
    with serve(accept) as kong:
        for _ in range(2):
            done = run("kong-routes.sh", tmp_path, calls, KONG_ADMIN_URL=kong.url, **READY)
            assert done.returncode == 0, done.stderr
            assert "3 calls" in done.stdout.splitlines()[-1]
    sent = [(call.path, call.body) for call in kong.calls if call.method == "PUT"]
    assert sent[:3] == sent[3:] == [
        ("/services/one", {"url": "http://one:80"}),
        ("/services/one/routes/one_route", {"paths": ["/device/(.*)/latest"], "strip_path": False}),
        ("/services/one/plugins/08e43f3a", {"name": "rate limiting"}),
    ]


def test_a_refusal_fails_at_once_and_says_why(calls, tmp_path):
    def refuse(call):
        return (400, {"message": "schema violation"}) if "routes" in call.path else (200, {})

    with serve(refuse) as kong:
        done = run("kong-routes.sh", tmp_path, calls, KONG_ADMIN_URL=kong.url, **READY)
    assert done.returncode == 1
    assert "PUT /services/one/routes/one_route: status 400" in done.stderr and "schema violation" in done.stderr
    assert not any("plugins" in call.path for call in kong.calls)


def test_it_waits_for_kong(calls, tmp_path):
    asked = []

    def late(call):
        asked.append(call)
        return (503 if len(asked) < 3 else 200), {}

    with serve(late) as kong:
        assert run("kong-routes.sh", tmp_path, calls, KONG_ADMIN_URL=kong.url, **READY).returncode == 0


def test_it_gives_up_after_the_attempts(calls, tmp_path):
    with serve(lambda call: (503, {})) as kong:
        done = run("kong-routes.sh", tmp_path, calls, KONG_ADMIN_URL=kong.url, **READY)
    assert done.returncode == 1 and "after 3 attempts" in done.stderr
    assert not any(call.method == "PUT" for call in kong.calls)


def test_a_gateway_that_goes_away_fails_the_job(calls, tmp_path):
    with serve(accept) as kong:
        pass
    done = run("kong-routes.sh", tmp_path, calls, KONG_ADMIN_URL=kong.url, **READY)
    assert done.returncode == 1 and kong.url in done.stderr
    assert list(tmp_path.iterdir()) == [tmp_path / "kong-calls.txt"], "a temporary file was left behind"
