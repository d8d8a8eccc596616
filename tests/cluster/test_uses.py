"""Who calls whom, from `uses` and from addresses in the environment."""

from __future__ import annotations

from components.cluster.input.service import ServiceEntry
from components.cluster.ports import doors
from components.cluster.uses import address_text, needs

KAFKA = {"service": "kafka", "port": "server"}


def _service(**keys) -> ServiceEntry:
    """An entry of `services` with these keys and as few others as can be."""
    rights = {"security": {"user": 1, "group": 1}}
    sizes = {"resources": {"requests": {"cpu": 1, "memory": "1Mi"}, "limits": {"memory": "1Mi"}}}
    container = {"image": "a:1", **rights, **sizes}
    if "sidecars" in keys:
        keys["sidecars"] = {name: {**container, **sidecar} for name, sidecar in keys["sidecars"].items()}
    return ServiceEntry.model_validate(
        {"title": "A", "kind": "Deployment", "group": "dojot", "replicas": 1, **container, **keys}
    )


def test_an_address_is_a_need():
    found = needs(_service(env={"KAFKA_HOSTS": KAFKA, "LEVEL": "debug"}))
    assert {name: (need.at_start, set(need.ports)) for name, need in found.items()} == {"kafka": (True, {"server"})}
    assert found["kafka"].path == ("env", "KAFKA_HOSTS")


def test_uses_say_what_an_address_cannot():
    found = needs(_service(env={"KAFKA_HOSTS": KAFKA}, uses={"kafka": {"ports": [], "at_start": False}}))["kafka"]
    assert not found.at_start and found.ports == {"server": ("env", "KAFKA_HOSTS", "port")}


def test_a_sidecar_speaks_for_its_pod():
    found = needs(_service(sidecars={"exporter": {"env": {"TARGET": KAFKA}}}))
    assert found["kafka"].path == ("sidecars", "exporter", "env", "TARGET")


def test_the_door_with_an_address_of_its_own_comes_first():
    service = _service(
        ports={"server": {"number": 9092}},
        kubernetes_services={"brokers": {"headless": True}, "kafka": {"ports": {"server": 80}}},
    )
    assert doors(service, "server") == [("kafka", 80), ("brokers", 9092)]
    assert doors(service, "metrics") == []


def test_only_host_and_port_are_filled_in():
    assert address_text("http://{host}:{port}/{tenant}", "auth", 5000) == "http://auth:5000/{tenant}"
