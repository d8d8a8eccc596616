import random

from components.cluster.input.container import UseEntry
from components.cluster.input.service import ServiceEntry
from components.cluster.waves import STEP, job_wave, waves


def _uses(**names):
    """A service that uses others; True: at its start."""
    uses = {name: UseEntry(ports=(), at_start=at_start) for name, at_start in names.items()}
    return ServiceEntry.model_construct(uses=uses)


def test_a_service_comes_after_those_it_needs():
    found = waves(
        {"kafka": _uses(zookeeper=True), "zookeeper": _uses(), "bridge": _uses(kafka=True, x509=True), "x509": _uses()}
    )
    assert found == {"zookeeper": STEP, "x509": STEP, "kafka": 2 * STEP, "bridge": 3 * STEP}


def test_a_use_that_can_wait_orders_nothing():
    """kong calls auth, and auth configures kong: only one of them waits."""
    assert waves({"kong": _uses(auth=False), "auth": _uses(kong=True)}) == {"kong": STEP, "auth": 2 * STEP}


def test_at_start_is_the_default():
    assert waves({"a": ServiceEntry.model_construct(uses={"b": UseEntry(ports=())}), "b": _uses()})["a"] == 2 * STEP


def test_jobs_stand_between_the_waves():
    assert STEP < job_wave(2 * STEP, "before") < 2 * STEP < job_wave(2 * STEP, "after") < 3 * STEP


def test_any_graph_without_cycles():
    numbers = random.Random(7)
    for _ in range(30):
        names = [f"s{number}" for number in range(12)]
        services = {
            name: _uses(**dict.fromkeys(numbers.sample(names[:place], min(place, 2)), True))
            for place, name in enumerate(names)
        }
        numbers.shuffle(names)
        found = waves({name: services[name] for name in names})
        for name, service in services.items():
            assert all(found[other] < found[name] for other in service.uses)


def test_the_clusters(cluster):
    """Everything a service needs at start has a lower wave, its jobs stand next to it."""
    order = {service.name: service.wave for service in cluster.services}
    for service in cluster.services:
        for use in service.uses:
            if use.at_start:
                assert order[use.service] < service.wave, (service.name, use)
