"""Sockets in the network of a throw-away host, opened from here."""

from __future__ import annotations

import ctypes
import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

CLONE_NEWNET = 0x40000000
T = TypeVar("T")
_libc = ctypes.CDLL(None, use_errno=True)


def in_network(pid: int, make: Callable[[], T]) -> T:
    """What `make` returns, called by a thread that is in the network namespace of `pid`: its sockets stay there."""

    def there() -> T:
        descriptor = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
        try:
            if _libc.setns(descriptor, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns: cannot enter the host's network")
        finally:
            os.close(descriptor)
        return make()

    # The thread ends with its work, and with it the only one that is elsewhere.
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(there).result()


def listener(address: str, port: int) -> socket.socket:
    return socket.create_server((address, port), backlog=64)


class Relay:
    """Passes what comes to `listening` on to a port of this machine's loopback."""

    def __init__(self, listening: socket.socket, port: int) -> None:
        self._listening, self._port = listening, port
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self._port), timeout=30)
                except OSError:
                    near.close()
                    continue
                far.settimeout(None)
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=_pump, args=(source, target), daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
