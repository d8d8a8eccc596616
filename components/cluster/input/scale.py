"""The device count, and the numbers by which sizes follow from it."""

from __future__ import annotations

from typing import Annotated

from .entry import Entry, Maybe
from .scalar import Scalar
from .shapes import Bytes, Instances, NotNegative, Positive


class Message(Entry):
    """What one device sends."""

    interval: Positive
    """seconds between two messages of a device when it sends most, which Kafka has to take"""
    stored_bytes: Positive
    """bytes of a message in Kafka"""
    average_interval: Maybe[Positive] = None
    """the same on average over the time for which databases keep messages (interval)"""
    attributes: Positive = 1
    """attributes of a message, which databases keep one by one"""


class SessionMemory(Entry):
    """Memory of one session in a broker, by listener."""

    mqtt: Maybe[Bytes] = None
    """plain"""
    mqtts: Maybe[Bytes] = None
    """over TLS"""


class SessionProcesses(Entry):
    """Erlang processes of one session in a broker, by listener."""

    mqtt: Maybe[Positive] = None
    """plain"""
    mqtts: Maybe[Positive] = None
    """over TLS"""


class SessionsPerBroker(Entry):
    """The most sessions that HAProxy gives to one broker, by listener (by rule: what it holds of these alone)."""

    mqtt: Maybe[Positive] = None
    """plain"""
    mqtts: Maybe[Positive] = None
    """over TLS"""


class KafkaEntry(Entry):
    """The message log."""

    topics: Positive
    """topics of a tenant that carry the devices' messages"""
    partitions: Maybe[Positive] = None
    """partitions of a topic (by rule: as many as bridges of a kind)"""
    segment: Positive
    """bytes of a segment"""
    retention: Positive
    """minutes that a message is kept"""
    margin: NotNegative
    """per cent on top of what is needed"""


class DatabaseEntry(Entry):
    """Databases that keep messages of devices."""

    base: Bytes
    """room for everything else, its journal included"""
    margin: NotNegative
    """per cent on top of what the messages need"""


class ScaleEntry(Entry):
    """The number of devices and what one instance carries."""

    devices: Positive
    """the number from which brokers, bridges, partitions, Kafka's disk and HAProxy's limits follow"""
    tenants: Positive = 1
    """tenants, each with Kafka topics of its own, in which there is room for the messages of all devices"""
    devices_per_broker: Positive
    """what one broker carries"""
    minimum_brokers: Instances
    """the least number of brokers"""
    bridges_per_broker: Instances
    """bridges of each kind beside a broker"""
    keepalive: Annotated[int, Scalar("seconds from 10 to 65535, the most that MQTT knows", minimum=10, maximum=65535)]
    """longest keepalive of a device, in seconds"""
    session_lifetime: Annotated[int, Scalar("a number of milliseconds, at least 60000 (a minute)", minimum=60_000)]
    """milliseconds after which the broker ends a session"""
    message: Message
    """what one device sends"""
    broker_memory: Bytes
    """memory of a broker without sessions"""
    session_memory: SessionMemory
    """memory of one session in a broker"""
    session_processes: SessionProcesses
    """Erlang processes of one session in a broker"""
    sessions_per_broker: SessionsPerBroker = SessionsPerBroker()
    """the most sessions that HAProxy gives to one broker, in place of the rule"""
    kafka: KafkaEntry
    """the message log"""
    database: DatabaseEntry
    """databases that keep messages of devices"""
