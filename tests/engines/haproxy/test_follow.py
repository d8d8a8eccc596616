"""The load balancer follows a repository, with 9,000 sessions open: none is lost, whatever is committed."""

from __future__ import annotations

from contextlib import ExitStack, suppress

import pytest

from tests.engines.clusters import balancers
from tests.engines.haproxy import adapted
from tests.engines.haproxy.follower import BRANCH, LIMITS, Follower, Person
from tests.engines.haproxy.laboratory import Laboratory
from tests.engines.mqtt.client import Unanswered
from tests.engines.processes import until
from tests.engines.programs import not_run
from tests.haproxy.configuration import CONFIG, SYSCTL

# The script does the same with every HAProxy; what differs in theirs, the other tests of this folder try.
pytestmark = pytest.mark.parametrize("cluster", balancers()[:1], indirect=True, scope="session")

SESSIONS = 9000


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    folder = tmp_path_factory.mktemp("people")
    return {name: Person(name, folder) for name in ("ann", "bob", "stranger")}


@pytest.fixture(scope="module")
def follower(cluster, texts, people, tmp_path_factory):
    if adapted.sessions_of_a_process() < SESSIONS:
        not_run(f"a process may open {adapted.files_of_a_process()} files here, too few for {SESSIONS} sessions")
    folder = tmp_path_factory.mktemp("follow")
    config, kernel = adapted.on_this_machine(texts[CONFIG]), adapted.kernel_settings(texts[SYSCTL])
    with Laboratory(cluster, config, kernel, folder, tls=False) as laboratory:
        yield Follower(laboratory, folder / "follower", {name: people[name] for name in ("ann", "bob")})


class Crowd:
    """Nine thousand sessions."""

    def __init__(self, laboratory: Laboratory) -> None:
        self._laboratory, self._more = laboratory, ExitStack()
        address, frontend = laboratory.cluster.load_balancer.address, laboratory.device_frontends[0]
        self._generator = laboratory.generator(address, frontend.listen, "--prefix", "crowd")
        opened = self._generator.ask(f"ramp sessions={SESSIONS}")
        assert (opened["open"], opened["refused"]) == (SESSIONS, 0), opened

    def all_there(self) -> None:
        """Each answers, and none was lost since they were asked before."""
        answer = self._generator.ask("ping")
        assert (answer["open"], answer["answered"], answer["lost"]) == (SESSIONS, SESSIONS, 0), answer

    def one_more(self) -> None:
        """It is with the process that has the listeners now, which first has to pass the source ports of the others."""
        frontend = self._laboratory.device_frontends[0]

        def in_time() -> bool:
            with suppress(OSError, Unanswered):
                self._more.enter_context(self._laboratory.connect(frontend, "one-more"))
                return True
            return False

        assert until(in_time, 30), "no new session after a reload"

    def end(self) -> None:
        self._more.close()
        self._generator.stop()


@pytest.fixture(scope="module")
def crowd(follower):
    found = Crowd(follower.laboratory)
    yield found
    found.end()


def _installed(follower: Follower, commit: str, *options: str) -> str:
    """The look installs it; what it says."""
    done = follower.look(*options)
    assert done.returncode == 0, done.stdout + done.stderr
    state = follower.state
    assert (state["result"], state["wanted"], state["installed"]) == ("installed", commit, commit), state
    assert state["followed"] == state["looked"] > 0
    assert follower.metrics == {
        "dojot_balancer_followed_timestamp_seconds": state["followed"],
        "dojot_balancer_commit_refused": 0,
        "dojot_balancer_step_due": bool(state["step_due"]),
    }
    return state["words"]


def _stays(follower: Follower, result: str, words: str) -> None:
    """The look changes nothing, and says why."""
    before, worker = follower.installed, follower.laboratory.balancer.worker
    known = follower.state
    done = follower.look()
    assert done.returncode == (0 if result == "waiting" else 1), done.stdout + done.stderr
    assert words in (done.stdout if result == "waiting" else done.stderr), done.stdout + done.stderr
    state = follower.state
    assert state["result"] == result and words in state["words"], state
    assert (state["installed"], state["followed"]) == (known["installed"], known["followed"])
    assert (follower.installed, follower.laboratory.balancer.worker) == (before, worker)


def test_what_is_there_already_needs_no_reload(follower, crowd, people):
    worker = follower.laboratory.balancer.worker
    commit = follower.commit(follower.config(), people["ann"])
    assert _installed(follower, commit) == f"{commit[:12]} is installed"
    assert _installed(follower, commit) == f"{commit[:12]} stays installed"
    assert follower.laboratory.balancer.worker == worker
    crowd.all_there()


def test_without_the_repository_everything_stays(follower, crowd):
    follower.cut_off(True)
    _stays(follower, "unreachable", f"Git cannot fetch {BRANCH} of {follower.repository.url}: ")
    assert follower.metrics["dojot_balancer_commit_refused"] == 0
    follower.cut_off(False)
    _installed(follower, follower.git("rev-parse", "HEAD").strip())
    crowd.all_there()


@pytest.mark.parametrize(
    ("edit", "by", "words"),
    [
        pytest.param(lambda text: text, None, "none of load_balancer.follow.signers has signed it", id="unsigned"),
        pytest.param(
            lambda text: text, "stranger", "none of load_balancer.follow.signers has signed it", id="stranger"
        ),
        pytest.param(lambda text: text.replace("mode tcp", "mode udp"), "ann", "haproxy refuses ", id="broken"),
        pytest.param(lambda text: text[: text.rindex("listen ")], "ann", "is not whole", id="half of its sections"),
        pytest.param(lambda text: text[: len(text) // 2], "bob", "is not whole", id="half of a line"),
        pytest.param(lambda text: "", "ann", "is not whole", id="empty"),
        pytest.param(lambda text: None, "ann", "it has no file ", id="gone"),
    ],
)
def test_a_commit_that_is_wrong_is_not_installed(follower, crowd, people, edit, by, words):
    follower.commit(edit(follower.config(60)), people.get(by))
    _stays(follower, "refused", words)
    assert follower.metrics["dojot_balancer_commit_refused"] == 1
    # Until there is a better one.
    follower.git("reset", "--quiet", "--hard", "HEAD~1")
    _installed(follower, follower.git("rev-parse", "HEAD").strip())
    crowd.all_there()


def test_a_signed_commit_is_installed_and_what_is_drained_stays_so(follower, crowd, people):
    laboratory = follower.laboratory
    frontend = laboratory.device_frontends[0]
    out = frontend.servers[0].name
    assert follower.operator("drain", "--server", out, "--force").returncode == 0
    before = follower.git("rev-parse", "HEAD").strip()
    commit = follower.commit(follower.config(60), people["bob"])
    words = _installed(follower, commit)
    assert words == f"{commit[:12]} is installed, which comes after {before[:12]}"
    assert f"server {out} " in follower.installed and " weight 0\n" in follower.installed
    assert laboratory.balancer.drained(frontend.name) == {out}
    assert len(laboratory.balancer.workers()) == 2
    crowd.all_there()


def test_what_needs_more_than_the_file_waits_for_a_person(follower, crowd, people):
    before = follower.git("rev-parse", "HEAD").strip()
    more = follower.compiled[LIMITS].replace("LimitNOFILE=", "LimitNOFILE=1")
    follower.commit(follower.config(90), people["ann"], **{LIMITS: more})
    _stays(follower, "waiting", f"({LIMITS}): run the step load-balancer of that commit here")
    assert follower.metrics["dojot_balancer_step_due"] == 1
    # Told as well where the configuration is the same.
    follower.git("reset", "--quiet", "--hard", before)
    commit = follower.commit(
        follower.config(60), people["ann"], **{SYSCTL: follower.compiled[SYSCTL] + "vm.swappiness = 1\n"}
    )
    assert f"It changes more of this host ({SYSCTL}): run the step" in _installed(follower, commit)
    assert follower.metrics["dojot_balancer_step_due"] == 1
    follower.git("reset", "--quiet", "--hard", before)
    crowd.all_there()


def test_it_goes_back_where_the_revision_goes_back(follower, crowd):
    crowd.one_more()
    follower.git("reset", "--quiet", "--hard", "HEAD~1")
    commit = follower.git("rev-parse", "HEAD").strip()
    assert "which is OLDER than" in _installed(follower, commit)
    assert f"timeout client {follower.cluster.load_balancer.session_timeout}s\n" in follower.installed
    assert len(follower.laboratory.balancer.workers()) == 3
    crowd.all_there()


def test_with_all_reloads_used_up_it_waits(follower, crowd, people):
    # In another history.
    follower.git("checkout", "--quiet", "--orphan", "other")
    commit = follower.commit(follower.config(120), people["ann"])
    follower.git("branch", "--force", BRANCH, "other")
    _stays(follower, "waiting", "2 old processes of haproxy still hold sessions")
    crowd.all_there()
    crowd.end()
    balancer = follower.laboratory.balancer
    assert until(lambda: len(balancer.workers()) == 1, 60), "an old process stays without sessions"
    assert "which does NOT come after" in _installed(follower, commit)


def test_what_haproxy_cannot_start_with_is_tried_once(follower, people):
    """`haproxy -c` binds no address."""
    laboratory = follower.laboratory
    with laboratory.connect(laboratory.device_frontends[0], "one") as device:
        listener = laboratory.frontends[0]
        elsewhere = follower.config(180).replace(f"bind :{listener.listen}\n", f"bind 203.0.113.9:{listener.listen}\n")
        assert elsewhere != follower.config(180)
        follower.git("checkout", "--quiet", BRANCH)
        bad = follower.commit(elsewhere, people["ann"])
        _stays(follower, "refused", "HAProxy could not start with it, and its processes go on")
        _stays(follower, "refused", "HAProxy could not start with it")
        failed = (follower.box.host / "failed-reloads").read_text().splitlines()
        assert len(failed) == 1 and failed[0].endswith(f" {bad}")
        assert device.alive()
        commit = follower.commit(follower.config(240), people["ann"])
        _installed(follower, commit)
        assert device.alive()
