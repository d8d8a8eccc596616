"""MQTT sessions by the thousand, in one process: opened, held, asked, counted.

    load.py --to ADDRESS:PORT [options] [COMMAND ...]

A COMMAND is one argument: a name, and key=value pairs behind it. Without any, commands are read
from standard input, one a line, and lost sessions are noticed (and opened again) in between.

    ramp sessions=N [window=100] [rate=0]     open N more; at most `window` at once, `rate` a second
    ping [window=100] [rounds=1]              PINGREQ on every session, and its answer
    publish [window=100] [rounds=1] [topic=load]    PUBLISH with QoS 1 on every session, and its PUBACK
    ask topic=T [window=100]                  SUBSCRIBE; the retained message of T becomes the session's label
    hold seconds=S                            do nothing for a while
    settle [seconds=60]                       until every session is open (with --reconnect)
    state                                     count

Each is answered by one line of JSON: `sessions`, `open`; since the answer before: `lost` (`lost_by_label`),
`reconnected`, `refused` (attempts that failed before CONNACK; they are repeated every second); `answered` and
`unanswered` (nothing came for 30 s), `seconds`, `per_second`, `ms` (p50, p99, max). `ramp` adds `rates`: connects
a second in each twentieth of it. Nothing is sent by itself: the keepalive must be longer than the silence between
commands. One source address (--from) carries as many sessions as the kernel has ports for it.

Exit code: 0 if no session was lost and all are open at the end, 1 if not, 2 wrong use.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import resource
import select
import socket
import struct
import sys
import time
from collections import Counter, deque

CONNACK, PUBLISH, PUBACK, SUBACK, PINGRESP = 0x20, 0x30, 0x40, 0x90, 0xD0
PINGREQ = b"\xc0\x00"
IP_BIND_ADDRESS_NO_PORT = getattr(socket, "IP_BIND_ADDRESS_NO_PORT", 24)
PATIENCE = 30  # seconds without any answer after which a command gives up
RETRY = 1  # seconds until a refused connection is tried again


def text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("!H", len(data)) + data


def packet(kind: int, body: bytes) -> bytes:
    """A control packet: type and flags, remaining length, body."""
    length, size = bytearray(), len(body)
    while True:
        size, digit = size >> 7, size & 0x7F
        length.append(digit | (0x80 if size else 0))
        if not size:
            return bytes([kind]) + bytes(length) + body


def connect_packet(client: str, keepalive: int, user: str = "") -> bytes:
    """CONNECT of MQTT 3.1.1 with a clean session, and the name of a user where there is one."""
    flags, name = (0x82, text(user)) if user else (2, b"")
    return packet(0x10, text("MQTT") + struct.pack("!BBH", 4, flags, keepalive) + text(client) + name)


def publish_packet(topic: str, payload: bytes, identifier: int, retain: bool = False) -> bytes:
    """PUBLISH with QoS 1."""
    return packet(0x32 | retain, text(topic) + struct.pack("!H", identifier) + payload)


def subscribe_packet(topic: str, identifier: int, qos: int = 0) -> bytes:
    return packet(0x82, struct.pack("!H", identifier) + text(topic) + bytes([qos]))


def packets(buffer: bytearray):
    """Take the whole packets from the front of the buffer: (first byte, body)."""
    while len(buffer) >= 2:
        size = shift = 0
        for end in range(1, 5):
            if end >= len(buffer):
                return
            size |= (buffer[end] & 0x7F) << shift
            shift += 7
            if not buffer[end] & 0x80:
                break
        end += 1
        if len(buffer) < end + size:
            return
        first, body = buffer[0], bytes(buffer[end : end + size])
        del buffer[: end + size]
        yield first, body


def message(first: int, body: bytes):
    """Topic, payload and packet identifier (0 with QoS 0) of a PUBLISH."""
    size = int.from_bytes(body[:2], "big")
    start = 2 + size + (2 if first & 0x06 else 0)
    return body[2 : 2 + size].decode(), body[start:], int.from_bytes(body[2 + size : start], "big")


class Session:
    __slots__ = ("before", "buffer", "index", "label", "open", "sent", "socket")

    def __init__(self, index: int) -> None:
        self.index, self.socket, self.open, self.before = index, None, False, False
        self.label, self.buffer, self.sent = None, bytearray(), 0.0


class Load:
    def __init__(self, target: tuple, sources: list, prefix: str, keepalive: int, reconnect: bool) -> None:
        self._target, self._sources, self._prefix, self._keepalive = target, sources, prefix, keepalive
        self._reconnect = reconnect
        self.epoll = select.epoll()
        self.sessions, self._by_fd = [], {}
        self._queue = deque()  # (not before this time, session)
        self._connecting, self._window, self._rate, self._next = {}, 100, 0.0, 0.0
        self._expected, self._flight, self._answers = None, set(), []
        self._connects = []  # (time of CONNACK, seconds it took)
        self._progress = self._checked = 0.0
        self._counts, self._by_label = Counter(), Counter()
        self.open, self.ever_lost = 0, 0

    # Connections

    def _start(self, session: Session, now: float) -> None:
        session.socket = sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        session.buffer.clear()
        session.label, session.sent = None, now
        self._by_fd[sock.fileno()] = session
        self._connecting[session] = now
        self.epoll.register(sock.fileno(), select.EPOLLOUT)
        try:
            if self._sources:
                sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
                sock.bind((self._sources[session.index % len(self._sources)], 0))
            failed = sock.connect_ex(self._target) not in (0, errno.EINPROGRESS)
        except OSError:
            failed = True
        if failed:
            self._ended(session)

    def _ended(self, session: Session) -> None:
        """Its connection is gone: lost, or it never came to be."""
        self._by_fd.pop(session.socket.fileno(), None)
        session.socket.close()
        session.socket = None
        self._flight.discard(session)
        if session.open:
            session.open = False
            self.open -= 1
            self.ever_lost += 1
            self._counts["lost"] += 1
            self._by_label[session.label or "?"] += 1
            if self._reconnect:
                self._queue.appendleft((0.0, session))
        else:
            self._connecting.pop(session, None)
            self._counts["refused"] += 1
            self._queue.append((time.monotonic() + RETRY, session))

    def turn(self, timeout: float) -> None:
        """Start what may be started, then handle what came, waiting at most `timeout` seconds."""
        now = time.monotonic()
        while self._queue and len(self._connecting) < self._window and self._queue[0][0] <= now:
            if self._rate:
                if self._next > now:
                    break
                self._next = max(self._next, now - 0.1) + 1 / self._rate
            self._start(self._queue.popleft()[1], now)
        if now - self._checked > 1:
            self._checked = now
            for session in [late for late, since in self._connecting.items() if now - since > PATIENCE]:
                self._ended(session)
        if self._queue:
            timeout = min(timeout, 0.01 if self._rate else 0.1)
        for fd, events in self.epoll.poll(timeout, 512):
            session = self._by_fd.get(fd)
            if session is not None:
                try:
                    self._handle(session, events)
                except OSError:
                    self._ended(session)

    def _handle(self, session: Session, events: int) -> None:
        if events & select.EPOLLOUT and not events & (select.EPOLLERR | select.EPOLLHUP):
            session.socket.send(connect_packet(f"{self._prefix}-{session.index}", self._keepalive))
            self.epoll.modify(session.socket.fileno(), select.EPOLLIN)
            return
        data = session.socket.recv(4096)
        if not data:
            raise ConnectionResetError
        session.buffer += data
        for first, body in packets(session.buffer):
            self._received(session, first & 0xF0, first, body)

    def _received(self, session: Session, kind: int, first: int, body: bytes) -> None:
        now = time.monotonic()
        if kind == CONNACK:
            if body[1]:
                raise ConnectionRefusedError(f"CONNACK {body[1]}")
            del self._connecting[session]
            session.open = True
            self.open += 1
            if session.before:
                self._counts["reconnected"] += 1
            else:
                session.before, self._progress = True, now
            self._connects.append((now, now - session.sent))
            return
        if kind == PUBLISH:
            _, payload, identifier = message(first, body)
            if identifier:
                session.socket.send(packet(PUBACK, struct.pack("!H", identifier)))
            if self._expected == PUBLISH:
                session.label = payload.decode("utf-8", "replace")
        if kind == self._expected and session in self._flight:
            self._flight.discard(session)
            self._answers.append(now - session.sent)
            self._progress = now

    # Commands

    def ramp(self, sessions: int, window: int = 100, rate: float = 0) -> dict:
        self._window, self._rate = window, rate
        self._connects, self._progress = [], time.monotonic()
        began, first = self._progress, len(self.sessions)
        self.sessions += [Session(index) for index in range(first, first + sessions)]
        self._queue.extend((0.0, session) for session in self.sessions[first:])
        while self.open < len(self.sessions):
            self.turn(0.1)
            if time.monotonic() - self._progress > PATIENCE:
                break
        self._rate = 0.0
        took = self._connects
        times = [began, *(when for when, _ in took)]
        step = max(1, len(took) // 20)
        rates = [step / max(times[end] - times[end - step], 1e-9) for end in range(step, len(times), step)]
        return {
            **self._measured([seconds for _, seconds in took], times[-1] - began, sessions),
            "rates": [round(rate, 1) for rate in rates],
        }

    def _each(self, kind: int, data: bytes, window: int, rounds: int = 1) -> dict:
        """Send this to every open session; an answer of `kind` ends it."""
        self._expected, self._answers = kind, []
        began = self._progress = time.monotonic()
        asked = 0
        for _ in range(rounds):
            self._flight = set()
            waiting = deque(session for session in self.sessions if session.open)
            asked += len(waiting)
            while waiting or self._flight:
                while waiting and len(self._flight) < window:
                    session = waiting.popleft()
                    if session.open:
                        session.sent = time.monotonic()
                        self._flight.add(session)
                        try:
                            session.socket.send(data)
                        except OSError:
                            self._ended(session)
                self.turn(0.1)
                if time.monotonic() - self._progress > PATIENCE:
                    break
        self._expected, self._flight = None, set()
        return self._measured(self._answers, time.monotonic() - began, asked)

    def ping(self, window: int = 100, rounds: int = 1) -> dict:
        return self._each(PINGRESP, PINGREQ, window, rounds)

    def publish(self, window: int = 100, rounds: int = 1, topic: str = "load") -> dict:
        return self._each(PUBACK, publish_packet(topic, b"load", 1), window, rounds)

    def ask(self, topic: str, window: int = 100) -> dict:
        answer = self._each(PUBLISH, subscribe_packet(topic, 2), window)
        return {**answer, **self.state()}

    def hold(self, seconds: float) -> dict:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.turn(left)
        return {"seconds": seconds}

    def settle(self, seconds: float = 60) -> dict:
        began = time.monotonic()
        while self.open < len(self.sessions) and time.monotonic() - began < seconds:
            self.turn(0.1)
        return {"seconds": round(time.monotonic() - began, 2)}

    def state(self) -> dict:
        labels = Counter(session.label for session in self.sessions if session.open and session.label)
        return {"labels": dict(sorted(labels.items()))}

    def run(self, line: str) -> dict:
        """Execute one command; ValueError where it is none."""
        name, *words = line.split()
        types = {"sessions": int, "window": int, "rounds": int, "rate": float, "seconds": float, "topic": str}
        if name not in ("ramp", "ping", "publish", "ask", "hold", "settle", "state"):
            raise ValueError(f"no command {name!r}")
        pairs = dict(word.split("=", 1) for word in words)
        try:
            answer = getattr(self, name)(**{key: types[key](value) for key, value in pairs.items()})
        except (KeyError, TypeError) as wrong:
            raise ValueError(f"{line}: {wrong}") from None
        counts, labels = self._counts, self._by_label
        self._counts, self._by_label = Counter(), Counter()
        return {
            "command": name,
            "sessions": len(self.sessions),
            "open": self.open,
            **answer,
            "lost": counts["lost"],
            "lost_by_label": dict(sorted(labels.items())),
            "reconnected": counts["reconnected"],
            "refused": counts["refused"],
        }

    @staticmethod
    def _measured(took: list, seconds: float, asked: int) -> dict:
        ordered = sorted(took)

        def at(share: float) -> float:
            return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3) if ordered else 0.0

        return {
            "answered": len(took),
            "unanswered": max(0, asked - len(took)),
            "seconds": round(seconds, 2),
            "per_second": round(len(took) / max(seconds, 1e-9), 1),
            "ms": {"p50": at(0.5), "p99": at(0.99), "max": at(1)},
        }


def typed(load: Load):
    """The lines of standard input, while the sessions are looked after."""
    waiting = select.poll()
    waiting.register(0, select.POLLIN)
    waiting.register(load.epoll.fileno(), select.POLLIN)
    rest = b""
    while True:
        if any(fd == 0 for fd, _ in waiting.poll(100)):
            data = os.read(0, 65536)
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            yield from (line.decode() for line in lines if line.strip())
        load.turn(0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", required=True, metavar="ADDRESS:PORT")
    parser.add_argument("--from", dest="sources", default="", metavar="ADDRESS[,ADDRESS ...]")
    parser.add_argument("--prefix", default="load", help="client identifiers are PREFIX-0, PREFIX-1, ...")
    parser.add_argument("--keepalive", type=int, default=0, metavar="SECONDS", help="0 (the default): none")
    parser.add_argument("--reconnect", action="store_true", help="open lost sessions again")
    parser.add_argument("command", nargs="*")
    arguments = parser.parse_args()
    address, _, port = arguments.to.rpartition(":")
    if not address or not port.isdigit():
        parser.error("--to needs an address and a port")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    load = Load(
        (address, int(port)),
        [source for source in arguments.sources.split(",") if source],
        arguments.prefix,
        arguments.keepalive,
        arguments.reconnect,
    )
    for line in arguments.command or typed(load):
        try:
            print(json.dumps(load.run(line)), flush=True)
        except ValueError as wrong:
            parser.error(str(wrong))
    return 0 if load.open == len(load.sessions) and not load.ever_lost else 1


if __name__ == "__main__":
    sys.exit(main())
