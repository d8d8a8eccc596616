"""kong-routes.sh in its compiled Job, against an Admin API that keeps and refuses as Kong does."""

from __future__ import annotations

import copy
from urllib.parse import urlsplit

import pytest

from tests.engines.jobs.addresses import own_address
from tests.engines.jobs.clusters import wherever_different
from tests.engines.jobs.http_server import serving
from tests.engines.jobs.kong_admin import Kong
from tests.engines.jobs.pod import Pod
from tests.engines.programs import installed

SCRIPT = "kong-routes.sh"
pytestmark = wherever_different(SCRIPT)
HURRY = {"KONG_ATTEMPTS": "3", "KONG_PAUSE_SECONDS": "0"}


@pytest.fixture
def site(job, objects, secret_values, tmp_path):
    """The pod of the job, where Kong's name leads, and the port that the job calls."""
    workload = job(SCRIPT)
    container = workload["spec"]["template"]["spec"]["containers"][0]
    url = urlsplit(next(one["value"] for one in container["env"] if one["name"] == "KONG_ADMIN_URL"))
    address = own_address(url.port)
    pod = Pod(
        workload, objects, tmp_path / "pod", secret_values, hosts={url.hostname: address}, programs=[installed("curl")]
    )
    return pod, address, url.port


@pytest.fixture
def calls(job, objects):
    """The file of calls, and how to put another in its place."""
    volumes = job(SCRIPT)["spec"]["template"]["spec"]["volumes"]
    name = next(one["configMap"]["name"] for one in volumes if "configMap" in one)
    data = next(one["data"] for one in objects if one["kind"] == "ConfigMap" and one["metadata"]["name"] == name)
    return next(text for file, text in data.items() if file != SCRIPT)


def with_calls(pod, before, after):
    """The pod with another file of calls."""
    changed = copy.deepcopy(pod.objects)
    for found in changed:
        if found["kind"] == "ConfigMap":
            found["data"] = {name: after if text == before else text for name, text in found["data"].items()}
    pod.objects = changed


def test_every_call_is_taken_and_the_second_run_changes_nothing(site, calls):
    pod, address, port = site
    kong = Kong()
    with serving(kong, address, port) as received:
        first = pod.run()
        assert first.returncode == 0, first.stderr
        state = copy.deepcopy(kong.entities)
        sent = [(call.method, call.path) for call in received]
        second = pod.run()
    assert second.returncode == 0, second.stderr
    assert kong.entities == state, "the second run changed what Kong holds"
    assert second.stdout == first.stdout
    # Each line once and in its order, none lost and none over another.
    lines = [line.split(" ", 1)[0] for line in calls.splitlines()]
    assert sent[1:] == [("PUT", path) for path in lines] and sent[0] == ("GET", "/status")
    assert sum(map(len, state.values())) == len(lines)
    assert f"{len(lines)} calls" in first.stdout.splitlines()[-1]


def test_kong_holds_the_routes_of_the_inventory(cluster, site):
    pod, address, port = site
    kong = Kong()
    with serving(kong, address, port):
        assert pod.run().returncode == 0
    routes = {route.name: route for service in cluster.services for route in service.routes}
    services = {one["id"]: one["name"] for one in kong.of("services")}
    assert sorted(services.values()) == sorted(routes)
    for one in kong.of("services"):
        wanted = routes[one["name"]]
        assert (one["protocol"], one["host"], one["port"], one["path"] or "") == (
            *_parts(wanted.url)[:3],
            _parts(wanted.url)[3],
        )
        if wanted.timeout is not None:
            assert {one[f"{what}_timeout"] for what in ("connect", "read", "write")} == {wanted.timeout}
    for one in kong.of("routes"):
        wanted = routes[services[one["service"]["id"]]]
        assert (one["paths"], one["strip_path"]) == (list(wanted.paths), wanted.strip_path)
    held = sorted((services[one["service"]["id"]], one["name"]) for one in kong.of("plugins"))
    assert held == sorted((route.name, plugin.name) for route in routes.values() for plugin in route.plugins)
    for one in kong.of("plugins"):
        plugin = next(found for found in routes[services[one["service"]["id"]]].plugins if found.name == one["name"])
        assert {key: one["config"][key] for key in plugin.config} == dict(plugin.config)


def _parts(url):
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port, parts.path


GOOD = '/services/one {"url":"http://one:80"}\n/services/one/routes/r {"paths":["/a"]}\n'
JWT = "/services/one/plugins/08e43f3a-4b00-5b36-8219-26fdc30fc426"


@pytest.mark.parametrize(
    "line, status, words",
    [
        ('/services/one {"url":"http://one:80","nonsense":1}', 400, "nonsense: unknown field"),
        ('/services/one {"path":"/"}', 400, "host: required field missing"),
        ('/services/one {"url":"http://one:80","connect_timeout":0}', 400, "connect_timeout: value should be between"),
        ('/services/one {"url":"grpc://one:80/a"}', 400, "path: value must be null"),
        ('/services/o%20ne {"url":"http://one:80"}', 400, "it must only contain alphanumeric"),
        ('/services/two/routes/r {"paths":["/a"]}', 404, "Not found"),
        ('/services/one/routes/r {"strip_path":true}', 400, "must set one of"),
        ('/services/one/routes/r {"paths":"/a"}', 400, "paths: expected an array"),
        ('/services/one/routes/r {"paths":["/a"],"protocols":["http","tcp"]}', 400, "mutually exclusive"),
        ('/services/one/routes/r {"paths":["a"]}', 400, "paths: should start with: /"),
        ('/services/one/routes/r {"paths":["/a/(b"]}', 400, "paths: invalid regex"),
        (f'{JWT} {{"name":"jwtt"}}', 400, "plugin 'jwtt' not enabled"),
        (f'{JWT} {{"config":{{}}}}', 400, "name: required field missing"),
        (f'{JWT} {{"name":"pepkong"}}', 400, "config.pdpUrl: required field missing"),
        (
            f'{JWT} {{"name":"rate-limiting","config":{{"minute":5,"hour":4}}}}',
            400,
            "cannot be lower than the limit for minute",
        ),
        (
            f'{JWT} {{"name":"rate-limiting","config":{{"minute":5,"limit_by":"header"}}}}',
            400,
            "config.header_name: required field missing",
        ),
        ('/services/one/plugins/jwt {"name":"jwt"}', 400, "invalid primary key"),
        (f'{JWT} {{"name":"jwt"}}\n{JWT[:-1]}7 {{"name":"jwt"}}', 409, "UNIQUE violation"),
        ('/services/one {"url":', 400, "Cannot parse JSON body"),
        ("/nowhere {}", 404, "Not found"),
    ],
)
def test_a_refusal_fails_at_once_and_says_why(site, calls, line, status, words):
    pod, address, port = site
    with_calls(pod, calls, f'{GOOD}{line}\n/services/later {{"url":"http://later:80"}}\n')
    kong = Kong()
    with serving(kong, address, port) as received:
        done = pod.run()
    assert done.returncode == 1
    assert f"failed: PUT {line.splitlines()[-1].split()[0]}: status {status}" in done.stderr and words in done.stderr
    assert not any("later" in call.path for call in received), "it went on after a refusal"


def test_it_waits_for_kong(site):
    pod, address, port = site
    kong = Kong()
    kong.ready = False

    def late(call):
        kong.ready = len(received) >= 3
        return kong(call)

    with serving(late, address, port) as received:
        assert pod.run(environment=HURRY).returncode == 0
    assert [call.method for call in received[:4]] == ["GET", "GET", "GET", "PUT"]


@pytest.mark.parametrize("up", [True, False])
def test_it_gives_up_after_the_attempts(site, up):
    pod, address, port = site
    kong = Kong()
    kong.ready = False
    if up:
        with serving(kong, address, port) as received:
            done = pod.run(environment=HURRY)
        assert [call.path for call in received] == ["/status"] * 3
    else:
        done = pod.run(environment=HURRY)
    assert done.returncode == 1 and "after 3 attempts" in done.stderr


def test_a_gateway_that_goes_away_fails_the_job(site):
    pod, address, port = site
    kong = Kong()

    def leaving(call):
        kong.ready = call.path == "/status" or len(kong.of("services")) < 2
        return kong(call)

    with serving(leaving, address, port):
        done = pod.run(environment=HURRY)
    assert done.returncode == 1 and "status 500" in done.stderr
