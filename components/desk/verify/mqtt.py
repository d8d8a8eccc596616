"""As much of MQTT 3.1.1 as one device needs that sends a message and waits for one. The numbers are the standard's."""

from __future__ import annotations

import socket
import ssl
import struct
from contextlib import suppress

_CONNECT, _CONNACK, _PUBLISH, _PUBACK, _SUBSCRIBE, _SUBACK, _DISCONNECT = 0x10, 0x20, 0x30, 0x40, 0x82, 0x90, 0xE0
#: At least once: whoever receives it says so.
_ONCE_AT_LEAST = 1
_CLEAN, _NAMED = 0x02, 0x80
_KEEPALIVE = 60
#: What a broker says that lets nobody in (3.2.2.3).
_REFUSALS = {
    1: "it does not speak MQTT 3.1.1",
    2: "it does not take this identifier",
    3: "it is not ready",
    4: "name or password are wrong",
    5: "this device has no right to connect",
}


class Refused(Exception):
    """The broker answers otherwise than it should; the text says how."""


class Session:
    """Of one device; use it as a context manager. OSError, Refused."""

    def __init__(self, address: str, port: int, device: str, tls: ssl.SSLContext | None, patience: float) -> None:
        raw = socket.create_connection((address, port), timeout=patience)
        self._socket = tls.wrap_socket(raw) if tls else raw
        self._messages: list[bytes] = []
        head = _text("MQTT") + bytes([4, _CLEAN | _NAMED]) + struct.pack("!H", _KEEPALIVE)
        self._send(_CONNECT, head + _text(device) + _text(device))
        code = self._await(_CONNACK)[1]
        if code:
            self._socket.close()
            raise Refused(_REFUSALS.get(code, f"its answer to CONNECT is {code}"))

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._send(_DISCONNECT, b"")
        self._socket.close()

    def subscribe(self, topic: str) -> None:
        self._send(_SUBSCRIBE, struct.pack("!H", 1) + _text(topic) + bytes([_ONCE_AT_LEAST]))
        if self._await(_SUBACK)[2] & 0x80:
            raise Refused(f"it does not let this device read {topic}")

    def publish(self, topic: str, payload: bytes) -> None:
        """Until the broker says that it has it."""
        self._send(_PUBLISH | _ONCE_AT_LEAST << 1, _text(topic) + struct.pack("!H", 2) + payload)
        self._await(_PUBACK)

    def receive(self) -> bytes:
        """The payload of the next message."""
        while not self._messages:
            self._take()
        return self._messages.pop(0)

    def _send(self, kind: int, body: bytes) -> None:
        size, rest = b"", len(body)
        while True:
            rest, digit = divmod(rest, 128)
            size += bytes([digit | (0x80 if rest else 0)])
            if not rest:
                break
        self._socket.sendall(bytes([kind]) + size + body)

    def _await(self, kind: int) -> bytes:
        """The body of the next packet of this kind, an answer. Messages may come before it."""
        while True:
            first, body = self._take()
            if first & 0xF0 == kind & 0xF0:
                return body

    def _take(self) -> tuple[int, bytes]:
        """The next packet, its first byte and its body; of a message the payload is kept, and its taking told."""
        first, size, shift = self._read(1)[0], 0, 0
        while True:
            digit = self._read(1)[0]
            size |= (digit & 0x7F) << shift
            shift += 7
            if not digit & 0x80:
                break
        body = self._read(size)
        if first & 0xF0 == _PUBLISH:
            (length,) = struct.unpack("!H", body[:2])
            payload = body[2 + length :]
            if first & 0x06:
                self._send(_PUBACK, payload[:2])
                payload = payload[2:]
            self._messages.append(payload)
        return first, body

    def _read(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            more = self._socket.recv(size - len(found))
            if not more:
                raise Refused("it ends the session")
            found += more
        return found


def _text(text: str) -> bytes:
    return struct.pack("!H", len(text.encode())) + text.encode()
