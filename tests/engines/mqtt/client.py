"""One MQTT session that waits for each answer, plain or over TLS."""

from __future__ import annotations

import socket
import ssl
import struct
import time
from contextlib import suppress

from tests.engines.mqtt.load import (
    CONNACK,
    PINGREQ,
    PINGRESP,
    PUBACK,
    PUBLISH,
    SUBACK,
    connect_packet,
    message,
    packet,
    packets,
    publish_packet,
    subscribe_packet,
)


class Unanswered(Exception):
    """The broker sent something else than the answer, or nothing, or ended the session."""


class Client:
    """A session on `address`:`port`; Unanswered or OSError where it does not come to be.

    `user` is the name that it gives itself, `keepalive` what the broker is told, in seconds (0: none); nothing is sent
    by itself. `name` is the one that the broker's certificate must have.
    """

    def __init__(
        self,
        address: str,
        port: int,
        identifier: str,
        *,
        user: str = "",
        keepalive: int = 0,
        tls: ssl.SSLContext | None = None,
        name: str | None = None,
        patience: float = 15,
    ) -> None:
        self._socket = socket.create_connection((address, port), timeout=patience)
        self._buffer, self._received, self._identifier = bytearray(), [], 0
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls:
                self._socket = tls.wrap_socket(self._socket, server_hostname=name)
            self._socket.sendall(connect_packet(identifier, keepalive, user))
            answer = self._await(CONNACK)
            if answer != b"\0\0":
                raise Unanswered(f"CONNACK says {answer.hex()}")
        except BaseException:
            self._socket.close()
            raise

    def _await(self, kind: int) -> bytes:
        """The body of the next packet of this kind; messages that come before it are kept."""
        while True:
            for number, (first, body) in enumerate(self._received):
                if first & 0xF0 == kind:
                    del self._received[number]
                    if kind == PUBLISH:
                        return bytes([first]) + body
                    return body
            try:
                data = self._socket.recv(4096)
            except TimeoutError:
                raise Unanswered(f"no packet of type {kind:#x} came") from None
            if not data:
                raise Unanswered(f"the session ended while a packet of type {kind:#x} was due")
            self._buffer += data
            self._received += packets(self._buffer)

    def _next(self) -> int:
        self._identifier += 1
        return self._identifier

    def subscribe(self, topic: str, qos: int = 1) -> None:
        number = self._next()
        self._socket.sendall(subscribe_packet(topic, number, qos))
        answer = self._await(SUBACK)
        if answer != struct.pack("!HB", number, qos):
            raise Unanswered(f"SUBACK says {answer.hex()}")

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        """With QoS 1: the broker has it when this returns."""
        number = self._next()
        self._socket.sendall(publish_packet(topic, payload, number, retain))
        answer = self._await(PUBACK)
        if answer != struct.pack("!H", number):
            raise Unanswered(f"PUBACK says {answer.hex()}")

    def receive(self) -> tuple[str, bytes]:
        """Topic and payload of the next message, acknowledged."""
        answer = self._await(PUBLISH)
        topic, payload, number = message(answer[0], answer[1:])
        if number:
            self._socket.sendall(packet(PUBACK, struct.pack("!H", number)))
        return topic, payload

    def ping(self) -> None:
        self._socket.sendall(PINGREQ)
        self._await(PINGRESP)

    def alive(self) -> bool:
        """Does it answer a ping?"""
        with suppress(OSError, Unanswered):
            self.ping()
            return True
        return False

    def ends_within(self, seconds: float) -> float | None:
        """How long it took until the other side ended the session, None where it did not."""
        began = time.monotonic()
        self._socket.settimeout(seconds)
        try:
            while self._socket.recv(4096):
                pass
        except TimeoutError:
            return None
        except OSError:
            pass
        return time.monotonic() - began

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
