"""Sizes by rule. The figures of the guide: 3 brokers, 9 bridges and 9 partitions for 100,000 devices."""

import pytest

from components.cluster.input.scale import ScaleEntry
from components.cluster.input.service import ServiceEntry, Stores, VolumeEntry
from components.cluster.input.target import Inventory
from components.cluster.sizes import scale, volume_size

MEBIBYTE, GIBIBYTE = 2**20, 2**30
MARGIN = 10


def _inventory(devices, vernemq="brokers", kafka=1, tenants=1, **log):
    """The guide's numbers in a cluster that has nothing but what sizes are made of."""
    sized = ScaleEntry.model_validate(
        {
            "devices": devices,
            "tenants": tenants,
            "devices_per_broker": 33_334,
            "minimum_brokers": 3,
            "bridges_per_broker": 3,
            "keepalive": 1200,
            "session_lifetime": 1_500_000,
            "broker_memory": "384Mi",
            "session_memory": {"mqtt": "64k"},
            "session_processes": {"mqtt": 2},
            "message": {"interval": 30, "stored_bytes": 400},
            "kafka": {"topics": 2, "segment": 250 * MEBIBYTE, "retention": 30, "margin": MARGIN, **log},
            "database": {"base": "2Gi", "margin": 20},
        }
    )
    services = {
        "vernemq": ServiceEntry.model_construct(kind="VerneMQ", replicas=vernemq),
        "kafka-server": ServiceEntry.model_construct(kind="StatefulSet", replicas=kafka),
    }
    return Inventory.model_construct(scale=sized, services=services)


@pytest.mark.parametrize(
    ("devices", "brokers"),
    [(1, 3), (100_000, 3), (100_002, 3), (100_003, 4), (200_000, 6), (200_004, 6), (200_005, 7), (1_000_000, 30)],
)
def test_by_rule(devices, brokers):
    sizes = scale(_inventory(devices))
    assert (sizes.brokers, sizes.bridges, sizes.kafka.partitions) == (brokers, 3 * brokers, 3 * brokers)


def test_an_explicit_number_wins_and_sizes_what_follows():
    sizes = scale(_inventory(100_000, vernemq=5))
    assert (sizes.brokers, sizes.bridges, sizes.kafka.partitions) == (5, 15, 15)


def test_explicit_partitions_win():
    sizes = scale(_inventory(100_000, partitions=24))
    assert (sizes.bridges, sizes.kafka.partitions) == (9, 24)


def test_messages():
    """dojot's load test: 100,000 devices, one message each 30 s, make 3,333 messages a second."""
    assert int(scale(_inventory(100_000)).messages_per_second) == 3333


def test_the_log_of_the_guide():
    """Two topics of 9 partitions, a segment of 250 MiB in each, and half an hour of messages."""
    kafka = scale(_inventory(100_000)).kafka
    half_an_hour = 100_000 * 400 * 1800 // 30
    assert kafka.bytes_needed == 2 * (9 * 250 * MEBIBYTE + half_an_hour)
    assert kafka.retention == 1800


@pytest.mark.parametrize("servers", [1, 2, 3, 4, 6])
def test_a_server_holds_its_share_of_the_copies_and_the_margin(servers):
    sizes = scale(_inventory(100_000, kafka=servers))
    kafka, volume = sizes.kafka, volume_size("kafka-server", VolumeEntry.model_construct(size="kafka_log"), sizes)
    assert volume % GIBIBYTE == 0
    # One server has at most so many of the 18 partitions' copies.
    partitions = -(-18 * min(3, servers) // servers)
    share = partitions * kafka.bytes_needed / 18
    assert share * 1.10 <= volume < share * 1.10 + GIBIBYTE


@pytest.mark.parametrize(("servers", "tenants"), [(1, 1), (1, 2), (3, 4), (5, 1)])
def test_no_volume_is_filled_and_no_message_goes_before_its_time(servers, tenants):
    """Whatever arrives: a partition has what retention by bytes leaves, and one segment more."""
    sizes = scale(_inventory(100_000, kafka=servers, tenants=tenants))
    kafka = sizes.kafka
    assert kafka.topics == 2 * tenants
    volume = volume_size("kafka-server", VolumeEntry.model_construct(size="kafka_log"), sizes)
    kept = kafka.retention_bytes(volume)
    partitions = -(-kafka.topics * 9 * min(3, servers) // servers)
    assert partitions * (kept + 250 * MEBIBYTE) * 1.10 <= volume
    assert kept >= 100_000 * 400 * 60 / 9


def _storing(**more):
    inventory = _inventory(1000)
    stores = {"service": "db", "hours": 24, "attribute_bytes": 100, "device_bytes": "10Ki", **more}
    storers = {
        name: ServiceEntry.model_construct(kind="Deployment", replicas=1, stores=Stores.model_validate(stores))
        for name in "ab"
    }
    return scale(Inventory.model_construct(scale=inventory.scale, services={**inventory.services, **storers}))


def test_a_database_holds_what_two_services_keep_there():
    """A day of a message each 30 s, from 1,000 devices, and what each device takes by itself; and a fifth more."""
    kept = 1000 * (24 * 120 * 100 + 10 * 1024)
    assert _storing().database_bytes("db") == 2 * GIBIBYTE + 2 * kept * 12 // 10
    # What is deleted by the day stays for up to two.
    later = _storing(deleted_hours=24).database_bytes("db")
    assert later == 2 * GIBIBYTE + 2 * (kept + 1000 * 24 * 120 * 100) * 12 // 10
    assert _storing().database_bytes("another") == 2 * GIBIBYTE
    volume = VolumeEntry.model_construct(size="stored_messages")
    assert volume_size("db", volume, _storing()) == 3 * GIBIBYTE
    assert volume_size("another", volume, _storing()) == 2 * GIBIBYTE


def test_servers_by_rule():
    assert scale(_inventory(200_000, kafka="brokers")).kafka.servers == 6
