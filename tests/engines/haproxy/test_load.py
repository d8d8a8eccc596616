"""Nine thousand sessions through one HAProxy: held, asked, a broker killed, a reload. Nobody is lost."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import contextmanager
from statistics import median

import pytest

from tests.engines.clusters import balancers
from tests.engines.haproxy import adapted
from tests.engines.haproxy.balancer import resident_memory
from tests.engines.haproxy.broker import WHO
from tests.engines.processes import until
from tests.engines.programs import not_run

pytestmark = pytest.mark.parametrize("cluster", balancers(), indirect=True, scope="session")

SESSIONS = 9000
GUESTS = 300  # sessions that come on top of these for a while


class Crowd:
    """The sessions, with what it took to open them."""

    def __init__(self, laboratory, frontend) -> None:
        self.laboratory, self.frontend = laboratory, frontend
        self.names = [server.name for server in self.frontend.servers]
        before = resident_memory(laboratory.balancer.worker)
        self.generator = self.through_haproxy("--reconnect", "--prefix", "crowd")
        try:
            self.opened = self.generator.ask(f"ramp sessions={SESSIONS}")
            self.memory = (resident_memory(laboratory.balancer.worker) - before) / SESSIONS
        except BaseException:
            self.generator.stop()
            raise

    def through_haproxy(self, *options: str):
        keepalive = str(self.laboratory.cluster.scale.keepalive)
        address = self.laboratory.cluster.load_balancer.address
        return self.laboratory.generator(address, self.frontend.listen, "--keepalive", keepalive, *options)

    @contextmanager
    def guests(self, prefix: str, direct: bool = False):
        """A generator of its own, ended afterwards."""
        if direct:
            address, port = self.laboratory.brokers[self.names[0]].address
            found = self.laboratory.generator(address, port, "--prefix", prefix)
        else:
            found = self.through_haproxy("--prefix", prefix)
        try:
            yield found
        finally:
            found.stop()

    def brokers(self) -> dict[str, int]:
        """Sessions of each broker, as each session itself says."""
        return self.generator.ask(f"ask topic={WHO}")["labels"]

    def all_answer(self, command: str) -> None:
        """Each session gets its answer, and none was lost since the command before."""
        answer = self.generator.ask(command)
        assert (answer["open"], answer["answered"], answer["lost"]) == (SESSIONS, SESSIONS, 0), f"{command}: {answer}"


@pytest.fixture(scope="module")
def crowd(plain):
    needed = SESSIONS + 2 * GUESTS
    if adapted.sessions_of_a_process() < needed:
        not_run(f"a process may open {adapted.files_of_a_process()} files here, too few for {needed} sessions")
    laboratory, frontend = plain
    found = Crowd(laboratory, frontend)
    yield found
    found.generator.stop()
    # A worker that a reload has replaced ends with its last session.
    assert until(lambda: len(laboratory.balancer.workers()) == 1, 15), "a replaced HAProxy does not end"


def test_all_are_held_and_answered_and_evenly_spread(crowd, figures):
    opened = crowd.opened
    assert (opened["open"], opened["refused"]) == (SESSIONS, 0), f"not every session came up at once: {opened}"
    spread = crowd.brokers()
    assert sum(spread.values()) == SESSIONS and set(spread) == set(crowd.names), spread
    assert max(spread.values()) - min(spread.values()) <= SESSIONS // 100, f"unevenly spread: {spread}"
    crowd.all_answer("publish")
    crowd.all_answer("ping")
    crowd.generator.ask("hold seconds=5")
    crowd.all_answer("ping")
    figures("sessions held, none lost", SESSIONS)
    figures("sessions of each broker", ", ".join(f"{name} {count}" for name, count in spread.items()))
    figures("HAProxy's memory for each session, bytes", crowd.memory)
    estimated = crowd.laboratory.cluster.load_balancer.memory_per_session
    assert crowd.memory < estimated, f"{crowd.memory:.0f} bytes a session; the model plans with {estimated}"


def test_what_haproxy_adds(crowd, figures):
    """In the same run and by turns, so that other load on this machine meets both alike."""
    with crowd.guests("direct", direct=True) as direct, crowd.guests("through") as through:
        ways = {"directly": direct, "through HAProxy": through}
        for name, found in ways.items():
            alone = found.ask(f"ramp sessions={GUESTS} window=1")
            figures(f"connect to CONNACK {name}, p50 / p99 ms", f"{alone['ms']['p50']:.2f} / {alone['ms']['p99']:.2f}")
        turns = [{name: found.ask("publish window=1 rounds=5")["ms"] for name, found in ways.items()} for _ in range(5)]
        for name in ways:
            p50, p99 = (median(turn[name][key] for turn in turns) for key in ("p50", "p99"))
            figures(f"PUBLISH to PUBACK {name}, p50 / p99 ms", f"{p50:.3f} / {p99:.3f}")
        many = direct.ask(f"ramp sessions={SESSIONS // len(crowd.names)}")
        figures("connects a second directly to one broker", many["per_second"])
        figures(f"connects a second through HAProxy to {len(crowd.names)} brokers", crowd.opened["per_second"])
        for found in ways.values():
            last = found.ask("ping")
            assert (last["unanswered"], last["lost"]) == (0, 0), last
    crowd.all_answer("ping")


def test_a_killed_brokers_devices_go_to_the_others_and_come_back(crowd, figures):
    lost, others = crowd.names[0], crowd.names[1:]
    balancer, broker = crowd.laboratory.balancer, crowd.laboratory.brokers[lost]
    before = crowd.brokers()
    broker.kill()
    began = time.monotonic()
    cut: Counter = Counter()
    refused = 0
    while sum(cut.values()) < before[lost] and time.monotonic() - began < 30:
        answer = crowd.generator.ask("settle seconds=30")
        cut.update(answer["lost_by_label"])
        refused += answer["refused"]
    took = time.monotonic() - began
    assert dict(cut) == {lost: before[lost]}, f"{lost} had {before[lost]} sessions; ended were {dict(cut)}"
    assert took < 10, f"the devices of {lost} were back after {took:.1f} s only"
    after = crowd.brokers()
    assert sum(after.values()) == SESSIONS and set(after) == set(others), f"{lost} was killed; sessions are on {after}"
    crowd.all_answer("ping")
    assert balancer.becomes(crowd.frontend.name, {lost: "DOWN"}), f"HAProxy does not notice that {lost} is gone"
    figures(f"one of {len(crowd.names)} brokers killed: sessions that had to move", before[lost])
    figures("all back on the others after, s", took)
    figures("attempts refused meanwhile", refused)

    broker.start()
    began = time.monotonic()
    assert balancer.becomes(crowd.frontend.name, {lost: "UP"}), f"{lost} is back, HAProxy does not use it"
    figures("a broker that returns is used after, s", time.monotonic() - began)
    shares, ages = [], []
    slow_start = crowd.laboratory.cluster.load_balancer.slow_start
    for name in ("returned", "a-little-later"):
        with crowd.guests(name) as guests:
            assert guests.ask(f"ramp sessions={GUESTS}")["open"] == GUESTS
            ages.append(balancer.seconds_in_this_state(crowd.frontend.name, lost))
            shares.append(guests.ask(f"ask topic={WHO}")["labels"].get(lost, 0))
        time.sleep(slow_start / 6)
    # It is empty, so all would go there; its share of what the others have grows, by a second and more in each second.
    others_have = SESSIONS // len(others)
    for age, share in zip(ages, shares, strict=True):
        due = others_have * (age + 2) / slow_start
        assert share <= due, (
            f"{age} s after {lost} is back, {share} of {GUESTS} new sessions go there, and {due} are due"
        )
    assert shares[1] > GUESTS // 2, f"of {GUESTS} new sessions {shares} go to {lost}, which is empty"
    figures(
        f"of {GUESTS} new sessions to a broker that is back, at once / a little later", " / ".join(map(str, shares))
    )
    crowd.all_answer("ping")


def test_a_reload_loses_no_session(crowd, figures):
    balancer, servers = crowd.laboratory.balancer, dict.fromkeys(crowd.names, "UP")
    old = balancer.worker
    crowd.all_answer("ping")
    balancer.reload()
    assert old in balancer.workers() and balancer.worker != old, "the old worker ended with sessions open"
    crowd.all_answer("ping")
    # Longer than it takes to call a server down. Its checks alone meet the old worker's connections.
    checks = 3 * crowd.laboratory.cluster.load_balancer.check_interval + 1
    assert not until(lambda: not balancer.becomes(crowd.frontend.name, servers, 0), checks), (
        f"healthy brokers are marked down after a reload: {balancer.states(crowd.frontend.name)}"
    )
    with crowd.guests("after-reload") as guests:
        answer = guests.ask(f"ramp sessions={GUESTS}")
        # The old worker holds source ports; the new one passes them, some at each attempt.
        bound = SESSIONS // crowd.laboratory.cluster.platform.haproxy.source_port_retries + len(servers)
        assert answer["open"] == GUESTS, f"after a reload new sessions fail: {answer}"
        assert answer["refused"] <= bound, (
            f"{answer['refused']} connections failed after the reload, not at most {bound}"
        )
        last = guests.ask("ping")
        assert (last["answered"], last["lost"]) == (GUESTS, 0), last
    crowd.all_answer("publish")
    crowd.all_answer("ping")
    figures("reload with sessions open: lost", 0)
    figures(f"attempts refused among {GUESTS} new sessions after it", answer["refused"])
