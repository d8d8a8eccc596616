"""What health checks say to a server, and what a living one answers: bytes in hexadecimal, as HAProxy takes them."""

from __future__ import annotations

from dataclasses import dataclass

# OASIS MQTT 3.1.1: 3.1 CONNECT (protocol level 4, no flags, keepalive 10 s, an empty identifier); 3.2 CONNACK.
_CONNECT = bytes([0x10, 12]) + b"\0\4MQTT" + bytes([4, 0, 0, 10]) + bytes([0, 0])
_CONNACK = bytes([0x20, 2])


@dataclass(frozen=True)
class Question:
    """`expect` stands somewhere in the answer to `send`."""

    send: str
    expect: str


def _vector(octets: bytes, length: int) -> bytes:
    """A vector of TLS: its length in `length` octets, then itself."""
    return len(octets).to_bytes(length, "big") + octets


def _extension(number: int, body: bytes) -> bytes:
    return number.to_bytes(2, "big") + _vector(body, 2)


def _client_hello() -> bytes:
    """A ClientHello of TLS 1.2 (RFC 5246, 7.4.1.2) that servers with an RSA or an ECDSA key agree to.

    A server that asks for a certificate does so after its own ServerHello. The random number is none: nothing secret
    follows.
    """
    suites = (
        # ECDHE with ECDSA and RSA: AES-GCM, ChaCha20, AES-CBC.
        *(0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC023, 0xC027, 0xC009, 0xC013),
        # DHE and plain RSA, for servers without curves.
        *(0x009E, 0x009F, 0x009C, 0x009D, 0x003C, 0x002F, 0x0035),
    )
    groups = (0x001D, 0x0017, 0x0018, 0x0019)  # x25519, P-256, P-384, P-521
    signatures = (0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601)  # ECDSA, RSA-PSS, RSA

    def pairs(numbers: tuple[int, ...]) -> bytes:
        return b"".join(number.to_bytes(2, "big") for number in numbers)

    extensions = b"".join(
        (
            _extension(0x000A, _vector(pairs(groups), 2)),
            _extension(0x000B, _vector(b"\0", 1)),  # points without compression
            _extension(0x000D, _vector(pairs(signatures), 2)),
            _extension(0x0017, b""),  # extended master secret (RFC 7627)
        )
    )
    body = (
        b"\3\3" + bytes(32) + _vector(b"", 1) + _vector(pairs(suites), 2) + _vector(b"\0", 1) + _vector(extensions, 2)
    )
    return b"\x16\3\1" + _vector(b"\1" + _vector(body, 3), 2)


#: By what a frontend's servers are asked.
QUESTIONS = {
    "mqtt": Question(_CONNECT.hex(), _CONNACK.hex()),
    "tls": Question(_client_hello().hex(), b"\x16\3\3".hex()),
}
